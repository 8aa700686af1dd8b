//! How alike all models explain: mean generalizability and relative consistency.

use mitsume::stability::{RankedMap, Stability};
use mitsume_artifacts::MapStability;
use rayon::prelude::*;

use super::agreement::{at_size, common_size};
use super::common_images::CommonImages;
use super::model::Model;
use crate::Result;

/// Over all pairs of models and all common images; maps of another size are enlarged.
///
/// # Errors
/// A map that cannot be read.
pub(super) fn stability(models: &[Model], common: &CommonImages) -> Result<MapStability> {
    let size = common_size(models);
    let of_image = |rows: &[usize]| -> Result<Vec<PairOfModels>> {
        let ranked = models.iter().zip(rows).map(|(model, &row)| {
            let map = at_size(model.map(row)?, model.shape(), size)?;
            Ok((RankedMap::new(&map), model.rows[row].correct))
        });
        Ok(pairs(&ranked.collect::<Result<Vec<_>>>()?))
    };
    let each = common.images.par_iter().map(|image| of_image(&image.rows));
    // Added in order, so that the result does not depend on threads.
    let each: Vec<Vec<PairOfModels>> = each.collect::<Result<_>>()?;
    let mut found = Stability::default();
    let mut constant = 0;
    for pair in each.into_iter().flatten() {
        match pair.distance {
            Some(distance) => found.push(distance, pair.right),
            None => constant += usize::from(pair.right.contains(&true)),
        }
    }
    Ok(MapStability {
        mege: found.mege(),
        reco: found.reco(),
        both_right: found.same(),
        one_right: found.different(),
        constant,
    })
}

/// Two models' maps of an image.
struct PairOfModels {
    distance: Option<f64>,
    right: [bool; 2],
}

fn pairs(maps: &[(RankedMap, bool)]) -> Vec<PairOfModels> {
    let pair = |(a, b): (&(RankedMap, bool), &(RankedMap, bool))| PairOfModels {
        distance: a.0.distance(&b.0),
        right: [a.1, b.1],
    };
    let each = maps.iter().enumerate();
    each.flat_map(|(index, first)| maps[index + 1..].iter().map(move |second| (first, second)))
        .map(pair)
        .collect()
}

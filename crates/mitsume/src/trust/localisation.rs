//! Localisation of a map on the object: relevance mass and rank accuracy (Arras et al. 2022,
//! "CLEVR-XAI") and intersection over union.

use serde::{Deserialize, Serialize};

use super::error::{check, check_length};
use super::{PixelRanking, TrustError};

/// One map against the mask of the object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Localisation {
    /// The object's share s of the image, which is `mass` and `rank` of a uniform map.
    pub mask_share: f64,
    /// Relevance mass accuracy: the share of all relevance that lies on the object. `None` for a
    /// map that is all zero.
    pub mass: Option<f64>,
    /// Relevance rank accuracy: of the K most relevant pixels, K being the object's, the share that
    /// lies on it. `None` for a constant map.
    pub rank: Option<f64>,
    /// The fraction of the map's maximum of `iou_at_fraction`.
    pub fraction: f64,
    /// Intersection over union of the object and the pixels of at least that fraction of the
    /// maximum. `None` for a map that is all zero.
    pub iou_at_fraction: Option<f64>,
    /// The same with the K most relevant pixels, which needs no threshold; by chance about
    /// s / (2 - s). `None` for a constant map.
    pub iou_at_area: Option<f64>,
}

/// Measures `map` against `mask`, both [H, W] = `shape` (enlarge the map first:
/// [`upsampled_to_image`](super::upsampled_to_image())). `fraction` is in (0, 1], 0.5 being usual.
///
/// # Errors
/// A map or mask that does not fit the shape, relevance that is negative or not finite, a mask
/// without a pixel, or a fraction out of range.
pub fn localisation(
    map: &[f32],
    mask: &[bool],
    shape: [usize; 2],
    fraction: f64,
) -> Result<Localisation, TrustError> {
    check("the map", map, &shape)?;
    check_length("the mask", mask.len(), &shape)?;
    if let Some(index) = map.iter().position(|&value| value < 0.0) {
        let value = map[index].into();
        return Err(TrustError::Negative { index, value });
    }
    if !(fraction > 0.0 && fraction <= 1.0) {
        return Err(TrustError::Setting {
            name: "the fraction of the maximum",
            found: fraction.to_string(),
            right: "it must be above 0 and at most 1",
        });
    }
    let object = mask.iter().filter(|&&marked| marked).count();
    if object == 0 {
        return Err(TrustError::EmptyMask);
    }
    let order = PixelRanking::most_relevant_first(map, shape)?;
    let ranked = (order.distinct() > 1).then(|| order.top_mask(object));
    let on_object = |top: &Vec<bool>| overlap(top, mask).0 as f64 / object as f64;
    let top = map.iter().copied().fold(0.0, f32::max);
    let bright: Option<Vec<bool>> = (top > 0.0).then(|| {
        let least = fraction * f64::from(top);
        map.iter().map(|&value| f64::from(value) >= least).collect()
    });
    Ok(Localisation {
        mask_share: object as f64 / mask.len() as f64,
        mass: mass(map, mask),
        rank: ranked.as_ref().map(on_object),
        fraction,
        iou_at_fraction: bright.map(|bright| iou(&bright, mask)),
        iou_at_area: ranked.map(|ranked| iou(&ranked, mask)),
    })
}

fn mass(map: &[f32], mask: &[bool]) -> Option<f64> {
    let sum: f64 = map.iter().map(|&value| f64::from(value)).sum();
    let marked = map.iter().zip(mask).filter(|(_, marked)| **marked);
    let inside: f64 = marked.map(|(&value, _)| f64::from(value)).sum();
    (sum > 0.0).then(|| inside / sum)
}

fn iou(a: &[bool], b: &[bool]) -> f64 {
    let (both, either) = overlap(a, b);
    both as f64 / either as f64
}

/// Number of pixels in the intersection and in the union.
fn overlap(a: &[bool], b: &[bool]) -> (usize, usize) {
    let pairs = a.iter().zip(b);
    pairs.fold((0, 0), |(both, either), (&a, &b)| {
        (both + usize::from(a && b), either + usize::from(a || b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [bool; 6] = [true, true, false, false, false, true];

    #[test]
    fn a_map_of_six_pixels_by_hand() {
        let map = [4.0, 1.0, 2.0, 0.0, 0.0, 3.0];
        let found = localisation(&map, &MASK, [2, 3], 0.5).unwrap();
        let expected = Localisation {
            mask_share: 0.5,
            mass: Some(0.8),
            rank: Some(2.0 / 3.0),
            fraction: 0.5,
            // 4, 3 and 2 against the object's three: two of four.
            iou_at_fraction: Some(0.5),
            iou_at_area: Some(0.5),
        };
        assert_eq!(found, expected);
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Localisation>(&json).unwrap(), found);
    }

    #[test]
    fn the_mask_itself_is_perfect() {
        let map = MASK.map(|marked| f32::from(u8::from(marked)));
        let found = localisation(&map, &MASK, [3, 2], 1.0).unwrap();
        let four = [
            found.mass,
            found.rank,
            found.iou_at_fraction,
            found.iou_at_area,
        ];
        assert_eq!(four, [Some(1.0); 4]);
    }

    #[test]
    fn an_all_zero_or_constant_map_is_not_measured() {
        let found = localisation(&[0.0; 6], &MASK, [2, 3], 0.5).unwrap();
        let four = [
            found.mass,
            found.rank,
            found.iou_at_fraction,
            found.iou_at_area,
        ];
        assert_eq!(four, [None; 4]);
        let even = localisation(&[0.2; 6], &MASK, [2, 3], 0.5).unwrap();
        assert_eq!((even.mass, even.rank), (Some(0.5), None));
    }

    #[test]
    fn invalid_maps_masks_and_fractions_are_refused() {
        let map = [0.5; 6];
        assert_eq!(
            localisation(&map, &[false; 6], [2, 3], 0.5),
            Err(TrustError::EmptyMask)
        );
        let negative = [0.5, -0.5, 0.0, 0.0, 0.0, 0.0];
        assert!(localisation(&negative, &MASK, [2, 3], 0.5).is_err());
        for fraction in [0.0, 1.1, f64::NAN] {
            assert!(localisation(&map, &MASK, [2, 3], fraction).is_err());
        }
        assert!(localisation(&map, &MASK[1..], [2, 3], 0.5).is_err());
        assert!(localisation(&map, &MASK, [3, 3], 0.5).is_err());
    }
}

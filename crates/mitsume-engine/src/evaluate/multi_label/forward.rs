//! Forward pass of a batch: the outputs of all findings, and a map of each finding that an image has.

use mitsume::trust::Surroundings;
use mitsume_data::{Batch, MultiLabelData};

use crate::maps::{MapOptions, MapRequest, floats, maps_at};
use crate::network::refuse_diverged;
use crate::surroundings::SurroundingsEvaluator;
use crate::{EvaluationInput, Result};

/// How the maps of a batch are made.
pub(super) struct ForwardOptions<'a> {
    pub maps: MapOptions,
    pub surroundings: &'a SurroundingsEvaluator,
}

/// Outputs of a batch of N images.
pub(super) struct MultiLabelOutputs {
    /// [N, K], row by row.
    pub logits: Vec<f32>,
    /// The maps of each image, by finding, ascending.
    pub maps: Vec<Vec<FindingMap>>,
}

/// The map of one finding in one image.
pub(super) struct FindingMap {
    pub finding: usize,
    /// [h * w]
    pub map: Vec<f32>,
    /// `None` if the map is all zero.
    pub surroundings: Option<Surroundings>,
}

/// Runs a batch of images through the network once, and its head as often as one image has
/// findings: each time with the next finding of every image.
///
/// # Errors
/// Errors of the network; outputs that are not finite.
pub(super) fn forward(
    input: &EvaluationInput<'_>,
    data: &MultiLabelData,
    batch: &Batch,
    options: &ForwardOptions<'_>,
) -> Result<MultiLabelOutputs> {
    let images = input.images(batch);
    let hooked = input.network.hook(images.clone())?;
    let logits = floats(hooked[0].logits()?);
    refuse_diverged(&logits)?;
    let findings: Vec<&[usize]> = batch.indices.iter().map(|&i| data.findings(i)).collect();
    let rounds = findings.iter().map(|findings| findings.len()).max();
    let mut maps: Vec<Vec<FindingMap>> = findings.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds.unwrap_or(0) {
        // An image without another finding takes part, and its map is not used.
        let target = |findings: &&[usize]| findings.get(round).copied().unwrap_or(0);
        let targets: Vec<usize> = findings.iter().map(target).collect();
        let seed = |(&index, &target): (&usize, &usize)| {
            index as u64 * input.folder.classes.len() as u64 + target as u64
        };
        let seeds: Vec<u64> = batch.indices.iter().zip(&targets).map(seed).collect();
        let request = MapRequest {
            options: options.maps,
            images: images.clone(),
            targets: &targets,
            seeds: &seeds,
        };
        let (_, made) = maps_at(input.network, &hooked, &request)?;
        let surroundings = options.surroundings.measure_batch(&batch.images, &made)?;
        let made = made.chunks_exact(made.len() / targets.len());
        for (i, (map, surroundings)) in made.zip(surroundings).enumerate() {
            if let Some(&finding) = findings[i].get(round) {
                maps[i].push(FindingMap {
                    finding,
                    map: map.to_vec(),
                    surroundings,
                });
            }
        }
    }
    Ok(MultiLabelOutputs { logits, maps })
}

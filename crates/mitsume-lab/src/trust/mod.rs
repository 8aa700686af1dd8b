//! Whether a model's maps can be trusted: do they depend on what it learnt, do they show what it
//! depends on, do they lie on the object? What each number means is in docs/trust.md.

mod faithful;
mod masks;
mod objects;
mod stages;

use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use mitsume::methods::Method;
use mitsume::trust::{TrustError, upsampled};
use mitsume_record::{DataSummary, ModelSummary, TrustResult};

use crate::evaluate::Subject;
use crate::maps::{MapOptions, MapRequest, maps};
use crate::{Event, LabError, Observer, Result};
use faithful::Faithful;
use masks::Masks;
use objects::Objects;
use stages::Stages;

/// What to test, and how.
#[derive(Clone, Copy, Debug)]
pub struct TrustOptions<'a> {
    /// How maps are made.
    pub maps: MapOptions,
    /// Images, spread evenly through the folder.
    pub images: usize,
    /// Stages of the randomisation, at most.
    pub stages: usize,
    /// Of everything random.
    pub seed: u64,
    /// A folder with a mask of each image's object at the image's own path; any value but 0 is inside.
    pub masks: Option<&'a Path>,
}

/// Images whose maps are made together.
const AT_ONCE: usize = 8;

/// Tests the maps of a model. Every image is explained for its label.
///
/// # Errors
/// No image that can be read; masks that do not fit their images; what the network refuses.
pub fn trust(
    subject: &Subject<'_>,
    options: &TrustOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<TrustResult> {
    let network = subject.network;
    let preprocess = subject.source.preprocess();
    let size = [preprocess.height, preprocess.width];
    let control = MapOptions {
        method: Method::Random,
        flip: false,
    };
    let mut stages = Stages::new(network, options)?;
    let masks = options
        .masks
        .map(|folder| Masks::open(folder, subject))
        .transpose()?;
    // The random control says what chance gives.
    let ways = [options.maps, control];
    let mut faithful = ways.map(|way| Faithful::new(network, way.method, options.seed));
    let mut objects = ways.map(|way| Objects::new(way.method));
    let (chosen, skipped) = read(subject, options.images, observer)?;
    let total = chosen.len();
    for (number, batch) in chosen.chunks(AT_ONCE).enumerate() {
        let labels: Vec<usize> = batch.iter().map(|image| image.label).collect();
        let seeds: Vec<u64> = batch.iter().map(|image| image.index as u64).collect();
        let pixels: Vec<f32> = batch
            .iter()
            .flat_map(|image| image.pixels.clone())
            .collect();
        let shape = [batch.len(), preprocess.channels, size[0], size[1]];
        let images = Tensor::<4>::from_data(TensorData::new(pixels, shape), &network.device());
        for (way, options) in ways.into_iter().enumerate() {
            let request = MapRequest {
                options,
                images: images.clone(),
                targets: &labels,
                seeds: &seeds,
            };
            let made = maps(network, &request)?.1;
            if way == 0 {
                stages.add(&made, &request)?;
            }
            let from = network.cam_size(size);
            for (image, map) in batch.iter().zip(made.chunks_exact(from[0] * from[1])) {
                let map = upsampled(map, from, size)?;
                faithful[way].add(image, (&map, size), preprocess.channels)?;
                if let Some(masks) = &masks {
                    objects[way].add(&map, masks.of(image.index)?.as_deref(), size)?;
                }
            }
        }
        let done = (number * AT_ONCE + batch.len()).min(total);
        observer(Event::Evaluating { done, total });
    }
    if let Some(masks) = &masks {
        masks.refuse_if_none(&objects[0])?;
    }
    Ok(TrustResult {
        model: ModelSummary {
            name: network.name(),
            parameters: network.parameters(),
            target_layer: network.target_layer(),
            method: options.maps.method,
            flip: options.maps.flip,
            cam_size: network.cam_size(size),
        },
        data: DataSummary {
            root: subject.folder.root.display().to_string(),
            images: total as u64,
            classes: subject.folder.classes.clone(),
            view: None,
            skipped,
        },
        seed: options.seed,
        randomisation: stages.result(options.seed),
        faithfulness: faithful.map(|one| one.result(options.seed)).into(),
        localisation: masks.map(|_| objects.map(|one| one.result(options.seed)).into()),
    })
}

/// An image as the network takes it.
struct Shown {
    index: usize,
    label: usize,
    /// [C, H, W]
    pixels: Vec<f32>,
}

/// `count` images spread evenly through the folder, and the paths of those that cannot be read.
fn read(
    subject: &Subject<'_>,
    count: usize,
    observer: &mut Observer<'_>,
) -> Result<(Vec<Shown>, Vec<String>)> {
    let all = subject.source.len();
    let count = count.min(all);
    let (mut shown, mut skipped) = (Vec::new(), Vec::new());
    for index in (0..count).map(|i| i * all / count) {
        let sample = &subject.folder.samples[index];
        match subject.source.image(index, 0) {
            Ok(pixels) => shown.push(Shown {
                index,
                label: sample.class,
                pixels,
            }),
            Err(error) => {
                skipped.push(sample.path.display().to_string());
                observer(Event::Skipped(mitsume_data::Skipped {
                    path: sample.path.clone(),
                    reason: error.reason(),
                }));
            }
        }
    }
    if shown.is_empty() {
        let root = subject.folder.root.display();
        return Err(LabError::Request(format!("{root}: no image can be read")));
    }
    Ok((shown, skipped))
}

impl From<TrustError> for LabError {
    fn from(error: TrustError) -> Self {
        LabError::Failed(error.to_string())
    }
}

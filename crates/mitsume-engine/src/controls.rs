//! Controls of the measures of consistency: the model's own maps beside maps that mean nothing, for
//! the same images. `mitsume::controls` says which these are.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use mitsume::ConfusionMatrix;
use mitsume::controls::{
    Control, ControlVerdict, centre_map, constant_maps, dealt, diffuse_map, measures_of, verdict,
};
use mitsume::measures::MeasureValue;
use mitsume::train::predictions;
use mitsume::trust::upsampled_to_image;
use mitsume_artifacts::{ControlSet, ControlledMeasure, ControlledValue, ControlsResult};
use mitsume_data::{Batch, Skipped};

use crate::evaluation_input::report_more_frames;
use crate::maps::{MapOptions, MapRequest, floats, maps, maps_at};
use crate::network::{Network, refuse_diverged};
use crate::trust::{LocalisationTest, Masks};
use crate::{
    EngineError, EvaluationInput, Event, Observer, PERMUTATIONS, Result, report_other_files,
};

/// Images per forward pass.
const IMAGES_PER_PASS: usize = 32;

/// Options of the controls.
#[derive(Clone, Copy, Debug)]
pub struct ControlOptions<'a> {
    /// How maps are made.
    pub maps: MapOptions,
    /// Number of images, evenly spaced through the folder. Their maps are kept in memory.
    pub images: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Folder with object masks at the images' relative paths; any value but 0 is inside.
    pub masks: Option<&'a Path>,
    /// Checked between batches: once it is set, the test ends and nothing of it is kept.
    pub stop: &'a AtomicBool,
}

/// What every measure says of the model's own maps and of the controls. Every map is of its image's
/// label, and the counted images are those that the model classifies correctly, for all alike.
///
/// # Errors
/// No readable image, or none that is classified correctly; masks that do not fit their images;
/// errors of the network; [`EngineError::Interrupted`].
pub fn controls(
    input: &EvaluationInput<'_>,
    options: &ControlOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<ControlsResult> {
    let mut made = MadeMaps::new(input, options)?;
    report_other_files(input.folder, observer);
    let all = input.source.len();
    let total = options.images.min(all);
    let chosen = (0..total).map(|i| i * all / total).collect();
    let mut done = 0;
    let mut skipped: Vec<Skipped> = Vec::new();
    for batch in input.source.batches(chosen, IMAGES_PER_PASS, 0) {
        for skipped in &batch.skipped {
            observer(Event::Skipped(skipped.clone()));
        }
        done += batch.indices.len() + batch.skipped.len();
        if !batch.indices.is_empty() {
            made.add(input, options, &batch)?;
        }
        skipped.extend(batch.skipped);
        observer(Event::Evaluating { done, total });
        if options.stop.load(Ordering::Relaxed) {
            return Err(EngineError::Interrupted);
        }
    }
    report_more_frames(input.source, observer);
    made.result(input, options, &skipped)
}

/// The maps of the counted images.
struct MadeMaps {
    randomised: Box<dyn Network>,
    confusion: ConfusionMatrix,
    /// [N, h, w].
    own: Vec<f32>,
    /// [N, h, w], of the network with random weights.
    of_random_weights: Vec<f32>,
    labels: Vec<usize>,
    /// Indices of the images in the folder.
    indices: Vec<u64>,
    masks: Option<Masks>,
    /// Whether any image, counted or not, has a mask with an object.
    has_objects: bool,
    localisation: LocalisationTest,
}

impl MadeMaps {
    fn new(input: &EvaluationInput<'_>, options: &ControlOptions<'_>) -> Result<Self> {
        let network = input.network;
        let layers = network.weighted_layers().len();
        if layers == 0 {
            let name = network.name();
            return Err(EngineError::Request(format!(
                "{name}: no layer has weights to randomise"
            )));
        }
        let open = |folder| Masks::open(folder, input);
        Ok(Self {
            randomised: network.randomised(layers, options.seed)?,
            confusion: ConfusionMatrix::new(network.classes()),
            own: Vec::new(),
            of_random_weights: Vec::new(),
            labels: Vec::new(),
            indices: Vec::new(),
            masks: options.masks.map(open).transpose()?,
            has_objects: false,
            localisation: LocalisationTest::new(options.maps.method),
        })
    }

    /// Keeps the maps of the images of `batch` that are classified correctly.
    fn add(
        &mut self,
        input: &EvaluationInput<'_>,
        options: &ControlOptions<'_>,
        batch: &Batch,
    ) -> Result<()> {
        let images = input.images(batch);
        let seeds: Vec<u64> = batch.indices.iter().map(|&index| index as u64).collect();
        let request = MapRequest {
            options: options.maps,
            images: images.clone(),
            targets: &batch.labels,
            seeds: &seeds,
        };
        let hooked = input.network.hook(images)?;
        let (logits, own) = maps_at(input.network, &hooked, &request)?;
        let predicted = predictions(&logits);
        refuse_diverged(&floats(logits))?;
        let random = maps(self.randomised.as_ref(), &request)?.1;
        let cam = input.cam_size();
        let length = cam[0] * cam[1];
        for (i, (&label, &predicted)) in batch.labels.iter().zip(&predicted).enumerate() {
            let added = self.confusion.add(label, predicted);
            added.map_err(|error| EngineError::Failed(error.to_string()))?;
            let range = i * length..(i + 1) * length;
            let map = &own[range.clone()];
            if let Some(masks) = &self.masks {
                let mask = masks.read(batch.indices[i])?;
                self.has_objects |= mask.as_ref().is_some_and(|mask| mask.contains(&true));
                if label == predicted {
                    let map = upsampled_to_image(map, cam, input.size())?;
                    self.localisation.add(&map, mask.as_deref(), input.size())?;
                }
            }
            if label != predicted {
                continue;
            }
            self.own.extend_from_slice(map);
            self.of_random_weights.extend_from_slice(&random[range]);
            self.labels.push(label);
            self.indices.push(seeds[i]);
        }
        Ok(())
    }

    fn result(
        self,
        input: &EvaluationInput<'_>,
        options: &ControlOptions<'_>,
        skipped: &[Skipped],
    ) -> Result<ControlsResult> {
        let root = input.folder.named.display();
        if self.confusion.images() == 0 {
            return Err(EngineError::Request(format!(
                "{root}: no image can be read"
            )));
        }
        if self.labels.is_empty() {
            return Err(EngineError::Request(format!(
                "{root}: the model classifies none of {} images correctly, so that there is no map \
                 to measure",
                self.confusion.images()
            )));
        }
        if let Some(masks) = &self.masks {
            masks.refuse_if_none(self.has_objects)?;
        }
        let cam = input.cam_size();
        let of_maps = |maps: &[f32]| self.measures(maps, cam);
        let own = of_maps(&self.own)?;
        let mut sets = Vec::new();
        let mut found = Vec::new();
        for control in Control::ALL {
            let Some(maps) = self.control_maps(control, cam, options.seed) else {
                continue;
            };
            let constant = constant_maps(&maps, cam[0] * cam[1]);
            sets.push(ControlSet {
                control,
                constant: constant as u64,
            });
            found.push((of_maps(&maps)?, 2 * constant > self.labels.len()));
        }
        Ok(ControlsResult {
            model: input.model_summary(options.maps),
            data: input.data_summary(self.confusion.images() as usize, skipped),
            seed: options.seed,
            kappa: self.confusion.kappa(),
            counted: self.labels.len() as u64,
            constant: constant_maps(&self.own, cam[0] * cam[1]) as u64,
            measures: controlled(&own, &sets, &found),
            controls: sets,
            localisation: self
                .masks
                .is_some()
                .then(|| self.localisation.result(options.seed)),
        })
    }

    fn measures(&self, maps: &[f32], cam: [usize; 2]) -> Result<Vec<MeasureValue>> {
        let measured = measures_of(maps, cam, &self.labels, PERMUTATIONS);
        measured.map_err(|error| EngineError::Failed(error.to_string()))
    }

    /// The maps of a control, [N, h, w]; `None` if these images cannot have it.
    fn control_maps(&self, control: Control, cam: [usize; 2], seed: u64) -> Option<Vec<f32>> {
        let by_image = |of: fn([usize; 2], u64, u64) -> Vec<f32>| {
            let maps = self.indices.iter().flat_map(|&image| of(cam, seed, image));
            Some(maps.collect())
        };
        match control {
            Control::RandomWeights => Some(self.of_random_weights.clone()),
            Control::Centre => by_image(centre_map),
            Control::Diffuse => by_image(diffuse_map),
            // With one class every order of the maps is the same set.
            Control::Shuffled if self.labels.iter().all(|label| *label == self.labels[0]) => None,
            Control::Shuffled => {
                let length = cam[0] * cam[1];
                let dealt = dealt(self.labels.len(), seed);
                let maps = dealt
                    .iter()
                    .flat_map(|&from| &self.own[from * length..][..length]);
                Some(maps.copied().collect())
            }
        }
    }
}

/// Each measure of `own` beside those of each control, with whether most of its maps are constant.
fn controlled(
    own: &[MeasureValue],
    sets: &[ControlSet],
    found: &[(Vec<MeasureValue>, bool)],
) -> Vec<ControlledMeasure> {
    let measure = |(index, own): (usize, &MeasureValue)| {
        let controls = sets.iter().zip(found).map(|(set, (values, constant))| {
            let value = values[index].value;
            ControlledValue {
                control: set.control,
                value,
                verdict: match verdict(own.direction, own.value, value) {
                    ControlVerdict::Passes | ControlVerdict::Fails if *constant => {
                        ControlVerdict::MostlyConstant
                    }
                    verdict => verdict,
                },
            }
        });
        ControlledMeasure {
            measure: own.name.to_owned(),
            direction: own.direction,
            own: own.value,
            controls: controls.collect(),
        }
    };
    own.iter().enumerate().map(measure).collect()
}

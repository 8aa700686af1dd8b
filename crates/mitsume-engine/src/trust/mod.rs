//! Trust checks of a model's maps: cascading randomisation, other classes, noise, moved images, faithfulness,
//! localisation, surroundings. docs/trust.md says what each number means.

mod cascading_randomisation;
mod equivariance;
mod faithfulness;
mod localisation;
mod masks;
mod max_sensitivity;
mod random_logit;
mod surroundings;
mod tested_batch;

pub(crate) use localisation::LocalisationTest;
pub(crate) use masks::Masks;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use mitsume::methods::Method;
use mitsume::trust::{Image, similarity, upsampled_to_image};
use mitsume_artifacts::TrustResult;
use mitsume_data::{Batch, Skipped};
use mitsume_report::{ActivationMap, CascadeExample};

use crate::evaluation_input::report_more_frames;
use crate::maps::{MapOptions, MapRequest, maps_at};
use crate::{EngineError, EvaluationInput, Event, Observer, Result, report_other_files};
use cascading_randomisation::{CascadingRandomisation, Example};
use equivariance::MovementTest;
use faithfulness::FaithfulnessTest;
use max_sensitivity::NoiseTest;
use random_logit::OtherClassTest;
use surroundings::SurroundingsTest;
use tested_batch::TestedBatch;

/// Options of the trust checks.
#[derive(Clone, Copy, Debug)]
pub struct TrustOptions<'a> {
    /// How maps are made.
    pub maps: MapOptions,
    /// Number of images, evenly spaced through the folder.
    pub images: usize,
    /// Maximum number of randomisation stages.
    pub stages: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Noisy copies of each image for the maps' sensitivity to noise; 0 for no such test.
    pub noise_samples: usize,
    /// The largest change of a brightness in [0, 1] in a noisy copy; above 0.
    pub noise_radius: f64,
    /// Folder with object masks at the images' relative paths; any value but 0 is inside.
    pub masks: Option<&'a Path>,
    /// Checked between batches: once it is set, the test ends and nothing of it is kept.
    pub stop: &'a AtomicBool,
}

/// Results of the trust checks.
#[derive(Clone, Debug)]
pub struct TrustOutcome {
    /// All measures.
    pub result: TrustResult,
    /// Example images of the randomisation test, for the page.
    pub examples: Vec<CascadeExample>,
}

/// The tested maps and their control.
const TESTED_METHODS: usize = 2;
/// Images per forward pass.
const IMAGES_PER_PASS: usize = 8;

/// Runs the trust checks on a model's maps. Every image is explained for its label.
///
/// # Errors
/// No readable image; masks that do not fit their images; errors of the network;
/// [`EngineError::Interrupted`].
pub fn trust(
    input: &EvaluationInput<'_>,
    options: &TrustOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<TrustOutcome> {
    let mut tests = TrustTests::new(input, options)?;
    report_other_files(input.folder, observer);
    let all = input.source.len();
    let total = options.images.min(all);
    let chosen = (0..total).map(|i| i * all / total).collect();
    let (mut images, mut done) = (0, 0);
    let mut skipped: Vec<Skipped> = Vec::new();
    for batch in input.source.batches(chosen, IMAGES_PER_PASS, 0) {
        for skipped in &batch.skipped {
            observer(Event::Skipped(skipped.clone()));
        }
        done += batch.indices.len() + batch.skipped.len();
        images += batch.indices.len();
        if !batch.indices.is_empty() {
            tests.add(input, &batch)?;
        }
        skipped.extend(batch.skipped);
        observer(Event::Evaluating { done, total });
        if options.stop.load(Ordering::Relaxed) {
            return Err(EngineError::Interrupted);
        }
    }
    report_more_frames(input.source, observer);
    if images == 0 {
        let root = input.folder.named.display();
        return Err(EngineError::Request(format!(
            "{root}: no image can be read"
        )));
    }
    if let Some(masks) = &tests.masks {
        masks.refuse_if_none(tests.localisation[0].has_objects())?;
    }
    let seed = options.seed;
    let random_logit = tests.other_class.results(tests.map_options);
    let (randomisation, examples) = tests.randomisation.finish()?;
    let examples = cascade_examples(input, &examples)?;
    let result = TrustResult {
        model: input.model_summary(options.maps),
        data: input.data_summary(images, &skipped),
        seed,
        randomisation,
        faithfulness: tests.faithfulness.map(|one| one.result()).into(),
        localisation: tests
            .masks
            .map(|_| tests.localisation.map(|one| one.result(seed)).into()),
        surroundings: tests.surroundings.result(seed),
        random_logit: Some(random_logit),
        max_sensitivity: tests.noise.result(),
        equivariance: Some(tests.movements.results(seed)),
    };
    Ok(TrustOutcome { result, examples })
}

/// The examples with the similarity of their maps to the model's own.
fn cascade_examples(
    input: &EvaluationInput<'_>,
    examples: &[Example],
) -> Result<Vec<CascadeExample>> {
    let [h, w] = input.cam_size();
    let examples = examples.iter().map(|example| {
        let original = &example.maps[0];
        let spearman = |map: &Vec<f32>| Ok(similarity(original, map, [h, w])?.spearman);
        let maps = example
            .maps
            .iter()
            .map(|map| ActivationMap::new(map.clone(), h, w));
        Ok(CascadeExample {
            path: input.relative(&input.folder.samples[example.index].path),
            class: input.folder.classes[example.class].clone(),
            maps: maps.collect::<std::result::Result<_, _>>()?,
            spearman: example.maps[1..]
                .iter()
                .map(spearman)
                .collect::<Result<_>>()?,
        })
    });
    examples.collect()
}

/// All trust checks, each collecting its results image by image.
struct TrustTests<'a> {
    /// The tested maps and the random control: the same feature maps, randomly weighted.
    map_options: [MapOptions; TESTED_METHODS],
    randomisation: CascadingRandomisation<'a>,
    other_class: OtherClassTest,
    noise: NoiseTest<'a>,
    movements: MovementTest,
    faithfulness: [FaithfulnessTest<'a>; TESTED_METHODS],
    localisation: [LocalisationTest; TESTED_METHODS],
    masks: Option<Masks>,
    surroundings: SurroundingsTest,
}

impl<'a> TrustTests<'a> {
    fn new(input: &EvaluationInput<'a>, options: &TrustOptions<'a>) -> Result<Self> {
        let network = input.network;
        let control = MapOptions {
            method: Method::Random,
            flip: false,
        };
        let map_options = [options.maps, control];
        let open = |folder| Masks::open(folder, input);
        Ok(Self {
            map_options,
            randomisation: CascadingRandomisation::new(network, options)?,
            other_class: OtherClassTest::new(network, options.seed),
            noise: NoiseTest::new(input, options, map_options),
            movements: MovementTest::new(input, map_options),
            faithfulness: map_options
                .map(|maps| FaithfulnessTest::new(network, maps.method, options.seed)),
            localisation: map_options.map(|maps| LocalisationTest::new(maps.method)),
            masks: options.masks.map(open).transpose()?,
            surroundings: SurroundingsTest::new(input),
        })
    }

    fn add(&mut self, input: &EvaluationInput<'_>, batch: &Batch) -> Result<()> {
        let size = input.size();
        let cam = input.cam_size();
        let images = input.images(batch);
        let channels = images.dims()[1];
        let seeds: Vec<u64> = batch.indices.iter().map(|&index| index as u64).collect();
        let masks = match &self.masks {
            Some(masks) => batch.indices.iter().map(|&i| masks.read(i)).collect(),
            None => Ok(Vec::new()),
        }?;
        let hooked = input.network.hook(images.clone())?;
        let mut own: [Vec<f32>; TESTED_METHODS] = Default::default();
        for (position, options) in self.map_options.into_iter().enumerate() {
            let request = MapRequest {
                options,
                images: images.clone(),
                targets: &batch.labels,
                seeds: &seeds,
            };
            let made = maps_at(input.network, &hooked, &request)?.1;
            self.other_class
                .add(position, &made, input.network, &hooked, &request)?;
            if position == 0 {
                self.randomisation
                    .add(made.clone(), images.clone(), batch)?;
                self.surroundings.add(&batch.images, &made)?;
            }
            let pixels = batch.images.chunks_exact(channels * size[0] * size[1]);
            let maps = made.chunks_exact(cam[0] * cam[1]);
            for (i, (pixels, map)) in pixels.zip(maps).enumerate() {
                let map = upsampled_to_image(map, cam, size)?;
                let image = Image::new(pixels, channels, size)?;
                self.faithfulness[position].add(&image, batch.labels[i], &map)?;
                if let Some(mask) = masks.get(i) {
                    self.localisation[position].add(&map, mask.as_deref(), size)?;
                }
            }
            own[position] = made;
        }
        let tested = TestedBatch {
            batch,
            seeds: &seeds,
            maps: &own,
        };
        self.movements.add(input, &tested)?;
        self.noise.add(input, &tested)
    }
}

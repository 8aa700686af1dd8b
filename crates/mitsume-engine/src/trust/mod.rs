//! Whether a model's maps can be trusted: do they depend on what it learnt, do they show what it
//! depends on, do they lie on the object? What each number means is in docs/trust.md.

mod cascading_randomisation;
mod faithfulness;
mod localisation;
mod masks;
mod surroundings;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use mitsume::methods::Method;
use mitsume::trust::{Image, similarity, upsampled_to_image};
use mitsume_artifacts::TrustResult;
use mitsume_data::{Batch, Skipped};
use mitsume_report::{CascadeExample, Map};

use crate::maps::{MapOptions, MapRequest, maps_at};
use crate::{EngineError, EvaluationInput, Event, Observer, Result, report_other_files};
use cascading_randomisation::{CascadingRandomisation, Example};
use faithfulness::FaithfulnessTest;
use localisation::LocalisationTest;
use masks::Masks;
use surroundings::SurroundingsTest;

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
    /// Looked at between images: once it is set, the test ends and nothing of it is kept.
    pub stop: &'a AtomicBool,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct TrustOutcome {
    /// The figures.
    pub result: TrustResult,
    /// Images of the randomisation test, to be shown.
    pub examples: Vec<CascadeExample>,
}

/// Images whose maps are made together.
const AT_ONCE: usize = 8;

/// Tests the maps of a model. Every image is explained for its label.
///
/// # Errors
/// No image that can be read; masks that do not fit their images; what the network refuses;
/// [`EngineError::Interrupted`].
pub fn trust(
    input: &EvaluationInput<'_>,
    options: &TrustOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<TrustOutcome> {
    let mut measures = Measures::new(input, options)?;
    report_other_files(input.folder, observer);
    let all = input.source.len();
    let total = options.images.min(all);
    let chosen = (0..total).map(|i| i * all / total).collect();
    let (mut images, mut done) = (0, 0);
    let mut skipped: Vec<Skipped> = Vec::new();
    for batch in input.source.batches(chosen, AT_ONCE, 0) {
        for skipped in &batch.skipped {
            observer(Event::Skipped(skipped.clone()));
        }
        done += batch.indices.len() + batch.skipped.len();
        images += batch.indices.len();
        if !batch.indices.is_empty() {
            measures.add(input, &batch)?;
        }
        skipped.extend(batch.skipped);
        observer(Event::Evaluating { done, total });
        if options.stop.load(Ordering::Relaxed) {
            return Err(EngineError::Interrupted);
        }
    }
    if images == 0 {
        let root = input.folder.root.display();
        return Err(EngineError::Request(format!(
            "{root}: no image can be read"
        )));
    }
    if let Some(masks) = &measures.masks {
        masks.refuse_if_none(&measures.objects[0])?;
    }
    let seed = options.seed;
    let (randomisation, shown) = measures.stages.finish()?;
    let examples = examples(input, &shown)?;
    let result = TrustResult {
        model: input.model_summary(options.maps),
        data: input.data_summary(images, &skipped),
        seed,
        randomisation,
        faithfulness: measures.faithful.map(|one| one.result()).into(),
        localisation: measures
            .masks
            .map(|_| measures.objects.map(|one| one.result(seed)).into()),
        surroundings: measures.places.result(seed),
    };
    Ok(TrustOutcome { result, examples })
}

/// The images that are shown, with how alike their maps are.
fn examples(input: &EvaluationInput<'_>, shown: &[Example]) -> Result<Vec<CascadeExample>> {
    let [h, w] = input.cam_size();
    let shown = shown.iter().map(|example| {
        let own = &example.maps[0];
        let alike = |map: &Vec<f32>| Ok(similarity(own, map, [h, w])?.spearman);
        let maps = example.maps.iter().map(|map| Map::new(map.clone(), h, w));
        Ok(CascadeExample {
            path: input.relative(&input.folder.samples[example.index].path),
            class: input.folder.classes[example.class].clone(),
            maps: maps.collect::<std::result::Result<_, _>>()?,
            spearman: example.maps[1..].iter().map(alike).collect::<Result<_>>()?,
        })
    });
    shown.collect()
}

/// Everything that is gathered, image by image.
struct Measures<'a> {
    /// The maps under test, and the control: the same feature maps, randomly weighted.
    ways: [MapOptions; 2],
    stages: CascadingRandomisation<'a>,
    faithful: [FaithfulnessTest<'a>; 2],
    objects: [LocalisationTest; 2],
    masks: Option<Masks>,
    places: SurroundingsTest,
}

impl<'a> Measures<'a> {
    fn new(input: &EvaluationInput<'a>, options: &TrustOptions<'_>) -> Result<Self> {
        let network = input.network;
        let control = MapOptions {
            method: Method::Random,
            flip: false,
        };
        let ways = [options.maps, control];
        let open = |folder| Masks::open(folder, input);
        Ok(Self {
            ways,
            stages: CascadingRandomisation::new(network, options)?,
            faithful: ways.map(|way| FaithfulnessTest::new(network, way.method, options.seed)),
            objects: ways.map(|way| LocalisationTest::new(way.method)),
            masks: options.masks.map(open).transpose()?,
            places: SurroundingsTest::new(input),
        })
    }

    fn add(&mut self, input: &EvaluationInput<'_>, batch: &Batch) -> Result<()> {
        let size = input.size();
        let cam = input.cam_size();
        let images = input.images(batch);
        let channels = images.dims()[1];
        let seeds: Vec<u64> = batch.indices.iter().map(|&index| index as u64).collect();
        let objects = match &self.masks {
            Some(masks) => batch.indices.iter().map(|&i| masks.of(i)).collect(),
            None => Ok(Vec::new()),
        }?;
        let hooked = input.network.hook(images.clone())?;
        for (way, options) in self.ways.into_iter().enumerate() {
            let request = MapRequest {
                options,
                images: images.clone(),
                targets: &batch.labels,
                seeds: &seeds,
            };
            let made = maps_at(input.network, &hooked, &request)?.1;
            if way == 0 {
                self.stages.add(made.clone(), images.clone(), batch)?;
                self.places.add(&batch.images, &made)?;
            }
            let pixels = batch.images.chunks_exact(channels * size[0] * size[1]);
            let made = made.chunks_exact(cam[0] * cam[1]);
            for (i, (pixels, map)) in pixels.zip(made).enumerate() {
                let map = upsampled_to_image(map, cam, size)?;
                let image = Image::new(pixels, channels, size)?;
                self.faithful[way].add(&image, batch.labels[i], &map)?;
                if let Some(object) = objects.get(i) {
                    self.objects[way].add(&map, object.as_deref(), size)?;
                }
            }
        }
        Ok(())
    }
}

//! Predictions of single images, labelled or not: a table, and where asked for maps and their
//! deviation from a reference.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use mitsume::Deviation;
use mitsume::train::predictions;
use mitsume_artifacts::{Maps, Prediction, PredictionsWriter, write_map};
use mitsume_data::{Batch, ImageSource, Preprocess, Sample, Skipped};
use serde::Serialize;

use crate::evaluation_input::report_more_frames;
use crate::explain::ExplainTarget;
use crate::explain::listing::{ListedImage, list_images};
use crate::maps::{MapOptions, MapRequest, floats, maps_at};
use crate::network::{Network, refuse_diverged};
use crate::reference_maps::{ComparedMaps, deviation_from, open_reference};
use crate::{EngineError, Event, Observer, Result};

/// Options of predictions.
pub struct PredictOptions<'a> {
    /// The network.
    pub network: &'a dyn Network,
    /// Class names in the order of the network's logits, one for each.
    pub classes: &'a [String],
    /// Preprocessing of the images.
    pub preprocess: Preprocess,
    /// How maps are made.
    pub maps: MapOptions,
    /// A run directory or an evaluation: each image's map is compared with its class mean map.
    pub reference: Option<&'a Path>,
    /// The table to write.
    pub out: &'a Path,
    /// Folder for one NumPy file per image: the map of the predicted class.
    pub maps_dir: Option<&'a Path>,
    /// Images per forward pass.
    pub batch_size: usize,
    /// Checked between batches: once it is set, nothing is kept but maps.
    pub stop: &'a AtomicBool,
}

/// What was predicted.
#[derive(Clone, Debug)]
pub struct Predictions {
    /// Number of images with a prediction, at least one.
    pub images: usize,
    /// Images and folders that could not be read, with the reason.
    pub failed: Vec<Skipped>,
    /// Sums by predicted class, in the order of the logits.
    pub classes: Vec<PredictedClass>,
}

/// The images that are predicted to be of a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PredictedClass {
    /// The class.
    pub class: String,
    /// Number of images.
    pub images: usize,
    /// Mean probability of this class over these images.
    pub probability: Option<f64>,
    /// Mean `squared-l2` deviation from the reference's class mean map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub squared_l2: Option<f64>,
    /// Mean deviation in the `l2` form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l2: Option<f64>,
}

/// Predicts the class of images: `paths` are image files, lists, and folders whose images, in and
/// below them, are all taken. An image that cannot be read has a row with the reason.
///
/// # Errors
/// A reference that does not fit the model; no image that can be read, and then nothing is written;
/// a file that cannot be written; [`EngineError::Interrupted`].
pub fn predict(
    paths: &[PathBuf],
    options: &PredictOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<Predictions> {
    options.preprocess.validate()?;
    let mut predictor = Predictor::new(options)?;
    let (images, failed_paths) = list_images(paths, observer);
    let sample = |image: &ListedImage| Sample {
        path: image.path.clone(),
        class: 0,
    };
    let samples: Vec<Sample> = images.iter().map(sample).collect();
    // Every image is needed once, so nothing is cached.
    let source = ImageSource::new(&samples, options.preprocess.clone(), 0)?;
    let total = images.len();
    let mut done = 0;
    for batch in source.batches((0..total).collect(), options.batch_size, 0) {
        let positions = done..done + batch.indices.len() + batch.skipped.len();
        done = positions.end;
        predictor.add_batch(
            &images[positions.clone()],
            positions.start,
            &batch,
            observer,
        )?;
        observer(Event::Evaluating { done, total });
        if options.stop.load(Ordering::Relaxed) && done < total {
            return Err(EngineError::Interrupted);
        }
    }
    report_more_frames(&source, observer);
    for failed in failed_paths {
        predictor.add_failure(failed, observer)?;
    }
    predictor.finish()
}

/// Results so far.
struct Predictor<'a> {
    options: &'a PredictOptions<'a>,
    reference: Option<Maps>,
    cam: [usize; 2],
    table: PredictionsWriter,
    failed: Vec<Skipped>,
    sums: Vec<ClassSums>,
}

/// Sums over the images of a predicted class.
#[derive(Clone, Default)]
struct ClassSums {
    images: usize,
    probability: f64,
    deviations: usize,
    squared_l2: f64,
    l2: f64,
}

/// Outputs of the network for a batch of N images.
struct Outputs {
    /// `[N]`.
    predicted: Vec<usize>,
    /// Softmax, [N, K], row by row.
    probabilities: Vec<f32>,
    /// Maps of the predicted classes, [N, h, w], row by row; `None` if none is needed.
    maps: Option<Vec<f32>>,
}

impl<'a> Predictor<'a> {
    fn new(options: &'a PredictOptions<'a>) -> Result<Self> {
        let size = [options.preprocess.height, options.preprocess.width];
        let cam = options.network.cam_size(size);
        let compared = ComparedMaps {
            cam,
            options: options.maps,
            classes: options.classes,
            target: ExplainTarget::Predicted,
            is_multi_label: false,
        };
        let reference = options.reference;
        Ok(Self {
            reference: reference
                .map(|path| open_reference(path, &compared))
                .transpose()?,
            cam,
            table: PredictionsWriter::create(options.out, options.classes)?,
            failed: Vec::new(),
            sums: vec![ClassSums::default(); options.classes.len()],
            options,
        })
    }

    /// Adds the rows of a batch in the order of `images`, the first of which has the index `first`.
    fn add_batch(
        &mut self,
        images: &[ListedImage],
        first: usize,
        batch: &Batch,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let outputs = match batch.indices.len() {
            0 => None,
            _ => Some(self.outputs(batch)?),
        };
        let mut readable = batch.indices.iter().enumerate().peekable();
        let mut skipped = batch.skipped.iter();
        for (index, image) in (first..).zip(images) {
            match (readable.next_if(|(_, found)| **found == index), &outputs) {
                (Some((row, _)), Some(outputs)) => self.add(image, outputs, row)?,
                _ => {
                    let skipped = skipped.next().expect("one or the other");
                    self.add_failure(skipped.clone(), observer)?;
                }
            }
        }
        Ok(())
    }

    fn outputs(&self, batch: &Batch) -> Result<Outputs> {
        let (options, network) = (self.options, self.options.network);
        let count = batch.indices.len();
        let (height, width) = (options.preprocess.height, options.preprocess.width);
        let shape = [count, network.channels(), height, width];
        let images = TensorData::new(batch.images.clone(), shape);
        let images = Tensor::from_data(images, &network.device());
        let hooked = network.hook(images.clone())?;
        let logits = hooked[0].logits()?;
        let predicted = predictions(&logits);
        let probabilities = floats(softmax(logits, 1));
        refuse_diverged(&probabilities)?;
        let with_maps = self.reference.is_some() || options.maps_dir.is_some();
        let request = MapRequest {
            options: options.maps,
            images,
            targets: &predicted,
            seeds: &vec![0; count],
        };
        let maps = with_maps.then(|| maps_at(network, &hooked, &request));
        let maps = maps.transpose()?.map(|(_, maps)| maps);
        Ok(Outputs {
            predicted,
            probabilities,
            maps,
        })
    }

    /// Adds the image in `row` of a batch.
    fn add(&mut self, image: &ListedImage, outputs: &Outputs, row: usize) -> Result<()> {
        let classes = self.options.classes.len();
        let class = outputs.predicted[row];
        let probabilities = &outputs.probabilities[row * classes..][..classes];
        let [h, w] = self.cam;
        let map = outputs
            .maps
            .as_ref()
            .map(|maps| &maps[row * h * w..][..h * w]);
        let reference = self.reference.as_ref();
        let mean = reference.and_then(|maps| maps.class_mean(class));
        let deviation = mean
            .zip(map)
            .map(|(mean, map)| deviation_from(mean, map))
            .transpose()?;
        let file = self.options.maps_dir.map(|dir| dir.join(image.map()));
        if let (Some(file), Some(map)) = (&file, map) {
            write_map(file, map, self.cam)?;
        }
        self.sums[class].add(probabilities[class], deviation);
        let prediction = Prediction {
            class,
            probabilities,
            squared_l2: deviation.map(|deviation| deviation.squared_l2),
            l2: deviation.map(|deviation| deviation.l2),
            map: file.as_deref(),
        };
        Ok(self.table.push(&image.path, &prediction)?)
    }

    fn add_failure(&mut self, failed: Skipped, observer: &mut Observer<'_>) -> Result<()> {
        self.table.push_error(&failed.path, &failed.reason)?;
        observer(Event::Skipped(failed.clone()));
        self.failed.push(failed);
        Ok(())
    }

    fn finish(self) -> Result<Predictions> {
        let images: usize = self.sums.iter().map(|class| class.images).sum();
        if images == 0 {
            let failed = self.failed.iter();
            let lines = failed.map(|one| format!("{}: {}", one.path.display(), one.reason));
            return Err(EngineError::Request(lines.collect::<Vec<_>>().join("\n")));
        }
        self.table.finish()?;
        let classes = self.options.classes.iter().zip(&self.sums);
        Ok(Predictions {
            images,
            failed: self.failed,
            classes: classes.map(|(name, sums)| sums.means(name)).collect(),
        })
    }
}

impl ClassSums {
    fn add(&mut self, probability: f32, deviation: Option<Deviation>) {
        self.images += 1;
        self.probability += f64::from(probability);
        if let Some(deviation) = deviation {
            self.deviations += 1;
            self.squared_l2 += deviation.squared_l2;
            self.l2 += deviation.l2;
        }
    }

    fn means(&self, class: &str) -> PredictedClass {
        let mean = |sum: f64, count: usize| (count > 0).then(|| sum / count as f64);
        PredictedClass {
            class: class.to_owned(),
            images: self.images,
            probability: mean(self.probability, self.images),
            squared_l2: mean(self.squared_l2, self.deviations),
            l2: mean(self.l2, self.deviations),
        }
    }
}

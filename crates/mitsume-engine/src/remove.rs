//! Data sets with the most relevant pixels of every image removed, to train on again: ROAR, remove
//! and retrain [Hooker 2019].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use mitsume::methods::Method;
use mitsume::train::predictions;
use mitsume::trust::{PixelRanking, upsampled_to_image};
use mitsume_artifacts::{AtomicDir, ModelSummary, RemovalOrder, RemovalRecord, RemovedSet};
use mitsume_data::{Batch, ImageFolder, ImageSource, grey_or_rgb_png};
use mitsume_random::RandomStream;

use crate::maps::{MapOptions, MapRequest, floats, maps_at};
use crate::network::refuse_diverged;
use crate::{EngineError, EvaluationInput, Event, Observer, Result};

/// Images per forward pass.
const IMAGES_PER_PASS: usize = 32;
/// Names of the split folders in each set.
const SPLITS: [&str; 2] = ["Training", "Testing"];

/// Options of the removal.
#[derive(Clone, Copy, Debug)]
pub struct RemoveOptions<'a> {
    /// How the maps are made that [`RemovalOrder::Map`] goes by.
    pub maps: MapOptions,
    /// In which orders pixels are removed, a set of data for each.
    pub orders: &'a [RemovalOrder],
    /// Shares of the pixels, each in (0, 1], a set of data for each.
    pub shares: &'a [f64],
    /// Seed of the random orders.
    pub seed: u64,
    /// The new folder.
    pub out: &'a Path,
    /// Checked between batches: once it is set, the work ends and nothing of it is kept.
    pub stop: &'a AtomicBool,
}

/// Writes `out` with a folder for each order and share, and `unchanged` with the images as the
/// network sees them, each with `Training` and `Testing` in class folders; `removal.json`, and a
/// `sweep.toml` that trains on all of them.
///
/// Each image is resized and cropped as the network takes it. Its map is of the class that the model
/// predicts, so that nothing of the label enters the images. The most relevant pixels come first;
/// those of equal relevance in reading order. A removed pixel takes the mean colour of the training
/// images.
///
/// # Errors
/// A folder that is not empty; class names that are no folder's name; an unreadable image; errors of
/// the network; [`EngineError::Interrupted`].
pub fn remove_pixels(
    training: &EvaluationInput<'_>,
    testing: &EvaluationInput<'_>,
    options: &RemoveOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<RemovalRecord> {
    refuse_existing(options.out)?;
    for input in [training, testing] {
        refuse_class_names(input.folder)?;
    }
    let folder = AtomicDir::new(options.out)?;
    let mean = mean_colour(training.source, options.stop)?;
    let sets = sets(options);
    let mut images = [0; 2];
    let mut constant = 0;
    for (split, input) in [training, testing].into_iter().enumerate() {
        let removal = Removal {
            input,
            options,
            sets: &sets,
            mean: &mean,
            split,
            folder: folder.path(),
        };
        let done = removal.write(observer)?;
        images[split] = done.images;
        constant += done.constant;
    }
    let record = RemovalRecord {
        model: training.model_summary(options.maps),
        seed: options.seed,
        mean: mean.clone(),
        images,
        constant_maps: constant,
        sets,
    };
    folder.with_final_path(record.write(&folder.path().join("removal.json")))?;
    let sweep = sweep_toml(&record, options.out, training.size());
    folder.write_file("sweep.toml", sweep.as_bytes())?;
    folder.commit()?;
    Ok(record)
}

fn refuse_existing(out: &Path) -> Result<()> {
    let empty = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !out.exists(),
    };
    match empty {
        true => Ok(()),
        false => Err(EngineError::Request(format!(
            "{}: is not empty: name a new folder, or remove this one first",
            out.display()
        ))),
    }
}

/// Class names of a list may be any text; here they become folders.
fn refuse_class_names(folder: &ImageFolder) -> Result<()> {
    let is_name = |class: &&String| {
        let mut parts = Path::new(class).components();
        let only = matches!(parts.next(), Some(std::path::Component::Normal(_)));
        only && parts.next().is_none() && !class.contains(['/', '\\', '\0'])
    };
    match folder.classes.iter().find(|class| !is_name(class)) {
        None => Ok(()),
        Some(class) => Err(EngineError::Request(format!(
            "{}: the class {class:?} is no name of a folder, which it would become",
            folder.named.display()
        ))),
    }
}

/// The unchanged images, then every order with every share.
fn sets(options: &RemoveOptions<'_>) -> Vec<RemovedSet> {
    let mut sets = vec![RemovedSet {
        name: "unchanged".to_owned(),
        order: None,
        share: 0.0,
    }];
    for &order in options.orders {
        let by = order_name(order, options.maps.method);
        sets.extend(options.shares.iter().map(|&share| RemovedSet {
            name: format!("{by}-{share}"),
            order: Some(order),
            share,
        }));
    }
    sets
}

/// What an order is called in names of folders and `removed_by`: a map by its method.
fn order_name(order: RemovalOrder, method: Method) -> String {
    match order {
        RemovalOrder::Map => method.to_string(),
        RemovalOrder::RandomMap | RemovalOrder::RandomPixels => order.name().to_owned(),
    }
}

/// The mean of each channel over all pixels of all images, 0 to 255.
fn mean_colour(source: &ImageSource, stop: &AtomicBool) -> Result<Vec<u8>> {
    let preprocess = source.preprocess();
    let pixels = (preprocess.height * preprocess.width) as u64;
    let mut sums = vec![0_u64; preprocess.channels];
    for index in 0..source.len() {
        let image = colours(source, &source.image(index, 0)?);
        for (sum, channel) in sums.iter_mut().zip(image.chunks_exact(pixels as usize)) {
            *sum += channel.iter().map(|&value| u64::from(value)).sum::<u64>();
        }
        if stop.load(Ordering::Relaxed) {
            return Err(EngineError::Interrupted);
        }
    }
    let all = pixels * source.len() as u64;
    let mean = sums.iter().map(|sum| (sum + all / 2) / all.max(1));
    // A mean of bytes is a byte.
    Ok(mean.map(|mean| mean.min(255) as u8).collect())
}

/// The colours of a preprocessed image, [C, H, W], 0 to 255, before its normalisation.
fn colours(source: &ImageSource, image: &[f32]) -> Vec<u8> {
    let preprocess = source.preprocess();
    let pixels = preprocess.height * preprocess.width;
    let transform = preprocess.transform;
    let channels = image.chunks_exact(pixels).enumerate();
    let colours = channels.flat_map(|(channel, values)| {
        values.iter().map(move |value| {
            let colour = value * transform.std[channel] + transform.mean[channel];
            (255.0 * colour).round().clamp(0.0, 255.0) as u8
        })
    });
    colours.collect()
}

/// One split, with all sets of it.
struct Removal<'a> {
    input: &'a EvaluationInput<'a>,
    options: &'a RemoveOptions<'a>,
    sets: &'a [RemovedSet],
    mean: &'a [u8],
    /// Index into [`SPLITS`].
    split: usize,
    folder: &'a Path,
}

/// What was written of a split.
#[derive(Default)]
struct Written {
    images: u64,
    constant: u64,
}

impl Removal<'_> {
    fn write(&self, observer: &mut Observer<'_>) -> Result<Written> {
        self.create_folders()?;
        let total = self.input.source.len();
        let mut written = Written::default();
        let mut done = 0;
        for batch in self
            .input
            .source
            .batches((0..total).collect(), IMAGES_PER_PASS, 0)
        {
            if let Some(skipped) = batch.skipped.first() {
                let (path, reason) = (skipped.path.display(), &skipped.reason);
                return Err(EngineError::Request(format!(
                    "{path}: {reason}; remove the file, so that every set has the same images"
                )));
            }
            done += batch.indices.len();
            self.write_batch(&batch, &mut written)?;
            observer(Event::Evaluating { done, total });
            if self.options.stop.load(Ordering::Relaxed) {
                return Err(EngineError::Interrupted);
            }
        }
        Ok(written)
    }

    /// Of the images of a class of this split in a set.
    fn class_folder(&self, set: &RemovedSet, class: &str) -> PathBuf {
        let split = self.folder.join(&set.name).join(SPLITS[self.split]);
        split.join(class)
    }

    fn create_folders(&self) -> Result<()> {
        for set in self.sets {
            for class in &self.input.folder.classes {
                let path = self.class_folder(set, class);
                std::fs::create_dir_all(&path).map_err(|error| {
                    EngineError::Failed(format!("cannot create {}: {error}", path.display()))
                })?;
            }
        }
        Ok(())
    }

    fn write_batch(&self, batch: &Batch, written: &mut Written) -> Result<()> {
        let [own, random] = self.maps(batch)?;
        let [height, width] = self.input.size();
        let pixels = height * width;
        let cam = self.input.cam_size();
        let length = cam[0] * cam[1];
        let values = batch.images.len() / batch.indices.len();
        for (i, &index) in batch.indices.iter().enumerate() {
            let image = &batch.images[i * values..][..values];
            let image = colours(self.input.source, image);
            let ranked = |maps: &[f32]| -> Result<PixelRanking> {
                let map = &maps[i * length..][..length];
                let map = upsampled_to_image(map, cam, [height, width])?;
                Ok(PixelRanking::most_relevant_first(&map, [height, width])?)
            };
            let by_map = ranked(&own)?;
            written.constant += u64::from(by_map.distinct() == 1);
            let orders = Orders {
                by_map,
                by_random_map: ranked(&random)?,
                random: self.random_order(index, pixels),
            };
            for set in self.sets {
                let removed = (set.share * pixels as f64).round() as usize;
                let order = orders.get(set.order);
                let image = without(&image, &order[..removed.min(order.len())], self.mean);
                let class = self.input.folder.samples[index].class;
                let folder = self.class_folder(set, &self.input.folder.classes[class]);
                let path = folder.join(format!("{index:06}.png"));
                let png = grey_or_rgb_png(&image, [height, width])?;
                // The folder as a whole is renamed into place; each file need not be.
                std::fs::write(&path, &png).map_err(|error| {
                    EngineError::Failed(format!("cannot write {}: {error}", path.display()))
                })?;
            }
            written.images += 1;
        }
        Ok(())
    }

    /// The maps [N, h, w] of the predicted classes, and those of channels weighted at random.
    fn maps(&self, batch: &Batch) -> Result<[Vec<f32>; 2]> {
        let network = self.input.network;
        let images = self.input.images(batch);
        let hooked = network.hook(images.clone())?;
        let logits = hooked[0].logits()?;
        let predicted = predictions(&logits);
        refuse_diverged(&floats(logits))?;
        let seeds: Vec<u64> = batch
            .indices
            .iter()
            .map(|&index| u64::from(self.stream("map", index).bits()))
            .collect();
        let map = |options| {
            let request = MapRequest {
                options,
                images: images.clone(),
                targets: &predicted,
                seeds: &seeds,
            };
            Ok::<_, EngineError>(maps_at(network, &hooked, &request)?.1)
        };
        let random = MapOptions {
            method: Method::Random,
            flip: false,
        };
        Ok([map(self.options.maps)?, map(random)?])
    }

    fn random_order(&self, index: usize, pixels: usize) -> Vec<u32> {
        // At most 2^32 pixels, as a ranking has.
        let mut order: Vec<u32> = (0..pixels as u32).collect();
        self.stream("pixels", index).shuffle(&mut order);
        order
    }

    /// What image `index` of the split draws, whatever others draw.
    fn stream(&self, purpose: &str, index: usize) -> RandomStream {
        let key = [self.options.seed, self.split as u64, index as u64];
        RandomStream::new(&format!("mitsume data remove {purpose}"), &key)
    }
}

/// The orders in which the pixels of an image are removed.
struct Orders {
    by_map: PixelRanking,
    by_random_map: PixelRanking,
    random: Vec<u32>,
}

impl Orders {
    fn get(&self, order: Option<RemovalOrder>) -> &[u32] {
        match order {
            None | Some(RemovalOrder::Map) => self.by_map.pixels(),
            Some(RemovalOrder::RandomMap) => self.by_random_map.pixels(),
            Some(RemovalOrder::RandomPixels) => &self.random,
        }
    }
}

/// The image [C, H, W] with `removed` pixels of the mean colour `[C]`.
fn without(image: &[u8], removed: &[u32], mean: &[u8]) -> Vec<u8> {
    let mut image = image.to_vec();
    let pixels = image.len() / mean.len();
    for (channel, &mean) in image.chunks_exact_mut(pixels).zip(mean) {
        for &pixel in removed {
            channel[pixel as usize] = mean;
        }
    }
    image
}

/// A sweep over all sets. An ONNX model's name is that of its file, for the user to complete.
fn sweep_toml(record: &RemovalRecord, out: &Path, [height, width]: [usize; 2]) -> String {
    let ModelSummary { name, .. } = &record.model;
    let text = |value: &str| serde_json::Value::from(value).to_string();
    let folder = |set: &RemovedSet, split: &str| {
        let path: PathBuf = out.join(&set.name).join(split);
        text(&path.display().to_string())
    };
    let mut toml = format!(
        "# Retrains on the images without their most relevant pixels:\n\
         #     mitsume sweep --config sweep.toml --out SWEEP\n\
         #     mitsume analyze SWEEP\n\
         models = [{}]\nseeds = [0, 1, 2]\n",
        text(name)
    );
    for set in &record.sets {
        toml += &format!(
            "\n[data.{}]\ntrain = {}\nvalid = {}\nremoved_share = {:?}\n",
            text(&set.name),
            folder(set, SPLITS[0]),
            folder(set, SPLITS[1]),
            set.share
        );
        if let Some(order) = set.order {
            let by = order_name(order, record.model.method);
            toml += &format!("removed_by = {}\n", text(&by));
        }
    }
    if height == width {
        toml += &format!(
            "\n[run.data]\nimage_size = {height}\nchannels = {}\n",
            record.mean.len()
        );
    }
    toml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_pixels_take_the_mean_of_each_channel_and_the_others_stay() {
        let image = [1, 2, 3, 4, 11, 12, 13, 14];
        assert_eq!(
            without(&image, &[0, 3], &[9, 19]),
            [9, 2, 3, 9, 19, 12, 13, 19]
        );
        assert_eq!(without(&image, &[], &[9, 19]), image);
        assert_eq!(
            without(&image, &[2, 1, 0, 3], &[9, 19]),
            [9, 9, 9, 9, 19, 19, 19, 19]
        );
    }
}

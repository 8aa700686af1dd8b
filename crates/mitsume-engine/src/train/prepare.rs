//! Prepares a run from its configuration: images, network, optimiser, moving averages.

use std::collections::HashSet;
use std::path::Path;

use mitsume::EmaMaps;
use mitsume_artifacts::{DataSetRecord, RunConfig};
use mitsume_data::{
    Augment, ImageCache, ImageFolder, ImageSource, Preprocess, Split, find_duplicates,
};

use super::architecture::Architecture;
use super::checkpoint::TrainState;
use super::optimizer;
use super::plateau::Plateau;
use super::progress::Progress;
use crate::evaluation_input::report_more_frames;
use crate::{
    EngineError, Event, LeakedImages, Observer, Result, SharedPatients, report_other_files,
};

/// The images of one split with their preprocessing.
pub(super) struct LoadedSplit {
    pub folder: ImageFolder,
    pub source: ImageSource,
    /// Indices of the readable images, in order.
    pub readable: Vec<usize>,
    pub record: DataSetRecord,
}

impl LoadedSplit {
    /// The classes of images, by their indices.
    pub fn labels_of(&self, images: &[usize]) -> Vec<usize> {
        let samples = &self.folder.samples;
        images.iter().map(|&image| samples[image].class).collect()
    }

    /// The classes of the readable images, in order.
    pub fn labels(&self) -> impl Iterator<Item = usize> {
        let samples = &self.folder.samples;
        self.readable.iter().map(|&image| samples[image].class)
    }
}

/// Opens a split and decodes each of its images once. `role` is "train" or "valid"; only training
/// images are augmented.
pub(super) fn load_split(
    role: &str,
    config: &RunConfig,
    images: &ImageCache,
    observer: &mut Observer<'_>,
) -> Result<LoadedSplit> {
    let training = role == "train";
    let folder = open_folder(config, training)?;
    // Validation images get a quarter: they are fewer, and are cached at target size.
    let quarters = if training { 3 } else { 1 };
    let cache = config.data.cache / 4 * quarters;
    let source = images.source(&folder.samples, preprocess(config, training), cache)?;
    let total = source.len();
    observer(Event::Loading { done: 0, total });
    let skipped = source.load(&|_, _| {});
    observer(Event::Loading { done: total, total });
    let unreadable: HashSet<&Path> = skipped.iter().map(|s| s.path.as_path()).collect();
    let readable: Vec<usize> = (0..total)
        .filter(|&i| !unreadable.contains(folder.samples[i].path.as_path()))
        .collect();
    refuse_unreadable_class(&folder, &readable)?;
    skipped
        .into_iter()
        .for_each(|skipped| observer(Event::Skipped(skipped)));
    report_more_frames(&source, observer);
    let other_files = report_other_files(&folder, observer);
    let record = DataSetRecord {
        role: role.into(),
        root: folder.named.display().to_string(),
        images: readable.len(),
        classes: folder.classes.clone(),
        fingerprint: folder.fingerprint()?,
        other_files: other_files
            .into_iter()
            .map(|o| (o.kind, o.paths.len()))
            .collect(),
        also_trained_on: None,
        of_training_patients: None,
    };
    Ok(LoadedSplit {
        folder,
        source,
        readable,
        record,
    })
}

fn open_folder(config: &RunConfig, training: bool) -> Result<ImageFolder> {
    let data = &config.data;
    let (path, split, most) = match training {
        true => (&data.train, Split::Train, data.train_per_class),
        false => (&data.valid, Split::Valid, data.valid_per_class),
    };
    let mut folder = ImageFolder::open_split(path, split)?;
    if let Some(most) = most {
        folder.subsample_per_class(most);
    }
    Ok(folder)
}

fn preprocess(config: &RunConfig, training: bool) -> Preprocess {
    let data = &config.data;
    Preprocess {
        height: data.image_size,
        width: data.image_size,
        channels: data.channels,
        augment: data.augment.filter(|_| training).map(augmentation),
        seed: config.train.seed,
        transform: data.preprocessing.unwrap_or_default(),
    }
}

/// An error if there is a class of which no image is among the `readable` ones.
fn refuse_unreadable_class(folder: &ImageFolder, readable: &[usize]) -> Result<()> {
    let has_image = |class| readable.iter().any(|&i| folder.samples[i].class == class);
    let Some(class) = (0..folder.classes.len()).find(|&class| !has_image(class)) else {
        return Ok(());
    };
    let place = folder.class_place(class);
    Err(EngineError::empty_class(&place, folder.listed, ""))
}

fn augmentation(augment: mitsume_artifacts::Augment) -> Augment {
    Augment {
        horizontal_flip: augment.horizontal_flip,
        resized_crop_scale: augment.resized_crop_scale,
        resized_crop_ratio: augment.resized_crop_ratio,
        vertical_flip: augment.vertical_flip,
        rotation: augment.rotation,
        affine_translate: augment.affine_translate,
        affine_scale: augment.affine_scale,
        brightness: augment.brightness,
        contrast: augment.contrast,
    }
}

/// The splits must agree on the classes.
pub(super) fn refuse_different_classes(train: &LoadedSplit, valid: &LoadedSplit) -> Result<()> {
    if train.folder.classes == valid.folder.classes {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "data.valid: {} has the classes {}, data.train: {} has {}; they must be the same",
        valid.folder.named.display(),
        valid.folder.classes.join(", "),
        train.folder.named.display(),
        train.folder.classes.join(", "),
    )))
}

/// Finds validation images that are training images too, reports them and records their number.
/// Uses digests computed when decoding, so it is cheap.
pub(super) fn find_leaks(
    train: &LoadedSplit,
    valid: &mut LoadedSplit,
    observer: &mut Observer<'_>,
) {
    let pairs = find_duplicates(&valid.source, &train.source);
    valid.record.also_trained_on = Some(pairs.len());
    if pairs.is_empty() {
        return;
    }
    let path = |split: &LoadedSplit, index: usize| split.folder.samples[index].path.clone();
    let paths = pairs
        .iter()
        .map(|(v, t)| (path(valid, *v), path(train, *t)));
    observer(Event::Leaks(LeakedImages {
        train: train.folder.named.clone(),
        valid: valid.folder.named.clone(),
        validation_images: valid.readable.len(),
        pairs: paths.collect(),
    }));
}

/// Finds patients with images in training and in validation, if lists name them, reports them and
/// records the number of their validation images.
pub(super) fn find_shared_patients(
    train: &LoadedSplit,
    valid: &mut LoadedSplit,
    observer: &mut Observer<'_>,
) {
    if train.folder.patients.is_empty() || valid.folder.patients.is_empty() {
        return;
    }
    let training = (&train.folder, &train.readable[..]);
    let shared = SharedPatients {
        patients: valid.folder.shared_patients(&valid.readable, training),
        train: train.folder.named.clone(),
        valid: valid.folder.named.clone(),
        validation_images: valid.readable.len(),
    };
    valid.record.of_training_patients = Some(shared.images());
    if !shared.patients.is_empty() {
        observer(Event::SharedPatients(shared));
    }
}

/// The state of a run before its first step: new weights, no moments, empty moving averages.
pub(super) fn initial_state(
    config: &RunConfig,
    architecture: &Architecture,
    classes: usize,
    device: &burn::tensor::Device,
) -> Result<TrainState> {
    let model = architecture.new_model(config.train.seed, device)?;
    let sizes = architecture.map_sizes(config.data.image_size).into_iter();
    let emas = sizes.map(|size| EmaMaps::new(config.consistency.ema_decay, classes, size));
    let emas = emas.collect::<std::result::Result<_, _>>()?;
    let plateau = config.train.plateau;
    let plateau = Plateau::new(config.train.learning_rate, plateau.factor, plateau.patience);
    let progress = Progress {
        epochs_done: 0,
        batches_done: 0,
        steps_done: 0,
        accumulated_batches: 0,
        plateau,
        sums: Default::default(),
    };
    let optimizer = optimizer::optimizer(&config.train.optimizer, architecture.vectors(&model));
    Ok(TrainState {
        model,
        average: None,
        optimizer,
        emas,
        progress,
    })
}

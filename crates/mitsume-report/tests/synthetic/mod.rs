//! Synthetic runs and evaluations: images of a head with a bright spot, and maps near the spot.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod pages;

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use mitsume::trust::MeanSurroundings;
use mitsume_artifacts::{
    ClassMaps, ClassResult, ConsistencyResult, DataSetRecord, DataSummary, Environment, EpochRow,
    Evaluation, EvaluationWriter, ImageRow, MapsShape, ModelSummary, RunConfig, RunDir,
    write_epochs,
};

pub const SIDE: usize = 28;
const PIXELS: u32 = 96;

/// Description of a synthetic evaluation.
#[derive(Debug, Clone)]
pub struct Plan {
    pub classes: Vec<String>,
    pub per_class: usize,
    /// Spread of the maps' maxima, in map elements.
    pub spread: f32,
    /// Every n-th image is predicted as the next class; 0 for none.
    pub wrong_every: usize,
    /// Recorded relevance mass on border and background, for every class.
    pub surroundings: Option<MeanSurroundings>,
    /// File name of an image of a class.
    pub name: fn(usize, usize) -> String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            classes: ["glioma", "meningioma", "notumor", "pituitary"]
                .map(str::to_owned)
                .to_vec(),
            per_class: 12,
            spread: 3.0,
            wrong_every: 5,
            surroundings: None,
            name: |_, index| format!("image-{index:03}.png"),
        }
    }
}

/// A deterministic pseudo-random number in [-1, 1).
fn noise(seed: usize) -> f32 {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
}

fn centre(class: usize, classes: usize) -> (f32, f32) {
    let angle = class as f32 / classes as f32 * std::f32::consts::TAU + 0.6;
    (13.5 + 6.5 * angle.cos(), 13.5 + 6.5 * angle.sin())
}

fn blob(cx: f32, cy: f32, width: f32) -> Vec<f32> {
    let value = |i: usize| {
        let (x, y) = ((i % SIDE) as f32 - cx, (i / SIDE) as f32 - cy);
        (-(x * x + y * y) / (2.0 * width * width)).exp()
    };
    (0..SIDE * SIDE).map(value).collect()
}

fn head(class: usize, classes: usize, seed: usize) -> RgbImage {
    let (cx, cy) = centre(class, classes);
    let scale = PIXELS as f32 / SIDE as f32;
    RgbImage::from_fn(PIXELS, PIXELS, |x, y| {
        let (u, v) = (
            x as f32 / PIXELS as f32 - 0.5,
            y as f32 / PIXELS as f32 - 0.5,
        );
        let skull = (u * u / 0.16 + v * v / 0.2).sqrt();
        let tissue = 90.0 + 25.0 * (u * 19.0 + seed as f32).sin() * (v * 23.0).cos();
        let (lx, ly) = (x as f32 - cx * scale, y as f32 - cy * scale);
        let lesion = 110.0 * (-(lx * lx + ly * ly) / 60.0).exp();
        let value = match skull {
            s if s > 1.05 => 6.0,
            s if s > 0.93 => 205.0,
            _ => tissue + lesion,
        };
        Rgb(
            [(value + 7.0 * noise((x * 131 + y * 7919) as usize + seed)).clamp(0.0, 255.0) as u8;
                3],
        )
    })
}

/// Writes images below `data` and an evaluation of them to `root`.
pub fn evaluation(root: &Path, data: &Path, plan: &Plan) -> Evaluation {
    let k = plan.classes.len();
    let n = k * plan.per_class;
    let mut images = Vec::new();
    for class in 0..k {
        for index in 0..plan.per_class {
            let seed = class * 1000 + index;
            let (cx, cy) = centre(class, k);
            let (dx, dy) = (
                plan.spread * noise(seed * 2),
                plan.spread * noise(seed * 2 + 1),
            );
            let map = blob(cx + dx, cy + dy, 3.2);
            let wrong = plan.wrong_every > 0 && index % plan.wrong_every == plan.wrong_every - 1;
            let prediction = if wrong { (class + 1) % k } else { class };
            let path = format!("{class}/{}", (plan.name)(class, index));
            let file = data.join(&path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            // A name that the file system does not allow gets no picture.
            let _ = head(class, k, seed).save_with_format(&file, image::ImageFormat::Png);
            images.push((path, class, prediction, map, 0.7 + 0.25 * noise(seed * 3)));
        }
    }
    let means = class_means(&images, k);
    let draft = EvaluationWriter::new(root).unwrap();
    let shape = MapsShape {
        capacity: n + 3,
        classes: k,
        cam: [SIDE, SIDE],
    };
    let mut maps = draft.maps(shape).unwrap();
    let mut rows = draft.images(&plan.classes).unwrap();
    let mut deviations = vec![(0.0, 0.0); k];
    for (path, label, prediction, map, probability) in &images {
        let mut all = vec![(1.0 - probability) / k as f32; k];
        all[*prediction] = *probability;
        maps.push(map, *label, *prediction, &all).unwrap();
        let mean = &means.means[label * SIDE * SIDE..(label + 1) * SIDE * SIDE];
        let sum: f64 = map
            .iter()
            .zip(mean)
            .map(|(a, b)| f64::from(a - b).powi(2))
            .sum();
        let (squared_l2, l2) = (
            sum / (SIDE * SIDE) as f64,
            sum.sqrt() / (SIDE * SIDE) as f64,
        );
        let counted = means.counts[*label] > 0;
        if label == prediction {
            deviations[*label].0 += squared_l2 / means.counts[*label] as f64;
            deviations[*label].1 += l2 / means.counts[*label] as f64;
        }
        let row = ImageRow {
            path: path.clone(),
            label: *label,
            prediction: *prediction,
            correct: label == prediction,
            probability: f64::from(*probability),
            probability_label: f64::from(all[*label]),
            squared_l2: counted.then_some(squared_l2),
            l2: counted.then_some(l2),
            border_mass: None,
            background_mass: None,
            background_area: None,
        };
        rows.push(&row, None, &all).unwrap();
    }
    let mut mean_image = |class| {
        let image = head(class, plan.classes.len(), 0);
        Ok(image.pixels().map(|p| f32::from(p.0[0]) / 255.0).collect())
    };
    maps.finish(&means, &mut mean_image).unwrap();
    rows.finish().unwrap();
    let evaluation = figures(data, plan, &means.counts, &deviations);
    draft.commit(&evaluation).unwrap();
    evaluation
}

type Made = (String, usize, usize, Vec<f32>, f32);

fn class_means(images: &[Made], k: usize) -> ClassMaps {
    let mut means = vec![0.0; k * SIDE * SIDE];
    let mut counts = vec![0_u64; k];
    for (_, label, prediction, map, _) in images {
        if label == prediction {
            counts[*label] += 1;
            let mean = &mut means[label * SIDE * SIDE..(label + 1) * SIDE * SIDE];
            mean.iter_mut()
                .zip(map)
                .for_each(|(mean, value)| *mean += value);
        }
    }
    for (class, count) in counts.iter().enumerate() {
        let mean = &mut means[class * SIDE * SIDE..(class + 1) * SIDE * SIDE];
        mean.iter_mut()
            .for_each(|value| *value /= (*count).max(1) as f32);
    }
    let side = PIXELS as usize;
    ClassMaps {
        means,
        counts,
        image: [1, side, side],
    }
}

fn figures(data: &Path, plan: &Plan, counts: &[u64], deviations: &[(f64, f64)]) -> Evaluation {
    let (k, images) = (plan.classes.len(), plan.per_class as u64);
    let correct: u64 = counts.iter().sum();
    let mut confusion = vec![vec![0; k]; k];
    for (class, row) in confusion.iter_mut().enumerate() {
        row[(class + 1) % k] += images - counts[class];
        row[class] += counts[class];
    }
    let mean = |part: fn(&(f64, f64)) -> f64| {
        let sum: f64 = deviations
            .iter()
            .zip(counts)
            .map(|(d, n)| part(d) * *n as f64)
            .sum();
        (correct > 0).then(|| sum / correct as f64)
    };
    let accuracy = correct as f64 / (k as u64 * images) as f64;
    Evaluation {
        model: ModelSummary {
            name: "level2".to_owned(),
            parameters: 389_828,
            target_layer: "features.13".to_owned(),
            method: Default::default(),
            flip: false,
            single_logit: false,
            explain: Default::default(),
            cam_size: [SIDE, SIDE],
            image_size: None,
            settings: Default::default(),
        },
        data: DataSummary {
            root: data.to_str().unwrap().to_owned(),
            list: None,
            images: k as u64 * images,
            classes: plan.classes.clone(),
            transform: None,
            skipped: vec!["0/broken <b>.png".to_owned()],
            other_files: vec![],
        },
        accuracy,
        kappa: accuracy - 0.05,
        cross_entropy: 0.4,
        consistency: ConsistencyResult {
            squared_l2: mean(|d| d.0),
            l2: mean(|d| d.1),
            counted: correct,
        },
        measures: None,
        surroundings: plan.surroundings,
        per_class: (0..k)
            .map(|class| ClassResult {
                class: plan.classes[class].clone(),
                images,
                correct: counts[class],
                counted: None,
                squared_l2: (counts[class] > 0).then_some(deviations[class].0),
                l2: (counts[class] > 1).then_some(deviations[class].1),
                surroundings: plan.surroundings.filter(|_| counts[class] > 0),
            })
            .collect(),
        confusion,
    }
}

/// Writes a whole run to `root`: configuration, environment, epochs and evaluation.
pub fn run(root: &Path, data: &Path, lambda: f64, plan: &Plan) -> PathBuf {
    let run = RunDir::new(root);
    std::fs::create_dir_all(root).unwrap();
    let text = format!(
        "[data]\ntrain='{0}'\nvalid='{0}'\nimage_size=64\n[model]\nname='level2'\n\
         [train]\nepochs=20\n[consistency]\npreset='published'\nlambda_max={lambda:?}\n",
        data.display()
    );
    RunConfig::from_toml(&text, Path::new("run.toml"))
        .unwrap()
        .write(&run.config())
        .unwrap();
    let mut environment = Environment::detect("0.1.0", "cpu", 2, 0);
    // The command line of the test depends on the system.
    environment.command = ["mitsume", "train", "--config", "run.toml"]
        .map(str::to_owned)
        .to_vec();
    environment.data.push(DataSetRecord {
        role: "train".to_owned(),
        root: data.display().to_string(),
        images: 5712,
        classes: plan.classes.clone(),
        fingerprint: "9f86d081884c7d65".to_owned(),
        other_files: Default::default(),
        also_trained_on: None,
        of_training_patients: None,
    });
    environment.write(&run.environment()).unwrap();
    let rows: Vec<EpochRow> = (1..=20).map(|epoch| epoch_row(epoch, lambda)).collect();
    write_epochs(&run.epochs(), &rows).unwrap();
    evaluation(&run.evaluation(), data, plan);
    root.to_owned()
}

fn epoch_row(epoch: u64, lambda_max: f64) -> EpochRow {
    let t = epoch as f64;
    let lambda = lambda_max * ((t - 2.0) / 8.0).clamp(0.0, 1.0);
    let wobble = f64::from(noise(epoch as usize + lambda_max.abs() as usize)) * 0.02;
    let accuracy = 0.96 - 0.6 * (-t / 4.0).exp() + wobble;
    let pull = if lambda_max > 0.0 { 0.6 } else { 1.0 };
    let mut row = EpochRow {
        epoch,
        learning_rate: if epoch > 15 { 1e-5 } else { 1e-4 },
        lambda,
        train_loss: 1.3 * (-t / 5.0).exp() + lambda * 0.002,
        train_cross_entropy: 1.3 * (-t / 5.0).exp(),
        train_cam_loss: (lambda != 0.0).then_some(0.002),
        train_accuracy: accuracy + 0.01,
        val_loss: Some(1.35 * (-t / 6.0).exp() + 0.08 + wobble),
        val_accuracy: Some(accuracy),
        kappa: Some(if epoch > 1 { accuracy * 1.3 - 0.3 } else { 0.0 }),
        consistency_squared_l2: (epoch > 1)
            .then_some(0.03 + pull * 0.05 * (-t / 5.0).exp() + 0.02 * pull),
        consistency_l2: (epoch > 1).then_some(0.006 + pull * 0.004 * (-t / 5.0).exp()),
        counted: Some(1200),
        ..EpochRow::default()
    };
    row.seconds = 31.4;
    row
}

/// Changes the recorded configuration of the run in `root`.
pub fn change_config(root: &Path, changes: &[(&str, &str)]) {
    let config = root.join("config.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old} in {text}");
        text = text.replace(old, new);
    }
    std::fs::write(&config, text).unwrap();
}

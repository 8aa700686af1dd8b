//! Made evaluations on disk.

use std::path::{Path, PathBuf};

use mitsume_artifacts::{
    ClassMaps, ClassResult, ConsistencyResult, DataSummary, Evaluation, EvaluationWriter, ImageRow,
    MapsShape, ModelSummary,
};

/// An evaluation of made images.
#[derive(Debug, Clone)]
pub struct Made {
    pub classes: Vec<String>,
    pub shape: [usize; 2],
    pub paths: Vec<String>,
    pub labels: Vec<usize>,
    pub predictions: Vec<usize>,
    pub maps: Vec<Vec<f32>>,
}

impl Made {
    /// Without images.
    pub fn empty(classes: &[&str], shape: [usize; 2]) -> Self {
        Made {
            classes: classes.iter().map(|name| (*name).to_owned()).collect(),
            shape,
            paths: Vec::new(),
            labels: Vec::new(),
            predictions: Vec::new(),
            maps: Vec::new(),
        }
    }

    /// The same with paths, in the order of the images.
    pub fn with_paths(mut self, below: &str) -> Self {
        let name = |(image, label): (usize, &usize)| {
            format!("{below}{}/{image:04}.png", self.classes[*label])
        };
        self.paths = self.labels.iter().enumerate().map(name).collect();
        self
    }

    /// Without the images of these positions.
    pub fn without(&self, images: &[usize]) -> Self {
        let mut left = Made {
            paths: Vec::new(),
            labels: Vec::new(),
            predictions: Vec::new(),
            maps: Vec::new(),
            ..self.clone()
        };
        for image in (0..self.labels.len()).filter(|image| !images.contains(image)) {
            left.paths.push(self.paths[image].clone());
            left.labels.push(self.labels[image]);
            left.predictions.push(self.predictions[image]);
            left.maps.push(self.maps[image].clone());
        }
        left
    }

    /// Writes the evaluation into `root`.
    pub fn write(&self, root: &Path) {
        let classes = self.classes.len();
        let writer = EvaluationWriter::new(root).unwrap();
        let shape = MapsShape {
            capacity: self.labels.len(),
            classes,
            cam: self.shape,
        };
        let mut maps = writer.maps(shape).unwrap();
        let mut rows = writer.images(&self.classes).unwrap();
        for image in 0..self.labels.len() {
            let (label, prediction) = (self.labels[image], self.predictions[image]);
            let mut all = vec![0.1 / classes as f32; classes];
            all[prediction] += 0.9;
            maps.push(&self.maps[image], label, prediction, &all)
                .unwrap();
            let row = ImageRow {
                path: self.paths[image].clone(),
                label,
                prediction,
                correct: label == prediction,
                probability: f64::from(all[prediction]),
                probability_label: f64::from(all[label]),
                squared_l2: None,
                l2: None,
                border_mass: None,
                background_mass: None,
                background_area: None,
            };
            rows.push(&row, None, &all).unwrap();
        }
        let means = ClassMaps {
            means: vec![0.0; classes * self.shape[0] * self.shape[1]],
            counts: vec![0; classes],
            image: [1, 1, 1],
        };
        maps.finish(&means, &mut |_| Ok(vec![0.0])).unwrap();
        rows.finish().unwrap();
        writer.commit(&self.summary()).unwrap();
    }

    fn summary(&self) -> Evaluation {
        let classes = self.classes.len();
        let mut confusion = vec![vec![0_u64; classes]; classes];
        for (label, prediction) in self.labels.iter().zip(&self.predictions) {
            confusion[*label][*prediction] += 1;
        }
        let correct: u64 = (0..classes).map(|class| confusion[class][class]).sum();
        Evaluation {
            model: ModelSummary {
                name: "level2".to_owned(),
                parameters: 1,
                target_layer: "features".to_owned(),
                method: Default::default(),
                flip: false,
                single_logit: false,
                explain: Default::default(),
                cam_size: self.shape,
                image_size: None,
                settings: Default::default(),
            },
            data: DataSummary {
                root: "/made".to_owned(),
                list: None,
                images: self.labels.len() as u64,
                classes: self.classes.clone(),
                transform: None,
                skipped: Vec::new(),
                other_files: Vec::new(),
            },
            accuracy: correct as f64 / self.labels.len().max(1) as f64,
            kappa: 0.0,
            cross_entropy: 0.5,
            consistency: ConsistencyResult {
                squared_l2: None,
                l2: None,
                counted: correct,
            },
            measures: None,
            surroundings: None,
            per_class: (0..classes)
                .map(|class| ClassResult {
                    class: self.classes[class].clone(),
                    images: confusion[class].iter().sum(),
                    correct: confusion[class][class],
                    counted: None,
                    squared_l2: None,
                    l2: None,
                    surroundings: None,
                })
                .collect(),
            confusion,
        }
    }
}

/// Writes each as `model-INDEX` below `dir`.
pub fn write_all(models: &[Made], dir: &Path) -> Vec<PathBuf> {
    let each = models.iter().enumerate();
    each.map(|(index, model)| {
        let path = dir.join(format!("model-{index}"));
        model.write(&path);
        path
    })
    .collect()
}

/// Two models of different consistency and accuracy on the same 45 images of three classes.
pub fn two_models() -> Vec<Made> {
    [(1, 2.0, 0.3), (2, 1.0, 0.15)]
        .map(|(seed, spread, wrong)| {
            // Roughly normal: the sum of four uniform numbers.
            let normal = |image: usize, axis: usize| -> f64 {
                let parts = (0..4).map(|part| uniform(&[seed, image, axis, part]) - 0.5);
                parts.sum::<f64>() * 3_f64.sqrt()
            };
            let mut made = Made::empty(&["glioma", "meningioma", "pituitary"], [5, 6]);
            for image in 0..45 {
                let label = image / 15;
                let (y, x) = (
                    1.0 + label as f64 + spread * normal(image, 0),
                    4.0 - label as f64 + spread * normal(image, 1),
                );
                let value = |i: usize| {
                    let (dy, dx) = ((i / 6) as f64 - y, (i % 6) as f64 - x);
                    (-(dy * dy + dx * dx) / 4.0).exp() as f32
                };
                made.labels.push(label);
                made.maps.push((0..30).map(value).collect());
                let is_wrong = uniform(&[seed, image, 9]) < wrong;
                made.predictions.push((label + usize::from(is_wrong)) % 3);
            }
            made.with_paths("")
        })
        .into()
}

/// A number in [0, 1) that looks random, of a key.
fn uniform(key: &[usize]) -> f64 {
    let mix = |state: u64, part: &usize| {
        let mixed = (state ^ (*part as u64 + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let mixed = key.iter().fold(1, mix);
    ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
}

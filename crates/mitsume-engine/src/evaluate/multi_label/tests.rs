//! A multi-label evaluation against its definition, finding by finding.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume::ClassMeans;
use mitsume_artifacts::EvaluationDir;
use mitsume_data::{ImageSource, Preprocess};
use mitsume_nn::{Classifier, ClassifierSpec, Level};

use super::*;
use crate::maps::{MapOptions, floats, image_maps};
use crate::network::{LevelNetwork, Network};

const LABELS: [&[usize]; 9] = [
    &[0, 1],
    &[1],
    &[],
    &[0],
    &[2, 0],
    &[1, 2],
    &[0, 1, 2],
    &[],
    &[2],
];

fn network() -> LevelNetwork {
    let spec = ClassifierSpec {
        level: Level::Two,
        channels: 1,
        classes: 3,
        dropout: None,
    };
    let model = Classifier::new(spec, 3, &Device::flex());
    LevelNetwork { spec, model }
}

/// Nine images and their list.
fn data(dir: &Path) -> MultiLabelData {
    let mut rows = String::from("path,labels\n");
    for (index, labels) in LABELS.iter().enumerate() {
        let pixel = |x: u32, y: u32| {
            let value = (x * (3 + index as u32) + y * y * 5 + 40 * index as u32) % 256;
            image::Luma([value as u8])
        };
        let picture = image::GrayImage::from_fn(32, 32, pixel);
        picture.save(dir.join(format!("{index}.png"))).unwrap();
        let labels: Vec<String> = labels.iter().map(|label| format!("f{label}")).collect();
        rows.push_str(&format!("{index}.png,{}\n", labels.join("|")));
    }
    std::fs::write(dir.join("list.csv"), rows).unwrap();
    MultiLabelData::open(&dir.join("list.csv"), None).unwrap()
}

struct Found {
    evaluation: MultiLabelEvaluation,
    dir: tempfile::TempDir,
}

fn evaluated(threshold: f64, batch_size: usize) -> Found {
    let dir = tempfile::tempdir().unwrap();
    let data = data(dir.path());
    let preprocess = Preprocess {
        height: 32,
        width: 32,
        channels: 1,
        augment: None,
        seed: 0,
        transform: Default::default(),
    };
    let source = ImageSource::new(&data.folder.samples, preprocess, 0).unwrap();
    let network = network();
    let input = EvaluationInput {
        network: &network,
        folder: &data.folder,
        source: &source,
        settings: Default::default(),
    };
    let out = dir.path().join("out");
    let options = EvaluateOptions {
        batch_size,
        out: Some(&out),
        ..Default::default()
    };
    let evaluation = evaluate_multi_label(&input, &data, threshold, &options, &mut |_| {}).unwrap();
    Found { evaluation, dir }
}

/// Logits and the map of a finding of each image, one by one.
fn one_by_one(dir: &Path) -> Vec<(Vec<f32>, [Vec<f32>; 3])> {
    let data = data(dir);
    let preprocess = Preprocess {
        height: 32,
        width: 32,
        channels: 1,
        augment: None,
        seed: 0,
        transform: Default::default(),
    };
    let source = ImageSource::new(&data.folder.samples, preprocess, 0).unwrap();
    let network = network();
    let image = |index| {
        let pixels = source.image(index, 0).unwrap();
        let tensor = TensorData::new(pixels, [1, 1, 32, 32]);
        Tensor::<4>::from_data(tensor, &Device::flex())
    };
    (0..LABELS.len())
        .map(|index| {
            let logits = floats(network.logits(image(index)).unwrap());
            let map = |finding| {
                let options = MapOptions::default();
                image_maps(&network, image(index), &[finding], options)
                    .unwrap()
                    .1
            };
            (logits, [map(0), map(1), map(2)])
        })
        .collect()
}

#[test]
fn a_finding_is_over_the_images_that_have_it_and_in_which_it_is_found() {
    let all = one_by_one(tempfile::tempdir().unwrap().path());
    let sigmoid = |logit: f32| 1.0 / (1.0 + (-f64::from(logit)).exp());
    // Half of the pairs with the label are found.
    let mut with_label: Vec<f64> = Vec::new();
    for (labels, (logits, _)) in LABELS.iter().zip(&all) {
        with_label.extend(labels.iter().map(|&finding| sigmoid(logits[finding])));
    }
    with_label.sort_by(f64::total_cmp);
    let half = with_label.len() / 2;
    let threshold = (with_label[half - 1] + with_label[half]) / 2.0;
    let Found { evaluation, dir } = evaluated(threshold, 4);
    let mut means = ClassMeans::new(3, evaluation.model.cam_size);
    for (labels, (logits, maps)) in LABELS.iter().zip(&all) {
        for finding in 0..3 {
            if labels.contains(&finding) && sigmoid(logits[finding]) >= threshold {
                means.push(finding, &maps[finding]).unwrap();
            }
        }
    }
    assert_eq!(evaluation.consistency.counted, 6);
    let expected = means.squared_l2();
    for (finding, result) in evaluation.per_finding.iter().enumerate() {
        assert_eq!(result.true_positives, means.count(finding), "{finding}");
        let (found, expected) = (result.squared_l2, expected.per_class[finding].mean());
        let same = match (found, expected) {
            // Maps of one image and of a batch: float32 sums in another order.
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-6,
            (found, expected) => found == expected,
        };
        assert!(same, "{finding}: {found:?} {expected:?}");
    }
    let total = expected.total().mean().unwrap();
    assert!((evaluation.consistency.squared_l2.unwrap() - total).abs() < 1e-6);
    let out = EvaluationDir::new(dir.path().join("out"));
    let (read, maps) = out.read_multi_label().unwrap();
    // A decimal may come back as the neighbouring number.
    let written = evaluation.consistency.squared_l2.unwrap();
    assert!((read.consistency.squared_l2.unwrap() - written).abs() < 1e-15);
    assert_eq!(read.model, evaluation.model);
    assert_eq!(read.data, evaluation.data);
    assert_eq!(maps.unwrap().len(), 6, "a map of each true positive");
    let table = std::fs::read_to_string(out.images_path()).unwrap();
    for (index, (labels, (logits, _))) in LABELS.iter().zip(&all).enumerate() {
        let row: Vec<&str> = table.lines().nth(index + 1).unwrap().split(',').collect();
        assert_eq!(row[0], format!("{index}.png"));
        for finding in 0..3 {
            let [label, probability, squared_l2, l2] =
                [1, 2, 3, 4].map(|column| row[4 * finding + column]);
            let has = labels.contains(&finding);
            assert_eq!(label, if has { "1" } else { "0" });
            let probability: f64 = probability.parse().unwrap();
            assert!((probability - sigmoid(logits[finding])).abs() < 1e-6);
            let mean = means.mean(finding).is_some();
            assert_eq!(!squared_l2.is_empty(), has && mean);
            assert_eq!(squared_l2.is_empty(), l2.is_empty());
        }
    }
}

#[test]
fn an_evaluation_does_not_depend_on_its_batches() {
    let mut one = evaluated(0.5, 1).evaluation;
    let mut all = evaluated(0.5, 9).evaluation;
    for evaluation in [&mut one, &mut all] {
        evaluation.data.root = String::new();
        evaluation.data.list = None;
    }
    let counts = |evaluation: &MultiLabelEvaluation| -> Vec<[u64; 3]> {
        let findings = evaluation.per_finding.iter();
        findings
            .map(|one| [one.positives, one.predicted, one.true_positives])
            .collect()
    };
    assert_eq!(counts(&one), counts(&all));
    let (a, b) = (one.consistency.squared_l2, all.consistency.squared_l2);
    assert_eq!(a.is_some(), b.is_some());
    assert!(a.zip(b).is_none_or(|(a, b)| (a - b).abs() < 1e-6));
}

//! Weight files in and out, and hostile ones.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use mitsume_nn::weights::{Weights, read_metadata, to_bytes};
use mitsume_nn::{Classifier, ClassifierSpec, Level, WeightsError};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

fn model(level: Level, seed: u64) -> Classifier {
    let spec = ClassifierSpec {
        level,
        channels: 1,
        classes: 4,
        dropout: None,
    };
    Classifier::new(spec, seed, &Device::flex())
}

fn written(level: Level, dir: &Path) -> PathBuf {
    let path = dir.join("weights.safetensors");
    std::fs::write(&path, to_bytes(level, &model(level, 1), "a note")).unwrap();
    path
}

/// The file with one tensor changed, or dropped where `change` gives none.
fn altered(
    path: &Path,
    change: impl Fn(&str, Vec<usize>, Vec<u8>) -> Option<(Vec<usize>, Vec<u8>)>,
) {
    let bytes = std::fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let kept: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = tensors
        .tensors()
        .into_iter()
        .filter_map(|(name, view)| {
            let (shape, data) = change(&name, view.shape().to_vec(), view.data().to_vec())?;
            Some((name, view.dtype(), shape, data))
        })
        .collect();
    let views = kept.iter().map(|(name, dtype, shape, data)| {
        (
            name.as_str(),
            TensorView::new(*dtype, shape.clone(), data).unwrap(),
        )
    });
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn refusal(level: Level, path: &Path) -> String {
    let applied = Weights::open(path).and_then(|weights| {
        weights.spec(level)?;
        weights.apply(level, &mut model(level, 2))
    });
    applied.unwrap_err().to_string()
}

#[test]
fn every_level_comes_back_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    for level in Level::ALL {
        let path = written(level, dir.path());
        let weights = Weights::open(&path).unwrap();
        let spec = weights.spec(level).unwrap();
        assert_eq!((spec.channels, spec.classes), (1, 4));
        let mut read = model(level, 2);
        weights.apply(level, &mut read).unwrap();
        assert_eq!(
            to_bytes(level, &read, "a note"),
            std::fs::read(&path).unwrap(),
            "{level}"
        );
        assert_eq!(read_metadata(&path).as_deref(), Some("a note"));
    }
}

#[test]
fn a_missing_parameter_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(Level::Two, dir.path());
    altered(&path, |name, shape, data| {
        (name != "features.9.bias").then_some((shape, data))
    });
    assert!(refusal(Level::Two, &path).contains("\"features.9.bias\""));
}

#[test]
fn a_shape_that_does_not_fit_is_named_with_both_shapes() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(Level::Two, dir.path());
    altered(&path, |name, shape, data| match name {
        "features.4.weight" => Some((vec![32, 64, 3, 3], data)),
        _ => Some((shape, data)),
    });
    let message = refusal(Level::Two, &path);
    assert!(
        message.contains("\"features.4.weight\" has shape [32, 64, 3, 3]"),
        "{message}"
    );
    assert!(message.contains("needs [64, 32, 3, 3]"), "{message}");
}

#[test]
fn the_weights_of_another_level_are_refused_with_the_right_one_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(Level::Four, dir.path());
    let message = refusal(Level::Two, &path);
    assert!(
        message.contains("its names are those of level4"),
        "{message}"
    );
}

#[test]
fn values_that_are_not_finite_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(Level::One, dir.path());
    altered(&path, |name, shape, mut data| {
        if name == "features.3.bias" {
            data[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
        }
        Some((shape, data))
    });
    assert!(refusal(Level::One, &path).contains("\"features.3.bias\" holds a value that is not"));
}

#[test]
fn num_batches_tracked_may_be_absent() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(Level::Two, dir.path());
    altered(&path, |name, shape, data| {
        (!name.ends_with("num_batches_tracked")).then_some((shape, data))
    });
    Weights::open(&path)
        .unwrap()
        .apply(Level::Two, &mut model(Level::Two, 2))
        .unwrap();
}

#[test]
fn truncated_and_foreign_files_are_errors_that_name_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(Level::One, dir.path());
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 7, 8, 9, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(
            refusal(Level::One, &path).contains("weights.safetensors"),
            "{length}"
        );
    }
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend_from_slice(b"{}");
    std::fs::write(&path, huge).unwrap();
    assert!(refusal(Level::One, &path).contains("weights.safetensors"));
    assert_eq!(read_metadata(&path), None);
    let pth = dir.path().join("weights.pth");
    for bytes in [
        &b""[..],
        b"PK\x03\x04",
        b"\x80\x02}q\x00.",
        b"no pickle at all",
        &whole,
    ] {
        std::fs::write(&pth, bytes).unwrap();
        assert!(refusal(Level::One, &pth).contains("weights.pth"));
    }
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let result = Weights::open(Path::new("no/such/weights.safetensors"));
    assert!(matches!(result, Err(WeightsError::Unreadable { .. })));
}

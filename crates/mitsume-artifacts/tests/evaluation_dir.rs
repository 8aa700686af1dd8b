//! An evaluation folder reads back equal; errors name the damaged file and place.

use std::path::Path;

use mitsume_artifacts::{
    ClassMaps, ClassResult, ConsistencyResult, DataSummary, Evaluation, EvaluationDir,
    EvaluationWriter, ImageRow, Maps, MapsShape, MapsWriter, ModelSummary, write_class_means,
};

const CAM: [usize; 2] = [3, 5];

fn cam(image: usize) -> Vec<f32> {
    (0..15).map(|i| (image * 15 + i) as f32 / 100.0).collect()
}

/// Four images of two classes; the last is misclassified.
const IMAGES: [(usize, usize); 4] = [(0, 0), (0, 0), (1, 1), (1, 0)];

fn class_maps() -> ClassMaps {
    ClassMaps {
        means: (0..30).map(|i| i as f32 / 30.0).collect(),
        counts: vec![2, 1],
        image: [3, 2, 2],
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature the writer asks for"
)]
fn mean_image(class: usize) -> mitsume_artifacts::Result<Vec<f32>> {
    Ok((0..12).map(|i| (12 * class + i) as f32 / 24.0).collect())
}

fn write_maps(path: &Path, capacity: usize) {
    let mut maps = MapsWriter::create(
        path,
        MapsShape {
            capacity,
            classes: 2,
            cam: CAM,
        },
    )
    .unwrap();
    for (image, (label, prediction)) in IMAGES.into_iter().enumerate() {
        let probabilities = [0.25, 0.75 - image as f32 / 10.0];
        maps.push(&cam(image), label, prediction, &probabilities)
            .unwrap();
    }
    maps.finish(&class_maps(), &mut mean_image).unwrap();
}

fn evaluation() -> Evaluation {
    let class = |name: &str, correct| ClassResult {
        class: name.to_owned(),
        images: 2,
        correct,
        counted: None,
        squared_l2: Some(0.1),
        l2: Some(0.01),
        surroundings: None,
    };
    Evaluation {
        model: ModelSummary {
            name: "level1".to_owned(),
            parameters: 4932,
            target_layer: "features.4".to_owned(),
            method: Default::default(),
            flip: false,
            single_logit: false,
            explain: Default::default(),
            cam_size: CAM,
            image_size: None,
            settings: Default::default(),
        },
        data: DataSummary {
            root: "/nowhere".to_owned(),
            list: None,
            images: 4,
            classes: vec!["a".to_owned(), "b".to_owned()],
            transform: None,
            skipped: vec![],
            other_files: vec![],
        },
        accuracy: 0.75,
        kappa: 0.5,
        cross_entropy: 0.3,
        consistency: ConsistencyResult {
            squared_l2: Some(0.1),
            l2: Some(0.01),
            counted: 3,
        },
        measures: None,
        surroundings: None,
        per_class: vec![class("a", 2), class("b", 1)],
        confusion: vec![vec![2, 0], vec![1, 1]],
    }
}

fn write_dir(root: &Path) {
    let draft = EvaluationWriter::new(root).unwrap();
    write_maps(&draft.dir().maps_path(), 9);
    let mut images = draft.images(&evaluation().data.classes).unwrap();
    for (index, (label, prediction)) in IMAGES.into_iter().enumerate() {
        let row = ImageRow {
            path: format!("{index}.png"),
            label,
            prediction,
            correct: label == prediction,
            probability: 0.75,
            probability_label: 0.25,
            squared_l2: Some(0.1),
            l2: Some(0.01),
            border_mass: Some(0.5),
            background_mass: None,
            background_area: Some(0.25),
        };
        images.push(&row, Some(1), &[0.25, 0.75]).unwrap();
    }
    images.finish().unwrap();
    draft.commit(&evaluation()).unwrap();
}

#[test]
fn maps_come_back_with_any_number_of_skipped_images() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("maps.safetensors");
    for capacity in [4, 5, 1000] {
        write_maps(&path, capacity);
        let maps = Maps::open(&path).unwrap();
        assert_eq!((maps.len(), maps.classes()), (4, 2));
        assert_eq!((maps.cam_size(), maps.image_size()), (CAM, [3, 2, 2]));
        for image in 0..4 {
            assert_eq!(maps.cam(image).unwrap(), cam(image));
            let expected = [0.25, 0.75 - image as f32 / 10.0];
            assert_eq!(maps.probabilities(image).unwrap(), expected);
        }
        assert_eq!(maps.labels(), [0, 0, 1, 1]);
        assert_eq!(maps.predictions(), [0, 0, 1, 0]);
        assert_eq!(maps.class_counts(), [2, 1]);
        assert_eq!(maps.class_mean(1).unwrap(), &class_maps().means[15..]);
        let image = maps.mean_image(1).unwrap();
        assert_eq!(image.unwrap(), mean_image(1).unwrap());
    }
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "no temporary stays behind"
    );
}

#[test]
fn other_safetensors_readers_accept_the_file_with_aligned_tensors() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("maps.safetensors");
    write_maps(&path, 100);
    let bytes = std::fs::read(&path).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let labels = tensors.tensor("labels").unwrap();
    assert_eq!(labels.data()[16..24], 1_i64.to_le_bytes());
    for (name, tensor) in tensors.tensors() {
        let offset = tensor.data().as_ptr().addr() - bytes.as_ptr().addr();
        assert_eq!(
            offset % (tensor.dtype().bitsize() / 8),
            0,
            "{name} is not aligned"
        );
    }
}

#[test]
fn the_writer_refuses_what_does_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("maps.safetensors");
    let shape = MapsShape {
        capacity: 1,
        classes: 2,
        cam: CAM,
    };
    let mut maps = MapsWriter::create(&path, shape).unwrap();
    let p = [0.5, 0.5];
    assert!(
        maps.push(&cam(0)[1..], 0, 0, &p)
            .unwrap_err()
            .to_string()
            .contains("3x5 values")
    );
    assert!(
        maps.push(&cam(0), 2, 0, &p)
            .unwrap_err()
            .to_string()
            .contains("below 2")
    );
    assert!(
        maps.push(&[f32::NAN; 15], 0, 0, &p)
            .unwrap_err()
            .to_string()
            .contains("not finite")
    );
    maps.push(&cam(0), 0, 0, &p).unwrap();
    assert!(
        maps.push(&cam(0), 0, 0, &p)
            .unwrap_err()
            .to_string()
            .contains("only 1 images")
    );
    let wrong = ClassMaps {
        counts: vec![1],
        ..class_maps()
    };
    assert!(maps.finish(&wrong, &mut mean_image).is_err());
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        0,
        "nothing half-written stays"
    );
}

/// The bytes that `numpy.save` writes: magic, version 1.0, header padded to 64 bytes, values.
#[test]
fn class_means_are_a_numpy_array_with_nan_where_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let maps = dir.path().join("maps.safetensors");
    let mut writer = MapsWriter::create(
        &maps,
        MapsShape {
            capacity: 1,
            classes: 2,
            cam: CAM,
        },
    )
    .unwrap();
    writer.push(&cam(0), 0, 0, &[1.0, 0.0]).unwrap();
    let means = ClassMaps {
        counts: vec![1, 0],
        ..class_maps()
    };
    writer.finish(&means, &mut mean_image).unwrap();
    let path = dir.path().join("class_means.npy");
    write_class_means(&path, &Maps::open(&maps).unwrap()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes[..8], *b"\x93NUMPY\x01\x00");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + header) % 64, 0);
    let text = std::str::from_utf8(&bytes[10..10 + header]).unwrap();
    for part in [
        "'descr': '<f4'",
        "'fortran_order': False",
        "'shape': (2, 3, 5)",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let (values, rest) = bytes[10 + header..].as_chunks::<4>();
    assert!(rest.is_empty());
    let values: Vec<f32> = values
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    assert_eq!(values[..15], means.means[..15]);
    assert!(values.len() == 30 && values[15..].iter().all(|value| value.is_nan()));
}

#[test]
fn an_evaluation_folder_comes_back_and_replaces_an_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("evaluation");
    write_dir(&root);
    write_dir(&root);
    let (summary, images, maps) = EvaluationDir::new(&root).read().unwrap();
    assert_eq!(summary, evaluation());
    assert_eq!((images.len(), maps.len()), (4, 4));
    assert_eq!(images[3].path, "3.png");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_of_something_else_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("thesis.tex"), "years of work").unwrap();
    let error = EvaluationWriter::new(dir.path()).unwrap_err().to_string();
    assert!(error.contains("holds no evaluation"), "{error}");
    assert!(EvaluationWriter::new(&dir.path().join("thesis.tex")).is_err());
}

#[test]
fn truncation_anywhere_is_an_error_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("maps.safetensors");
    write_maps(&path, 4);
    let bytes = std::fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(
            Maps::open(&path).is_err(),
            "{length} of {} bytes",
            bytes.len()
        );
    }
}

/// The file with `header` in place of its own, data unchanged.
fn with_header(path: &Path, change: impl Fn(String) -> String) -> String {
    write_maps(path, 4);
    let bytes = std::fs::read(path).unwrap();
    let size = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = change(String::from_utf8(bytes[8..8 + size].to_vec()).unwrap());
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&bytes[8 + size..]);
    std::fs::write(path, file).unwrap();
    Maps::open(path).unwrap_err().to_string()
}

#[test]
fn hostile_headers_are_refused_with_the_tensor() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("maps.safetensors");
    let refuse = |from: &str, to: &str| {
        with_header(&path, |header| {
            assert!(header.contains(from), "{from} in {header}");
            header.replace(from, to)
        })
    };
    assert!(refuse("\"cams\"", "\"maps\"").contains("tensor cams is missing"));
    assert!(refuse("[4,3,5]", "[3,4,5]").contains("disagree"));
    assert!(refuse("[4,3,5]", "[4,15]").contains("3 dimensions"));
    assert!(refuse("[4,3,5]", "[4,18446744073709551615,5]").contains("no complete safetensors"));
    assert!(
        refuse("[2,3,2,2]", "[2,12,1,1]")
            .is_empty()
            .then_some(())
            .is_none()
    );
    assert!(refuse("\"I64\"", "\"F64\"").contains("I64 with 1 dimensions"));
    assert!(refuse("{", "[").contains("no complete safetensors"));
}

#[test]
fn a_header_that_claims_all_memory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("maps.safetensors");
    for size in [u64::MAX, 1 << 40, 9] {
        std::fs::write(&path, [size.to_le_bytes(), [0; 8]].concat()).unwrap();
        let error = Maps::open(&path).unwrap_err().to_string();
        assert!(error.contains("a header of"), "{error}");
    }
}

#[test]
fn values_that_are_no_numbers_or_no_classes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("maps.safetensors");
    write_maps(&path, 4);
    let bytes = std::fs::read(&path).unwrap();
    let data = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let refuse = |at: usize, value: &[u8]| {
        let mut damaged = bytes.clone();
        damaged[at..at + value.len()].copy_from_slice(value);
        std::fs::write(&path, damaged).unwrap();
        Maps::open(&path)
            .and_then(|maps| {
                maps.cam(0)?;
                maps.mean_image(1)
            })
            .unwrap_err()
            .to_string()
    };
    assert!(refuse(data, &2_i64.to_le_bytes()).contains("labels: values must be in 0..2"));
    assert!(refuse(data, &(-1_i64).to_le_bytes()).contains("labels"));
    let cams = data + 8 * (4 + 4 + 2);
    assert!(refuse(cams + 4, &f32::NAN.to_le_bytes()).contains("cams: a value is not finite"));
    assert!(refuse(bytes.len() - 4, &f32::INFINITY.to_le_bytes()).contains("mean_images"));
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("evaluation");
    let evaluation_dir = EvaluationDir::new(&root);
    let refuse = || evaluation_dir.read().unwrap_err().to_string();

    write_dir(&root);
    let csv = std::fs::read_to_string(evaluation_dir.images_path()).unwrap();
    let shorter = csv.trim_end().rsplit_once('\n').unwrap().0;
    std::fs::write(evaluation_dir.images_path(), shorter).unwrap();
    assert!(refuse().contains("images.csv: 3 images, but eval.json counts 4"));

    let swapped = csv.replace("0.png,0,0,1", "0.png,1,1,1");
    std::fs::write(evaluation_dir.images_path(), swapped).unwrap();
    assert!(refuse().contains("maps.safetensors: labels and predictions differ"));

    std::fs::remove_file(evaluation_dir.maps_path()).unwrap();
    std::fs::write(evaluation_dir.images_path(), csv).unwrap();
    assert!(refuse().contains("cannot read"));
}

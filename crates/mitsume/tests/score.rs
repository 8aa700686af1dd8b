//! Scoring files of maps: written by numpy and safetensors' Python package (`tests/fixtures`),
//! and damaged or hostile ones made here.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use mitsume::score::{MAX_CLASSES, Score, ScoreOptions, score};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

const AS_IS: ScoreOptions = ScoreOptions {
    normalise: false,
    measures: None,
};
const NORMALISE: ScoreOptions = ScoreOptions {
    normalise: true,
    measures: None,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn close(value: Option<f64>, expected: f64, relative: f64) {
    let value = value.unwrap();
    assert!(
        (value / expected - 1.0).abs() < relative,
        "{value} {expected}"
    );
}

/// The metric of the maps in `level2.npz`, and of the same maps as float16, from numpy's sums in
/// float64: `squared-l2` and `l2`.
const NUMPY_F32: (f64, f64) = (0.007373605998894033, 0.009880141939225838);
const NUMPY_F16: (f64, f64) = (0.007373505625652576, 0.009880064582146655);

/// `level2.npz` holds float32 CAMs of level 2 on 24 images, made with numpy in float64 from the
/// reference weights and alphas; the figures are PyTorch's in float32, hence 1e-5.
fn assert_level_2(score: &Score) {
    assert_eq!((score.images, score.correct, score.classes), (24, 18, 4));
    assert_eq!((score.cam_size, score.accuracy), ([8, 8], 0.75));
    close(Some(score.kappa), 0.648780487804878, 1e-15);
    assert_eq!(score.consistency.counted, 18);
    close(score.consistency.squared_l2, 0.007373603371282418, 1e-5);
    close(score.consistency.l2, 0.009880140216814147, 1e-5);
    let sums = [
        (9, 0.08095692098140717, 0.0949353501200676),
        (5, 0.022164789959788322, 0.04013735428452492),
        (4, 0.029603149741888046, 0.042769819498062134),
    ];
    for (class, (count, squared_l2, l2)) in score.per_class.iter().zip(sums) {
        assert_eq!(class.correct, count);
        close(class.squared_l2, squared_l2 / count as f64, 1e-5);
        close(class.l2, l2 / count as f64, 1e-5);
    }
    let absent = &score.per_class[3];
    assert_eq!((absent.images, absent.correct), (4, 0));
    assert_eq!((absent.squared_l2, absent.l2), (None, None));
}

#[test]
fn maps_of_level_2_have_its_reference_consistency() {
    let score = score(&fixture("level2.npz"), AS_IS).unwrap();
    assert_level_2(&score);
    // The same arrays through numpy's own sums in float64.
    close(score.consistency.squared_l2, NUMPY_F32.0, 1e-13);
    close(score.consistency.l2, NUMPY_F32.1, 1e-13);
}

#[test]
fn raw_maps_of_level_2_are_normalised_on_demand() {
    assert_level_2(&score(&fixture("level2-raw.npz"), NORMALISE).unwrap());
}

#[test]
fn every_way_of_writing_the_maps_gives_the_same_score() {
    let expected = score(&fixture("level2.npz"), AS_IS).unwrap();
    // Uncompressed, Fortran order, big-endian labels; and safetensors. Bit for bit.
    assert_eq!(
        score(&fixture("level2-fortran.npz"), AS_IS).unwrap(),
        expected
    );
    assert_eq!(
        score(&fixture("level2.safetensors"), AS_IS).unwrap(),
        expected
    );
}

#[test]
fn float16_maps_are_scored_as_they_are() {
    let score = score(&fixture("level2-half.npz"), AS_IS).unwrap();
    close(score.consistency.squared_l2, NUMPY_F16.0, 1e-13);
    close(score.consistency.l2, NUMPY_F16.1, 1e-13);
}

#[test]
fn the_json_has_the_documented_keys() {
    let score = score(&fixture("level2.npz"), AS_IS).unwrap();
    let json = serde_json::to_value(&score).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let top = [
        "accuracy",
        "cam_size",
        "classes",
        "consistency",
        "correct",
        "images",
        "kappa",
    ];
    assert_eq!(keys(&json), [&top[..], &["per_class"]].concat());
    assert_eq!(keys(&json["consistency"]), ["counted", "l2", "squared_l2"]);
    assert_eq!(
        keys(&json["per_class"][3]),
        ["class", "correct", "images", "l2", "squared_l2"]
    );
    assert!(json["per_class"][3]["l2"].is_null());
}

// Files made here.

/// The bytes of a `.npy` file of version 1.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    npy_of(
        &format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"),
        data,
    )
}

fn npy_of(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn floats(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default();
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Three maps [1, 2] with labels and predictions 0, 0, 1, one array replaced.
fn with(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    let maps = npy(
        "'<f4'",
        "(3, 1, 2)",
        &floats(&[0.0, 0.5, 1.0, 0.5, 0.25, 0.75]),
    );
    let classes = npy("'|u1'", "(3,)", &[0, 0, 1]);
    let mut arrays = [
        ("cams", maps),
        ("labels", classes.clone()),
        ("predictions", classes),
    ];
    arrays
        .iter_mut()
        .find(|(array, _)| *array == name)
        .unwrap()
        .1 = bytes;
    npz(&arrays)
}

fn scored(file: &str, bytes: &[u8], options: ScoreOptions) -> Result<Score, String> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(file);
    std::fs::write(&path, bytes).unwrap();
    let result = score(&path, options);
    result.map_err(|error| {
        let message = error.to_string();
        assert!(message.contains(file), "names the file: {message}");
        message
    })
}

fn refused(bytes: &[u8], says: &[&str]) {
    let message = scored("maps.npz", bytes, AS_IS).expect_err("refused");
    for part in says {
        assert!(message.contains(part), "\"{part}\" in: {message}");
    }
}

#[test]
fn three_small_maps_have_the_score_computed_by_hand() {
    let maps = npy(
        "'<f4'",
        "(3, 1, 2)",
        &floats(&[0.0, 0.5, 1.0, 0.5, 0.25, 0.75]),
    );
    let score = scored("maps.npz", &with("cams", maps), AS_IS).unwrap();
    // Class 0: one pixel 0.5 off in each of two maps. Class 1: one map alone.
    assert_eq!(score.consistency.squared_l2, Some(0.25 / 3.0));
    assert_eq!(score.consistency.l2, Some(0.25));
    assert_eq!(
        (score.per_class[1].squared_l2, score.per_class[1].l2),
        (Some(0.0), None)
    );
}

#[test]
fn no_correct_image_is_a_score_without_consistency() {
    let bytes = with("predictions", npy("'|u1'", "(3,)", &[1, 1, 0]));
    let score = scored("maps.npz", &bytes, AS_IS).unwrap();
    assert_eq!((score.correct, score.accuracy), (0, 0.0));
    assert_eq!(
        (score.consistency.squared_l2, score.consistency.l2),
        (None, None)
    );
    assert!(score.kappa < 0.0);
}

#[test]
fn raw_maps_are_refused_with_a_hint_unless_normalised() {
    let bytes = with("cams", npy("'|u1'", "(3, 1, 2)", &[0, 1, 0, 255, 0, 0]));
    refused(&bytes, &["image 1", "255", "--normalise"]);
    let score = scored("maps.npz", &bytes, NORMALISE).unwrap();
    // 0, 1 and 0, 1 after Eq. 2, but for its 1e-8.
    assert!(score.consistency.squared_l2.unwrap() < 1e-16);
}

#[test]
fn values_that_are_not_finite_are_named_even_where_the_prediction_is_wrong() {
    let maps = |value| {
        npy(
            "'<f4'",
            "(3, 1, 2)",
            &floats(&[0.0, 0.5, 1.0, value, 0.0, 0.0]),
        )
    };
    refused(
        &with("cams", maps(f32::NAN)),
        &["image 1", "NaN", "value 1"],
    );
    refused(&with("cams", maps(f32::INFINITY)), &["image 1", "inf"]);
    let wrong = [
        ("cams", maps(f32::NAN)),
        ("labels", npy("'|u1'", "(3,)", &[0, 0, 0])),
    ];
    let [cams, labels] = wrong;
    let predictions = ("predictions", npy("'|u1'", "(3,)", &[0, 1, 0]));
    refused(&npz(&[cams, labels, predictions]), &["image 1"]);
}

#[test]
fn class_indices_must_be_small_and_not_negative() {
    let labels = |class: i64| {
        npy(
            "'<i8'",
            "(3,)",
            &[0, class, 0].map(i64::to_le_bytes).concat(),
        )
    };
    refused(&with("labels", labels(-1)), &["labels", "entry 1 is -1"]);
    refused(
        &with("predictions", labels(i64::MAX)),
        &["predictions", "entry 1", "65535"],
    );
    refused(
        &with("labels", labels(MAX_CLASSES as i64)),
        &["entry 1 is 65536"],
    );
    let bytes = with("labels", labels(MAX_CLASSES as i64 - 1));
    assert_eq!(
        scored("maps.npz", &bytes, AS_IS).unwrap().classes,
        MAX_CLASSES
    );
}

#[test]
fn arrays_of_the_wrong_type_are_refused_with_advice() {
    let message = score(&fixture("objects.npz"), AS_IS)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("unpickling") && message.contains("float32"),
        "{message}"
    );
    refused(
        &with("labels", npy("'<f4'", "(3,)", &[0; 12])),
        &["labels", "float32", "integers"],
    );
    let logits = npy("'<f4'", "(3, 2)", &[0; 24]);
    refused(
        &with("predictions", logits),
        &["predictions", "[3, 2]", "argmax"],
    );
    refused(
        &with("cams", npy("'<c8'", "(3, 1, 2)", &[0; 48])),
        &["cams", "c8"],
    );
    let record = npy("[('a', '<f4'), ('b', '<f4')]", "(3, 1)", &[0; 24]);
    refused(&with("cams", record), &["cams", "structured"]);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let maps = |shape: &str| with("cams", npy("'<f4'", shape, &floats(&[0.0; 6])));
    refused(&maps("(3, 1, 1, 2)"), &["[3, 1, 1, 2]", "[N, h, w]"]);
    refused(&maps("(2, 1, 3)"), &["2 maps", "labels 3"]);
    refused(&maps("(0, 1, 3)"), &["no map"]);
    refused(&maps("(3, 0, 2)"), &["no map"]);
    refused(&maps("(3, 1, 3)"), &["ends before its shape"]);
    refused(&maps("(3, 1, 1)"), &["more data than its shape"]);
    refused(&maps("(3, 4294967296, 4294967296)"), &["too large"]);
    refused(&maps("(3, 1, 1000000000000)"), &["too large"]);
    refused(&maps("(18446744073709551616, 1, 2)"), &["cams"]);
    refused(&maps("(3, -1, 2)"), &["cams"]);
    let labels = npy("'|u1'", "(1000000000000000,)", &[0, 0, 1]);
    refused(&with("labels", labels), &["labels", "at most"]);
    refused(
        &with("labels", npy("'|u1'", "(99999999,)", &[0, 0, 1])),
        &["ends before"],
    );
}

#[test]
fn a_hostile_header_neither_nests_nor_allocates_without_end() {
    refused(
        &with("cams", npy_of(&"(".repeat(9_000), &[])),
        &["cams", "structured"],
    );
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    refused(&with("cams", long), &["no .npy header"]);
    refused(&with("cams", b"not numpy's".to_vec()), &["no .npy header"]);
    refused(&with("cams", vec![]), &["no .npy header"]);
    refused(
        &with("cams", npy_of("{'descr': '<f4'}\n", &[])),
        &["bad .npy header"],
    );
}

#[test]
fn a_fortran_array_that_ends_early_is_refused() {
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 1, 2), }\n";
    refused(
        &with("cams", npy_of(header, &[0; 20])),
        &["ends before its shape"],
    );
    // Claims that would need more passes than anyone waits for.
    let header = header.replace("(3, 1, 2)", "(90000000, 1000, 1000)");
    refused(&with("cams", npy_of(&header, &[])), &["90000000"]);
}

#[test]
fn a_map_for_ten_thousand_classes_each_is_refused_before_it_is_made() {
    let images = 10_000_u32;
    let classes: Vec<u8> = (0..images).flat_map(|class| class.to_le_bytes()).collect();
    let classes = npy("'<u4'", "(10000,)", &classes);
    let maps = npy("'|u1'", "(10000, 1000, 1000)", &[]);
    let bytes = npz(&[
        ("cams", maps),
        ("labels", classes.clone()),
        ("predictions", classes),
    ]);
    refused(&bytes, &["1000 x 1000", "10000 classes"]);
}

#[test]
fn a_missing_array_is_named_with_those_there_are() {
    let classes = npy("'|u1'", "(1,)", &[0]);
    refused(
        &npz(&[("labels", classes.clone()), ("targets", classes)]),
        &["predictions", "targets"],
    );
}

#[test]
fn damaged_containers_are_refused() {
    refused(b"", &["not a .npz"]);
    refused(b"PK\x03\x04 and no more", &["not a .npz"]);
    let whole = with("labels", npy("'|u1'", "(3,)", &[0, 0, 1]));
    refused(&whole[..whole.len() / 2], &["not a .npz"]);
    let mut flipped = std::fs::read(fixture("level2-fortran.npz")).unwrap();
    flipped[4_000] ^= 1;
    refused(&flipped, &["cams", "damaged"]);
    let message = scored("maps.h5", &whole, AS_IS).unwrap_err();
    assert!(message.contains(".safetensors"), "{message}");
    assert!(
        score(Path::new("no/such.npz"), AS_IS)
            .unwrap_err()
            .to_string()
            .contains("no/such")
    );
}

#[test]
fn damaged_safetensors_are_refused() {
    let whole = std::fs::read(fixture("level2.safetensors")).unwrap();
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    let nested = "[".repeat(50_000);
    let nested = [&(nested.len() as u64).to_le_bytes()[..], nested.as_bytes()].concat();
    let header =
        br#"{"cams":{"dtype":"F32","shape":[4611686018427387904,4,4],"data_offsets":[0,0]}}"#;
    let overflow = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    for bytes in [
        &b""[..],
        &whole[..whole.len() - 1],
        &[&whole[..], b"x"].concat(),
        &huge,
        &nested,
        &overflow,
    ] {
        let message = scored("maps.safetensors", bytes, AS_IS).unwrap_err();
        assert!(message.contains("not a whole .safetensors"), "{message}");
    }
    let empty = [&2_u64.to_le_bytes()[..], b"{}"].concat();
    let message = scored("maps.safetensors", &empty, AS_IS).unwrap_err();
    assert!(message.contains("no array \"labels\""), "{message}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever bytes are damaged: an error or a score, never a panic.
    #[test]
    fn damage_anywhere_never_panics(at in 0..6_000_usize, byte: u8, cut in 0..6_000_usize) {
        for name in ["level2.npz", "level2-fortran.npz", "level2.safetensors"] {
            let mut bytes = std::fs::read(fixture(name)).unwrap();
            let length = bytes.len();
            bytes[at % length] = byte;
            let _ = scored(name, &bytes, AS_IS);
            bytes.truncate(cut % length);
            let _ = scored(name, &bytes, AS_IS);
        }
    }
}

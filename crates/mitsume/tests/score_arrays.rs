//! Maps in memory, whole and batch by batch, against the same maps in a file.

use std::fs::File;
use std::path::Path;

use mitsume::score::{
    ScoreArrays, ScoreMeasures, ScoreOptions, ScoreProblem, StreamingScore, score, score_arrays,
};
use ndarray::{Array1, Array3, s};
use ndarray_npy::ReadNpyExt;
use zip::ZipArchive;

const AS_IS: ScoreOptions = ScoreOptions {
    normalise: false,
    measures: None,
};
const ALL: ScoreOptions = ScoreOptions {
    normalise: false,
    measures: Some(ScoreMeasures {
        grid: 5,
        permutations: 99,
    }),
};

/// The arrays of a file.
struct Maps {
    cams: Array3<f32>,
    labels: Array1<i64>,
    predictions: Array1<i64>,
}

impl Maps {
    /// Those that numpy wrote of level 2: 24 maps of 8x8, 4 classes of which 3 have correct images.
    fn level_2() -> Self {
        let mut archive = ZipArchive::new(File::open(level_2_file()).unwrap()).unwrap();
        Self {
            cams: Array3::read_npy(archive.by_name("cams.npy").unwrap()).unwrap(),
            labels: Array1::read_npy(archive.by_name("labels.npy").unwrap()).unwrap(),
            predictions: Array1::read_npy(archive.by_name("predictions.npy").unwrap()).unwrap(),
        }
    }

    fn arrays(&self) -> ScoreArrays<'_, f32> {
        self.slice(0, self.labels.len())
    }

    fn slice(&self, begin: usize, end: usize) -> ScoreArrays<'_, f32> {
        ScoreArrays {
            cams: self.cams.slice(s![begin..end, .., ..]),
            labels: self.labels.slice(s![begin..end]),
            predictions: self.predictions.slice(s![begin..end]),
        }
    }
}

fn level_2_file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/level2.npz")
}

#[test]
fn arrays_have_the_score_of_their_file_bit_for_bit() {
    let maps = Maps::level_2();
    for normalise in [false, true] {
        let options = ScoreOptions { normalise, ..ALL };
        let scored = score_arrays(maps.arrays(), None, options).unwrap();
        assert_eq!(scored.score, score(&level_2_file(), options).unwrap());
    }
}

#[test]
fn deviations_average_to_the_metric() {
    let maps = Maps::level_2();
    let scored = score_arrays(maps.arrays(), None, AS_IS).unwrap();
    let correct: Vec<_> = scored.deviations.iter().flatten().collect();
    assert_eq!(correct.len(), 18);
    let mean = correct.iter().map(|one| one.squared_l2).sum::<f64>() / 18.0;
    // The metric's squares are Welford's, these are from the final mean: rounding of 18 maps.
    let metric = scored.score.consistency.squared_l2.unwrap();
    assert!((mean / metric - 1.0).abs() < 1e-13, "{mean} {metric}");
    for (image, deviation) in scored.deviations.iter().enumerate() {
        let right = maps.labels[image] == maps.predictions[image];
        assert_eq!(deviation.is_some(), right);
    }
}

#[test]
fn no_layout_of_the_array_changes_a_bit() {
    let maps = Maps::level_2();
    let expected = score_arrays(maps.arrays(), None, ALL).unwrap();
    // Columns in reverse order in memory, and every second map of twice as many.
    let mut padded = Array3::<f32>::from_elem((48, 8, 8), 9.0);
    padded.slice_mut(s![..;2, .., ..;-1]).assign(&maps.cams);
    let strided = ScoreArrays {
        cams: padded.slice(s![..;2, .., ..;-1]),
        ..maps.arrays()
    };
    let wide = maps.cams.mapv(f64::from);
    let wide = ScoreArrays {
        cams: wide.view(),
        labels: maps.labels.view(),
        predictions: maps.predictions.view(),
    };
    for scored in [
        score_arrays(strided, None, ALL).unwrap(),
        score_arrays(wide, None, ALL).unwrap(),
    ] {
        assert_eq!(scored.score, expected.score);
        assert_eq!(scored.means, expected.means);
        assert_eq!(scored.deviations, expected.deviations);
    }
}

#[test]
fn batches_have_the_squared_l2_of_the_whole_bit_for_bit() {
    let maps = Maps::level_2();
    let whole = score_arrays(maps.arrays(), Some(5), ALL).unwrap();
    let mut streamed = StreamingScore::new(5, 5, false).unwrap();
    assert_eq!(streamed.score(), None);
    for (begin, end) in [(0, 7), (7, 8), (8, 24)] {
        streamed.update(maps.slice(begin, end)).unwrap();
    }
    let score = streamed.score().unwrap();
    assert_eq!(streamed.means(), Some(&whole.means));
    assert_eq!(
        score.consistency.squared_l2,
        whole.score.consistency.squared_l2
    );
    assert_eq!(score.consistency.l2, None);
    assert_eq!(
        (score.kappa, score.accuracy),
        (whole.score.kappa, whole.score.accuracy)
    );
    let (found, expected) = (score.measures.unwrap(), whole.score.measures.unwrap());
    assert_eq!(found.grid_squared_l2, expected.grid_squared_l2);
    assert_eq!(found.chance_corrected, expected.chance_corrected);
    assert_eq!((found.grid_l2, found.chance_p), (None, None));
}

#[test]
fn shards_merge_and_states_go_on_bit_for_bit() {
    let maps = Maps::level_2();
    let whole = score_arrays(maps.arrays(), None, ALL).unwrap().score;
    let empty = || StreamingScore::new(4, 5, false).unwrap();
    let (mut first, mut second) = (empty(), empty());
    first.update(maps.slice(0, 10)).unwrap();
    second.update(maps.slice(10, 24)).unwrap();
    let mut stored = StreamingScore::from_state(&first.state()).unwrap();
    assert_eq!(stored, first);
    assert_eq!(
        StreamingScore::from_state(&empty().state()).unwrap(),
        empty()
    );
    first.merge(&second).unwrap();
    stored.merge(&second).unwrap();
    assert_eq!(stored, first);
    let merged = first.score().unwrap();
    assert_eq!((merged.images, merged.kappa), (whole.images, whole.kappa));
    // Chan's update rounds otherwise than Welford's.
    let ratio = merged.consistency.squared_l2.unwrap() / whole.consistency.squared_l2.unwrap();
    assert!((ratio - 1.0).abs() < 1e-13, "{ratio}");
    let mut from_nothing = empty();
    from_nothing.merge(&first).unwrap();
    from_nothing.merge(&empty()).unwrap();
    assert_eq!(from_nothing, first);
}

#[test]
fn what_does_not_fit_is_refused_and_adds_nothing() {
    let maps = Maps::level_2();
    let mut streamed = StreamingScore::new(4, 7, false).unwrap();
    streamed.update(maps.slice(0, 5)).unwrap();
    let before = streamed.clone();
    let mut bad = maps.cams.clone();
    bad[[23, 1, 2]] = f32::NAN;
    let not_a_number = ScoreArrays {
        cams: bad.view(),
        ..maps.arrays()
    };
    let problem = streamed.update(not_a_number).unwrap_err();
    assert!(
        matches!(
            problem,
            ScoreProblem::NotFinite {
                image: 23,
                index: 10,
                ..
            }
        ),
        "{problem}"
    );
    let other_size = ScoreArrays {
        cams: maps.cams.slice(s![.., ..4, ..]),
        ..maps.arrays()
    };
    let problem = streamed.update(other_size).unwrap_err().to_string();
    assert!(problem.contains("4 x 8 after maps of 8 x 8"), "{problem}");
    let problem = score_arrays(maps.arrays(), Some(3), AS_IS)
        .unwrap_err()
        .to_string();
    assert!(problem.contains("0 to 2"), "{problem}");
    let raw = maps.cams.mapv(|value| value * 3.0);
    let raw = ScoreArrays {
        cams: raw.view(),
        ..maps.arrays()
    };
    assert!(matches!(
        streamed.update(raw),
        Err(ScoreProblem::OutsideUnit { .. })
    ));
    let missing = ScoreArrays {
        labels: maps.labels.slice(s![..23]),
        ..maps.arrays()
    };
    assert!(matches!(
        streamed.update(missing),
        Err(ScoreProblem::Images {
            array: "labels",
            found: 23,
            ..
        })
    ));
    assert!(
        streamed
            .merge(&StreamingScore::new(5, 7, false).unwrap())
            .is_err()
    );
    assert_eq!(streamed, before);
}

#[test]
fn a_stored_state_that_contradicts_itself_is_refused() {
    let mut streamed = StreamingScore::new(4, 7, false).unwrap();
    streamed.update(Maps::level_2().arrays()).unwrap();
    let state = streamed.state();
    for end in [0, 1, 6, 20, state.len() - 1] {
        assert!(StreamingScore::from_state(&state[..end]).is_err(), "{end}");
    }
    let with = |index: usize, value: f64| {
        let mut state = state.clone();
        state[index] = value;
        StreamingScore::from_state(&state)
    };
    // Version, classes, height, a count, a sum of squares.
    for (index, value) in [
        (0, 2.0),
        (2, 1e300),
        (3, 9e15),
        (7, 0.5),
        (16, -1.0),
        (17, f64::NAN),
    ] {
        assert!(with(index, value).is_err(), "{index}");
    }
    assert!(StreamingScore::from_state(&[&state[..], &[0.0]].concat()).is_err());
}

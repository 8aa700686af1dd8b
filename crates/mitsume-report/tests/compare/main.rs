//! Several models on the same images: figures and paired intervals against other implementations
//! and against resamples written out; which images are matched; what is refused.

mod made;
mod matching;
mod pages;
mod patients;
mod refused;

use std::path::PathBuf;

use made::{Made, two_models};
use mitsume::measures::GridMaps;
use mitsume::stability::{RankedMap, Stability};
use mitsume::{ClassMeans, ConfusionMatrix, DeviationPass};
use mitsume_artifacts::{BootstrapEstimate, ComparedFigures, ModelComparison};
use mitsume_report::{CompareOptions, ResampledWithin, compare};
use mitsume_stats::bootstrap::percentile_interval;
use mitsume_stats::resampling::Strata;
use serde_json::Value;

/// The comparison of made evaluations.
fn compared(models: &[Made], options: &CompareOptions) -> ModelComparison {
    let dir = tempfile::tempdir().unwrap();
    let paths = made::write_all(models, dir.path());
    compare(&paths, options).unwrap().result().clone()
}

fn figure(figures: &ComparedFigures, name: &str) -> BootstrapEstimate {
    match name {
        "accuracy" => figures.accuracy,
        "kappa" => figures.kappa,
        "squared_l2" => figures.squared_l2,
        "l2" => figures.l2,
        "grid_squared_l2" => figures.grid_squared_l2,
        "grid_l2" => figures.grid_l2,
        "chance_corrected" => figures.chance_corrected,
        other => panic!("no figure {other}"),
    }
}

#[track_caller]
fn assert_close(found: Option<f64>, expected: f64, tolerance: f64, what: &str) {
    let found = found.unwrap_or_else(|| panic!("{what} is not defined"));
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found} {expected}"
    );
}

/// The models of `scripts/reference/compare.py`.
fn reference() -> (Value, Vec<Made>) {
    let json: Value = serde_json::from_str(include_str!("../fixtures/compare.json")).unwrap();
    let numbers = |value: &Value| -> Vec<f64> {
        let all = value.as_array().unwrap().iter();
        all.map(|number| number.as_f64().unwrap()).collect()
    };
    let classes = |value: &Value| -> Vec<usize> {
        numbers(value)
            .into_iter()
            .map(|class| class as usize)
            .collect()
    };
    let side = json["side"].as_u64().unwrap() as usize;
    let labels = classes(&json["labels"]);
    let models = (0..2).map(|model| {
        let values: Vec<f32> = numbers(&json["maps"][model])
            .into_iter()
            .map(|value| value as f32)
            .collect();
        Made {
            labels: labels.clone(),
            predictions: classes(&json["predictions"][model]),
            maps: values.chunks(side * side).map(<[f32]>::to_vec).collect(),
            ..Made::empty(&["a", "b", "c"], [side, side])
        }
        .with_paths("")
    });
    let models = models.collect();
    (json, models)
}

#[test]
fn figures_are_numpys_and_intervals_scipys_but_for_the_draws() {
    let (json, models) = reference();
    let options = CompareOptions {
        resamples: json["resamples"].as_u64().unwrap() as usize,
        within: ResampledWithin::All,
        ..CompareOptions::default()
    };
    let found = compared(&models, &options);
    for name in ["accuracy", "kappa", "squared_l2", "l2", "chance_corrected"] {
        let expected = |model: usize| json["values"][model][name].as_f64().unwrap();
        for model in 0..2 {
            let value = figure(&found.models[model].figures, name).value;
            // Sums of at most 48 maps in f64; those of the grid are of maps rounded to f32.
            assert_close(value, expected(model), 1e-7, name);
        }
        let difference = figure(&found.pairs[0].differences, name);
        assert_close(difference.value, expected(1) - expected(0), 1e-7, name);
        let limits = &json["intervals"][name];
        let limits = [limits[0].as_f64().unwrap(), limits[1].as_f64().unwrap()];
        let interval = difference.interval.unwrap();
        // Both are of 20,000 draws of their own: a limit has a standard error of 0.019 standard
        // deviations, 0.0048 of the interval's width; four of the difference of two are 0.027, and
        // the shift's are 0.01. The accuracy has steps of 1/48.
        let width = limits[1] - limits[0];
        let is_consistency = !["accuracy", "kappa"].contains(&name);
        let bias = json["means"][name].as_f64().unwrap() - (expected(1) - expected(0));
        // A mean has a standard error of 0.007 standard deviations, 0.0018 of the width.
        assert_close(difference.bias, bias, 0.01 * width, name);
        let shift = if is_consistency { bias } else { 0.0 };
        let step = if name == "accuracy" {
            1.0 / 48.0 + 1e-9
        } else {
            0.0
        };
        for (found, expected) in interval.into_iter().zip(limits) {
            assert_close(Some(found), expected - shift, 0.037 * width + step, name);
        }
    }
    let pearson = found.pairs[0].maps.pearson.value;
    // NumPy's is of maps in f32.
    assert_close(pearson, json["pearson"].as_f64().unwrap(), 1e-6, "pearson");
}

/// The figures of one model over a set in which image i stands `times[i]` times, by their
/// definitions, in the order of `NAMES`.
fn written_out(model: &Made, times: &[u32], grid: usize) -> Figures {
    let classes = model.classes.len();
    let mut means = ClassMeans::new(classes, model.shape);
    let mut on_grid = GridMaps::new(classes, model.shape, grid);
    let mut confusion = ConfusionMatrix::new(classes);
    let set = || {
        let each = times.iter().enumerate();
        each.flat_map(|(image, &times)| std::iter::repeat_n(image, times as usize))
    };
    let correct = |image: usize| model.labels[image] == model.predictions[image];
    for image in set() {
        let class = model.labels[image];
        confusion.add(class, model.predictions[image]).unwrap();
        if correct(image) {
            means.push(class, &model.maps[image]).unwrap();
            on_grid.push(class, &model.maps[image]).unwrap();
        }
    }
    let mut pass = DeviationPass::new(&means);
    for image in set().filter(|image| correct(*image)) {
        pass.push(model.labels[image], &model.maps[image]).unwrap();
    }
    [
        Some(confusion.accuracy()),
        Some(confusion.kappa()),
        means.squared_l2().total().mean(),
        pass.l2().total().mean(),
        on_grid.squared_l2(),
        on_grid.l2(),
        on_grid.chance_corrected(),
    ]
}

/// The figures of a model, in the order of [`NAMES`].
type Figures = [Option<f64>; 7];

const NAMES: [&str; 7] = [
    "accuracy",
    "kappa",
    "squared_l2",
    "l2",
    "grid_squared_l2",
    "grid_l2",
    "chance_corrected",
];

#[test]
fn intervals_are_those_of_the_same_resamples_written_out() {
    let models = two_models();
    for within in [ResampledWithin::Class, ResampledWithin::All] {
        let options = CompareOptions {
            resamples: 101,
            seed: 7,
            within,
            grid: 3,
            ..CompareOptions::default()
        };
        let found = compared(&models, &options);
        // The images are made in the order in which they are compared: by class, then by path.
        let strata = match within {
            ResampledWithin::Class => Strata::by_label(&models[0].labels),
            ResampledWithin::All => Strata::whole(models[0].labels.len()),
        };
        let resamples: Vec<Vec<Figures>> = (0..101)
            .map(|number| {
                let times = strata.draw(7, number);
                let each = models.iter();
                each.map(|model| written_out(model, &times, 3)).collect()
            })
            .collect();
        for (index, name) in NAMES.into_iter().enumerate() {
            let of = |value: &dyn Fn(&[Figures]) -> Option<f64>| {
                let mut values: Vec<f64> =
                    resamples.iter().filter_map(|both| value(both)).collect();
                let own = models.iter().map(|model| written_out(model, &[1; 45], 3));
                let own = value(&own.collect::<Vec<_>>()).unwrap();
                let bias = values.iter().sum::<f64>() / values.len() as f64 - own;
                let shift = if index < 2 { 0.0 } else { bias };
                let interval = percentile_interval(&mut values, 0.95).unwrap();
                let limits = [interval.low - shift, interval.high - shift];
                (limits, values.len())
            };
            let check = |estimate: BootstrapEstimate, (expected, defined): ([f64; 2], usize)| {
                assert_eq!(estimate.defined, defined, "{name}");
                for (found, expected) in estimate.interval.unwrap().into_iter().zip(expected) {
                    // The sums cancel differently; chance-corrected values divide by one of them.
                    assert_close(Some(found), expected, 1e-11, name);
                }
            };
            for model in 0..2 {
                let figures = &found.models[model].figures;
                check(figure(figures, name), of(&|both| both[model][index]));
            }
            let difference = |both: &[Figures]| Some(both[1][index]? - both[0][index]?);
            check(figure(&found.pairs[0].differences, name), of(&difference));
        }
    }
}

#[test]
fn results_do_not_depend_on_threads_or_on_the_order_of_the_models() {
    let dir = tempfile::tempdir().unwrap();
    let paths = made::write_all(&two_models(), dir.path());
    let options = CompareOptions {
        resamples: 203,
        ..CompareOptions::default()
    };
    let with_threads = |threads: usize, paths: &[PathBuf], options: &CompareOptions| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let found = pool.build().unwrap().install(|| compare(paths, options));
        found.unwrap().result().clone()
    };
    let found = with_threads(1, &paths, &options);
    let json = |found: &ModelComparison| serde_json::to_string(found).unwrap();
    assert_eq!(json(&found), json(&with_threads(3, &paths, &options)));
    let backwards = [paths[1].clone(), paths[0].clone()];
    let options = CompareOptions {
        baseline: Some(found.baseline.clone()),
        ..options
    };
    let turned = with_threads(2, &backwards, &options);
    assert_eq!(turned.pairs, found.pairs);
    assert_eq!(turned.models[1], found.models[0]);
    let other = CompareOptions { seed: 1, ..options };
    assert_ne!(with_threads(2, &paths, &other).pairs, found.pairs);
}

#[test]
fn without_resamples_there_are_figures_and_no_intervals() {
    let options = CompareOptions {
        resamples: 0,
        ..CompareOptions::default()
    };
    let found = compared(&two_models(), &options);
    let accuracy = found.models[0].figures.accuracy;
    assert!(accuracy.value.is_some() && accuracy.interval.is_none());
    assert_eq!(found.pairs[0].maps.pearson.interval, None);
}

#[test]
fn mcnemars_table_is_of_the_images_that_either_has_right() {
    let models = two_models();
    let found = compared(&models, &CompareOptions::default());
    let right = |model: &Made, image: usize| model.labels[image] == model.predictions[image];
    let count = |of: (bool, bool)| {
        let images = 0..models[0].labels.len();
        let images = images.filter(|i| (right(&models[0], *i), right(&models[1], *i)) == of);
        images.count() as u64
    };
    let test = found.pairs[0].accuracy;
    let expected = [(true, true), (true, false), (false, true), (false, false)].map(count);
    let table = [test.both, test.baseline_only, test.model_only, test.neither];
    assert_eq!(table, expected);
    assert!(test.p > 0.0 && test.p <= test.p_holm && test.p_holm <= 1.0);
}

/// The measures themselves are compared with numpy's in `mitsume`; here, of which pairs they are.
#[test]
fn stability_is_over_every_pair_of_models_that_have_an_image_right() {
    let mut models = two_models();
    let mut third = models[0].clone();
    third.maps.rotate_left(1);
    // All wrong of one class, and a map of nothing.
    let classes = third.classes.len();
    for image in 0..third.labels.len() {
        if third.labels[image] == 0 {
            third.predictions[image] = 1 % classes;
        }
    }
    third.maps[7].fill(0.0);
    models.push(third);
    let found = compared(&models, &CompareOptions::default());
    let (mut expected, mut constant) = (Stability::default(), 0);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        for image in 0..models[0].labels.len() {
            let pair = [a, b].map(|model: usize| &models[model]);
            let maps = pair.map(|model| RankedMap::new(&model.maps[image]));
            let right = pair.map(|model| model.labels[image] == model.predictions[image]);
            match maps[0].distance(&maps[1]) {
                Some(distance) => expected.push(distance, right),
                None => constant += usize::from(right[0] || right[1]),
            }
        }
    }
    assert!(expected.same() > 0 && expected.different() > 0 && constant > 0);
    let stability = found.stability.unwrap();
    let counted = (
        stability.both_right,
        stability.one_right,
        stability.constant,
    );
    assert_eq!(counted, (expected.same(), expected.different(), constant));
    // The images are added in another order.
    assert_close(stability.mege, expected.mege().unwrap(), 1e-12, "MeGe");
    assert_close(stability.reco, expected.reco().unwrap(), 1e-12, "ReCo");
    assert!(found.summary.last().unwrap().contains("MeGe"));

    let one = models.remove(0);
    let twice = compared(&[one.clone(), one], &CompareOptions::default());
    assert_eq!(twice.stability.unwrap().mege, Some(1.0), "the same maps");
    assert_eq!(
        twice.stability.unwrap().reco,
        None,
        "no image is right by one alone"
    );
}

/// A model whose maps are the baseline's, but for one image.
#[test]
fn the_image_whose_maps_differ_is_named_first() {
    let first = two_models().remove(0);
    let mut second = first.clone();
    let other: Vec<f32> = first.maps[5].iter().map(|value| 1.0 - value).collect();
    second.maps[5].clone_from(&other);
    let found = compared(&[first.clone(), second], &CompareOptions::default());
    let maps = &found.pairs[0].maps;
    assert_eq!(maps.least_alike[0].image, first.paths[5]);
    assert!((maps.least_alike[0].pearson + 1.0).abs() < 1e-6);
    assert!((maps.least_alike[1].pearson - 1.0).abs() < 1e-12);
    assert_eq!(maps.least_alike[1].squared_l2, 0.0);
    assert!(maps.baseline_only.is_empty() && maps.model_only.is_empty());
    assert_eq!(maps.least_alike.len(), CompareOptions::default().top);
}

#[test]
fn maps_of_another_size_compare_on_the_grid_and_not_by_l2() {
    let first = two_models().remove(0);
    // Every value repeated twice in each direction: the same map, sampled more finely.
    let mut second = first.clone();
    let [h, w] = first.shape;
    second.shape = [2 * h, 2 * w];
    for map in &mut second.maps {
        let finer = |i: usize| map[i / (2 * w) / 2 * w + i % (2 * w) / 2];
        *map = (0..4 * h * w).map(finer).collect();
    }
    let found = compared(&[first, second], &CompareOptions::default());
    assert!(found.map_sizes_differ);
    assert_eq!(found.map_size, [2 * h, 2 * w]);
    assert_eq!(found.grid, [h.min(w), h.min(w)]);
    let differences = &found.pairs[0].differences;
    assert_eq!(differences.l2, BootstrapEstimate::default());
    assert!(found.models[1].figures.l2.value.is_some());
    for name in [
        "squared_l2",
        "grid_squared_l2",
        "grid_l2",
        "chance_corrected",
    ] {
        let difference = figure(differences, name);
        // The grid is averaged from other numbers, rounded to f32.
        assert_close(difference.value, 0.0, 1e-7, name);
        let [low, high] = difference.interval.unwrap();
        assert!(low >= -1e-7 && high <= 1e-7, "{name}: {low} {high}");
    }
    assert!(
        found
            .cautions
            .iter()
            .any(|caution| caution.contains("differ in size"))
    );
    // Bilinear enlargement smooths what repetition keeps.
    let pearson = found.pairs[0].maps.pearson.value.unwrap();
    assert!(pearson > 0.9 && pearson < 1.0, "{pearson}");
}

#[test]
fn shared_takes_the_images_that_every_model_has_right() {
    let models = two_models();
    let options = |shared| CompareOptions {
        shared,
        resamples: 50,
        ..CompareOptions::default()
    };
    let (own, shared) = (
        compared(&models, &options(false)),
        compared(&models, &options(true)),
    );
    let both = own.pairs[0].accuracy.both;
    assert_ne!(own.models[0].counted, own.models[1].counted);
    assert!(shared.models.iter().all(|model| model.counted == both));
    assert_eq!(
        own.models[0].figures.accuracy,
        shared.models[0].figures.accuracy
    );
    let caution = |found: &ModelComparison| found.cautions.iter().any(|c| c.contains("--shared"));
    assert!(caution(&own) && !caution(&shared));
    // Written out: the images that one of them has wrong count in neither consistency.
    let mut restricted = models[0].clone();
    for image in 0..restricted.labels.len() {
        if models[1].predictions[image] != models[1].labels[image] {
            let class = (restricted.labels[image] + 1) % restricted.classes.len();
            restricted.predictions[image] = class;
        }
    }
    let times = vec![1; restricted.labels.len()];
    let expected = written_out(&restricted, &times, shared.grid[0]);
    let found = shared.models[0].figures.squared_l2.value;
    assert_close(found, expected[2].unwrap(), 1e-12, "squared_l2");
}

#[test]
fn the_table_of_images_has_each_image_with_each_model() {
    let dir = tempfile::tempdir().unwrap();
    let models = two_models();
    let paths = made::write_all(&models, dir.path());
    let report = compare(&paths, &CompareOptions::default()).unwrap();
    let out = dir.path().join("out");
    report.write(&out).unwrap();
    let written = std::fs::read_to_string(out.join("compare.json")).unwrap();
    let expected = serde_json::to_string_pretty(report.result()).unwrap();
    assert_eq!(written.trim(), expected);
    let read: ModelComparison = serde_json::from_str(&written).unwrap();
    let table = std::fs::read_to_string(out.join("compare.csv")).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split(',').collect())
        .collect();
    assert_eq!(rows.len(), 1 + 2 * models[0].labels.len());
    let column = |name: &str| rows[0].iter().position(|head| *head == name).unwrap();
    let (model, r) = (column("model"), column("map_pearson"));
    assert!(
        rows[1..]
            .iter()
            .all(|row| (row[model] == "model-0") == row[r].is_empty())
    );
    let right = rows[1..]
        .iter()
        .filter(|row| row[model] == "model-1" && row[column("correct")] == "1");
    let accuracy = right.count() as f64 / models[0].labels.len() as f64;
    assert_eq!(
        Some(accuracy),
        report.result().models[1].figures.accuracy.value
    );
    // Read back, to the last digits of a decimal number.
    assert_close(
        read.models[1].figures.accuracy.value,
        accuracy,
        1e-15,
        "accuracy",
    );
}

//! Whole analyses of the published records and of small synthetic ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mitsume_stats::{Analysis, AnalysisOptions, Caution, EpochRecord, analyze, read_epochs};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The records of the repository's page on the repeated experiment.
fn published_epochs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../evidence/published/experiment-1.csv")
}

fn published() -> Analysis {
    let records = read_epochs(&published_epochs()).unwrap();
    assert_eq!(records.len(), 1200);
    analyze(&records, &AnalysisOptions::default()).unwrap()
}

/// The authors' r per run. Kappa and consistency are kept to nine digits, hence not exact.
#[test]
fn the_published_records_have_the_published_correlations() {
    let analysis = published();
    let mut found = BTreeMap::new();
    for correlation in &analysis.correlations {
        for run in &correlation.per_run {
            let key = (
                &correlation.dataset[..],
                &run.run[..],
                &correlation.model[..],
            );
            assert_eq!(run.epochs, 20);
            found.insert(key, run.r.unwrap());
        }
    }
    let table = std::fs::read_to_string(fixture("published-r.csv")).unwrap();
    let mut published = 0;
    for line in table.lines().skip(1) {
        let [dataset, run, model, r] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let r: f64 = r.parse().unwrap();
        assert!((found[&(dataset, run, model)] - r).abs() < 1e-6, "{line}");
        published += 1;
    }
    assert_eq!((published, found.len()), (55, 55));
}

/// Table 2 of the thesis, to its four digits. Its Brain column has a sixth run, of accuracy; the
/// mean of the five runs of kappa of level 1 is known.
#[test]
fn the_published_records_have_the_means_of_table_2() {
    let analysis = published();
    let mean = |dataset: &str, model: &str| {
        let found = analysis
            .correlations
            .iter()
            .find(|correlation| correlation.dataset == dataset && correlation.model == model);
        (found.unwrap().runs, found.unwrap().mean_r)
    };
    let chest = [-0.5587, -0.5901, -0.0956, 0.0062, -0.325];
    for (level, expected) in (1..).zip(chest) {
        let (runs, r) = mean("chest-xray", &format!("level{level}"));
        assert_eq!(runs, 6);
        assert!((r - expected).abs() <= 5.1e-5, "level {level}: {r}");
    }
    let (runs, r) = mean("brain-tumor-mri", "level1");
    assert_eq!(runs, 5);
    assert!((r - 0.8075).abs() <= 5e-5, "{r}");
}

#[test]
fn runs_without_kappa_and_autocorrelated_epochs_are_cautioned() {
    let analysis = published();
    let (without, runs) = (5, 60);
    assert_eq!(analysis.cautions[0], Caution::NoKappa { without, runs });
    let Caution::Autocorrelated { epochs, least, .. } = &analysis.cautions[1] else {
        panic!("{:?}", analysis.cautions);
    };
    assert!(*epochs == 20.0 && *least < 18.0, "{epochs} {least}");
    for correlation in &analysis.correlations {
        let interval = correlation.fisher.unwrap().interval.unwrap();
        assert!(interval.low < correlation.mean_r && correlation.mean_r < interval.high);
        assert!(correlation.effective_epochs.unwrap() < 20.0);
        assert!(correlation.bootstrap.is_some() && correlation.sign_flip_p.is_some());
    }
    assert!(analysis.lambdas.is_empty());
    assert_eq!(analysis.condition_kappas.len(), 10);
}

#[test]
fn the_order_of_the_records_does_not_matter() {
    let mut records = read_epochs(&published_epochs()).unwrap();
    let options = AnalysisOptions {
        resamples: 200,
        ..AnalysisOptions::default()
    };
    let expected = analyze(&records, &options).unwrap();
    records.reverse();
    assert_eq!(analyze(&records, &options).unwrap(), expected);
}

#[test]
fn the_json_has_the_documented_keys() {
    let options = AnalysisOptions {
        resamples: 100,
        ..AnalysisOptions::default()
    };
    let json = serde_json::to_value(analyze(&learning(), &options).unwrap()).unwrap();
    for key in [
        "dataset",
        "model",
        "mean_r",
        "runs",
        "per_run",
        "bootstrap",
        "fisher",
    ] {
        assert!(json["correlations"][0].get(key).is_some(), "{key}");
    }
    for key in [
        "dataset",
        "model",
        "lambda",
        "final_kappa",
        "best_kappa",
        "p_holm",
    ] {
        assert!(json["lambdas"][0].get(key).is_some(), "{key}");
    }
    assert!(json["cautions"].is_array() && json["cells"].is_array());
}

/// Two models, three seeds, lambdas -100, 0 and 50, three epochs. Final kappa is 0.8 plus 0.01 per
/// seed, plus 0.02 (and 0.001 per seed) at 50, minus 0.05 (and 0.002) at -100. The best is the
/// second epoch's: 0.01 more.
fn learning() -> Vec<EpochRecord> {
    let mut records = Vec::new();
    for model in ["level1", "level2"] {
        for seed in 1..=3 {
            for lambda in [-100.0, 0.0, 50.0] {
                let by_seed = f64::from(seed);
                let effect = match lambda {
                    50.0 => 0.02 + 0.001 * by_seed,
                    0.0 => 0.0,
                    _ => -0.05 - 0.002 * by_seed,
                };
                let last = 0.8 + 0.01 * by_seed + effect;
                for (epoch, kappa) in [(1, 0.5), (2, last + 0.01), (3, last)] {
                    records.push(EpochRecord {
                        dataset: "phantoms".to_owned(),
                        run: format!("{model}-{seed}-{lambda}"),
                        seed: Some(seed.to_string()),
                        model: model.to_owned(),
                        equivalent_models: Vec::new(),
                        lambda: Some(lambda),
                        epoch,
                        kappa: Some(kappa),
                        consistency: Some(0.01 - 0.005 * kappa + 1e-4 * f64::from(epoch)),
                    });
                }
            }
        }
    }
    records
}

#[test]
fn lambdas_are_compared_with_the_baseline_of_the_same_seed() {
    let analysis = analyze(&learning(), &AnalysisOptions::default()).unwrap();
    let keys: Vec<(Option<&str>, f64, usize)> = analysis
        .lambdas
        .iter()
        .map(|one| (one.model.as_deref(), one.lambda, one.final_kappa.pairs))
        .collect();
    let expected = [
        (Some("level1"), -100.0, 3),
        (Some("level1"), 50.0, 3),
        (Some("level2"), -100.0, 3),
        (Some("level2"), 50.0, 3),
        (None, -100.0, 6),
        (None, 50.0, 6),
    ];
    assert_eq!(keys, expected);
    let fifty = &analysis.lambdas[1];
    // Differences 0.021, 0.022, 0.023: mean 0.022, standard deviation 0.001.
    assert!((fifty.final_kappa.mean_difference - 0.022).abs() < 1e-12);
    assert!((fifty.final_kappa.d_z.unwrap() - 22.0).abs() < 1e-6);
    assert!((fifty.best_kappa.mean_difference - 0.022).abs() < 1e-12);
    // Four tests in the family, the two of lambda -100 the surest (d_z 27): 4 p of theirs is more
    // than 2 p of lambda 50, and no adjusted p may be below a surer test's.
    let surest = analysis.lambdas[0].final_kappa.p.unwrap();
    assert!((fifty.p_holm.unwrap() / (4.0 * surest) - 1.0).abs() < 1e-6);
    assert!(fifty.final_kappa.p.unwrap() > surest);
    assert_eq!(fifty.final_kappa.sign_flip_p, Some(0.25));
}

#[test]
fn conditions_have_final_and_best_kappa_over_seeds() {
    let analysis = analyze(&learning(), &AnalysisOptions::default()).unwrap();
    assert_eq!(analysis.condition_kappas.len(), 6);
    let plain = &analysis.condition_kappas[1];
    assert_eq!((plain.lambda, plain.final_kappa.runs), (Some(0.0), 3));
    assert!((plain.final_kappa.mean - 0.82).abs() < 1e-12);
    assert!((plain.final_kappa.standard_deviation.unwrap() - 0.01).abs() < 1e-12);
    assert!((plain.best_kappa.max - 0.84).abs() < 1e-12);
    // t of 2 degrees of freedom, 4.302652729749462.
    let half = 4.302652729749462 * 0.01 / 3_f64.sqrt();
    assert!((plain.final_kappa.interval.unwrap().high - 0.82 - half).abs() < 1e-9);
}

#[test]
fn a_single_seed_is_compared_across_models_only_and_cautioned() {
    let mut records = learning();
    records.retain(|record| record.seed.as_deref() == Some("1"));
    let analysis = analyze(&records, &AnalysisOptions::default()).unwrap();
    let one = &analysis.lambdas[0];
    assert_eq!(
        (one.final_kappa.pairs, one.final_kappa.p, one.p_holm),
        (1, None, None)
    );
    assert_eq!(analysis.lambdas[5].final_kappa.pairs, 2);
    assert!(analysis.cautions.contains(&Caution::SingleSeed(4)));
}

#[test]
fn without_a_baseline_there_is_no_comparison() {
    let mut records = learning();
    records.retain(|record| record.lambda != Some(0.0));
    let analysis = analyze(&records, &AnalysisOptions::default()).unwrap();
    assert!(analysis.lambdas.is_empty());
    assert!(analysis.cautions.contains(&Caution::NoBaseline(0.0)));
}

#[test]
fn nothing_gives_an_empty_analysis() {
    let analysis = analyze(&[], &AnalysisOptions::default()).unwrap();
    assert!(analysis.correlations.is_empty() && analysis.condition_kappas.is_empty());
    assert!(analysis.lambdas.is_empty() && analysis.cautions.is_empty());
}

#[test]
fn contradictory_records_are_refused() {
    let mut records = learning();
    records.push(records[0].clone());
    let error = analyze(&records, &AnalysisOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("epoch 1 is there twice"), "{error}");

    let mut records = learning();
    let again: Vec<EpochRecord> = records[..3]
        .iter()
        .map(|record| EpochRecord {
            run: "again".to_owned(),
            ..record.clone()
        })
        .collect();
    records.extend(again);
    let error = analyze(&records, &AnalysisOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("same seed 1") && error.contains("again"),
        "{error}"
    );

    let options = AnalysisOptions {
        confidence: 95.0,
        ..AnalysisOptions::default()
    };
    let error = analyze(&learning(), &options).unwrap_err().to_string();
    assert!(error.contains("95") && error.contains("0.95"), "{error}");
}

#[test]
fn a_baseline_is_compared_with_every_equivalent_model() {
    let mut records = learning();
    records.retain(|record| record.model == "level1" && record.lambda != Some(-100.0));
    let mut late = records.clone();
    late.retain(|record| record.lambda == Some(50.0));
    for record in &mut late {
        record.model = "level1 (t1 20)".to_owned();
        record.run += "-late";
    }
    for record in &mut records {
        if record.lambda == Some(0.0) {
            record.model = "level1".to_owned();
            record.equivalent_models = ["level1 (t1 5)", "level1 (t1 20)"]
                .map(str::to_owned)
                .to_vec();
        } else {
            record.model = "level1 (t1 5)".to_owned();
        }
    }
    records.extend(late);
    let analysis = analyze(&records, &AnalysisOptions::default()).unwrap();
    let pairs: Vec<(Option<&str>, usize)> = analysis
        .lambdas
        .iter()
        .map(|one| (one.model.as_deref(), one.final_kappa.pairs))
        .collect();
    let expected = [
        (Some("level1 (t1 20)"), 3),
        (Some("level1 (t1 5)"), 3),
        (None, 6),
    ];
    assert_eq!(pairs, expected);
    // It counts once in its own condition.
    let cells: Vec<(&str, usize)> = analysis
        .condition_kappas
        .iter()
        .map(|cell| (&cell.model[..], cell.final_kappa.runs))
        .collect();
    assert_eq!(
        cells,
        [("level1", 3), ("level1 (t1 20)", 3), ("level1 (t1 5)", 3)]
    );
}

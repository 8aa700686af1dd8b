//! Analyses of many runs: sentences claim what the tests show, and figures are well-formed SVG.

use std::path::Path;

use mitsume_report::{AnalysisReport, AnalysisReportOptions, analyze_path};

fn of_table(dir: &Path, rows: impl IntoIterator<Item = String>) -> AnalysisReport {
    let path = dir.join("epochs.csv");
    let mut text = "dataset,run,seed,model,lambda_max,epoch,kappa,consistency\n".to_owned();
    rows.into_iter().for_each(|row| text += &(row + "\n"));
    std::fs::write(&path, text).unwrap();
    analyze_path(&path, &AnalysisReportOptions::default()).unwrap()
}

/// Eight runs of ten epochs, kappa rising, consistency by a formula.
fn rows(consistency: impl Fn(usize, usize) -> f64) -> Vec<String> {
    (0..8)
        .flat_map(|run| (1..=10).map(move |epoch| (run, epoch)))
        .map(|(run, epoch)| {
            let kappa = 0.05 * epoch as f64 + 0.01 * ((run * 7 + epoch * 3) % 5) as f64;
            format!(
                "d,r{run},{run},level2,,{epoch},{kappa},{}",
                consistency(run, epoch)
            )
        })
        .collect()
}

fn noise(run: usize, epoch: usize) -> f64 {
    ((run * 31 + epoch * 17 + run * epoch * 13) % 23) as f64 / 23.0
}

#[test]
fn a_correlation_in_every_run_is_reported_with_its_direction() {
    let dir = tempfile::tempdir().unwrap();
    let falling = of_table(
        dir.path(),
        rows(|r, e| 1.0 - 0.05 * e as f64 + 0.1 * noise(r, e)),
    );
    let sentences = falling.sentences();
    assert!(
        sentences[0].contains("epochs of higher kappa are those of more consistent maps"),
        "{sentences:?}"
    );
    let rising = of_table(dir.path(), rows(|r, e| 0.05 * e as f64 + 0.1 * noise(r, e)));
    assert!(rising.sentences()[0].contains("less consistent maps"));
}

#[test]
fn without_a_significant_correlation_none_is_claimed() {
    let dir = tempfile::tempdir().unwrap();
    let report = of_table(dir.path(), rows(noise));
    let sentence = &report.sentences()[0];
    assert!(
        sentence.contains("no relation") && sentence.contains("does not show that there is none"),
        "{sentence}"
    );
}

#[test]
fn a_single_pair_of_runs_is_no_evidence_of_lambda() {
    let dir = tempfile::tempdir().unwrap();
    let rows = [("0", 0.5), ("50", 0.9)]
        .into_iter()
        .flat_map(|(lambda, kappa)| {
            (1..=3).map(move |epoch| format!("d,r,1,m,{lambda},{epoch},{kappa},0.1"))
        });
    let report = of_table(dir.path(), rows);
    let all = report.sentences().join("\n");
    assert!(
        all.contains("single pair of runs; it cannot be told from chance"),
        "{all}"
    );
}

#[test]
fn an_effect_in_every_seed_is_reported_and_chance_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let with = |shift: fn(usize) -> f64| -> Vec<String> {
        let runs = (0..6).flat_map(|seed| [(seed, 0.0), (seed, 50.0)]);
        runs.map(|(seed, lambda)| {
            let effect = if lambda == 0.0 { 0.0 } else { shift(seed) };
            let kappa = 0.5 + 0.01 * (seed % 3) as f64 + effect;
            format!("d,r{seed},{seed},m,{lambda},1,{kappa},{}", 0.3 - effect)
        })
        .collect()
    };
    let all = of_table(dir.path(), with(|seed| 0.2 + 0.01 * seed as f64))
        .sentences()
        .join("\n");
    assert!(all.contains("kappa changes by +0.225"), "{all}");
    assert!(all.contains("consistency changes by −0.225"), "{all}");
    let all = of_table(
        dir.path(),
        with(|seed| if seed % 2 == 0 { 0.1 } else { -0.1 }),
    )
    .sentences()
    .join("\n");
    assert!(all.contains("no effect on kappa is shown"), "{all}");
}

#[test]
fn names_from_a_table_are_escaped_in_pages_and_figures() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (1..=3).map(|epoch| format!("<b>&\"x\"/../y,r,1,<script>m,,{epoch},0.{epoch},0.2"));
    let rows = rows.map(|row| {
        let (name, rest) = row.split_once(",r,").unwrap();
        format!("\"{}\",r,{rest}", name.replace('"', "\"\""))
    });
    let out = dir.path().join("out");
    of_table(dir.path(), rows).write(&out).unwrap();
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(
        page.matches("<script").count(),
        1,
        "only the page's own script"
    );
    assert!(!page.contains("<b>&\""));
    let files: Vec<_> = std::fs::read_dir(out.join("figures"))
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    assert!(!files.is_empty());
    for file in files {
        let svg = std::fs::read_to_string(&file).unwrap();
        assert!(
            !svg.contains("<script") && svg.starts_with("<svg"),
            "{}",
            file.display()
        );
        assert!(
            !svg.contains("NaN") && !svg.contains("inf"),
            "{}",
            file.display()
        );
    }
}

#[test]
fn the_same_table_gives_the_same_files() {
    let dir = tempfile::tempdir().unwrap();
    let read = |out: &str| {
        let out = dir.path().join(out);
        of_table(dir.path(), rows(noise)).write(&out).unwrap();
        let files = [
            "report.html",
            "analysis.json",
            "figures/scatter-consistency-d.svg",
        ];
        files.map(|file| std::fs::read(out.join(file)).unwrap())
    };
    assert_eq!(read("a"), read("b"));
}

/// Kappa falls with the value, which is a distance, in each of two models; between them it rises.
#[test]
fn a_measure_that_orders_runs_as_kappa_does_within_every_model_is_said_to_agree() {
    let dir = tempfile::tempdir().unwrap();
    let rows = |wrong: f64| {
        let runs = (0..8).flat_map(|run| ["level1", "level2"].map(|model| (run, model)));
        runs.map(move |(run, model)| {
            let base = if model == "level1" { 0.1 } else { 0.5 };
            let kappa = base + 0.02 * f64::from(run);
            let distance = base - wrong * 0.01 * f64::from(run);
            format!("d,{model}{run},{run},{model},,1,{kappa},{distance}")
        })
        .collect::<Vec<_>>()
    };
    let agrees = of_table(dir.path(), rows(1.0));
    let pair = &agrees.json()["agreement"]["pooled"][0];
    assert_eq!(
        (&pair["a"], &pair["b"]),
        (&"kappa".into(), &"consistency".into())
    );
    assert_eq!(pair["tau"], 1.0);
    assert_eq!(pair["pairs"], 2 * 28);
    let text = agrees.text(usize::MAX);
    assert!(text.contains("With kappa agree, by an interval above 0: consistency (+1.000)"));
    let disagrees = of_table(dir.path(), rows(-1.0));
    assert_eq!(disagrees.json()["agreement"]["pooled"][0]["tau"], -1.0);
    assert!(
        disagrees
            .text(usize::MAX)
            .contains("interval below 0: consistency (−1.000)")
    );
}

#[test]
fn with_too_few_runs_no_agreement_is_computed_and_the_page_leaves_it_out() {
    let dir = tempfile::tempdir().unwrap();
    let few = (0..4).map(|run| format!("d,r{run},{run},m,,1,0.{run},0.2{run}"));
    let report = of_table(dir.path(), few);
    let pair = &report.json()["agreement"]["pooled"][0];
    assert_eq!(
        (&pair["tau"], &pair["reason"]),
        (&serde_json::Value::Null, &"too-few-runs".into())
    );
    let out = dir.path().join("out");
    report.write(&out).unwrap();
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(!page.contains("Which measure deserves trust"));
    assert!(!out.join("agreement.csv").exists());
}

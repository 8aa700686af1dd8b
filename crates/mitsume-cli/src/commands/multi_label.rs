//! `mitsume eval` of a multi-label model.

use burn::tensor::Device;
use mitsume_artifacts::{FindingResult, ModelSettings, MultiLabelEvaluation};
use mitsume_data::ImageSource;
use mitsume_engine::evaluate_multi_label;
use mitsume_locale::{Language, text};
use mitsume_report::surroundings_sentences;

use super::{eval, model, output, shards};
use crate::args::EvalArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::stop;

/// Probability from which a finding is found, where `--threshold` names none.
const THRESHOLD: f64 = 0.5;

/// Runs the command.
pub fn run(args: &EvalArgs, device: &Device, console: Console) -> Result {
    if args.explain.is_some() {
        let problem = "--explain is for single-label models: of a multi-label one each finding of an \
                       image has its own map";
        return Err(Failure::Request(problem.into()));
    }
    shards::refuse(args)?;
    let list = eval::data(args)?;
    let (model, data) = model::open_multi_label(&args.model, Some(list), device, console)?;
    let data = data.expect("it was opened with data");
    let source = ImageSource::new(&data.folder.samples, model.preprocess(), 0)?;
    let input = model.input(&data.folder, &source);
    let stop = stop::on_signal(console);
    let options = eval::options(args, model.maps, None, &stop);
    let threshold = args.threshold.unwrap_or(THRESHOLD);
    let mut progress = Progress::new(console);
    let evaluation = evaluate_multi_label(&input, &data, threshold, &options, &mut |event| {
        progress.show(event);
    });
    progress.finish();
    let evaluation = evaluation.map_err(|error| stop::failure(error, console))?;
    if args.json {
        output::json(&evaluation)
    } else {
        output::text(&summary(&evaluation, console.language))
    }
}

/// A score with four decimals, or a dash for `None`.
fn score(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.4}"))
}

/// A row for each finding, under a header.
fn finding_rows(findings: &[FindingResult], language: Language) -> Vec<Vec<String>> {
    let mut rows = vec![vec![
        text!(language, "command-finding"),
        text!(language, "command-positives"),
        text!(language, "command-found"),
        text!(language, "command-true-positives"),
        "AUC".into(),
        text!(language, "command-average-precision"),
        "F1".into(),
        "squared-l2".into(),
        "l2".into(),
    ]];
    for one in findings {
        rows.push(vec![
            one.finding.clone(),
            one.positives.to_string(),
            one.predicted.to_string(),
            one.true_positives.to_string(),
            score(one.scores.auc),
            score(one.scores.average_precision),
            score(one.scores.f1),
            output::decimal(one.squared_l2),
            output::decimal(one.l2),
        ]);
    }
    rows
}

fn summary(evaluation: &MultiLabelEvaluation, language: Language) -> String {
    let model = &evaluation.model;
    let head = text!(
        language,
        "command-evaluated",
        model = model.name.as_str(),
        images = evaluation.data.images,
        skipped = evaluation.data.skipped.len(),
        method = model.method.to_string(),
        layer = model.target_layer.as_str(),
    );
    let scores = text!(
        language,
        "command-finding-scores",
        findings = evaluation.per_finding.len(),
        threshold = evaluation.threshold.to_string(),
        auc = score(evaluation.macro_average.auc),
        precision = score(evaluation.macro_average.average_precision),
        f1 = score(evaluation.macro_average.f1),
        loss = format!("{:.4}", evaluation.binary_cross_entropy),
    );
    let found = evaluation.surroundings.as_ref();
    let surroundings = found.map(|found| surroundings_sentences(&model.name, found, language));
    let settings: &ModelSettings = &model.settings;
    format!(
        "{head}\n{overrides}{scores}\n{consistency}{more}\n{table}\n{surroundings}",
        overrides = model::overrides(settings, language),
        consistency = output::consistency(
            evaluation.consistency.counted,
            "finding",
            [evaluation.consistency.squared_l2, evaluation.consistency.l2],
            language
        ),
        more = output::measures(evaluation.measures.as_ref(), language),
        table = output::table(&finding_rows(&evaluation.per_finding, language)),
        surroundings = output::bullet_list(&surroundings.unwrap_or_default()),
    )
}

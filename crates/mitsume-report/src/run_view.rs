//! What the page shows of each run: facts, data, environment, epochs and evaluation.

use mitsume_artifacts::Precision;
use mitsume_locale::{Language, text};

use crate::comparison;
use crate::entries::{Entry, Evaluated, Run};
use crate::epoch_table::epoch_table;
use crate::evaluation_view::evaluation_view;
use crate::gallery::GalleryLimits;
use crate::page::override_text;
use crate::template_data::RunView;
use crate::{Result, number_format};

/// Everything the page shows of one run or evaluation; `index` is its position on the page.
pub(crate) fn run_view(
    index: usize,
    entry: &Entry,
    limits: GalleryLimits,
    language: Language,
) -> Result<RunView> {
    let run = entry.run.as_ref();
    Ok(RunView {
        index,
        name: entry.name.clone(),
        facts: facts(entry, language)
            .into_iter()
            .chain(run.map(|run| data_facts(run, language)).unwrap_or_default())
            .collect(),
        environment: run
            .map(|run| environment(run, language))
            .unwrap_or_default(),
        config: run.map(|run| run.config_text.clone()),
        epochs: run
            .filter(|run| !run.epochs.is_empty())
            .map(|run| epoch_table(&run.epochs, language)),
        evaluation: entry
            .evaluation
            .as_ref()
            .map(|evaluated| evaluation_view(evaluated, limits, language))
            .transpose()?,
    })
}

fn facts(entry: &Entry, language: Language) -> Vec<(String, String)> {
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(evaluated) = &entry.evaluation {
        facts.extend(evaluation_facts(evaluated, language));
    }
    if let Some(run) = &entry.run {
        if entry.evaluation.is_none() {
            facts.push(("report-fact-model", run.config.model.title().to_owned()));
        }
        facts.extend(training_facts(run, language));
    }
    facts
        .into_iter()
        .map(|(name, value)| (text!(language, name), value))
        .collect()
}

/// Names of messages, with values.
fn evaluation_facts(evaluated: &Evaluated, language: Language) -> Vec<(&'static str, String)> {
    let (model, data) = (&evaluated.summary.model, &evaluated.summary.data);
    let [height, width] = model.cam_size;
    let parameters = number_format::count(model.parameters);
    let images = number_format::count(data.images);
    let mut facts = vec![
        ("report-fact-model", model.name.clone()),
        ("report-fact-parameters", parameters),
    ];
    if model.single_logit {
        let name = text!(language, "report-fact-outputs-single");
        facts.push(("report-fact-outputs", name));
    }
    let explained = text!(
        language,
        "report-fact-explained-class",
        explained = model.explain.kind(),
        class = model.explain.class().unwrap_or_default()
    );
    facts.extend([
        ("report-fact-layer", model.target_layer.clone()),
        ("report-fact-maps", model.method.to_string()),
        ("report-fact-explained", explained),
        ("report-fact-map-size", format!("{height} × {width}")),
        ("report-fact-evaluated-images", images),
        ("report-fact-evaluated-folder", data.named().to_owned()),
    ]);
    if model.settings.precision != Precision::Float32 {
        let precision = model.settings.precision.to_string();
        facts.push(("report-fact-precision", precision));
    }
    for one in &model.settings.overrides {
        facts.push(("report-fact-overrides", override_text(one, language)));
    }
    facts
}

/// Names of messages, with values.
fn training_facts(run: &Run, language: Language) -> Vec<(&'static str, String)> {
    let (data, train) = (&run.config.data, &run.config.train);
    let input = text!(
        language,
        "report-fact-input-size",
        side = data.image_size.to_string(),
        channels = data.channels.to_string()
    );
    let folder = data.train.display().to_string();
    let mut facts = vec![
        ("report-fact-input", input),
        ("report-fact-training-folder", folder),
        ("report-fact-epochs", comparison::epochs(run, language)),
    ];
    if let Some(best) = train.best.criterion.best_epoch(&run.epochs) {
        let best = text!(
            language,
            "report-fact-best-epoch-value",
            epoch = best.epoch.to_string(),
            criterion = train.best.criterion.to_string(),
            kappa = number_format::or_dash(best.kappa, |kappa| format!("{kappa:.4}")),
            loss = number_format::or_dash(best.val_loss, |loss| format!("{loss:.4}"))
        );
        facts.push(("report-fact-best-epoch", best));
    }
    facts.push(("report-fact-batch", train.batch_size.to_string()));
    facts.push(("report-fact-seed", train.seed.to_string()));
    facts
}

/// Warnings about the data of a run: other files and leaked images. Empty if it was not checked.
fn data_facts(run: &Run, language: Language) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for data in run
        .environment
        .iter()
        .flat_map(|environment| &environment.data)
    {
        let kinds = data.other_files.iter();
        let kinds: Vec<String> = kinds.map(|(kind, n)| format!("{n} {kind}")).collect();
        if !kinds.is_empty() {
            let files = format!("{} ({})", kinds.join(", "), data.root);
            facts.push((text!(language, "report-other-files"), files));
        }
        if let Some(images) = data.of_training_patients {
            let value = match images {
                0 => text!(language, "report-patients-none"),
                _ => text!(
                    language,
                    "report-patients-value",
                    images = images,
                    of = data.images
                ),
            };
            facts.push((text!(language, "report-patients"), value));
        }
        let leaks = match data.also_trained_on {
            None => continue,
            Some(0) => text!(language, "report-leaks-none"),
            Some(images) => {
                text!(
                    language,
                    "report-leaks-value",
                    images = images,
                    of = data.images
                )
            }
        };
        facts.push((text!(language, "report-leaks"), leaks));
    }
    facts
}

fn environment(run: &Run, language: Language) -> Vec<(String, String)> {
    let Some(environment) = &run.environment else {
        return Vec::new();
    };
    let cpu = &environment.cpu;
    let mut rows = vec![
        ("mitsume".to_owned(), environment.version.clone()),
        (
            text!(language, "report-fact-command"),
            environment.command.join(" "),
        ),
        (
            text!(language, "report-fact-device"),
            text!(
                language,
                "report-fact-threads",
                device = &environment.device,
                threads = environment.threads.to_string()
            ),
        ),
        (
            text!(language, "report-fact-platform"),
            environment.platform.clone(),
        ),
        (
            text!(language, "report-fact-processor"),
            format!("{} ({})", cpu.model, cpu.features.join(", ")),
        ),
    ];
    for data in &environment.data {
        let value = text!(
            language,
            "report-fact-fingerprint",
            images = data.images.to_string(),
            fingerprint = &data.fingerprint
        );
        // Records name the roles "train" and "valid".
        let role = match data.role.as_str() {
            "train" => text!(language, "report-fact-data-train"),
            "valid" => text!(language, "report-fact-data-valid"),
            other => other.to_owned(),
        };
        rows.push((role, value));
    }
    rows
}

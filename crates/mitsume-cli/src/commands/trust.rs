//! `mitsume trust`

use mitsume::trust::{Estimate, Randomisation};
use mitsume_artifacts::{EquivarianceResult, Faithfulness, LocalisationResult, TrustResult};
use mitsume_data::{ImageFolder, ImageSource};
use mitsume_engine::{EngineError, TrustOptions, trust};
use mitsume_locale::{Language, text};
use mitsume_report::{movement_name, trust_findings, trust_page, verdict_sentence};

use super::report::write_page;
use super::{model, output};
use crate::args::TrustArgs;
use crate::console::Console;
use crate::failure::Result;
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: TrustArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let device = device::open(&args.device, console)?;
    let folder = ImageFolder::open(&args.data)?;
    let model = model::open(&args.model, Some(&folder), &device, console)?;
    let source = ImageSource::new(&folder.samples, model.preprocess(), 0)?;
    let input = model.input(&folder, &source);
    let stop = stop::on_signal(console);
    let options = TrustOptions {
        maps: model.maps,
        images: args.images as usize,
        stages: args.stages.into(),
        seed: args.seed,
        noise_samples: args.noise_samples.into(),
        noise_radius: args.noise_radius,
        masks: args.masks.as_deref(),
        stop: &stop,
    };
    // Before the tests, which take minutes, so that a folder that cannot be created costs no time.
    output::create_folder(&args.out)?;
    let mut progress = Progress::new(console);
    let outcome = trust(&input, &options, &mut |event| progress.show(event));
    progress.finish();
    let outcome = outcome.map_err(|error| stop::failure(error, console))?;
    let result = &outcome.result;
    let json = args.out.join("trust.json");
    result.write(&json).map_err(EngineError::from)?;
    let page = args.out.join("trust.html");
    let html =
        trust_page(result, &outcome.examples, console.language).map_err(EngineError::from)?;
    write_page(&html, &page, args.figures.as_deref(), console)?;
    if args.json {
        return output::json(result);
    }
    output::text(&format!(
        "{}\n{}\n",
        summary(result, console.language),
        page.display()
    ))
}

fn summary(result: &TrustResult, language: Language) -> String {
    let mut text = format!(
        "{}{}\n{}\n{}\n{}\n{}{}\n{}",
        model::overrides(&result.model.settings, language),
        verdict_sentence(&result.randomisation, language),
        output::bullet_list(&trust_findings(result, language)),
        text!(language, "command-trust-similarity"),
        stage_table(&result.randomisation, language),
        controls(result, language),
        text!(language, "command-trust-faithful"),
        faithfulness_table(&result.faithfulness, language)
    );
    if let Some(localisation) = &result.localisation {
        let head = text!(language, "command-trust-object");
        text += &format!("\n{head}\n{}", localisation_table(localisation, language));
    }
    text
}

fn mean(estimate: Option<Estimate>) -> String {
    output::decimal(estimate.map(|estimate| estimate.mean))
}

fn stage_table(randomisation: &Randomisation, language: Language) -> String {
    let mut rows = vec![vec![
        text!(language, "command-trust-stage"),
        "Spearman".into(),
        "SSIM".into(),
    ]];
    for stage in &randomisation.stages {
        let layer = stage.layer.clone();
        rows.push(vec![layer, mean(stage.spearman), mean(stage.ssim)]);
    }
    output::table(&rows)
}

/// The tables of other classes and of noise with their heads, as far as there are any.
fn controls(result: &TrustResult, language: Language) -> String {
    let maps = text!(language, "command-trust-maps");
    let mut text = String::new();
    if let Some(similarities) = result.random_logit.as_deref().filter(|all| !all.is_empty()) {
        let mut rows = vec![vec![maps.clone(), "Spearman".into(), "SSIM".into()]];
        rows.extend(similarities.iter().map(|one| {
            let similarity = &one.similarity;
            let method = one.method.to_string();
            vec![method, mean(similarity.spearman), mean(similarity.ssim)]
        }));
        let head = text!(language, "command-trust-other-class");
        text += &format!("{head}\n{}\n", output::table(&rows));
    }
    if let Some(noise) = &result.max_sensitivity {
        let mut rows = vec![vec![maps, text!(language, "command-trust-change")]];
        rows.extend(
            noise
                .methods
                .iter()
                .map(|one| vec![one.method.to_string(), mean(one.change.largest_change)]),
        );
        let head = text!(language, "command-trust-noise");
        text += &format!("{head}\n{}\n", output::table(&rows));
    }
    if let Some(methods) = &result.equivariance {
        text += &movement_table(methods, language);
    }
    text
}

/// The table of moved images with its head.
fn movement_table(methods: &[EquivarianceResult], language: Language) -> String {
    let mut rows = vec![vec![
        text!(language, "command-trust-maps"),
        text!(language, "trust-movement"),
        text!(language, "trust-moved-back"),
        text!(language, "trust-in-place"),
    ]];
    let all = methods
        .iter()
        .flat_map(|one| one.movements.iter().map(move |found| (one.method, found)));
    rows.extend(all.map(|(method, found)| {
        vec![
            method.to_string(),
            movement_name(&found.movement, language),
            mean(found.spearman),
            mean(found.in_place),
        ]
    }));
    let head = text!(language, "command-trust-moved");
    format!("{head}\n{}\n", output::table(&rows))
}

fn faithfulness_table(results: &[Faithfulness], language: Language) -> String {
    let mut rows = vec![vec![
        text!(language, "command-trust-maps"),
        "ROAD".into(),
        text!(language, "command-trust-deletion"),
        text!(language, "command-trust-insertion"),
        text!(language, "command-trust-drop"),
        text!(language, "command-trust-increase"),
        text!(language, "command-trust-sparseness"),
    ]];
    for result in results {
        rows.push(vec![
            result.method.to_string(),
            mean(result.road.combined),
            mean(result.deletion.area),
            mean(result.insertion.area),
            mean(result.average_drop),
            mean(result.average_increase),
            mean(result.sparseness),
        ]);
    }
    output::table(&rows)
}

fn localisation_table(results: &[LocalisationResult], language: Language) -> String {
    let mut rows = vec![vec![
        text!(language, "command-trust-maps"),
        text!(language, "command-trust-pointing"),
        text!(language, "command-trust-mass"),
        text!(language, "command-trust-rank"),
        "IoU".into(),
    ]];
    for result in results {
        rows.push(vec![
            result.method.to_string(),
            output::decimal(result.pointing),
            mean(result.mass),
            mean(result.rank),
            mean(result.iou_at_half),
        ]);
    }
    output::table(&rows)
}

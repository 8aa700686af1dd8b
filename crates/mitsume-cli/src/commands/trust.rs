//! `mitsume trust`

use mitsume_artifacts::{TrustResult, write_atomic};
use mitsume_data::{ImageFolder, ImageSource};
use mitsume_engine::{EngineError, EvaluationInput, TrustOptions, trust};
use mitsume_locale::{Language, text};
use mitsume_report::{export_page, trust_findings, trust_page, verdict_sentence};

use super::report::tell_exported;
use super::{model, output};
use crate::args::TrustArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: TrustArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let device = device::open(&args.device, console)?;
    let folder = ImageFolder::open(&args.data)?;
    let model = model::open(&args.model, Some(&folder), &device, console)?;
    let source = ImageSource::new(&folder.samples, model.preprocess(), 0)?;
    let subject = EvaluationInput {
        network: model.network.as_ref(),
        folder: &folder,
        source: &source,
        settings: model.settings,
    };
    let stop = stop::on_signal(console);
    let options = TrustOptions {
        maps: model.maps,
        images: args.images as usize,
        stages: args.stages.into(),
        seed: args.seed,
        masks: args.masks.as_deref(),
        stop: &stop,
    };
    // Before the work, which takes minutes: a folder that cannot be made must not cost it.
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Failure::Request(format!("cannot create {}: {error}", args.out.display()))
    })?;
    let mut progress = Progress::new(console);
    let trusted = trust(&subject, &options, &mut |event| progress.show(event));
    progress.finish();
    let trusted = trusted.map_err(|error| stop::failure(error, console))?;
    let result = &trusted.result;
    let json = args.out.join("trust.json");
    result.write(&json).map_err(EngineError::from)?;
    let page = args.out.join("trust.html");
    let html =
        trust_page(result, &trusted.examples, console.language).map_err(EngineError::from)?;
    write_atomic(&page, html.as_bytes()).map_err(EngineError::from)?;
    if let Some(out) = &args.figures {
        let exported = export_page(&html, console.language, out).map_err(EngineError::from)?;
        tell_exported(&exported, out, console);
    }
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
    let figure =
        |estimate: Option<mitsume::trust::Estimate>| output::figure(estimate.map(|e| e.mean));
    let mut stages = vec![vec![
        text!(language, "command-trust-stage"),
        "Spearman".into(),
        "SSIM".into(),
    ]];
    for stage in &result.randomisation.stages {
        stages.push(vec![
            stage.layer.clone(),
            figure(stage.spearman),
            figure(stage.ssim),
        ]);
    }
    let mut faithful = vec![vec![
        text!(language, "command-trust-maps"),
        "ROAD".into(),
        text!(language, "command-trust-deletion"),
        text!(language, "command-trust-insertion"),
    ]];
    for one in &result.faithfulness {
        faithful.push(vec![
            one.method.to_string(),
            figure(one.road.combined),
            figure(one.deletion.area),
            figure(one.insertion.area),
        ]);
    }
    let mut text = format!(
        "{}{}\n{}\n{}\n{}\n{}\n{}",
        model::overrides(&result.model.settings, language),
        verdict_sentence(&result.randomisation, language),
        output::list(&trust_findings(result, language)),
        text!(language, "command-trust-similarity"),
        output::table(&stages),
        text!(language, "command-trust-faithful"),
        output::table(&faithful)
    );
    if let Some(objects) = &result.localisation {
        let mut rows = vec![vec![
            text!(language, "command-trust-maps"),
            text!(language, "command-trust-pointing"),
            text!(language, "command-trust-mass"),
            text!(language, "command-trust-rank"),
            "IoU".into(),
        ]];
        for one in objects {
            rows.push(vec![
                one.method.to_string(),
                output::figure(one.pointing),
                figure(one.mass),
                figure(one.rank),
                figure(one.iou_at_half),
            ]);
        }
        let head = text!(language, "command-trust-object");
        text += &format!("\n{head}\n{}", output::table(&rows));
    }
    text
}

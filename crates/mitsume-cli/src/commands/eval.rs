//! `mitsume eval`

use std::path::Path;
use std::sync::atomic::AtomicBool;

use mitsume_artifacts::{Evaluation, ExplainedClass};
use mitsume_data::{ImageFolder, ImageSource, ListLabels};
use mitsume_engine::{EvaluateOptions, MapOptions, MeasureOptions, evaluate};
use mitsume_locale::{Language, text};
use mitsume_report::surroundings_sentences;

use super::{launch, model, multi_label, output, shards};
use crate::args::{EvalArgs, Launcher, MeasureSet, Task};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: EvalArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    if let Some(dir) = &args.shards.merge {
        let stop = stop::on_signal(console);
        let evaluation = shards::merge(dir, &args, &stop, console)?;
        return show(&evaluation, &args, console);
    }
    let device = match args.shards.launcher {
        Launcher::Local => device::open(&args.device, console)?,
        // The machine that submits need not have the device.
        Launcher::Slurm => device::open_named("cpu", console)?,
    };
    if task(&args, console)? == Task::MultiLabel {
        return multi_label::run(&args, &device, console);
    }
    if args.threshold.is_some() {
        let problem = "--threshold is for multi-label models: the prediction of a single-label one is \
                       its most probable class";
        return Err(Failure::Request(problem.into()));
    }
    let folder = ImageFolder::open(data(&args)?)?;
    let model = model::open(&args.model, Some(&folder), &device, console)?;
    // Every image is needed once, so nothing is cached.
    let source = ImageSource::new(&folder.samples, model.preprocess(), 0)?;
    let input = model.input(&folder, &source);
    let explain = explained_class(args.explain.as_deref(), &folder.classes)?;
    let stop = stop::on_signal(console);
    let options = options(&args, model.maps, Some(&explain), &stop);
    if let Some(shard) = args.shards.shard {
        let plan = shards::plan(
            shard.of(),
            &model,
            (&input, &options),
            &args,
            args.device.name(),
        )?;
        return shards::run_shard(shard, &plan, (&input, &options), &args, console);
    }
    if let Some(shards) = args.shards.shards {
        let evaluation = launch::run(shards.into(), &model, (&input, &options), &args, console)?;
        return show(&evaluation, &args, console);
    }
    let mut progress = Progress::new(console);
    let evaluation = evaluate(&input, &options, &mut |event| progress.show(event));
    progress.finish();
    let evaluation = evaluation.map_err(|error| stop::failure(error, console))?;
    show(&evaluation, &args, console)
}

fn show(evaluation: &Evaluation, args: &EvalArgs, console: Console) -> Result {
    if args.json {
        output::json(evaluation)
    } else {
        output::text(&summary(evaluation, console.language))
    }
}

/// The images; every evaluation but a merge has them.
pub fn data(args: &EvalArgs) -> Result<&Path> {
    let data = args.data.as_deref();
    data.ok_or_else(|| Failure::Request("--data: which images?".into()))
}

/// The task that is named, or that the columns of the data tell, which is said.
fn task(args: &EvalArgs, console: Console) -> Result<Task> {
    if let Some(task) = args.task {
        return Ok(task);
    }
    match ListLabels::of(data(args)?)? {
        ListLabels::Single => Ok(Task::SingleLabel),
        ListLabels::Multi => {
            console.note(&text!(
                console.language,
                "command-task-by-columns",
                list = data(args)?.display().to_string()
            ));
            Ok(Task::MultiLabel)
        }
        ListLabels::Both => Err(Failure::Request(format!(
            "{}: has a column label and a column labels: --task single-label takes the first, --task \
             multi-label the second",
            data(args)?.display()
        ))),
    }
}

/// The options of an evaluation, single-label or multi-label.
pub fn options<'a>(
    args: &'a EvalArgs,
    maps: MapOptions,
    explain: Option<&'a ExplainedClass>,
    stop: &'a AtomicBool,
) -> EvaluateOptions<'a> {
    let measures = (args.measures != MeasureSet::None).then(|| MeasureOptions {
        grid: args.grid.into(),
        all: args.measures == MeasureSet::All,
    });
    EvaluateOptions {
        batch_size: args.batch_size as usize,
        strict: args.strict,
        out: args.out.as_deref(),
        cams: args.cams.as_deref(),
        maps,
        explain,
        measures,
        stop: Some(stop),
    }
}

/// The choice of `--explain`.
fn explained_class(name: Option<&str>, classes: &[String]) -> Result<ExplainedClass> {
    let is_class = |name: &str| classes.iter().any(|class| class == name);
    match name {
        None => Ok(ExplainedClass::Label),
        Some(name @ ("label" | "predicted")) if is_class(name) => Err(Failure::Request(format!(
            "--explain {name}: a class is named so too; rename the class"
        ))),
        Some("label") => Ok(ExplainedClass::Label),
        Some("predicted") => Ok(ExplainedClass::Predicted),
        Some(name) if is_class(name) => Ok(ExplainedClass::Class(name.to_owned())),
        Some(name) => Err(Failure::Request(format!(
            "--explain: no class \"{name}\": label, predicted, or one of {}",
            classes.join(", ")
        ))),
    }
}

fn summary(evaluation: &Evaluation, language: Language) -> String {
    let decimal = output::decimal;
    let mut rows = vec![output::class_header(language)];
    for class in &evaluation.per_class {
        let (images, correct) = (class.images.to_string(), class.correct.to_string());
        rows.push(vec![
            class.class.clone(),
            images,
            correct,
            decimal(class.squared_l2),
            decimal(class.l2),
        ]);
    }
    let surroundings = evaluation
        .surroundings
        .as_ref()
        .map(|found| surroundings_sentences(&evaluation.model.name, found, language));
    let head = text!(
        language,
        "command-evaluated",
        model = evaluation.model.name.as_str(),
        images = evaluation.data.images,
        skipped = evaluation.data.skipped.len(),
        method = evaluation.model.method.to_string(),
        layer = evaluation.model.target_layer.as_str(),
    );
    let explain = &evaluation.model.explain;
    let explained = match explain {
        ExplainedClass::Label => String::new(),
        ExplainedClass::Predicted | ExplainedClass::Class(_) => {
            text!(
                language,
                "command-explained",
                explained = explain.kind(),
                class = explain.class().unwrap_or_default()
            ) + "\n"
        }
    };
    let agreement = text!(
        language,
        "command-agreement",
        accuracy = format!("{:.4}", evaluation.accuracy),
        kappa = format!("{:.4}", evaluation.kappa),
        loss = format!("{:.4}", evaluation.cross_entropy),
    );
    format!(
        "{head}\n{explained}{overrides}{agreement}\n{consistency}{more}\n{table}\n{surroundings}",
        overrides = model::overrides(&evaluation.model.settings, language),
        consistency = output::consistency(
            evaluation.consistency.counted,
            explain.kind(),
            [evaluation.consistency.squared_l2, evaluation.consistency.l2],
            language
        ),
        more = output::measures(evaluation.measures.as_ref(), language),
        table = output::table(&rows),
        surroundings = output::bullet_list(&surroundings.unwrap_or_default()),
    )
}

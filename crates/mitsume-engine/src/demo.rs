//! The demo: phantoms, two training runs, their evaluations and one report.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use mitsume_artifacts::{Evaluation, EvaluationDir, RunConfig, RunDir};
use mitsume_data::phantom::{PhantomSpec, write_data_set};
use mitsume_locale::Language;
use mitsume_report::{ReportOptions, report};

use crate::{EngineError, Event, Observer, Phase, Result, TrainOutcome, TrainRequest, train};

/// Options of a demo.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Output folder, new or empty.
    pub out: PathBuf,
    /// Seed of the phantoms and the runs.
    pub seed: u64,
    /// Images and epochs.
    pub size: DemoSize,
    /// Language of the page and the findings.
    pub language: Language,
}

/// Results of a demo.
#[derive(Clone, Debug)]
pub struct DemoOutcome {
    /// The HTML report.
    pub report: PathBuf,
    /// The findings at the top of the report.
    pub findings: Vec<String>,
    /// Evaluation of the run with lambda 0.
    pub plain: Evaluation,
    /// Evaluation of the run with the consistency loss.
    pub consistent: Evaluation,
    /// Directory of the run with the consistency loss.
    pub run: PathBuf,
    /// A class folder of the phantoms, with images to explain.
    pub example: PathBuf,
}

/// Images and epochs of a demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoSize {
    /// Side of the phantoms in pixels.
    pub image_side: usize,
    /// Training images of each class.
    pub train_per_class: usize,
    /// Test images of each class.
    pub test_per_class: usize,
    /// Epochs of each run.
    pub epochs: u64,
}

impl DemoSize {
    /// A minute or two on a laptop.
    pub const DEFAULT: Self = Self {
        image_side: 64,
        train_per_class: 300,
        test_per_class: 75,
        epochs: 20,
    };
}

/// `lambda_max` of the second run.
const LAMBDA: f64 = 50.0;

/// Draws phantoms, trains level 2 with lambda 0 and with lambda 50 (preset `published`), evaluates
/// both runs and compares them in one report. `None` if `stop` was set.
///
/// # Errors
/// A folder that is not empty; all errors of [`train()`].
pub fn demo(
    options: &DemoOptions,
    stop: &AtomicBool,
    observer: &mut Observer<'_>,
) -> Result<Option<DemoOutcome>> {
    if std::fs::read_dir(&options.out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(EngineError::Request(format!(
            "{}: not empty: name a new folder with --out",
            options.out.display()
        )));
    }
    let data = options.out.join("phantoms");
    observer(Event::Phase(Phase::Phantoms(data.clone())));
    let spec = PhantomSpec {
        per_class_train: options.size.train_per_class,
        per_class_test: options.size.test_per_class,
        size: options.size.image_side,
        seed: options.seed,
    };
    write_data_set(&data, spec, &|_, _| {})?;

    let image_cache = Arc::default();
    let mut evaluations = Vec::new();
    for lambda in [0.0, LAMBDA] {
        observer(Event::Phase(Phase::Training { lambda }));
        let out = options.out.join("runs").join(format!("lambda-{lambda}"));
        let request = TrainRequest {
            config: config(&data, options, lambda)?,
            out: out.clone(),
            device: Device::flex(),
            device_name: "cpu".into(),
            image_cache: Arc::clone(&image_cache),
        };
        if train(&request, stop, observer)? == TrainOutcome::Interrupted {
            return Ok(None);
        }
        evaluations.push(EvaluationDir::new(RunDir::new(&out).evaluation()).summary()?);
    }
    let page = options.out.join("report.html");
    let language = options.language;
    let made = report(&options.out.join("runs"), &ReportOptions { language })?;
    made.write(&page)?;
    let consistent = evaluations.pop().expect("two runs");
    let plain = evaluations.pop().expect("two runs");
    let run = RunDir::new(options.out.join("runs").join(format!("lambda-{LAMBDA}")));
    Ok(Some(DemoOutcome {
        report: page,
        findings: made.findings,
        plain,
        consistent,
        run: run.root().to_owned(),
        example: data.join("Testing/glioma"),
    }))
}

/// Fewer epochs than the published runs, so a higher learning rate. lambda grows only from two
/// fifths of the epochs on: an untrained network could minimise the consistency loss with empty
/// maps.
fn config(data: &Path, options: &DemoOptions, lambda: f64) -> Result<RunConfig> {
    let DemoSize {
        image_side, epochs, ..
    } = options.size;
    let text = format!(
        "[data]\ntrain = {train:?}\nvalid = {valid:?}\nimage_size = {image_side}\n\
         [model]\nname = \"level2\"\n\
         [train]\nepochs = {epochs}\nseed = {seed}\nlearning_rate = 1e-3\n\
         [consistency]\npreset = \"published\"\nlambda_max = {lambda:?}\nt0 = {t0}\nt1 = {t1}\n",
        seed = options.seed,
        t0 = epochs * 2 / 5,
        t1 = epochs * 4 / 5,
        train = data.join("Training").display().to_string(),
        valid = data.join("Testing").display().to_string(),
    );
    Ok(RunConfig::from_toml(&text, Path::new("demo"))?)
}

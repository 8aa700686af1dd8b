//! Trains, evaluates and explains image classifiers: the work of the commands, without arguments,
//! printing or progress bars.
//!
//! ```rust,no_run
//! use std::sync::atomic::AtomicBool;
//! use burn::tensor::Device;
//! use mitsume_artifacts::RunConfig;
//! use mitsume_data::{ImageFolder, ImageSource, Preprocess};
//! use mitsume_engine::{EvaluateOptions, EvaluationInput, LoadedModel, TrainRequest};
//!
//! # fn main() -> Result<(), mitsume_engine::EngineError> {
//! let config = RunConfig::read("run.toml".as_ref(), &[])?;
//! let (device, device_name, image_cache) = (Device::flex(), "cpu".into(), Default::default());
//! let request = TrainRequest { config, out: "run".into(), device, device_name, image_cache };
//! mitsume_engine::train(&request, &AtomicBool::new(false), &mut |event| println!("{event:?}"))?;
//!
//! let (level, weights) = (mitsume_nn::Level::Two, "run/weights.safetensors".as_ref());
//! let network = LoadedModel::open(level, weights, &Device::flex())?.network;
//! let folder = ImageFolder::open("brain/Testing".as_ref())?;
//! let (channels, augment, transform) = (1, None, Default::default());
//! let preprocess = Preprocess { height: 224, width: 224, channels, augment, seed: 0, transform };
//! let source = ImageSource::new(&folder.samples, preprocess, 0)?;
//! let settings = Default::default();
//! let input = EvaluationInput { network: &network, folder: &folder, source: &source, settings };
//! let evaluation = mitsume_engine::evaluate(&input, &EvaluateOptions::default(), &mut |_| {})?;
//! println!("kappa {:.3}, consistency {:?}", evaluation.kappa, evaluation.consistency.squared_l2);
//! # Ok(())
//! # }
//! ```
//!
//! - [`train()`] fills a run directory; [`resume()`] continues an interrupted run, bit for bit.
//! - [`evaluate()`] computes accuracy, kappa and consistency with one forward pass per image.
//! - [`evaluate_shard()`] does so for a part of the images; [`merge_shards()`] makes the evaluation of
//!   all parts, with the same bits.
//! - [`evaluate_multi_label()`] does so for models whose outputs are findings that do not exclude each
//!   other.
//! - [`explain()`] draws the maps of single images.
//! - [`predict()`] writes a table of what single images are.
//! - [`remove_pixels()`] writes images without their most relevant pixels, to train on again.
//! - [`trust()`] tests whether the maps can be trusted.
//! - [`controls()`] measures the consistency of maps that mean nothing beside that of a model's own.
//! - [`demo()`] shows training and evaluation on phantoms.
//!
//! Progress is reported as [`Event`]s to an [`Observer`]; nothing here prints.
//!
//! Dependencies, and why: `prost` and `crc` write TensorBoard event files, two small messages in a
//! frame (the crates for these files need `protoc` or a whole HTTP client to build, or depend on a
//! protobuf version with a known vulnerability); `burn` has Adam and devices; `shlex` quotes paths in commands that messages contain.

mod bench;
mod controls;
mod demo;
mod error;
mod evaluate;
mod evaluation_input;
mod event;
mod explain;
mod maps;
mod model_file;
mod model_source;
mod network;
mod predict;
mod processor;
mod reference_maps;
mod remove;
mod sha256;
mod shell_word;
mod surroundings;
mod train;
mod trust;
mod weight_metadata;

pub use bench::{
    BenchLoss, BenchModelOptions, BenchOptions, EvalTime, RunTime, StepTime, bench_eval,
    bench_model_step, bench_run, bench_step,
};
pub use controls::{ControlOptions, controls};
pub use demo::{DemoOptions, DemoOutcome, DemoSize, demo};
pub use error::EngineError;
pub use evaluate::{
    EvaluateOptions, MeasureOptions, MergeOptions, PERMUTATIONS, PlanRequest, ShardOutcome,
    ShardRequest, evaluate, evaluate_multi_label, evaluate_shard, files_sha256, merge_shards,
    shard_plan,
};
pub use evaluation_input::{EvaluationInput, report_other_files};
pub use event::{Event, LeakedImages, Observer, Phase, SharedPatients};
pub use explain::{ExplainOptions, ExplainTarget, Explained, Explanation, explain};
pub use maps::{MapOptions, image_maps, predicted_class_maps};
pub use mitsume_onnx::{
    DefaultReason, FeatureLayout, InputImages, Layer, Module, OutputActivation, model_files,
    modules,
};
pub use model_file::{LoadedModel, ModelInput};
pub use model_source::{ModelRequest, ModelSource, OnnxRun, OnnxSource};
pub use network::{
    ClassOrder, HookedImages, LevelNetwork, Network, OnnxNetwork, OnnxRequest, layer_record,
    layers, reorder_classes, two_classes,
};
pub use predict::{PredictOptions, PredictedClass, Predictions, predict};
pub use remove::{RemoveOptions, remove_pixels};
pub use shell_word::{shell_argument, shell_word};
pub use train::{
    Plateau, ResumeRequest, RunStatus, TrainOutcome, TrainRequest, check_checkpoint,
    recorded_device, resume, train, train_or_resume,
};
pub use trust::{TrustOptions, TrustOutcome, trust};
pub use weight_metadata::WeightMetadata;

/// Result of the functions of this crate.
pub type Result<T> = std::result::Result<T, EngineError>;

//! Training runs, evaluation and explanation: what the commands do, without arguments, printing
//! or progress bars.
//!
//! - [`train()`] fills a run directory and can go on after an interruption, bit for bit.
//! - [`evaluate()`] gives accuracy, kappa and both consistencies from one forward pass per image.
//! - [`explain()`] draws where a model looks in single images.
//! - [`demo()`] shows all of it on phantoms.
//!
//! Work reports what happens as [`Event`]s to an [`Observer`]; nothing here prints.
//!
//! Libraries, and why: `tfrecord` writes TensorBoard event files (the other crates for it need
//! `protoc` to build, or depend on a protobuf version with a known vulnerability); `burn` for
//! Adam and devices; `shlex` for paths in commands that messages hold.

mod bench;
mod demo;
mod error;
mod evaluate;
mod event;
mod explain;
mod maps;
mod model_file;
mod model_note;
mod model_source;
mod network;
mod shell_word;
mod subject;
mod surroundings;
mod train;
mod trust;

pub use bench::{BenchLoss, BenchOptions, EvalTime, StepTime, bench_eval, bench_step};
pub use demo::{DemoOptions, DemoOutcome, demo};
pub use error::EngineError;
pub use evaluate::{EvaluateOptions, MeasureOptions, PERMUTATIONS, evaluate};
pub use event::{Event, Leaks, Observer, Stage};
pub use explain::{ExplainOptions, ExplainTarget, Explained, Explanation, explain};
pub use maps::{MapOptions, image_maps};
pub use mitsume_onnx::{FeatureLayout, InputImages, Layer};
pub use model_file::{LoadedModel, ModelInput};
pub use model_note::WeightMetadata;
pub use model_source::{ModelRequest, ModelSource};
pub use network::{
    ClassOrder, HookedImages, LevelNetwork, Network, OnnxNetwork, OnnxRequest, in_order, layers,
};
pub use shell_word::shell_word;
pub use subject::{EvaluationInput, tell_other_files};
pub use train::{
    Outcome, Plateau, Standing, TrainRequest, check_checkpoint, device_of_run, resume, train,
    train_or_resume,
};
pub use trust::{TrustOptions, TrustOutcome, trust};

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, EngineError>;

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
mod evaluation_input;
mod event;
mod explain;
mod maps;
mod model_file;
mod model_source;
mod network;
mod shell_word;
mod surroundings;
mod train;
mod trust;
mod weight_metadata;

pub use bench::{BenchLoss, BenchOptions, EvalTime, StepTime, bench_eval, bench_step};
pub use demo::{DemoOptions, DemoOutcome, demo};
pub use error::EngineError;
pub use evaluate::{EvaluateOptions, MeasureOptions, PERMUTATIONS, evaluate};
pub use evaluation_input::{EvaluationInput, report_other_files};
pub use event::{Event, LeakedImages, Observer, Phase};
pub use explain::{ExplainOptions, ExplainTarget, Explained, Explanation, explain};
pub use maps::{MapOptions, image_maps};
pub use mitsume_onnx::{FeatureLayout, InputImages, Layer};
pub use model_file::{LoadedModel, ModelInput};
pub use model_source::{ModelRequest, ModelSource};
pub use network::{
    ClassOrder, HookedImages, LevelNetwork, Network, OnnxNetwork, OnnxRequest, layers,
    reorder_classes,
};
pub use shell_word::shell_word;
pub use train::{
    Plateau, ResumeRequest, RunStatus, TrainOutcome, TrainRequest, check_checkpoint,
    recorded_device, resume, train, train_or_resume,
};
pub use trust::{TrustOptions, TrustOutcome, trust};
pub use weight_metadata::WeightMetadata;

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, EngineError>;

//! What a run leaves on disk: configuration, curves, evaluations, written whole.
//!
//! Types, reading and writing only; nothing is computed here. Every file is written beside its
//! target and renamed, so a reader (or a crash) never meets half a file. Everything read is
//! checked: a file that is truncated, inconsistent or not of its format gives a
//! [`ArtifactError`] naming the path and what would be right.
//!
//! Why these crates: `toml`, `csv` and `serde_json` are the formats' usual serde crates;
//! `serde_path_to_error` names the key a value is wrong at; `strsim` finds the key that was
//! meant; `bytesize` reads `"2GiB"`; `safetensors` parses and checks tensor headers;
//! `tempfile` and `rustix` give temporary files and the atomic exchange of folders;
//! `raw-cpuid` names the processor.

mod atomic;
mod config;
mod environment;
mod epoch_table;
mod epochs;
mod error;
mod evaluation;
mod evaluation_dir;
mod explained;
mod images;
mod maps;
mod maps_writer;
mod measures;
mod model_settings;
mod npy;
mod preprocessing;
mod run_dir;
mod steps;
mod trust;

pub use atomic::{AtomicDir, recover_dir, write_atomic, write_atomic_with};
pub use config::{
    Augment, ConsistencyConfig, DataConfig, EvaluationConfig, ModelConfig, PlateauConfig,
    RunConfig, TrainConfig,
};
pub use environment::{Cpu, DataSetRecord, Environment};
pub use epochs::{EpochRow, TrainingMeans, read_epochs, write_epochs};
pub use error::{Action, ArtifactError, is_out_of_space};
pub use evaluation::{
    AppliedTransform, ClassResult, ConsistencyResult, DataSummary, Evaluation, ModelSummary,
    read_evaluation, write_evaluation,
};
pub use evaluation_dir::{EvaluationDir, EvaluationWriter};
pub use explained::{ExplainedImage, ExplainedRow, write_explained};
pub use images::{ImageRow, ImagesWriter, read_images};
pub use maps::Maps;
pub use maps_writer::{ClassMaps, MapsShape, MapsWriter};
pub use measures::{MeasureRow, read_measures, write_measures};
pub use model_settings::{ModelSetting, ModelSettings, Override};
pub use npy::{write_class_means, write_map};
pub use preprocessing::{PerChannel, Preprocessing};
pub use run_dir::RunDir;
pub use steps::{StepRow, StepWriter, read_steps};
pub use trust::{
    CurveResult, Faithfulness, LocalisationResult, RoadResult, SurroundingsResult, TrustResult,
};

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, ArtifactError>;

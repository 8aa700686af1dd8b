//! The files of a training run: configuration, tables, evaluations and maps.
//!
//! ```rust
//! use mitsume_artifacts::{MeasureRow, RunConfig, RunDir, read_measures, write_measures};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = tempfile::tempdir()?;
//! let run = RunDir::new(dir.path());
//! let text = "model.name = 'level2'\ndata.train = 'brain/Training'\ndata.valid = 'brain/Testing'";
//! let config = RunConfig::from_toml(text, "run.toml".as_ref())?;
//! config.write(&run.config())?;
//! assert_eq!(RunConfig::read(&run.config(), &[])?, config);
//!
//! let typo = config.with_set("train.epoch=3").unwrap_err();
//! assert!(typo.to_string().contains("train.epochs"));
//!
//! let row = MeasureRow { epoch: 1, grid_squared_l2: Some(0.5), grid_l2: None, chance_corrected: None };
//! write_measures(&run.measures(), &[row])?;
//! assert_eq!(read_measures(&run.measures())?, [row]);
//! # Ok(())
//! # }
//! ```
//!
//! This crate only reads and writes. Every file is written under a temporary name and renamed, so
//! that neither a reader nor a crash sees an incomplete file. Everything that is read is validated:
//! a file that is truncated, inconsistent or of another format gives an [`ArtifactError`] that
//! names the path and says how to correct it.
//!
//! Why these crates: `toml`, `csv` and `serde_json` are the usual serde crates of these formats;
//! `serde_path_to_error` names the key of an invalid value; `strsim` suggests a key for a misspelt
//! one; `bytesize` parses `"2GiB"`; `safetensors` parses and checks tensor headers; `blake3` tells a damaged shard, fast; `tempfile` and
//! `rustix` give temporary files and the atomic exchange of folders; `raw-cpuid` names the
//! processor.

mod atomic;
mod checked;
mod compared_images;
mod config;
mod controls;
mod environment;
mod epoch_table;
mod epochs;
mod error;
mod evaluation;
mod evaluation_dir;
mod explained;
mod explained_class;
mod images;
mod lock;
mod maps;
mod maps_writer;
mod measures;
mod model_comparison;
mod model_settings;
mod multi_label;
mod npy;
pub mod precision_name;
mod predictions;
mod preprocessing;
mod removal;
mod run_dir;
mod safetensors_file;
mod shards;
mod steps;
mod trust;

pub use atomic::{AtomicDir, recover_dir, write_atomic, write_atomic_with};
pub use compared_images::{ComparedImage, write_compared};
pub use config::{
    Augment, Best, BestConfig, ClassWeights, ConsistencyConfig, CrossEntropyConfig, DataConfig,
    EvaluationConfig, ModelConfig, Optimizer, OptimizerConfig, PlateauConfig, RunConfig, Schedule,
    ScheduleConfig, TrainConfig,
};
pub use controls::{ControlSet, ControlledMeasure, ControlledValue, ControlsResult};
pub use environment::{Cpu, DataSetRecord, Environment};
pub use epochs::{EpochRow, TrainingMeans, read_epochs, write_epochs};
pub use error::{Action, ArtifactError, is_out_of_space};
pub use evaluation::{
    AppliedTransform, ClassResult, ConsistencyResult, DataSummary, Evaluation, ModelSummary,
    read_evaluation, write_evaluation,
};
pub use evaluation_dir::{EvaluationDir, EvaluationWriter};
pub use explained::{ExplainedImage, ExplainedRow, write_explained};
pub use explained_class::{ExplainedClass, GroupMembership};
pub use images::{ImageRow, ImagesWriter, read_images};
pub use lock::Lock;
pub use maps::Maps;
pub use maps_writer::{ClassMaps, MapsShape, MapsWriter};
pub use measures::{MeasureRow, read_measures, write_measures};
pub use mitsume_levels::Precision;
pub use model_comparison::{
    AccuracyTest, BootstrapEstimate, ClassAgreement, ComparedClass, ComparedFigures, ComparedModel,
    ComparedSet, LeftOut, MapAgreement, MapStability, ModelComparison, ModelPair, PairedImage,
    Resampling,
};
pub use model_settings::{ModelSetting, ModelSettings, Override};
pub use multi_label::{
    FindingCell, FindingResult, FindingScores, MultiLabelEvaluation, MultiLabelImagesWriter,
    MultiLabelTask, is_multi_label, read_multi_label, write_multi_label,
};
pub use npy::{write_class_means, write_map};
pub use predictions::{Prediction, PredictionsWriter};
pub use preprocessing::{PerChannel, Preprocessing};
pub use removal::{RemovalOrder, RemovalRecord, RemovedSet};
pub use run_dir::RunDir;
pub use shards::{
    Shard, ShardFile, ShardImage, ShardMeasures, ShardOptions, ShardPlan, ShardRecord, ShardShape,
    ShardWriter, ShardedData, ShardedEvaluation, ShardsDir,
};
pub use steps::{StepRow, StepWriter, read_steps};
pub use trust::{
    CurveResult, EquivarianceResult, Faithfulness, LocalisationResult, MaxSensitivityResult,
    MethodSensitivity, RandomLogitResult, RoadResult, SurroundingsResult, TrustResult,
};

/// Result with an [`ArtifactError`].
pub type Result<T> = std::result::Result<T, ArtifactError>;

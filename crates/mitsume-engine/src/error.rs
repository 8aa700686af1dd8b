//! One error type for the work, and whose fault it was.

use mitsume::consistency::ConsistencyError;
use mitsume::curriculum::CurriculumError;
use mitsume::ema::EmaError;
use mitsume::methods::UnsupportedMethod;
use mitsume::spill::SpillError;
use mitsume::trust::TrustError;
use mitsume_artifacts::{Action, ArtifactError};
use mitsume_data::DataError;
use mitsume_nn::WeightsError;
use mitsume_report::ReportError;

/// Why a piece of work did not get done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A configuration or a file of a run.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A weight file.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A picture or page.
    #[error(transparent)]
    Report(ReportError),
    /// An ONNX model that cannot be used, or not as was asked.
    #[error(transparent)]
    Onnx(#[from] mitsume_onnx::Error),
    /// A method of maps that does not fit the model or the work.
    #[error(transparent)]
    Method(#[from] UnsupportedMethod),
    /// A curriculum that cannot be.
    #[error(transparent)]
    Curriculum(#[from] CurriculumError),
    /// What was asked for does not go together.
    #[error("{0}")]
    Request(String),
    /// The loss of a step is not a finite number.
    #[error(
        "the loss is {loss} at epoch {epoch}, step {step} (cross-entropy {cross_entropy}, lambda \
         {lambda}); the checkpoint of epoch {checkpoint} is intact: lower train.learning_rate or \
         consistency.lambda_max"
    )]
    NotFinite {
        /// Epoch, from 1.
        epoch: u64,
        /// Step of the whole run, from 1.
        step: u64,
        /// The loss.
        loss: f32,
        /// Its first term.
        cross_entropy: f32,
        /// Weight of its second term.
        lambda: f64,
        /// Epochs finished before.
        checkpoint: u64,
    },
    /// Maps that are put aside.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// Maps that the metric cannot take.
    #[error(transparent)]
    Consistency(#[from] ConsistencyError),
    /// A trust test's numbers.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Moving averages that cannot be updated.
    #[error(transparent)]
    Ema(#[from] EmaError),
    /// It was asked to stop, and what cannot be gone on with was not kept.
    #[error("interrupted")]
    Interrupted,
    /// The work failed through no fault of the request.
    #[error("{0}")]
    Failed(String),
}

impl EngineError {
    /// Whether the request was wrong (arguments, configuration, missing or unreadable input), as
    /// against work that failed.
    pub fn is_request(&self) -> bool {
        match self {
            EngineError::Data(error) => !matches!(error, DataError::Write { .. }),
            EngineError::Artifact(ArtifactError::Io { action, .. }) => *action == Action::Read,
            EngineError::Artifact(_)
            | EngineError::Weights(_)
            | EngineError::Onnx(_)
            | EngineError::Method(_)
            | EngineError::Curriculum(_)
            | EngineError::Request(_) => true,
            EngineError::Report(error) => matches!(
                error,
                ReportError::Nothing { .. }
                    | ReportError::List { .. }
                    | ReportError::Table(_)
                    | ReportError::Analysis { .. }
            ),
            EngineError::NotFinite { .. }
            | EngineError::Spill(_)
            | EngineError::Consistency(_)
            | EngineError::Ema(_)
            | EngineError::Trust(_)
            | EngineError::Interrupted
            | EngineError::Failed(_) => false,
        }
    }

    /// Whether nothing more can be written: a full disk, a quota, or a limit on the size of files. A file
    /// that is read and is too large is a wrong request.
    pub fn is_out_of_space(&self) -> bool {
        !self.is_request() && mitsume_artifacts::is_out_of_space(self)
    }
}

/// What lies below a report's error keeps its own kind.
impl From<ReportError> for EngineError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Record(error) => error.into(),
            ReportError::Picture(error) => error.into(),
            error => EngineError::Report(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_file_too_large_to_be_read_is_no_full_disk() {
        let error = |action| {
            let source = ErrorKind::FileTooLarge.into();
            EngineError::from(ArtifactError::io(action, Path::new("x"), source))
        };
        assert!(error(Action::Write).is_out_of_space() && !error(Action::Write).is_request());
        assert!(!error(Action::Read).is_out_of_space() && error(Action::Read).is_request());
        let source = ErrorKind::FileTooLarge.into();
        let path = Path::new("x").to_owned();
        assert!(!EngineError::from(DataError::Read { path, source }).is_out_of_space());
    }
}

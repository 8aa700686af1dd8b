//! Errors, and whether the request or the work was at fault.

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

/// Errors of training, evaluation and explanation.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A data set cannot be read or used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A configuration or a file of a run cannot be read or written.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A weight file cannot be read or does not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A picture or page cannot be made.
    #[error(transparent)]
    Report(ReportError),
    /// An ONNX model cannot be used, or not as requested.
    #[error(transparent)]
    Onnx(#[from] mitsume_onnx::Error),
    /// A method of maps does not support the model or the request.
    #[error(transparent)]
    Method(#[from] UnsupportedMethod),
    /// A curriculum is not valid.
    #[error(transparent)]
    Curriculum(#[from] CurriculumError),
    /// The request is wrong: its parts contradict each other or its inputs.
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
        /// Cross-entropy, the first term of the loss.
        cross_entropy: f32,
        /// Weight of the consistency loss, the second term.
        lambda: f64,
        /// Epochs that the last checkpoint holds.
        checkpoint: u64,
    },
    /// The temporary file of maps cannot be written or read.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// The metric refuses the maps.
    #[error(transparent)]
    Consistency(#[from] ConsistencyError),
    /// A trust test refuses its inputs.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The moving averages cannot be made or updated.
    #[error(transparent)]
    Ema(#[from] EmaError),
    /// Stopped on request; nothing of an unfinished evaluation is kept.
    #[error("interrupted")]
    Interrupted,
    /// The work failed through no fault of the request.
    #[error("{0}")]
    Failed(String),
}

impl EngineError {
    /// Of a class without a readable image; `place` is its folder or, if `listed`, its label in a list.
    pub(crate) fn empty_class(place: &str, listed: bool, reason: &str) -> Self {
        Self::Request(match listed {
            true => format!("{place}: no image can be read{reason}"),
            false => format!("{place}: no image of this class folder can be read{reason}"),
        })
    }

    /// Whether the request was wrong (arguments, configuration, missing or unreadable input),
    /// rather than the work having failed.
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
                    | ReportError::SameName { .. }
                    | ReportError::MultiLabel { .. }
                    | ReportError::Compare(_)
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

    /// Whether nothing more can be written: a full disk, a quota, or a limit on the size of files.
    /// A file that is too large to be read is a wrong request instead.
    pub fn is_out_of_space(&self) -> bool {
        !self.is_request() && mitsume_artifacts::is_out_of_space(self)
    }
}

/// Errors of artifacts and data sets inside a report's error keep their own variant.
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

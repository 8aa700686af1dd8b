//! `measures.csv`: further measures of consistency, one row per epoch.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::epoch_table::{self, EpochTableRow};

/// One finished epoch. The fields are the columns, in order. A field is empty if the epoch was not
/// evaluated or the value is not defined (no counted image, or no class with two).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasureRow {
    /// Counted from 1.
    pub epoch: u64,
    /// `squared-l2` of maps averaged onto the common grid.
    pub grid_squared_l2: Option<f64>,
    /// `l2` of maps averaged onto the common grid.
    pub grid_l2: Option<f64>,
    /// Fraction of the maps' variance that the class explains, corrected for chance.
    pub chance_corrected: Option<f64>,
}

impl EpochTableRow for MeasureRow {
    const FIRST_COLUMNS: usize = 4;

    fn epoch(&self) -> u64 {
        self.epoch
    }
}

/// Writes all rows, replacing the file.
///
/// # Errors
/// [`ArtifactError::Io`](crate::ArtifactError::Io) naming the file.
pub fn write_measures(path: &Path, rows: &[MeasureRow]) -> Result<()> {
    epoch_table::write(path, rows)
}

/// Reads all rows.
///
/// # Errors
/// [`ArtifactError`](crate::ArtifactError) naming the file and line: other columns, a value
/// that is not a number, epochs other than 1, 2, 3, ...
pub fn read_measures(path: &Path) -> Result<Vec<MeasureRow>> {
    epoch_table::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_exactly_and_damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("measures.csv");
        let row = |epoch| MeasureRow {
            epoch,
            grid_squared_l2: Some(1.0 / 3.0),
            grid_l2: None,
            chance_corrected: Some(-0.25),
        };
        write_measures(&path, &[row(1), row(2)]).unwrap();
        assert_eq!(read_measures(&path).unwrap(), [row(1), row(2)]);
        std::fs::write(&path, "epoch\n").unwrap();
        let error = read_measures(&path).unwrap_err().to_string();
        assert!(error.contains("the first line must be"), "{error}");
        write_measures(&path, &[row(2)]).unwrap();
        let error = read_measures(&path).unwrap_err().to_string();
        assert!(error.contains("epoch 2 where epoch 1"), "{error}");
    }
}

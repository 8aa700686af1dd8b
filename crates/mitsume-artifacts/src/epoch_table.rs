//! CSV tables with one row per epoch, rewritten after each epoch.

use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_aux::serde_introspection::serde_introspect;

use crate::{Action, ArtifactError, Result, atomic};

/// Largest table that is read, in bytes; a million epochs have 200 MB.
const MAX_TABLE_BYTES: u64 = 256 << 20;

/// A row of a table; its fields are the columns, in order.
pub(crate) trait EpochTableRow: Serialize + DeserializeOwned {
    /// Number of leading columns that all versions of the file have.
    const FIRST_COLUMNS: usize;

    /// The epoch, from 1.
    fn epoch(&self) -> u64;
}

/// Writes all rows, replacing the file atomically.
pub(crate) fn write<R: EpochTableRow>(path: &Path, rows: &[R]) -> Result<()> {
    atomic::write_atomic_with(path, |out| {
        let mut csv = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(out);
        csv.write_record(columns::<R>())?;
        for row in rows {
            csv.serialize(row)?;
        }
        csv.flush()
    })
}

/// Reads all rows; epochs must be 1, 2, 3, ...
pub(crate) fn read<R: EpochTableRow>(path: &Path) -> Result<Vec<R>> {
    let file = mitsume_guard::file::open(path, MAX_TABLE_BYTES)
        .map_err(|e| ArtifactError::io(Action::Read, path, e))?;
    let mut csv = csv::Reader::from_reader(std::io::BufReader::new(file));
    expect_columns::<R>(&mut csv, path)?;
    let mut rows: Vec<R> = Vec::new();
    for row in csv.deserialize() {
        let row: R = row.map_err(|e| ArtifactError::malformed(path, e.to_string()))?;
        let expected = rows.len() as u64 + 1;
        if row.epoch() != expected {
            let problem = format!("epoch {} where epoch {expected} should follow", row.epoch());
            return Err(ArtifactError::malformed(path, problem));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Names of the columns, which are the fields of the row.
pub(crate) fn columns<'de, R: Deserialize<'de>>() -> &'static [&'static str] {
    serde_introspect::<R>()
}

/// Refuses a file that lacks a column that all versions have. Columns of newer versions are
/// ignored.
fn expect_columns<R: EpochTableRow>(csv: &mut csv::Reader<impl Read>, path: &Path) -> Result<()> {
    let header = csv
        .headers()
        .map_err(|e| ArtifactError::malformed(path, e.to_string()))?;
    let columns = columns::<R>();
    let mut first = columns[..R::FIRST_COLUMNS].iter();
    if first.all(|name| header.iter().any(|there| there == *name)) {
        return Ok(());
    }
    let problem = format!("the first line must be \"{}\"", columns.join(","));
    Err(ArtifactError::malformed(path, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    struct Row {
        epoch: u64,
        kappa: f64,
        added: Option<f64>,
    }

    impl EpochTableRow for Row {
        const FIRST_COLUMNS: usize = 2;

        fn epoch(&self) -> u64 {
            self.epoch
        }
    }

    #[test]
    fn columns_of_other_versions_are_read_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("epochs.csv");
        let read_text = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read::<Row>(&path)
        };
        let row = |added| Row {
            epoch: 1,
            kappa: 0.5,
            added,
        };
        assert_eq!(
            read_text("epoch,kappa,added\n1,0.5,2\n").unwrap(),
            [row(Some(2.0))]
        );
        // The columns of an older version, of a newer one, and in another order.
        assert_eq!(read_text("epoch,kappa\n1,0.5\n").unwrap(), [row(None)]);
        assert_eq!(
            read_text("epoch,later,kappa,added\n1,9,0.5,\n").unwrap(),
            [row(None)]
        );
        let error = read_text("epoch,added\n").unwrap_err().to_string();
        assert!(error.contains("\"epoch,kappa,added\""), "{error}");
    }
}

//! Tables with one row per epoch, rewritten whole after each.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ArtifactError, Result, atomic};

/// The largest table that is read, in bytes; a million epochs have 200 MB.
const LARGEST: u64 = 256 << 20;

/// A row of such a table; its fields are the columns, in order.
pub(crate) trait EpochTableRow: Serialize + DeserializeOwned {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];

    /// The row's epoch.
    fn epoch(&self) -> u64;
}

/// Writes all rows, replacing the file in one step.
pub(crate) fn write<R: EpochTableRow>(path: &Path, rows: &[R]) -> Result<()> {
    atomic::write_atomic_with(path, |out| {
        let mut csv = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(out);
        csv.write_record(R::COLUMNS)?;
        for row in rows {
            csv.serialize(row)?;
        }
        csv.flush()
    })
}

/// Reads all rows; their epochs must count 1, 2, 3, ...
pub(crate) fn read<R: EpochTableRow>(path: &Path) -> Result<Vec<R>> {
    let file =
        mitsume_guard::file::open(path, LARGEST).map_err(|e| ArtifactError::io("read", path, e))?;
    let mut csv = csv::Reader::from_reader(std::io::BufReader::new(file));
    expect_columns(&mut csv, path, R::COLUMNS)?;
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

/// Refuses a file whose header is not `columns`.
pub(crate) fn expect_columns<R: std::io::Read>(
    csv: &mut csv::Reader<R>,
    path: &Path,
    columns: &[&str],
) -> Result<()> {
    let header = csv
        .headers()
        .map_err(|e| ArtifactError::malformed(path, e.to_string()))?;
    if header.iter().eq(columns.iter().copied()) {
        return Ok(());
    }
    let problem = format!("the first line must be \"{}\"", columns.join(","));
    Err(ArtifactError::malformed(path, problem))
}

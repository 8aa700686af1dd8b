//! One epoch of one run, and tables of epochs.

use std::io;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use mitsume_guard::file::open;
use serde::{Deserialize, Serialize};

/// Measurements after one epoch of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The data set.
    pub dataset: String,
    /// Name of the run; runs of several models and lambdas may share a name.
    pub run: String,
    /// The seed, as written. Runs are paired by it, or by `run` if it is `None`.
    pub seed: Option<String>,
    /// The model.
    pub model: String,
    /// Other models for which this run also counts when lambdas are compared, because their
    /// different settings have no effect on it. At lambda 0, no setting of the CAM loss has an
    /// effect.
    #[serde(rename = "stands_for", default, skip_serializing_if = "Vec::is_empty")]
    pub equivalent_models: Vec<String>,
    /// lambda_max; `None` if it does not vary between runs.
    pub lambda: Option<f64>,
    /// The epoch, from 1.
    pub epoch: u32,
    /// Cohen's kappa on the validation set; `None` if it was not recorded.
    pub kappa: Option<f64>,
    /// The consistency metric on the validation set; `None` if it was not recorded.
    pub consistency: Option<f64>,
}

/// A table that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be opened.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A column is missing from the header, or is there twice.
    #[error(
        "{}: needs one column \"{column}\", has {found:?}; needed are dataset, run, model, epoch and \
         kappa, and for correlations consistency (seed and lambda_max are used where they are)",
        path.display()
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The header.
        found: Vec<String>,
    },
    /// A row that is not UTF-8 or has another number of fields than the header.
    #[error("{}: {source}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        source: csv::Error,
    },
    /// A field with an invalid value.
    #[error("{}, line {line}: {column} is {value:?}; {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The value found.
        value: String,
        /// What is expected.
        expected: &'static str,
    },
}

/// Largest table that is read, in bytes; a million epochs have 100 MB.
const MAX_TABLE_BYTES: u64 = 256 << 20;

/// Reads a CSV table of epochs with the columns `dataset`, `run`, `model`, `epoch`, `kappa`, and
/// optionally `seed`, `lambda_max` and `consistency`. Other columns are ignored. Empty fields are
/// `None`.
///
/// # Errors
/// [`TableError`] naming the file and the line or column.
pub fn read_epochs(path: &Path) -> Result<Vec<EpochRecord>, TableError> {
    let owned = || path.to_owned();
    let file = open(path, MAX_TABLE_BYTES).map_err(|source| TableError::Io {
        path: owned(),
        source,
    })?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file);
    let row_error = |source| TableError::Row {
        path: path.to_owned(),
        source,
    };
    let header = reader.headers().map_err(row_error)?.clone();
    let columns = Columns::find(&header).map_err(|column| TableError::Column {
        path: owned(),
        column: column.to_owned(),
        found: header.iter().map(str::to_owned).collect(),
    })?;
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(row_error)?;
        let record = columns.record(&row).map_err(|bad| TableError::Field {
            path: owned(),
            line: row.position().map_or(0, |position| position.line()),
            column: header.get(bad.column).unwrap_or_default().to_owned(),
            value: row.get(bad.column).unwrap_or_default().to_owned(),
            expected: bad.expected,
        })?;
        records.push(record);
    }
    Ok(records)
}

/// Indices of the columns.
struct Columns {
    dataset: usize,
    run: usize,
    model: usize,
    epoch: usize,
    kappa: usize,
    seed: Option<usize>,
    lambda: Option<usize>,
    consistency: Option<usize>,
}

/// A field with an invalid value.
struct BadField {
    column: usize,
    expected: &'static str,
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, &'static str> {
        let optional = |name: &'static str| {
            let mut at = (0..header.len()).filter(|&column| &header[column] == name);
            match (at.next(), at.next()) {
                (found, None) => Ok(found),
                (_, Some(_)) => Err(name),
            }
        };
        let needed = |name: &'static str| optional(name)?.ok_or(name);
        Ok(Self {
            dataset: needed("dataset")?,
            run: needed("run")?,
            model: needed("model")?,
            epoch: needed("epoch")?,
            kappa: needed("kappa")?,
            seed: optional("seed")?,
            lambda: optional("lambda_max")?,
            consistency: optional("consistency")?,
        })
    }

    fn record(&self, row: &StringRecord) -> Result<EpochRecord, BadField> {
        let text = |column: usize| row[column].to_owned();
        let number = |column: Option<usize>, expected, fits: fn(f64) -> bool| {
            let Some((column, field)) = column.map(|column| (column, &row[column])) else {
                return Ok(None);
            };
            if field.is_empty() {
                return Ok(None);
            }
            match field.parse::<f64>() {
                Ok(value) if fits(value) => Ok(Some(value)),
                _ => Err(BadField { column, expected }),
            }
        };
        let epoch = row[self.epoch].parse();
        Ok(EpochRecord {
            dataset: text(self.dataset),
            run: text(self.run),
            model: text(self.model),
            equivalent_models: Vec::new(),
            seed: self.seed.map(text).filter(|seed| !seed.is_empty()),
            lambda: number(self.lambda, "a finite number is needed", f64::is_finite)?,
            epoch: epoch.map_err(|_| BadField {
                column: self.epoch,
                expected: "a whole number is needed",
            })?,
            kappa: number(
                Some(self.kappa),
                "a number from -1 to 1, or nothing, is needed",
                |kappa| (-1.0..=1.0).contains(&kappa),
            )?,
            consistency: number(
                self.consistency,
                "a finite number of at least 0, or nothing, is needed",
                |value| value.is_finite() && value >= 0.0,
            )?,
        })
    }
}

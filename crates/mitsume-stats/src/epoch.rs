//! One epoch of one run, and the tables of them.

use std::io;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use mitsume_guard::file::open;
use serde::{Deserialize, Serialize};

/// What was measured after one epoch of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The data set.
    pub dataset: String,
    /// The run; one run may have trained several models and lambdas.
    pub run: String,
    /// The seed, as written. Pairs are formed over it, or over `run` where it is none.
    pub seed: Option<String>,
    /// The model.
    pub model: String,
    /// Other models that this one stands for as well where lambdas are compared: what sets them apart
    /// has no effect on this run, as nothing of the CAM loss has at lambda 0.
    #[serde(rename = "stands_for", default, skip_serializing_if = "Vec::is_empty")]
    pub equivalent_models: Vec<String>,
    /// lambda_max; none where the runs do not vary it.
    pub lambda: Option<f64>,
    /// The epoch, from 1.
    pub epoch: u32,
    /// Cohen's kappa on the validation set; none where it was not recorded.
    pub kappa: Option<f64>,
    /// The consistency metric on the validation set; none where it was not recorded.
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
        /// Why not.
        source: io::Error,
    },
    /// The header lacks a column, or has one twice.
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
    /// A row that cannot be read, of another number of fields, or that is not UTF-8.
    #[error("{}: {source}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// What and where.
        source: csv::Error,
    },
    /// A field that is not what its column holds.
    #[error("{}, line {line}: {column} is {value:?}; {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What is there.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
}

/// The largest table that is read, in bytes; a million epochs have 100 MB.
const LARGEST: u64 = 256 << 20;

/// Reads a table of epochs: columns `dataset`, `run`, `model`, `epoch`, `kappa`, and where there
/// are `seed`, `lambda_max` and `consistency`; others are passed over. Empty fields are none.
pub fn read_epochs(path: &Path) -> Result<Vec<EpochRecord>, TableError> {
    let owned = || path.to_owned();
    let file = open(path, LARGEST).map_err(|source| TableError::Io {
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

/// Where the columns are.
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

/// A field that is not what it should be.
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

//! `images.csv`: one row per evaluated image.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::epoch_table::expect_columns;
use crate::{RecordError, Result};

/// One evaluated image. The fields are the columns, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageRow {
    /// Relative to `data.root` of `eval.json`, with `/` between folders. Bytes that are no
    /// UTF-8 are replaced by U+FFFD; the picture of such an image cannot be found again.
    pub path: String,
    /// Index of the true class.
    pub label: usize,
    /// Index of the predicted class.
    pub prediction: usize,
    /// `label == prediction`, as 1 or 0.
    #[serde(with = "flag")]
    pub correct: bool,
    /// Softmax probability of the predicted class.
    pub probability: f64,
    /// Softmax probability of the true class.
    pub probability_label: f64,
    /// Deviation (`squared-l2`) from the mean map of the image's own class; empty where the
    /// class has no correct image, hence no mean map.
    pub squared_l2: Option<f64>,
    /// Deviation (`l2`) from the same map.
    pub l2: Option<f64>,
}

const COLUMNS: [&str; 8] = [
    "path",
    "label",
    "prediction",
    "correct",
    "probability",
    "probability_label",
    "squared_l2",
    "l2",
];

mod flag {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature serde asks for"
    )]
    pub fn serialize<S: Serializer>(value: &bool, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(u8::from(*value))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
        match u8::deserialize(from)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(D::Error::custom(format!("correct is 0 or 1, not {other}"))),
        }
    }
}

/// Writes rows one after the other; not atomic by itself, it is part of a folder that is.
#[derive(Debug)]
pub struct ImagesWriter {
    csv: csv::Writer<BufWriter<File>>,
    path: PathBuf,
}

impl ImagesWriter {
    /// A new file with the header.
    ///
    /// # Errors
    /// [`RecordError::Io`] naming `path`.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(|e| RecordError::io("write", path, e))?;
        let mut csv = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(BufWriter::new(file));
        csv.write_record(COLUMNS)
            .map_err(|e| RecordError::io("write", path, e.into()))?;
        Ok(Self {
            csv,
            path: path.to_owned(),
        })
    }

    /// Appends one row.
    ///
    /// # Errors
    /// [`RecordError::Io`] naming the file.
    pub fn push(&mut self, row: &ImageRow) -> Result<()> {
        self.csv
            .serialize(row)
            .map_err(|e| RecordError::io("write", &self.path, e.into()))
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// [`RecordError::Io`] naming the file.
    pub fn finish(self) -> Result<()> {
        let fail = |e| RecordError::io("write", &self.path, e);
        let mut out = self.csv.into_inner().map_err(|e| fail(e.into_error()))?;
        out.flush().map_err(fail)
    }
}

/// Reads all rows of an evaluation of `classes` classes.
///
/// # Errors
/// [`RecordError`] naming the line: other columns, a label outside the classes, a `correct`
/// that contradicts the label, a probability outside [0, 1], a deviation that is no number.
pub fn read_images(path: &Path, classes: usize) -> Result<Vec<ImageRow>> {
    let file = File::open(path).map_err(|e| RecordError::io("read", path, e))?;
    let mut csv = csv::Reader::from_reader(BufReader::new(file));
    expect_columns(&mut csv, path, &COLUMNS)?;
    let mut rows = Vec::new();
    for (index, row) in csv.deserialize().enumerate() {
        let row: ImageRow = row.map_err(|e| RecordError::malformed(path, e.to_string()))?;
        if let Some(problem) = wrong(&row, classes) {
            return Err(RecordError::malformed(
                path,
                format!("image {}: {problem}", index + 1),
            ));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn wrong(row: &ImageRow, classes: usize) -> Option<String> {
    let unit = |p: f64| (0.0..=1.0).contains(&p);
    let deviation = |d: Option<f64>| d.is_none_or(|d| d.is_finite() && d >= 0.0);
    if row.label >= classes || row.prediction >= classes {
        Some(format!(
            "label and prediction must be below {classes}, the number of classes"
        ))
    } else if row.correct != (row.label == row.prediction) {
        Some("correct contradicts label and prediction".to_owned())
    } else if !unit(row.probability) || !unit(row.probability_label) {
        Some("probabilities must be in [0, 1]".to_owned())
    } else if !deviation(row.squared_l2) || !deviation(row.l2) {
        Some("deviations must be finite and >= 0".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> ImageRow {
        ImageRow {
            path: path.to_owned(),
            label: 1,
            prediction: 1,
            correct: true,
            probability: 0.9,
            probability_label: 0.9,
            squared_l2: Some(0.01),
            l2: None,
        }
    }

    #[test]
    fn hostile_names_come_back_exactly() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        let rows = [
            row("a/plain.png"),
            row("a/comma, \"quote\"\nnewline.png"),
            row("<img src=x onerror=alert(1)>.png"),
            row("目つめ.png"),
        ];
        let mut out = ImagesWriter::create(&path).unwrap();
        rows.iter().for_each(|row| out.push(row).unwrap());
        out.finish().unwrap();
        assert_eq!(read_images(&path, 2).unwrap(), rows);
    }

    #[test]
    fn contradictions_are_named_with_the_image() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        let refuse = |line: &str| {
            let text = format!("{}\na,0,0,1,1,1,0,0\n{line}\n", COLUMNS.join(","));
            std::fs::write(&path, text).unwrap();
            read_images(&path, 2).unwrap_err().to_string()
        };
        assert!(
            refuse("b,2,0,0,1,1,0,0").contains("image 2: label and prediction must be below 2")
        );
        assert!(refuse("b,1,0,1,1,1,0,0").contains("correct contradicts"));
        assert!(refuse("b,1,0,0,NaN,1,0,0").contains("probabilities"));
        assert!(refuse("b,1,0,0,1,1,inf,0").contains("deviations"));
        assert!(refuse("b,1,0,2,1,1,0,0").contains("correct is 0 or 1"));
        assert!(refuse("b,-1,0,0,1,1,0,0").contains("line: 3"));
    }
}

//! `images.csv`: one row per evaluated image.
//!
//! The columns are those of [`ImageRow`], then `class` and `predicted` (the names of `label` and
//! `prediction`), `rank` (1 for the image of its class nearest to the class mean map; equal
//! deviations share a rank; empty without a deviation), and the softmax probability of
//! every class, each in a column `pINDEX:NAME` such as `p0:glioma`. The index makes a column's name
//! unambiguous whatever the name of the class. Names are written without protection against
//! spreadsheet formulas: the file is for programs.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::epoch_table::columns;
use crate::{Action, ArtifactError, Result};

/// One evaluated image. The fields are the first columns, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageRow {
    /// Path relative to `data.root` of `eval.json`, with `/` between folders. Bytes that are not
    /// UTF-8 are replaced by U+FFFD; such an image cannot be found again.
    pub path: String,
    /// Index of the true class.
    pub label: usize,
    /// Index of the predicted class.
    pub prediction: usize,
    /// `label == prediction`, as 1 or 0.
    #[serde(with = "bool_as_int")]
    pub correct: bool,
    /// Softmax probability of the predicted class.
    pub probability: f64,
    /// Softmax probability of the true class.
    pub probability_label: f64,
    /// Deviation (`squared-l2`) from the class mean map; empty if the class has no correct image
    /// and therefore no mean map.
    pub squared_l2: Option<f64>,
    /// Deviation (`l2`) from the same map.
    pub l2: Option<f64>,
    /// Relevance mass on the border, the outermost tenth of each side; empty if the map is all
    /// zero, and in older files.
    #[serde(default)]
    pub border_mass: Option<f64>,
    /// Relevance mass on the empty background.
    #[serde(default)]
    pub background_mass: Option<f64>,
    /// Area of the background as a fraction of the image.
    #[serde(default)]
    pub background_area: Option<f64>,
}

/// Number of leading columns of [`ImageRow`] that all versions of the file have.
const FIRST_COLUMNS: usize = 8;

/// The columns between those of [`ImageRow`] and the probabilities.
const NAMES: [&str; 3] = ["class", "predicted", "rank"];

/// Serde functions for a bool written as 1 or 0.
mod bool_as_int {
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

/// Writes rows one after the other. Not atomic itself, but part of an
/// [`AtomicDir`](crate::AtomicDir).
#[derive(Debug)]
pub struct ImagesWriter {
    csv: csv::Writer<BufWriter<File>>,
    path: PathBuf,
    classes: Vec<String>,
}

impl ImagesWriter {
    /// Creates the file and writes the header, with these classes.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming `path`.
    pub fn create(path: &Path, classes: &[String]) -> Result<Self> {
        let file = File::create(path).map_err(|e| ArtifactError::io(Action::Write, path, e))?;
        let mut csv = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(BufWriter::new(file));
        let probabilities = classes.iter().enumerate();
        let header = [columns::<ImageRow>(), &NAMES]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .chain(probabilities.map(|(index, name)| format!("p{index}:{name}")));
        csv.write_record(header)
            .map_err(|e| ArtifactError::io(Action::Write, path, e.into()))?;
        Ok(Self {
            csv,
            path: path.to_owned(),
            classes: classes.to_vec(),
        })
    }

    /// The same writer, with `path` in its errors.
    pub(crate) fn with_error_path(mut self, path: PathBuf) -> Self {
        self.path = path;
        self
    }

    /// Appends one row, with the image's rank in its class and the probability of every class.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file; [`ArtifactError::Malformed`] if a class is unknown or
    /// there are not as many probabilities as classes.
    pub fn push(
        &mut self,
        row: &ImageRow,
        rank: Option<usize>,
        probabilities: &[f32],
    ) -> Result<()> {
        let name = |class: usize| {
            let name = self.classes.get(class).map(String::as_str);
            name.filter(|_| probabilities.len() == self.classes.len())
        };
        let (Some(class), Some(predicted)) = (name(row.label), name(row.prediction)) else {
            let problem = format!(
                "{}: classes {} and {} and {} probabilities, where there are {} classes",
                row.path,
                row.label,
                row.prediction,
                probabilities.len(),
                self.classes.len()
            );
            return Err(ArtifactError::malformed(&self.path, problem));
        };
        // In f64 as `probability`, so that equal numbers are equal as text.
        let probabilities: Vec<f64> = probabilities.iter().map(|&p| f64::from(p)).collect();
        self.csv
            .serialize((row, class, predicted, rank, probabilities))
            .map_err(|e| ArtifactError::io(Action::Write, &self.path, e.into()))
    }

    /// Flushes the buffer.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file.
    pub fn finish(self) -> Result<()> {
        let fail = |e| ArtifactError::io(Action::Write, &self.path, e);
        let mut out = self.csv.into_inner().map_err(|e| fail(e.into_error()))?;
        out.flush().map_err(fail)
    }
}

/// Largest table that is read, in bytes. It is read row by row; a million images with 1,000
/// probabilities each have 20 GB.
const MAX_TABLE_BYTES: u64 = 64 << 30;

/// Reads all rows of an evaluation with `classes` classes. All versions of the file begin with the
/// first eight columns of [`ImageRow`].
///
/// # Errors
/// [`ArtifactError`] naming the line: other columns, a label outside the classes, a `correct`
/// that contradicts the label, a probability outside [0, 1], an invalid deviation.
pub fn read_images(path: &Path, classes: usize) -> Result<Vec<ImageRow>> {
    let file = mitsume_guard::file::open(path, MAX_TABLE_BYTES)
        .map_err(|e| ArtifactError::io(Action::Read, path, e))?;
    let mut csv = csv::Reader::from_reader(BufReader::new(file));
    let header = csv
        .headers()
        .map_err(|e| ArtifactError::malformed(path, e.to_string()))?;
    let first = &columns::<ImageRow>()[..FIRST_COLUMNS];
    if !header.iter().take(FIRST_COLUMNS).eq(first.iter().copied()) {
        let problem = format!("the first line must begin with \"{}\"", first.join(","));
        return Err(ArtifactError::malformed(path, problem));
    }
    let mut rows = Vec::new();
    for (index, row) in csv.deserialize().enumerate() {
        let row: ImageRow = row.map_err(|e| ArtifactError::malformed(path, e.to_string()))?;
        if let Some(problem) = row_problem(&row, classes) {
            return Err(ArtifactError::malformed(
                path,
                format!("image {}: {problem}", index + 1),
            ));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The first invalid value of a row, if any.
fn row_problem(row: &ImageRow, classes: usize) -> Option<String> {
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
    } else if ![row.border_mass, row.background_mass, row.background_area]
        .into_iter()
        .flatten()
        .all(unit)
    {
        Some("shares of border and background must be in [0, 1]".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_columns() -> &'static [&'static str] {
        &columns::<ImageRow>()[..FIRST_COLUMNS]
    }

    fn row(path: &str) -> ImageRow {
        ImageRow {
            path: path.to_owned(),
            label: 1,
            prediction: 1,
            correct: true,
            probability: f64::from(0.9_f32),
            probability_label: f64::from(0.9_f32),
            squared_l2: Some(0.01),
            l2: None,
            border_mass: Some(0.4),
            background_mass: Some(0.25),
            background_area: None,
        }
    }

    fn write(path: &Path, classes: [&str; 2], rows: &[ImageRow]) {
        let mut out = ImagesWriter::create(path, &classes.map(str::to_owned)).unwrap();
        for row in rows {
            out.push(row, Some(3), &[0.1, 0.9]).unwrap();
        }
        out.finish().unwrap();
    }

    #[test]
    fn names_with_special_characters_read_back_equal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        let rows = [
            row("a/plain.png"),
            row("a/comma, \"quote\"\nnewline.png"),
            row("<img src=x onerror=alert(1)>.png"),
            row("目つめ.png"),
        ];
        write(&path, ["a", "b"], &rows);
        assert_eq!(read_images(&path, 2).unwrap(), rows);
    }

    #[test]
    fn names_rank_and_every_probability_follow_the_older_columns() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        write(&path, ["=1+1, \"x\"", "p0:path"], &[row("a.png")]);
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = "path,label,prediction,correct,probability,probability_label,squared_l2,l2,\
            border_mass,background_mass,background_area,class,predicted,rank,\"p0:=1+1, \"\"x\"\"\",p1:p0:path\n\
            a.png,1,1,1,0.8999999761581421,0.8999999761581421,0.01,,0.4,0.25,,\
            p0:path,p0:path,3,0.10000000149011612,0.8999999761581421\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_file_without_the_newer_columns_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        let text = format!("{}\na.png,1,1,1,0.9,0.9,0.01,\n", first_columns().join(","));
        std::fs::write(&path, text).unwrap();
        let expected = ImageRow {
            probability: 0.9,
            probability_label: 0.9,
            border_mass: None,
            background_mass: None,
            ..row("a.png")
        };
        assert_eq!(read_images(&path, 2).unwrap(), [expected]);
        std::fs::write(&path, "path,label\na.png,1\n").unwrap();
        let error = read_images(&path, 2).unwrap_err().to_string();
        assert!(error.contains("must begin with \"path,label,"), "{error}");
    }

    /// What reads the file by the first columns' names or places finds the same in both.
    #[test]
    fn the_first_columns_are_what_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        write(&path, ["a", "b"], &[row("a.png")]);
        let mut csv = csv::Reader::from_path(&path).unwrap();
        let header: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(header[..8], *first_columns());
        let found: ImageRow = csv.deserialize().next().unwrap().unwrap();
        assert_eq!(found, row("a.png"));
    }

    #[test]
    fn rows_that_do_not_fit_the_classes_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        let mut out = ImagesWriter::create(&path, &["a".to_owned()]).unwrap();
        let error = out.push(&row("a.png"), None, &[1.0]).unwrap_err();
        assert!(error.to_string().contains("there are 1 classes"), "{error}");
        let row = ImageRow {
            label: 0,
            prediction: 0,
            ..row("a.png")
        };
        assert!(out.push(&row, None, &[0.5, 0.5]).is_err());
        assert!(out.push(&row, None, &[1.0]).is_ok());
    }

    #[test]
    fn contradictions_are_named_with_the_image() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        let refuse = |line: &str| {
            let text = format!("{}\na,0,0,1,1,1,0,0\n{line}\n", first_columns().join(","));
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
        let text = format!(
            "{},background_area\nb,0,0,1,1,1,0,0,1.5\n",
            first_columns().join(",")
        );
        std::fs::write(&path, text).unwrap();
        let error = read_images(&path, 2).unwrap_err().to_string();
        assert!(error.contains("shares of border and background"), "{error}");
    }
}

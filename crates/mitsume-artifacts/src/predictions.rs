//! `predictions.csv`: what a model predicts, one row per image.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Action, ArtifactError, Result, atomic};

/// What a model predicts of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction<'a> {
    /// Index of the predicted class.
    pub class: usize,
    /// Softmax probability of each class, in the model's order.
    pub probabilities: &'a [f32],
    /// Deviation of the predicted class's map from the class mean map of a reference (Eq. 9), if
    /// there is one: `squared-l2`.
    pub squared_l2: Option<f64>,
    /// The same as `l2`, the published form.
    pub l2: Option<f64>,
    /// The map as a NumPy file, if written.
    pub map: Option<&'a Path>,
}

/// Writes rows one after the other; the file appears at its path on [`PredictionsWriter::finish`].
///
/// The columns: `image`, `predicted`, `probability` (of the predicted class), `pINDEX:CLASS` of each
/// class, `squared_l2` and `l2` (empty without a reference), `map` (empty if not written), `error` (if
/// it is not empty, all others but `image` are).
#[derive(Debug)]
pub struct PredictionsWriter {
    csv: csv::Writer<BufWriter<File>>,
    temporary: NamedTempFile,
    path: PathBuf,
    classes: Vec<String>,
}

impl PredictionsWriter {
    /// Starts the file, with these classes.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming `path`.
    pub fn create(path: &Path, classes: &[String]) -> Result<Self> {
        let temporary = atomic::temporary_file(path)?;
        let file = temporary.reopen();
        let file =
            file.map_err(|e| ArtifactError::io(Action::Write, path, atomic::without_name(&e)))?;
        let mut writer = Self {
            csv: csv::Writer::from_writer(BufWriter::new(file)),
            temporary,
            path: path.to_owned(),
            classes: classes.to_vec(),
        };
        let probabilities = classes.iter().enumerate();
        let probabilities = probabilities.map(|(index, name)| format!("p{index}:{name}"));
        let mut header = ["image", "predicted", "probability"]
            .map(String::from)
            .to_vec();
        header.extend(probabilities);
        header.extend(["squared_l2", "l2", "map", "error"].map(String::from));
        writer.write(&header)?;
        Ok(writer)
    }

    /// Appends an image.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file.
    ///
    /// # Panics
    /// If there is not one probability for each class, or no class of this index.
    pub fn push(&mut self, image: &Path, prediction: &Prediction<'_>) -> Result<()> {
        let probabilities = prediction.probabilities;
        assert_eq!(
            probabilities.len(),
            self.classes.len(),
            "a probability for each class"
        );
        let number = |value: Option<f64>| value.map_or(String::new(), |v| v.to_string());
        let path = |path: &Path| path.display().to_string();
        let mut row = vec![
            path(image),
            self.classes[prediction.class].clone(),
            probabilities[prediction.class].to_string(),
        ];
        row.extend(probabilities.iter().map(f32::to_string));
        row.extend([
            number(prediction.squared_l2),
            number(prediction.l2),
            prediction.map.map(path).unwrap_or_default(),
            String::new(),
        ]);
        self.write(&row)
    }

    /// Appends an image, or a folder, that cannot be read.
    ///
    /// # Errors
    /// As [`PredictionsWriter::push`].
    pub fn push_error(&mut self, image: &Path, reason: &str) -> Result<()> {
        let mut row = vec![image.display().to_string()];
        row.resize(self.classes.len() + 6, String::new());
        row.push(reason.to_owned());
        self.write(&row)
    }

    /// Renames the file to its path, replacing another one.
    ///
    /// # Errors
    /// As [`PredictionsWriter::push`].
    pub fn finish(mut self) -> Result<()> {
        let flushed = self.csv.flush();
        flushed.map_err(|e| ArtifactError::io(Action::Write, &self.path, e))?;
        atomic::persist(self.temporary, &self.path)
    }

    fn write(&mut self, row: &[String]) -> Result<()> {
        let written = self.csv.write_record(row);
        written.map_err(|e| ArtifactError::io(Action::Write, &self.path, e.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_all_columns_and_the_file_appears_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/predictions.csv");
        let classes = ["a, \"b\"".to_owned(), "c".to_owned()];
        let mut writer = PredictionsWriter::create(&path, &classes).unwrap();
        let prediction = Prediction {
            class: 1,
            probabilities: &[0.25, 0.75],
            squared_l2: Some(0.5),
            l2: None,
            map: Some(Path::new("maps/x.npy")),
        };
        writer.push(Path::new("x/1.png"), &prediction).unwrap();
        writer.push_error(Path::new("2.png"), "no, image").unwrap();
        assert!(!path.exists());
        writer.finish().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "image,predicted,probability,\"p0:a, \"\"b\"\"\",p1:c,squared_l2,l2,map,error\n\
             x/1.png,c,0.75,0.25,0.75,0.5,,maps/x.npy,\n\
             2.png,,,,,,,,\"no, image\"\n"
        );
    }
}

//! `explained.csv`: explanations of single images, one row per image.

use std::path::Path;

use crate::{Result, atomic};

/// One requested image.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedRow {
    /// Path of the image as given, or as found in a given folder.
    pub image: String,
    /// The explanation, or the reason why there is none.
    pub outcome: std::result::Result<ExplainedImage, String>,
}

/// The explanation of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedImage {
    /// Name of the predicted class.
    pub predicted: String,
    /// Name of the class that the map explains.
    pub target: String,
    /// Softmax probability of each class, in the model's order.
    pub probabilities: Vec<f64>,
    /// Deviation from the class mean map of a reference (Eq. 9), if there is one: `squared-l2`.
    pub squared_l2: Option<f64>,
    /// The same as `l2`, the published form.
    pub l2: Option<f64>,
    /// The picture, relative to the folder of the table, with `/` between folders.
    pub picture: String,
    /// The overlay at the image's own resolution, a path as `picture`, if requested.
    pub overlay: Option<String>,
    /// The map as a NumPy file, a path as `picture`, if requested.
    pub map: Option<String>,
}

/// Writes all rows, replacing the file. The columns: `image`, `predicted`, `map_of`, `pINDEX:CLASS`
/// of each of `classes`, `squared_l2` and `l2` (empty without a reference), `picture`, `error` (if
/// it is not empty, all others but `image` are), `overlay` and `map` (empty if not requested).
///
/// # Errors
/// [`ArtifactError::Io`](crate::ArtifactError::Io) naming the file.
///
/// # Panics
/// If a row does not have one probability for each class.
pub fn write_explained(path: &Path, classes: &[String], rows: &[ExplainedRow]) -> Result<()> {
    atomic::write_atomic_with(path, |out| {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(header(classes))?;
        for row in rows {
            csv.write_record(fields(row, classes.len()))?;
        }
        csv.flush()
    })
}

fn header(classes: &[String]) -> Vec<String> {
    let probabilities = classes.iter().enumerate();
    let probabilities = probabilities.map(|(index, class)| format!("p{index}:{class}"));
    let before = ["image", "predicted", "map_of"].map(String::from);
    let after = ["squared_l2", "l2", "picture", "error", "overlay", "map"].map(String::from);
    before
        .into_iter()
        .chain(probabilities)
        .chain(after)
        .collect()
}

fn fields(row: &ExplainedRow, classes: usize) -> Vec<String> {
    let mut fields = vec![row.image.clone()];
    match &row.outcome {
        Ok(found) => {
            assert_eq!(
                found.probabilities.len(),
                classes,
                "a probability for each class"
            );
            let number = |value: &Option<f64>| value.map_or(String::new(), |v| v.to_string());
            fields.extend([found.predicted.clone(), found.target.clone()]);
            fields.extend(found.probabilities.iter().map(f64::to_string));
            fields.extend([number(&found.squared_l2), number(&found.l2)]);
            fields.extend([found.picture.clone(), String::new()]);
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            fields.extend([name(&found.overlay), name(&found.map)]);
        }
        Err(reason) => {
            fields.resize(1 + 2 + classes + 3, String::new());
            fields.extend([reason.clone(), String::new(), String::new()]);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_a_row_of_all_columns() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("explained.csv");
        let found = ExplainedImage {
            predicted: "a, \"b\"".to_owned(),
            target: "c".to_owned(),
            probabilities: vec![0.25, 0.75],
            squared_l2: Some(0.5),
            l2: None,
            picture: "x/1.explained.png".to_owned(),
            overlay: Some("x/1.explained.overlay.png".to_owned()),
            map: None,
        };
        let rows = [
            ExplainedRow {
                image: "x/1.png".to_owned(),
                outcome: Ok(found),
            },
            ExplainedRow {
                image: "2.png".to_owned(),
                outcome: Err("no image".to_owned()),
            },
        ];
        let classes = ["a, \"b\"".to_owned(), "c".to_owned()];
        write_explained(&path, &classes, &rows).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "image,predicted,map_of,\"p0:a, \"\"b\"\"\",p1:c,squared_l2,l2,picture,error,overlay,map\n\
             x/1.png,\"a, \"\"b\"\"\",c,0.25,0.75,0.5,,x/1.explained.png,,x/1.explained.overlay.png,\n\
             2.png,,,,,,,,no image,,\n"
        );
    }
}

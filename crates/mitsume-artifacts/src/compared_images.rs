//! `compare.csv`: every common image with every model, one row for each two.

use std::path::Path;

use serde::Serialize;

use crate::{Result, atomic};

/// An image and a model. The fields are the columns, in order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedImage {
    /// Path below the data folder.
    pub image: String,
    /// Name of its true class.
    pub class: String,
    /// Name of the model.
    pub model: String,
    /// Name of the class that the model predicts.
    pub predicted: String,
    /// Whether that is the true class, as 1 or 0.
    pub correct: u8,
    /// Softmax probability of the predicted class.
    pub probability: f64,
    /// Softmax probability of the true class.
    pub probability_label: f64,
    /// Deviation (`squared-l2`) from the model's class mean map over the common images; empty where
    /// the class has none.
    pub squared_l2: Option<f64>,
    /// Deviation (`l2`) from the same map.
    pub l2: Option<f64>,
    /// Pearson's correlation with the baseline's map of the image; empty for the baseline itself.
    pub map_pearson: Option<f64>,
    /// Mean squared difference from the baseline's map; empty as before.
    pub map_squared_l2: Option<f64>,
}

/// Writes all rows, replacing the file.
///
/// # Errors
/// [`ArtifactError::Io`](crate::ArtifactError::Io) naming the file.
pub fn write_compared(path: &Path, rows: &[ComparedImage]) -> Result<()> {
    atomic::write_atomic_with(path, |out| {
        let mut csv = csv::Writer::from_writer(out);
        for row in rows {
            csv.serialize(row)?;
        }
        csv.flush()
    })
}

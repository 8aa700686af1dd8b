//! A class activation map.

use crate::{ReportError, Result};
use mitsume::trust::upsampled_to_image;

/// A map `[height, width]` of finite values, normally in [0, 1].
#[derive(Debug, Clone, PartialEq)]
pub struct ActivationMap {
    values: Vec<f32>,
    height: usize,
    width: usize,
}

impl ActivationMap {
    /// A map from its values, row by row.
    ///
    /// # Errors
    /// [`ReportError::Map`] if a side is 0, the number of values is not `height * width`, or a
    /// value is not finite.
    pub fn new(values: Vec<f32>, height: usize, width: usize) -> Result<Self> {
        if height == 0 || width == 0 || height.checked_mul(width) != Some(values.len()) {
            let count = values.len();
            return Err(ReportError::Map(format!(
                "{count} values are no {height}x{width} map"
            )));
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(ReportError::Map(
                "a map has a value that is not finite".to_owned(),
            ));
        }
        Ok(Self {
            values,
            height,
            width,
        })
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Values row by row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Absolute differences from a map of the same size.
    ///
    /// # Errors
    /// [`ReportError::Map`] if the sizes differ.
    pub fn difference(&self, other: &Self) -> Result<Self> {
        if (self.height, self.width) != (other.height, other.width) {
            return Err(ReportError::Map(format!(
                "a map of {}x{} cannot be compared with a reference of {}x{}",
                self.height, self.width, other.height, other.width
            )));
        }
        let values = self
            .values
            .iter()
            .zip(&other.values)
            .map(|(a, b)| (a - b).abs())
            .collect();
        Self::new(values, self.height, self.width)
    }

    /// The map sampled at `height` x `width`: bilinear between element centres, the border
    /// repeated, as `interpolate(mode="bilinear", align_corners=False)`.
    pub(crate) fn resampled(&self, height: usize, width: usize) -> Vec<f32> {
        upsampled_to_image(&self.values, [self.height, self.width], [height, width])
            .expect("a map is finite and of its size, as is the picture it is drawn on")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resampling_equals_interpolation_between_centres() {
        // torch.nn.functional.interpolate(tensor([[[[0., 1.], [2., 3.]]]]), size=(4, 4),
        // mode="bilinear", align_corners=False), exact in binary.
        let map = ActivationMap::new(vec![0.0, 1.0, 2.0, 3.0], 2, 2).unwrap();
        let expected = [
            0.0, 0.25, 0.75, 1.0, //
            0.5, 0.75, 1.25, 1.5, //
            1.5, 1.75, 2.25, 2.5, //
            2.0, 2.25, 2.75, 3.0,
        ];
        assert_eq!(map.resampled(4, 4), expected);
        assert_eq!(map.resampled(2, 2), map.values);
    }

    #[test]
    fn a_map_that_does_not_fit_is_refused() {
        assert!(ActivationMap::new(vec![0.0; 5], 2, 3).is_err());
        assert!(ActivationMap::new(vec![], 0, 0).is_err());
        assert!(ActivationMap::new(vec![f32::NAN], 1, 1).is_err());
        assert!(ActivationMap::new(vec![0.0], usize::MAX, 2).is_err());
        let (a, b) = (
            ActivationMap::new(vec![0.0; 6], 2, 3).unwrap(),
            ActivationMap::new(vec![0.0; 6], 3, 2).unwrap(),
        );
        assert!(a.difference(&b).unwrap_err().to_string().contains("2x3"));
    }
}

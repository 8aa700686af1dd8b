//! Activations and gradients at the hooked layer.

/// One image at the hooked layer: its feature maps A and the gradient G of one class score with
/// respect to them, both [C, h, w].
#[derive(Clone, Copy, Debug)]
pub struct ActivationsAndGradients<'a> {
    features: &'a [f32],
    gradients: &'a [f32],
    channels: usize,
    shape: [usize; 2],
}

/// Feature maps and gradients that do not fit the shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{features} feature values and {gradients} gradients for {channels} channels of \
     {height}x{width}"
)]
pub struct ActivationShapeError {
    features: usize,
    gradients: usize,
    channels: usize,
    height: usize,
    width: usize,
}

impl<'a> ActivationsAndGradients<'a> {
    /// `features` and `gradients` [C, h, w], row by row, with `channels` = C > 0 and `shape` =
    /// `[h, w]`, not empty.
    ///
    /// # Errors
    /// Lengths that do not fit the shape.
    pub fn new(
        features: &'a [f32],
        gradients: &'a [f32],
        channels: usize,
        shape: [usize; 2],
    ) -> Result<Self, ActivationShapeError> {
        let [height, width] = shape;
        let values = channels * height * width;
        if values == 0 || features.len() != values || gradients.len() != values {
            return Err(ActivationShapeError {
                features: features.len(),
                gradients: gradients.len(),
                channels,
                height,
                width,
            });
        }
        Ok(Self {
            features,
            gradients,
            channels,
            shape,
        })
    }

    /// C.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// `[h, w]`.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// h * w.
    pub fn pixels(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// A_k and G_k, [h * w] each, channel by channel.
    pub fn each(&self) -> impl Iterator<Item = (&'a [f32], &'a [f32])> + use<'a> {
        let features = self.features.chunks_exact(self.pixels());
        features.zip(self.gradients.chunks_exact(self.pixels()))
    }
}

#[cfg(test)]
impl ActivationsAndGradients<'_> {
    /// Two channels of 1x2 pixels small enough for maps by hand: A = [1, 2], G = [3, -1] and
    /// A = [-1, 4], G = [2, 2].
    pub(super) fn two_channels() -> Self {
        Self::new(&[1.0, 2.0, -1.0, 4.0], &[3.0, -1.0, 2.0, 2.0], 2, [1, 2]).unwrap()
    }
}

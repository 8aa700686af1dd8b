//! A scale and a shift per channel.

/// `x * scale + shift`, both `[channels]`.
#[derive(Clone, Copy, Debug)]
pub struct ScaleShift<'a> {
    /// Factor of each channel.
    pub scale: &'a [f32],
    /// Added to each channel.
    pub shift: &'a [f32],
}

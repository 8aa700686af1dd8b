//! Images channels last, with their shape.

/// Images [images, height, width, channels].
#[derive(Clone, Copy, Debug)]
pub struct Nhwc<'a> {
    /// The values.
    pub data: &'a [f32],
    /// Images, height, width, channels.
    pub shape: [usize; 4],
}

/// The same, to be written.
pub(super) struct NhwcMut<'a> {
    pub data: &'a mut [f32],
    pub shape: [usize; 4],
}

//! The sliding window of a convolution or pooling.

use crate::error::Error;
use std::ops::Range;

/// A window that slides over rows and columns, `[rows, columns]` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its size in taps.
    pub kernel: [usize; 2],
    /// Pixels from one output position to the next.
    pub stride: [usize; 2],
    /// Pixels from one tap to the next.
    pub dilation: [usize; 2],
    /// Padding before the first row and column, in pixels (ONNX: pads begin).
    pub pad_before: [usize; 2],
    /// Padding after the last row and column (ONNX: pads end).
    pub pad_after: [usize; 2],
}

impl Window {
    /// A square window of `kernel` taps a side, with the same stride and padding on both axes and no
    /// dilation.
    pub const fn square(kernel: usize, stride: usize, padding: usize) -> Self {
        Self {
            kernel: [kernel; 2],
            stride: [stride; 2],
            dilation: [1; 2],
            pad_before: [padding; 2],
            pad_after: [padding; 2],
        }
    }

    /// Size of the result for an image of `size`; `None` if the window is larger than the padded
    /// image, has no taps or no stride, or a size overflows.
    pub fn output_size(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let side = |axis: usize| {
            let steps = (self.kernel[axis].checked_sub(1)?).checked_mul(self.dilation[axis])?;
            let padded = size[axis]
                .checked_add(self.pad_before[axis])?
                .checked_add(self.pad_after[axis])?;
            let room = padded.checked_sub(steps.checked_add(1)?)?;
            (self.stride[axis] > 0).then(|| room / self.stride[axis] + 1)
        };
        Some([side(0)?, side(1)?])
    }

    /// An error if one of `to` positions along an axis lies outside an image of `size` altogether.
    pub(crate) fn check_reach(&self, size: [usize; 2], to: [usize; 2]) -> Result<(), Error> {
        let reaches = |axis: usize| {
            (0..to[axis]).all(|at| !self.taps_inside(axis, at, size[axis]).is_empty())
        };
        let [height, width] = size;
        match reaches(0) && reaches(1) {
            true => Ok(()),
            false => Err(Error::Size {
                images: 1,
                height,
                width,
            }),
        }
    }

    /// Number of taps.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Pixels the dilated kernel covers along `axis`: (kernel - 1) * dilation + 1.
    pub(crate) fn extent(&self, axis: usize) -> usize {
        let steps = self.kernel[axis].saturating_sub(1);
        steps.saturating_mul(self.dilation[axis]).saturating_add(1)
    }

    /// Of `positions` along `axis`, those whose taps all lie inside an image of `side` pixels.
    pub(crate) fn interior(&self, axis: usize, positions: usize, side: usize) -> Range<usize> {
        let start = self.pad_before[axis]
            .div_ceil(self.stride[axis])
            .min(positions);
        let room = (side + self.pad_before[axis]).checked_sub(self.extent(axis));
        let end = room.map_or(0, |room| room / self.stride[axis] + 1);
        start..end.clamp(start, positions)
    }

    /// First pixel of the window at position `at` along `axis`; negative in the padding.
    pub(crate) fn start(&self, axis: usize, at: usize) -> isize {
        (at * self.stride[axis]) as isize - self.pad_before[axis] as isize
    }

    /// Number of taps at position `at` along `axis` that lie on an image of `side` pixels or on its
    /// padding; fewer than all only where sizes were rounded up.
    pub(crate) fn counted_taps(&self, axis: usize, at: usize, side: usize) -> usize {
        let first = self.start(axis, at);
        let end = (side + self.pad_after[axis]) as isize;
        (0..self.kernel[axis])
            .filter(|tap| first + ((tap * self.dilation[axis]) as isize) < end)
            .count()
    }

    /// Taps at position `at` along `axis` that lie inside an image of `side` pixels.
    pub(crate) fn taps_inside(&self, axis: usize, at: usize, side: usize) -> Range<usize> {
        let first = self.start(axis, at);
        let step = self.dilation[axis] as isize;
        let taps = self.kernel[axis] as isize;
        let low = (-first + step - 1).max(0) / step;
        let high = (side as isize - first + step - 1).max(0) / step;
        let low = low.min(taps);
        low as usize..high.clamp(low, taps) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_inside_are_those_whose_pixel_exists() {
        for (kernel, stride, dilation, before, side) in [
            (3, 1, 1, 1, 5),
            (3, 2, 2, 3, 6),
            (5, 1, 1, 2, 3),
            (1, 2, 1, 0, 7),
            (2, 3, 4, 5, 2),
        ] {
            let window = Window {
                kernel: [kernel; 2],
                stride: [stride; 2],
                dilation: [dilation; 2],
                pad_before: [before; 2],
                pad_after: [before; 2],
            };
            let Some([out, _]) = window.output_size([side; 2]) else {
                panic!("the windows above fit");
            };
            for at in 0..out {
                let exists = |tap: &usize| {
                    let pixel = window.start(0, at) + (tap * dilation) as isize;
                    (0..side as isize).contains(&pixel)
                };
                let expected: Vec<usize> = (0..kernel).filter(exists).collect();
                let found: Vec<usize> = window.taps_inside(0, at, side).collect();
                assert_eq!(found, expected, "{window:?} at {at}");
                let whole = window.interior(0, out, side).contains(&at);
                assert_eq!(whole, expected.len() == kernel, "{window:?} at {at}");
            }
        }
    }

    #[test]
    fn a_window_larger_than_the_image_has_no_result() {
        let window = Window {
            kernel: [3, 3],
            stride: [1, 1],
            dilation: [1, 1],
            pad_before: [0, 0],
            pad_after: [0, 0],
        };
        assert_eq!(window.output_size([3, 5]), Some([1, 3]));
        assert_eq!(window.output_size([2, 5]), None);
        let endless = Window {
            dilation: [usize::MAX, 1],
            ..window
        };
        assert_eq!(endless.output_size([3, 5]), None);
    }
}

//! A ring buffer of the image rows under a sliding window.

use super::window::Window;
use crate::simd::MAX_LANES;
use crate::workspace::{Buffer, Workspace};
use std::ops::Range;

/// The rows under a window that slides down an image. A line is a row [columns, channels] with its
/// padding on both sides; each is computed once.
///
/// Lines are numbered from the first line of the padding above the image. Each line begins at a
/// cache-line boundary and may be read one vector beyond its end.
pub(super) struct LineBuffer {
    buffer: Buffer,
    start: usize,
    /// Values from one line to the next.
    stride: usize,
    /// Lines in the buffer.
    count: usize,
    /// The first line not computed yet.
    next: usize,
    /// Values of the padding on the left of a line.
    left_padding: usize,
    /// Values of a row of the image.
    row_len: usize,
    /// Lines of padding above the image.
    top_padding: usize,
    height: usize,
}

/// Bytes of a cache line.
const CACHE_LINE: usize = 64;

impl LineBuffer {
    /// An empty buffer for an image of this height, width and number of channels.
    pub fn new(
        workspace: &Workspace,
        window: &Window,
        [height, width, channels]: [usize; 3],
    ) -> Self {
        let count = window.extent(0);
        let [left_padding, row_len, right_padding] =
            [window.pad_before[1], width, window.pad_after[1]].map(|columns| columns * channels);
        let stride =
            (left_padding + row_len + right_padding + MAX_LANES).next_multiple_of(MAX_LANES);
        let mut buffer = workspace.take(count * stride + MAX_LANES);
        buffer.fill(0.0);
        let aligned = buffer.as_ptr().align_offset(CACHE_LINE);
        Self {
            start: if aligned < MAX_LANES { aligned } else { 0 },
            buffer,
            stride,
            count,
            next: 0,
            left_padding,
            row_len,
            top_padding: window.pad_before[0],
            height,
        }
    }

    /// Computes the lines of `wanted` that are not in the buffer yet: zeros in the padding, and
    /// `fill(row, line)` for rows of the image, [columns, channels].
    pub fn fill(&mut self, wanted: Range<usize>, mut fill: impl FnMut(usize, &mut [f32])) {
        for line in self.next.max(wanted.start)..wanted.end {
            let at = self.offset(line) + self.left_padding;
            let to = &mut self.buffer[at..at + self.row_len];
            match line.checked_sub(self.top_padding) {
                Some(row) if row < self.height => fill(row, to),
                _ => to.fill(0.0),
            }
        }
        self.next = self.next.max(wanted.end);
    }

    /// Line `line`, which must be one of the last `count` computed.
    pub fn get(&self, line: usize) -> &[f32] {
        &self.buffer[self.offset(line)..][..self.stride]
    }

    fn offset(&self, line: usize) -> usize {
        self.start + line % self.count * self.stride
    }
}

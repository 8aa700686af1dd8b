//! A ring buffer of the image rows under a sliding window.

use super::window::Window;
use crate::simd::MAX_LANES;
use crate::workspace::{Buffer, Workspace};
use std::ops::Range;

/// The lines a window looks at, [columns, channels] each with the padding on both sides, kept while it slides down:
/// each is made once.
///
/// LineBuffer are counted from the first of the padding above. They start where a vector's load does not cross a
/// line of the cache, and may be read a vector beyond their end.
pub(super) struct LineBuffer {
    buffer: Buffer,
    start: usize,
    /// Values from one line to the next.
    stride: usize,
    /// LineBuffer kept.
    count: usize,
    /// The first line not computed yet.
    next: usize,
    /// Values of a line in the padding on the left, and in the image.
    before: usize,
    inside: usize,
    /// LineBuffer above the image and in it.
    above: usize,
    height: usize,
}

/// Bytes of a cache line.
const CACHE_LINE: usize = 64;

impl LineBuffer {
    /// Of an image [height, width, channels] = `size`.
    pub fn new(
        workspace: &Workspace,
        window: &Window,
        [height, width, channels]: [usize; 3],
    ) -> Self {
        let count = window.extent(0);
        let [before, inside, after] =
            [window.before[1], width, window.after[1]].map(|columns| columns * channels);
        let stride = (before + inside + after + MAX_LANES).next_multiple_of(MAX_LANES);
        let mut buffer = workspace.take(count * stride + MAX_LANES);
        buffer.fill(0.0);
        let aligned = buffer.as_ptr().align_offset(CACHE_LINE);
        Self {
            start: if aligned < MAX_LANES { aligned } else { 0 },
            buffer,
            stride,
            count,
            next: 0,
            before,
            inside,
            above: window.before[0],
            height,
        }
    }

    /// Fills those of lines `wanted` that are not there yet: zeros in the padding, `fill(row, line)` for rows of the
    /// image, [columns, channels].
    pub fn fill(&mut self, wanted: Range<usize>, mut fill: impl FnMut(usize, &mut [f32])) {
        for line in self.next.max(wanted.start)..wanted.end {
            let at = self.at(line) + self.before;
            let to = &mut self.buffer[at..at + self.inside];
            match line.checked_sub(self.above) {
                Some(row) if row < self.height => fill(row, to),
                _ => to.fill(0.0),
            }
        }
        self.next = self.next.max(wanted.end);
    }

    /// Line `line`, which must be among the last filled.
    pub fn get(&self, line: usize) -> &[f32] {
        &self.buffer[self.at(line)..][..self.stride]
    }

    fn at(&self, line: usize) -> usize {
        self.start + line % self.count * self.stride
    }
}

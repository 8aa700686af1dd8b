//! The lines of an image under a sliding window.

use super::window::Window;
use crate::simd::MAX_LANES;
use crate::workspace::{Buffer, Workspace};
use std::ops::Range;

/// The lines a window looks at, [columns, channels] each with the padding on both sides, kept while it slides down:
/// each is made once.
///
/// Lines are counted from the first of the padding above. They start where a vector's load does not cross a
/// line of the cache, and may be read a vector beyond their end.
pub(super) struct Lines {
    buffer: Buffer,
    start: usize,
    /// From line to line.
    stride: usize,
    /// Lines kept.
    count: usize,
    /// The first line not made yet.
    next: usize,
    /// Values of a line before and in the image.
    before: usize,
    inside: usize,
    /// Lines above the image and in it.
    above: usize,
    height: usize,
}

/// Bytes of a line of the cache.
const CACHE_LINE: usize = 64;

impl Lines {
    /// Of an image [height, width, channels] = `size`.
    pub fn new(
        workspace: &Workspace,
        window: &Window,
        [height, width, channels]: [usize; 3],
    ) -> Self {
        let count = window.reach(0);
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

    /// Makes those of lines `wanted` that are not there yet: zeros outside the image, `fill(row, line)` inside it, for its
    /// rows of [columns, channels].
    pub fn make(&mut self, wanted: Range<usize>, mut fill: impl FnMut(usize, &mut [f32])) {
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

    /// Line `line`, which must be among the last made.
    pub fn get(&self, line: usize) -> &[f32] {
        &self.buffer[self.at(line)..][..self.stride]
    }

    fn at(&self, line: usize) -> usize {
        self.start + line % self.count * self.stride
    }
}

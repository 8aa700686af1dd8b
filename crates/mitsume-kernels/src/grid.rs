//! Images of one size, and their division into tiles.

use std::ops::Range;

/// The size of a batch of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub images: usize,
    pub height: usize,
    pub width: usize,
}

impl Grid {
    pub(crate) fn pixels(self) -> usize {
        self.images * self.height * self.width
    }

    /// After a 2x2 max-pool of stride 2: an odd last row or column is dropped.
    pub(crate) fn pooled(self) -> Self {
        Self {
            images: self.images,
            height: self.height / 2,
            width: self.width / 2,
        }
    }

    /// The grid of tiles of `side` x `side` pixels; those at the lower and right edge are smaller.
    pub(crate) fn tiles(self, side: usize) -> Self {
        Self {
            images: self.images,
            height: self.height.div_ceil(side),
            width: self.width.div_ceil(side),
        }
    }

    /// Number of rows of all images.
    pub(crate) fn rows(self) -> usize {
        self.images * self.height
    }

    /// The pixel rows covered by rows `tiles` of tiles of `side` pixels; both are numbered through
    /// all images.
    pub(crate) fn pixel_rows(self, tiles: &Range<usize>, side: usize) -> Range<usize> {
        let per_image = self.height.div_ceil(side).max(1);
        let first_row =
            |t: usize| t / per_image * self.height + (t % per_image * side).min(self.height);
        first_row(tiles.start)..first_row(tiles.end)
    }
}

/// `0..total` in chunks of `size`, the last one shorter; independent of the number of threads.
pub(crate) fn chunk_ranges(total: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..total)
        .step_by(size.max(1))
        .map(move |start| start..(start + size.max(1)).min(total))
}

/// Splits `data` at the ends of consecutive ranges that cover it; each unit of a range is `scale`
/// values.
pub(crate) fn split_at_ranges(
    mut data: &mut [f32],
    ranges: impl Iterator<Item = Range<usize>>,
    scale: usize,
) -> Vec<&mut [f32]> {
    let mut parts = Vec::new();
    for range in ranges {
        let (part, rest) = data.split_at_mut(range.len() * scale);
        parts.push(part);
        data = rest;
    }
    assert!(data.is_empty(), "the ranges must cover the data");
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tile_rows_cover_the_pixel_rows_of_every_image() {
        let grid = Grid {
            images: 3,
            height: 7,
            width: 5,
        };
        let tiles = grid.tiles(4);
        assert_eq!((tiles.height, tiles.width), (2, 2));
        let rows: Vec<_> = chunk_ranges(tiles.rows(), 1)
            .map(|r| grid.pixel_rows(&r, 4))
            .collect();
        assert_eq!(rows, [0..4, 4..7, 7..11, 11..14, 14..18, 18..21]);
        assert_eq!(grid.pixel_rows(&(1..5), 4), 4..18);
    }
}

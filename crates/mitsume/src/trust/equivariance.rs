//! Equivariance: does the map move with the image?
//!
//! The image is flipped, or shifted by whole cells of the map, and explained anew for the same class;
//! the new map, moved back, is compared with the first one over what both show. A map of what is in
//! the image moves with it. Beside it stands the same of the new map as it lies, not moved back
//! (`in_place`): where that is as high, the map shows a place of the frame, such as its centre, or
//! the image looks the same when it is moved.
//!
//! An ordinary network is equivariant to flips only as far as it was trained for them; convolutions
//! are to shifts by their stride but for the border, and position embeddings are not. So no limit
//! is named. By [`similarity()`], as in the randomisation test.

use serde::{Deserialize, Serialize};

use super::similarity::{Similarity, mean_over_images, similarity, undefined};
use super::{Estimate, TrustError};

/// How an image is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Left and right are exchanged.
    FlipHorizontally,
    /// Top and bottom are exchanged.
    FlipVertically,
    /// To the right. What comes in repeats the image's left edge.
    ShiftRight,
    /// Downwards. What comes in repeats the image's upper edge.
    ShiftDown,
}

/// A movement of images and of their maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// How.
    pub direction: Direction,
    /// By how many pixels of the image; 0 of a flip.
    pub pixels: usize,
    /// By how many cells of the map; 0 of a flip.
    pub cells: usize,
}

impl Movement {
    /// All movements of maps `[h, w]` of images `[height, width]`. A shift is by about an eighth of
    /// the image, at least one cell, and always by whole pixels and cells; where that would leave
    /// less than half of the image there is none.
    pub fn all(map: [usize; 2], image: [usize; 2]) -> Vec<Self> {
        let flips = [Direction::FlipHorizontally, Direction::FlipVertically];
        let flips = flips.map(|direction| Self {
            direction,
            pixels: 0,
            cells: 0,
        });
        let shifts = [
            (Direction::ShiftRight, map[1], image[1]),
            (Direction::ShiftDown, map[0], image[0]),
        ];
        let shifts = shifts.into_iter().filter_map(|(direction, cells, pixels)| {
            let (cells, pixels) = shift(cells, pixels)?;
            Some(Self {
                direction,
                pixels,
                cells,
            })
        });
        flips.into_iter().chain(shifts).collect()
    }

    /// The image [C, H, W], moved.
    ///
    /// # Panics
    /// If the image has no whole number of channels, or is smaller than the shift.
    pub fn moved(&self, image: &[f32], [height, width]: [usize; 2]) -> Vec<f32> {
        assert!(image.len().is_multiple_of(height * width), "whole channels");
        let from = |row: usize, column: usize| match self.direction {
            Direction::FlipHorizontally => (row, width - 1 - column),
            Direction::FlipVertically => (height - 1 - row, column),
            Direction::ShiftRight => (row, column.saturating_sub(self.pixels)),
            Direction::ShiftDown => (row.saturating_sub(self.pixels), column),
        };
        let channels = image.chunks_exact(height * width);
        let pixel = |channel: &[f32], at: usize| {
            let (row, column) = from(at / width, at % width);
            channel[row * width + column]
        };
        channels
            .flat_map(|channel| (0..height * width).map(move |at| pixel(channel, at)))
            .collect()
    }

    /// What the map [h, w] of the image and that of the moved image both show, the latter moved back,
    /// and its shape.
    fn overlap(
        &self,
        own: &[f32],
        moved: &[f32],
        [h, w]: [usize; 2],
    ) -> ([Vec<f32>; 2], [usize; 2]) {
        let (down, right) = match self.direction {
            Direction::ShiftRight => (0, self.cells),
            Direction::ShiftDown => (self.cells, 0),
            Direction::FlipHorizontally | Direction::FlipVertically => {
                return ([own.to_vec(), self.moved(moved, [h, w])], [h, w]);
            }
        };
        let part = |map: &[f32], rows: usize, columns: usize| -> Vec<f32> {
            let lines = map.chunks_exact(w).skip(rows).take(h - down);
            lines
                .flat_map(|line| line[columns..][..w - right].to_vec())
                .collect()
        };
        (
            [part(own, 0, 0), part(moved, down, right)],
            [h - down, w - right],
        )
    }
}

/// Cells and pixels of a shift along a side of so many cells and pixels.
fn shift(cells: usize, pixels: usize) -> Option<(usize, usize)> {
    if cells == 0 {
        return None;
    }
    // The fewest cells that are a whole number of pixels.
    let unit = cells / greatest_common_divisor(cells, pixels);
    let units = (cells as f64 / 8.0 / unit as f64).round().max(1.0) as usize;
    let shifted = units * unit;
    (2 * shifted <= cells).then(|| (shifted, shifted * pixels / cells))
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

/// Collects the similarities of every image under one movement.
#[derive(Clone, Debug, PartialEq)]
pub struct EquivarianceTest {
    movement: Movement,
    images: Vec<Similarity>,
    in_place: Vec<Similarity>,
}

/// Similarity of the maps to those of moved images, over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Equivariance {
    /// How the images were moved.
    #[serde(flatten)]
    pub movement: Movement,
    /// Images tested.
    pub images: usize,
    /// Images of which one map or both are constant where both show the image, so that similarity
    /// is undefined; they are in no mean.
    pub undefined: usize,
    /// Mean Spearman correlation of the map and that of the moved image, moved back: 1 for maps
    /// that move with the image. `None` if no image has one.
    pub spearman: Option<Estimate>,
    /// Mean structural similarity of these.
    pub ssim: Option<Estimate>,
    /// Mean Spearman correlation of the map and that of the moved image as it lies.
    pub in_place: Option<Estimate>,
}

impl EquivarianceTest {
    /// Without images.
    pub fn new(movement: Movement) -> Self {
        Self {
            movement,
            images: Vec::new(),
            in_place: Vec::new(),
        }
    }

    /// The movement.
    pub fn movement(&self) -> &Movement {
        &self.movement
    }

    /// Adds an image: its map, and that of the moved image, both [h, w] = `shape`.
    ///
    /// # Errors
    /// A map that does not fit the shape, or a value that is not finite. The image is then not
    /// added.
    pub fn add(&mut self, own: &[f32], moved: &[f32], shape: [usize; 2]) -> Result<(), TrustError> {
        let in_place = similarity(own, moved, shape)?;
        let ([own, back], shape) = self.movement.overlap(own, moved, shape);
        self.images.push(similarity(&own, &back, shape)?);
        self.in_place.push(in_place);
        Ok(())
    }

    /// Means over the images so far. `seed` is of the bootstrap.
    pub fn result(&self, seed: u64) -> Equivariance {
        Equivariance {
            movement: self.movement,
            images: self.images.len(),
            undefined: undefined(&self.images),
            spearman: mean_over_images(&self.images, |one| one.spearman, seed),
            ssim: mean_over_images(&self.images, |one| one.ssim, seed),
            in_place: mean_over_images(&self.in_place, |one| one.spearman, seed),
        }
    }
}

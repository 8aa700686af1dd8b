//! Random resized crop.

use mitsume_random::RandomStream;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CropBox {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// Source of the random numbers of a crop.
pub trait CropRandom {
    /// Uniform in [low, high).
    fn uniform(&mut self, low: f64, high: f64) -> f64;
    /// An integer in 0..n.
    fn below(&mut self, n: usize) -> usize;
}

impl CropRandom for RandomStream {
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        RandomStream::uniform(self, low, high)
    }

    fn below(&mut self, n: usize) -> usize {
        RandomStream::below(self, n)
    }
}

/// The rectangle that torchvision's `RandomResizedCrop` cuts out of an image of `height` x `width`,
/// given the same random numbers.
///
/// Up to ten times, the area (as a fraction of the image's) is drawn uniformly from `scale` and the
/// aspect ratio (width / height) log-uniformly from `ratio`; the first rectangle that fits gets a
/// random position. If none fits, the largest centred rectangle with an aspect ratio in `ratio` is
/// taken.
pub fn random_resized_crop(
    (height, width): (usize, usize),
    scale: [f64; 2],
    ratio: [f64; 2],
    rng: &mut impl CropRandom,
) -> CropBox {
    let area = height as f64 * width as f64;
    let [log_low, log_high] = ratio.map(f64::ln);
    for _ in 0..10 {
        let target = area * rng.uniform(scale[0], scale[1]);
        let aspect = rng.uniform(log_low, log_high).exp();
        // Python's round() rounds halves to even; NaN or a negative size becomes 0, which does not
        // fit.
        let w = (target * aspect).sqrt().round_ties_even() as usize;
        let h = (target / aspect).sqrt().round_ties_even() as usize;
        if (1..=width).contains(&w) && (1..=height).contains(&h) {
            return CropBox {
                top: rng.below(height - h + 1),
                left: rng.below(width - w + 1),
                height: h,
                width: w,
            };
        }
    }
    centred_crop((height, width), ratio)
}

/// The largest centred rectangle with an aspect ratio in `ratio`.
fn centred_crop((height, width): (usize, usize), ratio: [f64; 2]) -> CropBox {
    let aspect = width as f64 / height as f64;
    let (lowest, highest) = (ratio[0].min(ratio[1]), ratio[0].max(ratio[1]));
    let (h, w) = if aspect < lowest {
        ((width as f64 / lowest).round_ties_even() as usize, width)
    } else if aspect > highest {
        (height, (height as f64 * highest).round_ties_even() as usize)
    } else {
        (height, width)
    };
    // An extreme aspect ratio (1 x 65535) may round to 0.
    let (h, w) = (h.clamp(1, height), w.clamp(1, width));
    CropBox {
        top: (height - h) / 2,
        left: (width - w) / 2,
        height: h,
        width: w,
    }
}

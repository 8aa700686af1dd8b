//! The metric of bootstrap resamples: of the same images, each counted as often as it was drawn.
//!
//! A resample changes the class mean maps and with them every deviation, so the metric is not a mean
//! of fixed numbers per image. But the maps themselves stay, and their inner products say all of it.
//! Of the n counted maps x_i of a class, drawn w_i times, take the deviations from the class mean m of
//! the images as they are, `c_i = x_i - m`, and with `W = sum_i w_i`
//!
//! ```text
//! y_i = sum_j w_j c_i.c_j              inner products of each map with the weighted sum of all
//! s   = sum_i w_i y_i                  squared length of that sum
//! |x_i - m_w|^2 = c_i.c_i - 2 y_i / W + s / W^2          m_w: the mean map of the resample
//! sum_i w_i |x_i - m_w|^2 = sum_i w_i c_i.c_i - s / W
//! ```
//!
//! That is exact. `y` is the product of a matrix that is the same for all resamples with the weights:
//! either the Gram matrix `c_i.c_j` (n x n), or the maps themselves applied twice (n x h w), whichever
//! takes fewer multiplications. Centring on m keeps the three terms of one size, so that
//! little is lost where they cancel: the squares are right to about 1e-13 of the class's spread.
//!
//! The rules are the metric's: a class of one image counts in `squared-l2` with 0 and is left out of
//! `l2`, where an image drawn twice is two images.

mod consistency;
mod map_group;

pub use consistency::{ResampledConsistency, WeightedConsistency};
pub use map_group::{BLOCK, Weights};

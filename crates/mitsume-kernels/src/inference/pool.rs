//! Max and average pooling.

use super::nhwc::Nhwc;
use super::window::Window;
use crate::error::{Error, check_length};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// The statistic of a window that pooling computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The largest value; NaN if there is one.
    Max,
    /// The mean of the values inside the image.
    Mean,
    /// The sum of the values inside the image over the number of taps that lie on image or padding.
    MeanWithPadding,
}

/// Pools `x` to `[images, to[0], to[1], channels]`. `to` may be one larger than
/// [`Window::output_size`], where sizes are rounded up.
///
/// # Errors
/// If `x` is of another length, or a window would lie outside the image altogether.
pub fn pool(
    workspace: &Workspace,
    pooling: Pooling,
    window: &Window,
    x: Nhwc,
    to: [usize; 2],
) -> Result<Buffer, Error> {
    let Nhwc { data: x, shape } = x;
    let [images, height, width, channels] = shape;
    let expected = shape.iter().product();
    check_length("input", expected, x.len())?;
    let [rows, columns] = to;
    window.check_reach([height, width], to)?;
    let mut out = workspace.take(images * rows * columns * channels);
    let isa = workspace.isa();
    let lines = out.par_chunks_exact_mut(columns * channels).enumerate();
    lines.for_each(|(line, out)| {
        let image = height * width * channels;
        isa.run(PoolRow {
            pooling,
            window,
            image: &x[line / rows * image..][..image],
            size: [height, width],
            row: line % rows,
            channels,
            out,
        });
    });
    Ok(out)
}

/// One row of one image's result.
struct PoolRow<'a> {
    pooling: Pooling,
    window: &'a Window,
    image: &'a [f32],
    size: [usize; 2],
    row: usize,
    channels: usize,
    out: &'a mut [f32],
}

impl Kernel for PoolRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (window, channels) = (self.window, self.channels);
        let down = window.taps_inside(0, self.row, self.size[0]);
        let top = window.start(0, self.row);
        let counted_down = window.counted_taps(0, self.row, self.size[0]);
        for position in 0..self.out.len() / channels {
            let along = window.taps_inside(1, position, self.size[1]);
            let left = window.start(1, position);
            let count = match self.pooling {
                Pooling::MeanWithPadding => {
                    counted_down * window.counted_taps(1, position, self.size[1])
                }
                _ => down.len() * along.len(),
            };
            let by = simd.splat(1.0 / count as f32);
            let mut first = 0;
            while first < channels {
                let lanes = S::LANES.min(channels - first);
                let mut held = match self.pooling {
                    Pooling::Max => simd.splat(f32::NEG_INFINITY),
                    _ => simd.zero(),
                };
                for ky in down.clone() {
                    let y = (top + (ky * window.dilation[0]) as isize) as usize;
                    for kx in along.clone() {
                        let x = (left + (kx * window.dilation[1]) as isize) as usize;
                        let at = (y * self.size[1] + x) * channels + first;
                        let v = simd.load_partial(&self.image[at..at + lanes]);
                        held = match self.pooling {
                            Pooling::Max => simd.select(simd.greater_or_nan(v, held), v, held),
                            _ => simd.add(held, v),
                        };
                    }
                }
                if self.pooling != Pooling::Max {
                    held = simd.mul(held, by);
                }
                let at = position * channels + first;
                simd.store_partial(&mut self.out[at..at + lanes], held);
                first += lanes;
            }
        }
    }
}

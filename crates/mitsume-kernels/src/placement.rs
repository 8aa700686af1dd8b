//! Where the channels of tiles or pixels lie in slots, by what a product sums over.

use crate::element::Element;
use crate::pointwise::PixelRows;
use crate::simd::Simd;
use std::marker::PhantomData;

/// Layout of vectors of channels in rows, a row being a tile or a pixel.
pub(crate) trait Placement {
    /// Slots that a vector takes.
    fn slots<S: Simd>() -> usize;

    /// Offset of a vector that begins at `channel`, where rows, or those that share slots, are
    /// `stride` slots apart.
    fn offset(row: usize, channel: usize, stride: usize) -> usize;

    /// Writes a vector of row `row`; rows must be written in order.
    ///
    /// # Safety
    /// [`Placement::slots`] must be readable and writable at `p`.
    unsafe fn write<S: Simd>(simd: S, p: *mut f32, row: usize, values: S::V);
}

/// For products over the channels: neighbouring channels share a slot.
pub(crate) struct OverChannels<E>(PhantomData<E>);

impl<E: Element> Placement for OverChannels<E> {
    #[inline(always)]
    fn slots<S: Simd>() -> usize {
        S::LANES / E::PER_SLOT
    }

    #[inline(always)]
    fn offset(row: usize, channel: usize, stride: usize) -> usize {
        row * stride + channel / E::PER_SLOT
    }

    #[inline(always)]
    unsafe fn write<S: Simd>(simd: S, p: *mut f32, _: usize, values: S::V) {
        // SAFETY: required of the caller.
        unsafe { E::put_along_depth(simd, p, values) }
    }
}

/// For products over the rows: neighbouring rows share a slot.
pub(crate) struct OverRows<E>(PhantomData<E>);

impl<E: Element> Placement for OverRows<E> {
    #[inline(always)]
    fn slots<S: Simd>() -> usize {
        S::LANES
    }

    #[inline(always)]
    fn offset(row: usize, channel: usize, stride: usize) -> usize {
        row / E::PER_SLOT * stride + channel
    }

    #[inline(always)]
    unsafe fn write<S: Simd>(simd: S, p: *mut f32, row: usize, values: S::V) {
        // SAFETY: required of the caller.
        unsafe { E::put_lanes(simd, p, row, values) }
    }
}

/// Copies pixels into slots, `stride` slots from one to the next or from those of a slot to those
/// of the next; channels beyond the last are 0 up to a whole vector.
#[inline(always)]
pub(crate) fn place<S: Simd, P: Placement>(
    simd: S,
    PixelRows { data, channels }: PixelRows,
    stride: usize,
    out: &mut [f32],
) {
    for (row, values) in data.chunks_exact(channels).enumerate() {
        for channel in (0..channels).step_by(S::LANES) {
            let v = simd.load_partial(&values[channel..(channel + S::LANES).min(channels)]);
            let to = &mut out[P::offset(row, channel, stride)..];
            assert!(to.len() >= P::slots::<S>());
            // SAFETY: the length was just checked.
            unsafe { P::write(simd, to.as_mut_ptr(), row, v) };
        }
    }
}

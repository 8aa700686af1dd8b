//! Reusable buffers.

use crate::isa::Isa;
use mitsume_levels::Precision;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// The buffers of the kernels, the instruction set they run on, and the precision of their products.
///
/// A dropped buffer returns to the free list, and the next request of about its size reuses it:
/// after the first steps of a training run nothing large is allocated and no fresh pages are
/// touched. Clones share the buffers.
#[derive(Clone, Debug)]
pub struct Workspace {
    isa: Isa,
    precision: Precision,
    free: Arc<Mutex<Vec<Vec<f32>>>>,
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new(Isa::best())
    }
}

impl Workspace {
    /// An empty workspace whose kernels run on `isa`.
    pub fn new(isa: Isa) -> Self {
        Self {
            isa,
            precision: Precision::Float32,
            free: Arc::default(),
        }
    }

    /// The same buffers, for 3x3 and 1x1 convolutions whose products are of another precision. A trunk
    /// has its own ([`TrunkSpec::precision`](crate::trunk::TrunkSpec::precision)).
    #[must_use]
    pub fn with_precision(&self, precision: Precision) -> Self {
        Self {
            precision,
            ..self.clone()
        }
    }

    /// The precision of products: float32 unless [`Workspace::with_precision`] chose another.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The instruction set the kernels run on.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Bytes held for reuse.
    pub fn idle_bytes(&self) -> usize {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.iter().map(|b| b.capacity() * size_of::<f32>()).sum()
    }

    /// Frees all idle buffers.
    pub fn clear(&self) {
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// A buffer of `len` values of unspecified content.
    pub(crate) fn take(&self, len: usize) -> Buffer {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest that fits, but none much larger, which a larger request may need. Twice as large
        // are the idle buffers of the stage before, where a network halves its maps.
        let fitting = |b: &Vec<f32>| b.capacity() >= len && b.capacity() <= 2 * len + 1024;
        let best = (0..free.len())
            .filter(|&i| fitting(&free[i]))
            .min_by_key(|&i| free[i].capacity());
        let data = best.map(|i| free.swap_remove(i));
        drop(free);
        let mut data = data.unwrap_or_else(|| Vec::with_capacity(len));
        // Not truncated: growing it again would zero memory that is about to be overwritten.
        if data.len() < len {
            data.resize(len, 0.0);
        }
        Buffer {
            data,
            len,
            free_list: Arc::clone(&self.free),
        }
    }

    /// Adds memory to the free list.
    #[cfg(feature = "burn")]
    pub(crate) fn recycle(&self, data: Vec<f32>) {
        drop(Buffer {
            len: data.len(),
            data,
            free_list: Arc::clone(&self.free),
        });
    }

    /// A buffer of `len` zeros.
    pub(crate) fn zeros(&self, len: usize) -> Buffer {
        let mut buffer = self.take(len);
        buffer.fill(0.0);
        buffer
    }
}

/// Values borrowed from a [`Workspace`], to which they return when it is dropped.
#[derive(Debug)]
pub struct Buffer {
    /// At least `len` values.
    data: Vec<f32>,
    len: usize,
    free_list: Arc<Mutex<Vec<Vec<f32>>>>,
}

impl Buffer {
    /// The values, removed from the workspace.
    pub fn into_vec(mut self) -> Vec<f32> {
        self.data.truncate(self.len);
        std::mem::take(&mut self.data)
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.data[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let data = std::mem::take(&mut self.data);
        if data.capacity() > 0 {
            self.free_list
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_handed_out_again() {
        let workspace = Workspace::new(Isa::FALLBACK);
        let first = workspace.take(5000);
        let at = first.as_ptr();
        drop(first);
        let second = workspace.take(4500);
        assert_eq!((second.as_ptr(), second.len()), (at, 4500));
        assert_eq!(workspace.idle_bytes(), 0);
    }

    #[test]
    fn a_small_request_does_not_take_a_large_buffer() {
        let workspace = Workspace::new(Isa::FALLBACK);
        drop(workspace.take(1_000_000));
        let small = workspace.take(10);
        assert!(small.data.capacity() < 1_000_000);
        assert!(workspace.idle_bytes() >= 4_000_000);
    }
}

//! Conversions between Burn's CPU tensors and slices.

use super::kept::{Formula, Recomputation};
use crate::workspace::{Buffer, Workspace};
use burn::backend::TensorMetadata;
use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

/// The values of a contiguous tensor.
pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

pub(super) fn flat(values: Vec<f32>) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(vec![values.len()]));
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}

/// The values of a [N, C, H, W] tensor in the order [N, H, W, C]; copied only if they are in
/// another order.
pub(super) fn channels_last(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    let shape = tensor.shape();
    let [n, c, h, w] = [shape[0], shape[1], shape[2], shape[3]];
    let layout = tensor.layout();
    let start = layout.start_offset();
    let data = tensor.storage::<f32>();
    let strides = layout.strides();
    let wanted = [h * w * c, 1, w * c, c];
    let fits = |i: usize| shape[i] <= 1 || strides[i] == wanted[i] as isize;
    if (0..4).all(fits) {
        return Cow::Borrowed(&data[start..start + n * c * h * w]);
    }
    let mut out = vec![0.0; n * h * w * c];
    out.par_chunks_mut((w * c).max(1))
        .enumerate()
        .for_each(|(row, line)| {
            let (image, y) = (row / h, row % h);
            let first = start as isize + image as isize * strides[0] + y as isize * strides[2];
            for channel in 0..c {
                let from = first + channel as isize * strides[1];
                for x in 0..w {
                    line[x * c + channel] = data[(from + x as isize * strides[3]) as usize];
                }
            }
        });
    Cow::Owned(out)
}

/// A buffer shared with Burn tensors.
struct SharedBuffer {
    data: Arc<Bytes>,
    recomputation: Option<Arc<Recomputation>>,
}

/// Buffers shared with Burn tensors; reclaimed once Burn has dropped them.
static SHARED_BUFFERS: Mutex<Vec<SharedBuffer>> = Mutex::new(Vec::new());

/// More buffers than a training step of a deep network has alive at a time; buffers beyond this
/// number are not reclaimed.
const MAX_SHARED_BUFFERS: usize = 4096;

/// A tensor [N, C, h, w] around a feature map [N, h, w, C].
pub(super) fn feature_map_tensor(features: Buffer, [n, h, w, c]: [usize; 4]) -> FlexTensor {
    let strides = [h * w * c, 1, w * c, c].map(|s| s as isize).to_vec();
    shared_tensor(
        features,
        Layout::new(Shape::from(vec![n, c, h, w]), strides, 0),
    )
}

/// A flat tensor of values of the workspace, of which it is the only owner: Burn adds to it in place,
/// on all threads. [`recycle`] returns them.
pub(super) fn own_flat_tensor(values: Buffer) -> FlexTensor {
    flat(values.into_vec())
}

/// Returns the values of a tensor to `workspace`, if nothing else has them.
pub(super) fn recycle(workspace: &Workspace, tensor: FlexTensor) {
    let layout = tensor.layout();
    let is_whole = layout.is_contiguous()
        && layout.start_offset() == 0
        && layout.num_elements() * size_of::<f32>() == tensor.bytes().len();
    if is_whole && tensor.is_unique() && tensor.dtype() == DType::F32 {
        let (bytes, ..) = tensor.into_data().into_parts();
        if let Ok(values) = bytes.try_into_vec::<f32>() {
            workspace.recycle(values);
        }
    }
}

/// A flat tensor around values of the workspace.
pub(super) fn shared_flat_tensor(values: Buffer) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(vec![values.len()]));
    shared_tensor(values, layout)
}

/// A tensor of `shape`, in row-major order, around values of the workspace.
pub(super) fn shared_row_major_tensor(values: Buffer, shape: &[usize]) -> FlexTensor {
    shared_tensor(values, Layout::contiguous(Shape::from(shape.to_vec())))
}

/// A flat tensor around values of the workspace, the result of `formula`.
pub(super) fn recomputable_tensor(values: Buffer, formula: impl Formula + 'static) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(vec![values.len()]));
    let data = Arc::new(Bytes::from_elems(values.into_vec()));
    let recomputation = Recomputation::new(&data, formula).map(Arc::new);
    share(data, layout, recomputation)
}

/// How the values of `tensor` are computed again, if they are all of a
/// [`recomputable_tensor`].
pub(super) fn recomputation_of(tensor: &FlexTensor) -> Option<Arc<Recomputation>> {
    let (layout, data) = (tensor.layout(), tensor.data_arc());
    let is_whole = layout.is_contiguous()
        && layout.start_offset() == 0
        && layout.num_elements() * size_of::<f32>() == data.len();
    let shared = SHARED_BUFFERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let mut latest_first = shared.iter().rev();
    let found = latest_first.find(|buffer| is_whole && Arc::ptr_eq(&buffer.data, &data))?;
    found.recomputation.clone()
}

fn shared_tensor(values: Buffer, layout: Layout) -> FlexTensor {
    share(Arc::new(Bytes::from_elems(values.into_vec())), layout, None)
}

fn share(
    data: Arc<Bytes>,
    layout: Layout,
    recomputation: Option<Arc<Recomputation>>,
) -> FlexTensor {
    let mut shared = SHARED_BUFFERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if shared.len() >= MAX_SHARED_BUFFERS {
        shared.remove(0);
    }
    shared.push(SharedBuffer {
        data: Arc::clone(&data),
        recomputation,
    });
    FlexTensor::from_arc(data, layout, DType::F32)
}

/// Returns the buffers that Burn has dropped to `workspace`.
pub(super) fn reclaim_buffers(workspace: &Workspace) {
    let mut shared = SHARED_BUFFERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let is_dropped = |buffer: &mut SharedBuffer| Arc::strong_count(&buffer.data) == 1;
    let dropped: Vec<SharedBuffer> = shared.extract_if(.., is_dropped).collect();
    drop(shared);
    for SharedBuffer { data, .. } in dropped {
        if let Some(values) = Arc::into_inner(data).and_then(|bytes| bytes.try_into_vec().ok()) {
            workspace.recycle(values);
        }
    }
}

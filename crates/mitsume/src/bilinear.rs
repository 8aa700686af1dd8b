//! Bilinear enlargement of maps, as PyTorch's `interpolate(mode="bilinear")`.

/// Which points of source and target coincide (PyTorch's `align_corners`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlignCorners {
    /// The centres of the corner elements (`align_corners=True`).
    Yes,
    /// The outer edges (`align_corners=False`); beyond the outermost centres the border is
    /// repeated.
    No,
}

/// `map`, [h, w] = `from`, at the size `to` = [H, W].
///
/// # Panics
/// If the map has another length than `from`, or `from` has a side of 0.
pub fn upsample_bilinear(
    map: &[f32],
    from: [usize; 2],
    to: [usize; 2],
    align_corners: AlignCorners,
) -> Vec<f32> {
    let [h, w] = from;
    let [height, width] = to;
    assert!(h > 0 && w > 0 && map.len() == h * w, "a map of its shape");
    let position = match align_corners {
        AlignCorners::Yes => corner_position,
        AlignCorners::No => edge_position,
    };
    let columns: Vec<_> = (0..width).map(|x| position(x, width, w)).collect();
    let row = |y: usize| &map[y * w..][..w];
    let mut out = Vec::with_capacity(height * width);
    for y in 0..height {
        let (above, below, down) = position(y, height, h);
        let (above, below) = (row(above), row(below));
        out.extend(columns.iter().map(|&(left, right, along)| {
            let top = above[left] + (above[right] - above[left]) * along;
            let bottom = below[left] + (below[right] - below[left]) * along;
            top + (bottom - top) * down
        }));
    }
    out
}

/// The two source elements around target element `index`, and the weight of the second, with the
/// centres of the corners aligned.
fn corner_position(index: usize, target: usize, source: usize) -> (usize, usize, f32) {
    let scale = if target > 1 {
        (source - 1) as f32 / (target - 1) as f32
    } else {
        0.0
    };
    let centre = index as f32 * scale;
    let low = (centre as usize).min(source - 1);
    (low, (low + 1).min(source - 1), centre - low as f32)
}

/// The same with the outer edges aligned.
fn edge_position(index: usize, target: usize, source: usize) -> (usize, usize, f32) {
    // In f64, so that positions do not drift along a long side.
    let centre = (index as f64 + 0.5) * source as f64 / target as f64 - 0.5;
    let centre = centre.clamp(0.0, (source - 1) as f64);
    let low = centre as usize;
    (low, (low + 1).min(source - 1), (centre - low as f64) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `torch.nn.UpsamplingBilinear2d((3, 5))` of [[0, 1], [2, 4]].
    #[test]
    fn align_corners_true_equals_upsampling_bilinear_2d() {
        let enlarged = |map: &[f32], from, to| upsample_bilinear(map, from, to, AlignCorners::Yes);
        let out = enlarged(&[0.0, 1.0, 2.0, 4.0], [2, 2], [3, 5]);
        let expected = [
            0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.375, 1.75, 2.125, 2.5, 2.0, 2.5, 3.0, 3.5, 4.0,
        ];
        assert_eq!(out, expected);
        assert_eq!(enlarged(&[7.0], [1, 1], [2, 2]), [7.0; 4]);
    }

    #[test]
    fn aligned_edges_repeat_the_border() {
        // torch.nn.functional.interpolate(tensor([[[[0., 1.], [2., 3.]]]]), size=(4, 4),
        // mode="bilinear", align_corners=False), its first row; exact in binary.
        let out = upsample_bilinear(&[0.0, 1.0, 2.0, 3.0], [2, 2], [4, 4], AlignCorners::No);
        assert_eq!(out[..4], [0.0, 0.25, 0.75, 1.0]);
    }
}

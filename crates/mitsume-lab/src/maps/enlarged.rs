//! Maps enlarged to images.

/// Bilinear, with the corner pixels' centres on each other (PyTorch's `align_corners=True`).
pub(crate) fn enlarged(map: &[f32], [h, w]: [usize; 2], [height, width]: [usize; 2]) -> Vec<f32> {
    let place = |at: usize, to: usize, from: usize| {
        let scale = if to > 1 {
            (from - 1) as f32 / (to - 1) as f32
        } else {
            0.0
        };
        let x = at as f32 * scale;
        let low = (x as usize).min(from - 1);
        (low, (low + 1).min(from - 1), x - low as f32)
    };
    let columns: Vec<_> = (0..width).map(|x| place(x, width, w)).collect();
    let mut out = Vec::with_capacity(height * width);
    for y in 0..height {
        let (above, below, down) = place(y, height, h);
        let (above, below) = (&map[above * w..][..w], &map[below * w..][..w]);
        out.extend(columns.iter().map(|&(left, right, along)| {
            let across = |row: &[f32]| row[left] + (row[right] - row[left]) * along;
            let (top, bottom) = (across(above), across(below));
            top + (bottom - top) * down
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `torch.nn.UpsamplingBilinear2d((3, 5))` of [[0, 1], [2, 4]].
    #[test]
    fn corners_stay_and_between_them_it_is_straight() {
        let out = enlarged(&[0.0, 1.0, 2.0, 4.0], [2, 2], [3, 5]);
        let expected = [
            0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.375, 1.75, 2.125, 2.5, 2.0, 2.5, 3.0, 3.5, 4.0,
        ];
        assert_eq!(out, expected);
        assert_eq!(enlarged(&[7.0], [1, 1], [2, 2]), [7.0; 4]);
    }
}

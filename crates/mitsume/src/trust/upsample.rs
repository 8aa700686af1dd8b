//! A map enlarged to the size of an image or mask.

use super::TrustError;
use super::error::check;

/// `map`, [h, w] = `from`, at the size `to` = [H, W]: bilinear between the centres of its elements,
/// the border repeated, as PyTorch's `interpolate(mode="bilinear", align_corners=False)`.
///
/// # Errors
/// A map that does not fit its shape, holds a value that is not finite, or an empty target.
pub fn upsampled(map: &[f32], from: [usize; 2], to: [usize; 2]) -> Result<Vec<f32>, TrustError> {
    check("the map", map, &from)?;
    let [height, width] = to;
    let mut out = Vec::new();
    let pixels = height.checked_mul(width).filter(|&pixels| pixels > 0);
    if pixels.is_none_or(|pixels| out.try_reserve_exact(pixels).is_err()) {
        return Err(TrustError::Setting {
            name: "the size to enlarge to",
            found: format!("{height}x{width}"),
            right: "it must have a row and a column and fit in memory",
        });
    }
    let columns: Vec<_> = (0..width).map(|x| between(x, width, from[1])).collect();
    let row = |y: usize| &map[y * from[1]..][..from[1]];
    for y in 0..height {
        let (above, below, down) = between(y, height, from[0]);
        let (above, below) = (row(above), row(below));
        out.extend(columns.iter().map(|&(left, right, along)| {
            let top = above[left] + (above[right] - above[left]) * along;
            let bottom = below[left] + (below[right] - below[left]) * along;
            top + (bottom - top) * down
        }));
    }
    Ok(out)
}

/// The two source elements around target element `index`, and the weight of the second.
fn between(index: usize, target: usize, source: usize) -> (usize, usize, f32) {
    // In f64, so that positions do not drift along a long side.
    let centre = (index as f64 + 0.5) * source as f64 / target as f64 - 0.5;
    let centre = centre.clamp(0.0, (source - 1) as f64);
    let low = centre as usize;
    (low, (low + 1).min(source - 1), (centre - low as f64) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_at_its_own_size_stays() {
        let map = [0.5, 1.0, 3.0, -2.0, 0.25, 7.0];
        assert_eq!(upsampled(&map, [2, 3], [2, 3]).unwrap(), map);
    }

    #[test]
    fn one_element_fills_the_image() {
        assert_eq!(upsampled(&[3.0], [1, 1], [2, 2]).unwrap(), [3.0; 4]);
    }

    #[test]
    fn an_empty_target_is_refused() {
        let error = upsampled(&[3.0], [1, 1], [0, 2]).unwrap_err();
        assert!(error.to_string().contains("0x2"), "{error}");
        assert!(upsampled(&[3.0], [1, 1], [usize::MAX, 2]).is_err());
    }
}

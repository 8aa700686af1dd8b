//! A map enlarged to the size of an image or mask.

use super::TrustError;
use super::error::check;
use crate::bilinear::{AlignCorners, upsample_bilinear};

/// [`upsample_bilinear`] of `map`, [h, w] = `from`, to the size `to` = [H, W] with
/// [`AlignCorners::No`], after checking both.
///
/// # Errors
/// A map that does not fit its shape, holds a value that is not finite, or an empty target.
pub fn upsampled_to_image(
    map: &[f32],
    from: [usize; 2],
    to: [usize; 2],
) -> Result<Vec<f32>, TrustError> {
    check("the map", map, &from)?;
    let [height, width] = to;
    let mut room: Vec<f32> = Vec::new();
    let pixels = height.checked_mul(width).filter(|&pixels| pixels > 0);
    if pixels.is_none_or(|pixels| room.try_reserve_exact(pixels).is_err()) {
        return Err(TrustError::Setting {
            name: "the size to enlarge to",
            found: format!("{height}x{width}"),
            right: "it must have a row and a column and fit in memory",
        });
    }
    drop(room);
    Ok(upsample_bilinear(map, from, to, AlignCorners::No))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_at_its_own_size_stays() {
        let map = [0.5, 1.0, 3.0, -2.0, 0.25, 7.0];
        assert_eq!(upsampled_to_image(&map, [2, 3], [2, 3]).unwrap(), map);
    }

    #[test]
    fn one_element_fills_the_image() {
        assert_eq!(
            upsampled_to_image(&[3.0], [1, 1], [2, 2]).unwrap(),
            [3.0; 4]
        );
    }

    #[test]
    fn an_empty_target_is_refused() {
        let error = upsampled_to_image(&[3.0], [1, 1], [0, 2]).unwrap_err();
        assert!(error.to_string().contains("0x2"), "{error}");
        assert!(upsampled_to_image(&[3.0], [1, 1], [usize::MAX, 2]).is_err());
    }
}

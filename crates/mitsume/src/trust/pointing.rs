//! The pointing game (Zhang et al. 2018, "Top-down Neural Attention by Excitation Backprop"): is
//! the map's maximum on the object?

use serde::{Deserialize, Serialize};

use super::TrustError;
use super::error::{check, check_length};

/// The authors' tolerance in pixels, for images of about 224 pixels a side.
pub const TOLERANCE: f64 = 15.0;

/// The maximum of one map and the object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pointing {
    /// Row and column of the maximum; of several, the first in reading order.
    pub at: [usize; 2],
    /// Number of pixels with the maximum. If these are all pixels, the map is constant and the
    /// image should be left out.
    pub maxima: usize,
    /// Distance to the nearest pixel of the object, in pixels; 0 on it.
    pub distance: f64,
    /// Whether that is within the tolerance.
    pub hit: bool,
    /// Share of all pixels that would be a hit: the accuracy of pointing at random.
    pub chance: f64,
}

/// Where `map` points, against the object `mask` of the same size; both [H, W] = `shape`. A hit is
/// at most `tolerance` pixels from the object, centre to centre in a straight line.
///
/// # Errors
/// A map or mask that does not fit the shape, a value that is not finite, a mask without a pixel,
/// or a negative tolerance.
pub fn pointing(
    map: &[f32],
    mask: &[bool],
    shape: [usize; 2],
    tolerance: f64,
) -> Result<Pointing, TrustError> {
    check("the map", map, &shape)?;
    check_length("the mask", mask.len(), &shape)?;
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return Err(TrustError::Setting {
            name: "the tolerance",
            found: tolerance.to_string(),
            right: "it must be 0 pixels or more",
        });
    }
    let width = shape[1];
    let along = distances_along(mask, width);
    let most = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let maxima = map.iter().filter(|&&value| value == most).count();
    let index = map.iter().position(|&value| value == most);
    let at = index.map_or([0, 0], |index| [index / width, index % width]);
    let Some(squared) = squared_distance(&along, shape, at) else {
        return Err(TrustError::EmptyMask);
    };
    let within = pixels_within(&along, shape, tolerance);
    Ok(Pointing {
        at,
        maxima,
        distance: (squared as f64).sqrt(),
        hit: squared as f64 <= tolerance * tolerance,
        chance: within as f64 / map.len() as f64,
    })
}

/// The share of hits; `None` without maps.
pub fn pointing_accuracy(points: &[Pointing]) -> Option<f64> {
    let hits = points.iter().filter(|point| point.hit).count();
    (!points.is_empty()).then(|| hits as f64 / points.len() as f64)
}

/// Distance to the nearest marked pixel of the same row, in columns; `None` in a row without one.
fn distances_along(mask: &[bool], width: usize) -> Vec<Option<usize>> {
    let mut out = vec![None; mask.len()];
    for (out, mask) in out.chunks_exact_mut(width).zip(mask.chunks_exact(width)) {
        let mut last: Option<usize> = None;
        for x in 0..width {
            last = if mask[x] { Some(x) } else { last };
            out[x] = last.map(|last| x - last);
        }
        let mut next: Option<usize> = None;
        for x in (0..width).rev() {
            next = if mask[x] { Some(x) } else { next };
            let right = next.map(|next| next - x);
            out[x] = [out[x], right].into_iter().flatten().min();
        }
    }
    out
}

/// The square of the distance to the nearest marked pixel of any row; `None` if none is marked.
fn squared_distance(
    along: &[Option<usize>],
    [height, width]: [usize; 2],
    [y, x]: [usize; 2],
) -> Option<usize> {
    let to_row = |row: usize| {
        let along = along[row * width + x]?;
        Some(along * along + row.abs_diff(y).pow(2))
    };
    (0..height).filter_map(to_row).min()
}

/// Number of pixels within `tolerance` of a marked one.
fn pixels_within(along: &[Option<usize>], [height, width]: [usize; 2], tolerance: f64) -> usize {
    let reach = (tolerance as usize).min(height);
    // Columns within the tolerance, by distance in rows.
    let columns: Vec<usize> = (0..=reach)
        .map(|down| {
            (tolerance * tolerance - (down * down) as f64)
                .max(0.0)
                .sqrt() as usize
        })
        .collect();
    let near = |y: usize, x: usize| {
        (y.saturating_sub(reach)..(y + reach + 1).min(height)).any(|row| {
            let along = along[row * width + x];
            along.is_some_and(|along| along <= columns[row.abs_diff(y)])
        })
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
    pixels.filter(|&(y, x)| near(y, x)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 2] = [5, 7];

    fn mask(marked: &[[usize; 2]]) -> Vec<bool> {
        (0..35).map(|i| marked.contains(&[i / 7, i % 7])).collect()
    }

    fn peak(y: usize, x: usize) -> Vec<f32> {
        let mut map = vec![0.25; 35];
        map[y * 7 + x] = 1.0;
        map
    }

    #[test]
    fn a_hit_is_within_the_tolerance_in_a_straight_line() {
        let mask = mask(&[[0, 0], [4, 6]]);
        let found = pointing(&peak(3, 4), &mask, SHAPE, 5.0_f64.sqrt()).unwrap();
        assert_eq!((found.at, found.distance), ([3, 4], 5.0_f64.sqrt()));
        assert!(!pointing(&peak(3, 4), &mask, SHAPE, 2.2).unwrap().hit);
        assert!(pointing(&peak(3, 4), &mask, SHAPE, 2.3).unwrap().hit);
        let on = pointing(&peak(4, 6), &mask, SHAPE, 0.0).unwrap();
        assert!(on.hit && on.distance == 0.0 && on.maxima == 1);
        assert_eq!(on.chance, 2.0 / 35.0);
    }

    #[test]
    fn chance_is_the_share_of_pixels_that_hit() {
        let mask = mask(&[[1, 1], [1, 2], [4, 5]]);
        for tolerance in [0.0, 1.0, 1.5, 2.0, 3.0, 100.0] {
            let at = |i: usize| pointing(&peak(i / 7, i % 7), &mask, SHAPE, tolerance).unwrap();
            let points: Vec<Pointing> = (0..35).map(at).collect();
            let share = pointing_accuracy(&points).unwrap();
            assert!(
                points.iter().all(|point| point.chance == share),
                "{tolerance}"
            );
        }
        assert_eq!(pointing_accuracy(&[]), None);
    }

    #[test]
    fn the_first_of_equal_maxima_in_reading_order_counts() {
        let mut map = peak(3, 1);
        map[7 + 5] = 1.0;
        let found = pointing(&map, &mask(&[[1, 5]]), SHAPE, 0.0).unwrap();
        assert_eq!((found.at, found.maxima, found.hit), ([1, 5], 2, true));
    }

    #[test]
    fn invalid_maps_masks_and_tolerances_are_refused() {
        let map = peak(0, 0);
        let none = pointing(&map, &[false; 35], SHAPE, 15.0);
        assert_eq!(none, Err(TrustError::EmptyMask));
        assert!(pointing(&map, &[true; 34], SHAPE, 15.0).is_err());
        assert!(pointing(&map[1..], &[true; 35], SHAPE, 15.0).is_err());
        assert!(pointing(&map, &[true; 35], SHAPE, -1.0).is_err());
        assert!(pointing(&[f32::NAN; 35], &[true; 35], SHAPE, 1.0).is_err());
    }
}

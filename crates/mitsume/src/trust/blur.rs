//! The blurred baseline of the insertion metric.

use super::Image;

/// Rows and columns of the window.
const WINDOW: usize = 11;
/// The Gaussian's standard deviation in pixels.
const SIGMA: f64 = 5.0;

/// `image` blurred as in the code of Petsiuk et al. 2018, [C, H, W]: an 11x11 Gaussian of standard
/// deviation 5, with 0 beyond the border (so that the edges fade to 0 in the network's input
/// space).
///
/// Their window is the response of `scipy.ndimage.gaussian_filter` to a single pixel in an 11x11
/// array, whose tails are reflected at that array's border: flatter than a Gaussian cut off, of sum
/// 1.
pub fn gaussian_blurred(image: &Image) -> Vec<f32> {
    let window = window();
    let [_, width] = image.shape();
    let planes = image.values().chunks_exact(image.pixels());
    planes
        .flat_map(|plane| {
            let plane: Vec<f64> = plane.iter().map(|&value| value.into()).collect();
            // The window is separable.
            let across: Vec<f64> = plane
                .chunks_exact(width)
                .flat_map(|row| {
                    (0..width).map(|x| windowed_sum(&window, x, row.len(), |at| row[at]))
                })
                .collect();
            let height = plane.len() / width;
            let down = |i: usize| {
                let (y, x) = (i / width, i % width);
                windowed_sum(&window, y, height, |at| across[at * width + x]) as f32
            };
            (0..plane.len()).map(down).collect::<Vec<f32>>()
        })
        .collect()
}

/// The weighted sum under a window around `centre`, of a line of `length` values.
fn windowed_sum(window: &[f64], centre: usize, length: usize, value: impl Fn(usize) -> f64) -> f64 {
    let half = WINDOW / 2;
    let from = centre.saturating_sub(half);
    let until = (centre + half + 1).min(length);
    (from..until)
        .map(|at| window[at + half - centre] * value(at))
        .sum()
}

/// The window across, of sum 1.
fn window() -> Vec<f64> {
    // scipy cuts the Gaussian at four standard deviations.
    let reach = (4.0 * SIGMA) as i64;
    let at = |k: i64| (-0.5 * (k as f64 / SIGMA).powi(2)).exp();
    let sum: f64 = (-reach..=reach).map(at).sum();
    let (size, centre) = (WINDOW as i64, WINDOW as i64 / 2);
    let mut window = vec![0.0; WINDOW];
    for (i, out) in (0..).zip(&mut window) {
        for k in -reach..=reach {
            // Reflected with the border's values repeated: d c b a | a b c d | d c b a.
            let position = (i + k).rem_euclid(2 * size);
            let position = position.min(2 * size - 1 - position);
            if position == centre {
                *out += at(k) / sum;
            }
        }
    }
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_sums_to_one_and_is_symmetric() {
        let window = window();
        assert!((window.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (a, b) in window.iter().zip(window.iter().rev()) {
            assert!((a - b).abs() < 1e-15);
        }
    }

    #[test]
    fn a_constant_stays_away_from_the_border() {
        let values = [0.5; 2 * 13 * 12];
        let image = Image::new(&values, 2, [13, 12]).unwrap();
        let found = gaussian_blurred(&image);
        assert!((found[6 * 12 + 6] - 0.5).abs() < 1e-6);
        assert!(found[0] < 0.25, "beyond the corner there is 0");
    }
}

//! Least-squares line.

/// The line `y = intercept + slope x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearFit {
    /// Change of y for one unit of x.
    pub slope: f64,
    /// y where x is 0.
    pub intercept: f64,
}

/// The least-squares line of `ys` on `xs`; `None` for fewer than two points or a constant x.
///
/// # Panics
/// If `xs` and `ys` differ in length.
pub fn least_squares(xs: &[f64], ys: &[f64]) -> Option<LinearFit> {
    assert_eq!(xs.len(), ys.len(), "a point has an x and a y");
    let (x, y) = (crate::interval::mean(xs)?, crate::interval::mean(ys)?);
    let squares: f64 = xs.iter().map(|value| (value - x).powi(2)).sum();
    let products: f64 = xs.iter().zip(ys).map(|(a, b)| (a - x) * (b - y)).sum();
    let slope = products / squares;
    (xs.len() > 1 && slope.is_finite()).then_some(LinearFit {
        slope,
        intercept: y - slope * x,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_give_the_line() {
        let line = least_squares(&[0.0, 1.0, 3.0], &[1.0, -1.0, -5.0]).unwrap();
        assert!((line.slope + 2.0).abs() < 1e-12 && (line.intercept - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_textbook_example_off_the_line() {
        // sxy = 5, sxx = 5 around (1.5, 2): slope 1, intercept 0.5.
        let line = least_squares(&[0.0, 1.0, 2.0, 3.0], &[1.0, 1.0, 2.0, 4.0]).unwrap();
        assert!((line.slope - 1.0).abs() < 1e-12 && (line.intercept - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_point_or_a_constant_x_has_no_line() {
        assert_eq!(least_squares(&[1.0], &[1.0]), None);
        assert_eq!(least_squares(&[1.0, 1.0], &[0.0, 1.0]), None);
    }
}

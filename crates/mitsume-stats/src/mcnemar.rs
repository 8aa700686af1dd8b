//! McNemar's test: do two classifiers differ in accuracy on the same images?

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

/// Images by who classifies them correctly, and the test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Right by both.
    pub both: u64,
    /// Right by the first alone.
    pub first_only: u64,
    /// Right by the second alone.
    pub second_only: u64,
    /// Right by neither.
    pub neither: u64,
    /// Two-sided p-value of [`mcnemar_p`].
    pub p: f64,
}

/// Compares which images two classifiers have right, both in the order of the images.
///
/// # Panics
/// If they are of different numbers of images.
pub fn mcnemar(first: &[bool], second: &[bool]) -> McNemar {
    assert_eq!(first.len(), second.len(), "the same images");
    let count = |of: (bool, bool)| {
        let pairs = first.iter().copied().zip(second.iter().copied());
        pairs.filter(|pair| *pair == of).count() as u64
    };
    let (first_only, second_only) = (count((true, false)), count((false, true)));
    McNemar {
        both: count((true, true)),
        first_only,
        second_only,
        neither: count((false, false)),
        p: mcnemar_p(first_only, second_only),
    }
}

/// The exact two-sided p-value from the images that only one of the two has right (McNemar 1947).
///
/// Of classifiers of one accuracy each such image is the first's or the second's with probability
/// 1/2, so the smaller number is binomial: `min(1, 2 P(X <= min))`. It is exact for any number of
/// images, where the chi-squared form needs 25 or more. 1 where there is no such image.
pub fn mcnemar_p(first_only: u64, second_only: u64) -> f64 {
    let images = first_only.saturating_add(second_only);
    let fewer = first_only.min(second_only);
    // With as many on both sides the sum exceeds 1/2, but for rounding.
    match Binomial::new(0.5, images) {
        Ok(binomial) if first_only != second_only => (2.0 * binomial.cdf(fewer)).min(1.0),
        _ => 1.0,
    }
}

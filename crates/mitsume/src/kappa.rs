//! Cohen's kappa (Eq. 4): agreement beyond chance.

/// Cohen's kappa `(po - pe) / (1 - pe)` from the marginals of a confusion matrix (Eq. 4).
///
/// `correct` is the number of images on the diagonal, `truths[k]` and `predictions[k]` the number
/// of images whose class, or predicted class, is `k`. With `n` images, `po = correct / n` and
/// `pe = sum_k truths[k] * predictions[k] / n^2`.
///
/// Defined as 0 if `pe = 1` (one class only, always predicted) or without images.
/// Counts are taken as exact integers; their sum must stay below 2^63, far above any data set.
pub fn cohens_kappa(correct: u64, truths: &[u64], predictions: &[u64]) -> f64 {
    let images: i128 = truths.iter().map(|&count| i128::from(count)).sum();
    let by_chance: i128 = truths
        .iter()
        .zip(predictions)
        .map(|(&truth, &prediction)| i128::from(truth) * i128::from(prediction))
        .sum();
    // Numerator and denominator times n^2: integers, so nothing cancels before the one division.
    let above_chance = images * i128::from(correct) - by_chance;
    let possible = images * images - by_chance;
    if possible == 0 {
        return 0.0;
    }
    above_chance as f64 / possible as f64
}

/// The standard error that kappa has where predictions agree with the classes by chance alone
/// (Fleiss, Cohen and Everitt 1969, "Large sample standard errors of kappa and weighted kappa",
/// Eq. 9), from the marginals as in [`cohens_kappa`].
///
/// `sqrt(pe + pe^2 - sum_k p_k q_k (p_k + q_k)) / ((1 - pe) sqrt(n))` with the shares `p_k` and
/// `q_k` of class `k` among truths and predictions. 0 where kappa is 0 by definition.
pub fn kappa_error_by_chance(truths: &[u64], predictions: &[u64]) -> f64 {
    let images = truths.iter().sum::<u64>() as f64;
    let shares = || {
        let pairs = truths.iter().zip(predictions);
        pairs.map(|(&truth, &prediction)| (truth as f64 / images, prediction as f64 / images))
    };
    let by_chance: f64 = shares().map(|(p, q)| p * q).sum();
    let skew: f64 = shares().map(|(p, q)| p * q * (p + q)).sum();
    if images == 0.0 || by_chance >= 1.0 {
        return 0.0;
    }
    let variance = (by_chance + by_chance * by_chance - skew).max(0.0);
    variance.sqrt() / ((1.0 - by_chance) * images.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of K balanced classes it is `1 / sqrt((K - 1) n)`.
    #[test]
    fn the_error_by_chance_falls_with_images_and_classes() {
        let error = |classes: usize, each: u64| {
            let balanced = vec![each; classes];
            kappa_error_by_chance(&balanced, &balanced)
        };
        assert!((error(2, 50) - 0.1).abs() < 1e-12);
        assert!((error(4, 25) - 0.1 / 3_f64.sqrt()).abs() < 1e-12);
        // Computed by hand for unequal classes: pe 0.5, the sum of p q (p + q) 0.54.
        let skewed = kappa_error_by_chance(&[30, 70], &[50, 50]);
        assert!(
            (skewed - (0.75_f64 - 0.54).sqrt() / 5.0).abs() < 1e-12,
            "{skewed}"
        );
        // Everything taken for one class, one class only, nothing at all.
        assert_eq!(kappa_error_by_chance(&[5, 5], &[10, 0]), 0.0);
        assert_eq!(kappa_error_by_chance(&[0, 9], &[0, 9]), 0.0);
        assert_eq!(kappa_error_by_chance(&[], &[]), 0.0);
    }

    #[test]
    fn kappa_of_a_textbook_table() {
        // Two raters, 50 grants: 20 both yes, 5 and 10 split, 15 both no: po 0.7, pe 0.5.
        assert_eq!(cohens_kappa(35, &[25, 25], &[30, 20]), 0.4);
    }

    #[test]
    fn kappa_is_one_for_agreement_zero_for_chance_and_negative_below() {
        assert_eq!(cohens_kappa(7, &[3, 4], &[3, 4]), 1.0);
        assert_eq!(cohens_kappa(2, &[2, 2], &[2, 2]), 0.0);
        assert_eq!(cohens_kappa(0, &[2, 2], &[2, 2]), -1.0);
    }

    #[test]
    fn kappa_is_zero_where_chance_agreement_is_certain_or_nothing_was_seen() {
        assert_eq!(cohens_kappa(9, &[0, 9], &[0, 9]), 0.0);
        assert_eq!(cohens_kappa(0, &[0, 0], &[0, 0]), 0.0);
        assert_eq!(cohens_kappa(0, &[], &[]), 0.0);
    }

    #[test]
    fn kappa_of_counts_beyond_32_bits_does_not_overflow() {
        let big = 1 << 60;
        assert_eq!(cohens_kappa(2 * big, &[big, big], &[big, big]), 1.0);
    }
}

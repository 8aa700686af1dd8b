//! Cohen's kappa (Eq. 4): agreement beyond chance, the primary figure of a classifier here.

/// Cohen's kappa `(po - pe) / (1 - pe)` from the marginals of a confusion matrix (Eq. 4).
///
/// `correct` is the number of images on the diagonal, `truths[k]` and `predictions[k]` the number
/// of images whose class, or predicted class, is `k`. With `n` images, `po = correct / n` and
/// `pe = sum_k truths[k] * predictions[k] / n^2`.
///
/// Defined as 0 where `pe = 1` (one class only, always predicted) and where there is no image.
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
    let at_most = images * images - by_chance;
    if at_most == 0 {
        return 0.0;
    }
    above_chance as f64 / at_most as f64
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! Consistency corrected for chance.
//!
//! A model that looks at the centre of every image has small deviations that say nothing about the
//! classes. So the deviation within classes is compared with the deviation of all images: with N
//! images, k classes, SSW the squared deviations from the class mean maps and SST those from the
//! mean of all maps,
//!
//! ```text
//! 1 - (SSW / (N - k)) / (SST / (N - 1))
//! ```
//!
//! It is the one-way analysis of variance's epsilon squared (Kelley 1935), summed over the pixels:
//! like the intraclass correlation a ratio of variance components, but bounded by 1 and with an
//! expectation of exactly 0 when images are assigned to classes at random. 1: every class has one
//! map, and they differ. 0: the class says nothing about where the model looks. Below 0: images of
//! one class are less alike than those of different ones. Being a ratio it depends neither on the
//! maps' strength nor on their resolution.

use mitsume_random::RandomStream;

/// `1 - (ssw / (n - k)) / (sst / (n - 1))`; `None` with fewer than two classes, no class with two
/// images, or maps that are all the same.
pub fn chance_corrected(ssw: f64, sst: f64, images: u64, classes: u64) -> Option<f64> {
    if classes < 2 || images <= classes || sst <= 0.0 {
        return None;
    }
    let within = ssw / (images - classes) as f64;
    let total = sst / (images - 1) as f64;
    Some(1.0 - within / total)
}

/// The permutation null: the share of random assignments of the maps to the classes (of the same
/// sizes) whose value is at least that of the true one, the true one counted among them, so never
/// 0. `maps` is [N * pixels], `labels` `[N]`. `None` as [`chance_corrected`].
///
/// # Panics
/// If `maps` is not a whole number of maps per label.
pub fn permutation_p_value(
    maps: &[f32],
    labels: &[u32],
    permutations: usize,
    seed: u64,
) -> Option<f64> {
    let pixels = maps.len().checked_div(labels.len())?;
    assert_eq!(maps.len(), labels.len() * pixels, "maps of one size");
    let classes = labels.iter().max().map_or(0, |&class| class as usize + 1);
    let mut counts = vec![0_u64; classes];
    labels.iter().for_each(|&class| counts[class as usize] += 1);
    let seen = counts.iter().filter(|&&count| count > 0).count();
    if seen < 2 || labels.len() <= seen || pixels == 0 {
        return None;
    }
    let centred = centred(maps, pixels);
    // SST, N and k are the same for all assignments, so comparing the sums between classes
    // suffices.
    let mut sums = vec![0.0; classes * pixels];
    let mut between = |labels: &[u32]| -> f64 {
        sums.fill(0.0);
        for (map, &class) in centred.chunks_exact(pixels).zip(labels) {
            let sum = &mut sums[class as usize * pixels..][..pixels];
            sum.iter_mut()
                .zip(map)
                .for_each(|(sum, value)| *sum += value);
        }
        let by_class = sums.chunks_exact(pixels).zip(&counts);
        by_class
            .filter(|(_, count)| **count > 0)
            .map(|(sum, &count)| sum.iter().map(|s| s * s).sum::<f64>() / count as f64)
            .sum()
    };
    let observed = between(labels);
    if observed == 0.0 && centred.iter().all(|value| *value == 0.0) {
        return None;
    }
    let mut random = RandomStream::from_seed(seed);
    let mut shuffled = labels.to_vec();
    let mut at_least = 1_usize;
    for _ in 0..permutations {
        random.shuffle(&mut shuffled);
        // A tolerance, because the sums of an equal assignment may round differently.
        if between(&shuffled) >= observed * (1.0 - 1e-12) {
            at_least += 1;
        }
    }
    Some(at_least as f64 / (permutations + 1) as f64)
}

/// The maps minus their common mean, so that the sums do not cancel.
fn centred(maps: &[f32], pixels: usize) -> Vec<f64> {
    let images = (maps.len() / pixels) as f64;
    let mut mean = vec![0.0; pixels];
    for map in maps.chunks_exact(pixels) {
        mean.iter_mut()
            .zip(map)
            .for_each(|(m, &v)| *m += f64::from(v) / images);
    }
    let maps = maps.chunks_exact(pixels);
    maps.flat_map(|map| {
        map.iter()
            .zip(&mean)
            .map(|(&value, mean)| f64::from(value) - mean)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_without_spread_give_one_and_equal_classes_zero_on_average() {
        assert_eq!(chance_corrected(0.0, 8.0, 6, 2), Some(1.0));
        // SSW / SST = (n - k) / (n - 1) is what random labels give on average.
        let value = chance_corrected(4.0, 5.0, 6, 2).unwrap();
        assert!(value.abs() < 1e-15, "{value}");
        assert!(chance_corrected(5.0, 5.0, 6, 2).unwrap() < 0.0);
    }

    #[test]
    fn without_two_classes_or_any_spread_it_is_undefined() {
        assert_eq!(chance_corrected(1.0, 1.0, 6, 1), None);
        assert_eq!(chance_corrected(0.0, 1.0, 2, 2), None);
        assert_eq!(chance_corrected(0.0, 0.0, 6, 2), None);
        assert_eq!(permutation_p_value(&[1.0, 2.0], &[0, 0], 99, 0), None);
        assert_eq!(permutation_p_value(&[1.0; 4], &[0, 0, 1, 1], 99, 0), None);
        assert_eq!(permutation_p_value(&[], &[], 99, 0), None);
    }

    /// Of the C(8, 4) = 70 assignments of four and four, two separate perfectly: the true one and
    /// its mirror image.
    #[test]
    fn the_null_of_a_perfect_separation_is_its_count() {
        let maps = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let p = permutation_p_value(&maps, &[0, 0, 0, 0, 1, 1, 1, 1], 20_000, 1).unwrap();
        // Three standard errors of 20,000 draws.
        assert!((p - 2.0 / 70.0).abs() < 3.6e-3, "{p}");
    }

    #[test]
    fn unrelated_classes_are_not_significant_and_the_seed_decides_alone() {
        let maps: Vec<f32> = (0..60).map(|i| (i * 37 % 61) as f32).collect();
        let labels: Vec<u32> = (0..20).map(|i| i % 2).collect();
        let p = permutation_p_value(&maps, &labels, 999, 5).unwrap();
        assert!(p > 0.05, "{p}");
        assert_eq!(permutation_p_value(&maps, &labels, 999, 5), Some(p));
    }

    /// The mean of the corrected value over all assignments is exactly 0.
    #[test]
    fn all_assignments_average_to_zero() {
        let maps = [0.3, 2.0, 1.1, 5.0, 4.2, 0.9];
        let mean = maps.iter().sum::<f64>() / 6.0;
        let sst: f64 = maps.iter().map(|v| (v - mean).powi(2)).sum();
        let mut values = Vec::new();
        for mask in 0_u32..64 {
            if mask.count_ones() != 3 {
                continue;
            }
            let mut ssw = 0.0;
            for class in [0, 1] {
                let own: Vec<f64> = (0..6)
                    .filter(|i| mask >> i & 1 == class)
                    .map(|i| maps[i])
                    .collect();
                let mean = own.iter().sum::<f64>() / 3.0;
                ssw += own.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
            }
            values.push(chance_corrected(ssw, sst, 6, 2).unwrap());
        }
        assert_eq!(values.len(), 20);
        assert!(values.iter().sum::<f64>().abs() < 1e-12);
    }
}

//! Loops over the values of a map, vectorised.
//!
//! A sum is eight partial sums, added in a fixed order: the same bits with and without vector
//! instructions. [`pulp`] compiles each loop for the vector instructions of several processors and
//! chooses at run time; it is in the dependencies of Burn already.

use std::sync::LazyLock;

use pulp::{Arch, NullaryFnOnce};

/// Found once: asking the processor for each map would take longer than a small map's loop.
pub(crate) static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Partial sums: one AVX-512 vector of `f64`, two of AVX2.
const LANES: usize = 8;

/// Whether every value lies in [low, high]; NaN does not.
pub(crate) fn all_within<T: Copy + Into<f64>>(values: &[T], low: f64, high: f64) -> bool {
    ARCH.dispatch(AllWithin { values, low, high })
}

/// The sum of (map - reference)^2 over the pixels, both [h * w].
pub(crate) fn squared_differences<T: Copy + Into<f64>>(map: &[T], reference: &[f64]) -> f64 {
    ARCH.dispatch(SquaredDifferences { map, reference })
}

/// The sum of a * b over the values, both of one length.
pub(crate) fn products(a: &[f64], b: &[f64]) -> f64 {
    ARCH.dispatch(Products { a, b })
}

/// Welford's update of `mean` [h * w] by the `count`th map. Returns what it adds to the sum over
/// the pixels of squared differences from the mean.
pub(crate) fn update_mean<T: Copy + Into<f64>>(mean: &mut [f64], map: &[T], count: u64) -> f64 {
    let share = 1.0 / count as f64;
    ARCH.dispatch(UpdateMean { mean, map, share })
}

/// Maps that [`update_mean_by_four`] takes.
pub(crate) const FOUR: usize = 4;

/// [`update_mean`] by four maps one after the other, whose first is the `count`th, and [`all_within`]
/// of their values, in one pass over memory; the same bits. `None` if a value is outside: the mean is
/// then of no use.
pub(crate) fn update_mean_by_four<T: Copy + Into<f64>>(
    mean: &mut [f64],
    maps: [&[T]; FOUR],
    count: u64,
    range: (f64, f64),
) -> Option<[f64; FOUR]> {
    let shares = std::array::from_fn(|i| 1.0 / (count + i as u64) as f64);
    ARCH.dispatch(UpdateMeanByFour {
        mean,
        maps,
        shares,
        range,
    })
}

struct AllWithin<'a, T> {
    values: &'a [T],
    low: f64,
    high: f64,
}

impl<T: Copy + Into<f64>> NullaryFnOnce for AllWithin<'_, T> {
    type Output = bool;

    // Inlined always, or the loop is not compiled for the vector instructions.
    #[inline(always)]
    fn call(self) -> bool {
        // Counted rather than searched: a loop without an exit vectorises.
        let mut outside = 0_u64;
        for &value in self.values {
            outside += outside_count(value.into(), (self.low, self.high));
        }
        outside == 0
    }
}

struct SquaredDifferences<'a, T> {
    map: &'a [T],
    reference: &'a [f64],
}

impl<T: Copy + Into<f64>> NullaryFnOnce for SquaredDifferences<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let (chunks, rest) = self.map.as_chunks::<LANES>();
        let (references, rest_of_reference) = self.reference.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for (values, expected) in chunks.iter().zip(references) {
            let values: [f64; LANES] = values.map(Into::into);
            for lane in 0..LANES {
                let difference = values[lane] - expected[lane];
                sums[lane] += difference * difference;
            }
        }
        for (lane, (&value, &expected)) in rest.iter().zip(rest_of_reference).enumerate() {
            let difference = value.into() - expected;
            sums[lane] += difference * difference;
        }
        total(sums)
    }
}

struct Products<'a> {
    a: &'a [f64],
    b: &'a [f64],
}

impl NullaryFnOnce for Products<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let (a, rest_of_a) = self.a.as_chunks::<LANES>();
        let (b, rest_of_b) = self.b.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                sums[lane] += a[lane] * b[lane];
            }
        }
        for (lane, (a, b)) in rest_of_a.iter().zip(rest_of_b).enumerate() {
            sums[lane] += a * b;
        }
        total(sums)
    }
}

struct UpdateMean<'a, T> {
    mean: &'a mut [f64],
    map: &'a [T],
    /// 1 / the number of maps.
    share: f64,
}

impl<T: Copy + Into<f64>> NullaryFnOnce for UpdateMean<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let (chunks, rest) = self.map.as_chunks::<LANES>();
        let (means, rest_of_mean) = self.mean.as_chunks_mut::<LANES>();
        let mut sums = [0.0; LANES];
        for (values, means) in chunks.iter().zip(means) {
            // Read as a whole and written as a whole, or the compiler takes lane after lane.
            let values: [f64; LANES] = values.map(Into::into);
            let mut updates = *means;
            for lane in 0..LANES {
                sums[lane] += updated(&mut updates[lane], values[lane], self.share);
            }
            *means = updates;
        }
        for (lane, (&value, mean)) in rest.iter().zip(rest_of_mean).enumerate() {
            sums[lane] += updated(mean, value.into(), self.share);
        }
        total(sums)
    }
}

struct UpdateMeanByFour<'a, T> {
    mean: &'a mut [f64],
    maps: [&'a [T]; FOUR],
    /// 1 / the number of maps up to each.
    shares: [f64; FOUR],
    range: (f64, f64),
}

impl<T: Copy + Into<f64>> NullaryFnOnce for UpdateMeanByFour<'_, T> {
    type Output = Option<[f64; FOUR]>;

    #[inline(always)]
    fn call(self) -> Option<[f64; FOUR]> {
        let (means, rest_of_mean) = self.mean.as_chunks_mut::<LANES>();
        let [a, b, c, d] = self.maps.map(|map| map.as_chunks::<LANES>());
        let mut sums = [[0.0; LANES]; FOUR];
        let mut outside = [0; LANES];
        let chunks = a.0.iter().zip(b.0).zip(c.0).zip(d.0);
        for (means, (((a, b), c), d)) in means.iter_mut().zip(chunks) {
            let mut updates = *means;
            for (map, values) in [a, b, c, d].into_iter().enumerate() {
                let values: [f64; LANES] = values.map(Into::into);
                for lane in 0..LANES {
                    outside[lane] += outside_count(values[lane], self.range);
                    sums[map][lane] += updated(&mut updates[lane], values[lane], self.shares[map]);
                }
            }
            *means = updates;
        }
        for (map, rest) in [a.1, b.1, c.1, d.1].into_iter().enumerate() {
            for (lane, (&value, mean)) in rest.iter().zip(&mut *rest_of_mean).enumerate() {
                outside[lane] += outside_count(value.into(), self.range);
                sums[map][lane] += updated(mean, value.into(), self.shares[map]);
            }
        }
        let all_within = outside.iter().sum::<u64>() == 0;
        all_within.then(|| sums.map(total))
    }
}

/// 1 for a value that is not in [low, high], such as NaN.
#[inline(always)]
fn outside_count(value: f64, (low, high): (f64, f64)) -> u64 {
    u64::from(!((value >= low) & (value <= high)))
}

#[inline(always)]
fn updated(mean: &mut f64, value: f64, share: f64) -> f64 {
    let before = value - *mean;
    *mean += before * share;
    before * (value - *mean)
}

#[inline(always)]
fn total([a, b, c, d, e, f, g, h]: [f64; LANES]) -> f64 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that are sums of few powers of two: all sums of their products are exact in `f64`.
    fn exact(count: usize, step: u32) -> Vec<f32> {
        let value = |at: usize| (at as u32 * step % 16) as f32 / 16.0;
        (0..count).map(value).collect()
    }

    #[test]
    fn squared_differences_count_every_pixel_once() {
        for count in [1, 7, 8, 9, 49, 64, 101] {
            let map = exact(count, 7);
            let reference: Vec<f64> = exact(count, 3).into_iter().map(f64::from).collect();
            let each = map.iter().zip(&reference);
            let expected: f64 = each.map(|(&a, &b)| (f64::from(a) - b).powi(2)).sum();
            assert_eq!(squared_differences(&map, &reference), expected, "{count}");
        }
    }

    #[test]
    fn products_count_every_pixel_once() {
        for count in [1, 8, 9, 49, 101] {
            let [a, b] = [7, 3].map(|step| {
                let values = exact(count, step).into_iter();
                values.map(f64::from).collect::<Vec<f64>>()
            });
            let expected: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert_eq!(products(&a, &b), expected, "{count}");
        }
    }

    #[test]
    fn mean_and_squares_of_two_maps_are_exact() {
        for count in [1, 8, 49] {
            let (first, second) = (exact(count, 7), exact(count, 3));
            let mut mean = vec![0.0; count];
            let squares = update_mean(&mut mean, &first, 1) + update_mean(&mut mean, &second, 2);
            let each = first.iter().zip(&second);
            let differences = each.clone().map(|(&a, &b)| f64::from(a - b).powi(2));
            assert_eq!(squares, differences.sum::<f64>() / 2.0, "{count}");
            let middle: Vec<f64> = each.map(|(&a, &b)| f64::from(a + b) / 2.0).collect();
            assert_eq!(mean, middle);
        }
    }

    #[test]
    fn four_maps_at_once_are_four_maps_one_by_one_bit_for_bit() {
        for count in [1, 7, 8, 49, 101] {
            let maps: [Vec<f32>; FOUR] = std::array::from_fn(|map| {
                let value = |i: usize| ((i * 37 + map * 11) % 97) as f32 / 97.0;
                (0..count).map(value).collect()
            });
            let start: Vec<f64> = (0..count).map(|i| i as f64 / 300.0).collect();
            let mut one_by_one = start.clone();
            let squares: Vec<f64> = (0..FOUR)
                .map(|map| update_mean(&mut one_by_one, &maps[map], 6 + map as u64))
                .collect();
            let mut at_once = start;
            let maps = maps.each_ref().map(Vec::as_slice);
            let found = update_mean_by_four(&mut at_once, maps, 6, (0.0, 1.0)).unwrap();
            assert_eq!((found.to_vec(), at_once), (squares, one_by_one), "{count}");
        }
    }

    #[test]
    fn one_value_outside_is_found_in_any_of_four_maps() {
        for (map, place) in [(0, 0), (1, 48), (2, 30), (3, 8)] {
            for bad in [f32::NAN, f32::INFINITY, -0.5, 1.5] {
                let mut maps: [Vec<f32>; FOUR] = std::array::from_fn(|_| vec![0.5; 49]);
                maps[map][place] = bad;
                let maps = maps.each_ref().map(Vec::as_slice);
                let found = update_mean_by_four(&mut [0.0; 49], maps, 1, (0.0, 1.0));
                assert_eq!(found, None, "{bad} at {place} of {map}");
            }
        }
    }

    #[test]
    fn one_value_outside_or_not_a_number_is_found_at_any_place() {
        for place in [0, 8, 30, 48] {
            for bad in [f32::NAN, f32::INFINITY, -0.5, 1.5] {
                let mut values = vec![0.5_f32; 49];
                assert!(all_within(&values, 0.0, 1.0));
                values[place] = bad;
                assert!(!all_within(&values, 0.0, 1.0), "{bad} at {place}");
            }
        }
        assert!(all_within(&[0.0, 1.0], 0.0, 1.0));
    }
}

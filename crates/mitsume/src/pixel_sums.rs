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
    bits_within(ARCH.dispatch(LargestBits(values)), low, high)
        || ARCH.dispatch(AllWithin { values, low, high })
}

/// Whether `largest`, the largest bits of values as integers, tells that all of them lie in [low, high].
///
/// The bits of numbers from 0 upwards are in the order of the numbers; those of NaN and of every number with a
/// sign are greater. One integer maximum checks a value, and NaN with it.
fn bits_within(largest: u64, low: f64, high: f64) -> bool {
    low <= 0.0 && high >= 0.0 && largest <= high.to_bits()
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

/// Maps [N, h, w] whose values lie in order.
#[derive(Clone, Copy)]
pub(crate) struct Maps<'a, T> {
    /// [N * h * w].
    pub values: &'a [T],
    /// h * w.
    pub pixels: usize,
}

impl<'a, T> Maps<'a, T> {
    /// The map [h * w] of an image.
    #[inline(always)]
    pub fn map(&self, image: usize) -> &'a [T] {
        &self.values[image * self.pixels..][..self.pixels]
    }
}

/// [`update_mean`] by the maps of `images` one after the other, whose first is the `count`th; the same bits. Adds to
/// `squares` what each adds. Returns whether all values lie in [low, high]; the mean is of no use where they do not.
///
/// Four maps at once, because small maps are read faster than their mean is loaded and stored.
pub(crate) fn update_mean_by_maps<T: Copy + Into<f64>>(
    mean: &mut [f64],
    squares: &mut f64,
    (maps, images): (Maps<'_, T>, &[usize]),
    count: u64,
    (low, high): (f64, f64),
) -> bool {
    let largest = ARCH.dispatch(UpdateMeanByMaps {
        mean,
        squares,
        maps,
        images,
        count,
    });
    let within = |&image: &usize| all_within(maps.map(image), low, high);
    bits_within(largest, low, high) || images.iter().all(within)
}

/// [`squared_differences`] of the maps of `images` from one reference [h * w].
pub(crate) fn squared_differences_of_maps<T: Copy + Into<f64>>(
    maps: Maps<'_, T>,
    images: &[usize],
    reference: &[f64],
) -> Vec<f64> {
    ARCH.dispatch(SquaredDifferencesOfMaps {
        maps,
        images,
        reference,
    })
}

/// The largest bits of the values, as integers.
struct LargestBits<'a, T>(&'a [T]);

impl<T: Copy + Into<f64>> NullaryFnOnce for LargestBits<'_, T> {
    type Output = u64;

    // Inlined always, or the loop is not compiled for the vector instructions.
    #[inline(always)]
    fn call(self) -> u64 {
        let (chunks, rest) = self.0.as_chunks::<LANES>();
        let mut largest = [0; LANES];
        for chunk in chunks {
            keep_largest(&mut largest, &widened(chunk));
        }
        let of_rest = rest.iter().map(|&value| value.into().to_bits());
        largest.into_iter().chain(of_rest).fold(0, u64::max)
    }
}

struct AllWithin<'a, T> {
    values: &'a [T],
    low: f64,
    high: f64,
}

impl<T: Copy + Into<f64>> NullaryFnOnce for AllWithin<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        // Counted rather than searched: a loop without an exit vectorises.
        let outside = |value: f64| !((value >= self.low) & (value <= self.high));
        let each = self.values.iter();
        let outside: u64 = each.map(|&value| u64::from(outside(value.into()))).sum();
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
            let values = widened(values);
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
            update_chunk(means, &widened(values), self.share, &mut sums);
        }
        for (lane, (&value, mean)) in rest.iter().zip(rest_of_mean).enumerate() {
            sums[lane] += updated(mean, value.into(), self.share);
        }
        total(sums)
    }
}

struct SquaredDifferencesOfMaps<'a, T> {
    maps: Maps<'a, T>,
    images: &'a [usize],
    reference: &'a [f64],
}

impl<T: Copy + Into<f64>> NullaryFnOnce for SquaredDifferencesOfMaps<'_, T> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn call(self) -> Vec<f64> {
        let Self {
            maps,
            images,
            reference,
        } = self;
        let mut found = vec![0.0; images.len()];
        for (&image, found) in images.iter().zip(&mut found) {
            let map = maps.map(image);
            *found = SquaredDifferences { map, reference }.call();
        }
        found
    }
}

/// Maps whose mean is updated in one pass.
const FOUR: usize = 4;

struct UpdateMeanByMaps<'a, T> {
    mean: &'a mut [f64],
    squares: &'a mut f64,
    maps: Maps<'a, T>,
    images: &'a [usize],
    /// Of the first of `images`, from 1.
    count: u64,
}

impl<T: Copy + Into<f64>> NullaryFnOnce for UpdateMeanByMaps<'_, T> {
    /// The largest bits of a value.
    type Output = u64;

    #[inline(always)]
    fn call(mut self) -> u64 {
        let mut largest = [0; LANES];
        let (fours, rest) = self.images.as_chunks::<FOUR>();
        for images in fours {
            let maps = images.map(|image| self.maps.map(image));
            self.update_by_four(maps, &mut largest);
        }
        let mut largest = largest.into_iter().fold(0, u64::max);
        for &image in rest {
            let map = self.maps.map(image);
            let share = 1.0 / self.count as f64;
            let mean = &mut *self.mean;
            *self.squares += UpdateMean { mean, map, share }.call();
            largest = largest.max(LargestBits(map).call());
            self.count += 1;
        }
        largest
    }
}

impl<T: Copy + Into<f64>> UpdateMeanByMaps<'_, T> {
    #[inline(always)]
    fn update_by_four(&mut self, maps: [&[T]; FOUR], largest: &mut [u64; LANES]) {
        let count = self.count;
        let shares: [f64; FOUR] = std::array::from_fn(|i| 1.0 / (count + i as u64) as f64);
        let (means, rest_of_mean) = self.mean.as_chunks_mut::<LANES>();
        let [a, b, c, d] = maps.map(|map| map.as_chunks::<LANES>());
        let mut sums = [[0.0; LANES]; FOUR];
        let chunks = a.0.iter().zip(b.0).zip(c.0).zip(d.0);
        for (means, (((a, b), c), d)) in means.iter_mut().zip(chunks) {
            let values = [widened(a), widened(b), widened(c), widened(d)];
            let mut updates = *means;
            for map in 0..FOUR {
                keep_largest(largest, &values[map]);
                update_chunk(&mut updates, &values[map], shares[map], &mut sums[map]);
            }
            *means = updates;
        }
        for (map, rest) in [a.1, b.1, c.1, d.1].into_iter().enumerate() {
            for (lane, (&value, mean)) in rest.iter().zip(&mut *rest_of_mean).enumerate() {
                let value = value.into();
                largest[lane] = largest[lane].max(value.to_bits());
                sums[map][lane] += updated(mean, value, shares[map]);
            }
        }
        for sums in sums {
            *self.squares += total(sums);
        }
        self.count += FOUR as u64;
    }
}

// Each of the following loops becomes one vector instruction; joined in one loop, or with a closure in place of the
// index, they are compiled lane by lane.

#[inline(always)]
fn widened<T: Copy + Into<f64>>(values: &[T; LANES]) -> [f64; LANES] {
    let mut wide = [0.0; LANES];
    for lane in 0..LANES {
        wide[lane] = values[lane].into();
    }
    wide
}

#[inline(always)]
fn keep_largest(largest: &mut [u64; LANES], values: &[f64; LANES]) {
    for lane in 0..LANES {
        largest[lane] = largest[lane].max(values[lane].to_bits());
    }
}

/// [`updated`] in every lane; what it returns is added to `sums`.
#[inline(always)]
fn update_chunk(
    mean: &mut [f64; LANES],
    values: &[f64; LANES],
    share: f64,
    sums: &mut [f64; LANES],
) {
    let mut before = [0.0; LANES];
    for lane in 0..LANES {
        before[lane] = values[lane] - mean[lane];
    }
    for lane in 0..LANES {
        mean[lane] += before[lane] * share;
    }
    for lane in 0..LANES {
        sums[lane] += before[lane] * (values[lane] - mean[lane]);
    }
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

    fn values_of(maps: usize, pixels: usize) -> Vec<f32> {
        let value = |i: usize| (i * 37 % 97) as f32 / 97.0;
        (0..maps * pixels).map(value).collect()
    }

    #[test]
    fn many_maps_at_once_are_maps_one_by_one_bit_for_bit() {
        for pixels in [1, 7, 8, 49, 101] {
            let values = values_of(11, pixels);
            let maps = Maps {
                values: &values,
                pixels,
            };
            let images = [10, 0, 3, 4, 5, 1, 9, 7, 8, 2];
            let start: Vec<f64> = (0..pixels).map(|i| i as f64 / 300.0).collect();
            let (mut one_by_one, mut expected) = (start.clone(), 0.25);
            for (i, &image) in images.iter().enumerate() {
                expected += update_mean(&mut one_by_one, maps.map(image), 6 + i as u64);
            }
            let (mut mean, mut squares) = (start.clone(), 0.25);
            let chosen = (maps, &images[..]);
            let within = update_mean_by_maps(&mut mean, &mut squares, chosen, 6, (0.0, 1.0));
            assert!(within);
            assert_eq!((mean, squares), (one_by_one, expected), "{pixels}");
            let each = images.map(|image| squared_differences(maps.map(image), &start));
            assert_eq!(squared_differences_of_maps(maps, &images, &start), each);
        }
    }

    #[test]
    fn maps_within_the_tolerance_below_zero_are_taken() {
        let values = [-1e-7_f32, 0.5, -0.0];
        let maps = Maps {
            values: &values,
            pixels: 3,
        };
        let (mut mean, mut squares) = ([0.0; 3], 0.0);
        let images = (maps, &[0, 0, 0, 0, 0][..]);
        assert!(update_mean_by_maps(
            &mut mean,
            &mut squares,
            images,
            1,
            (-1e-6, 1.0)
        ));
        assert_eq!((mean, squares), (values.map(f64::from), 0.0));
    }

    #[test]
    fn one_value_outside_is_found_in_any_of_many_maps() {
        for (map, place) in [(0, 0), (1, 48), (2, 30), (3, 8), (5, 48)] {
            for bad in [f32::NAN, f32::INFINITY, -0.5, 1.5] {
                let mut values = values_of(6, 49);
                values[map * 49 + place] = bad;
                let maps = Maps {
                    values: &values,
                    pixels: 49,
                };
                let images = (maps, &[0, 1, 2, 3, 4, 5][..]);
                let within = update_mean_by_maps(&mut [0.0; 49], &mut 0.0, images, 1, (0.0, 1.0));
                assert!(!within, "{bad} at {place} of {map}");
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
        // Within, but for the sign of zero and the tolerance below it only by a comparison.
        assert!(all_within(&[-0.0, 1.0], 0.0, 1.0));
        assert!(all_within(&[-1e-7, 0.5], -1e-6, 1.0));
        assert!(all_within(&[-3.0, -2.0], -4.0, -1.0));
        assert!(!all_within(&[0.0, 0.0], 0.5, 1.0));
    }
}

//! The metric of a resample, from inner products, is the metric of its images written out.

use mitsume::measures::GridMaps;
use mitsume::resampling::{BLOCK, ResampledConsistency, WeightedConsistency, Weights};
use mitsume::{ClassMeans, Consistency, DeviationPass};
use mitsume_random::RandomStream;

const GRID: usize = 3;

/// Images of some classes with maps that are blobs around a place of their class.
struct Images {
    shape: [usize; 2],
    labels: Vec<usize>,
    maps: Vec<Vec<f32>>,
}

impl Images {
    fn new(shape: [usize; 2], per_class: &[usize], seed: u64) -> Self {
        let mut random = RandomStream::from_seed(seed);
        let mut images = Images {
            shape,
            labels: Vec::new(),
            maps: Vec::new(),
        };
        for (class, &count) in per_class.iter().enumerate() {
            for _ in 0..count {
                let [h, w] = shape.map(|side| side as f64);
                let (y, x) = (h * random.unit(), w * (0.3 + 0.2 * class as f64));
                let value = |i: usize| {
                    let (dy, dx) = ((i / shape[1]) as f64 - y, (i % shape[1]) as f64 - x);
                    (-(dy * dy + dx * dx) / 6.0).exp() as f32
                };
                images.labels.push(class);
                images
                    .maps
                    .push((0..shape[0] * shape[1]).map(value).collect());
            }
        }
        images
    }

    fn classes(&self) -> usize {
        self.labels.iter().max().map_or(0, |last| last + 1)
    }

    /// All images as they are, for so many resamples.
    fn resampled(&self, resamples: usize) -> ResampledConsistency {
        let mut all = ResampledConsistency::new(self.shape, [GRID, GRID], resamples);
        for class in 0..self.classes() {
            let own: Vec<usize> = (0..self.labels.len())
                .filter(|i| self.labels[*i] == class)
                .collect();
            let maps: Vec<f32> = own.iter().flat_map(|i| self.maps[*i].clone()).collect();
            all.push_class(own, &maps);
        }
        all.finished()
    }

    /// The metric by its definition, over a set in which image i stands `times[i]` times.
    fn written_out(&self, times: &[u32]) -> WeightedConsistency {
        let (classes, shape) = (self.classes(), self.shape);
        let mut means = ClassMeans::new(classes, shape);
        let mut grid = GridMaps::new(classes, shape, GRID);
        let set = || {
            let each = times.iter().enumerate();
            each.flat_map(|(image, &times)| std::iter::repeat_n(image, times as usize))
        };
        for image in set() {
            means.push(self.labels[image], &self.maps[image]).unwrap();
            grid.push(self.labels[image], &self.maps[image]).unwrap();
        }
        let mut pass = DeviationPass::new(&means);
        for image in set() {
            pass.push(self.labels[image], &self.maps[image]).unwrap();
        }
        let own = Consistency::new(&means.squared_l2(), &pass.l2());
        WeightedConsistency {
            counted: own.counted,
            squared_l2: own.squared_l2,
            l2: own.l2,
            grid_squared_l2: grid.squared_l2(),
            grid_l2: grid.l2(),
            chance_corrected: grid.chance_corrected(),
        }
    }
}

/// Blocks of weights from how often each image is drawn in each of `BLOCK` resamples.
fn weights(times: &[Vec<u32>; BLOCK]) -> Vec<Weights> {
    let image = |i: usize| std::array::from_fn(|lane| f64::from(times[lane][i]));
    (0..times[0].len()).map(image).collect()
}

#[track_caller]
fn assert_close(found: &WeightedConsistency, expected: &WeightedConsistency) {
    assert_eq!(found.counted, expected.counted);
    let fields = |of: &WeightedConsistency| {
        [
            ("squared_l2", of.squared_l2),
            ("l2", of.l2),
            ("grid_squared_l2", of.grid_squared_l2),
            ("grid_l2", of.grid_l2),
            ("chance_corrected", of.chance_corrected),
        ]
    };
    for ((name, found), (_, expected)) in fields(found).into_iter().zip(fields(expected)) {
        match (found, expected) {
            (None, None) => {}
            // A sum of a few hundred terms in f64, one of whose parts cancels: 1e-11 of the value,
            // and of the scale of a map's deviation where the value is next to 0.
            (Some(a), Some(b)) => {
                assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{name}: {a} {b}")
            }
            _ => panic!("{name}: {found:?} {expected:?}"),
        }
    }
}

fn drawn(images: usize, seed: u64) -> [Vec<u32>; BLOCK] {
    std::array::from_fn(|lane| {
        let mut random = RandomStream::from_seed_and_number(seed, lane as u64);
        let mut times = vec![0; images];
        (0..images).for_each(|_| times[random.below(images)] += 1);
        times
    })
}

#[test]
fn a_resample_from_inner_products_is_the_metric_of_its_images_written_out() {
    // Few images of large maps are kept as inner products, many of small maps as the maps.
    for (shape, per_class) in [([12, 10], vec![9, 14, 6]), ([3, 4], vec![90, 120])] {
        let images = Images::new(shape, &per_class, 3);
        let resampled = images.resampled(BLOCK);
        for seed in 0..5 {
            let times = drawn(images.labels.len(), seed);
            let found = resampled.consistency(&weights(&times));
            for (found, times) in found.iter().zip(&times) {
                assert_close(found, &images.written_out(times));
            }
        }
    }
}

#[test]
fn drawing_every_image_once_gives_the_metric_of_all_of_them() {
    let images = Images::new([7, 7], &[20, 15], 1);
    let once: [Vec<u32>; BLOCK] = std::array::from_fn(|_| vec![1; 35]);
    let found = images.resampled(1000).consistency(&weights(&once));
    let expected = images.written_out(&[1; 35]);
    found
        .iter()
        .for_each(|found| assert_close(found, &expected));
}

#[test]
fn classes_of_one_image_of_one_drawn_twice_and_of_none_follow_the_rules_of_the_metric() {
    let images = Images::new([5, 6], &[3, 2, 1], 9);
    let times = [
        vec![1, 1, 1, 1, 0, 1], // one image each in the last two classes
        vec![2, 0, 0, 2, 0, 2], // one image, twice, in every class
        vec![0, 0, 0, 1, 3, 0], // one class
        vec![0; 6],             // nothing
        vec![1, 0, 0, 1, 0, 1], // one image in every class
        vec![0, 2, 1, 0, 0, 5],
        vec![1, 0, 0, 0, 0, 0],
        vec![0, 0, 0, 4, 4, 0],
    ];
    let found = images.resampled(8).consistency(&weights(&times));
    for (found, times) in found.iter().zip(&times) {
        assert_close(found, &images.written_out(times));
    }
    assert_eq!(found[1].squared_l2, Some(0.0));
    assert_eq!(found[1].l2, Some(0.0));
    assert_eq!((found[3].squared_l2, found[3].counted), (None, 0));
    assert_eq!((found[4].squared_l2, found[4].l2), (Some(0.0), None));
}

#[test]
fn maps_that_are_all_the_same_have_no_deviation_in_any_resample() {
    let mut images = Images::new([6, 6], &[8, 8], 2);
    let first = images.maps[0].clone();
    images
        .maps
        .iter_mut()
        .for_each(|map| map.clone_from(&first));
    let found = images.resampled(8).consistency(&weights(&drawn(16, 4)));
    for found in found {
        assert_eq!(found.squared_l2, Some(0.0));
        assert_eq!(found.l2, Some(0.0));
        assert_eq!(found.chance_corrected, None);
    }
}

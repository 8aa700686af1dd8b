//! The metric against closed forms, and its shards against the whole.

use mitsume::consistency::{ConsistencyError, DeviationSum};
use mitsume::{ClassMeans, Consistency, DeviationPass};
use proptest::prelude::*;

/// Both passes over `(class, map)` pairs.
fn score(classes: usize, shape: [usize; 2], maps: &[(usize, Vec<f32>)]) -> Consistency {
    let means = means(classes, shape, maps);
    let mut pass = DeviationPass::new(&means);
    for (class, map) in maps {
        pass.push(*class, map).unwrap();
    }
    Consistency::new(&means.squared_l2(), &pass.l2())
}

fn means(classes: usize, shape: [usize; 2], maps: &[(usize, Vec<f32>)]) -> ClassMeans {
    let mut means = ClassMeans::new(classes, shape);
    for (class, map) in maps {
        means.push(*class, map).unwrap();
    }
    means
}

#[test]
fn two_constant_maps_deviate_by_half_their_difference() {
    // Mean 0.5, each 0.25 away on all 16 pixels: 0.25^2, and sqrt(16 * 0.25^2) / 16.
    let maps = [(0, vec![0.25; 16]), (0, vec![0.75; 16])];
    let expected = Consistency {
        squared_l2: Some(0.0625),
        l2: Some(0.0625),
        counted: 2,
    };
    assert_eq!(score(1, [4, 4], &maps), expected);
}

#[test]
fn identical_maps_have_consistency_zero() {
    let map: Vec<f32> = (0..64).map(|i| 1.0 / (i as f32 + 3.0)).collect();
    let maps = vec![(1, map); 100];
    let expected = Consistency {
        squared_l2: Some(0.0),
        l2: Some(0.0),
        counted: 100,
    };
    assert_eq!(score(3, [8, 8], &maps), expected);
}

#[test]
fn classes_have_their_own_mean_and_every_image_the_same_weight() {
    // Class 0: 0 and 1, deviation 0.25 each. Class 2: 0, 0, 0.9, mean 0.3: 0.09, 0.09, 0.36.
    let maps = [(0, 0.0), (2, 0.0), (0, 1.0), (2, 0.0), (2, 0.9)];
    let maps = maps.map(|(class, value)| (class, vec![value as f32; 4]));
    let result = score(3, [2, 2], &maps);
    // 0.9 is a float32: relative 3e-8.
    assert!((result.squared_l2.unwrap() - (0.5 + 0.54) / 5.0).abs() < 1e-7);
    assert!((result.l2.unwrap() - (0.5 + 0.5 + 0.3 + 0.3 + 0.6) / 2.0 / 5.0).abs() < 1e-7);
    let means = means(3, [2, 2], &maps);
    assert_eq!((means.count(0), means.count(1), means.count(2)), (2, 0, 3));
    assert_eq!((means.mean(0), means.mean(1)), (Some(&[0.5; 4][..]), None));
    assert_eq!(means.squared_l2().per_class[1], DeviationSum::default());
}

#[test]
fn a_class_of_one_counts_in_the_definition_and_not_in_the_published_form() {
    let maps = [(0, vec![0.0; 4]), (0, vec![1.0; 4]), (1, vec![0.3; 4])];
    let result = score(2, [2, 2], &maps);
    assert_eq!(result.squared_l2, Some(0.5 / 3.0));
    assert_eq!(result.l2, Some(0.25));
    assert_eq!(result.counted, 3);
    let alone = score(2, [2, 2], &maps[2..]);
    assert_eq!(
        alone,
        Consistency {
            squared_l2: Some(0.0),
            l2: None,
            counted: 1
        }
    );
}

#[test]
fn no_correct_image_gives_none_rather_than_nan() {
    let nothing = Consistency {
        squared_l2: None,
        l2: None,
        counted: 0,
    };
    assert_eq!(score(4, [7, 7], &[]), nothing);
    assert_eq!(score(0, [0, 0], &[]), nothing);
}

#[test]
fn the_second_pass_gives_each_image_its_own_deviation() {
    let maps = [(0, vec![0.0, 0.0]), (0, vec![3.0, 4.0])];
    let means = means(1, [1, 2], &maps);
    let mut pass = DeviationPass::new(&means);
    let deviation = pass.push(0, &maps[1].1).unwrap();
    assert_eq!((deviation.squared_l2, deviation.l2), (3.125, 1.25));
}

#[test]
fn float64_maps_are_not_rounded() {
    let mut means = ClassMeans::new(1, [1, 1]);
    means.push(0, &[0.5]).unwrap();
    means.push(0, &[0.5 + 1e-12]).unwrap();
    // Half a difference of 1e-12, squared; the difference itself is exact to 1e-16.
    assert!((means.squared_l2().total().sum / 5e-25 - 1.0).abs() < 1e-3);
}

#[test]
fn what_does_not_fit_is_refused_and_adds_nothing() {
    let mut means = ClassMeans::new(2, [2, 2]);
    let class = ConsistencyError::Class {
        class: 2,
        classes: 2,
    };
    assert_eq!(means.push(2, &[0.0_f32; 4]), Err(class));
    assert!(matches!(
        means.push(0, &[0.0_f32; 5]),
        Err(ConsistencyError::MapLength(_))
    ));
    let nan = [0.0, f32::NAN, 0.0, 0.0];
    assert_eq!(
        means.push(0, &nan),
        Err(ConsistencyError::NotFinite { index: 1 })
    );
    assert!(means.push(0, &[f64::INFINITY; 4]).is_err());
    assert_eq!(means, ClassMeans::new(2, [2, 2]));
    // As many values, another shape.
    let error = means.merge(&ClassMeans::new(2, [4, 1])).unwrap_err();
    assert!(error.to_string().contains("[2, 2]") && error.to_string().contains("[4, 1]"));
    assert!(means.merge(&ClassMeans::new(3, [2, 2])).is_err());
}

#[test]
fn the_second_pass_refuses_what_the_first_never_saw() {
    let first = means(2, [1, 1], &[(0, vec![1.0])]);
    let other = means(2, [1, 1], &[(0, vec![0.0])]);
    let mut pass = DeviationPass::new(&first);
    assert_eq!(
        pass.push(1, &[1.0_f32]),
        Err(ConsistencyError::NoMean { class: 1 })
    );
    assert_eq!(
        pass.push(9, &[1.0_f32]),
        Err(ConsistencyError::NoMean { class: 9 })
    );
    assert!(pass.merge(&DeviationPass::new(&other)).is_err());
}

/// The textbook sums, in two plain passes.
fn by_definition(maps: &[(usize, Vec<f32>)], pixels: usize) -> (f64, f64) {
    let mut squares = Vec::new();
    for class in 0..3 {
        let of_class: Vec<_> = maps
            .iter()
            .filter(|(c, _)| *c == class)
            .map(|(_, m)| m)
            .collect();
        for map in &of_class {
            let square = |pixel: usize| {
                let sum: f64 = of_class.iter().map(|map| f64::from(map[pixel])).sum();
                (f64::from(map[pixel]) - sum / of_class.len() as f64).powi(2)
            };
            squares.push(((0..pixels).map(square).sum::<f64>(), of_class.len()));
        }
    }
    let all = squares.len() as f64;
    let many: Vec<f64> = squares
        .iter()
        .filter(|(_, n)| *n > 1)
        .map(|(s, _)| s.sqrt())
        .collect();
    let squared_l2 = squares.iter().map(|(s, _)| s).sum::<f64>() / pixels as f64 / all;
    (
        squared_l2,
        many.iter().sum::<f64>() / pixels as f64 / many.len() as f64,
    )
}

fn labelled_maps() -> impl Strategy<Value = Vec<(usize, Vec<f32>)>> {
    prop::collection::vec((0..3_usize, prop::collection::vec(0.0..1.0_f32, 6)), 4..40)
}

proptest! {
    #[test]
    fn one_pass_agrees_with_the_textbook_sums(maps in labelled_maps()) {
        let result = score(3, [2, 3], &maps);
        let (squared_l2, l2) = by_definition(&maps, 6);
        prop_assert!((result.squared_l2.unwrap() - squared_l2).abs() <= 1e-12 * squared_l2);
        prop_assert!((result.l2.unwrap() - l2).abs() <= 1e-12 * l2);
    }

    #[test]
    fn shards_merged_in_any_order_agree_with_the_whole(
        maps in labelled_maps(),
        shards in 1..6_usize,
        rotate in 0..6_usize,
    ) {
        let whole = means(3, [2, 3], &maps);
        let mut parts = vec![ClassMeans::new(3, [2, 3]); shards];
        for (index, (class, map)) in maps.iter().enumerate() {
            parts[index * 7 % shards].push(*class, map).unwrap();
        }
        let merge = |order: &[ClassMeans]| {
            let mut merged = ClassMeans::new(3, [2, 3]);
            for part in order {
                merged.merge(part).unwrap();
            }
            merged
        };
        let in_order = merge(&parts);
        prop_assert_eq!(&in_order, &merge(&parts));
        parts.rotate_left(rotate % shards);
        for merged in [in_order, merge(&parts)] {
            let (sum, expected) = (merged.squared_l2().total(), whole.squared_l2().total());
            prop_assert_eq!(sum.count, expected.count);
            prop_assert!((sum.sum - expected.sum).abs() <= 1e-12 * expected.sum);
            for class in 0..3 {
                for (a, b) in merged.mean(class).into_iter().flatten()
                    .zip(whole.mean(class).into_iter().flatten()) {
                    prop_assert!((a - b).abs() <= 1e-14);
                }
            }
        }
    }

    #[test]
    fn the_second_pass_merges_too(maps in labelled_maps(), cut in 0..4_usize) {
        let means = means(3, [2, 3], &maps);
        let mut passes = [DeviationPass::new(&means), DeviationPass::new(&means)];
        let mut whole = DeviationPass::new(&means);
        for (index, (class, map)) in maps.iter().enumerate() {
            passes[usize::from(index >= cut)].push(*class, map).unwrap();
            whole.push(*class, map).unwrap();
        }
        let [mut first, second] = passes;
        first.merge(&second).unwrap();
        let (sum, expected) = (first.l2().total(), whole.l2().total());
        prop_assert_eq!(sum.count, expected.count);
        prop_assert!((sum.sum - expected.sum).abs() <= 1e-12 * expected.sum);
    }
}

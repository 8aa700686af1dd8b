//! Measures beyond the thesis' two, against scipy's and scikit-image's figures and closed forms.

use mitsume::ClassMeans;
use mitsume::measures::complexity::complexity;
use mitsume::measures::cosine::cosine_distance;
use mitsume::measures::earth_mover::earth_mover;
use mitsume::measures::jensen_shannon::jensen_shannon;
use mitsume::measures::pearson::pearson_distance;
use mitsume::measures::region::region_distance;
use mitsume::measures::soft_iou::soft_iou_distance;
use mitsume::measures::ssim::ssim_distance;
use mitsume::measures::{GridMaps, MapMeasures, Measures};

fn map(h: usize, w: usize, of: impl Fn(usize, usize) -> usize, modulus: usize) -> Vec<f64> {
    (0..h * w)
        .map(|i| (of(i / w, i % w) % modulus) as f64 / modulus as f64)
        .collect()
}

fn a(h: usize, w: usize) -> Vec<f64> {
    map(h, w, |y, x| 3 * y + 5 * x + y * x, 11)
}

fn b(h: usize, w: usize) -> Vec<f64> {
    map(h, w, |y, x| 7 * y + 2 * x + 3, 13)
}

#[track_caller]
fn close(found: f64, expected: f64) {
    // Both sides sum a few hundred terms in double precision.
    assert!((found - expected).abs() < 1e-10, "{found} {expected}");
}

/// `scipy.spatial.distance.cosine`, `jensenshannon(base=2)**2`, `numpy.corrcoef`.
#[test]
fn distances_have_scipys_figures() {
    let (a, b) = (a(14, 14), b(14, 14));
    close(cosine_distance(&a, &b), 0.2563188837517779);
    close(jensen_shannon(&a, &b), 0.1735164569374851);
    close(pearson_distance(&a, &b), 0.9322858207497393);
}

/// `skimage.metrics.structural_similarity(data_range=1, gaussian_weights=True, sigma=1.5,
/// use_sample_covariance=False)`.
#[test]
fn ssim_has_scikit_images_figure() {
    close(
        ssim_distance(&a(14, 14), &b(14, 14), [14, 14]),
        0.8438307874168456,
    );
}

/// `scipy.stats.entropy`, and numpy: `1 - np.minimum(a, b).sum() / np.maximum(a, b).sum()`, `a >=
/// a.max() / 2`.
#[test]
fn complexity_soft_iou_and_regions_have_scipys_and_numpys_figures() {
    let (a, b) = (a(14, 14), b(14, 14));
    close(complexity(&a), 5.0473086725535214);
    close(complexity(&b), 5.04048761325825);
    close(soft_iou_distance(&a, &b), 0.51458643175838);
    close(soft_iou_distance(&b, &a), 0.51458643175838);
    close(region_distance(&a, &b), 0.5816993464052287);
}

/// Image k of class c; classes of 5, 3, 1 and 4 images.
fn classes() -> Vec<(usize, Vec<f64>)> {
    let of_class = |(class, images): (usize, usize)| {
        (0..images).map(move |k| {
            let pattern = |y, x| (3 + k) * y + (5 + class) * x + y * x + k;
            (class, map(14, 14, pattern, 11 + class))
        })
    };
    [5, 3, 1, 4]
        .into_iter()
        .enumerate()
        .flat_map(of_class)
        .collect()
}

fn measured(maps: &[(usize, Vec<f64>)]) -> Measures {
    let mut grid = GridMaps::new(4, [14, 14], 7);
    let mut means = ClassMeans::new(4, [14, 14]);
    for (class, map) in maps {
        grid.push(*class, map).unwrap();
        means.push(*class, map).unwrap();
    }
    let mut of_maps = MapMeasures::new([14, 14], grid.classes(), 0);
    for (class, map) in maps {
        of_maps.push(map, means.mean(*class).unwrap());
    }
    Measures::new(&grid, &of_maps, 9, 0)
}

/// Means over the images by numpy and scikit-image; for the pairwise ones, of each image's mean over
/// the others of its class (the class of one image has none).
#[test]
fn measures_of_classes_have_numpys_figures_in_whatever_order_the_images_come() {
    let mut maps = classes();
    for _ in 0..2 {
        let found = measured(&maps);
        close(found.region_iou.unwrap(), 0.4254219248468665);
        close(found.complexity.unwrap(), 5.039574099134186);
        close(found.pairwise_soft_iou.unwrap(), 0.5272411845787809);
        close(found.pairwise_ssim.unwrap(), 1.118805155755021);
        assert_eq!(found.pairwise_soft_iou_error, Some(0.0));
        assert_eq!(found.pairwise_ssim_error, Some(0.0));
        // `x / np.linalg.norm(x)` times the class mean map, normalised likewise.
        close(1.0 - found.cosine.unwrap(), 0.8978841696758477);
        maps.reverse();
    }
}

/// 96 images of one class are 4,560 pairs, of which 4,096 are drawn.
#[test]
fn of_many_images_pairs_are_drawn_the_same_for_any_number_of_threads() {
    let maps: Vec<(usize, Vec<f64>)> = (0..96)
        .map(|k| {
            (
                0,
                map(14, 14, |y, x| (1 + k % 7) * y + (2 + k / 7) * x + k, 19),
            )
        })
        .collect();
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (k, (_, a)) in maps.iter().enumerate() {
        for (_, b) in &maps[..k] {
            sum += soft_iou_distance(a, b);
            pairs += 1.0;
        }
    }
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let one = pool(1).unwrap().install(|| measured(&maps));
    let four = pool(4).unwrap().install(|| measured(&maps));
    assert_eq!(one, four);
    let error = one.pairwise_soft_iou_error.unwrap();
    assert!(error > 0.0 && error < 0.01, "{error}");
    let difference = one.pairwise_soft_iou.unwrap() - sum / pairs;
    assert!(
        difference != 0.0 && difference.abs() < 4.0 * error,
        "{difference}"
    );
}

/// All zero: no distance from one another; a map beside it is as far as can be.
#[test]
fn maps_of_nothing_are_equal_and_as_complex_as_can_be() {
    let nothing = measured(&[(1, vec![0.0; 196]), (1, vec![0.0; 196])]);
    assert_eq!(
        (nothing.region_iou, nothing.pairwise_soft_iou),
        (Some(0.0), Some(0.0))
    );
    assert!(nothing.pairwise_ssim.unwrap().abs() < 1e-12);
    close(nothing.complexity.unwrap(), 196_f64.ln());
    let beside = measured(&[(1, vec![0.0; 196]), (1, a(14, 14)), (2, a(14, 14))]);
    assert_eq!(beside.pairwise_soft_iou, Some(1.0));
    // The mean map's region is that of the map above 0: distances 1, 0 and 0.
    close(beside.region_iou.unwrap(), 1.0 / 3.0);
}

#[test]
fn measures_of_older_files_are_read_and_the_new_ones_are_not_there() {
    let old = r#"{"grid": [7, 7], "grid_squared_l2": 0.0125, "grid_l2": 0.0161, "chance_corrected": 0.875,
        "chance_p": null, "cosine": 0.25, "jensen_shannon": null, "earth_mover": null,
        "pearson": null, "ssim": 0.5}"#;
    let read: Measures = serde_json::from_str(old).unwrap();
    assert_eq!((read.cosine, read.ssim), (Some(0.25), Some(0.5)));
    assert_eq!((read.complexity, read.pairwise_ssim), (None, None));
    let again = serde_json::to_value(read).unwrap();
    for name in Measures::NAMES {
        assert!(again.get(name).is_some(), "{name} is a key");
    }
    let values = read.values();
    assert!(
        values
            .map(|(name, _)| name)
            .eq(Measures::NAMES.iter().copied())
    );
}

/// The transportation problem as a linear program, solved by `scipy.optimize.linprog` (HiGHS, whose
/// tolerance is 1e-7).
#[test]
fn the_earth_movers_distance_is_the_linear_programs() {
    let cases = [
        ([5, 5], 0.07179069654279402),
        ([7, 7], 0.0563985662027688),
        ([4, 6], 0.07853896682627713),
    ];
    for ([h, w], expected) in cases {
        let found = earth_mover(&a(h, w), &b(h, w), [h, w]);
        assert!((found - expected).abs() < 1e-7, "{found} {expected}");
        close(earth_mover(&b(h, w), &a(h, w), [h, w]), found);
    }
}

/// Looking at the same place in every class: as consistent as can be, and worth nothing.
#[test]
fn a_model_that_looks_at_the_centre_whatever_the_class_is_consistent_by_chance_only() {
    let spot = |row: usize, column: usize, wobble: usize| -> Vec<f64> {
        (0..784)
            .map(|i| {
                let (y, x) = ((i / 28) as f64, (i % 28) as f64);
                let (cy, cx) = (
                    row as f64 + (wobble % 3) as f64,
                    column as f64 + (wobble % 2) as f64,
                );
                (-((y - cy).powi(2) + (x - cx).powi(2)) / 20.0).exp()
            })
            .collect()
    };
    let measured = |place: &dyn Fn(usize) -> (usize, usize)| {
        let mut maps = GridMaps::new(4, [28, 28], 7);
        let places: Vec<u32> = (0..48).map(|image| image % 4).collect();
        let mut of_maps = MapMeasures::new([28, 28], &places, 0);
        for image in 0..48 {
            let class = image % 4;
            let (row, column) = place(class);
            let map = spot(row, column, image / 4);
            maps.push(class, &map).unwrap();
            of_maps.push(&map, &map);
        }
        Measures::new(&maps, &of_maps, 999, 0)
    };
    let centre = measured(&|_| (14, 14));
    let by_class = measured(&|class| (7 + 12 * (class % 2), 7 + 12 * (class / 2)));
    assert!(centre.grid_squared_l2.unwrap() < 2.0 * by_class.grid_squared_l2.unwrap());
    let (none, much) = (
        centre.chance_corrected.unwrap(),
        by_class.chance_corrected.unwrap(),
    );
    assert!(none.abs() < 0.1 && much > 0.9, "{none} {much}");
    assert!(centre.chance_p.unwrap() > 0.05);
    assert_eq!(by_class.chance_p, Some(0.001), "one of a thousand");
    // A map is at no distance from itself.
    assert!(centre.cosine.unwrap() < 1e-12 && centre.ssim.unwrap() < 1e-12);
}

#[test]
fn nothing_counted_is_nothing_measured() {
    let maps = GridMaps::new(3, [4, 4], 7);
    let measures = Measures::new(&maps, &MapMeasures::new([4, 4], &[], 0), 99, 0);
    assert_eq!(measures.grid, [4, 4], "never finer than the map");
    let values = [
        measures.grid_squared_l2,
        measures.grid_l2,
        measures.chance_corrected,
    ];
    assert_eq!(values, [None; 3]);
    assert_eq!(
        [measures.chance_p, measures.earth_mover, measures.ssim],
        [None; 3]
    );
    assert!(measures.values().all(|(_, value)| value.is_none()));
}

//! Measures beyond the thesis' two, against scipy's and scikit-image's figures and closed forms.

use mitsume::measures::cosine::cosine_distance;
use mitsume::measures::earth_mover::earth_mover;
use mitsume::measures::jensen_shannon::jensen_shannon;
use mitsume::measures::pearson::pearson_distance;
use mitsume::measures::ssim::ssim_distance;
use mitsume::measures::{Distances, GridMaps, Measures};

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
        let mut distances = Distances::new([28, 28]);
        for image in 0..48 {
            let class = image % 4;
            let (row, column) = place(class);
            let map = spot(row, column, image / 4);
            maps.push(class, &map).unwrap();
            distances.push(&map, &map);
        }
        Measures::new(&maps, &distances, 999, 0)
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
    let measures = Measures::new(&maps, &Distances::new([4, 4]), 99, 0);
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
}

//! Phantoms are deterministic, differ in their lesions, and are written safely.

use mitsume_data::ImageFolder;
use mitsume_data::phantom::{PhantomClass, PhantomSpec, draw, write_data_set};
use std::fs;
use std::path::Path;

const SPEC: PhantomSpec = PhantomSpec {
    per_class_train: 3,
    per_class_test: 2,
    size: 32,
    seed: 5,
};

#[test]
fn a_phantom_is_a_function_of_its_arguments() {
    let first = draw(PhantomClass::Glioma, 48, 1, 2);
    assert_eq!(first, draw(PhantomClass::Glioma, 48, 1, 2));
    assert_ne!(first.image, draw(PhantomClass::Glioma, 48, 2, 2).image);
    assert_ne!(first.image, draw(PhantomClass::Glioma, 48, 1, 3).image);
    assert_eq!((first.image.len(), first.mask.len()), (48 * 48, 48 * 48));
}

/// Area (of the image) and distance of the centre from the image's middle, in half image sides.
fn lesion(class: PhantomClass, index: u64) -> (f64, f64) {
    let phantom = draw(class, 64, 9, index);
    assert!(phantom.mask.iter().all(|v| [0, 255].contains(v)));
    let inside: Vec<usize> = (0..64 * 64).filter(|i| phantom.mask[*i] > 0).collect();
    let mean = |f: &dyn Fn(usize) -> usize| {
        inside.iter().map(|i| f(*i) as f64).sum::<f64>() / inside.len() as f64 / 32.0 - 1.0
    };
    let distance = mean(&|i| i % 64).hypot(mean(&|i| i / 64));
    (inside.len() as f64 / 4096.0, distance)
}

#[test]
fn masks_show_lesions_where_their_class_has_them() {
    let means = |class| {
        let all: Vec<(f64, f64)> = (0..40).map(|i| lesion(class, i)).collect();
        assert!(all.iter().all(|(area, _)| *area > 0.001), "{class:?}");
        let n = all.len() as f64;
        (
            all.iter().map(|l| l.0).sum::<f64>() / n,
            all.iter().map(|l| l.1).sum::<f64>() / n,
        )
    };
    let glioma = means(PhantomClass::Glioma);
    let meningioma = means(PhantomClass::Meningioma);
    let pituitary = means(PhantomClass::Pituitary);
    assert!(
        pituitary.0 < meningioma.0 && meningioma.0 < glioma.0,
        "sizes"
    );
    assert!(
        pituitary.1 < 0.2 && pituitary.1 < glioma.1 && glioma.1 < meningioma.1,
        "places"
    );
    assert!((0..20).all(|i| {
        draw(PhantomClass::NoTumor, 64, 9, i)
            .mask
            .iter()
            .all(|v| *v == 0)
    }));
}

fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = ImageFolder::open(dir).unwrap();
    let read = |s: &mitsume_data::Sample| {
        let name = s
            .path
            .strip_prefix(dir)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        (name, fs::read(&s.path).unwrap())
    };
    folder.samples.iter().map(read).collect()
}

#[test]
fn a_written_set_is_a_data_set_with_masks_and_the_same_on_any_number_of_threads() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let write = |dir: &Path, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| write_data_set(dir, SPEC, &|_, _| ()))
            .unwrap()
    };
    let (a, b) = (write(one.path(), 1), write(two.path(), 3));
    assert_eq!(a.images, 20);
    assert_eq!(contents(&a.train), contents(&b.train));
    assert_eq!(contents(&a.test), contents(&b.test));
    let classes = ImageFolder::open(&a.train).unwrap().classes;
    assert_eq!(classes, ["glioma", "meningioma", "notumor", "pituitary"]);
    let names = |dir: &Path| contents(dir).into_iter().map(|c| c.0).collect::<Vec<_>>();
    assert_eq!(names(&a.train), names(&a.masks.join("Training")));
    let report = mitsume_data::check::check(one.path(), None, &|_, _| ()).unwrap();
    let counts: Vec<_> = report
        .splits
        .iter()
        .map(|s| (s.name.as_str(), s.images))
        .collect();
    assert_eq!(counts, [("Training", 12), ("Testing", 8)]);
    assert_eq!((report.duplicates.groups, report.leaks.images), (0, 0));
}

#[test]
fn a_folder_that_is_not_empty_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.docx"), b"precious").unwrap();
    let error = write_data_set(dir.path(), SPEC, &|_, _| ()).unwrap_err();
    assert!(error.to_string().contains("not empty"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn numbers_out_of_range_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let size = PhantomSpec {
        size: 1 << 40,
        ..SPEC
    };
    assert!(write_data_set(dir.path(), size, &|_, _| ()).is_err());
    let none = PhantomSpec {
        per_class_test: 0,
        ..SPEC
    };
    assert!(write_data_set(dir.path(), none, &|_, _| ()).is_err());
}

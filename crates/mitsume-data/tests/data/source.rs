//! Loading, caching and batching.

use crate::support::data_set;
use mitsume_data::{
    Augment, Batch, ImageCache, ImageFolder, ImageSource, Preprocess, find_duplicates, shuffled,
};
use std::time::{Duration, Instant};

fn preprocess(augment: Option<Augment>) -> Preprocess {
    Preprocess {
        height: 16,
        width: 12,
        channels: 1,
        augment,
        seed: 7,
        transform: Default::default(),
    }
}

fn set() -> (tempfile::TempDir, ImageFolder) {
    let dir = tempfile::tempdir().unwrap();
    data_set(dir.path(), &["a", "b"], &[13, 10]);
    let folder = ImageFolder::open(dir.path()).unwrap();
    (dir, folder)
}

fn source(folder: &ImageFolder, augment: Option<Augment>, cache: u64) -> ImageSource {
    ImageSource::new(&folder.samples, preprocess(augment), cache).unwrap()
}

fn pool(threads: usize) -> rayon::ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
    builder.build().unwrap()
}

#[test]
fn cached_and_streamed_images_are_equal() {
    let (_dir, folder) = set();
    for augment in [None, Some(Augment::default())] {
        let streamed = source(&folder, augment.clone(), 0);
        let partly = source(&folder, augment.clone(), 3000);
        let cached = source(&folder, augment, 1 << 20);
        for s in [&partly, &cached] {
            assert!(s.load(&|_, _| ()).is_empty());
        }
        assert_eq!((streamed.cached(), cached.cached()), (0, 23));
        assert!((1..23).contains(&partly.cached()));
        for index in 0..23 {
            let image = streamed.image(index, 3).unwrap();
            assert_eq!(image, partly.image(index, 3).unwrap());
            assert_eq!(image, cached.image(index, 3).unwrap());
        }
    }
}

#[test]
fn the_cache_stays_within_its_budget() {
    let (_dir, folder) = set();
    let source = source(&folder, None, 5 * 16 * 12 + 1);
    pool(4).install(|| source.load(&|_, _| ()));
    assert_eq!(source.cached(), 5);
}

#[test]
fn batches_do_not_depend_on_threads_or_cache() {
    let (_dir, folder) = set();
    let all = |threads: usize, cache: u64| -> Vec<Batch> {
        pool(threads).install(|| {
            let source = source(&folder, Some(Augment::default()), cache);
            source.batches(shuffled(23, 7, 2), 5, 2).collect()
        })
    };
    let expected = all(1, 0);
    assert_eq!(expected.len(), 5);
    assert_eq!(expected[4].indices.len(), 3);
    for (threads, cache) in [(1, 1 << 20), (2, 0), (5, 2000), (8, 1 << 20)] {
        assert_eq!(
            all(threads, cache),
            expected,
            "{threads} threads, {cache} bytes"
        );
    }
}

#[test]
fn batches_hold_the_images_in_the_order_asked_for() {
    let (_dir, folder) = set();
    let source = source(&folder, None, 1 << 20);
    let order = vec![22, 0, 5, 5, 13];
    let batches: Vec<Batch> = source.batches(order.clone(), 2, 0).collect();
    let indices: Vec<usize> = batches.iter().flat_map(|b| b.indices.clone()).collect();
    assert_eq!(indices, order);
    let labels: Vec<usize> = batches.iter().flat_map(|b| b.labels.clone()).collect();
    assert_eq!(labels, [1, 0, 0, 0, 1]);
    let images: Vec<f32> = batches.iter().flat_map(|b| b.images.clone()).collect();
    let single = order.iter().flat_map(|i| source.image(*i, 0).unwrap());
    assert_eq!(images, single.collect::<Vec<_>>());
}

#[test]
fn augmentation_depends_on_seed_epoch_and_index_only() {
    let (_dir, folder) = set();
    let source_of = |seed: u64| {
        let mut p = preprocess(Some(Augment::default()));
        p.seed = seed;
        ImageSource::new(&folder.samples, p, 0).unwrap()
    };
    let (first, again, other) = (source_of(1), source_of(1), source_of(2));
    // In another order, after other images.
    let _ = again.image(9, 4);
    assert_eq!(first.image(3, 1).unwrap(), again.image(3, 1).unwrap());
    let differing = |f: &dyn Fn(usize) -> bool| (0..23).filter(|i| f(*i)).count();
    let by_epoch = differing(&|i| first.image(i, 1).unwrap() != first.image(i, 2).unwrap());
    let by_seed = differing(&|i| first.image(i, 1).unwrap() != other.image(i, 1).unwrap());
    assert!(by_epoch > 15 && by_seed > 15, "{by_epoch}, {by_seed}");
}

#[test]
fn unreadable_images_are_named_and_left_out() {
    let (dir, _) = set();
    std::fs::write(dir.path().join("a/004.png"), b"not an image").unwrap();
    std::fs::write(dir.path().join("b/empty.jpg"), b"").unwrap();
    let folder = ImageFolder::open(dir.path()).unwrap();
    let source = source(&folder, None, 1 << 20);
    let skipped = source.load(&|_, _| ());
    let names: Vec<_> = skipped
        .iter()
        .map(|s| s.path.file_name().unwrap())
        .collect();
    assert_eq!(names, ["004.png", "empty.jpg"]);
    assert!(skipped[0].reason.contains("neither PNG, JPEG,"));
    assert!(skipped[1].reason.contains("empty"));
    let batches: Vec<Batch> = source.batches((0..24).collect(), 8, 0).collect();
    assert_eq!(batches[0].indices, [0, 1, 2, 3, 5, 6, 7]);
    assert_eq!(batches[0].images.len(), 7 * 16 * 12);
    assert_eq!(batches[0].skipped, &skipped[..1]);
    let message = source.image(4, 0).unwrap_err().to_string();
    assert!(message.contains("004.png") && message.contains("neither"));
}

#[test]
fn loading_reports_every_image_once() {
    let (_dir, folder) = set();
    let seen = std::sync::Mutex::new(Vec::new());
    source(&folder, None, 0).load(&|done, total| seen.lock().unwrap().push((done, total)));
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, (1..=23).map(|n| (n, 23)).collect::<Vec<_>>());
}

#[test]
fn prefetching_is_limited() {
    let (_dir, folder) = set();
    let source = source(&folder, None, 1 << 20);
    let order: Vec<usize> = (0..23).collect();
    let mut batches = source.batches(order, 3, 0);
    batches.next();
    let deadline = Instant::now() + Duration::from_secs(20);
    // One batch and two prefetched ones are decoded, and no more.
    while source.cached() < 9 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(source.cached(), 9);
}

#[test]
fn dropping_the_iterator_stops_its_threads() {
    let (_dir, folder) = set();
    let source = source(&folder, None, 0);
    let order: Vec<usize> = (0..100_000).map(|i| i % 23).collect();
    let mut batches = source.batches(order, 20_000, 0);
    batches.next();
    let start = Instant::now();
    drop(batches);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_empty_order_gives_no_batch() {
    let (_dir, folder) = set();
    assert_eq!(
        source(&folder, None, 0).batches(Vec::new(), 4, 0).count(),
        0
    );
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let refused = |change: &dyn Fn(&mut Preprocess)| {
        let mut p = preprocess(Some(Augment::default()));
        change(&mut p);
        let error = ImageSource::new(&[], p, 0).err().unwrap();
        error.to_string()
    };
    assert!(refused(&|p| p.channels = 2).contains("channels"));
    assert!(refused(&|p| p.width = 0).contains("image size"));
    assert!(refused(&|p| p.height = usize::MAX).contains("image size"));
    let flip = |p: &mut Preprocess| p.augment.as_mut().unwrap().horizontal_flip = f64::NAN;
    assert!(refused(&flip).contains("horizontal_flip"));
    let scale = |p: &mut Preprocess| p.augment.as_mut().unwrap().resized_crop_scale = [0.0, 1.0];
    assert!(refused(&scale).contains("resized_crop_scale"));
    let ratio = |p: &mut Preprocess| p.augment.as_mut().unwrap().resized_crop_ratio = [2.0, 1.0];
    assert!(refused(&ratio).contains("resized_crop_ratio"));
}

#[test]
fn shuffling_is_a_permutation_and_a_function_of_its_arguments() {
    let order = shuffled(1000, 3, 1);
    assert_eq!(order, shuffled(1000, 3, 1));
    assert_ne!(order, shuffled(1000, 3, 2));
    assert_ne!(order, shuffled(1000, 4, 1));
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
    // First place is uniform over 2000 epochs of 4: each has 500 +- 5 standard deviations (19.4).
    let mut firsts = [0; 4];
    (0..2000).for_each(|epoch| firsts[shuffled(4, 1, epoch)[0]] += 1);
    assert!(firsts.iter().all(|n| (403..=597).contains(n)), "{firsts:?}");
    assert!(shuffled(0, 1, 1).is_empty());
}

#[test]
fn runs_of_one_cache_decode_an_image_once() {
    let (_guard, folder) = set();
    let images = ImageCache::new();
    let open = |seed: u64, augment: Option<Augment>| {
        let preprocess = Preprocess {
            seed,
            ..preprocess(augment)
        };
        let pooled = images.source(&folder.samples, preprocess.clone(), 1 << 20);
        let alone = ImageSource::new(&folder.samples, preprocess, 0);
        (pooled.unwrap(), alone.unwrap())
    };
    let all = folder.samples.len() as u64;
    let (first, _) = open(0, Some(Augment::default()));
    first.load(&|_, _| ());
    let (second, alone) = open(1, Some(Augment::default()));
    second.load(&|_, _| ());
    assert_eq!(second.decodings(), all, "both runs share one decoding");
    for index in 0..folder.samples.len() {
        assert_eq!(
            second.image(index, 3).unwrap(),
            alone.image(index, 3).unwrap()
        );
    }
    // Without augmentation the resized image is cached, so the cache cannot be shared.
    let (evaluation, _) = open(0, None);
    assert_eq!(evaluation.decodings(), 0);
}

#[test]
fn a_subsample_is_evenly_spaced_in_each_class() {
    let (_guard, mut folder) = set();
    let all = folder.samples.clone();
    folder.subsample_per_class(2);
    for class in 0..folder.classes.len() {
        let of = |samples: &[mitsume_data::Sample]| -> Vec<_> {
            let of = samples.iter().filter(|sample| sample.class == class);
            of.map(|sample| sample.path.clone()).collect()
        };
        let before = of(&all);
        let expected = match before.len() {
            0 | 1 => before,
            n => vec![before[0].clone(), before[n / 2].clone()],
        };
        assert_eq!(of(&folder.samples), expected);
    }
}

/// Duplicates are found by decoded pixels, whatever the cache holds and however files store them.
#[test]
fn duplicates_in_two_sources_are_found_when_both_are_loaded() {
    let (dir, train) = set();
    let other = tempfile::tempdir().unwrap();
    data_set(other.path(), &["a", "b"], &[2, 2]);
    for (from, to) in [("a/004.png", "b/same.png"), ("b/007.png", "a/same.png")] {
        std::fs::copy(dir.path().join(from), other.path().join(to)).unwrap();
    }
    // Its pixels are those of a/000.png as well.
    image::open(other.path().join("a/000.png"))
        .unwrap()
        .to_rgba8()
        .save(other.path().join("a/stored_otherwise.png"))
        .unwrap();
    std::fs::remove_file(other.path().join("a/000.png")).unwrap();
    std::fs::remove_file(other.path().join("b/000.png")).unwrap();
    let valid = ImageFolder::open(other.path()).unwrap();
    for (augment, cache) in [(None, 0), (None, 1 << 20), (Some(Augment::default()), 2000)] {
        let of = source(&valid, None, cache);
        let among = source(&train, augment, cache);
        assert_eq!(find_duplicates(&of, &among), [], "nothing was decoded yet");
        of.load(&|_, _| ());
        among.load(&|_, _| ());
        let names = |(valid_at, train_at): (usize, usize)| {
            let name = |folder: &ImageFolder, index: usize| {
                let path = &folder.samples[index].path;
                path.strip_prefix(&folder.root)
                    .unwrap()
                    .display()
                    .to_string()
            };
            (name(&valid, valid_at), name(&train, train_at))
        };
        let found: Vec<(String, String)> = find_duplicates(&of, &among)
            .into_iter()
            .map(names)
            .collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&a[..], &b[..])).collect();
        assert_eq!(
            found,
            [
                ("a/001.png", "a/001.png"),
                ("a/same.png", "b/007.png"),
                ("a/stored_otherwise.png", "a/000.png"),
                ("b/001.png", "b/001.png"),
                ("b/same.png", "a/004.png"),
            ]
        );
    }
}

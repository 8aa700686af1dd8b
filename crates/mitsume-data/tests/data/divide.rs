//! Lists for training, validation and test from folders and lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use crate::support::data_set;
use mitsume_data::divide::{DividePlan, DivideSource, ExistingSplits, ValidShare, side_counts};
use mitsume_data::{ImageFolder, ImageList, ListedImage, PatientPattern, Split, write_list};
use proptest::prelude::*;

const PLAN: DividePlan = DividePlan {
    valid: ValidShare::Fraction(0.2),
    test: 0.0,
    seed: 0,
};

fn read(path: &Path) -> DivideSource {
    DivideSource::read(path, ExistingSplits::Refuse, None).unwrap()
}

/// A list `list.csv` of empty files, one for each (class, patient) pair.
fn write_source(dir: &Path, images: &[(usize, usize)]) {
    let mut rows = String::from("path,label,patient\n");
    for (index, (class, patient)) in images.iter().enumerate() {
        fs::write(dir.join(format!("{index}.png")), "").unwrap();
        rows += &format!("{index}.png,class {class},p{patient}\n");
    }
    fs::write(dir.join("list.csv"), rows).unwrap();
}

/// The images per split of one class.
fn counts_of(list: &[ListedImage], class: &str) -> [usize; 3] {
    let sides = side_counts(list);
    [Split::Train, Split::Valid, Split::Test]
        .map(|split| sides.get(&split).map_or(0, |side| side.classes[class]))
}

#[test]
fn every_side_gets_its_share_of_every_class_to_the_image() {
    let dir = tempfile::tempdir().unwrap();
    data_set(dir.path(), &["a", "b", "c"], &[100, 37, 10]);
    let plan = DividePlan { test: 0.1, ..PLAN };
    let [list] = &read(dir.path()).divide(&plan).unwrap()[..] else {
        panic!("one list")
    };
    assert_eq!(list.len(), 147);
    assert_eq!(counts_of(list, "a"), [70, 20, 10]);
    // Of 25.9, 7.4 and 3.7 images.
    assert_eq!(counts_of(list, "b"), [26, 7, 4]);
    assert_eq!(counts_of(list, "c"), [7, 2, 1]);
    let order: Vec<_> = list.iter().map(|i| (i.split, &i.label, &i.path)).collect();
    assert!(order.is_sorted(), "training first, then by class and path");
}

#[test]
fn images_are_drawn_at_random_by_the_seed_whatever_the_order_of_a_list() {
    let dir = tempfile::tempdir().unwrap();
    let images: Vec<_> = (0..60).map(|i| (i % 2, i)).collect();
    write_source(dir.path(), &images);
    let file = dir.path().join("list.csv");
    let divide = |seed| read(&file).divide(&DividePlan { seed, ..PLAN }).unwrap();
    let first = divide(3);
    assert_eq!(first, divide(3));
    assert_ne!(first, divide(4));
    let text = fs::read_to_string(&file).unwrap();
    let mut rows: Vec<&str> = text.lines().collect();
    rows[1..].reverse();
    fs::write(&file, rows.join("\n")).unwrap();
    assert_eq!(first, divide(3));
    // Not the first ones, and not every fifth: over many seeds each image is drawn equally often.
    let mut drawn: HashMap<_, usize> = HashMap::new();
    for seed in 0..400 {
        let [list] = &divide(seed)[..] else {
            panic!("one list")
        };
        let valid = list
            .iter()
            .filter(|image| image.split == Some(Split::Valid));
        valid.for_each(|image| *drawn.entry(image.path.clone()).or_default() += 1);
    }
    // Binomial(400, 0.2): mean 80, standard deviation 8; 60 images within five of these.
    assert_eq!(drawn.len(), 60);
    assert!(drawn.values().all(|n| (40..=120).contains(n)), "{drawn:?}");
}

#[test]
fn in_folds_every_image_is_validated_once_and_the_test_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    data_set(dir.path(), &["a", "b"], &[50, 23]);
    let plan = DividePlan {
        valid: ValidShare::Folds(4),
        test: 0.2,
        seed: 1,
    };
    let lists = read(dir.path()).divide(&plan).unwrap();
    assert_eq!(lists.len(), 4);
    let images = |list: &[ListedImage], split| -> BTreeSet<_> {
        let images = list.iter().filter(|image| image.split == Some(split));
        images.map(|image| image.path.clone()).collect()
    };
    let test = images(&lists[0], Split::Test);
    // 10 of the class a, and of the class b's 23 in five parts 4 or 5.
    assert!((14..=15).contains(&test.len()), "{}", test.len());
    let mut validated = BTreeSet::new();
    for list in &lists {
        assert_eq!(list.len(), 73);
        assert_eq!(images(list, Split::Test), test);
        assert_eq!(counts_of(list, "a")[1], 10);
        for image in images(list, Split::Valid) {
            assert!(validated.insert(image), "in one fold only");
        }
    }
    assert_eq!(validated.len() + test.len(), 73);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever the patients: none on two sides, nothing lost, and every side within the largest
    /// patient of its share.
    #[test]
    fn no_patient_is_on_two_sides(
        images in prop::collection::vec((0usize..3, 0usize..30), 150..300),
        seed: u64,
        folds in prop::option::of(2usize..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        write_source(dir.path(), &images);
        let valid = folds.map_or(ValidShare::Fraction(0.25), ValidShare::Folds);
        let plan = DividePlan { valid, test: 0.2, seed };
        let lists = read(&dir.path().join("list.csv")).divide(&plan).unwrap();
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        images.iter().for_each(|(_, patient)| *sizes.entry(*patient).or_default() += 1);
        let largest = *sizes.values().max().unwrap() as f64;
        for list in lists {
            prop_assert_eq!(list.len(), images.len());
            let mut side: BTreeMap<String, Split> = BTreeMap::new();
            for image in &list {
                let patient = image.patient.clone().unwrap();
                let split = image.split.unwrap();
                prop_assert_eq!(*side.entry(patient).or_insert(split), split);
            }
            let counts = side_counts(&list);
            let share = folds.map_or(0.25, |folds| 0.8 / folds as f64);
            for (split, share) in [(Split::Valid, share), (Split::Test, 0.2)] {
                let off = counts[&split].images as f64 - share * images.len() as f64;
                prop_assert!(off.abs() <= largest, "{split:?} {off}");
            }
        }
    }
}

#[test]
fn a_written_list_is_read_back_as_the_same_division() {
    let dir = tempfile::tempdir().unwrap();
    let images = dir.path().join("scans, of 2024");
    data_set(&images, &["a", "b \"x\""], &[12, 8]);
    let pattern = PatientPattern::new(r"0\d\d").unwrap();
    let source = DivideSource::read(&images, ExistingSplits::Refuse, Some(&pattern)).unwrap();
    assert_eq!(source.images_without_patient(), 0);
    let [list] = &source.divide(&PLAN).unwrap()[..] else {
        panic!("one list")
    };
    let file = dir.path().join("list.csv");
    fs::write(&file, write_list(list, &file).unwrap()).unwrap();
    assert_eq!(&ImageList::read(&file).unwrap().images, list);
    let open = |split| ImageFolder::open_split(&file, split).unwrap();
    let (train, valid) = (open(Split::Train), open(Split::Valid));
    assert_eq!((train.samples.len(), valid.samples.len()), (16, 4));
    let all = |folder: &ImageFolder| -> Vec<usize> { (0..folder.samples.len()).collect() };
    let training = (&train, &all(&train)[..]);
    assert!(valid.shared_patients(&all(&valid), training).is_empty());
    // By hand: an image of a patient of training.
    let text = fs::read_to_string(&file).unwrap();
    let at = text.rfind("valid,").unwrap() + "valid,".len();
    let patient = &list[0].patient.clone().unwrap();
    let text = format!("{}{patient}{}", &text[..at], &text[at + 3..]);
    fs::write(&file, text).unwrap();
    let valid = ImageFolder::open_split(&file, Split::Valid).unwrap();
    let shared = valid.shared_patients(&all(&valid), training);
    assert_eq!((&shared[0].patient, shared[0].images), (patient, 1));
}

#[test]
fn a_list_that_is_not_above_the_images_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    data_set(&dir.path().join("in"), &["a", "b"], &[5, 5]);
    let lists = read(&dir.path().join("in")).divide(&PLAN).unwrap();
    fs::create_dir(dir.path().join("out")).unwrap();
    let out = dir.path().join("out/list.csv");
    let error = write_list(&lists[0], &out).unwrap_err().to_string();
    assert!(error.contains("folder above the images"), "{error}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(dir.path().join("in"), dir.path().join("out/in")).unwrap();
        let lists = read(&dir.path().join("out/in")).divide(&PLAN).unwrap();
        let bytes = write_list(&lists[0], &out).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("path,label,split\nin/a/"), "{text}");
    }
}

#[test]
fn splits_that_are_there_are_kept_or_divided_anew_only_if_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    for (split, counts) in [("train", [20, 10]), ("test", [7, 5])] {
        data_set(&dir.path().join(split), &["a", "b"], &counts);
    }
    let read = |existing| DivideSource::read(dir.path(), existing, None);
    let error = read(ExistingSplits::Refuse).unwrap_err().to_string();
    for word in ["train, test", "--keep-test", "--pool"] {
        assert!(error.contains(word), "{error}");
    }
    let kept = read(ExistingSplits::KeepTest)
        .unwrap()
        .divide(&PLAN)
        .unwrap();
    assert_eq!(counts_of(&kept[0], "a"), [16, 4, 7]);
    let test = kept[0]
        .iter()
        .filter(|image| image.split == Some(Split::Test));
    assert!(
        test.clone()
            .all(|image| image.path.starts_with(dir.path().join("test")))
    );
    let pooled = read(ExistingSplits::Pool).unwrap().divide(&PLAN).unwrap();
    let sides = side_counts(&pooled[0]);
    assert_eq!(
        sides[&Split::Train].images + sides[&Split::Valid].images,
        42
    );
    // Of the 27 images of the class a.
    assert_eq!(sides[&Split::Valid].classes["a"], 5);
    // File names are the same in both folders, so as patients they are shared.
    let pattern = PatientPattern::new(r"\d+\.png").unwrap();
    let source = DivideSource::read(dir.path(), ExistingSplits::KeepTest, Some(&pattern));
    let error = source.unwrap().divide(&PLAN).unwrap_err().to_string();
    assert!(error.contains("7 patients of the test"), "{error}");
    let train = DivideSource::read(&dir.path().join("train"), ExistingSplits::KeepTest, None);
    assert!(train.unwrap_err().to_string().contains("no test to keep"));
}

#[test]
fn what_cannot_be_done_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    data_set(dir.path(), &["common", "rare"], &[40, 3]);
    let refused = |plan: DividePlan| read(dir.path()).divide(&plan).unwrap_err().to_string();
    let valid = |valid| DividePlan { valid, ..PLAN };
    for share in [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY] {
        let error = refused(valid(ValidShare::Fraction(share)));
        assert!(error.contains("for validation"), "{error}");
        let error = refused(DividePlan {
            test: share - 0.1,
            ..PLAN
        });
        assert!(error.contains("test"), "{error}");
    }
    assert!(refused(DividePlan { test: 0.9, ..PLAN }).contains("together below 1"));
    for folds in [0, 1, 1001, usize::MAX] {
        assert!(refused(valid(ValidShare::Folds(folds))).contains("2 to 1000"));
    }
    let error = refused(valid(ValidShare::Folds(5)));
    assert!(
        error.contains("class rare") && error.contains("fewer folds"),
        "{error}"
    );
    let error = refused(valid(ValidShare::Fraction(0.05)));
    assert!(
        error.contains("class rare") && error.contains("larger share"),
        "{error}"
    );
    let pattern = PatientPattern::new("00[0-4]").unwrap();
    let read = |path: &Path| DivideSource::read(path, ExistingSplits::Refuse, Some(&pattern));
    let error = read(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("none in 35 of 43 paths, such as common/005.png"),
        "{error}"
    );
    write_source(dir.path(), &[(0, 0), (1, 1)]);
    let error = read(&dir.path().join("list.csv")).unwrap_err().to_string();
    assert!(error.contains("names the patients itself"), "{error}");
    let all_one = |dir: &Path| {
        write_source(dir, &[(0, 0), (0, 0), (1, 0), (1, 0)]);
        dir.join("list.csv")
    };
    let source = DivideSource::read(&all_one(dir.path()), ExistingSplits::Refuse, None).unwrap();
    let error = source.divide(&PLAN).unwrap_err().to_string();
    assert!(error.contains("of one patient"), "{error}");
    fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(read(&dir.path().join("empty")).is_err());
}

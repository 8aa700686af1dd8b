//! Sizes and names of the five networks.

use burn::tensor::{Device, Tensor};
use mitsume_nn::{Classifier, ClassifierSpec, Level, StateEntry};

fn spec(level: Level, channels: usize, classes: usize) -> ClassifierSpec {
    ClassifierSpec {
        level,
        channels,
        classes,
        dropout: None,
    }
}

#[test]
fn parameter_counts_are_the_published_ones() {
    let counts = Level::ALL
        .map(|level| Classifier::new(spec(level, 1, 4), 0, &Device::flex()).parameter_count());
    assert_eq!(counts, [4_932, 389_828, 1_208_772, 401_056, 4_825_988]);
}

#[test]
fn names_are_those_of_the_published_state_dicts() {
    let names = |level| {
        let mut model = Classifier::new(spec(level, 1, 4), 0, &Device::flex());
        model
            .state_dict_mut(level)
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    for (level, some) in [
        (Level::One, vec!["features.3.weight", "classifier.2.bias"]),
        (
            Level::Two,
            vec!["features.13.running_var", "classifier.3.weight"],
        ),
        (
            Level::Three,
            vec![
                "features.8.conv.4.num_batches_tracked",
                "features.8.skip.bias",
            ],
        ),
        (
            Level::Four,
            vec![
                "features.7.fc.2.weight",
                "features.17.fc.4.bias",
                "features.15.bias",
            ],
        ),
        (
            Level::Five,
            vec!["features.4.conv.1.running_mean", "features.6.conv.3.weight"],
        ),
    ] {
        let names = names(level);
        for name in some {
            assert!(
                names.iter().any(|n| n == name),
                "{level}: {name} not in {names:?}"
            );
        }
    }
}

#[test]
fn the_seed_decides_the_weights() {
    let first = |seed| {
        let mut model = Classifier::new(spec(Level::Two, 3, 2), seed, &Device::flex());
        let mut entries = model.state_dict_mut(Level::Two);
        let StateEntry::Filters(weight) = &mut entries[0].1 else {
            panic!("a convolution comes first")
        };
        weight.val().into_data().try_into_vec::<f32>().unwrap()
    };
    assert_eq!(first(5), first(5));
    assert_ne!(first(5), first(6));
}

#[test]
fn odd_image_sizes_give_maps_of_the_stated_size() {
    for level in Level::ALL {
        let model = Classifier::new(spec(level, 3, 2), 0, &Device::flex());
        let size = [37, 53];
        let features = model
            .trunk
            .forward(Tensor::zeros([1, 3, 37, 53], &Device::flex()));
        let [_, c, h, w] = features.dims();
        assert_eq!(
            ([h, w], c),
            (level.cam_size(size), level.feature_channels()),
            "{level}"
        );
        assert_eq!(model.head.logits(features, None).dims(), [1, 2]);
    }
}

#[test]
fn the_smallest_image_goes_through() {
    for level in Level::ALL {
        let model = Classifier::new(spec(level, 1, 2), 0, &Device::flex());
        let side = level.min_image_side();
        let features = model
            .trunk
            .forward(Tensor::zeros([1, 1, side, side], &Device::flex()));
        assert_eq!(model.head.logits(features, None).dims(), [1, 2], "{level}");
    }
}

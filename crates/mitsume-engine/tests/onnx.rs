//! Small models of the building blocks of torchvision's classifiers, exported by both of PyTorch's
//! exporters: logits are compared with PyTorch's, maps with pytorch-grad-cam's.

mod reference;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use mitsume::methods::Method;
use mitsume_engine::{MapOptions, Network, OnnxNetwork, OnnxRequest, image_maps};
use mitsume_nn::parse_device;
use reference::Reference;

/// The device under test: the one `MITSUME_TEST_DEVICE` names as `--device` does, or the CPU.
fn device() -> Device {
    let name = std::env::var("MITSUME_TEST_DEVICE");
    parse_device(name.as_deref().unwrap_or("cpu")).unwrap_or_else(|error| panic!("{error}"))
}

fn models() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mitsume-onnx/tests/models");
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut models: Vec<_> = entries
        .filter(|path| path.extension().unwrap() == "onnx")
        .collect();
    models.sort();
    assert!(models.len() >= 12, "the models are there");
    models
}

fn open(model: &Path, reference: &Reference) -> OnnxNetwork {
    let request = OnnxRequest {
        layers: vec![reference.layer.clone()],
        tokens: reference.tokens,
        ..OnnxRequest::default()
    };
    OnnxNetwork::open(model, &request, &device()).unwrap()
}

fn max_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let far = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    far.fold(0.0, |far, next| {
        if next > far || next.is_nan() {
            next
        } else {
            far
        }
    })
}

/// Tolerances: float32 sums in another order differ by some 1e-6 of the logits. Maps are quotients
/// of differences of such sums.
#[test]
fn logits_and_maps_are_those_of_pytorch_and_pytorch_grad_cam() {
    let mut compared = 0;
    for model in models() {
        let reference = Reference::read(&model.with_extension("safetensors"));
        let network = open(&model, &reference);
        let images = reference.images(&device());
        for method in reference.methods() {
            let options = MapOptions {
                method,
                flip: false,
            };
            let (logits, maps) =
                image_maps(&network, images.clone(), &reference.targets, options).unwrap();
            let logits: Vec<f32> = logits.into_data().try_into_vec().unwrap();
            let far = max_difference(&logits, &reference.values["logits"]);
            assert!(far < 1e-4, "{}: logits differ by {far}", model.display());
            let mut far = max_difference(&maps, &reference.values[&format!("map.{method}")]);
            if let Some(other) = reference.values.get(&format!("other.{method}")) {
                // The sign of a principal component is arbitrary.
                far = far.min(max_difference_to_either(&maps, &reference, method, other));
            }
            assert!(
                far < 1e-3,
                "{} {method}: maps differ by {far}",
                model.display()
            );
            compared += 1;
        }
    }
    assert!(compared >= 100, "{compared}");
}

/// `layer_norm_10` is [N, h, w, C]; pytorch-grad-cam's maps are of `permute_21`, its transpose. The
/// layout is not given but followed through the graph. Tolerance as above.
#[test]
fn maps_of_a_channels_last_layer_are_those_of_its_transpose_in_pytorch() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mitsume-onnx/tests/models");
    let model = folder.join("swin.onnx");
    let mut reference = Reference::read(&model.with_extension("safetensors"));
    assert_eq!(reference.layer, "permute_21");
    reference.layer = "layer_norm_10".to_owned();
    let network = open(&model, &reference);
    let images = reference.images(&device());
    assert_eq!(network.cam_size([32, 32]), [8, 8]);
    for method in reference.methods() {
        let options = MapOptions {
            method,
            flip: false,
        };
        let (_, maps) = image_maps(&network, images.clone(), &reference.targets, options).unwrap();
        let mut far = max_difference(&maps, &reference.values[&format!("map.{method}")]);
        if let Some(other) = reference.values.get(&format!("other.{method}")) {
            far = far.min(max_difference_to_either(&maps, &reference, method, other));
        }
        assert!(far < 1e-3, "{method}: maps differ by {far}");
    }
}

/// The largest difference, where each image's map may equal either of two references.
fn max_difference_to_either(
    maps: &[f32],
    reference: &Reference,
    method: Method,
    other: &[f32],
) -> f32 {
    let size = maps.len() / reference.targets.len();
    let one = &reference.values[&format!("map.{method}")];
    let far = maps
        .chunks(size)
        .zip(one.chunks(size))
        .zip(other.chunks(size));
    far.map(|((map, one), other)| max_difference(map, one).min(max_difference(map, other)))
        .fold(0.0, f32::max)
}

#[test]
fn flip_smoothing_of_the_mirrored_image_gives_the_mirrored_map() {
    let model = &models()[0];
    let reference = Reference::read(&model.with_extension("safetensors"));
    let network = open(model, &reference);
    let images = reference.images(&device());
    let options = MapOptions {
        method: Method::GradCam,
        flip: true,
    };
    let maps = |images| {
        image_maps(&network, images, &reference.targets, options)
            .unwrap()
            .1
    };
    let (straight, mut mirrored) = (maps(images.clone()), maps(images.flip([3])));
    let [_, columns] = network.cam_size([32, 32]);
    mirrored
        .chunks_exact_mut(columns)
        .for_each(<[f32]>::reverse);
    // The two maps are added in another order.
    assert!(max_difference(&straight, &mirrored) < 1e-5);
}

#[test]
fn several_layers_give_their_mean_at_the_largest_size() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mitsume-onnx/tests/models");
    let model = folder.join("residual.onnx");
    let reference = Reference::read(&model.with_extension("safetensors"));
    let open = |layers: &[&str]| {
        let request = OnnxRequest {
            layers: layers.iter().map(|&layer| layer.into()).collect(),
            ..OnnxRequest::default()
        };
        OnnxNetwork::open(&model, &request, &device()).unwrap()
    };
    let both = open(&["features.1", "features.3"]);
    let (early, late) = (open(&["features.1"]), open(&["features.3"]));
    let images = reference.images(&device());
    let maps = |network: &OnnxNetwork| {
        let images = images.clone();
        image_maps(network, images, &reference.targets, MapOptions::default())
            .unwrap()
            .1
    };
    assert_eq!(both.cam_size([32, 32]), early.cam_size([32, 32]));
    assert_eq!(
        early.map_size(0, [32, 32]),
        late.map_size(0, [32, 32]).map(|n| 2 * n)
    );
    let (maps_of_both, early) = (maps(&both), maps(&early));
    assert_eq!(maps_of_both.len(), early.len());
    assert!(
        max_difference(&maps_of_both, &early) > 0.01,
        "the late layer counts"
    );
    assert!(maps_of_both.iter().all(|v| (0.0..=1.0).contains(v)));
}

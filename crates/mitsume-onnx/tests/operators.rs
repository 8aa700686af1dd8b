//! Layers by name, hooks and gradients, on the small exported models.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_onnx::{Classifier, HookedClassifier, InputImages, LayoutRequest};

/// Nothing said beside what the model tells.
const AS_TOLD: LayoutRequest = LayoutRequest {
    layout: None,
    grid: None,
};

fn grid(grid: [usize; 2]) -> LayoutRequest {
    LayoutRequest {
        grid: Some(grid),
        ..AS_TOLD
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/models")
        .join(name)
}

fn open(name: &str) -> Classifier {
    Classifier::open(&path(name), InputImages::default(), &Device::flex()).unwrap()
}

fn images(n: usize) -> Tensor<4> {
    let pixel = |i: usize| ((i * 7919 + i * i % 257) % 1009) as f32 / 504.5 - 1.0;
    let data = TensorData::new((0..n * 3 * 32 * 32).map(pixel).collect(), [n, 3, 32, 32]);
    Tensor::from_data(data, &Device::flex())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn refused(hooked: Result<HookedClassifier, mitsume_onnx::Error>) -> String {
    hooked.err().expect("it must be refused").to_string()
}

#[test]
fn a_layer_is_found_by_node_value_and_module() {
    let model = open("residual.onnx");
    let by_module = model.hook(Some("features.3"), AS_TOLD).unwrap();
    let by_value = model
        .hook(Some("/features/features.3/relu_1/Relu_output_0"), AS_TOLD)
        .unwrap();
    let by_node = model
        .hook(Some("/features/features.3/relu_1/Relu"), AS_TOLD)
        .unwrap();
    let default = model.hook(None, AS_TOLD).unwrap();
    for hooked in [&by_value, &by_node, &default] {
        assert_eq!(hooked.layer(), by_module.layer());
    }
    assert_eq!(
        model.layers().iter().filter(|layer| layer.default).count(),
        1
    );
}

#[test]
fn a_wrong_name_answers_with_the_nearest() {
    let error = refused(open("residual.onnx").hook(Some("featuers.3"), AS_TOLD));
    assert!(
        error.contains("featuers.3") && error.contains("features.3"),
        "{error}"
    );
}

#[test]
fn tokens_lie_on_the_patch_embeddings_grid() {
    let model = open("vision-transformer.onnx");
    let layer = "/encoder/layers/encoder_layer_1/ln_1/LayerNormalization";
    let told = model.hook(Some(layer), AS_TOLD).unwrap();
    assert_eq!(told.map_shape()[1..], [4, 4]);
    assert!(refused(model.hook(Some(layer), grid([9, 9]))).contains("9x9"));
    let hooked = model.hook(Some(layer), grid([4, 4])).unwrap();
    assert_eq!(hooked.map_shape()[1..], [4, 4]);
    // The default layer of a transformer is the input of its last attention.
    assert_eq!(model.hook(None, grid([4, 4])).unwrap().layer(), layer);
}

#[test]
fn images_of_another_size_than_the_file_fixes_are_refused() {
    let size = InputImages {
        channels: Some(1),
        size: None,
    };
    let error = Classifier::open(&path("residual.onnx"), size, &Device::flex());
    assert!(error.err().unwrap().to_string().contains("3 channels"));
}

#[test]
fn the_parts_of_a_model_give_what_the_whole_gives_at_every_layer() {
    for name in [
        "residual.onnx",
        "shuffle.onnx",
        "inverted.onnx",
        "next-op13.onnx",
    ] {
        let model = open(name);
        let default = model.hook(None, AS_TOLD).unwrap();
        let whole = values(
            default
                .logits(&default.capture(images(3)).unwrap())
                .unwrap(),
        );
        for layer in model.layers().iter().filter(|layer| layer.shape.len() == 3) {
            let Ok(hooked) = model.hook(Some(&layer.name), AS_TOLD) else {
                continue;
            };
            let captured = hooked.capture(images(3)).unwrap();
            let features = hooked.features(&captured).unwrap();
            let parts = values(hooked.logits_from_features(&captured, features).unwrap());
            let far = whole.iter().zip(&parts).map(|(a, b)| (a - b).abs());
            // Fused operators add in another order.
            assert!(far.fold(0.0, f32::max) < 1e-4, "{name} {}", layer.name);
        }
    }
}

#[test]
fn layers_hooked_together_read_once_what_each_reads_alone() {
    let model = open("residual.onnx");
    let layers = [Some("features.1"), Some("features.3"), Some("features.2")];
    let together = model.hook_several(&layers, AS_TOLD).unwrap();
    let shared = together[0].capture(images(3)).unwrap();
    let close = |a: Vec<f32>, b: Vec<f32>, what: &str| {
        let far = a.iter().zip(&b).map(|(a, b)| (a - b).abs());
        // Fused operators add in another order.
        assert!(
            a.len() == b.len() && far.fold(0.0, f32::max) < 1e-5,
            "{what}"
        );
    };
    for (hooked, layer) in together.iter().zip(layers) {
        let alone = model.hook(layer, AS_TOLD).unwrap();
        let own = alone.capture(images(3)).unwrap();
        let name = alone.layer();
        let features =
            |hooked: &HookedClassifier, captured| values(hooked.features(captured).unwrap());
        close(features(hooked, &shared), features(&alone, &own), name);
        let (ours, ours_down) = hooked.gradients(&shared, &[0, 1, 2]).unwrap();
        let (theirs, theirs_down) = alone.gradients(&own, &[0, 1, 2]).unwrap();
        close(values(ours), values(theirs), name);
        close(values(ours_down), values(theirs_down), name);
        let without =
            |hooked: &HookedClassifier, captured| hooked.logits_ablated(captured, 1).unwrap();
        close(
            values(without(hooked, &shared)),
            values(without(&alone, &own)),
            name,
        );
    }
}

/// By central differences of the logits: float32, so the step is large and the tolerance wide; a
/// wrong gradient is off by its own size.
#[test]
fn gradients_are_those_of_finite_differences() {
    for (name, tokens) in [
        ("residual.onnx", None),
        ("inception.onnx", None),
        ("vision-transformer.onnx", Some([4, 4])),
    ] {
        let model = open(name);
        // An early layer, so that much is differentiated.
        let layer = if name == "residual.onnx" {
            Some("features.2")
        } else {
            None
        };
        let said = tokens.map_or(AS_TOLD, grid);
        let hooked = model.hook(layer, said).unwrap();
        let captured = hooked.capture(images(1)).unwrap();
        let features = hooked.features(&captured).unwrap();
        let [_, channels, h, w] = features.dims();
        let (_, gradients) = hooked.gradients(&captured, &[2]).unwrap();
        let (features, gradients) = (values(features), values(gradients));
        let scale = gradients.iter().fold(0.0f32, |most, g| most.max(g.abs()));
        let score = |features: Vec<f32>| {
            let data = TensorData::new(features, [1, channels, h, w]);
            let features = Tensor::from_data(data, &Device::flex());
            f64::from(values(hooked.logits_from_features(&captured, features).unwrap())[2])
        };
        const STEP: f32 = 1e-2;
        for at in (0..features.len()).step_by(features.len() / 23 + 1) {
            let moved = |by: f32| {
                let mut features = features.clone();
                features[at] += by;
                score(features)
            };
            let slope = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
            let error = (slope - f64::from(gradients[at])).abs();
            assert!(
                error < 0.03 * f64::from(scale),
                "{name} at {at}: {slope} {}",
                gradients[at]
            );
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let model = open("inverted.onnx");
            let hooked = model.hook(None, AS_TOLD).unwrap();
            let captured = hooked.capture(images(5)).unwrap();
            let (logits, gradients) = hooked.gradients(&captured, &[0, 1, 2, 3, 4]).unwrap();
            (values(logits), values(gradients))
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn randomised_layers_change_the_logits_and_none_changes_nothing() {
    let model = open("residual.onnx");
    let logits = |model: &Classifier| {
        let hooked = model.hook(None, AS_TOLD).unwrap();
        values(hooked.logits(&hooked.capture(images(2)).unwrap()).unwrap())
    };
    let layers = model.weighted_layers();
    assert!(layers.len() > 3, "{layers:?}");
    assert_eq!(logits(&model), logits(&model.randomised(0, 1)));
    assert_ne!(logits(&model), logits(&model.randomised(1, 1)));
    let all = model.randomised(layers.len(), 1);
    assert_eq!(logits(&all), logits(&model.randomised(layers.len(), 1)));
    assert_ne!(logits(&all), logits(&model.randomised(layers.len(), 2)));
}

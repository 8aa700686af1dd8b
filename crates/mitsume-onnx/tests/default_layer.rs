//! Which layer is hooked where none is named, and where its tokens lie.

mod writing;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_onnx::{Classifier, DefaultReason, HookedClassifier, InputImages, LayoutRequest};
use writing::{Message, floats, graph, ints, model, node, tensor, with_int, with_ints};

fn open(nodes: &[Message], initialisers: &[Message]) -> Classifier {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, model(graph(nodes, initialisers), 17)).unwrap();
    Classifier::open(&path, InputImages::default(), &Device::flex()).unwrap()
}

fn weights(name: &str, dims: &[u64]) -> Message {
    let count = dims.iter().product::<u64>();
    let values = (0..count).map(|i| (i * 37 % 23) as f32 / 11.0 - 1.0);
    floats(name, dims, &values.collect::<Vec<f32>>())
}

fn default(model: &Classifier) -> (String, DefaultReason) {
    let layers = model.layers();
    let mut default = layers.into_iter().filter(|layer| layer.default);
    let layer = default.next().expect("there is a default");
    assert_eq!(default.next(), None);
    (layer.name, layer.reason.expect("it has a reason"))
}

fn features(hook: &HookedClassifier) -> Vec<f32> {
    let pixels: Vec<f32> = (0..16).map(|i| (i * 7 % 16) as f32 / 8.0 - 0.9).collect();
    let image = Tensor::<4>::from_data(TensorData::new(pixels, [1, 1, 4, 4]), &Device::flex());
    let captured = hook.capture(image).unwrap();
    let features = hook.features(&captured).unwrap();
    features.into_data().try_into_vec().unwrap()
}

/// Mean over axis `axis` of `input`.
fn mean(input: &str, axis: i64, output: &str) -> Message {
    let mean = with_int(node("ReduceMean", &[input], output), "keepdims", 0);
    with_ints(mean, "axes", &[axis])
}

/// Blocks of 2x2 pixels, gathered as PyTorch's `unfold` is exported, times a matrix: a convolution of stride 2.
#[test]
fn unfolded_blocks_are_tokens_on_their_grid() {
    let places: Vec<u8> = [0i64, 2, 1, 3]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let nodes = [
        with_int(node("Gather", &["image", "places"], "rows"), "axis", 2),
        with_int(node("Gather", &["rows", "places"], "both"), "axis", 4),
        with_ints(
            node("Transpose", &["both"], "blocks"),
            "perm",
            &[0, 1, 2, 4, 3, 5],
        ),
        node("Reshape", &["blocks", "flat"], "columns"),
        with_ints(
            node("Transpose", &["columns"], "tokens"),
            "perm",
            &[0, 2, 1],
        ),
        node("MatMul", &["tokens", "w"], "features"),
        mean("features", 1, "mean"),
        node("MatMul", &["mean", "v"], "logits"),
    ];
    let flat = ints("flat", &[1, 4, 4]);
    let places = tensor("places", 7, &[2, 2], &places);
    // [taps, outputs], and the same as [outputs, 1, rows, columns].
    let w: Vec<f32> = (0..8).map(|i| i as f32 / 4.0 - 1.0).collect();
    let turned: Vec<f32> = (0..8).map(|i| w[i % 4 * 2 + i / 4]).collect();
    let v = || weights("v", &[2, 2]);
    let unfolded = open(&nodes, &[flat, places, floats("w", &[4, 2], &w), v()]);
    let convolution = open(
        &[
            with_ints(node("Conv", &["image", "w"], "a"), "strides", &[2, 2]),
            node("GlobalAveragePool", &["a"], "b"),
            node("Flatten", &["b"], "c"),
            node("MatMul", &["c", "v"], "logits"),
        ],
        &[floats("w", &[2, 1, 2, 2], &turned), v()],
    );
    assert_eq!(default(&unfolded).1, DefaultReason::Pooled);
    let hooks = [&unfolded, &convolution].map(|m| m.hook(None, LayoutRequest::default()).unwrap());
    assert_eq!(
        hooks.each_ref().map(HookedClassifier::map_shape),
        [[2, 2, 2]; 2]
    );
    let [found, expected] = hooks.each_ref().map(features);
    for (found, expected) in found.iter().zip(&expected) {
        // Sums of four products in another order.
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
}

/// Tokens made of the whole image at once: nothing tells how they lie.
#[test]
fn a_grid_that_the_graph_does_not_tell_is_asked_for() {
    let nodes = [
        node("Flatten", &["image"], "a"),
        node("MatMul", &["a", "w"], "b"),
        node("Reshape", &["b", "shape"], "c"),
        node("Relu", &["c"], "d"),
        mean("d", 1, "e"),
        node("MatMul", &["e", "v"], "logits"),
    ];
    let shape = ints("shape", &[1, 16, 3]);
    let model = open(
        &nodes,
        &[weights("w", &[16, 48]), shape, weights("v", &[3, 2])],
    );
    assert_eq!(default(&model), ("the Relu".into(), DefaultReason::Pooled));
    let error = model.hook(None, LayoutRequest::default()).err().unwrap();
    assert!(error.to_string().contains("--token-grid 4x4"), "{error}");
    let given = LayoutRequest {
        layout: None,
        grid: Some([2, 8]),
    };
    assert_eq!(model.hook(None, given).unwrap().map_shape(), [3, 2, 8]);
}

/// Attention from one query to the pixels, after `before`.
fn pooled_by_attention(before: Vec<Message>) -> Classifier {
    let mut nodes = vec![
        node("Conv", &["image", "w"], "a"),
        node("Elu", &["a"], "map"),
    ];
    nodes.push(node("Reshape", &["map", "flat"], "columns"));
    nodes.push(with_ints(
        node("Transpose", &["columns"], "tokens"),
        "perm",
        &[0, 2, 1],
    ));
    nodes.extend(before);
    nodes.push(with_ints(
        node("Transpose", &["keys"], "turned"),
        "perm",
        &[0, 2, 1],
    ));
    nodes.push(node("MatMul", &["query", "turned"], "scores"));
    nodes.push(with_int(
        node("Softmax", &["scores"], "attention"),
        "axis",
        -1,
    ));
    nodes.push(node("MatMul", &["attention", "keys"], "pooled"));
    nodes.push(node("Flatten", &["pooled"], "flattened"));
    nodes.push(node("MatMul", &["flattened", "v"], "logits"));
    open(
        &nodes,
        &[
            weights("w", &[3, 1, 1, 1]),
            ints("flat", &[0, 0, 16]),
            weights("query", &[1, 1, 3]),
            weights("scale", &[3]),
            weights("v", &[3, 2]),
        ],
    )
}

#[test]
fn before_an_attention_that_pools_it_is_the_norm_or_the_last_map() {
    let norm = node("LayerNormalization", &["tokens", "scale"], "keys");
    let model = pooled_by_attention(vec![norm]);
    let expected = (
        "the LayerNormalization".into(),
        DefaultReason::InputOfLastAttention,
    );
    assert_eq!(default(&model), expected);
    let plain = pooled_by_attention(vec![node("Neg", &["tokens"], "keys")]);
    let expected = ("the Elu".into(), DefaultReason::LastMapBeforeAttention);
    assert_eq!(default(&plain), expected);
}

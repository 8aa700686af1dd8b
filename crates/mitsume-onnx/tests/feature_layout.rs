//! Which axes of a layer's output are channels and which are pixels: what the graph tells, and what
//! must be said.

mod writing;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_onnx::{
    Classifier, Error, FeatureLayout, HookedClassifier, InputImages, LayoutRequest,
};
use writing::{Message, floats, graph, ints, model, node, with_int, with_ints};

const AS_TOLD: LayoutRequest = LayoutRequest {
    layout: None,
    grid: None,
};

fn said(layout: FeatureLayout) -> LayoutRequest {
    LayoutRequest {
        layout: Some(layout),
        ..AS_TOLD
    }
}

fn grid(grid: [usize; 2]) -> LayoutRequest {
    LayoutRequest {
        grid: Some(grid),
        ..AS_TOLD
    }
}

fn weights(name: &str, dims: &[u64]) -> Message {
    let count = dims.iter().product::<u64>();
    let values: Vec<f32> = (0..count)
        .map(|i| (i * 37 % 23) as f32 / 11.0 - 1.0)
        .collect();
    floats(name, dims, &values)
}

/// Images [1, 1, 4, 4] to logits [1, 2].
fn open(nodes: &[Message], initialisers: &[Message]) -> Classifier {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, model(graph(nodes, initialisers), 17)).unwrap();
    Classifier::open(&path, InputImages::default(), &Device::flex()).unwrap()
}

fn refused(hooked: Result<HookedClassifier, Error>) -> String {
    hooked.err().expect("it must be refused").to_string()
}

fn image() -> Tensor<4> {
    let pixels: Vec<f32> = (0..16).map(|i| (i * 7 % 16) as f32 / 8.0 - 0.9).collect();
    Tensor::from_data(TensorData::new(pixels, [1, 1, 4, 4]), &Device::flex())
}

/// Feature maps and gradients of the first logit.
fn maps(hooked: &HookedClassifier) -> [Vec<f32>; 2] {
    let read = hooked.capture(image()).unwrap();
    let features = hooked.features(&read).unwrap();
    let (_, gradients) = hooked.gradients(&read, &[0]).unwrap();
    [features, gradients].map(|t| t.into_data().try_into_vec().unwrap())
}

fn layout_of(model: &Classifier, name: &str) -> Option<FeatureLayout> {
    let layers = model.layers();
    let layer = layers.iter().find(|layer| layer.name == name);
    layer
        .unwrap_or_else(|| panic!("{name} of {layers:?}"))
        .layout
}

/// A convolution to two channels, its result in another order, and the mean over its pixels.
fn reordered(order: &[i64], flat: bool) -> Classifier {
    let mut nodes = vec![node("Conv", &["image", "w"], "a")];
    let (mut value, rank) = if flat { ("b", 3) } else { ("a", 4) };
    if flat {
        nodes.push(node("Reshape", &["a", "flat"], "b"));
    }
    if !order.is_empty() {
        nodes.push(with_ints(node("Transpose", &[value], "c"), "perm", order));
        value = "c";
    }
    nodes.push(node("Relu", &[value], "d"));
    let places: Vec<i64> = match order {
        [] => (2..rank).collect(),
        order => (0..rank).filter(|&i| order[i as usize] >= 2).collect(),
    };
    let mean = with_int(node("ReduceMean", &["d"], "e"), "keepdims", 0);
    nodes.push(with_ints(mean, "axes", &places));
    nodes.push(node("MatMul", &["e", "v"], "logits"));
    open(
        &nodes,
        &[
            weights("w", &[2, 1, 1, 1]),
            weights("v", &[2, 2]),
            ints("flat", &[0, 0, 16]),
        ],
    )
}

#[test]
fn every_layout_is_followed_from_the_convolution_and_gives_the_same_maps() {
    let expected = maps(
        &reordered(&[], false)
            .hook(Some("the Relu"), AS_TOLD)
            .unwrap(),
    );
    assert!(expected[1].iter().any(|&g| g != 0.0) && expected[0].iter().any(|&a| a != 0.0));
    for (order, flat, layout) in [
        (&[][..], false, FeatureLayout::Nchw),
        (&[0, 2, 3, 1], false, FeatureLayout::Nhwc),
        (&[0, 2, 1], true, FeatureLayout::Tokens),
        (&[2, 0, 1], true, FeatureLayout::TokensFirst),
        (&[], true, FeatureLayout::TokensLast),
    ] {
        let model = reordered(order, flat);
        assert_eq!(layout_of(&model, "the Relu"), Some(layout));
        let tokens = if flat { grid([4, 4]) } else { AS_TOLD };
        let hooked = model.hook(Some("the Relu"), tokens).unwrap();
        assert_eq!(hooked.map_shape(), [2, 4, 4], "{layout}");
        assert_eq!(maps(&hooked), expected, "{layout}");
        // What is pooled at the end is the default.
        assert_eq!(
            model.hook(None, tokens).unwrap().layer(),
            "the Relu",
            "{layout}"
        );
    }
}

#[test]
fn a_layout_that_contradicts_the_graph_is_refused() {
    let model = reordered(&[0, 2, 3, 1], false);
    let error = refused(model.hook(Some("the Relu"), said(FeatureLayout::Nchw)));
    assert!(
        error.contains("--layout nchw contradicts") && error.contains("it is nhwc"),
        "{error}"
    );
    assert!(
        model
            .hook(Some("the Relu"), said(FeatureLayout::Nhwc))
            .is_ok()
    );
    let error = refused(model.hook(Some("the Relu"), grid([2, 8])));
    assert!(
        error.contains("--token-grid 2x8 contradicts") && error.contains("4x4"),
        "{error}"
    );
    let model = reordered(&[0, 2, 1], true);
    let error = refused(model.hook(Some("the Relu"), grid([2, 8])));
    assert!(
        error.contains("--token-grid 2x8 contradicts") && error.contains("4x4"),
        "{error}"
    );
    // What the graph tells need not be said.
    let told = model.hook(Some("the Relu"), AS_TOLD).unwrap();
    assert_eq!(told.map_shape()[1..], [4, 4]);
}

#[test]
fn rows_and_columns_exchanged_are_no_map() {
    let model = reordered(&[0, 3, 2, 1], false);
    let error = refused(model.hook(Some("the Relu"), AS_TOLD));
    assert!(error.contains("no map of several pixels"), "{error}");
}

/// Features made of the whole image at once, as [1, 3, 3, `channels`], and what reads them.
fn made_at_once(channels: i64, readers: &[Message], initialisers: &[Message]) -> Classifier {
    let mut nodes = vec![
        node("Flatten", &["image"], "a"),
        node("MatMul", &["a", "m"], "b"),
        node("Reshape", &["b", "apart"], "c"),
        node("Relu", &["c"], "d"),
    ];
    nodes.extend_from_slice(readers);
    let own = [
        weights("m", &[16, 9 * channels as u64]),
        ints("apart", &[1, 3, 3, channels]),
    ];
    open(&nodes, &[&own, initialisers].concat())
}

/// The rest of a model: all values to two logits.
fn ending(value: &str) -> [Message; 2] {
    [
        node("Flatten", &[value], "y"),
        node("MatMul", &["y", "n"], "logits"),
    ]
}

#[test]
fn values_normalised_and_multiplied_along_the_last_axis_have_channels_last() {
    let mut readers = vec![
        node("LayerNormalization", &["d", "s"], "e"),
        node("MatMul", &["e", "k"], "f"),
    ];
    readers.extend(ending("f"));
    let more = [
        weights("s", &[2]),
        weights("k", &[2, 2]),
        weights("n", &[18, 2]),
    ];
    let model = made_at_once(2, &readers, &more);
    for layer in ["the Reshape", "the Relu", "the LayerNormalization"] {
        assert_eq!(
            layout_of(&model, layer),
            Some(FeatureLayout::Nhwc),
            "{layer}"
        );
    }
    assert_eq!(
        model.hook(Some("the Relu"), AS_TOLD).unwrap().map_shape(),
        [2, 3, 3]
    );
}

#[test]
fn a_mean_over_the_middle_axes_tells_that_channels_are_last() {
    let mean = with_int(node("ReduceMean", &["d"], "logits"), "keepdims", 0);
    let model = made_at_once(2, &[with_ints(mean, "axes", &[1, 2])], &[]);
    assert_eq!(layout_of(&model, "the Relu"), Some(FeatureLayout::Nhwc));
    // It is the map that the mean is of, and only that and the logits follow.
    let hooked = model.hook(None, AS_TOLD).unwrap();
    assert_eq!((hooked.layer(), hooked.is_gap_linear()), ("the Relu", true));
}

#[test]
fn a_convolution_tells_that_channels_are_first() {
    let readers = [
        node("Conv", &["d", "w"], "e"),
        node("GlobalAveragePool", &["e"], "f"),
        node("Flatten", &["f"], "logits"),
    ];
    let model = made_at_once(2, &readers, &[weights("w", &[2, 3, 1, 1])]);
    assert_eq!(layout_of(&model, "the Relu"), Some(FeatureLayout::Nchw));
    assert_eq!(
        model.hook(Some("the Relu"), AS_TOLD).unwrap().map_shape(),
        [3, 3, 2]
    );
}

#[test]
fn a_layout_that_nothing_tells_must_be_said() {
    let model = made_at_once(2, &ending("d"), &[weights("n", &[18, 2])]);
    assert_eq!(layout_of(&model, "the Relu"), None);
    let error = refused(model.hook(Some("the Relu"), AS_TOLD));
    assert!(
        error.contains("--layout nchw") && error.contains("--layout nhwc"),
        "{error}"
    );
    let first = model
        .hook(Some("the Relu"), said(FeatureLayout::Nchw))
        .unwrap();
    let last = model
        .hook(Some("the Relu"), said(FeatureLayout::Nhwc))
        .unwrap();
    assert_eq!(
        (first.map_shape(), last.map_shape()),
        ([3, 3, 2], [2, 3, 3])
    );
    let error = refused(model.hook(Some("the Relu"), said(FeatureLayout::Tokens)));
    assert!(error.contains("--layout tokens contradicts"), "{error}");
}

#[test]
fn readers_that_contradict_each_other_tell_nothing() {
    let readers = [
        node("Conv", &["d", "w"], "e"),
        node("GlobalAveragePool", &["e"], "f"),
        node("Flatten", &["f"], "g"),
        node("LayerNormalization", &["d", "s"], "h"),
        node("Flatten", &["h"], "i"),
        node("MatMul", &["i", "n"], "j"),
        node("Add", &["g", "j"], "logits"),
    ];
    let more = [
        weights("w", &[2, 3, 1, 1]),
        weights("s", &[3]),
        weights("n", &[27, 2]),
    ];
    let model = made_at_once(3, &readers, &more);
    assert_eq!(layout_of(&model, "the Relu"), None);
    assert!(refused(model.hook(Some("the Relu"), AS_TOLD)).contains("--layout nchw"));
}

#[test]
fn windows_are_no_maps_but_what_is_put_together_of_them_is() {
    let order = |node, order: &[i64]| with_ints(node, "perm", order);
    let nodes = [
        node("Conv", &["image", "w"], "a"),
        order(node("Transpose", &["a"], "b"), &[0, 2, 3, 1]),
        node("Reshape", &["b", "apart"], "c"),
        order(node("Transpose", &["c"], "d"), &[0, 1, 3, 2, 4, 5]),
        node("Reshape", &["d", "windows"], "e"),
        node("Sigmoid", &["e"], "f"),
        node("Reshape", &["f", "apart"], "g"),
        order(node("Transpose", &["g"], "h"), &[0, 1, 3, 2, 4, 5]),
        node("Reshape", &["h", "whole"], "i"),
        node("Tanh", &["i"], "j"),
        node("Flatten", &["j"], "y"),
        node("MatMul", &["y", "n"], "logits"),
    ];
    let model = open(
        &nodes,
        &[
            weights("w", &[2, 1, 1, 1]),
            ints("apart", &[1, 2, 2, 2, 2, 2]),
            ints("windows", &[4, 2, 2, 2]),
            ints("whole", &[1, 4, 4, 2]),
            weights("n", &[32, 2]),
        ],
    );
    let error = refused(model.hook(Some("the Sigmoid"), said(FeatureLayout::Nhwc)));
    assert!(error.contains("no map of several pixels"), "{error}");
    assert!(
        model
            .layers()
            .iter()
            .all(|layer| layer.name != "the Sigmoid")
    );
    assert_eq!(layout_of(&model, "the Tanh"), Some(FeatureLayout::Nhwc));
}

#[test]
fn shifted_pixels_are_refused_until_what_they_are_added_to_says_where_they_are() {
    let nodes = [
        node("Conv", &["image", "w"], "a"),
        node("Slice", &["a", "one", "end", "rows"], "b"),
        node("Slice", &["a", "zero", "one", "rows"], "c"),
        with_int(node("Concat", &["b", "c"], "d"), "axis", 2),
        node("Sigmoid", &["d"], "e"),
        node("Tanh", &["e"], "f"),
        node("Add", &["f", "a"], "g"),
        node("Flatten", &["g"], "y"),
        node("MatMul", &["y", "n"], "logits"),
    ];
    let shared = [
        weights("w", &[2, 1, 1, 1]),
        ints("zero", &[0]),
        ints("one", &[1]),
        ints("end", &[4]),
        ints("rows", &[2]),
        weights("n", &[32, 2]),
    ];
    let added = open(&nodes, &shared);
    assert_eq!(layout_of(&added, "the Tanh"), Some(FeatureLayout::Nchw));
    let mut alone = nodes.to_vec();
    alone.remove(6);
    alone[6] = node("Flatten", &["f"], "y");
    let alone = open(&alone, &shared);
    let error = refused(alone.hook(Some("the Tanh"), AS_TOLD));
    assert!(error.contains("shifted, cropped or mixed"), "{error}");
    assert!(
        alone
            .hook(Some("the Tanh"), said(FeatureLayout::Nchw))
            .is_ok()
    );
    assert!(alone.layers().iter().all(|layer| layer.name != "the Tanh"));
}

#[test]
fn attention_weights_are_no_map() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/models/vision-transformer.onnx");
    let model = Classifier::open(&path, InputImages::default(), &Device::flex()).unwrap();
    let layers = model.layers();
    assert!(
        layers.iter().all(|layer| layer.operator != "Softmax"),
        "{layers:?}"
    );
    let tokens = layers
        .iter()
        .filter(|layer| layer.layout == Some(FeatureLayout::Tokens));
    assert!(
        tokens.clone().count() > 8 && tokens.into_iter().all(|layer| layer.grid == Some([4, 4]))
    );
}

#[test]
fn every_layer_of_the_exported_models_tells_its_layout() {
    for name in [
        "residual",
        "dense",
        "inverted",
        "next-op13",
        "next-op20",
        "shuffle",
        "inception",
        "swin",
        "vision-transformer",
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/models/{name}.onnx"));
        let model = Classifier::open(&path, InputImages::default(), &Device::flex()).unwrap();
        let open: Vec<_> = model
            .layers()
            .into_iter()
            .filter(|layer| layer.layout.is_none())
            .collect();
        assert!(open.is_empty(), "{name}: {open:?}");
        let last = model
            .layers()
            .into_iter()
            .filter(|layer| layer.layout == Some(FeatureLayout::Nhwc));
        assert_eq!(
            last.count() > 0,
            ["next-op13", "next-op20", "swin"].contains(&name),
            "{name}"
        );
    }
}

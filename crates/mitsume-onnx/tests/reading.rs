//! What a file may hold beside nodes of float32: functions of its own, other floating types, and much that is not
//! supported.

mod writing;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_onnx::{Classifier, InputImages, LayoutRequest, OutputActivation};
use writing::{Message, floats, graph, graph_of_type, model, node, tensor, with_int};

fn open(bytes: &[u8]) -> Result<Classifier, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, bytes).unwrap();
    let opened = Classifier::open(&path, InputImages::default(), &Device::flex());
    opened.map_err(|error| error.to_string())
}

/// Logits of one image.
fn logits(bytes: &[u8]) -> Vec<f32> {
    let model = open(bytes).unwrap();
    let hook = model.hook(None, LayoutRequest::default()).unwrap();
    let pixels: Vec<f32> = (0..16).map(|i| (i * 7 % 16) as f32 / 8.0 - 1.0).collect();
    let images = Tensor::<4>::from_data(TensorData::new(pixels, [1, 1, 4, 4]), &Device::flex());
    let captured = hook.capture(images).unwrap();
    let logits = hook.logits(&captured).unwrap();
    logits.into_data().try_into_vec().unwrap()
}

fn weights() -> Message {
    floats("w", &[2, 1, 1, 1], &[1.0, -2.0])
}

fn in_domain(node: Message) -> Message {
    node.text(7, "its.own")
}

/// A function of domain `its.own` for opset `opset`.
fn function(name: &str, inputs: &[&str], nodes: &[Message], opset: u64) -> Message {
    let function = Message::default().text(1, name).text(5, "y");
    let function = inputs.iter().fold(function, |f, input| f.text(4, input));
    let function = nodes
        .iter()
        .fold(function, |f, node| f.message(7, node.clone()));
    let set = Message::default().varint(2, opset);
    function.message(9, set).text(10, "its.own")
}

/// A model that calls `Outer`, which calls `Inner` twice: `leaky(leaky(x))` with the call's slope.
fn with_functions(opset: u64) -> Vec<u8> {
    let slope = |name: &str| Message::default().text(1, name).varint(20, 1);
    let refers = node("LeakyRelu", &["x"], "y").message(5, slope("alpha").text(21, "slope"));
    let passes = |input: &str, output: &str| {
        in_domain(node("Inner", &[input], output)).message(5, slope("slope").text(21, "slope"))
    };
    let inner = function("Inner", &["x"], &[refers], opset);
    let outer = function(
        "Outer",
        &["x"],
        &[passes("x", "between"), passes("between", "y")],
        opset,
    );
    let mut bits = slope("slope");
    bits.0.extend_from_slice(&[2 << 3 | 5]);
    bits.0.extend_from_slice(&0.25f32.to_le_bytes());
    let nodes = [
        node("Conv", &["image", "w"], "a"),
        in_domain(node("Outer", &["a"], "b")).message(5, bits),
        node("GlobalAveragePool", &["b"], "c"),
        node("Flatten", &["c"], "logits"),
    ];
    let mut bytes = model(graph(&nodes, &[weights()]), 17);
    for function in [inner, outer] {
        bytes.extend(Message::default().message(25, function).0);
    }
    bytes
}

#[test]
fn functions_of_the_model_are_their_nodes() {
    let leaky = |input: &str, output: &str| {
        let mut alpha = Message::default().text(1, "alpha").varint(20, 1);
        alpha.0.extend_from_slice(&[2 << 3 | 5]);
        alpha.0.extend_from_slice(&0.25f32.to_le_bytes());
        node("LeakyRelu", &[input], output).message(5, alpha)
    };
    let nodes = [
        node("Conv", &["image", "w"], "a"),
        leaky("a", "between"),
        leaky("between", "b"),
        node("GlobalAveragePool", &["b"], "c"),
        node("Flatten", &["c"], "logits"),
    ];
    let expected = logits(&model(graph(&nodes, &[weights()]), 17));
    assert_eq!(logits(&with_functions(17)), expected);
    assert!(
        open(&with_functions(16))
            .err()
            .unwrap()
            .contains("opset 16")
    );
}

#[test]
fn functions_that_call_each_other_without_end_are_refused() {
    let calls = |name: &str| in_domain(node(name, &["x"], "y"));
    let nodes = [in_domain(node("A", &["image"], "logits"))];
    let mut bytes = model(graph(&nodes, &[]), 17);
    for (name, other) in [("A", "B"), ("B", "A")] {
        let function = function(name, &["x"], &[calls(other)], 17);
        bytes.extend(Message::default().message(25, function).0);
    }
    let error = open(&bytes).err().unwrap();
    assert!(error.contains("16 deep"), "{error}");
}

/// 20^10 calls, none of which has a node.
#[test]
fn calls_that_multiply_are_refused() {
    let mut bytes = model(
        graph(&[in_domain(node("F0", &["image"], "logits"))], &[]),
        17,
    );
    for depth in 0..10 {
        let call = in_domain(node(&format!("F{}", depth + 1), &["x"], "y"));
        let function = function(&format!("F{depth}"), &["x"], &vec![call; 20], 17);
        bytes.extend(Message::default().message(25, function).0);
    }
    let last = function("F10", &["x"], &[], 17);
    bytes.extend(Message::default().message(25, last).0);
    let error = open(&bytes).err().unwrap();
    assert!(error.contains("100000 calls"), "{error}");
}

/// float16 and bfloat16 numbers are computed as float32: of weights that both can hold, the logits are the same.
#[test]
fn half_precision_models_are_computed_in_float32() {
    let nodes = [
        node("Conv", &["image", "w"], "a"),
        node("Relu", &["a"], "b"),
        node("GlobalAveragePool", &["b"], "c"),
        node("Flatten", &["c"], "logits"),
    ];
    let expected = logits(&model(graph(&nodes, &[weights()]), 17));
    // 1 and -2 in float16 and in bfloat16.
    for (kind, bits) in [(10, [0x3c00u16, 0xc000]), (16, [0x3f80, 0xc000])] {
        let raw: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let weights = tensor("w", kind, &[2, 1, 1, 1], &raw);
        let half = model(graph_of_type(kind, &nodes, &[weights]), 17);
        assert_eq!(logits(&half), expected, "data type {kind}");
    }
    let ints = model(graph_of_type(7, &nodes, &[weights()]), 17);
    assert!(open(&ints).err().unwrap().contains("data type 7"));
}

#[test]
fn all_that_is_not_supported_is_said_at_once() {
    let nodes = [
        with_int(node("Conv", &["image", "w"], "a"), "sideways", 1),
        node("Frobnicate", &["a"], "b"),
        node("Frobnicate", &["b"], "c"),
        // Its shape would be known if Frobnicate were: no refusal of its own.
        node("Clip", &["a", "b"], "d"),
        with_int(node("Relu", &["d"], "e"), "upwards", 1),
        node("Add", &["e", "c"], "logits"),
    ];
    let error = open(&model(graph(&nodes, &[weights()]), 17)).err().unwrap();
    for words in [
        "Frobnicate (node the Frobnicate and 1 more)",
        "Conv (node the Conv): attribute sideways",
        "Relu (node the Relu): attribute upwards",
    ] {
        assert!(error.contains(words), "\"{words}\" is not in: {error}");
    }
    assert!(!error.contains("Clip"), "{error}");
}

/// 600 constants of 2^17 values, one after the other: more than may be held at a time, but two are.
#[test]
fn constants_that_nobody_reads_any_more_take_no_memory() {
    let shape = writing::ints("shape", &[1, 2, 256, 256]);
    let mut nodes = vec![node("ConstantOfShape", &["shape"], "c0")];
    for i in 1..600 {
        nodes.push(node("Exp", &[&format!("c{}", i - 1)], &format!("e{i}")));
        nodes.push(node("Reciprocal", &[&format!("e{i}")], &format!("c{i}")));
    }
    nodes.push(node("GlobalAveragePool", &["c599"], "mean"));
    nodes.push(node("Conv", &["image", "w"], "a"));
    nodes.push(node("Mul", &["a", "mean"], "b"));
    nodes.push(node("GlobalAveragePool", &["b"], "c"));
    nodes.push(node("Flatten", &["c"], "logits"));
    let bytes = model(graph(&nodes, &[weights(), shape]), 17);
    assert_eq!(logits(&bytes).len(), 2);
}

/// A file may end in a softmax or in sigmoids, with a conversion of type after it: the logits are
/// what is before, and which it was is told.
#[test]
fn what_makes_probabilities_of_the_logits_is_removed_and_told() {
    let ending = |ends: &[Message]| {
        let mut nodes = vec![
            node("Conv", &["image", "w"], "a"),
            node("GlobalAveragePool", &["a"], "b"),
        ];
        let last = if ends.is_empty() { "logits" } else { "z" };
        nodes.push(node("Flatten", &["b"], last));
        nodes.extend(ends.iter().cloned());
        model(graph(&nodes, &[weights()]), 17)
    };
    let activation = |bytes: &[u8]| open(bytes).unwrap().output_activation();
    let plain = ending(&[]);
    assert_eq!(activation(&plain), None);
    let cast = || with_int(node("Cast", &["p"], "logits"), "to", 1);
    for (kind, expected) in [
        ("Softmax", OutputActivation::Softmax),
        ("Sigmoid", OutputActivation::Sigmoid),
    ] {
        let direct = ending(&[node(kind, &["z"], "logits")]);
        let converted = ending(&[node(kind, &["z"], "p"), cast()]);
        for bytes in [direct, converted] {
            assert_eq!(activation(&bytes), Some(expected));
            assert_eq!(logits(&bytes), logits(&plain), "{kind}");
        }
    }
    // A sigmoid elsewhere is a layer.
    let gate = ending(&[
        node("Sigmoid", &["z"], "g"),
        node("Mul", &["z", "g"], "logits"),
    ]);
    assert_eq!(activation(&gate), None);
    assert_ne!(logits(&gate), logits(&plain));
}

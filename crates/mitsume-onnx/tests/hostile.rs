//! Files that are broken, or mean harm: each gets an error that says what is wrong, and nothing
//! panics.

mod writing;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use mitsume_onnx::{Classifier, InputImages};
use writing::{Message, floats, graph, model, node, tensor};

/// A convolution to two channels, pooled: what the hostile ones are variations of.
fn sound_nodes() -> Vec<Message> {
    vec![
        node("Conv", &["image", "w"], "a"),
        node("GlobalAveragePool", &["a"], "b"),
        node("Flatten", &["b"], "logits"),
    ]
}

fn weights() -> Message {
    floats("w", &[2, 1, 1, 1], &[1.0, -2.0])
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn open(path: &Path) -> Result<Classifier, String> {
    Classifier::open(path, InputImages::default(), &Device::flex())
        .map_err(|error| error.to_string())
}

/// The error a model gets, which names the file or the node, and says `words`.
fn refused(bytes: &[u8], words: &[&str]) {
    let folder = Folder::new();
    let error = open(&folder.write("m.onnx", bytes))
        .err()
        .expect("it must be refused");
    for word in words {
        assert!(error.contains(word), "\"{word}\" is not in: {error}");
    }
}

#[test]
fn the_sound_model_is_read() {
    let folder = Folder::new();
    let bytes = model(graph(&sound_nodes(), &[weights()]), 17);
    let model = open(&folder.write("m.onnx", &bytes)).unwrap();
    assert_eq!((model.image(), model.classes()), ([1, 4, 4], 2));
    assert_eq!(model.layers().len(), 1);
}

#[test]
fn what_is_no_model_is_refused() {
    refused(b"", &["m.onnx", "opset 0"]);
    refused(b"not a model at all", &["m.onnx", "no ONNX model"]);
    refused(&[0xff; 64], &["no ONNX model"]);
    let whole = model(graph(&sound_nodes(), &[weights()]), 17);
    for end in 1..whole.len() {
        // Cut anywhere: an error, never a panic.
        let folder = Folder::new();
        assert!(
            open(&folder.write("m.onnx", &whole[..end])).is_err(),
            "cut at {end}"
        );
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let whole = model(graph(&sound_nodes(), &[weights()]), 17);
    let folder = Folder::new();
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut broken = whole.clone();
            broken[at] ^= flip;
            // Some are still sound (a name, a weight); what matters is that it ends.
            let _ = open(&folder.write("m.onnx", &broken));
        }
    }
}

#[test]
fn a_cycle_is_refused() {
    let nodes = [
        node("Add", &["image", "c"], "a"),
        node("Relu", &["a"], "c"),
        node("Flatten", &["c"], "logits"),
    ];
    refused(
        &model(graph(&nodes, &[]), 17),
        &["m.onnx", "its own output"],
    );
}

#[test]
fn a_missing_initialiser_is_named() {
    refused(&model(graph(&sound_nodes(), &[]), 17), &["m.onnx", "\"w\""]);
}

#[test]
fn names_must_be_unique() {
    let mut nodes = sound_nodes();
    nodes.push(node("Relu", &["image"], "a"));
    refused(
        &model(graph(&nodes, &[weights()]), 17),
        &["two values", "\"a\""],
    );
}

#[test]
fn unknown_operators_are_named_with_their_nodes() {
    let mut nodes = sound_nodes();
    nodes[1] = node("Frobnicate", &["a"], "b");
    nodes[2] = node("Einsum", &["b"], "logits");
    let words = [
        "Frobnicate (node the Frobnicate)",
        "Einsum (node the Einsum)",
    ];
    refused(&model(graph(&nodes, &[weights()]), 17), &words);
}

#[test]
fn unknown_attributes_are_named_with_their_node() {
    let mut nodes = sound_nodes();
    let attribute = Message::default()
        .text(1, "sideways")
        .varint(3, 1)
        .varint(20, 2);
    nodes[0] = nodes[0].clone().message(5, attribute);
    refused(
        &model(graph(&nodes, &[weights()]), 17),
        &["the Conv", "sideways"],
    );
}

#[test]
fn absurd_shapes_are_refused_before_memory_is_taken() {
    let huge = tensor("w", 1, &[1 << 40, 1, 1, 1], &[0; 8]);
    refused(
        &model(graph(&sound_nodes(), &[huge]), 17),
        &["initialiser w", "too large"],
    );
    let short = tensor("w", 1, &[2, 1, 1, 1], &[0; 4]);
    refused(
        &model(graph(&sound_nodes(), &[short]), 17),
        &["initialiser w", "4 bytes"],
    );
    // A shape that an operator asks for.
    let shape = tensor("s", 7, &[2], &[0x7f; 16]);
    let nodes = [
        node("ConstantOfShape", &["s"], "c"),
        node("Flatten", &["image"], "f"),
        node("Add", &["c", "f"], "logits"),
    ];
    refused(
        &model(graph(&nodes, &[shape]), 17),
        &["the ConstantOfShape", "too large"],
    );
    let pads: Vec<u8> = [0i64, 0, 0, 0, 0, 0, 1 << 40, 1 << 40]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let nodes = [
        node("Pad", &["image", "p"], "a"),
        node("GlobalAveragePool", &["a"], "b"),
        node("Flatten", &["b"], "logits"),
    ];
    refused(
        &model(graph(&nodes, &[tensor("p", 7, &[8], &pads)]), 17),
        &["the Pad", "too large"],
    );
}

#[test]
fn a_window_larger_than_its_image_is_refused() {
    let wide = floats("w", &[2, 1, 9, 9], &[0.0; 162]);
    refused(
        &model(graph(&sound_nodes(), &[wide]), 17),
        &["the Conv", "smaller than the window"],
    );
}

/// Found by random models (`scripts/fuzz-onnx-models.py`).
#[test]
fn a_tensor_without_values_is_refused() {
    let nodes = [
        node("Gather", &["image", "none"], "a"),
        node("Log", &["a"], "b"),
        node("Flatten", &["b"], "logits"),
    ];
    let none = tensor("none", 7, &[0, 3], &[]);
    let words = ["the Gather", "shape [0, 3, 1, 4, 4] has no values"];
    refused(&model(graph(&nodes, &[none]), 17), &words);
    let nodes = [
        node("Where", &["none", "one", "image"], "a"),
        node("Flatten", &["a"], "logits"),
    ];
    let constants = [
        tensor("none", 9, &[0, 1, 1, 1], &[]),
        floats("one", &[1], &[1.0]),
    ];
    let words = ["the Where", "shape [0, 1, 4, 4] has no values"];
    refused(&model(graph(&nodes, &constants), 17), &words);
}

#[test]
fn data_outside_the_models_folder_is_not_read() {
    let folder = Folder::new();
    let secret = folder.write("secret.bin", &[0; 8]);
    std::fs::create_dir(folder.0.path().join("models")).unwrap();
    let outside = |location: &str| {
        let entry = |key: &str, value: &str| Message::default().text(1, key).text(2, value);
        let w = Message::default();
        let w = [2, 1, 1, 1].iter().fold(w, |w, dim| w.varint(1, *dim));
        let w = w
            .varint(2, 1)
            .text(8, "w")
            .message(13, entry("location", location))
            .varint(14, 1);
        model(graph(&sound_nodes(), &[w]), 17)
    };
    let absolute = secret.to_str().unwrap().to_owned();
    for location in [
        "../secret.bin",
        absolute.as_str(),
        "",
        "nowhere.bin",
        "a/../../secret.bin",
    ] {
        let path = folder.write("models/m.onnx", &outside(location));
        let error = open(&path).err().expect("it must be refused");
        assert!(error.contains("initialiser w"), "{location}: {error}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&secret, folder.0.path().join("models/link.bin")).unwrap();
        let path = folder.write("models/m.onnx", &outside("link.bin"));
        assert!(
            open(&path)
                .err()
                .unwrap()
                .contains("out of the model's folder")
        );
    }
    // Beside the model it is read.
    folder.write("models/w.bin", &[0; 8]);
    assert!(open(&folder.write("models/m.onnx", &outside("w.bin"))).is_ok());
}

#[test]
fn opsets_that_are_not_read_are_named() {
    for opset in [1, 8, 99] {
        let bytes = model(graph(&sound_nodes(), &[weights()]), opset);
        refused(&bytes, &[&format!("opset {opset}"), "opset_version=17"]);
    }
}

#[test]
fn many_empty_entries_are_refused_before_they_are_decoded() {
    // Two bytes each in the file, some hundred in memory.
    let mut inner = Vec::new();
    for _ in 0..5_000_000 {
        inner.extend([0x0a, 0x00]);
    }
    let bytes = Message::default().bytes(7, &inner).0;
    refused(&bytes, &["more than", "entries"]);
}

#[test]
fn deep_nesting_is_refused() {
    // A type within a type within ..., which a decoder that recurses without limit would follow.
    let mut message = Message::default();
    for _ in 0..10_000 {
        message = Message::default().message(1, message);
    }
    let bytes = Message::default().message(7, message).0;
    let folder = Folder::new();
    assert!(open(&folder.write("m.onnx", &bytes)).is_err());
}

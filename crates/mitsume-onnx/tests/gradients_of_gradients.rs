//! Gradients written out operator by operator, which a loss of class activation maps is differentiated
//! through, against autodiff and against finite differences.

mod writing;

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_onnx::{
    DropoutKey, GraphParameters, InputImages, LayoutRequest, TrainableClassifier, TrainableHook,
};
use writing::{Message, floats, graph, ints, model, node, tensor, with_int, with_ints};

const KEY: DropoutKey = DropoutKey { seed: 0, step: 0 };

/// What comes after the feature maps, value "features" [1, 4, 4, 4]: the nodes to value "tail".
struct Tail {
    name: &'static str,
    opset: u64,
    nodes: Vec<Message>,
    initialisers: Vec<Message>,
    /// Number of values of "tail".
    size: u64,
}

fn tail(name: &'static str, size: u64, nodes: &[Message], initialisers: &[Message]) -> Tail {
    Tail {
        name,
        opset: 17,
        nodes: nodes.to_vec(),
        initialisers: initialisers.to_vec(),
        size,
    }
}

fn with_text(node: Message, name: &str, text: &str) -> Message {
    let attribute = Message::default().text(1, name).varint(20, 3);
    node.message(5, attribute.bytes(4, text.as_bytes()))
}

fn wave(count: usize, phase: f32) -> Vec<f32> {
    (0..count)
        .map(|i| (i as f32 * 1.7 + phase).sin() * 0.8)
        .collect()
}

fn pools() -> Vec<Tail> {
    let pool = |kind: &str| node(kind, &["features"], "tail");
    let window = |node, kernel: i64, stride: i64, padding: i64| {
        let node = with_ints(node, "kernel_shape", &[kernel; 2]);
        let node = with_ints(node, "strides", &[stride; 2]);
        with_ints(node, "pads", &[padding; 4])
    };
    vec![
        tail("max pool", 16, &[window(pool("MaxPool"), 2, 2, 0)], &[]),
        tail(
            "overlapping max pool",
            64,
            &[window(pool("MaxPool"), 3, 1, 1)],
            &[],
        ),
        tail(
            "average pool",
            16,
            &[window(pool("AveragePool"), 2, 2, 0)],
            &[],
        ),
        tail(
            "overlapping average pool",
            64,
            &[window(pool("AveragePool"), 3, 1, 1)],
            &[],
        ),
        tail(
            "average pool that counts padding",
            36,
            &[with_int(
                window(pool("AveragePool"), 3, 2, 2),
                "count_include_pad",
                1,
            )],
            &[],
        ),
        tail("global max pool", 4, &[pool("GlobalMaxPool")], &[]),
        tail(
            "maximum over pixels",
            4,
            &[with_ints(pool("ReduceMax"), "axes", &[2, 3])],
            &[],
        ),
    ]
}

fn parts() -> Vec<Tail> {
    let split = with_int(node("Split", &["features"], "first"), "axis", 1).text(2, "second");
    let concat = node("Concat", &["features", "other"], "tail");
    vec![
        tail(
            "concat",
            128,
            &[
                node("Sin", &["features"], "other"),
                with_int(concat, "axis", 1),
            ],
            &[],
        ),
        tail(
            "split",
            32,
            &[split.clone(), node("Mul", &["first", "second"], "tail")],
            &[],
        ),
        tail(
            "the second part of a split",
            32,
            &[split, node("Mul", &["second", "second"], "tail")],
            &[],
        ),
        tail(
            "sum of three",
            64,
            &[
                node("Sin", &["features"], "other"),
                node("Sum", &["features", "other", "features"], "tail"),
            ],
            &[],
        ),
        tail(
            "pad with a constant",
            144,
            &[node("Pad", &["features", "pads"], "tail")],
            &[ints("pads", &[0, 0, 1, 1, 0, 0, 1, 1])],
        ),
        tail(
            "pad that removes",
            16,
            &[node("Pad", &["features", "pads"], "tail")],
            &[ints("pads", &[0, 0, -1, -1, 0, 0, -1, -1])],
        ),
        tail(
            "pad by reflection",
            144,
            &[with_text(
                node("Pad", &["features", "pads"], "tail"),
                "mode",
                "reflect",
            )],
            &[ints("pads", &[0, 0, 1, 1, 0, 0, 1, 1])],
        ),
        tail(
            "tile",
            128,
            &[node("Tile", &["features", "repeats"], "tail")],
            &[ints("repeats", &[1, 2, 1, 1])],
        ),
        tail(
            "depth to space",
            64,
            &[with_int(
                node("DepthToSpace", &["features"], "tail"),
                "blocksize",
                2,
            )],
            &[],
        ),
        tail(
            "where",
            64,
            &[
                node("Sin", &["features"], "other"),
                node("Where", &["condition", "features", "other"], "tail"),
            ],
            &[tensor("condition", 9, &[4, 1, 1], &[1, 0, 1, 0])],
        ),
    ]
}

fn functions() -> Vec<Tail> {
    let function = |name, kind: &str| tail(name, 64, &[node(kind, &["features"], "tail")], &[]);
    let gelu = with_text(node("Gelu", &["features"], "tail"), "approximate", "tanh");
    let vector = |name: &str| floats(name, &[4], &[0.7, 1.3, -0.4, 0.9]);
    let against = |kind: &str| {
        [
            node("Sin", &["features"], "other"),
            node(kind, &["features", "other"], "tail"),
        ]
    };
    vec![
        Tail {
            opset: 20,
            ..tail("GELU by tanh", 64, &[gelu], &[])
        },
        Tail {
            opset: 18,
            ..function("Mish", "Mish")
        },
        function("SELU", "Selu"),
        function("CELU", "Celu"),
        tail("larger of two", 64, &against("Max"), &[]),
        tail("smaller of two", 64, &against("Min"), &[]),
        tail(
            "PReLU",
            64,
            &[node("PRelu", &["features", "slope"], "tail")],
            &[floats("slope", &[4, 1, 1], &[0.1, 0.2, 0.3, 0.4])],
        ),
        tail(
            "logarithm of softmax",
            64,
            &[with_int(
                node("LogSoftmax", &["features"], "tail"),
                "axis",
                1,
            )],
            &[],
        ),
        tail(
            "by the Euclidean norm",
            64,
            &[
                with_ints(node("ReduceL2", &["features"], "norm"), "axes", &[2, 3]),
                node("Div", &["features", "norm"], "tail"),
            ],
            &[],
        ),
        tail(
            "sums of squares and absolute values",
            16,
            &[
                with_ints(
                    node("ReduceSumSquare", &["features"], "squares"),
                    "axes",
                    &[1],
                ),
                with_ints(node("ReduceL1", &["features"], "sizes"), "axes", &[1]),
                node("Div", &["squares", "sizes"], "tail"),
            ],
            &[],
        ),
        tail(
            "instance norm",
            64,
            &[node(
                "InstanceNormalization",
                &["features", "scale", "shift"],
                "tail",
            )],
            &[vector("scale"), vector("shift")],
        ),
        Tail {
            opset: 21,
            ..tail(
                "group norm",
                64,
                &[with_int(
                    node(
                        "GroupNormalization",
                        &["features", "scale", "shift"],
                        "tail",
                    ),
                    "num_groups",
                    2,
                )],
                &[vector("scale"), vector("shift")],
            )
        },
        Tail {
            opset: 23,
            ..tail(
                "RMS norm",
                64,
                &[node("RMSNormalization", &["features", "scale"], "tail")],
                &[vector("scale")],
            )
        },
        tail(
            "Lp norm",
            64,
            &[with_int(
                node("LpNormalization", &["features"], "tail"),
                "axis",
                1,
            )],
            &[],
        ),
    ]
}

/// A convolution to the feature maps, the tail, and a linear layer of its hyperbolic tangent.
fn open(tail: &Tail, folder: &Path) -> TrainableClassifier {
    let convolution = node("Conv", &["image", "conv.weight", "conv.bias"], "features");
    let convolution = with_ints(convolution, "pads", &[1; 4]);
    let mut nodes = vec![convolution];
    nodes.extend(tail.nodes.iter().cloned());
    nodes.extend([
        node("Tanh", &["tail"], "bent"),
        node("Flatten", &["bent"], "flat"),
        node("Gemm", &["flat", "head.weight", "head.bias"], "logits"),
    ]);
    let mut initialisers = vec![
        floats("conv.weight", &[4, 1, 3, 3], &wave(36, 0.3)),
        floats("conv.bias", &[4], &wave(4, 1.3)),
        floats(
            "head.weight",
            &[tail.size, 2],
            &wave(2 * tail.size as usize, 2.3),
        ),
        floats("head.bias", &[2], &[0.1, -0.2]),
    ];
    initialisers.extend(tail.initialisers.iter().cloned());
    let path = folder.join("tail.onnx");
    std::fs::write(&path, model(graph(&nodes, &initialisers), tail.opset)).unwrap();
    let images = InputImages {
        channels: Some(1),
        size: Some([4, 4]),
    };
    TrainableClassifier::open(&path, images, None, &Device::flex())
        .unwrap_or_else(|error| panic!("{}: {error}", tail.name))
}

fn image() -> Tensor<4> {
    let pixels = (0..16).map(|i| ((i * 7 % 16) as f32 - 7.5) / 5.0);
    let pixels: Vec<f32> = pixels.collect();
    Tensor::from_data(
        TensorData::new(pixels, [1, 1, 4, 4]),
        &Device::flex().autodiff(),
    )
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.detach().into_data().try_into_vec().unwrap()
}

fn detached(hook: &TrainableHook, parameters: &GraphParameters) -> Vec<f32> {
    let pass = hook.forward(parameters, image(), KEY, true).unwrap();
    let detached = hook.detached_gradients(&pass, parameters, &[1]);
    host(detached.unwrap().remove(0))
}

/// `parameters` moved along a direction of all of them.
fn moved(parameters: &GraphParameters, step: f32) -> GraphParameters {
    let mut parameters = parameters.clone();
    for (number, value) in parameters.values.iter_mut().enumerate() {
        *value = value.clone().map(|old| {
            let along = direction(number, &old).mul_scalar(step);
            Tensor::from_inner(old.inner() + along).require_grad()
        });
    }
    parameters
}

fn direction(number: usize, like: &Tensor<1>) -> Tensor<1> {
    let count = like.dims()[0];
    let values = TensorData::new(wave(count, number as f32), [count]);
    Tensor::from_data(values, &like.device().inner())
}

const STEP: f32 = 2e-3;

/// `sum(c G)` with G the gradient of a logit by the feature maps: its derivative along a direction of all
/// parameters by autodiff through the expression for G, and by central differences, which in single
/// precision are good to a few per cent. No value is so near a kink that the step crosses it.
#[test]
fn gradients_are_exact_and_so_are_their_gradients() {
    let folder = tempfile::tempdir().unwrap();
    for tail in pools().into_iter().chain(parts()).chain(functions()) {
        let model = open(&tail, folder.path());
        let hook = model
            .hook(Some("features"), LayoutRequest::default())
            .unwrap();
        let parameters = model.initial_parameters(|_| true).unwrap();
        let pass = hook.forward(&parameters, image(), KEY, true).unwrap();
        let gradients = hook
            .gradients(&pass, &[1])
            .unwrap_or_else(|error| panic!("{}: {error}", tail.name))
            .remove(0);
        let (found, expected) = (host(gradients.clone()), detached(&hook, &parameters));
        let largest = expected.iter().fold(0f32, |most, g| most.max(g.abs()));
        assert!(largest > 0.01, "{}: {largest}", tail.name);
        for (a, b) in found.iter().zip(&expected) {
            assert!(
                (a - b).abs() <= 1e-5 * largest.max(1.0),
                "{}: {a} for {b}",
                tail.name
            );
        }

        let weights = wave(expected.len(), 5.0);
        let data = TensorData::new(weights.clone(), gradients.dims());
        let weighted = gradients.clone() * Tensor::from_data(data, &gradients.device());
        let backward = weighted.sum().backward();
        let mut analytic = 0.0;
        for (number, value) in parameters.values.iter().enumerate() {
            if let Some(gradient) = value.val().grad(&backward) {
                let along = gradient * direction(number, &value.val());
                analytic += f64::from(along.sum().into_scalar::<f32>());
            }
        }
        let sum = |step: f32| -> f64 {
            let gradients = detached(&hook, &moved(&parameters, step));
            let terms = gradients.iter().zip(&weights);
            terms.map(|(g, c)| f64::from(*g) * f64::from(*c)).sum()
        };
        let numeric = (sum(STEP) - sum(-STEP)) / f64::from(2.0 * STEP);
        let off = (analytic - numeric).abs() / numeric.abs().max(0.05);
        assert!(off < 0.03, "{}: {analytic} for {numeric}", tail.name);
    }
}

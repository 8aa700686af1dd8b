"""Test cases of ONNX operators for crates/mitsume-onnx/tests/nodes.

    python scripts/reference/onnx_nodes.py RESULT FOLDER

RESULT is what scripts/test-onnx-nodes.sh printed. From the test data of the onnx wheel (1.18.0) this takes, of the cases that
pass, the smallest ones that together have every operator and every attribute value, number of inputs and data type; cases
that the wheel lacks, or that it has for other opsets or data types only, are made here, and onnx's reference evaluator (or
the definition, in NumPy, where it knows a later opset only) says what is expected.
"""

import os
import shutil
import sys

import numpy as np
import onnx
import onnx.backend.test
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

LARGEST = 40_000


def size(folder):
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(folder) for f in files)


def features(model):
    """What a case shows of its operator."""
    node = model.graph.node[0]
    kind = node.op_type
    yield kind
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        plain = isinstance(value, (int, float, bytes))
        yield (kind, attribute.name, value if plain and attribute.name not in ("alpha", "beta") else None)
    yield (kind, "inputs", tuple(bool(name) for name in node.input))
    yield (kind, "type", model.graph.input[0].type.tensor_type.elem_type if model.graph.input else None)


def write(folder, model, inputs, outputs):
    os.makedirs(folder)
    onnx.save(model, os.path.join(folder, "model.onnx"))
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, value in enumerate(values):
            with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                file.write(numpy_helper.from_array(np.asarray(value)).SerializeToString())


def data(folder, kind, count):
    values = []
    for i in range(count):
        tensor = TensorProto()
        with open(os.path.join(folder, "test_data_set_0", f"{kind}_{i}.pb"), "rb") as file:
            tensor.ParseFromString(file.read())
        values.append(numpy_helper.to_array(tensor))
    return values


def selected(root, passed, first):
    """(name, folder, model) of the wheel's cases, smallest first, that show something new."""
    seen, found = set(), []
    folders = [(size(os.path.join(root, name)), name) for name in passed | first]
    for length, name in sorted(folders):
        if length > LARGEST:
            continue
        folder = os.path.join(root, name)
        model = onnx.load(os.path.join(folder, "model.onnx"))
        if len(model.graph.node) != 1:
            continue
        new = set(features(model)) - seen
        # An attribute that changes the arithmetic shows in several numbers: of these all are taken.
        if new or length < 1500:
            seen |= new
            found.append((name, folder, model))
    return found


def model(kind, inputs, outputs, opset, **attributes):
    """A model of one node; inputs and outputs are arrays."""
    info = lambda name, value: helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
    )
    names = [f"x{i}" if value is not None else "" for i, value in enumerate(inputs)]
    outs = [f"y{i}" for i in range(len(outputs))]
    node = helper.make_node(kind, names, outs, **attributes)
    graph = helper.make_graph(
        [node],
        kind,
        [info(name, value) for name, value in zip(names, inputs) if name],
        [info(name, value) for name, value in zip(outs, outputs)],
    )
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(result)
    return result


def evaluated(kind, inputs, outputs, opset, **attributes):
    """A model of one node with what the reference evaluator makes of it; `outputs` have the right type and rank."""
    made = model(kind, inputs, outputs, opset, **attributes)
    given = {f"x{i}": value for i, value in enumerate(inputs) if value is not None}
    return made, list(given.values()), ReferenceEvaluator(made).run(None, given)


def of_numpy(kind, inputs, outputs, opset, **attributes):
    """A model of one node with the outputs given."""
    made = model(kind, inputs, outputs, opset, **attributes)
    return made, [value for value in inputs if value is not None], outputs


def own():
    """Cases that the wheel lacks."""
    random = np.random.default_rng(14)
    f = lambda *shape: random.standard_normal(shape).astype(np.float32)
    i = lambda *values: np.array(values, dtype=np.int64)
    b = lambda *values: np.array(values, dtype=bool)
    some = lambda dtype, rank: np.zeros((1,) * rank, dtype)
    truth = (b([True, False, True], [False, False, True]), b(True, False, False))
    for kind in ("And", "Or"):
        yield f"{kind.lower()}_broadcast", evaluated(kind, truth, [some(bool, 2)], 17)
    yield "not", evaluated("Not", [truth[0]], [some(bool, 2)], 17)
    whole = np.array([[1.5, -2.5, 0.0], [-0.0, 7.0, -1.0]], np.float32)
    for to in (TensorProto.INT64, TensorProto.BOOL):
        dtype = helper.tensor_dtype_to_np_dtype(to)
        yield f"cast_float_to_{dtype}", of_numpy("Cast", [whole], [whole.astype(dtype)], 13, to=to)
        like = np.zeros(2, dtype)
        if dtype != bool:
            yield f"castlike_float_to_{dtype}", of_numpy("CastLike", [whole, like], [whole.astype(dtype)], 15)
    ints = i([3, -4, 0], [5, 1 << 20, -1])
    yield "cast_int64_to_float", of_numpy("Cast", [ints], [ints.astype(np.float32)], 13, to=TensorProto.FLOAT)
    yield "cast_int64_to_bool", of_numpy("Cast", [ints], [ints != 0], 13, to=TensorProto.BOOL)
    yield "cast_bool_to_float", of_numpy("Cast", [truth[0]], [truth[0].astype(np.float32)], 13, to=TensorProto.FLOAT)
    yield "castlike_int64_to_float", of_numpy("CastLike", [ints, f(2)], [ints.astype(np.float32)], 15)
    for name, pair in (("int64", (ints, i(3, 1, -1))), ("float", (whole, np.float32([1.5, 0, -1]))), ("bool", truth)):
        yield f"equal_{name}", evaluated("Equal", pair, [some(bool, 2)], 13)
    for kind in ("Greater", "Less", "GreaterOrEqual", "LessOrEqual"):
        yield f"{kind.lower()}_int64", evaluated(kind, [ints, i(3, 1, -1)], [some(bool, 2)], 16)
    for kind in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Mod", "Pow"):
        other = i(3, 2, 4)
        if kind == "Pow":
            expected = i([27, 16, 0], [125, 1 << 40, 1])
        elif kind == "Div":
            expected = np.trunc(ints / other).astype(np.int64)  # towards zero, as C has it
        else:
            expected = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Min": np.minimum, "Max": np.maximum, "Mod": np.mod}[kind](ints, other)
        yield f"{kind.lower()}_int64", of_numpy(kind, [ints, other], [expected], 13)
    yield "neg_int64", evaluated("Neg", [ints], [some(np.int64, 2)], 13)
    yield "abs_int64", evaluated("Abs", [ints], [some(np.int64, 2)], 13)
    yield "relu_int64", of_numpy("Relu", [ints], [np.maximum(ints, 0)], 14)
    for kind, of in (("Sum", np.sum), ("Max", np.max), ("Prod", np.prod)):
        small = i([3, -4, 2], [5, 1, -1])
        yield f"reduce_{kind.lower()}_int64", of_numpy(
            "Reduce" + kind, [small], [of(small, axis=1, keepdims=True)], 11, axes=[1]
        )
    x = f(2, 3, 4)
    yield "reduce_mean_opset_11", of_numpy("ReduceMean", [x], [x.mean((0, 2))], 11, axes=[0, -1], keepdims=0)
    yield "reduce_sum_opset_11", of_numpy("ReduceSum", [x], [x.sum(1, keepdims=True)], 11, axes=[1])
    yield "squeeze_opset_11", of_numpy("Squeeze", [x[:, None]], [x], 11, axes=[1])
    yield "unsqueeze_opset_11", of_numpy("Unsqueeze", [x], [x[:, None, :, None]], 11, axes=[1, 3])
    yield "split_opset_11", of_numpy("Split", [x], [x[:, :, :1], x[:, :, 1:]], 11, axis=2, split=[1, 3])
    yield "clip_opset_9", of_numpy("Clip", [x], [np.clip(x, -0.5, np.float32(0.25))], 9, min=-0.5, max=0.25)
    flat = x.reshape(2, 12)
    soft = np.exp(flat - flat.max(1, keepdims=True))
    soft = soft / soft.sum(1, keepdims=True)
    yield "softmax_opset_11", of_numpy("Softmax", [x], [soft.reshape(x.shape)], 11, axis=1)
    yield "logsoftmax_opset_11", of_numpy("LogSoftmax", [x], [np.log(soft).reshape(x.shape)], 11, axis=1)
    scaled = f(1, 2, 2, 3)
    blocks = scaled.repeat(2, axis=2).repeat(3, axis=3)
    factors = np.float32([1, 1, 2, 3])
    yield "resize_opset_10", of_numpy("Resize", [scaled, factors], [blocks], 10, mode="nearest")
    for places, rounding in (("half_pixel", "round_prefer_floor"), ("asymmetric", "floor")):
        yield f"resize_{places}", of_numpy(
            "Resize", [scaled, None, factors], [blocks], 13,
            mode="nearest", coordinate_transformation_mode=places, nearest_mode=rounding,
        )
    yield "resize_sizes", of_numpy("Resize", [scaled, None, None, i(1, 2, 4, 9)], [blocks], 13, mode="nearest")
    yield "range_int64", evaluated("Range", [np.int64(7), np.int64(-4), np.int64(-3)], [some(np.int64, 1)], 11)
    yield "gather_negative_int64", evaluated("Gather", [ints, i(-1, 0)], [some(np.int64, 2)], 13, axis=1)
    yield "concat_int64", evaluated("Concat", [ints, ints[:, :1]], [some(np.int64, 2)], 13, axis=-1)
    yield "transpose_int64", evaluated("Transpose", [ints], [some(np.int64, 2)], 13)
    yield "slice_int64", evaluated("Slice", [ints, i(-1), i(-9), i(1), i(-1)], [some(np.int64, 2)], 13)
    yield "where_float_nan", of_numpy("Where", [truth[0], whole, np.float32([np.nan])], [np.where(truth[0], whole, np.float32(np.nan))], 16)
    yield "scatternd_int64", evaluated("ScatterND", [ints, i([1], [0]), i([9, 8, 7], [6, 5, 4])], [some(np.int64, 2)], 16)
    for kind in ("Sum", "Min", "Max"):
        yield f"{kind.lower()}_of_three_broadcast", evaluated(kind, [f(2, 3), f(3), f(2, 1)], [some(np.float32, 2)], 13)
    image, square = f(2, 4, 5, 6), f(6, 4, 3, 3)
    out = [some(np.float32, 4)]
    conv = {
        "bias": ([image, square, f(6)], {}),
        "groups": ([image, f(6, 2, 3, 3)], {"group": 2}),
        "depthwise": ([image, f(4, 1, 3, 3), f(4)], {"group": 4, "pads": [1, 1, 1, 1]}),
        "dilations": ([image, f(3, 4, 2, 2)], {"dilations": [2, 3]}),
        "strides_pads": ([image, square], {"strides": [2, 1], "pads": [0, 1, 2, 1]}),
        "1x1": ([image, f(3, 4, 1, 1), f(3)], {}),
    }
    for name, (inputs, attributes) in conv.items():
        yield f"conv_{name}", evaluated("Conv", inputs, out, 11, kernel_shape=inputs[1].shape[2:], **attributes)
    # The reference evaluator takes the sizes of other axes for auto_pad: the padding is given to it.
    for auto, kernel, stride, pads in (
        ("SAME_UPPER", f(3, 4, 2, 3), 2, [0, 0, 1, 1]),
        ("SAME_LOWER", f(3, 4, 2, 3), 2, [1, 1, 0, 0]),
        ("VALID", square, 1, [0, 0, 0, 0]),
    ):
        _, inputs, outputs = evaluated("Conv", [image, kernel], out, 11, strides=[stride] * 2, pads=pads)
        yield f"conv_{auto.lower()}", of_numpy("Conv", inputs, outputs, 11, strides=[stride] * 2, auto_pad=auto)
    for axis, epsilon in ((-1, 1e-5), (1, 1e-1)):
        shape = x.shape[axis:]
        yield f"layer_normalization_axis_{axis}", evaluated(
            "LayerNormalization", [x, f(*shape), f(*shape)], [some(np.float32, 3)], 17, axis=axis, epsilon=epsilon
        )
    yield "layer_normalization_without_bias", evaluated("LayerNormalization", [x, f(4)], [some(np.float32, 3)], 17)
    yield "matmul_broadcast_batch", evaluated("MatMul", [f(2, 3, 4, 5), f(5, 2)], out, 13)
    yield "matmul_batch", evaluated("MatMul", [f(2, 3, 4, 5), f(2, 3, 5, 2)], out, 13)
    yield "pad_axes", of_numpy("Pad", [x, i(1, -1, 0, 2), np.float32(0.5), i(1, 2)],
                               [np.pad(x, ((0, 0), (1, 0), (0, 2)), constant_values=0.5)[:, :, 1:]], 18)
    yield "maxpool_ceil_dilations", evaluated("MaxPool", [image], out, 12, kernel_shape=[2, 2], strides=[2, 2], dilations=[1, 2], ceil_mode=1)
    yield from other_shapes(f, i, some)
    yield from resized(f, i, some)
    yield from selected_values(f, i, some)


def other_shapes(f, i, some):
    """Products, convolutions of other dimensions and norms."""
    yield "einsum_attention", evaluated("Einsum", [f(2, 3, 4, 5), f(2, 3, 6, 5)], [some(np.float32, 4)], 17, equation="bhid,bhjd->bhij")
    yield "einsum_batch_last", evaluated("Einsum", [f(4, 2, 3), f(2, 5, 3)], [some(np.float32, 3)], 17, equation="ibc,bjc->bji")
    yield "matmul_broadcast_both", evaluated("MatMul", [f(2, 1, 3, 4), f(1, 5, 4, 2)], [some(np.float32, 4)], 13)
    line = [some(np.float32, 3)]
    for name, inputs, attributes in (
        ("plain", [f(2, 3, 8), f(4, 3, 3), f(4)], {}),
        ("strides_pads", [f(2, 3, 8), f(4, 3, 3)], dict(strides=[2], pads=[1, 2], dilations=[2])),
        ("groups", [f(2, 4, 8), f(4, 1, 3)], dict(group=4, pads=[1, 1])),
    ):
        yield f"conv_1d_{name}", evaluated("Conv", inputs, line, 11, kernel_shape=[3], **attributes)
    volume = f(1, 2, 3, 5, 4)
    for name, kernel, attributes in (
        ("last", f(3, 2, 2, 3, 1), dict(pads=[1, 1, 0, 0, 1, 0], strides=[2, 1, 1])),
        ("first", f(4, 1, 1, 3, 2), dict(group=2)),
    ):
        expected = convolved(volume, kernel, **attributes)
        yield f"conv_3d_{name}", of_numpy("Conv", [volume, kernel], [expected], 11, **attributes)
    x, weights, bias = f(2, 4, 3, 3), f(4, 3, 3, 2), f(6)
    for name, attributes in (
        ("groups_pads", dict(group=2, strides=[2, 1], pads=[1, 0, 2, 1])),
        ("output_padding", dict(group=2, strides=[2, 3], output_padding=[1, 2], dilations=[2, 1], pads=[1, 1, 0, 1])),
    ):
        expected = transposed(x, weights, bias, **attributes)
        yield f"conv_transpose_{name}", of_numpy("ConvTranspose", [x, weights, bias], [expected], 11, **attributes)
    x = f(2, 6, 3, 2)
    normal = lambda x, axes, e: (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + np.float32(e))
    wide = lambda values: values.reshape(1, -1, 1, 1)
    scale, bias = f(6), f(6)
    expected = wide(scale) * normal(x, (2, 3), 1e-2) + wide(bias)
    yield "instance_normalization_epsilon", of_numpy("InstanceNormalization", [x, scale, bias], [expected], 17, epsilon=1e-2)
    grouped = normal(x.reshape(2, 3, 4, 3), (2, 3), 1e-5).reshape(x.shape)
    yield "group_normalization_opset_21", of_numpy(
        "GroupNormalization", [x, scale, bias], [wide(scale) * grouped + wide(bias)], 21, num_groups=3
    )
    rows = f(1, 4, 9)
    ones = [np.ones(4, np.float32), np.zeros(4, np.float32), np.zeros(4, np.float32), np.ones(4, np.float32)]
    yield "batch_normalization_of_weights", of_numpy(
        "BatchNormalization", [rows, *ones], [normal(rows, (0, 2), 1e-6)], 15, epsilon=1e-6, training_mode=1
    )
    for p, length in ((1, np.abs(x).sum(1, keepdims=True)), (2, np.sqrt((x * x).sum(1, keepdims=True)))):
        yield f"lp_normalization_{p}", of_numpy("LpNormalization", [x], [x / length], 17, axis=1, p=p)
    yield "mish", of_numpy("Mish", [x], [x * np.tanh(np.log1p(np.exp(x)))], 18)
    yield "reduce_l2_of_zeros", of_numpy("ReduceL2", [np.zeros((2, 3), np.float32)], [np.zeros((2, 1), np.float32)], 13, axes=[1])


def convolved(x, weights, group=1, strides=(1, 1, 1), pads=(0,) * 6):
    """Conv of three dimensions, by its definition."""
    x = np.pad(x, ((0, 0), (0, 0), *zip(pads[:3], pads[3:])))
    outputs, own = len(weights), weights.shape[1]
    size = [(side - tap) // stride + 1 for side, tap, stride in zip(x.shape[2:], weights.shape[2:], strides)]
    y = np.zeros((len(x), outputs, *size), np.float32)
    for place in np.ndindex(*size):
        window = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, strides, weights.shape[2:]))
        for output in range(outputs):
            first = output // (outputs // group) * own
            part = x[(slice(None), slice(first, first + own), *window)]
            y[(slice(None), output, *place)] = (part * weights[output]).sum((1, 2, 3, 4))
    return y


def transposed(x, weights, bias, group=1, strides=(1, 1), pads=(0,) * 4, dilations=(1, 1), output_padding=(0, 0)):
    """ConvTranspose of images, by its definition."""
    n, channels, *size = x.shape
    own, kernel = weights.shape[1], weights.shape[2:]
    full = [(s - 1) * t + (k - 1) * d + 1 + o for s, t, k, d, o in zip(size, strides, kernel, dilations, output_padding)]
    y = np.zeros((n, own * group, *full), np.float32) + bias.reshape(1, -1, 1, 1)
    for channel in range(channels):
        first = channel // (channels // group) * own
        for row, column in np.ndindex(*size):
            for a, b in np.ndindex(*kernel):
                at = row * strides[0] + a * dilations[0], column * strides[1] + b * dilations[1]
                y[:, first : first + own, at[0], at[1]] += x[:, channel, row, column, None] * weights[channel, :, a, b]
    return y[:, :, pads[0] : full[0] - pads[2], pads[1] : full[1] - pads[3]]


def resized(f, i, some):
    """Resize of every mode of coordinates, and by sizes of some axes."""
    image, out = f(1, 2, 5, 4), [some(np.float32, 4)]
    bigger, smaller = i(1, 2, 8, 7), i(1, 2, 3, 3)
    for places in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"):
        for mode, sizes in (("linear", bigger), ("linear", smaller), ("cubic", bigger)):
            yield f"resize_{mode}_{places}_{sizes[2]}", evaluated(
                "Resize", [image, None, None, sizes], out, 19, mode=mode, coordinate_transformation_mode=places
            )
    yield "resize_cubic_outside", evaluated(
        "Resize", [image, None, None, bigger], out, 19, mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1
    )
    for mode in ("linear", "cubic"):
        yield f"resize_{mode}_antialias", evaluated("Resize", [image, None, None, smaller], out, 19, mode=mode, antialias=1)
    yield "resize_axes", evaluated("Resize", [image, None, None, i(9, 3)], out, 19, mode="linear", axes=[3, 2])
    yield "resize_scales", evaluated("Resize", [image, None, np.float32([1, 1, 1.5, 2])], out, 13, mode="linear")
    for rounding in ("floor", "ceil", "round_prefer_ceil", "round_prefer_floor"):
        yield f"resize_nearest_{rounding}", evaluated(
            "Resize", [image, None, None, i(1, 2, 8, 3)], out, 13, mode="nearest", nearest_mode=rounding
        )


def selected_values(f, i, some):
    """Indices, borders and orders, of floats and of integers."""
    x = f(2, 3, 4)
    whole = i([3, -4, 0], [5, 1 << 20, -1])
    yield "gathernd_int64", of_numpy("GatherND", [whole, i([1, -1], [0, 1])], [i(-1, -4)], 13)
    yield "gathernd_rows", of_numpy("GatherND", [x, i([1], [0], [-1])], [x[[1, 0, 1]]], 13)
    yield "gathernd_batch", of_numpy("GatherND", [x, i([[2], [0]], [[1], [1]])], [np.stack([x[0, [2, 0]], x[1, [1, 1]]])], 13, batch_dims=1)
    for mode in ("reflect", "edge", "wrap"):
        expected = np.pad(x[:, :, 1:], ((0, 0), (1, 2), (0, 3)), mode=mode)
        yield f"pad_{mode}", of_numpy("Pad", [x, i(0, 1, -1, 0, 2, 3)], [expected], 19, mode=mode)
        yield f"pad_{mode}_int64", of_numpy("Pad", [whole, i(0, 2, 1, 1)], [np.pad(whole, ((0, 1), (2, 1)), mode=mode)], 19, mode=mode)
    yield "pad_constant_int64", of_numpy("Pad", [whole, i(1, 0, 0, 2), np.int64(7)], [np.pad(whole, ((1, 0), (0, 2)), constant_values=7)], 13)
    for exclusive in (0, 1):
        for reverse in (0, 1):
            summed = lambda v: np.flip(running(np.flip(v, 1), exclusive), 1) if reverse else running(v, exclusive)
            yield f"cumsum_{exclusive}_{reverse}", of_numpy("CumSum", [x, np.int64(1)], [summed(x)], 14, exclusive=exclusive, reverse=reverse)
            yield f"cumsum_int64_{exclusive}_{reverse}", of_numpy(
                "CumSum", [whole, np.int64(-1)], [summed(whole)], 14, exclusive=exclusive, reverse=reverse
            )
    ties = np.float32([[1, 3, 3, -2], [0, 0, -5, -5]])
    for kind, first, last in (("ArgMax", i([1], [0]), i([2], [1])), ("ArgMin", i([3], [2]), i([3], [3]))):
        yield f"{kind.lower()}_first", of_numpy(kind, [ties], [first], 13, axis=1)
        yield f"{kind.lower()}_last", of_numpy(kind, [ties], [last], 13, axis=-1, select_last_index=1)
        yield f"{kind.lower()}_int64", of_numpy(kind, [ties.astype(np.int64)], [first[:, 0]], 13, axis=1, keepdims=0)
    yield "topk_int64", of_numpy("TopK", [whole, i(2)], [i([3, 0], [1 << 20, 5]), i([0, 2], [1, 0])], 11)
    yield "topk_ties", of_numpy("TopK", [ties, i(3)], [np.float32([[-2, 1, 3], [-5, -5, 0]]), i([3, 0, 1], [2, 3, 0])], 11, largest=0, axis=1)
    yield "onehot_int64", of_numpy("OneHot", [i(1, -1, 5), np.int64(3), i(2, 9)], [i([2, 9, 2], [2, 2, 9], [2, 2, 2])], 11)
    yield "onehot_float", of_numpy(
        "OneHot", [i([1, 0]), np.int64(2), np.float32([0, 1])], [np.float32([[[0, 1], [1, 0]]])], 11, axis=1
    )
    yield "isinf_positive", of_numpy("IsInf", [np.float32([np.inf, -np.inf, np.nan, 1])], [np.array([True, False, False, False])], 10, detect_negative=0)
    blocks = f(2, 12, 4)
    yield "col2im_overlap", of_numpy(
        "Col2Im", [blocks, i(3, 3), i(2, 3)], [added(blocks, (3, 3), (2, 3), 2)], 18, pads=[1, 0, 0, 1], strides=[2, 1]
    )


def running(values, exclusive):
    """Sums along axis 1."""
    sums = np.cumsum(values, axis=1, dtype=values.dtype)
    if not exclusive:
        return sums
    return np.concatenate([np.zeros_like(values[:, :1]), sums[:, :-1]], axis=1)


def added(blocks, size, block, channels):
    """Col2Im with a row before, a column after, and strides of 2 and 1, by its definition."""
    y = np.zeros((len(blocks), channels, size[0] + 1, size[1] + 1), np.float32)
    along = (y.shape[2] - block[0]) // 2 + 1, y.shape[3] - block[1] + 1
    parts = blocks.reshape(len(blocks), channels, *block, *along)
    for a, b, row, column in np.ndindex(*block, *along):
        y[:, :, row * 2 + a, column + b] += parts[:, :, a, b, row, column]
    return y[:, :, 1:, :-1]


def main():
    result, to = sys.argv[1:]
    root = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data", "node")
    lines = [line.split(":")[0].split() for line in open(result, encoding="utf-8")]
    named = lambda kind: {words[1] for words in lines if len(words) == 2 and words[0] == kind}
    first, passed = named("first"), named("passed")
    os.makedirs(to, exist_ok=True)
    for name in os.listdir(to):
        if os.path.isdir(os.path.join(to, name)):
            shutil.rmtree(os.path.join(to, name))
    for name, folder, one in selected(root, passed, first):
        inputs = data(folder, "input", len(one.graph.input))
        if name in first:
            del one.graph.output[1:]
            del one.graph.node[0].output[1:]
        one.graph.ClearField("doc_string")
        write(os.path.join(to, name), one, inputs, data(folder, "output", len(one.graph.output)))
    for name, (one, inputs, outputs) in own():
        write(os.path.join(to, f"own_{name}"), one, inputs, outputs)
    print(len(os.listdir(to)), "cases,", size(to), "bytes")


if __name__ == "__main__":
    main()

"""That an exported model has the hooked layer, and computes the same from it."""

import numpy as np
import onnx
import onnxruntime
import torch


class NotTheLayer(Exception):
    """The value found is not the hooked layer's output in all that follows."""


def session(model, optimise):
    options = onnxruntime.SessionOptions()
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def find_layer(path, subject, images):
    """The last ONNX value that equals the hooked layer's, how it lies, and the logits."""
    values, _ = value_and_gradient(subject, images, [0] * len(images))
    wanted = [(subject.layout, values)]
    if subject.layout == "nhwc":
        wanted.insert(0, ("nchw", values.transpose(0, 3, 1, 2)))
    outputs = run_all(path, images.numpy())
    for layout, value in wanted:
        bound = 1e-4 * max(1, np.abs(value).max())
        same = [n for n, v in outputs.items() if v.shape == value.shape and np.abs(v - value).max() <= bound]
        if same:
            return same[-1], layout, outputs["logits"]
    raise ValueError(f"{path} has no value that equals the layer's")


def run_all(path, images):
    """Every node's first output of type float, by name, in the order of the graph."""
    model = onnx.load(path)
    known = {output.name for output in model.graph.output}
    names = [node.output[0] for node in model.graph.node if node.op_type != "Constant"]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(n) for n in names if n not in known)
    found = session(model, optimise=False).run(names, {"images": images})
    return {n: v for n, v in zip(names, found) if isinstance(v, np.ndarray) and v.dtype == np.float32}


def value_and_gradient(subject, images, targets):
    """The hooked layer's output and the gradient of the targets' logits by it, as the module gives them."""
    values, gradients = [], []

    def grab(_, __, output):
        values.append(output.detach().clone())
        output.register_hook(gradients.append)

    handle = subject.layer.register_forward_hook(grab)
    outputs = subject.model(images)
    handle.remove()
    sum(output[target] for output, target in zip(outputs, targets)).backward()
    subject.model.zero_grad()
    return values[0].numpy(), gradients[0].numpy()


def check_layer(path, layer, layout, subject, tensors):
    """Relative error of a central difference of the ONNX logits along PyTorch's gradient.

    Shows that all that follows the layer in PyTorch follows the value in ONNX, for one image alone too: the
    model was traced with two.
    """
    images, targets = tensors["images"][1:], tensors["targets"][1:]
    value, gradient = value_and_gradient(subject, torch.from_numpy(images), targets)
    if subject.layout != layout:
        value, gradient = value.transpose(0, 3, 1, 2), gradient.transpose(0, 3, 1, 2)
    model = cut_before(onnx.load(path), layer, value.ndim)
    runner, norm = session(model, optimise=True), np.linalg.norm(gradient)

    def logit(value):
        return float(runner.run(["logits"], {"images": images, layer: value.astype(np.float32)})[0][0, targets[0]])

    if abs(logit(value) - tensors["logits"][1, targets[0]]) > 1e-3:
        raise NotTheLayer("one image alone has other logits")
    # Small, for a ReLU that changes sides within the step shows as an error.
    step = 2e-3 * np.linalg.norm(value) / np.sqrt(value.size) / np.abs(gradient).max() * gradient
    slope = (logit(value + step) - logit(value - step)) / (2 * np.linalg.norm(step))
    if abs(slope - norm) > 0.02 * norm:
        raise NotTheLayer(f"slope {slope:.4f} along a gradient of {norm:.4f}")
    return abs(slope - norm) / norm


def cut_before(model, layer, axes):
    """The value `layer` as an input of the model."""
    graph = model.graph
    for node in graph.node:
        for i, name in enumerate(node.output):
            if name == layer:
                node.output[i] = f"{layer} as computed"
    for info in [info for info in graph.value_info if info.name == layer]:
        graph.value_info.remove(info)
    shape = [None] * axes
    graph.input.append(onnx.helper.make_tensor_value_info(layer, onnx.TensorProto.FLOAT, shape))
    return model

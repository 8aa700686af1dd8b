"""The networks, exported in training form with the weights that both train from."""

import contextlib
import io
import logging
import warnings

import onnx
import onnx.numpy_helper
import torch
import torchvision.models as models
from torch.onnx import TrainingMode

from data import CLASSES, SIDE

# Name: how it is built, exporter. Dropout and stochastic depth cannot draw the same numbers elsewhere: they are 0.
NETWORKS = {
    "ResNet-18": (lambda: models.resnet18(num_classes=CLASSES), "torchscript"),
    "MobileNetV2": (lambda: models.mobilenet_v2(num_classes=CLASSES, dropout=0.0), "dynamo"),
    "EfficientNet-B0": (
        lambda: models.efficientnet_b0(num_classes=CLASSES, dropout=0.0, stochastic_depth_prob=0.0), "torchscript"),
    "DenseNet-121": (lambda: models.densenet121(num_classes=CLASSES), "dynamo"),
    "ConvNeXt-T": (lambda: models.convnext_tiny(num_classes=CLASSES, stochastic_depth_prob=0.0), "dynamo"),
    "ViT-Ti/16": (
        lambda: models.VisionTransformer(SIDE, 16, 12, 3, 192, 768, num_classes=CLASSES), "torchscript"),
}  # fmt: skip


def network(name):
    """In training mode, with parameters that all differ: an exporter may store equal ones once."""
    torch.manual_seed(0)
    model = NETWORKS[name][0]().train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.002 * torch.randn_like(parameter))
    return model


def export(name, path):
    """Writes the file, and returns the network with the file's weights."""
    model = network(name)
    images = torch.randn(2, 3, SIDE, SIDE)
    names = {"input_names": ["images"], "output_names": ["logits"]}
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        if NETWORKS[name][1] == "dynamo":
            torch.onnx.export(
                model, (images,), path, dynamo=True, optimize=False, external_data=False, verbose=False,
                dynamic_shapes=({0: torch.export.Dim("n")},), **names,
            )  # fmt: skip
        else:
            torch.onnx.export(
                model, images, path, dynamo=False, opset_version=17, training=TrainingMode.PRESERVE,
                do_constant_folding=False, dynamic_axes={"images": {0: "n"}, "logits": {0: "n"}}, **names,
            )  # fmt: skip
    stored = {i.name: torch.from_numpy(onnx.numpy_helper.to_array(i).copy()) for i in onnx.load(path).graph.initializer}
    state = network(name).state_dict()
    missing = [key for key in state if key not in stored and not key.endswith("num_batches_tracked")]
    assert not missing, f"{name}: not in the file: {missing}"
    # Exporting runs the network, which moves running statistics: the file has them as they were then.
    model.load_state_dict({key: stored.get(key, value) for key, value in state.items()})
    return model

"""Models to ONNX, with their references."""

import json
import logging
import os
import time
import warnings

import numpy as np
import torch
import torchvision
from safetensors.numpy import save as serialise

from checking import NotTheLayer, check_layer, find_layer
from lively import enliven, pictures
from maps import (
    QUICK, ablation_map, hooked, in_double, largest_difference, quick_maps, score_map, score_minutes,
)
from subject import subject_of

ARCHITECTURES = (
    "resnet18", "densenet121", "vgg11_bn", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0",
    "convnext_tiny", "regnet_y_400mf", "shufflenet_v2_x1_0", "inception_v3", "squeezenet1_1", "vit_b_16", "swin_t",
)  # fmt: skip
# Beside opset 17 by the TorchScript exporter, which all are exported with.
FURTHER = {
    "op13": ("resnet18", "mobilenet_v3_small", "convnext_tiny", "shufflenet_v2_x1_0", "swin_t"),
    "op20": ("efficientnet_b0", "convnext_tiny", "vit_b_16"),
    "dynamo": ARCHITECTURES,
}
EXPORTERS = {
    "op13": ("torchscript", 13), "op17": ("torchscript", 17), "op20": ("torchscript", 20),
    "dynamo": ("dynamo", 18), "dynamo20": ("dynamo", 20),
}  # fmt: skip
# A map is taken as reference where float32 and float64 agree this well: a tenth of what is asked for.
CONDITION = 1e-4


def export(directory, only, score_cam_minutes):
    """All architectures. Returns the exit code."""
    os.makedirs(directory, exist_ok=True)
    torch.set_num_threads(2)
    left_out = []
    for architecture in only or ARCHITECTURES:
        started = time.monotonic()
        subject, images = build(architecture)
        tensors, ablation = reference(subject, images)
        minutes, score = score_map_within(subject, tensors, score_cam_minutes)
        if not score:
            left_out.append(f"{architecture}: Score-CAM of one image would take {minutes:.0f} minutes")
        kinds = [kind for kind in FURTHER if architecture in FURTHER[kind]]
        left_out += write(os.path.join(directory, architecture), subject, "op17", {**tensors, **score}, ablation)
        for kind in kinds:
            path = os.path.join(directory, f"{architecture}-{kind}")
            left_out += write(path, subject, kind, tensors, ablation)
        print(f"{architecture}: {time.monotonic() - started:.0f} s", flush=True)
    print("left out:", *(left_out or ["nothing"]), sep="\n- ")
    return 0


def build(architecture):
    torch.manual_seed(0)
    special = {"inception_v3": dict(init_weights=False, aux_logits=False)}
    model = getattr(torchvision.models, architecture)(weights=None, **special.get(architecture, {}))
    images = pictures(10, 299 if architecture == "inception_v3" else 224, seed=1)
    enliven(model, images, seed=2)
    return subject_of(architecture, model), images


def score_map_within(subject, tensors, limit):
    """The minutes that Score-CAM of the first image takes, and its map where that is not more than `limit`."""
    image, target = torch.from_numpy(tensors["images"][:1]), tensors["targets"][:1]
    features, _ = hooked(subject, image, target)
    minutes = score_minutes(subject, image, features.shape[1])
    if minutes > limit:
        return minutes, {}
    return minutes, {"map.score-cam": score_map(subject, image, target, features)}


def reference(subject, images, largest=CONDITION):
    """The tensors of two of `images`, and the ablation used.

    The first image is looked at for its predicted class, the second for one of its next best. Images and
    classes are taken for which no map is constant or decided by rounding.
    """
    with torch.no_grad():
        logits = subject.model(images)
    assert logits.isfinite().all() and (logits[0] - logits[1]).abs().max() > 0.1, "dead logits"
    double, chosen = in_double(subject), []
    ranks = [(0,), range(1, min(12, logits.shape[1]))]
    for wanted in ranks:
        tries = [(i, rank) for i in range(len(images)) for rank in wanted if i not in [c[1] for c in chosen]]
        chosen.append(best_of(subject, double, images, logits, tries, largest))
    error, indices, targets = (list(column) for column in zip(*chosen))
    print(f"{subject.architecture}: images {indices}, targets {targets}, float32 to float64 {max(error):.1e}")
    pair = images[indices].clone()
    tensors = {"images": pair.numpy(), "targets": np.array(targets), **quick_maps(subject, pair, targets)}
    with torch.no_grad():
        tensors["logits"] = subject.model(pair).numpy()
    tensors["map.ablation-cam"], ablation = ablation_map(subject, pair, targets, hooked(subject, pair, targets))
    return tensors, ablation


def best_of(subject, double, images, logits, tries, largest):
    """The first (error, image, class) well conditioned, or the best of fifteen."""
    best = (np.inf, None, None)
    for image, rank in tries[:15]:
        target = int(logits[image].argsort(descending=True)[rank])
        maps = quick_maps(subject, images[image : image + 1], [target])
        if min(maps[f"map.{method}"].std() for method in QUICK) < 0.02:
            continue
        exact = quick_maps(double, images[image : image + 1].double(), [target])
        error = largest_difference(maps, exact)
        if error >= best[0] or flat_ablation(subject, images[image : image + 1], [target]):
            continue
        best = (error, image, target)
        if error < largest:
            break
    assert best[1] is not None, "all maps are constant"
    return best


def flat_ablation(subject, image, targets):
    """Whether Ablation-CAM is constant, as it is where every weighted sum is negative."""
    return ablation_map(subject, image, targets, hooked(subject, image, targets))[0].std() < 0.02


def write(path, subject, kind, tensors, ablation, keep_batch_norm=False):
    """PATH.onnx and PATH.safetensors. Returns what failed."""
    exporter, opset = EXPORTERS[kind]
    images = torch.from_numpy(tensors["images"])
    try:
        save_onnx(f"{path}.onnx", subject.model, images, exporter, opset, keep_batch_norm)
    except Exception as error:
        if os.path.exists(f"{path}.onnx"):
            os.remove(f"{path}.onnx")
        return [f"{os.path.basename(path)}: {exporter} at opset {opset}: {str(error).splitlines()[0][:160]}"]
    name = os.path.basename(path)
    layer, layout, logits = find_layer(f"{path}.onnx", subject, images)
    error = np.abs(logits - tensors["logits"]).max() / max(1, np.abs(tensors["logits"]).max())
    try:
        gradient = check_layer(f"{path}.onnx", layer, layout, subject, tensors)
    except NotTheLayer as problem:
        return [f"{name}: {problem}"]
    metadata = dict(
        layer=layer, layout=layout, token_grid=subject.token_grid, architecture=subject.architecture,
        exporter=exporter, opset=str(opset), ablation=ablation,
    )  # fmt: skip
    save(f"{path}.safetensors", tensors, metadata)
    print(f"  {name}: {layer} ({layout}), onnxruntime's logits to {error:.1e}, gradient to {gradient:.1e}", flush=True)
    return [] if error <= 1e-4 else [f"{name}: onnxruntime's logits differ by {error:.1e}"]


def save(path, tensors, metadata):
    """A .safetensors file with its header in order: the library's own has the metadata in another each time."""
    written = serialise({k: np.ascontiguousarray(v) for k, v in tensors.items()}, metadata)
    size = int.from_bytes(written[:8], "little")
    header = json.dumps(json.loads(written[8 : 8 + size]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header + written[8 + size :])


def save_onnx(path, model, images, exporter, opset, keep_batch_norm):
    common = dict(opset_version=opset, input_names=["images"], output_names=["logits"])
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if exporter == "dynamo":
            torch.onnx.export(
                model, (images,), path, **common, dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), dynamo=True,
                external_data=False, verbose=False, optimize=not keep_batch_norm,
            )  # fmt: skip
        else:
            training = torch.onnx.TrainingMode.PRESERVE if keep_batch_norm else torch.onnx.TrainingMode.EVAL
            axes = {"images": {0: "n"}, "logits": {0: "n"}}
            torch.onnx.export(model, images, path, **common, dynamic_axes=axes, dynamo=False, training=training)
    logging.disable(logging.NOTSET)

"""pytorch-grad-cam's maps of one layer, at the layer's own resolution."""

import contextlib
import copy
import io
import time

import numpy as np
import pytorch_grad_cam as cams
import torch
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.activations_and_gradients import ActivationsAndGradients
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from subject import Rest, subject_of

# Those that need one forward and one backward pass.
QUICK = {
    "grad-cam": cams.GradCAM,
    "hires-cam": cams.HiResCAM,
    "elementwise": cams.GradCAMElementWise,
    "grad-cam-plus-plus": cams.GradCAMPlusPlus,
    "xgrad-cam": cams.XGradCAM,
    "layer-cam": cams.LayerCAM,
    "eigen-cam": cams.EigenCAM,
    "eigen-grad-cam": cams.EigenGradCAM,
}
# Whose sign the singular value decomposition leaves open.
SIGNLESS = ("eigen-cam", "eigen-grad-cam")
METHODS = (*QUICK, "ablation-cam", "score-cam")


def normalised(raw):
    """[N, h, w] after the ReLU, each image brought to [0, 1)."""
    maps = np.maximum(np.asarray(raw, dtype=np.float32), 0)
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return (maps - low) / (high - low + np.float32(1e-8))


def hooked(subject, images, targets):
    """Feature maps and gradients [N, C, h, w] of the layer, as arrays."""
    both = ActivationsAndGradients(subject.model, [subject.layer], subject.channels_first)
    outputs = both(images)
    sum(output[target] for output, target in zip(outputs, targets)).backward()
    subject.model.zero_grad()
    features, gradients = both.activations[0].numpy(), both.gradients[0].numpy()
    both.release()
    return features, gradients


def raw_map(cam, subject, images, targets, arrays):
    """What the class makes of the layer before any resize."""
    cam.activations_and_grads.release()
    targets = [ClassifierOutputTarget(int(target)) for target in targets]
    with contextlib.redirect_stderr(io.StringIO()):  # Progress bars.
        return cam.get_cam_image(images, subject.layer, targets, *arrays, False)


def quick_maps(subject, images, targets):
    """`map.` and `other.` arrays of the quick methods."""
    arrays = hooked(subject, images, targets)
    maps = {}
    for method, kind in QUICK.items():
        raw = raw_map(kind(subject.model, [subject.layer]), subject, images, targets, arrays)
        maps[f"map.{method}"] = normalised(raw)
        if method in SIGNLESS:
            maps[f"other.{method}"] = normalised(-raw)
    return maps


class ToZero(AblationLayer):
    """Sets channel k of repetition k to zero, wherever the channels are."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    def set_next_batch(self, input_batch_index, activations, num_channels_to_ablate):
        self.activations = torch.stack([activations[input_batch_index]] * num_channels_to_ablate)

    def __call__(self, _):
        for image, channel in zip(self.activations, self.indices):
            image[(..., channel) if self.last else channel] = 0
        return self.activations


def ablation_map(subject, images, targets, arrays):
    """The map and which ablation was used. Only what follows the layer is run for each channel."""
    grabbed = []
    handle = subject.start.register_forward_pre_hook(lambda _, inputs: grabbed.append(inputs[0].detach()))
    with torch.no_grad():
        logits = subject.model(images)
    handle.remove()
    rest = Rest(subject).eval()
    with torch.no_grad():
        assert torch.allclose(rest(grabbed[0]), logits, atol=1e-5), "what follows the layer is not the model's"
    library = subject.layout == "nchw" and (arrays[0].min((1, 2, 3)) == 0).all()
    layer = AblationLayer() if library else ToZero(subject.layout != "nchw")
    cam = cams.AblationCAM(rest, [subject.layer], ablation_layer=layer, batch_size=32, ratio_channels_to_ablate=1.0)
    raw = raw_map(cam, subject, grabbed[0], targets, (arrays[0], None))
    return normalised(raw), "library" if library else "zero"


def score_map(subject, images, targets, features):
    """A forward pass per channel."""
    cam = cams.ScoreCAM(subject.model, [subject.layer])
    return normalised(raw_map(cam, subject, images, targets, (features, None)))


def score_minutes(subject, images, channels):
    """How long Score-CAM of one image will take, from a batch of it."""
    batch = images[:1].repeat(16, 1, 1, 1)
    with torch.no_grad():
        subject.model(batch)
        start = time.monotonic()
        subject.model(batch)
    return (time.monotonic() - start) / 16 * channels / 60


def in_double(subject):
    """The subject in float64."""
    return subject_of(subject.architecture, copy.deepcopy(subject.model).double())


def largest_difference(maps, exact):
    """Between maps in float32 and in float64, over methods, for one image; either sign where it is open."""
    worst = 0.0
    for name in (f"map.{method}" for method in METHODS):
        if name not in maps or name not in exact:
            continue
        ways = [exact[name]] + [exact[other] for other in [name.replace("map.", "other.")] if other in exact]
        worst = max(worst, min(float(np.abs(maps[name] - way).max()) for way in ways))
    return worst

"""Maps of pytorch-grad-cam (PyPI grad-cam) for feature maps and gradients given by a formula, as JSON.

    python scripts/reference/methods.py > crates/mitsume/tests/fixtures/methods.json

Makes the numbers that `cargo test -p mitsume --test methods` compares with. Only each class' own formula is
called, on arrays; no model and no hook.
"""

import json

import numpy as np
import pytorch_grad_cam as cams
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

SHAPE = (6, 5, 4)


def values(a, b, c, modulus, shift):
    k, y, x = np.indices(SHAPE)
    return (((a * k + b * y + c * x + k * y + y * x) % modulus) / modulus - shift).astype(np.float32)


features = values(7, 3, 5, 23, 0.2)
gradients = values(5, 11, 2, 19, 0.43)
gradients[2, 1] = 0.0


def weighted(name):
    cam = getattr(cams, name).__new__(getattr(cams, name))
    weights = cam.get_cam_weights(None, None, None, features[None], gradients[None])
    return (np.asarray(weights)[0].reshape(SHAPE[0], -1, 1) * features.reshape(SHAPE[0], -1)[:, :, None]).sum(0)[:, 0]


def image(name):
    cam = getattr(cams, name).__new__(getattr(cams, name))
    return cam.get_cam_image(None, None, None, features[None], gradients[None], False)[0].ravel()


def relu(values):
    return [float(v) for v in np.maximum(np.asarray(values, dtype=np.float64), 0)]


result = {
    "grad-cam": relu(weighted("GradCAM")),
    "grad-cam-plus-plus": relu(weighted("GradCAMPlusPlus")),
    "xgrad-cam": relu(weighted("XGradCAM")),
    "hires-cam": relu(image("HiResCAM")),
    "elementwise": relu(image("GradCAMElementWise")),
    "layer-cam": relu(image("LayerCAM")),
    # Without its sign, which the decomposition leaves open.
    "eigen-cam": [float(v) for v in np.abs(get_2d_projection(features[None])[0]).ravel()],
    "eigen-grad-cam": [float(v) for v in np.abs(get_2d_projection((features * gradients)[None])[0]).ravel()],
}
print(json.dumps(result, indent=1))

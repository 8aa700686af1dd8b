"""Numbers of Captum, SciPy and Quantus's formulas for random logit and max-sensitivity, as JSON.

    python scripts/reference/trust_controls.py > crates/mitsume/tests/fixtures/trust_controls.json

Makes the numbers that `cargo test -p mitsume --test trust_controls` compares with. The explained model is a 3x3 convolution
with stride 2, a ReLU, a mean over the image and a linear layer, whose Grad-CAM is the CAM of its last layer: `relu(sum_k
w_ck A_k)`. Maps are normalised by their maximum. Its maps are given, so that nothing but the measures is compared; values
are in whole 1/4096, exact in every precision.
"""

import json

import numpy as np
import torch
from captum.metrics import sensitivity_max
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

SIDE, CHANNELS, FEATURES, CLASSES, IMAGES, SAMPLES, RADIUS = 25, 2, 6, 5, 7, 4, 0.05
random = np.random.default_rng(20190127)


def exact(array, scale=4096):
    return np.round(np.asarray(array) * scale) / scale


def numbers(array):
    return [float(f"{v:.9g}") for v in np.asarray(array, dtype=np.float64).ravel()]


kernel = torch.tensor(exact(random.normal(size=(FEATURES, CHANNELS, 3, 3)) / 3))
weights = torch.tensor(exact(random.normal(size=(CLASSES, FEATURES))))
images = torch.tensor(exact(random.normal(size=(IMAGES, CHANNELS, SIDE, SIDE))))


def maps(inputs, target):
    features = torch.relu(torch.nn.functional.conv2d(inputs, kernel, stride=2))
    raw = torch.relu(torch.einsum("nk,nkhw->nhw", weights[target], features))
    largest = raw.amax(dim=(1, 2), keepdim=True)
    return torch.tensor(exact(torch.where(largest > 0, raw / largest, raw)))


def ssim(a, b):
    """Wang et al. 2004 as scikit-image computes it with gaussian_weights, sigma 1.5, population covariance and range 1."""

    def mean(values):
        return gaussian_filter(values, 1.5, truncate=3.5)

    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    index = ((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return float(index[5:-5, 5:-5].mean())


def random_logit():
    labels = torch.tensor(random.integers(0, CLASSES, IMAGES))
    others = (labels + torch.tensor(random.integers(1, CLASSES, IMAGES))) % CLASSES
    own, other = maps(images, labels).numpy(), maps(images, others).numpy()
    own[2] = 0  # As of a class that nothing speaks for.
    spearmans, ssims = [], []
    for a, b in zip(own, other):
        if np.ptp(a) == 0 or np.ptp(b) == 0:
            continue
        spearmans.append(float(spearmanr(a.ravel(), b.ravel()).statistic))
        unit = [(m - m.min()) / np.ptp(m) for m in (a, b)]
        ssims.append(ssim(*unit))
    return {
        "own": [numbers(m) for m in own],
        "other": [numbers(m) for m in other],
        "defined": len(spearmans),
        "spearman": float(np.mean(spearmans)),
        "ssim": float(np.mean(ssims)),
    }


def max_sensitivity():
    labels = torch.tensor(random.integers(0, CLASSES, IMAGES))
    noise = torch.tensor(exact(random.uniform(-RADIUS, RADIUS, (IMAGES, SAMPLES, CHANNELS, SIDE, SIDE))))
    made = []

    def explain(inputs, target):
        inputs = inputs[0] if isinstance(inputs, tuple) else inputs
        made.append(maps(inputs, target))
        return (made[-1],)

    def perturb(inputs):
        return inputs + noise.reshape(inputs.shape)

    captum = sensitivity_max(explain, images, perturb, n_perturb_samples=SAMPLES, target=labels)
    own, noisy = made
    noisy = noisy.reshape(IMAGES, SAMPLES, *own.shape[1:])
    # Quantus's, which is over the norm of the image.
    moved = torch.linalg.norm((noisy - own[:, None]).flatten(2), dim=2).amax(dim=1)
    quantus = moved / torch.linalg.norm(images.flatten(1), dim=1)
    return {
        "own": [numbers(m) for m in own],
        "noisy": [[numbers(m) for m in of_image] for of_image in noisy],
        "image_norms": [float(v) for v in torch.linalg.norm(images.flatten(1), dim=1)],
        "captum": [float(v) for v in captum],
        "quantus": [float(v) for v in quantus],
    }


side = (SIDE - 3) // 2 + 1
print(json.dumps({"shape": [side, side], "random_logit": random_logit(), "max_sensitivity": max_sensitivity()}))

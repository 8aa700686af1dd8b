"""Numbers of other libraries for `mitsume::trust`, as JSON: torch, scipy, scikit-image, scikit-learn and
pytorch-grad-cam (PyPI grad-cam).

    python scripts/reference/trust.py > crates/mitsume/tests/fixtures/trust.json

Makes the numbers that `cargo test -p mitsume --test trust` compares with. Relevance is in whole 1/1024 or 1/4096, so
that it is exact in every precision, and where an order is asked for no two pixels are equal.
"""

import json

import numpy as np
import torch
from pytorch_grad_cam.metrics.cam_mult_image import DropInConfidence, IncreaseInConfidence
from pytorch_grad_cam.metrics.perturbation_confidence import (
    AveragerAcrossThresholds,
    PerturbationConfidenceMetric,
    RemoveLeastRelevantFirst,
    RemoveMostRelevantFirst,
)
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity
from sklearn.metrics import jaccard_score

random = np.random.default_rng(20220224)
HEIGHT, WIDTH = 12, 10
PIXELS = HEIGHT * WIDTH


def numbers(array, digits=9):
    return [float(f"{v:.{digits}g}") for v in np.asarray(array, dtype=np.float64).ravel()]


def flags(array):
    return [int(v) for v in np.asarray(array).ravel()]


def smooth(height, width, parts):
    """A map of hills, all values different, in [0, 1)."""
    y, x = np.mgrid[:height, :width]
    hills = random.uniform(size=(parts, 3)) * [height, width, 1]
    raw = sum(h * np.exp(-((y - a) ** 2 + (x - b) ** 2) / (0.03 * height * width)) for a, b, h in hills)
    ranks = np.argsort(np.argsort(raw.ravel(), kind="stable"), kind="stable")
    return (ranks / 4096).reshape(height, width).astype(np.float32)


def upsampling():
    cases = []
    for (h, w), (height, width) in [((7, 7), (20, 16)), ((3, 5), (12, 10)), ((1, 4), (5, 9)), ((6, 6), (4, 3))]:
        small = random.integers(0, 1024, (h, w)).astype(np.float32) / 1024
        large = torch.nn.functional.interpolate(
            torch.tensor(small)[None, None], size=(height, width), mode="bilinear", align_corners=False
        )
        cases.append({"from": [h, w], "to": [height, width], "map": numbers(small), "expected": numbers(large)})
    return cases


def similarities():
    cases = []
    for kind in ["different", "ties", "mostly zero"]:
        a, b = (random.integers(0, 1024, (14, 13)) for _ in range(2))
        b = (a + b) // 2
        if kind == "ties":
            a, b = a // 200, b // 200
        if kind == "mostly zero":
            a, b = np.maximum(a - 700, 0), np.maximum(b - 600, 0)
        a, b = (np.float64(m) / 1024 for m in (a, b))
        unit = [(m - m.min()) / (m.max() - m.min()) for m in (a, b)]
        ssim = structural_similarity(
            *unit, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        cases.append(
            {
                "shape": [14, 13],
                "a": numbers(a),
                "b": numbers(b),
                "spearman": float(spearmanr(a.ravel(), b.ravel()).statistic),
                "ssim": float(ssim),
            }
        )
    return cases


def imputations():
    """Without noise; `kept` is pytorch-grad-cam's mask, 1 where the pixel stays."""
    cases = []
    for name, channels, height, width in [
        ("scattered", 3, HEIGHT, WIDTH),
        ("most", 2, HEIGHT, WIDTH),
        ("one stays", 1, 5, 7),
        ("region", 1, 48, 40),
    ]:
        image = random.normal(size=(channels, height, width)).astype(np.float32)
        kept = random.uniform(size=(height, width)) < {"scattered": 0.6, "most": 0.1}.get(name, 0)
        if name == "one stays":
            kept[2, 6] = True
        if name == "region":
            kept = smooth(height, width, 5) * 4096 >= 0.8 * height * width
        result = NoisyLinearImputer(noise=0)(torch.tensor(image), torch.tensor(np.float32(kept)))
        cases.append(
            {
                "name": name,
                "channels": channels,
                "shape": [height, width],
                "image": numbers(image),
                "kept": flags(kept),
                "expected": numbers(result),
            }
        )
    return cases


class Scorer(torch.nn.Module):
    """The class probability of a linear model."""

    def __init__(self, weights):
        super().__init__()
        self.weights = torch.tensor(weights)

    def forward(self, images):
        return torch.sigmoid((images.double() * self.weights).sum(dim=(1, 2, 3)))[:, None]


def road(image, relevance, weights):
    percentiles = [20, 40, 60, 80]
    model, targets = Scorer(weights), [lambda output: output[0]]
    batch = torch.tensor(image)[None]

    def scores(remove, percentile):
        metric = PerturbationConfidenceMetric(remove(percentile, NoisyLinearImputer(noise=0)))
        return float(metric(batch, relevance[None], targets, model, return_diff=False)[0])

    def averaged(remove):
        metric = AveragerAcrossThresholds(
            lambda p: PerturbationConfidenceMetric(remove(p, NoisyLinearImputer(noise=0))), percentiles
        )
        return float(metric(batch, relevance[None], targets, model)[0])

    most, least = averaged(RemoveMostRelevantFirst), averaged(RemoveLeastRelevantFirst)
    return {
        "percentiles": percentiles,
        "most": [scores(RemoveMostRelevantFirst, p) for p in percentiles],
        "least": [scores(RemoveLeastRelevantFirst, p) for p in percentiles],
        "mean_change_most": most,
        "mean_change_least": least,
        "combined": (least - most) / 2,
    }


def blur(image):
    """As in the code of Petsiuk et al. (github.com/eclique/RISE)."""
    window = np.zeros((11, 11))
    window[5, 5] = 1
    window = torch.tensor(gaussian_filter(window, 5))[None, None]
    planes = torch.tensor(image, dtype=torch.float64)[:, None]
    return torch.nn.functional.conv2d(planes, window, padding=5)[:, 0].numpy()


def curves(image, relevance, weights, step=10):
    """Deletion to zeros and insertion into the blurred image, as there."""
    order = np.flip(np.argsort(relevance.ravel()))
    model = Scorer(weights)
    result = {"step": step, "blurred": numbers(blur(image))}
    for name, start, finish in [("deletion", image, 0 * image), ("insertion", blur(image), image)]:
        current = np.array(start, dtype=np.float64).reshape(-1, PIXELS)
        finish = np.array(finish, dtype=np.float64).reshape(-1, PIXELS)
        scores = []
        for done in range(0, PIXELS + 1, step):
            scores.append(float(model(torch.tensor(current.reshape(1, -1, HEIGHT, WIDTH)))[0, 0]))
            current[:, order[done : done + step]] = finish[:, order[done : done + step]]
        area = np.trapezoid(scores, np.arange(0, PIXELS + 1, step) / PIXELS)
        result[name] = {"scores": numbers(scores), "area": float(area)}
    return result


def places(relevance, tolerance=2.5, fraction=0.5):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    cases = []
    for mask in [(y - 3) ** 2 + (x - 6) ** 2 <= 7, (y > 8) | ((y < 3) & (x == 1)), x >= 4]:
        distance = distance_transform_edt(~mask)
        at = np.unravel_index(relevance.argmax(), relevance.shape)
        order = np.argsort(relevance.ravel())[::-1]
        top = np.zeros(PIXELS, dtype=bool)
        top[order[: mask.sum()]] = True
        bright = relevance >= fraction * relevance.max()
        exact = relevance.astype(np.float64)
        cases.append(
            {
                "mask": flags(mask),
                "tolerance": tolerance,
                "fraction": fraction,
                "at": [int(v) for v in at],
                "distance": float(distance[at]),
                "chance": float((distance <= tolerance).mean()),
                "mass": float(exact[mask].sum() / exact.sum()),
                "rank": float(mask.ravel()[top].sum() / mask.sum()),
                "iou_at_fraction": float(jaccard_score(mask.ravel(), bright.ravel())),
                "iou_at_area": float(jaccard_score(mask.ravel(), top)),
            }
        )
    return cases


def confidence(image, weights):
    """Drops, which pytorch-grad-cam leaves absolute, over the score; and the Gini index from all differences."""
    maps_random = np.random.default_rng(20180312)
    model, targets = Scorer(weights), [lambda output: output[0]]
    batch = torch.tensor(image)[None]
    original = float(model(batch)[0, 0])
    cases = []
    for power in [0.25, 1, 4, 16]:
        cam = (maps_random.integers(0, 4097, (HEIGHT, WIDTH)) / 4096) ** power
        cam = np.float32(np.round(cam * 4096) / 4096)
        drop = float(DropInConfidence()(batch, cam[None], targets, model)[0])
        increases = float(IncreaseInConfidence()(batch, cam[None], targets, model)[0])
        values = cam.astype(np.float64).ravel()
        gini = np.abs(values[:, None] - values[None]).sum() / (2 * values.size**2 * values.mean())
        cases.append(
            {"map": numbers(cam), "drop": drop / original, "increases": increases == 1, "gini": float(gini)}
        )
    return cases


image = random.normal(size=(3, HEIGHT, WIDTH)).astype(np.float32)
weights = random.normal(size=(3, HEIGHT, WIDTH)) / 8
relevance = smooth(HEIGHT, WIDTH, 4)
assert len(np.unique(relevance)) == PIXELS
result = {
    "upsampling": upsampling(),
    "similarities": similarities(),
    "imputations": imputations(),
    "shape": [HEIGHT, WIDTH],
    "image": numbers(image),
    "weights": numbers(weights, 17),
    "relevance": numbers(relevance),
    "road": road(image, relevance, weights),
    "curves": curves(image, relevance, weights),
    "places": places(relevance),
    "confidence": confidence(image, weights) + confidence(-image, weights),
}
print(json.dumps(result))

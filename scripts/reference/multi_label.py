"""A model of two findings for docs/multi-label.md, trained on pictures of two halves, and what PyTorch
and scikit-learn say of it.

    python scripts/reference/multi_label.py brain-tumor-mri FOLDER

The left half of a picture is a scan with a glioma or without a tumour, the right half one with a
pituitary tumour or without. Writes the pictures, list.csv and findings.onnx into FOLDER.
"""

import csv
import random
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from torch import nn
from torchvision.transforms.functional import pil_to_tensor, rgb_to_grayscale

FINDINGS = ["glioma", "pituitary"]
SIDE = 112
COUNTS = {"train": 600, "test": 200}


def make_pictures(data, out):
    """Rows of the list: path, split, and 0 or 1 for each finding."""
    random.seed(0)
    rows = []
    for split, source in (("train", data / "Training"), ("test", data / "Testing")):
        scans = {name: sorted((source / name).glob("*.jpg")) for name in [*FINDINGS, "notumor"]}
        (out / split).mkdir(parents=True)
        for index in range(COUNTS[split]):
            picture = Image.new("L", (SIDE, SIDE))
            row = {"path": f"{split}/{index:04}.png", "split": split}
            for half, finding in enumerate(FINDINGS):
                row[finding] = int(random.random() < 0.5)
                scan = Image.open(random.choice(scans[finding if row[finding] else "notumor"]))
                picture.paste(scan.convert("L").resize((SIDE // 2, SIDE)), (half * SIDE // 2, 0))
            picture.save(out / row["path"])
            rows.append(row)
    with open(out / "list.csv", "w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    return rows


def arrays(rows, split, out):
    """Images [N, 1, h, w] in [-1, 1] and findings [N, 2]."""
    rows = [row for row in rows if row["split"] == split]
    # As torchvision's ImageFolder and Grayscale, which mitsume follows.
    pixels = [pil_to_tensor(Image.open(out / row["path"]).convert("RGB")) for row in rows]
    images = rgb_to_grayscale(torch.stack(pixels)).float() / 255
    labels = torch.tensor([[row[finding] for finding in FINDINGS] for row in rows])
    return (images - 0.5) / 0.5, labels.float()


def network():
    layers = []
    for before, after in ((1, 16), (16, 32), (32, 64), (64, 64)):
        convolution = nn.Conv2d(before, after, 3, padding=1)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    features = nn.Sequential(*layers[:-1])
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, len(FINDINGS)))
    return features, head


def train(model, images, labels):
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(12):
        for batch in torch.randperm(len(images)).split(32):
            loss = nn.functional.binary_cross_entropy_with_logits(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def grad_cam(features, head, image, finding):
    """The map of a finding at the last ReLU, from 0 to 1."""
    activations = features(image[None]).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(head(activations)[0, finding], activations)
    cam = torch.relu((gradient.mean((2, 3), keepdim=True) * activations).sum(1))[0]
    cam = cam - cam.min()
    return (cam / (cam.max() + 1e-8)).detach().double().numpy()


def main():
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    rows = make_pictures(data, out)
    torch.manual_seed(0)
    features, head = network()
    model = nn.Sequential(features, head)
    train(model, *arrays(rows, "train", out))
    model.eval()
    images, labels = arrays(rows, "test", out)
    axes = {"image": {0: "n"}, "probabilities": {0: "n"}}
    torch.onnx.export(
        nn.Sequential(model, nn.Sigmoid()).eval(), (images[:1],), str(out / "findings.onnx"), dynamo=False,
        input_names=["image"], output_names=["probabilities"], dynamic_axes=axes, opset_version=17,
    )
    with torch.no_grad():
        probabilities = torch.sigmoid(model(images).double()).numpy()
    truth = labels.numpy()
    found = (probabilities >= 0.5) & (truth == 1)
    for k, finding in enumerate(FINDINGS):
        maps = np.stack([grad_cam(features, head, images[i], k) for i in np.flatnonzero(found[:, k])])
        print(
            f"{finding}: AUC {roc_auc_score(truth[:, k], probabilities[:, k]):.6f}, "
            f"average precision {average_precision_score(truth[:, k], probabilities[:, k]):.6f}, "
            f"F1 {f1_score(truth[:, k], probabilities[:, k] >= 0.5):.6f}, {len(maps)} maps, "
            f"squared-l2 {((maps - maps.mean(0)) ** 2).mean((1, 2)).mean():.6f}"
        )


if __name__ == "__main__":
    main()

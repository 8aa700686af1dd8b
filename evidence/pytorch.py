"""Plain training of a level in PyTorch on the same images, as a control of the program: is a difference from the published
runs of the program's making, or of the images'?

    python evidence/pytorch.py --data chest-xray --level 1 --seed 0 DATA > evidence/control/chest-xray-level1-seed0.csv

DATA holds brain-tumor-mri/ and chest-xray/, as for run.sh. Writes a table of epochs as `mitsume analyze` reads it, a row after
every epoch: kappa and the consistency of the published code (`l2`) on the validation images. Needs torch 2.15, torchvision
0.29, numpy and Pillow; images are held in memory. Settings are those of experiment-1.toml.
"""

import argparse
import pathlib
import sys

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from torchvision.transforms import v2

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "benches"))
from levels import build  # noqa: E402

SPLITS = {"brain-tumor-mri": ("Training", "Testing"), "chest-xray": ("train", "test")}


def read(folder):
    """Images as uint8 [N, 1, 224, 224], luma weights of the published transforms, and labels by class folder."""
    images, labels = [], []
    for label, name in enumerate(sorted(path.name for path in folder.iterdir() if path.is_dir())):
        for path in sorted((folder / name).iterdir()):
            rgb = torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)
            grey = v2.functional.rgb_to_grayscale(rgb)
            images.append(v2.functional.resize(grey, [224, 224], antialias=True))
            labels.append(label)
    return torch.stack(images), torch.tensor(labels)


def normalise(images):
    return (images.float() / 255 - 0.5) / 0.5


def kappa(labels, predictions, classes):
    confusion = torch.zeros(classes, classes, dtype=torch.float64)
    confusion.index_put_((labels, predictions), torch.ones(len(labels), dtype=torch.float64), accumulate=True)
    confusion /= confusion.sum()
    agreed, chance = confusion.trace(), confusion.sum(0) @ confusion.sum(1)
    return ((agreed - chance) / (1 - chance)).item() if chance < 1 else 0.0


def evaluate(trunk, head, images, labels, classes):
    """Validation loss, kappa, and the `l2` form of the consistency over the correctly classified images."""
    trunk.eval(), head.eval()
    losses, predictions, maps = [], [], []
    for begin in range(0, len(images), 32):
        batch, own = normalise(images[begin:begin + 32]), labels[begin:begin + 32]
        with torch.no_grad():
            features = trunk(batch)
        features.requires_grad_()
        logits = head(features)
        (gradient,) = torch.autograd.grad(logits.gather(1, own[:, None]).sum(), features)
        raw = F.relu((gradient.mean((2, 3), keepdim=True) * features).sum(1)).detach()
        low, high = raw.amin((1, 2), keepdim=True), raw.amax((1, 2), keepdim=True)
        maps.append((raw - low) / (high - low + 1e-8))
        losses.append(F.cross_entropy(logits, own, reduction="sum").item())
        predictions.append(logits.argmax(1))
    predictions, maps = torch.cat(predictions), torch.cat(maps)
    deviations = []
    for label in range(classes):
        own = maps[(labels == label) & (predictions == label)]
        if len(own) >= 2:
            deviations.append((own - own.mean(0)).square().sum((1, 2)).sqrt() / own[0].numel())
    consistency = torch.cat(deviations).mean().item() if deviations else ""
    return sum(losses) / len(images), kappa(labels, predictions, classes), consistency


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=SPLITS, required=True)
    parser.add_argument("--level", type=int, choices=range(1, 6), required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int)
    parser.add_argument("folder", type=pathlib.Path, metavar="DATA")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    train, valid = (read(args.folder / args.data / split) for split in SPLITS[args.data])
    classes = int(train[1].max()) + 1
    trunk, head = build(args.level, 1, classes)
    trunk = trunk.to(memory_format=torch.channels_last)
    augment = v2.Compose([
        v2.RandomHorizontalFlip(0.5),
        v2.RandomResizedCrop(224, scale=(0.9, 1.0), ratio=(3 / 4, 4 / 3), antialias=True),
    ])
    optimiser = torch.optim.Adam([*trunk.parameters(), *head.parameters()], lr=1e-4)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.1, patience=5)
    print("dataset,run,seed,model,epoch,kappa,consistency", flush=True)
    for epoch in range(1, args.epochs + 1):
        trunk.train(), head.train()
        for chosen in torch.randperm(len(train[0])).split(32):
            batch = normalise(torch.stack([augment(train[0][index]) for index in chosen]))
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(head(trunk(batch.contiguous(memory_format=torch.channels_last))), train[1][chosen]).backward()
            optimiser.step()
        loss, score, consistency = evaluate(trunk, head, *valid, classes)
        plateau.step(loss)
        print(f"{args.data},pytorch,{args.seed},level{args.level},{epoch},{score},{consistency}", flush=True)


if __name__ == "__main__":
    main()

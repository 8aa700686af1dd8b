"""Evaluation in PyTorch, timed: the peer of `mitsume bench eval`.

Accuracy, Cohen's kappa, cross-entropy and both consistencies of random images in memory, in two ways:

hooks   as it is usually done: class by class in batches of 16, a forward pass to find the correct images, a second one
        and a full backward pass with hooks on the target layer, all CAMs kept.
single  as fast as one would write it by hand: batch norm folded into the convolutions, one forward pass without
        autograd, only the head differentiated, class means in one pass over the maps.

As in a trained network, (nearly) all images count as correct: labels are taken as the predictions where an untrained one
would have to be right. Prints one JSON object.
"""

import argparse
import json
import resource
import time

import torch
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from levels import build

CLASSES = 4


def normalised(alpha, features):
    """Eq. 1 and 2: ReLU of the weighted sum, to [0, 1] per image."""
    raw = F.relu((alpha * features).sum(1))
    low, high = raw.amin((1, 2), keepdim=True), raw.amax((1, 2), keepdim=True)
    return (raw - low) / (high - low + 1e-8)


def consistencies(cams, labels):
    """Eq. 9 and 10 in both forms, over all images."""
    squares, roots, pixels = [], [], cams[0].numel()
    for c in range(CLASSES):
        own = cams[labels == c]
        if len(own) > 1:
            square = (own - own.mean(0)).square().sum((1, 2))
            squares.append(square / pixels)
            roots.append(square.sqrt() / pixels)
    return torch.cat(squares).mean().item(), torch.cat(roots).mean().item()


def kappa(labels, predictions):
    table = torch.bincount(labels * CLASSES + predictions, minlength=CLASSES**2).view(CLASSES, CLASSES).double()
    n = table.sum()
    agreed, chance = table.diagonal().sum() / n, (table.sum(0) * table.sum(1)).sum() / n**2
    return ((agreed - chance) / (1 - chance)).item()


def with_hooks(trunk, head, images, labels):
    held = {}
    handles = [
        trunk.register_forward_hook(lambda m, i, out: held.update(activations=out.detach())),
        trunk.register_full_backward_hook(lambda m, gi, go: held.update(gradients=go[0].detach())),
    ]
    all_cams, all_labels, all_logits = [], [], []
    for c in range(CLASSES):
        own = images[labels == c]
        for batch in own.split(16):
            with torch.no_grad():
                logits = head(trunk(batch))
            all_logits.append(logits)
            correct = batch  # all of them, see above
            logits = head(trunk(correct))
            logits[:, c].sum().backward()
            alpha = held["gradients"].mean((2, 3), keepdim=True)
            all_cams.append(normalised(alpha, held["activations"]))
            all_labels.append(torch.full((len(batch),), c))
            for module in (trunk, head):
                module.zero_grad(set_to_none=True)
    for handle in handles:
        handle.remove()
    labels, logits = torch.cat(all_labels), torch.cat(all_logits)
    return summary(logits, labels, torch.cat(all_cams))


def single_pass(trunk, head, images, labels, batch_size):
    cams, all_logits = [], []
    for batch, classes in zip(images.split(batch_size), labels.split(batch_size)):
        with torch.no_grad():
            features = trunk(batch)
        features.requires_grad_()
        with torch.enable_grad():
            logits = head(features)
            (gradient,) = torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), features)
        cams.append(normalised(gradient.mean((2, 3), keepdim=True), features.detach()))
        all_logits.append(logits.detach())
    return summary(torch.cat(all_logits), labels, torch.cat(cams))


def summary(logits, labels, cams):
    predictions = logits.argmax(1)
    accuracy = (predictions == labels).float().mean().item()
    loss = F.cross_entropy(logits, labels).item()
    return accuracy, kappa(labels, predictions), loss, consistencies(cams, labels)


def fold(module):
    """Folds every batch norm that follows a convolution in a Sequential."""
    names = list(module._modules)
    for first, second in zip(names, names[1:]):
        a, b = module._modules[first], module._modules[second]
        if isinstance(a, torch.nn.Conv2d) and isinstance(b, torch.nn.BatchNorm2d):
            module._modules[first] = fuse_conv_bn_eval(a, b)
            module._modules[second] = torch.nn.Identity()
    for child in module.children():
        fold(child)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", type=int, choices=range(1, 6), required=True)
    parser.add_argument("--way", choices=["hooks", "single"], required=True)
    parser.add_argument("--layout", choices=["contiguous", "channels_last"], default="channels_last")
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeats", type=int, default=2)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    trunk, head = build(args.level, 1, CLASSES)
    trunk.eval(), head.eval()
    images = torch.rand(args.images, 1, args.size, args.size) * 2 - 1
    labels = torch.arange(args.images) % CLASSES
    if args.way == "single":
        fold(trunk)
    if args.layout == "channels_last":
        trunk = trunk.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    run = with_hooks if args.way == "hooks" else lambda *a: single_pass(*a, args.batch)
    run(trunk, head, images[:32], labels[:32])
    times = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        run(trunk, head, images, labels)
        times.append(time.perf_counter() - start)
    print(json.dumps({
        "level": args.level, "way": args.way, "layout": args.layout, "images": args.images,
        "seconds": min(times), "images_per_second": args.images / min(times),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "torch": torch.__version__, "threads": torch.get_num_threads(),
    }))


if __name__ == "__main__":
    main()

"""A training step of a level in PyTorch, timed: the peer of `mitsume bench step`.

Prints one JSON object with the keys of `mitsume bench step --json`, plus `layout`. Written for speed as one
would write it by hand in PyTorch: the CAM loss takes alpha from one `autograd.grad` of the summed class scores
with respect to the hooked feature map. With `--precision bfloat16` forward pass and head run under autocast, the loss in float32.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch.nn import functional as F

from levels import build


class CamLoss:
    """Eq. 11-17 with the class EMA as reference: `published` (l2, alpha held constant) or `thesis` (squared, alpha in the graph)."""

    def __init__(self, preset):
        self.full = preset == "thesis"
        self.ema = {}

    def __call__(self, features, logits, labels):
        scores = logits.gather(1, labels[:, None]).sum()
        (gradient,) = torch.autograd.grad(scores, features, create_graph=self.full, retain_graph=True)
        alpha = gradient.float().mean((2, 3), keepdim=True)
        raw = F.relu((alpha * features.float()).sum(1))
        low = raw.amin((1, 2), keepdim=True)
        cam = (raw - low) / (raw.amax((1, 2), keepdim=True) - low + 1e-8)
        correct = logits.argmax(1) == labels
        deviations = []
        for c in labels.unique().tolist():
            own = cam[correct & (labels == c)]
            if len(own) < 2:
                continue
            mean = own.detach().mean(0)
            self.ema[c] = 0.9 * self.ema[c] + 0.1 * mean if c in self.ema else mean
            square = (own - self.ema[c]).square().sum((1, 2))
            deviations.append((square if self.full else square.sqrt()) / own[0].numel())
        return torch.cat(deviations).mean() if deviations else logits.sum() * 0


def step_times(args, layout):
    torch.manual_seed(0)
    trunk, head = build(args.level, args.channels, 4)
    images = torch.rand(args.batch, args.channels, args.size, args.size) * 2 - 1
    labels = torch.arange(args.batch) % 4
    if layout == "channels_last":
        trunk = trunk.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    trunk.train(), head.train()
    optimiser = torch.optim.Adam([*trunk.parameters(), *head.parameters()], lr=1e-4)
    cam_loss = CamLoss(args.preset)
    times = []
    for _ in range(args.warmup + args.steps):
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bfloat16"):
            features = trunk(images)
            logits = head(features)
        logits = logits.float()
        loss = F.cross_entropy(logits, labels)
        if args.loss == "cam":
            loss = loss + 50.0 * cam_loss(features, logits, labels)
        loss.backward()
        optimiser.step()
        loss.item()
        times.append(time.perf_counter() - start)
    return times[args.warmup:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", type=int, choices=range(1, 6), required=True)
    parser.add_argument("--loss", choices=["ce", "cam"], default="ce")
    parser.add_argument("--preset", choices=["published", "thesis"], default="published")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--layout", choices=["contiguous", "channels_last"], default="channels_last")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=1)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    seconds = statistics.median(step_times(args, args.layout))
    print(json.dumps({
        "level": args.level, "loss": args.loss, "batch": args.batch, "layout": args.layout,
        "precision": args.precision,
        "seconds_per_step": seconds, "images_per_second": args.batch / seconds,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "torch": torch.__version__, "threads": torch.get_num_threads(),
    }))


if __name__ == "__main__":
    main()

"""Time of a PyTorch training step with the consistency loss over one without, in turns.

    python python/benches/torch_step.py [--model resnet18] [--batch 32] [--rounds 15] [--threads 2]
"""

import argparse
import statistics
import time

import torch
import torchvision
from torch.nn.functional import cross_entropy

from mitsume.torch import CamRecorder, ConsistencyLoss

LAYERS = {"resnet18": "layer4", "resnet50": "layer4", "mobilenet_v2": "features", "densenet121": "features.norm5"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=LAYERS, default="resnet18")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = getattr(torchvision.models, arguments.model)(num_classes=4).train()
    head = next(m for m in reversed(list(model.modules())) if isinstance(m, torch.nn.Linear))
    images = torch.rand(arguments.batch, 3, arguments.size, arguments.size)
    labels = torch.arange(arguments.batch) % 4
    ways = {
        "without": None,
        "detached": {"alpha": "detached"},
        "detached, head=": {"alpha": "detached", "head": head},
        "full": {"alpha": "full"},
        "full, head=": {"alpha": "full", "head": head},
    }
    optimizers = {name: torch.optim.Adam(model.parameters(), lr=0) for name in ways}

    def step(name):
        options = ways[name]
        optimizers[name].zero_grad()
        if options is None:
            cross_entropy(model(images), labels).backward()
        else:
            with CamRecorder(model, LAYERS[arguments.model]) as recorder:
                logits = model(images)
                maps = recorder.maps(logits, labels, **options)
            # The labels as predictions: every image counts.
            loss = cross_entropy(logits, labels) + 50 * losses[name](maps, labels, labels)
            loss.backward()
        optimizers[name].step()

    losses = {name: ConsistencyLoss(4) for name in ways}
    times = {name: [] for name in ways}
    for round_ in range(arguments.rounds + 1):
        for name in ways:
            start = time.perf_counter()
            step(name)
            if round_ > 0:
                times[name].append(time.perf_counter() - start)
    base = statistics.median(times["without"])
    print(f"{arguments.model}, batch {arguments.batch}, {arguments.threads} threads, torch {torch.__version__}")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"  {name:16} {middle:7.3f} s   {middle / base:5.3f}")


if __name__ == "__main__":
    main()

"""Time and memory of the metric against the same formula in numpy and PyTorch, in turns.

    python python/benches/metric.py [--rounds 7] [--threads 2]

Each computes class means over correct images, every image's squared-l2 deviation, and the average.
"""

import argparse
import resource
import statistics
import time

import numpy as np

import mitsume


# Of one way in a round, one after the other.
CALLS = 5
# Seconds before these.
WARM_UP = 0.1


def in_numpy(cams, labels, predictions):
    correct = labels == predictions
    total = 0.0
    for k in np.unique(labels[correct]):
        chosen = cams[correct & (labels == k)].astype(np.float64)
        total += ((chosen - chosen.mean(axis=0)) ** 2).mean(axis=(1, 2)).sum()
    return total / correct.sum()


def in_torch(torch, cams, labels, predictions):
    cams, labels, predictions = (torch.from_numpy(a) for a in (cams, labels, predictions))
    correct = labels == predictions
    total = 0.0
    for k in torch.unique(labels[correct]):
        chosen = cams[correct & (labels == k)].double()
        total += ((chosen - chosen.mean(dim=0)) ** 2).mean(dim=(1, 2)).sum().item()
    return total / correct.sum().item()


def streamed(cams, labels, predictions, batch=64):
    metric = mitsume.GazeConsistency(int(labels.max()) + 1)
    for at in range(0, len(labels), batch):
        part = slice(at, at + batch)
        metric.update(cams[part], labels[part], predictions[part])
    return metric.compute().value


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    ways = {
        "mitsume": lambda *a: mitsume.consistency(*a, measures="none").value,
        "mitsume, with chance correction": lambda *a: mitsume.consistency(*a).value,
        "mitsume, streaming": streamed,
        "numpy": in_numpy,
    }
    try:
        import torch

        torch.set_num_threads(arguments.threads)
        ways["torch"] = lambda *a: in_torch(torch, *a)
    except ImportError:
        print("torch is not installed; compared with numpy only")
    for n, size, classes in ((20_000, 7, 10), (2_000, 112, 10)):
        draw = np.random.default_rng(0)
        cams = draw.random((n, size, size), dtype=np.float32)
        labels = draw.integers(0, classes, n)
        predictions = np.where(draw.random(n) < 0.8, labels, (labels + 1) % classes)
        times = {name: [] for name in ways}
        values = {}
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                # Threads of the library before wait busily for a while. A processor that was idle is slow at first: the
                # same time of calls that do not count for each, not the same number of calls.
                time.sleep(0.3)
                start = time.perf_counter()
                while time.perf_counter() - start < WARM_UP:
                    way(cams, labels, predictions)
                for _ in range(CALLS):
                    start = time.perf_counter()
                    values[name] = way(cams, labels, predictions)
                    times[name].append(time.perf_counter() - start)
        reference = values["numpy"]
        base = statistics.median(times["numpy"])
        print(f"\n{n} maps of {size}x{size}, {classes} classes: median of {arguments.rounds} times {CALLS}")
        for name, seconds in times.items():
            middle = statistics.median(seconds)
            assert abs(values[name] / reference - 1) < 1e-9, (name, values[name], reference)
            print(f"  {name:32} {1e3 * middle:8.2f} ms   numpy / this {base / middle:5.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of all: {peak:.0f} MB; the maps of 112x112 alone: {2000 * 112 * 112 * 4 / 2**20:.0f} MB")


if __name__ == "__main__":
    main()

"""The table of ratios from the JSON lines that run.sh collects."""

import json
import math
import sys

import torch
import time

# Multiplications and additions of a training step's convolutions at batch 32 and 224x224, done directly, in 1e9.
GFLOP = {1: 12, 2: 136, 3: 417, 4: 136, 5: 1663}


def sgemm_peak(n=2048, repeats=8):
    a, b = torch.rand(n, n), torch.rand(n, n)
    best = math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best * 1e-9


def main():
    cells = {}
    for line in open(sys.argv[1]):
        record = json.loads(line)
        key = (record["level"], record["loss"])
        name = "peer" if "layout" in record else "own"
        held = cells.setdefault(key, {}).get(name)
        if held is None or record["seconds_per_step"] < held["seconds_per_step"]:
            cells[key][name] = record
    print(f"sgemm peak {sgemm_peak():.0f} GFLOP/s on {torch.get_num_threads()} threads\n")
    print("| level | loss | PyTorch (layout) | mitsume | ratio | direct GFLOP/s | peak memory ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    ratios = []
    for (level, loss), cell in sorted(cells.items(), key=lambda c: (c[0][0], c[0][1] == "cam")):
        if len(cell) < 2:
            continue
        peer, own = cell["peer"], cell["own"]
        ratio = peer["seconds_per_step"] / own["seconds_per_step"]
        ratios.append(ratio)
        work = GFLOP[level] * own["batch"] / 32
        print(
            f"| {level} | {loss} | {peer['seconds_per_step']:.3f} s ({peer['layout']}) | {own['seconds_per_step']:.3f} s "
            f"| {ratio:.2f} | {work / own['seconds_per_step']:.0f} "
            f"| {own['peak_rss_bytes'] / peer['peak_rss_bytes']:.2f} |"
        )
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan
    print(f"\ngeometric mean of the ratios: {mean:.2f}, lowest {min(ratios, default=math.nan):.2f}")


if __name__ == "__main__":
    main()

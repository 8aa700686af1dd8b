"""The table of ratios from the JSON lines that run.sh collects."""

import json
import math
import sys
import time

import torch

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


def best(records, seconds):
    return min(records, key=lambda r: r[seconds], default=None)


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def steps(records):
    print("| level | loss | PyTorch (layout) | mitsume | ratio | direct GFLOP/s | faults per step | peak memory ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    ratios = []
    for level, loss in [(level, loss) for level in GFLOP for loss in ("ce", "cam")]:
        cell = [r for r in records if r["level"] == level and r["loss"] == loss]
        peer = best([r for r in cell if "layout" in r], "seconds_per_step")
        own = best([r for r in cell if "layout" not in r], "seconds_per_step")
        if not peer or not own:
            continue
        ratios.append(peer["seconds_per_step"] / own["seconds_per_step"])
        work = GFLOP[level] * own["batch"] / 32 * (own["size"] / 224) ** 2
        faults = own["page_faults_per_step"]
        print(
            f"| {level} | {loss} | {peer['seconds_per_step']:.3f} s ({peer['layout']}) | {own['seconds_per_step']:.3f} s "
            f"| {ratios[-1]:.2f} | {work / own['seconds_per_step']:.0f} | {'' if faults is None else round(faults)} "
            f"| {own['peak_rss_bytes'] / peer['peak_rss_bytes']:.2f} |"
        )
    print(f"\ngeometric mean of the ratios: {mean(ratios):.2f}, lowest {min(ratios, default=math.nan):.2f}")


def bfloat16_steps(records):
    print("| level | loss | PyTorch bfloat16 (layout) | mitsume bfloat16 | ratio | mitsume float32 | over float32 | peak memory | of PyTorch's |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    ratios, gains = [], []
    for level, loss in [(level, loss) for level in GFLOP for loss in ("ce", "cam")]:
        cell = [r for r in records if r["level"] == level and r["loss"] == loss]
        peer = best([r for r in cell if "layout" in r], "seconds_per_step")
        own = [best([r for r in cell if "layout" not in r and r["precision"] == p], "seconds_per_step") for p in ("bfloat16", "float32")]
        if not peer or not all(own):
            continue
        half, full = own
        ratios.append(peer["seconds_per_step"] / half["seconds_per_step"])
        gains.append(full["seconds_per_step"] / half["seconds_per_step"])
        print(
            f"| {level} | {loss} | {peer['seconds_per_step']:.3f} s ({peer['layout']}) | {half['seconds_per_step']:.3f} s "
            f"| {ratios[-1]:.2f} | {full['seconds_per_step']:.3f} s | {gains[-1]:.2f} "
            f"| {half['peak_rss_bytes'] / 2**20:.0f} MiB | {half['peak_rss_bytes'] / peer['peak_rss_bytes']:.2f} |"
        )
    print(f"\ngeometric means: {mean(ratios):.2f} over PyTorch, {mean(gains):.2f} over float32")


def evaluations(records):
    print("images per second\n\n| level | hooks | single pass (layout) | mitsume | over hooks | over single pass |")
    print("| --- | --- | --- | --- | --- | --- |")
    over = {"hooks": [], "single": []}
    for level in GFLOP:
        cell = [r for r in records if r["level"] == level]
        peers = {way: best([r for r in cell if r.get("way") == way], "seconds") for way in over}
        own = best([r for r in cell if "way" not in r], "seconds")
        if not own or not all(peers.values()):
            continue
        for way, peer in peers.items():
            over[way].append(own["images_per_second"] / peer["images_per_second"])
        print(
            f"| {level} | {peers['hooks']['images_per_second']:.1f} | {peers['single']['images_per_second']:.1f} "
            f"({peers['single']['layout']}) | {own['images_per_second']:.1f} | {over['hooks'][-1]:.1f} | {over['single'][-1]:.2f} |"
        )
    print(f"\ngeometric means: {mean(over['hooks']):.1f} over hooks, {mean(over['single']):.2f} over a single pass")


def main():
    records = [json.loads(line) for line in open(sys.argv[1])]
    print(f"sgemm peak {sgemm_peak():.0f} GFLOP/s on {torch.get_num_threads()} threads\n")
    if "seconds_per_step" not in records[0]:
        return evaluations(records)
    is_half = any(r["precision"] == "bfloat16" for r in records)
    (bfloat16_steps if is_half else steps)(records)


if __name__ == "__main__":
    main()

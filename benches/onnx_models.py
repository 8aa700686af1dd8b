"""Training steps of well-known classifiers as ONNX files, beside PyTorch, in turns.

    benches/onnx_models.py [--mitsume PROGRAM] [--models resnet18,vit_tiny] [--rounds N] [--batch N] [--size PIXELS]
                           [--threads N] [--cam]

Needs torch, torchvision and onnx. Weights are random, stochastic depth is 0 (dropout stays), Adam as in training. PyTorch runs
in both memory layouts and the faster counts; each number is the best of the rounds, each round the median of three steps after two.
With --cam also a step with the consistency loss, whose cost is printed as a share of the step without.
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODELS = ["resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "densenet121", "convnext_tiny", "vit_tiny"]
LAYOUTS = ["channels_last", "contiguous"]


def build(name, size):
    from torchvision import models

    if name == "vit_tiny":
        return models.VisionTransformer(size, 16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768)
    without_depth = {"stochastic_depth_prob": 0.0} if name.startswith(("efficientnet", "convnext")) else {}
    return getattr(models, name)(weights=None, **without_depth)


def export(name, size, path):
    import torch

    # The fused attention of PyTorch in evaluation cannot be exported in training mode.
    mode = torch.onnx.TrainingMode
    torch.onnx.export(
        build(name, size).train(), torch.zeros(2, 3, size, size), path, opset_version=17, dynamo=False,
        training=mode.TRAINING, do_constant_folding=False, input_names=["images"], output_names=["logits"],
        dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
    )


def pytorch_step(args):
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = build(args.peer, args.size).train()
    images = torch.rand(args.batch, 3, args.size, args.size) * 2 - 1
    labels = torch.arange(args.batch) % 4
    if args.layout == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
        loss.item()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds_per_step": statistics.median(times[2:]), "peak_rss_bytes": peak, "layout": args.layout}))


def measured(command):
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)


def best(records):
    return min(records, key=lambda record: record["seconds_per_step"])


def measure(args, name, path):
    """The best of PyTorch, of mitsume, and of mitsume with the consistency loss."""
    sizes = ["--batch", str(args.batch), "--size", str(args.size), "--threads", str(args.threads)]
    own = [args.mitsume, "bench", "step", "--model", str(path), "--json", "--repeats", "3", *sizes]
    peers, steps, cams = [], [], []
    for _ in range(args.rounds):
        for layout in LAYOUTS:
            peers.append(measured([sys.executable, __file__, "--peer", name, "--layout", layout, *sizes]))
        steps.append(measured(own))
        if args.cam:
            cams.append(measured([*own, "--loss", "cam", "--alpha", "full"]))
    return best(peers), best(steps), best(cams) if cams else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mitsume", default=str(Path(__file__).parent.parent / "target/release/mitsume"))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cam", action="store_true")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--layout", choices=LAYOUTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return pytorch_step(args)
    print("| model | PyTorch (layout) | mitsume | ratio | peak memory ratio | CAM loss |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.models.split(","):
            path = Path(folder) / f"{name}.onnx"
            export(name, args.size, path)
            peer, own, cam = measure(args, name, path)
            ratios.append(peer["seconds_per_step"] / own["seconds_per_step"])
            cost = f"{100 * (cam['seconds_per_step'] / own['seconds_per_step'] - 1):+.1f} %" if cam else ""
            print(
                f"| {name} | {peer['seconds_per_step']:.3f} s ({peer['layout']}) | {own['seconds_per_step']:.3f} s "
                f"| {ratios[-1]:.2f} | {own['peak_rss_bytes'] / peer['peak_rss_bytes']:.2f} | {cost} |",
                flush=True,
            )
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"\ngeometric mean of the ratios: {mean:.2f}, lowest {min(ratios):.2f}")


if __name__ == "__main__":
    main()

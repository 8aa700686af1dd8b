"""Models that mitsume trained, back in PyTorch and in ONNX Runtime."""

import os
import subprocess

import numpy as np
import onnxruntime
import small
import torch
from lively import pictures
from safetensors.torch import load_file

PROGRAM = "target/release/mitsume"
CONFIG = """
[data]
train = "data/Training"
valid = "data/Testing"
image_size = {side}
[data.preprocessing]
preset = "imagenet"
[model]
name = "{name}.onnx"
{more}
[train]
epochs = 2
learning_rate = 0.003
batch_size = 8
[consistency]
preset = "published"
lambda_max = 50
t0 = 1
t1 = 2
"""


def handback(directory, program):
    """Trains six architectures and compares logits of the trained weights. Returns the exit code."""
    from training import MODELS, export, no_randomness

    program = os.path.abspath(program)
    os.makedirs(directory, exist_ok=True)
    small.CLASSES = 4
    run([program, "data", "synth", "data", "--train", "12", "--test", "4", "--size", str(small.SIDE)], directory)
    failed = []
    for name, (make, exporter) in MODELS.items():
        torch.manual_seed(0)
        model = make()
        no_randomness(model)
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.02 * torch.randn_like(p))
        model.train()
        export(model, pictures(2, small.SIDE, seed=1), os.path.join(directory, f"{name}.onnx"), exporter)
        more = "token_grid = [4, 4]" if name == "vision-transformer" else ""
        with open(os.path.join(directory, f"{name}.toml"), "w") as config:
            config.write(CONFIG.format(name=name, side=small.SIDE, more=more))
        run([program, "train", "--config", f"{name}.toml", "--out", f"{name}-run", "-q"], directory)
        folder = os.path.join(directory, f"{name}-run")
        state = load_file(os.path.join(folder, "weights.safetensors"))
        before = model.state_dict()
        moved = max((state[k] - v).abs().max().item() for k, v in before.items() if v.dtype == torch.float32)
        model.load_state_dict(state)
        model.eval()
        images = pictures(8, small.SIDE, seed=7)
        with torch.no_grad():
            expected = model(images).numpy()
        session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"), providers=["CPUExecutionProvider"])
        logits = session.run(["logits"], {"images": images.numpy()})[0]
        off = np.abs(logits - expected).max() / np.abs(expected).max()
        print(f"{name}: weights moved by up to {moved:.3g}; logits of ONNX Runtime and PyTorch differ by {off:.1e}")
        if off > 1e-4 or moved < 1e-3:
            failed.append(name)
    print("failed: " + ", ".join(failed) if failed else "all agree")
    return 1 if failed else 0


def run(command, directory):
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)

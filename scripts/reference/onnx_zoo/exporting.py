"""Exports by both of PyTorch's exporters."""

import logging
import os
import time
import warnings

import torch
from building import build
from safetensors.torch import save_file

KINDS = ("torchscript", "dynamo")


def export(directory, names):
    """NAME.safetensors with images and logits, NAME-torchscript.onnx and NAME-dynamo.onnx. What is there is kept."""
    os.makedirs(directory, exist_ok=True)
    failed = []
    for name in names:
        started = time.monotonic()
        paths = {kind: os.path.join(directory, f"{name}-{kind}.onnx") for kind in KINDS}
        done = lambda path: os.path.exists(path) or os.path.exists(path + ".failed")
        if all(done(path) for path in paths.values()) and os.path.exists(os.path.join(directory, f"{name}.safetensors")):
            continue
        try:
            model, images = build(name)
            save_file(reference(model, images), os.path.join(directory, f"{name}.safetensors"))
        except Exception as error:
            failed.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
            continue
        for kind, path in paths.items():
            if done(path):
                continue
            try:
                write(model, images, kind, path)
            except Exception as error:
                reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
                with open(path + ".failed", "w", encoding="utf-8") as file:
                    file.write(reason)
                failed.append(f"{name} {kind}: {reason}")
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    print("not exported:", *(failed or ["nothing"]), sep="\n- ")
    return 0


@torch.no_grad()
def reference(model, images):
    """Logits in float64, and how far PyTorch's in float32 are from them: some networks amplify rounding."""
    single = model(images)
    exact = model.double()(images.double())
    model.float()
    rounding = (single - exact).abs().max() / max(1.0, float(exact.abs().max()))
    return {"images": images, "logits": exact.float(), "rounding": rounding.float().reshape(1)}


def write(model, images, kind, path):
    logging.disable(logging.CRITICAL)
    temporary = path + ".part"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "dynamo":
            # What torch.onnx.export does if nothing is said: one image, the newest exporter.
            torch.onnx.export(model, (images[:1],), temporary, dynamo=True, external_data=False, verbose=False)
        else:
            axes = {"images": {0: "n"}, "logits": {0: "n"}}
            torch.onnx.export(
                model, (images,), temporary, opset_version=17, dynamo=False, dynamic_axes=axes,
                input_names=["images"], output_names=["logits"],
            )  # fmt: skip
    os.replace(temporary, path)

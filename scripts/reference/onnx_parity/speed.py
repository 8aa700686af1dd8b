"""Seconds per batch and per image on this machine, with as many threads each."""

import json
import os
import shlex
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime
import pytorch_grad_cam as cams
import torch
from PIL import Image
from torchvision.transforms.functional import normalize, to_tensor

from exporting import build, save_onnx
from lively import pictures

PROGRAM = "cargo run --release -q -p mitsume-engine --example onnx_speed --"
ARCHITECTURES = ("resnet18", "mobilenet_v2")
RUNS, WARM_UP = 7, 2
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def speed(program, batch, only, threads, maps):
    """Prints the table, of the architectures `only`, without Grad-CAM unless `maps`. Returns the exit code: 1 if the
    program failed."""
    torch.set_num_threads(threads)
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    code = 0
    print(f"threads: {threads}, batches of {batch}, median of {RUNS} runs after {WARM_UP}; onnxruntime")
    print(f"{onnxruntime.__version__}, torch {torch.__version__}. pytorch-grad-cam reads, decodes and scales images")
    print("from a folder; without: from memory.\n")
    print("| model | what | mitsume-onnx | other | ratio |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for architecture in only or ARCHITECTURES:
            subject, samples = build(architecture)
            side = samples.shape[-1]
            files = save_pictures(folder, 2 * batch, side) if maps else None
            images = pictures(batch, side, seed=3)
            path = os.path.join(folder, f"{architecture}.onnx")
            save_onnx(path, subject.model, images[:2], "torchscript", 17, False)
            code |= rows(program, subject, path, images, files)
    return code


def rows(program, subject, path, images, files):
    """Prints the rows of one model; those of Grad-CAM where there are `files`."""
    batch = len(images)
    try:
        ours = run(program, path, batch, subject.grid or (), files is not None)
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        print(f"{subject.architecture}: {getattr(error, 'stderr', None) or error}")
        ours = {}
    inference, consistency = ours.get("inference_seconds"), ours.get("consistency_seconds")
    row(subject, f"onnxruntime, a batch of {batch}", inference, runtime(path, images))
    if files is None:
        return 0 if ours else 1
    per_image = consistency and consistency / batch
    row(subject, "pytorch-grad-cam's GradCAM, an image, from a folder", per_image, over_folder(subject, files, batch))
    row(subject, "the same, from memory", per_image, in_memory(subject, images) / batch)
    return 0 if ours else 1


def row(subject, what, ours, other):
    ours, ratio = (f"{ours * 1000:.1f} ms", f"{ours / other:.2f}") if ours else ("-", "-")
    print(f"| {subject.architecture} | {what} | {ours} | {other * 1000:.1f} ms | {ratio} |", flush=True)


def run(program, path, batch, grid, maps):
    """The program's JSON, which is the last line it prints."""
    options = () if maps else ("--no-maps",)
    command = [*shlex.split(program), *options, path, str(batch), *map(str, grid)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return json.loads(printed[printed.index("{") :])


def median(what):
    """Seconds of a call."""
    seconds = []
    for _ in range(WARM_UP + RUNS):
        start = time.monotonic()
        what()
        seconds.append(time.monotonic() - start)
    return statistics.median(seconds[WARM_UP:])


def runtime(path, images):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return median(lambda: session.run(None, {"images": images.numpy()}))


def grad_cam(subject):
    reshape = None if subject.layout == "nchw" else subject.channels_first
    return cams.GradCAM(subject.model, [subject.layer], reshape_transform=reshape)


def in_memory(subject, images):
    with grad_cam(subject) as cam:
        return median(lambda: cam(images, None))


def over_folder(subject, files, batch):
    """Seconds per image: reading, scaling to the network's space, and the map at the image's size."""
    with grad_cam(subject) as cam:

        def folder():
            for start in range(0, len(files), batch):
                read = [np.asarray(Image.open(file).convert("RGB")) for file in files[start : start + batch]]
                cam(torch.stack([normalize(to_tensor(image.copy()), MEAN, DEVIATION) for image in read]), None)

        return median(folder) / len(files)


def save_pictures(folder, count, side):
    files = []
    for i, image in enumerate(pictures(count, side, seed=4)):
        bytes_ = ((image.permute(1, 2, 0) * 0.25 + 0.5).clamp(0, 1) * 255).byte().numpy()
        files.append(os.path.join(folder, f"{i:03}.png"))
        Image.fromarray(bytes_).save(files[-1])
    return files

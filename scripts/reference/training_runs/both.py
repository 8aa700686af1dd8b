"""A run of mitsume, and the same steps in PyTorch."""

import copy
import csv
import os
import shutil
import subprocess
from dataclasses import dataclass, field

import torch
from safetensors.torch import load_file
from torch import nn

from data import MEAN, SIDE, STD

PROGRAM = "target/release/mitsume"
CONFIG = """
[data]
train = "{train}"
valid = "{valid}"
image_size = {side}
augment = false
preprocessing = {{ mean = {mean}, std = {std} }}
[model]
name = "{model}"
[train]
epochs = {epochs}
batch_size = {batch}
seed = {seed}
{more}
[evaluation]
measures = false
"""


@dataclass
class Settings:
    """What both do."""

    epochs: int
    batch: int
    # The keys of [train], and the optimiser of these parameters.
    keys: str
    optimizer: object
    # Epochs after which weights and running statistics are looked at, beside the end.
    first: int | None = None
    seed: int = 5
    # The learning rates' schedule of an optimiser, stepped after each epoch; with `watches` by the validation loss.
    scheduler: object = None
    watches: bool = False


@dataclass
class Result:
    losses: list = field(default_factory=list)
    # Of each epoch.
    rates: list = field(default_factory=list)
    first: dict = field(default_factory=dict)
    state: dict = field(default_factory=dict)


def mitsume(folder, model, splits, settings):
    """Runs `mitsume train` anew in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    train, valid = splits
    text = CONFIG.format(
        train=train.folder, valid=valid.folder, side=SIDE, mean=MEAN, std=STD, model=os.path.abspath(model),
        epochs=settings.epochs, batch=settings.batch, seed=settings.seed, more=settings.keys,
    )  # fmt: skip
    config = folder + ".toml"
    with open(config, "w") as file:
        file.write(text)
    weights, epochs = os.path.join(folder, "weights.safetensors"), "train.epochs="
    begin = ["--set", f"{epochs}{settings.first}"] if settings.first else []
    subprocess.run([PROGRAM, "train", "--config", config, "--out", folder, "-q", *begin], check=True)
    result = Result(first=load_file(weights))
    if settings.first:
        subprocess.run([PROGRAM, "train", "--resume", folder, "-q", "--set", f"{epochs}{settings.epochs}"], check=True)
    result.state = load_file(weights)
    with open(os.path.join(folder, "steps.csv")) as file:
        result.losses = [float(row["loss"]) for row in csv.DictReader(file)]
    with open(os.path.join(folder, "epochs.csv")) as file:
        result.rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    return result


def pytorch(model, splits, settings, dtype):
    """The same with PyTorch, in float32 or float64."""
    model = copy.deepcopy(model).to(dtype).train()
    train, valid = splits
    optimizer = settings.optimizer(model.parameters())
    scheduler = settings.scheduler and settings.scheduler(optimizer)
    result = Result()
    for epoch, batches in enumerate(train.epochs(settings.seed, settings.epochs, settings.batch), 1):
        result.rates.append(optimizer.param_groups[0]["lr"])
        for images, labels in batches:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images.to(dtype)), labels)
            loss.backward()
            optimizer.step()
            result.losses.append(loss.item())
        if scheduler:
            scheduler.step(*([validation_loss(model, valid, dtype)] if settings.watches else []))
        if epoch == settings.first:
            result.first = copy.deepcopy(model.state_dict())
    result.state = model.state_dict()
    return result


@torch.no_grad()
def validation_loss(model, valid, dtype):
    loss = nn.functional.cross_entropy(model.eval()(valid.images.to(dtype)), valid.labels).item()
    model.train()
    return loss

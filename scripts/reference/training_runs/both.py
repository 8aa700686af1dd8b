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
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

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
    # The keys of [train].
    keys: str
    optimizer: object = None
    # Of (optimizer): what to step after each epoch, and whether it takes the validation loss.
    schedule: object = None
    evaluate_every: int = 1
    average: float | None = None
    # Epochs after which weights and running statistics are looked at, beside the end.
    first: int | None = None
    seed: int = 5


@dataclass
class Result:
    losses: list = field(default_factory=list)
    rates: list = field(default_factory=list)
    # Of the evaluated epochs, by epoch.
    valid: dict = field(default_factory=dict)
    first: dict = field(default_factory=dict)
    state: dict = field(default_factory=dict)


def mitsume(folder, model, splits, settings):
    """Runs `mitsume train` anew in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    train, valid = splits
    more = settings.keys
    if settings.evaluate_every != 1:
        more += f"\nevaluate_every = {settings.evaluate_every}"
    if settings.average:
        more += f"\nweight_average = {settings.average}"
    text = CONFIG.format(
        train=train.folder, valid=valid.folder, side=SIDE, mean=MEAN, std=STD, model=os.path.abspath(model),
        epochs=settings.epochs, batch=settings.batch, seed=settings.seed, more=more,
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
        for row in csv.DictReader(file):
            result.rates.append(float(row["learning_rate"]))
            if row["val_loss"]:
                result.valid[int(row["epoch"])] = float(row["val_loss"])
    return result


def pytorch(model, splits, settings, dtype):
    """The same with PyTorch, in float32 or float64."""
    model = copy.deepcopy(model).to(dtype).train()
    train, valid = splits
    optimizer = settings.optimizer(model.parameters())
    scheduler = settings.schedule(optimizer) if settings.schedule else None
    averaged = None
    if settings.average:
        averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings.average), use_buffers=True)
    result = Result()
    for epoch, batches in enumerate(train.epochs(settings.seed, settings.epochs, settings.batch), 1):
        result.rates.append(optimizer.param_groups[0]["lr"])
        for images, labels in batches:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images.to(dtype)), labels)
            loss.backward()
            optimizer.step()
            if averaged:
                averaged.update_parameters(model)
            result.losses.append(loss.item())
        evaluated = averaged.module if averaged else model
        if epoch == settings.first:
            result.first = copy.deepcopy(evaluated.state_dict())
        if epoch % settings.evaluate_every == 0 or epoch == settings.epochs:
            result.valid[epoch] = validation_loss(evaluated, valid, dtype)
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            if epoch in result.valid:
                scheduler.step(result.valid[epoch])
        elif scheduler:
            scheduler.step()
    result.state = evaluated.state_dict()
    return result


@torch.no_grad()
def validation_loss(model, valid, dtype):
    model.eval()
    loss = nn.functional.cross_entropy(model(valid.images.to(dtype)), valid.labels).item()
    model.train()
    return loss

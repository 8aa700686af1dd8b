"""Losses and learning rates of PyTorch for the options of `[train]`, as JSON.

    python scripts/reference/training.py > crates/mitsume-engine/src/train/reference/training.json

Makes the numbers that `cargo test -p mitsume-engine pytorch` compares with. The committed ones are of PyTorch 2.15.

Ten steps of level 2 (4 classes, 1 channel, 32x32 images, batch 16, no dropout) on weights and images from an integer
hash, in float64: what differs is our float32. `settings` is what `mitsume train --set` is told for the same.
"""

import json

import numpy as np
import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

SIZE, BATCH, STEPS = 32, 16, 10
LABELS = [0, 0, 1, 0, 2, 0, 3, 1, 0, 2, 0, 0, 1, 3, 0, 2]
WEIGHTS = [0.5, 1.5, 2.0, 1.0]
HEAD = 4


def hash01(n, stream):
    with np.errstate(over="ignore"):
        h = np.arange(n, dtype=np.uint32) * np.uint32(2654435761) + np.uint32((stream + 1) * 2246822519 % 2**32)
        h ^= h >> np.uint32(15)
        h *= np.uint32(2246822519)
        h ^= h >> np.uint32(13)
        h *= np.uint32(3266489917)
        h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**32


def level2():
    layers, channels = [], 1
    for width in [32, 64, 128, 256]:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if width < 256 else []
        channels = width
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 4)]
    return nn.ModuleDict({"features": nn.Sequential(*layers), "classifier": nn.Sequential(*head)})


@torch.no_grad()
def hashed(model):
    for stream, (name, entry) in enumerate(model.state_dict().items()):
        if entry.dim() == 4:
            high = (6 / entry[0].numel()) ** 0.5
            low = -high
        elif entry.dim() == 2:
            high = 4 / entry.shape[1] ** 0.5
            low = -high
        elif name.endswith("weight"):
            low, high = 0.8, 1.2
        elif name.endswith("bias"):
            low, high = -0.1, 0.1
        else:
            continue
        values = (low + (high - low) * hash01(entry.numel(), stream)).astype(np.float32)
        entry.copy_(torch.from_numpy(values).reshape(entry.shape))
    return model.double()


def images(step):
    values = (2 * hash01(BATCH * SIZE * SIZE, 1000 + step) - 1).astype(np.float32)
    return torch.from_numpy(values).double().reshape(BATCH, 1, SIZE, SIZE)


def groups(model, weight_decay, vectors_decay, head_rate=None):
    if head_rate:
        parts = [("features", {}), ("classifier", {"lr": head_rate})]
        return [{"params": model[name].parameters(), "weight_decay": weight_decay, **lr} for name, lr in parts]
    if vectors_decay:
        return [{"params": model.parameters(), "weight_decay": weight_decay}]
    split = {True: [], False: []}
    for parameter in model.parameters():
        split[parameter.dim() == 1].append(parameter)
    return [{"params": split[False], "weight_decay": weight_decay}, {"params": split[True], "weight_decay": 0.0}]


def divisor(criterion, labels):
    """What `criterion` divides the sum of these images' losses by."""
    return len(labels) if criterion.weight is None else criterion.weight[labels].sum().item()


def losses(make_optimizer, criterion, clip, batch, **group_options):
    model = hashed(level2()).train()
    optimizer = make_optimizer(groups(model, **group_options))
    labels, rows = torch.tensor(LABELS), []
    for step in range(STEPS):
        optimizer.zero_grad()
        shown, total = images(step), 0.0
        for first in range(0, BATCH, batch):
            some = slice(first, first + batch)
            loss = criterion(model["classifier"](model["features"](shown[some])), labels[some])
            loss = loss * (divisor(criterion, labels[some]) / divisor(criterion, labels))
            loss.backward()
            total += loss.item()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        rows.append(total)
    return rows


def trajectory(
    name, settings, optimizer, criterion=None, clip=None, weight_decay=0.0, vectors_decay=True, batch=BATCH, head_rate=None
):
    criterion = criterion or nn.CrossEntropyLoss()
    options = {"weight_decay": weight_decay, "vectors_decay": vectors_decay, "head_rate": head_rate}
    rows = losses(optimizer, criterion, clip, batch, **options)
    return {"name": name, "settings": settings, "losses": rows}


def trajectories():
    adam = lambda groups: torch.optim.Adam(groups, lr=2e-4)
    adamw = lambda groups: torch.optim.AdamW(groups, lr=2e-4)
    sgd = lambda **options: lambda groups: torch.optim.SGD(groups, lr=0.005, **options)
    a, w, s = (["learning_rate=2e-4"], ["optimizer=adamw", "learning_rate=2e-4"], ["optimizer=sgd", "learning_rate=0.005"])
    balanced = [len(LABELS) / (4 * LABELS.count(k)) for k in range(4)]
    weights = lambda values, **more: nn.CrossEntropyLoss(weight=torch.tensor(values, dtype=torch.float64), **more)
    numbers = "class_weights=" + json.dumps(WEIGHTS)
    return [
        trajectory("adam", a, adam),
        trajectory("adam with weight decay", a + ["weight_decay=0.1"], adam, weight_decay=0.1),
        trajectory("adamw", w, adamw, weight_decay=0.01),
        trajectory("adamw with weight decay", w + ["weight_decay=100"], adamw, weight_decay=100.0),
        trajectory("adamw with weight decay but on vectors", w + ["weight_decay=100", "decay_norms_and_biases=false"],
                   adamw, weight_decay=100.0, vectors_decay=False),
        trajectory("sgd", s, sgd(momentum=0.9)),
        trajectory("sgd without momentum", s + ["momentum=0"], sgd()),
        trajectory("sgd with nesterov", s + ["nesterov=true"], sgd(momentum=0.9, nesterov=True)),
        trajectory("sgd with weight decay", s + ["weight_decay=2"], sgd(momentum=0.9), weight_decay=2.0),
        trajectory("sgd with weight decay but on vectors", s + ["weight_decay=2", "decay_norms_and_biases=false"],
                   sgd(momentum=0.9), weight_decay=2.0, vectors_decay=False),
        trajectory("adam with another rate of the head", a + ["head_learning_rate=2e-3"], adam, head_rate=2e-3),
        trajectory("sgd with another rate of the head", s + ["head_learning_rate=5e-4", "weight_decay=2"],
                   sgd(momentum=0.9), weight_decay=2.0, head_rate=5e-4),
        trajectory("clipping", s + ["clip_norm=0.5"], sgd(momentum=0.9), clip=0.5),
        trajectory("label smoothing", s + ["label_smoothing=0.2"], sgd(momentum=0.9),
                   nn.CrossEntropyLoss(label_smoothing=0.2)),
        trajectory("class weights", s + [numbers], sgd(momentum=0.9), weights(WEIGHTS)),
        trajectory("balanced class weights", s + ["class_weights=balanced"], sgd(momentum=0.9), weights(balanced)),
        trajectory("class weights and label smoothing", s + [numbers, "label_smoothing=0.2"], sgd(momentum=0.9),
                   weights(WEIGHTS, label_smoothing=0.2)),
        trajectory("accumulation", s + ["batch_size=6", "accumulate=3"], sgd(momentum=0.9), batch=6),
        trajectory("accumulation with class weights and clipping",
                   s + ["batch_size=6", "accumulate=3", numbers, "label_smoothing=0.2", "clip_norm=0.5"],
                   sgd(momentum=0.9), weights(WEIGHTS, label_smoothing=0.2), clip=0.5, batch=6),
    ]


def average(decay):
    """Losses in evaluation, of the images of the first step, of the moving average after each step of SGD, beside those of
    the average with the model's running statistics and of the model itself, which have to differ."""
    model, labels = hashed(level2()).train(), torch.tensor(LABELS)
    averages = [AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=both) for both in [True, False]]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9)
    rows = {"losses": [], "statistics_copied": [], "not_averaged": []}
    for step in range(STEPS):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model["classifier"](model["features"](images(step))), labels).backward()
        optimizer.step()
        for found, averaged in zip(rows.values(), [*averages, None]):
            if averaged:
                averaged.update_parameters(model)
            evaluated = averaged.module if averaged else model
            with torch.no_grad():
                logits = evaluated.eval()["classifier"](evaluated["features"](images(0)))
            found.append(nn.functional.cross_entropy(logits, labels).item())
            evaluated.train()
    return {"settings": ["optimizer=sgd", "learning_rate=0.005", f"weight_average={decay}"], **rows}


def rates(name, settings, epochs, lr, warmup, make):
    """Learning rates of `epochs` epochs, and of a head that has HEAD times as much; the scheduler follows `warmup` epochs of
    a linear one."""
    some = lambda: [torch.zeros(1, requires_grad=True)]
    optimizer = torch.optim.SGD([{"params": some()}, {"params": some(), "lr": HEAD * lr}], lr=lr)
    scheduler = make(optimizer)
    if warmup:
        linear = lr_scheduler.LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
        scheduler = lr_scheduler.SequentialLR(optimizer, [linear, scheduler], milestones=[warmup])
    found, head = [], []
    for _ in range(epochs):
        for row, group in zip([found, head], optimizer.param_groups):
            row.append(group["lr"])
        optimizer.step()
        scheduler.step()
    settings = settings + [f"epochs={epochs}", f"learning_rate={lr}", f"warmup_epochs={warmup}"]
    settings += [f"head_learning_rate={HEAD * lr}"]
    return {"name": name, "settings": settings, "rates": found, "head_rates": head}


def schedules():
    rows = []
    for warmup in [0, 1, 4]:
        cosine = lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20 - warmup, eta_min=1e-4)
        step = lambda o: lr_scheduler.StepLR(o, step_size=3, gamma=0.5)
        constant = lambda o: lr_scheduler.ConstantLR(o, factor=1.0)
        rows += [
            rates("cosine", ["schedule=cosine", "min_learning_rate=1e-4"], 20, 0.1, warmup, cosine),
            rates("step", ["schedule=step", "step_size=3", "gamma=0.5"], 20, 0.1, warmup, step),
            rates("constant", ["schedule=constant"], 20, 0.1, warmup, constant),
        ]
    return rows


averages = [average(decay) for decay in [0.4, 0.9]]
found = {"labels": LABELS, "trajectories": trajectories(), "averages": averages, "schedules": schedules()}
print(json.dumps(found, indent=1))

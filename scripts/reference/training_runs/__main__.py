"""Training by `mitsume train` beside PyTorch, from the same weights on the same batches, as a Markdown table.

    python scripts/reference/training_runs DIR

scripts/test-training.sh builds what it needs, and calls it. DIR gets images, ONNX files and runs. Ten steps of Adam of six networks
(64x64 images of 4 classes, batches of 16): the loss of each step, and the running statistics of batch norms after the second and
the last. Then SGD and AdamW with each schedule.

What is exact is PyTorch in float64. PyTorch's own float32 leaves it by what rounding does to these steps. mitsume may be 1e-4 away,
or TIMES as far as PyTorch's float32 has been up to that step: rounding differs from one order of sums to another.

requirements: torch torchvision onnx onnxscript safetensors numpy pillow
made with:    torch 2.15.0, torchvision 0.29.2
"""

import itertools
import os
import sys

import torch
from torch import optim
from torch.optim import lr_scheduler

from both import Settings, mitsume, pytorch
from data import Split
from networks import NETWORKS, export

LOSS, STATISTIC, TIMES = 1e-4, 1e-4, 4
BATCH = 16
# Small: what a step of Adam does to a weight whose gradient is nearly 0 is rounding's, and as large as the learning rate.
ADAM = 1e-5
# Of a network without batch norms, whose losses rounding does not take apart.
SGD, ADAMW = 1e-2, 5e-4
OPTIMIZERS = [
    ("SGD", f'optimizer = "sgd"\nlearning_rate = {SGD}\nmomentum = 0.9\nweight_decay = 1e-3',
     lambda p: optim.SGD(p, lr=SGD, momentum=0.9, weight_decay=1e-3)),
    ("AdamW", f'optimizer = "adamw"\nlearning_rate = {ADAMW}\nweight_decay = 0.05',
     lambda p: optim.AdamW(p, lr=ADAMW, weight_decay=0.05)),
]  # fmt: skip
# The improvement that a plateau asks for is PyTorch's default, so a patience of 0 meets one within the run.
SCHEDULES = [
    ("plateau", "plateau = { factor = 0.5, patience = 0 }", lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=0)),
    ("cosine", "min_learning_rate = 1e-5", lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=8, eta_min=1e-5)),
    ("step", "step_size = 3\ngamma = 0.3", lambda o: lr_scheduler.StepLR(o, step_size=3, gamma=0.3)),
    ("constant", "warmup_epochs = 3", lambda o: lr_scheduler.LinearLR(o, start_factor=0.25, total_iters=3)),
]  # fmt: skip
# Images of each class: two steps an epoch, and what is validated.
SPLITS = {"train": 8, "valid": 6}


def apart(ours, exact):
    return [abs(a - b) for a, b in zip(ours, exact, strict=True)]


def drifts(ours, single, exact, limit):
    """The largest distances of `ours` and of `single` from `exact`, and whether ours are within what is allowed."""
    own, rounding = apart(ours, exact), apart(single, exact)
    allowed = [max(limit, TIMES * max(rounding[: step + 1])) for step in range(len(own))]
    return max(own), max(rounding), all(a <= b for a, b in zip(own, allowed))


def statistics(ours, single, exact):
    """The largest distances of a running statistic, as a share of the largest in its tensor; none without batch norms."""
    names = [name for name in exact if "running" in name]
    if not names:
        return None
    largest = lambda state: max(
        ((state[name].double() - exact[name]).abs().max() / exact[name].abs().max()).item() for name in names
    )
    return largest(ours), largest(single)


def three(model, path, folder, splits, settings):
    """The run of mitsume, and PyTorch's in float32 and float64."""
    single, exact = (pytorch(model, splits, settings, dtype) for dtype in [torch.float32, torch.float64])
    return mitsume(folder, path, splits, settings), single, exact


def networks(folder, splits):
    """Ten steps of Adam of each, two an epoch. Returns what is wrong."""
    failed = []
    print("| network | loss, first and last | steps to 1e-4 | loss | PyTorch float32 "
          "| statistics, step 2 | PyTorch float32 | step 10 | PyTorch float32 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for name in NETWORKS:
        path = os.path.join(folder, name.replace("/", "-") + ".onnx")
        model = export(name, path)
        adam = Settings(5, BATCH, f"learning_rate = {ADAM}", lambda p: optim.Adam(p, lr=ADAM), first=1)
        ours, single, exact = three(model, path, path[: -len(".onnx")], splits, adam)
        assert len(ours.losses) == len(exact.losses) == 10
        own, rounding, right = drifts(ours.losses, single.losses, exact.losses, LOSS)
        close = next((n for n, d in enumerate(apart(ours.losses, exact.losses)) if d > LOSS), 10)
        if not right or close == 0:
            failed.append(f"{name}: losses {ours.losses}, PyTorch {exact.losses}")
        cells = []
        for part in [lambda r: r.first, lambda r: r.state]:
            found = statistics(*(part(r) for r in [ours, single, exact]))
            cells += [f"{value:.1e}" for value in found] if found else ["–", "–"]
            if found and found[0] > max(STATISTIC, TIMES * found[1]):
                failed.append(f"{name}: running statistics {found}")
        row = [name, f"{exact.losses[0]:.3f}, {exact.losses[-1]:.3f}", str(close), f"{own:.1e}", f"{rounding:.1e}", *cells]
        print("| " + " | ".join(row) + " |", flush=True)
    return failed


def schedules(folder, splits):
    """SGD and AdamW with each schedule, 8 epochs of two steps of a network without batch norms. Returns what is wrong."""
    failed = []
    print("\n| optimiser | schedule | learning rates of the epochs | loss, first and last | loss | PyTorch float32 |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    path = os.path.join(folder, "ViT-Ti-16.onnx")
    model = export("ViT-Ti/16", path)
    for (optimizer, keys, make), (schedule, more, scheduler) in itertools.product(OPTIMIZERS, SCHEDULES):
        watches = schedule == "plateau"
        settings = Settings(8, BATCH, f'{keys}\nschedule = "{schedule}"\n{more}', make, scheduler=scheduler, watches=watches)
        ours, single, exact = three(model, path, os.path.join(folder, f"{optimizer}-{schedule}"), splits, settings)
        assert len(ours.losses) == len(exact.losses) == 16 and len(ours.rates) == 8
        own, rounding, right = drifts(ours.losses, single.losses, exact.losses, LOSS)
        # The same numbers added up in another order, as decimals of 17 digits.
        same = all(abs(a - b) <= 1e-12 for a, b in zip(ours.rates, exact.rates, strict=True))
        if not right or not same or len(set(exact.rates)) == 1:
            failed.append(f"{optimizer}, {schedule}: losses {ours.losses}, PyTorch {exact.losses}; rates {ours.rates}, {exact.rates}")
        rates = " ".join(f"{rate:.3g}" for rate in ours.rates)
        print(f"| {optimizer} | {schedule} | {rates} | {exact.losses[0]:.3f}, {exact.losses[-1]:.3f} | {own:.1e} | {rounding:.1e} |",
              flush=True)
    return failed


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    splits = [Split(os.path.join(folder, name), n, seed) for seed, (name, n) in enumerate(SPLITS.items(), 1)]
    failed = networks(folder, splits) + schedules(folder, splits)
    print("\nfurther away than rounding takes it:" if failed else "", *failed, sep="\n- " if failed else "")
    sys.exit(1 if failed else 0)


main()

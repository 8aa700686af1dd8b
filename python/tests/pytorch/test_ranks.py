"""Two processes with unequal batches against one with the joined batch, over several steps."""

import os

import numpy as np
import pytest

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import mitsume
from mitsume.torch import ConsistencyLoss
from mitsume.torch.metric import GazeConsistencyMetric

#: Class 1 has one image per rank and class 3 a single one; the sixth image is wrong.
LABELS = torch.tensor([0, 0, 2, 2, 1, 0, 2, 1, 3, 0])
PREDICTIONS = torch.tensor([0, 0, 2, 2, 1, 3, 2, 1, 3, 0])
PARTS = [slice(0, 7), slice(7, 10)]
CHOICES = [(d, r) for d in ("squared-l2", "l2") for r in ("ema", "batch")]
STEPS = 3


def inputs(step):
    draw = torch.Generator().manual_seed(step)
    return torch.rand(10, 6, 4, generator=draw, dtype=torch.float64)


def steps(part, choice, ranks):
    """Per step the loss and the gradient of the shared weight; then the reference maps.

    Maps are sigmoids of weight times input. DistributedDataParallel's mean over the ranks is taken
    here by hand."""
    loss = ConsistencyLoss(4, distance=choice[0], reference=choice[1]).double()
    weight = torch.linspace(-2, 2, 24, dtype=torch.float64).reshape(6, 4).requires_grad_()
    found = []
    for step in range(STEPS):
        maps = torch.sigmoid(weight * inputs(step)[part])
        value = loss(maps, LABELS[part], PREDICTIONS[part])
        (gradient,) = torch.autograd.grad(value, weight)
        if ranks > 1:
            dist.all_reduce(gradient)
        found.append((value.item(), (gradient / ranks).numpy()))
    return found, loss.reference_maps.numpy(), loss.has_reference.tolist()


def metric_value(part):
    metric = GazeConsistencyMetric(4, (6, 4))
    for step in range(STEPS):
        metric.update(inputs(step)[part], LABELS[part], PREDICTIONS[part])
    return metric.compute().item()


def process(rank, file, results):
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    results[rank] = ([steps(PARTS[rank], choice, 2) for choice in CHOICES], metric_value(PARTS[rank]))
    dist.destroy_process_group()


def test_ranks_with_unequal_batches_are_one_batch(tmp_path):
    """In float64, sums in another order. Classes reach two images only over both ranks."""
    with mp.Manager() as manager:
        results = manager.dict()
        mp.spawn(process, (str(tmp_path / "rendezvous"), results), nprocs=2)
        found = [results[rank] for rank in range(2)]
    joined = [steps(slice(None), choice, 1) for choice in CHOICES]
    # Neither rank alone has this value: else the test would show nothing.
    for part in PARTS:
        assert steps(part, CHOICES[0], 1)[0][0][0] != pytest.approx(joined[0][0][0][0], rel=1e-3)
    for of_rank, _ in found:
        for (values, maps, present), (expected, expected_maps, expected_present) in zip(
            of_rank, joined, strict=True
        ):
            for (value, gradient), (expected_value, expected_gradient) in zip(values, expected, strict=True):
                assert value == pytest.approx(expected_value, rel=1e-12)
                np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-9, atol=1e-14)
            np.testing.assert_allclose(maps, expected_maps, rtol=1e-12)
            assert present == expected_present
    every = [a for step in range(STEPS) for a in inputs(step).numpy()]
    score = mitsume.consistency(
        np.stack(every), np.tile(LABELS.numpy(), STEPS), np.tile(PREDICTIONS.numpy(), STEPS)
    )
    assert [value for _, value in found] == pytest.approx([score.value] * 2, rel=1e-9)

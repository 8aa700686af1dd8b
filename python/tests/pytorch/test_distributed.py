"""Two processes against one with the joined batch."""

import os
import socket

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

from mitsume.torch import CamRecorder, ConsistencyLoss
from published import images, level_1


def step(model, network, pixels, labels, reference, alpha):
    loss = ConsistencyLoss(4, reference=reference, alpha=alpha)
    with CamRecorder(model, "features.4") as recorder:
        logits = model(pixels)
        maps = recorder.maps(logits, labels, alpha=alpha)
    # The labels are given as predictions: every image counts.
    value = loss(maps, labels, labels)
    # DistributedDataParallel waits for a gradient of every parameter.
    (torch.nn.functional.cross_entropy(logits, labels) + 50 * value).backward()
    return value.detach(), [p.grad.clone() for p in network.parameters()]


def process(rank, port, reference, alpha, results):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    network = level_1()
    model = DistributedDataParallel(network)
    part = slice(5 * rank, 5 * rank + 5)
    results[rank] = step(model, network, images(10)[part], LABELS[part], reference, alpha)
    dist.destroy_process_group()


LABELS = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 0, 0])


@pytest.mark.parametrize(("reference", "alpha"), [("ema", "detached"), ("batch", "full")])
def test_two_processes_have_the_loss_and_gradients_of_one(reference, alpha):
    """Float32 sums in another order."""
    network = level_1()
    expected = step(network, network, images(10), LABELS, reference, alpha)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with mp.Manager() as manager:
        results = manager.dict()
        mp.spawn(process, (port, reference, alpha, results), nprocs=2)
        found = [results[rank] for rank in range(2)]
    for value, gradients in found:
        torch.testing.assert_close(value, expected[0], rtol=1e-5, atol=1e-8)
        assert len(gradients) == len(expected[1])
        for one, other in zip(gradients, expected[1]):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-7)

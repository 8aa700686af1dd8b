"""The metric for torchmetrics and Lightning against that on arrays."""

import pickle

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import mitsume
from mitsume.torch import CamRecorder
from mitsume.torch.lightning import GazeConsistencyCallback
from mitsume.torch.metric import GazeConsistencyMetric
from published import images, level_1


def tensors(batch):
    return tuple(torch.from_numpy(np.ascontiguousarray(a)) for a in batch.arrays)


def test_batches_give_the_metric_on_arrays(batch):
    """Float64 sums of squares in place of squares of differences."""
    expected = mitsume.consistency(*batch.arrays)
    metric = GazeConsistencyMetric(4, (7, 5))
    for at in range(0, 60, 13):
        metric.update(*(a[at : at + 13] for a in tensors(batch)))
    assert metric.compute().item() == pytest.approx(expected.value, rel=1e-9)
    np.testing.assert_allclose(metric.per_class(), expected.per_class, rtol=1e-9)
    np.testing.assert_allclose(metric.mean_maps(), expected.mean_maps, rtol=1e-9)
    assert pickle.loads(pickle.dumps(metric)).compute() == metric.compute()
    metric.reset()
    assert metric.counts.sum() == 0


def test_states_of_ranks_are_summed(batch):
    """As torchmetrics reduces them."""
    parts = [GazeConsistencyMetric(4, (7, 5)) for _ in range(2)]
    for part, at in zip(parts, (slice(0, 25), slice(25, 60))):
        part.update(*(a[at] for a in tensors(batch)))
    joined = GazeConsistencyMetric(4, (7, 5))
    for name, reduce in joined._reductions.items():
        setattr(joined, name, reduce(torch.stack([getattr(part, name) for part in parts])))
    expected = mitsume.consistency(*batch.arrays).value
    assert joined.compute().item() == pytest.approx(expected, rel=1e-9)


def test_what_does_not_fit_is_refused(batch):
    metric = GazeConsistencyMetric(4, (7, 5))
    maps, labels, predictions = tensors(batch)
    for words, arrays in [
        ("maps: shape", (maps[:, 1:], labels, predictions)),
        ("maps: a value", (maps / 0 - maps / 0, labels, predictions)),
        ("labels", (maps, labels + 4, predictions)),
    ]:
        with pytest.raises(ValueError, match=words):
            metric.update(*arrays)


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.network = level_1()

    def forward(self, x):
        return self.network(x)

    def training_step(self, batch, _):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch, _):
        self(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-6)


def test_the_callback_logs_the_consistency_of_the_validation_images(tmp_path):
    labels = torch.arange(16) % 4
    loader = DataLoader(TensorDataset(images(16), labels), batch_size=6)
    callback = GazeConsistencyCallback("network.features.4", num_classes=4)
    trainer = pl.Trainer(
        max_epochs=1, logger=False, enable_checkpointing=False, callbacks=[callback],
        default_root_dir=tmp_path, accelerator="cpu", enable_progress_bar=False,
    )
    module = Module()
    trainer.fit(module, loader, loader)
    logged = trainer.callback_metrics["val_gaze_consistency"].item()
    module.eval()
    with CamRecorder(module, "network.features.4") as recorder:
        logits = module(images(16))
        maps = recorder.maps(logits, labels)
    expected = mitsume.consistency(maps, labels, logits.argmax(1)).value
    assert logged == pytest.approx(expected, rel=1e-4)
    assert not any(m._forward_hooks for m in module.modules())

"""A callback for Lightning; needs ``pip install lightning torchmetrics``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as error:
    raise ImportError("mitsume.torch.lightning needs Lightning: pip install lightning") from error

from ._recorder import CamRecorder
from .metric import GazeConsistencyMetric


class GazeConsistencyCallback(Callback):
    """Logs the gaze consistency of the validation images after each validation.

    Each validation batch is run once more, with gradients, which maps need.

    Parameters
    ----------
    layer
        Whose maps are made: a name as in ``named_modules()``.
    num_classes
        K.
    unpack
        Images and labels of a batch; default its first two items.
    name
        Of the logged figure (default "val_gaze_consistency").
    recorder_options
        Of ``CamRecorder``: ``layout``, ``token_grid``.
    """

    def __init__(
        self,
        layer: str,
        num_classes: int,
        *,
        unpack: Callable[[Any], tuple[Tensor, Tensor]] | None = None,
        name: str = "val_gaze_consistency",
        **recorder_options: Any,
    ) -> None:
        self.layer, self.num_classes, self.name = layer, num_classes, name
        self.unpack = unpack or (lambda batch: (batch[0], batch[1]))
        self.recorder_options = recorder_options
        self.metric: GazeConsistencyMetric | None = None

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forgets the last validation."""
        if self.metric is not None:
            self.metric.reset()

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        """Makes the batch's maps and adds them."""
        images, labels = self.unpack(batch)
        # Lightning validates in inference mode, whose tensors have no gradients.
        with torch.inference_mode(False), torch.enable_grad():
            images, labels = images.clone(), labels.clone()
            with CamRecorder(pl_module, self.layer, **self.recorder_options) as recorder:
                logits = nn.Module.__call__(pl_module, images)
                maps = recorder.maps(logits, labels).detach()
            if self.metric is None:
                size = (maps.shape[1], maps.shape[2])
                self.metric = GazeConsistencyMetric(self.num_classes, size).to(maps.device)
            self.metric.update(maps, labels, logits.detach().argmax(1))

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the figure."""
        if self.metric is not None:
            with torch.inference_mode(False):
                value = self.metric.compute()
            pl_module.log(self.name, value.float(), rank_zero_only=False, sync_dist=False)

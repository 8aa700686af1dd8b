"""Training for consistency in PyTorch: the loss, maps that can be differentiated, and the metric.

>>> from mitsume.torch import CamRecorder, ConsistencyLoss, Curriculum
>>> consistency = ConsistencyLoss(num_classes=4)
>>> curriculum = Curriculum(lambda_max=50)
>>> with CamRecorder(model, "layer4") as recorder:
...     for images, labels in loader:
...         logits = model(images)
...         loss = cross_entropy(logits, labels)
...         if curriculum(epoch) != 0:
...             maps = recorder.maps(logits, labels, alpha=consistency.alpha)
...             loss = loss + curriculum(epoch) * consistency(maps, labels, logits.argmax(1))
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError('mitsume.torch needs PyTorch: pip install "mitsume[torch]"') from error

from ._curriculum import Curriculum
from ._loss import ConsistencyLoss
from ._maps import grad_cam, normalise
from ._recorder import CamRecorder

__all__ = ["CamRecorder", "ConsistencyLoss", "Curriculum", "grad_cam", "normalise"]

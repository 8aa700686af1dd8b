"""Where an image classifier looks, and whether it looks at the same place for the same class.

The functions work on arrays; the code behind them is the program's, which is also installed as the
command ``mitsume``.

>>> import numpy as np, mitsume
>>> cams = np.random.default_rng(0).random((100, 7, 7), dtype=np.float32)
>>> labels = np.arange(100) % 4
>>> result = mitsume.consistency(cams, labels, predictions=labels)
>>> result.value, result.chance_corrected
"""

from . import trust
from ._consistency import ConsistencyResult, consistency
from ._evaluate import Evaluation, MitsumeError, evaluate, report
from ._gaze_consistency import GazeConsistency
from ._mitsume import METHODS, __version__
from ._onnx import Explanation, Onnx

__all__ = [
    "METHODS",
    "ConsistencyResult",
    "Evaluation",
    "Explanation",
    "GazeConsistency",
    "MitsumeError",
    "Onnx",
    "__version__",
    "consistency",
    "evaluate",
    "report",
    "trust",
]

"""The weight of the consistency loss by epoch (Eq. 18)."""

from __future__ import annotations

import math


class Curriculum:
    """lambda by epoch: 0 before ``t0``, then linear up to ``lambda_max`` at ``t1``, then constant.

    Parameters
    ----------
    lambda_max
        May be negative (gaze diversity) or 0 (plain training).
    t0, t1
        Epochs, which count from 1 (defaults 2 and 10, the thesis'). ``t0 == t1`` is a step.
    """

    def __init__(self, lambda_max: float, t0: int = 2, t1: int = 10) -> None:
        if not math.isfinite(lambda_max):
            raise ValueError(f"lambda_max: {lambda_max}; a finite number is needed")
        for name, value in (("t0", t0), ("t1", t1)):
            if value != int(value) or value < 0:
                raise ValueError(f"{name}: {value}; an epoch, 0 or more, is needed")
        if t1 < t0:
            raise ValueError(f"t1: {t1} is before t0 = {t0}")
        self.lambda_max, self.t0, self.t1 = float(lambda_max), int(t0), int(t1)

    def __call__(self, epoch: int) -> float:
        """lambda in ``epoch``, the first being 1."""
        if epoch < 1:
            raise ValueError(f"epoch: {epoch}; epochs count from 1")
        if epoch >= self.t1:
            return self.lambda_max
        if epoch < self.t0:
            return 0.0
        return self.lambda_max * (epoch - self.t0) / (self.t1 - self.t0)

    def __repr__(self) -> str:
        return f"Curriculum(lambda_max={self.lambda_max:g}, t0={self.t0}, t1={self.t1})"

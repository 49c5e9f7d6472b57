"""The course of a minimization: its reports, and what they say as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradwire.tensors import Array

if TYPE_CHECKING:
    from gradwire.outcomes import Progress


class History(tuple["Progress", ...]):
    """All reports that came, in order; what they say of one thing is an array with an element for each.

    >>> result.history.loss.min(), result.history[-1].epoch
    """

    @property
    def step(self) -> Array:
        """Steps so far, integers."""
        return np.array([report.step for report in self], np.int64)

    @property
    def epoch(self) -> Array:
        """Epochs finished so far, integers."""
        return np.array([report.epoch for report in self], np.int64)

    @property
    def function_evaluations(self) -> Array:
        """Evaluations so far, integers."""
        return np.array([report.function_evaluations for report in self], np.int64)

    @property
    def skipped_steps(self) -> Array:
        """Steps left out so far because something was not finite, integers."""
        return np.array([report.skipped_steps for report in self], np.int64)

    @property
    def loss(self) -> Array:
        """Losses, in units of the loss."""
        return np.array([report.loss for report in self], np.float64)

    @property
    def validation_loss(self) -> Array:
        """Losses of held-out data, in units of the loss; NaN where there was none."""
        found = [report.validation_loss for report in self]
        return np.array([np.nan if loss is None else loss for loss in found], np.float64)

    @property
    def learning_rate(self) -> Array:
        """Learning rates; 0 for methods that have none."""
        return np.array([report.learning_rate for report in self], np.float64)

    @property
    def gradient_norm(self) -> Array:
        """2-norms of the gradient of all parameters."""
        return np.array([report.gradient_norm for report in self], np.float64)

    @property
    def parameter_norm(self) -> Array:
        """2-norms of all parameters."""
        return np.array([report.parameter_norm for report in self], np.float64)

    @property
    def seconds(self) -> Array:
        """Times since the start, in seconds."""
        return np.array([report.seconds for report in self], np.float64)

    @property
    def metrics(self) -> dict[str, Array]:
        """Metrics, by name; NaN where a report lacks one."""
        names = dict.fromkeys(name for report in self for name in report.metrics)
        return {name: np.array([report.metrics.get(name, np.nan) for report in self], np.float64) for name in names}

"""The pictures: errors of finite differences, and the course of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from gradwire import plotting
from gradwire.demo.data import Array
from gradwire.plotting.canvas import BLUE, GREEN, GREY, ORANGE, picture


class Curve(NamedTuple):
    """Errors of one method of finite differences.

    Attributes:
        steps: h over max(1, |x|), dimensionless.
        errors: greatest relative error of the gradient at each step, dimensionless.
        chosen: the error at the step that the service chooses by itself.
    """

    steps: Array
    errors: Array
    chosen: float


class Report(NamedTuple):
    """How far training was.

    Attributes:
        step: updates so far.
        loss: mean loss since the report before.
        learning_rate: learning rate of the last update.
        validation_loss: of held-out data; None: there are none.
    """

    step: int
    loss: float
    learning_rate: float
    validation_loss: float | None = None


def finite_differences(path: Path, curves: Mapping[str, Curve], complex_step: float) -> None:
    """Draw errors against step sizes, forward and central: truncation on the right, rounding on the left.

    Args:
        path: where the picture goes.
        curves: of forward and central differences, by these names.
        complex_step: error of the complex step.
    """
    with picture(path, (8.0, 5.2)) as figure:
        axes = figure.subplots()
        axes.set_title("Finite differences: truncation error against rounding error")
        levels = {name: curve.chosen for name, curve in curves.items()}
        for (name, curve), color in zip(curves.items(), (ORANGE, BLUE), strict=True):
            axes.loglog(curve.steps, curve.errors, color=color, label=name, marker="o", markersize=2.5)
            _level(axes, levels[name], f"{name}, step chosen by the service: {levels[name]:.0e}", color)
        _level(axes, complex_step, f"complex step: {complex_step:.0e}", GREEN)
        for name, steps, line in _guides(curves):
            axes.loglog(steps, line, color=GREY, linestyle="--", linewidth=1.0)
            below = (5, -11) if line[0] < line[-1] else (-32, -11)
            axes.annotate(name, (steps[5], line[5]), below, textcoords="offset points", color=GREY)
        axes.set_xlabel("step h over max(1, |x|)")
        axes.set_ylabel("greatest relative error of the gradient")
        axes.set_ylim(1e-17, 1e1)
        axes.legend(loc="upper center")


def _level(axes: Axes, height: float, note: str, color: str) -> None:
    """Draw a line at one error, with a note on the left."""
    axes.axhline(height, color=color, linestyle=":", linewidth=1.2)
    place = axes.get_yaxis_transform()
    axes.annotate(note, (0.01, height), (0, 3), xycoords=place, textcoords="offset points", color=color, fontsize=9)


def _guides(curves: Mapping[str, Curve]) -> Iterator[tuple[str, Array, Array]]:
    """Yield the slopes that theory gives, a little below the branch that each is for: name, steps, heights."""
    for label, name, middle, slope in (("∝ ε/h", "central", 1e-11, -1), ("∝ h", "forward", 1e-4, 1),
                                       ("∝ h²", "central", 2e-3, 2)):  # fmt: skip
        curve = curves[name]
        steps = middle * np.logspace(-1.5 / abs(slope), 1.5 / abs(slope), 11)
        height = curve.errors[np.argmin(np.abs(np.log(curve.steps / middle)))] / 5
        yield label, steps, np.asarray(height * (steps / middle) ** slope)


def training(path: Path, reports: Sequence[Report], least: float) -> None:
    """Draw the loss of training, the least loss that there is, and the learning rate on an axis of its own.

    Args:
        path: where the picture goes.
        reports: in order.
        least: the loss at the minimum.
    """
    title = "Mini-batch gradient descent with a reduced learning rate"
    plotting.training(reports, path, title=title, loss_label="loss, mean over an epoch", least=least)

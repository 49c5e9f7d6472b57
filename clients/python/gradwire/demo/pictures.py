"""The pictures: errors of finite differences, and the course of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gradwire.demo.data import Array

_BLUE, _ORANGE, _GREEN, _GREY = "#3b78b8", "#d9822b", "#3c8d5a", "#8a8a8a"
_STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


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
    """

    step: int
    loss: float
    learning_rate: float


def finite_differences(path: Path, curves: Mapping[str, Curve]) -> None:
    """Draw errors against step sizes, forward and central: truncation on the right, rounding on the left."""
    with _picture(path, (8.0, 5.0)) as axes:
        axes.set_title("Finite differences: truncation error against rounding error")
        for (name, curve), color in zip(curves.items(), (_ORANGE, _BLUE), strict=True):
            axes.loglog(curve.steps, curve.errors, color=color, label=name, marker="o", markersize=2.5)
            axes.axhline(curve.chosen, color=color, linestyle=":", linewidth=1.2)
            note = f"{name}, step chosen by the service: {curve.chosen:.0e}"
            place = {"xy": (0.99, curve.chosen), "xycoords": axes.get_yaxis_transform()}
            axes.annotate(note, **place, xytext=(0, 3), textcoords="offset points", ha="right", color=color, fontsize=8)
        steps = np.array(next(iter(curves.values())).steps)
        for name, line in _guides(steps, curves).items():
            axes.loglog(steps, line, color=_GREY, linestyle="--", linewidth=0.9)
            inside = np.flatnonzero((line > 1e-12) & (line < 1e-1))
            place_at = inside[len(inside) // 2]
            axes.annotate(name, (steps[place_at], line[place_at]), xytext=(6, -10), textcoords="offset points",
                          color=_GREY)  # fmt: skip
        axes.set_xlabel("step h over max(1, |x|)")
        axes.set_ylabel("greatest relative error of the gradient")
        axes.set_ylim(1e-13, 1e2)
        axes.legend(loc="upper left")


def _guides(steps: Array, curves: Mapping[str, Curve]) -> dict[str, Array]:
    """Return lines of the slopes that theory gives, through the curves where each branch is clear."""

    def through(name: str, step: float, slope: int) -> Array:
        curve = curves[name]
        near = int(np.argmin(np.abs(np.log(curve.steps / step))))
        return np.asarray(curve.errors[near] * (steps / curve.steps[near]) ** slope)

    return {
        "∝ h": through("forward", 1e-4, 1),
        "∝ h²": through("central", 1e-2, 2),
        "∝ ε/h": np.asarray(np.finfo(np.float64).eps / steps),
    }


def training(path: Path, reports: Sequence[Report], least: float) -> None:
    """Draw the loss of training, the least loss that there is, and the learning rate on an axis of its own.

    Args:
        path: where the picture goes.
        reports: in order.
        least: the loss at the minimum.
    """
    steps = [report.step for report in reports]
    with _picture(path, (8.0, 4.5)) as axes:
        axes.set_title("Mini-batch gradient descent with a reduced learning rate")
        axes.plot(steps, [report.loss for report in reports], color=_BLUE, label="loss, mean over an epoch")
        axes.axhline(least, color=_GREEN, linestyle="--", linewidth=1.2, label=f"least loss, {least:.4f}")
        axes.set_yscale("log")
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        right = axes.twinx()
        right.plot(steps, [report.learning_rate for report in reports], color=_ORANGE, label="learning rate")
        right.set_ylim(bottom=0)
        right.set_ylabel("learning rate", color=_ORANGE)
        right.tick_params(axis="y", colors=_ORANGE)
        right.grid(visible=False)
        right.spines["right"].set_visible(True)
        right.spines["right"].set_color(_ORANGE)
        handles = [*axes.get_lines(), *right.get_lines()]
        axes.legend(handles=handles, loc="upper right")


@contextmanager
def _picture(path: Path, size: tuple[float, float]) -> Iterator[Axes]:
    """Yield axes, and write them to a file: without pyplot, whose state and windows nothing here needs."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure.add_subplot()
        figure.savefig(path, dpi=160)

"""Loss and learning rate in the course of a minimization."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradwire.plotting.canvas import BLUE, COLORS, GREEN, GREY, ORANGE, counted, logarithmic, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gradwire.tensors import Array


class Report(Protocol):
    """What is drawn of a report: `Progress` has it, and so have the reports of the service."""

    @property
    def step(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def validation_loss(self) -> float | None: ...


def training(
    reports: Iterable[Report],
    path: str | Path | None = None,
    *,
    title: str = "",
    unit: str = "step",
    loss_label: str = "loss",
    least: float | None = None,
) -> Figure:
    """Draw losses, the learning rate on an axis of its own, and metrics, if there are some, below.

    Args:
        reports: in order, such as ``result.history``.
        path: file to write; its ending tells the form. Default: none.
        title: stands above. Default: what is drawn.
        unit: what steps are.
        loss_label: what the losses are.
        least: the least loss that there is, to compare with. Default: not known.

    Returns: the figure, which a notebook shows.
    Raises: ValueError without a report; ModuleNotFoundError where matplotlib is absent.
    """
    reports = list(reports)
    if not reports:
        raise ValueError("there is nothing to draw: no report came; ask for some by report_every")
    steps = [report.step for report in reports]
    metrics = _metrics(reports)
    with picture(path, (8.0, 6.6 if metrics else 4.5)) as figure:
        upper, *lower = figure.subplots(2, sharex=True, height_ratios=(3, 2)) if metrics else [figure.subplots()]
        rated = any(report.learning_rate for report in reports)
        upper.set_title(title or ("Loss and learning rate" if rated else "Loss"))
        _losses(upper, steps, reports, loss_label, least)
        for axes in lower:
            for (name, values), color in zip(metrics.items(), np.resize(COLORS, len(metrics)), strict=True):
                axes.plot(steps, values, color=color, label=name, marker=_marker(steps), markersize=3)
            axes.set_ylabel("metrics")
            axes.legend(loc="best")
        counted((lower or [upper])[-1], unit)
    return figure


def _losses(axes: Axes, steps: Sequence[int], reports: Sequence[Report], label: str, least: float | None) -> None:
    losses = _array(report.loss for report in reports)
    held_out = _array(np.nan if report.validation_loss is None else report.validation_loss for report in reports)
    rates = _array(report.learning_rate for report in reports)
    axes.plot(steps, losses, color=BLUE, marker=_marker(steps), markersize=3, label=label)
    if np.isfinite(held_out).any():
        axes.plot(steps, held_out, color=GREEN, linestyle="--", label="loss of held-out rows")
        lowest = int(np.nanargmin(held_out))
        axes.plot(
            steps[lowest],
            held_out[lowest],
            color=GREEN,
            marker="o",
            linestyle="",
            label=f"lowest, {held_out[lowest]:.4g} at step {steps[lowest]}",
        )
    if least is not None:
        axes.axhline(least, color=GREY, linestyle="--", linewidth=1.2, label=f"least loss, {least:.4g}")
    axes.set_ylabel("loss")
    logarithmic(axes, np.concatenate([losses, held_out]))
    lines = axes.get_lines()
    if rates.any():
        right = axes.twinx()
        right.plot(steps, rates, color=ORANGE, label="learning rate", linewidth=1.4)
        right.set_ylim(0, 1.05 * rates.max())
        right.set_ylabel("learning rate", color=ORANGE)
        right.tick_params(axis="y", colors=ORANGE)
        right.grid(visible=False)
        right.spines["right"].set_visible(True)
        right.spines["right"].set_color(ORANGE)
        lines = [*lines, *right.get_lines()]
    axes.legend(handles=lines, loc="upper right")


def _metrics(reports: Sequence[Any]) -> dict[str, Array]:
    found = [getattr(report, "metrics", {}) for report in reports]
    names = dict.fromkeys(name for metrics in found for name in metrics)
    return {name: _array(metrics.get(name, np.nan) for metrics in found) for name in names}


def _array(numbers: Iterable[float]) -> Array:
    return np.array(list(numbers), np.float64)


def _marker(steps: Sequence[int]) -> str:
    """Return the mark of a report; many would hide the line."""
    return "o" if len(steps) <= 60 else ""

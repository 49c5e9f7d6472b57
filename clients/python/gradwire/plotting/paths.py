"""The ways of minimizations over a surface: one with its steps numbered, or several in a race."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradwire.plotting.canvas import COLORS, ORANGE, counted, logarithmic, picture
from gradwire.plotting.surface import Surface, contour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gradwire.outcomes import MinimizeResult
    from gradwire.tensors import Array

_APART = 0.045
"""Least distance of two numbered steps, as a share of the surface."""


def descent(
    surface: Surface, result: MinimizeResult, path: str | Path | None = None, *, title: str = "Descent, step by step"
) -> Figure:
    """Draw the way of a minimization over a surface; steps have numbers where there is room for them.

    Args:
        surface: of the loss, from `surface`.
        result: with reports that have parameters (``report_parameters=True``); ``report_every=1`` shows each step.
        path: file to write; its ending tells the form. Default: none.
        title: stands above.

    Returns: the figure, which a notebook shows.
    Raises: ValueError for reports without parameters; ModuleNotFoundError where matplotlib is absent.
    """
    points, steps = _way(surface, result)
    with picture(path, (8.0, 6.4)) as figure:
        axes = figure.subplots()
        axes.set_title(title)
        contour(axes, surface)
        axes.plot(*points.T, color=ORANGE, marker="o", markersize=4, linewidth=1.4, label="way of the parameters")
        axes.plot(*points[-1], color="#b03030", marker="*", markersize=14, linestyle="", label=f"step {steps[-1]}")
        for i in _with_room(points, surface):
            axes.annotate(
                str(steps[i]),
                points[i],
                (6, 6),
                textcoords="offset points",
                fontsize=9,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
            )
        axes.legend(loc="best", frameon=True)
    return figure


def race(
    surface: Surface,
    results: Mapping[str, MinimizeResult],
    path: str | Path | None = None,
    *,
    title: str = "Optimizers on one surface",
) -> Figure:
    """Draw the ways of several minimizations over one surface, and their losses beside it.

    Args:
        surface: of the loss, from `surface`.
        results: by what each is to be called, with reports that have parameters (``report_parameters=True``).
        path: file to write; its ending tells the form. Default: none.
        title: stands above.

    Returns: the figure, which a notebook shows.
    Raises: ValueError for reports without parameters; ModuleNotFoundError where matplotlib is absent.
    """
    with picture(path, (12.0, 5.4)) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(6, 5))
        left.set_title(title)
        contour(left, surface)
        widths = np.linspace(3.6, 1.2, len(results))  # where ways are the same, all of them are seen
        for i, (name, result) in enumerate(results.items()):
            points, _ = _way(surface, result)
            color = COLORS[1:][i % (len(COLORS) - 1)]
            left.plot(*points.T, color=color, linewidth=widths[i], label=name)
            left.plot(*points[-1], color=color, marker="*", markersize=13, markeredgecolor="white", linestyle="")
            right.plot(
                result.history.step, result.history.loss, color=color, label=f"{name}, {result.loss:.3g} at last"
            )
        if surface.start:
            left.plot(*surface.start, color="black", marker="o", markersize=6, linestyle="", label="start")
        left.legend(loc="best", frameon=True)
        _compare(right, [result.history.loss for result in results.values()])
    return figure


def _way(surface: Surface, result: MinimizeResult) -> tuple[Array, list[int]]:
    """Return the points of a way, a row each, and their steps: from the start, where that is known."""
    points = surface.points(result.history)
    steps = [report.step for report in result.history]
    return (np.vstack([surface.start, points]), [0, *steps]) if surface.start else (points, steps)


def _compare(axes: Axes, losses: Sequence[Array]) -> None:
    axes.set_title("Loss")
    counted(axes, "step")
    axes.set_ylabel("loss")
    logarithmic(axes, np.concatenate(losses))
    axes.legend(loc="best")


def _with_room(points: Array, surface: Surface) -> list[int]:
    """Return the numbers of the points that are far enough from all numbered before them; the last is one."""
    extent = np.array([np.ptp(surface.x), np.ptp(surface.y)])
    chosen = [len(points) - 1]
    for i in range(len(points) - 1):
        if np.linalg.norm((points[chosen] - points[i]) / extent, axis=1).min() >= _APART:
            chosen.append(i)
    return sorted(chosen)

"""Generations of a search: where its candidates lie, and how low they get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradwire.plotting import slices
from gradwire.plotting.canvas import GREY, ORANGE, counted, logarithmic, picture
from gradwire.plotting.surface import Surface, contour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gradwire.tensors import Array


class Generation(Protocol):
    """What is drawn of a report: `Progress` has it, and so have the reports of the service."""

    @property
    def step(self) -> int: ...
    @property
    def candidates(self) -> Any: ...
    @property
    def candidate_losses(self) -> Any: ...


def generations(
    reports: Iterable[Generation],
    path: str | Path | None = None,
    *,
    surface: Surface | None = None,
    elements: tuple[str, str] | None = None,
    title: str = "Candidates of each generation",
) -> Figure:
    """Draw where the candidates of a search lie, coloured by generation, and their losses.

    Args:
        reports: of a search with ``report_parameters=True``, such as ``result.history``.
        path: file to write; its ending tells the form. Default: none.
        surface: the loss, to stand below. Default: none.
        elements: the two elements to show, such as ``("x[0]", "x[1]")``. Default: those of the surface, or the first
            two.
        title: stands above.

    Returns: the figure, which a notebook shows.
    Raises: ValueError for reports without candidates, and for fewer than two elements; ModuleNotFoundError where
        matplotlib is absent.
    """
    found = [report for report in reports if report.candidates]
    if not found:
        raise ValueError("the reports have no candidates; run a search with report_parameters=True")
    candidates = [one for report in found for one in _each(report.candidates)]
    pair = elements or (surface.elements if surface else slices.first_two(candidates[0]))
    points = slices.points(pair, candidates)
    losses = [np.asarray(report.candidate_losses, np.float64) for report in found]
    number = np.repeat([report.step for report in found], [len(x) for x in losses])
    with picture(path, (12.0, 5.4)) as figure:
        from matplotlib.ticker import MaxNLocator

        left, right = figure.subplots(1, 2, width_ratios=(6, 5))
        left.set_title(title)
        if surface:
            contour(left, surface, scale=False)
        left.set_xlabel(pair[0])
        left.set_ylabel(pair[1])
        dots = left.scatter(*points.T, c=number, cmap="plasma", s=10, linewidths=0, zorder=3)
        bar = figure.colorbar(dots, ax=left, pad=0.02, shrink=0.9, ticks=MaxNLocator(9, integer=True))
        bar.set_label("generation")
        _losses(right, [report.step for report in found], losses, number)
    return figure


def _losses(axes: Axes, steps: list[int], losses: list[Array], number: Array) -> None:
    """Draw the losses of all candidates; those that are not finite can't be shown."""
    everything = np.concatenate(losses)
    finite = np.isfinite(everything)
    axes.set_title("Their losses")
    axes.plot(number[finite], everything[finite], ".", color=GREY, markersize=3, alpha=0.5, label="candidates")
    medians = [np.median(x) for x in losses]
    lowest = np.minimum.accumulate([x.min() for x in losses])
    axes.plot(steps, medians, color="#b5477d", linewidth=1.4, label="median")
    axes.plot(steps, lowest, color=ORANGE, label=f"lowest so far, {lowest[-1]:.3g} at last")
    counted(axes, "generation")
    axes.set_ylabel("loss")
    logarithmic(axes, everything[finite])
    axes.legend(loc="best")


def _each(candidates: Mapping[str, Any]) -> Iterator[dict[str, Array]]:
    """Yield the parameters of each candidate."""
    arrays = {name: np.asarray(candidates[name]) for name in sorted(candidates)}
    for i in range(len(next(iter(arrays.values())))):
        yield {name: x[i] for name, x in arrays.items()}

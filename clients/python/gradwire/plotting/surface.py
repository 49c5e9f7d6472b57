"""The loss over a slice of two elements of the parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from gradwire.plotting import slices
from gradwire.plotting.slices import Pair
from gradwire.structures import leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gradwire import aio
    from gradwire.core import Plan, Source
    from gradwire.outcomes import MinimizeResult, Progress
    from gradwire.query import Name
    from gradwire.service import Service
    from gradwire.tensors import Array

    Results: TypeAlias = MinimizeResult | Sequence[MinimizeResult] | Mapping[str, MinimizeResult]

Limits = tuple[tuple[float, float], tuple[float, float]]
"""Least and greatest value of the first, and of the second element."""

_LEVELS = 24


@dataclass(frozen=True)
class Surface:
    """Losses on a grid of two elements.

    Attributes:
        elements: the two, such as "w[0]" and "b".
        x, y: values of the first and of the second element, ascending.
        losses: at each y and each x.
        start: where minimizations started, as a pair; None: not known.
    """

    elements: Pair
    x: Array = field(repr=False)
    y: Array = field(repr=False)
    losses: Array = field(repr=False)
    start: tuple[float, float] | None = None

    def points(self, reports: Iterable[Progress]) -> Array:
        """Return where the parameters of reports lie, a row each.

        Raises: ValueError when a report lacks parameters.
        """
        return _points(self.elements, reports)


@overload
def surface(
    service: Service,
    graph: Source,
    results: Results,
    data: Mapping[str, Any] | None = None,
    *,
    start: Mapping[str, Any] | None = None,
    elements: Pair | None = None,
    limits: Limits | None = None,
    loss: Name = "",
    cells: int = 80,
) -> Surface: ...
@overload
def surface(
    service: aio.Service,
    graph: Source,
    results: Results,
    data: Mapping[str, Any] | None = None,
    *,
    start: Mapping[str, Any] | None = None,
    elements: Pair | None = None,
    limits: Limits | None = None,
    loss: Name = "",
    cells: int = 80,
) -> Awaitable[Surface]: ...


def surface(
    service: Service | aio.Service,
    graph: Source,
    results: Results,
    data: Mapping[str, Any] | None = None,
    *,
    start: Mapping[str, Any] | None = None,
    elements: Pair | None = None,
    limits: Limits | None = None,
    loss: Name = "",
    cells: int = 80,
) -> Surface | Awaitable[Surface]:
    """Evaluate the loss on a slice around the way of minimizations, in one call.

    All elements but two stay as the first minimization left them.

    Args:
        service: where to evaluate; one of asyncio's returns something to be awaited.
        graph: what was minimized.
        results: one or several, with reports that have parameters (``report_parameters=True``).
        data: all that is no parameter, by name, as in `minimize`.
        start: where they started, by name, as in `minimize`; functions of nested arguments need it. Default: not known,
            and not drawn.
        elements: the two elements that span the slice, such as ``("w[0]", "b")``. Default: the first two, in the
            order of the start, or else of the names.
        limits: of the first and of the second element. Default: all reports, and some space around them.
        loss: name of the loss. Default: the only output.
        cells: points of the grid in each direction.

    Raises: ValueError for parameters with fewer than two elements, and for an element that there is not;
        GradwireError, by its reason.
    """
    several = list(results.values()) if isinstance(results, Mapping) else _listed(results)
    reached = several[0].last_parameters
    base = {name: np.array(reached[name]) for name in (dict(leaves(start)) if start else sorted(reached))}
    pair = elements or slices.first_two(base)
    first = slices.points(pair, [dict(leaves(start))] if start else [])
    ways = [_points(pair, result.history) for result in several]
    x, y = (np.linspace(*sides, cells) for sides in limits or _around(np.concatenate([first, *ways])))

    def plan() -> Plan[Surface]:
        from gradwire.plans.queries import evaluate  # the client's results draw themselves, so that it imports this
        from gradwire.query import name

        bound, fed = service._core.bind(graph, {**(start or base), **(data or {})})
        text = slices.sliced(str(bound), pair, base, name(bound, loss))
        grid = [values.ravel() for values in np.meshgrid(x, y)]
        given = {key: value for key, value in fed.items() if key not in base}
        found = yield from evaluate(service._core, text, {**given, **slices.feeds(pair, base, *grid)}, of="losses")
        begun = (float(first[0, 0]), float(first[0, 1])) if start else None
        return Surface(pair, x, y, found["losses"].reshape(cells, cells), begun)

    return service._carry_out(plan())


def contour(axes: Axes, surface: Surface, *, scale: bool = True) -> None:
    """Draw the contours of a surface, by the logarithm of the loss where it is positive.

    Args:
        axes: where to draw.
        surface: what to draw.
        scale: whether to draw their scale beside.
    """
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation, LogLocator

    losses = np.ma.masked_invalid(surface.losses)
    positive = losses.min() >= 0 < losses.max()
    norm: Normalize
    if positive:
        floor = np.quantile(losses[losses > 0].compressed(), 0.005)  # the grid does not resolve what is lower
        losses = np.ma.maximum(losses, floor)
        levels = np.geomspace(losses.min(), losses.max() * (1 + 1e-9), _LEVELS)
        norm = LogNorm(levels[0], levels[-1])
    else:
        levels = np.linspace(losses.min(), losses.max(), _LEVELS)
        norm = Normalize(levels[0], levels[-1])
    filled = axes.contourf(surface.x, surface.y, losses, levels=levels, norm=norm, cmap="Blues_r", alpha=0.75)
    axes.contour(surface.x, surface.y, losses, levels=levels[1:], norm=norm, colors="white", linewidths=0.4)
    if scale:
        bar = axes.figure.colorbar(filled, ax=axes, shrink=0.9, pad=0.02)
        bar.set_label("loss")
        if positive:
            decades = np.log10(levels[-1] / levels[0])
            bar.locator = LogLocator(10, (1,) if decades > 3 else (1, 2, 5))
            bar.formatter = LogFormatterSciNotation() if decades > 3 else FuncFormatter(lambda x, _: f"{x:g}")
        bar.minorticks_off()
        bar.update_ticks()
    axes.set_xlabel(surface.elements[0])
    axes.set_ylabel(surface.elements[1])
    axes.set_xlim(surface.x[0], surface.x[-1])
    axes.set_ylim(surface.y[0], surface.y[-1])
    axes.grid(visible=False)


def _around(points: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return limits with some space around points, and not too narrow in one direction."""
    least, greatest = points.min(axis=0), points.max(axis=0)
    spread = np.maximum(greatest - least, 0.25 * np.max(greatest - least))
    half = 0.65 * np.where(spread > 0, spread, 1.0)
    middle = (least + greatest) / 2
    (x0, y0), (x1, y1) = middle - half, middle + half
    return (float(x0), float(x1)), (float(y0), float(y1))


def _points(pair: Pair, reports: Iterable[Progress]) -> Array:
    found = [report.parameters for report in reports]
    if not all(found):
        raise ValueError("the reports have no parameters; minimize with report_parameters=True")
    return slices.points(pair, found)


def _listed(results: Any) -> list[Any]:
    return list(results) if isinstance(results, Sequence) else [results]

"""The methods: derivatives of a function along a line, from its values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradwire_service.backend import Options
from gradwire_service.errors import InvalidRequestError, NotFiniteError
from gradwire_service.graph import Array

WIDEST = 0.0873
"""First step of Richardson's tableau over s; no simple fraction, lest it be a whole number of periods of the graph."""

NARROWEST = 0.75
"""Power of ε that is its last step over s."""

COLUMNS = 6
"""Of the tableau beside the first; more would eliminate terms that are below rounding."""

DROWNED = 1e3
"""A derivative of less than so many rounding units of f over s is zero for all that rounding lets us see."""

ROUNDINGS = 100.0
"""Rounding units of f that a difference of two estimates is put down to; a sum of many terms has some."""


@dataclass
class Line:
    """The function along a line, t ↦ f(x + t v), with one row of outputs.

    Attributes:
        move: takes t; returns t as it came to be after rounding, and f there.
            Raises NotFiniteError when f is not finite there.
        value: f at t = 0.
        scales: lengths over which f is taken to vary, the likeliest first.
        rounding: relative rounding error of f.
        label: what moves.
        sign: the side on which forward differences look.
    """

    move: Callable[[float], tuple[float, Array]]
    value: Array
    scales: Sequence[float]
    rounding: float
    label: str
    sign: float = 1.0


@dataclass
class Estimate:
    """A derivative along a line.

    Attributes:
        derivative: of each output.
        error: estimated error of each; 0 where the method does not estimate it.
        poor: whether less than half of the digits are good.
        label: what moves.
    """

    derivative: Array
    error: Array
    poor: Array
    label: str

    def or_better(self, other: Estimate) -> Estimate:
        """Take the better one for each output: what is not poor, then what has the smaller error."""
        better = (other.poor < self.poor) | ((other.poor == self.poor) & (other.error < self.error))
        derivative = np.where(better, other.derivative, self.derivative)
        error, poor = np.where(better, other.error, self.error), np.where(better, other.poor, self.poor)
        return Estimate(derivative, error, poor, self.label)

    def __str__(self) -> str:
        worst = float(np.max(self.error[self.poor]))
        fault = "the step is lost in rounding" if worst == math.inf else f"it is only known to about ±{worst:.0e}"
        return f"derivative along {self.label}: {fault}"


Method = Callable[[Line, float, float], Estimate]
"""Takes a line, the step h, and the length over which the function is taken to vary."""


def forward(line: Line, h: float, scale: float) -> Estimate:
    """Estimate by (f(x + h) - f(x)) / h."""
    offset, f = line.move(line.sign * h)
    return _quotient(line, f - line.value, offset, h)


def central(line: Line, h: float, scale: float) -> Estimate:
    """Estimate by (f(x + h) - f(x - h)) / 2h."""
    (above, f_above), (below, f_below) = line.move(h), line.move(-h)
    return _quotient(line, f_above - f_below, above - below, h)


def central_where_it_varies(line: Line, h: float, scale: float) -> Estimate:
    """Estimate by central differences, once more with a step that fits where the first one is seen to be too wide.

    The three values at hand tell the curvature, and f'/f″ is a length over which f varies. Where that bodes a relative
    error (h f″/f')²/3 of more than ε^(1/2), the step is chosen over that length. The second estimate has more rounding
    error; it is taken where the two differ by more than that explains.
    """
    (above, f_above), (below, f_below) = line.move(h), line.move(-h)
    wide = _quotient(line, f_above - f_below, above - below, h)
    bend = np.abs(f_above - 2 * line.value + f_below)
    rise = np.abs(f_above - f_below) / 2
    bent = (bend > math.sqrt(3) * line.rounding ** (1 / 4) * rise) & (rise > 0)
    if not bent.any():
        return wide
    nearer = h / scale * float(np.min(h * rise[bent] / bend[bent]))
    try:
        narrow = central(line, nearer, scale)
    except NotFiniteError:
        return wide
    noise = ROUNDINGS * line.rounding * np.maximum(np.abs(f_above), np.abs(f_below)) / nearer
    better = bent & ~narrow.poor & (np.abs(narrow.derivative - wide.derivative) > noise)
    return Estimate(np.where(better, narrow.derivative, wide.derivative), wide.error, wide.poor, line.label)


def _quotient(line: Line, difference: Array, offset: float, h: float) -> Estimate:
    lost = np.full(difference.shape, offset == 0)
    return Estimate(difference / (offset or h), np.where(lost, np.inf, 0.0), lost, line.label)


def richardson(line: Line, h: float, scale: float) -> Estimate:
    """Extrapolate central differences to a step of zero.

    The step is halved until the estimate is good and improves no more. Every entry of the tableau has an error
    estimate, the distance from its neighbours plus its rounding error, and the best entry is taken. Steps at which the
    function is not finite are passed over.

    Raises: NotFiniteError when too few steps are left.
    """
    nowhere = np.full(line.value.shape, np.nan)
    best = Estimate(nowhere, np.full_like(nowhere, np.inf), np.isnan(nowhere), line.label)
    size = np.full(line.value.shape, np.inf)  # of f, the least that was met: a pole at hand must not count
    corners: list[Array] = []
    narrowest = min(h / 2, line.rounding**NARROWEST * scale)
    fault: NotFiniteError | None = None
    while h >= narrowest:
        try:
            (above, f_above), (below, f_below) = line.move(h), line.move(-h)
        except NotFiniteError as error:
            fault, corners, h = error, [], h / 2
            continue
        size_here = np.maximum(np.abs(f_above), np.abs(f_below))
        size = np.minimum(size, size_here)
        row = [(f_above - f_below) / ((above - below) or 2 * h)]
        before = best
        for column, corner in enumerate(corners[:COLUMNS], start=1):
            row.append(row[-1] + (row[-1] - corner) / (4.0**column - 1))
            distance = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - corner))
            error_here = distance + line.rounding * size_here / h
            allowed = math.sqrt(line.rounding) * np.abs(row[-1]) + DROWNED * line.rounding * size / scale
            best = best.or_better(Estimate(row[-1], error_here, error_here > allowed, line.label))
        corners, h = row, h / 2
        if not best.poor.any() and np.array_equal(best.error, before.error):
            break
    if fault is not None and np.isinf(best.error).any():
        raise fault
    return best


_METHODS: Mapping[str, tuple[Method, Method, Callable[[float], float]]] = {
    "forward": (forward, forward, lambda rounding: rounding ** (1 / 2)),
    "central": (central, central_where_it_varies, lambda rounding: rounding ** (1 / 3)),
    "richardson": (richardson, richardson, lambda rounding: WIDEST),
}
"""The method with a given step; the method with a step of our own choice; that step over the length of variation."""


def estimator(options: Options) -> Callable[[Line], Estimate]:
    """Return what differentiates along a line, with the method and the step of a request.

    Raises: InvalidRequestError for a method that there is not, or a step that is no length.
    """
    step = options.step
    if options.method not in _METHODS:
        message = f"finite_difference has no method {options.method!r}; it has: {', '.join(_METHODS)}"
        raise InvalidRequestError(message, field="method")
    if step is not None and not 0 < step < math.inf:
        raise InvalidRequestError(f"a step of {step} is no length; give a positive number", field="step", value=step)
    given, method, relative_step = _METHODS[options.method]

    def estimate(line: Line) -> Estimate:
        if step is not None:
            with np.errstate(all="ignore"):
                return given(line, step, line.scales[0])
        best: Estimate | None = None
        for scale in line.scales:
            try:
                with np.errstate(all="ignore"):
                    found = method(line, relative_step(line.rounding) * scale, scale)
            except NotFiniteError:
                if best is None and scale == line.scales[-1]:
                    raise
                continue
            best = found if best is None else best.or_better(found)
            if not best.poor.any():
                break
        assert best is not None  # else the last scale has raised
        return best

    return estimate

"""Samples of the special functions, and of the derivatives that their rules are made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import special

from gradwire_backends.testing.elementwise import (
    AWAY_FROM_ZERO,
    POSITIVE,
    PRECISIONS,
    Expected,
    Interval,
    binary,
    in_double,
    points,
    unary,
)
from gradwire_backends.testing.sample import Sample
from gradwire_service.graph import Array

PROBABILITY: tuple[Interval, ...] = ((0.2, 0.8),)
AROUND_POLES: tuple[Interval, ...] = ((-1.7, -1.3), (-0.7, -0.4), (0.6, 3.0))
POLES = (1.0, -1.0, -2.0, -0.5, 1e-300, 1e30)

NAN, INF = math.nan, math.inf
Table = Sequence[tuple[float, ...]]
"""Rows of inputs and the value; from mpmath, to 17 digits."""

BY_SHAPE: Table = (
    (0.25, 0.5, -0.650258425248065),
    (1.0, 2.0, -0.2208254262118595),
    (2.5, 0.75, -0.12667071856555226),
    (8.0, 9.5, -0.11525981883872884),
    (50.0, 40.0, -0.019821892882228662),
)
BY_SHAPE_TWICE: Table = (
    (0.25, 0.5, -0.15404208183702559),
    (1.0, 2.0, -0.14856186245701777),
    (2.5, 0.75, 0.15911861807689856),
    (8.0, 9.5, -0.01986423987573447),
    (50.0, 40.0, 0.004431173054262116),
)
BY_SHAPE_EDGES: Table = (
    (NAN, 1.0, NAN),
    (1.0, NAN, NAN),
    (1.0, -1.0, NAN),
    (0.0, 1.0, NAN),
    (-0.5, 1.0, NAN),
    (2.0, 0.0, 0.0),
    (0.5, 0.0, 0.0),
    (2.0, INF, 0.0),
)
BY_A: Table = (
    (0.25, 0.5, 0.25, -1.1956066532341911),
    (1.0, 1.0, 0.5, -0.34657359027997264),
    (2.5, 3.5, 0.375, -0.2146660369506708),
    (8.0, 1.5, 0.875, -0.052631104005129645),
    (50.0, 20.0, 0.75, -0.02343731749914296),
    (0.5, 30.0, 0.125, -0.01668810227828888),
)
BY_B: Table = (
    (0.25, 0.5, 0.25, 0.45516768495722193),
    (1.0, 1.0, 0.5, 0.34657359027997264),
    (2.5, 3.5, 0.375, 0.13837494619010296),
    (8.0, 1.5, 0.875, 0.34898847439306663),
    (50.0, 20.0, 0.75, 0.06445154805272739),
    (0.5, 30.0, 0.125, 0.000711127384290954),
)
BY_A_AND_B: Table = (
    (0.25, 0.5, 0.25, 0.32832374924453067),
    (1.0, 1.0, 0.5, 0.0),
    (2.5, 3.5, 0.375, -0.009586214200197613),
    (8.0, 1.5, 0.875, -0.0013683363215640644),
    (50.0, 20.0, 0.75, 0.002876600118773093),
    (0.5, 30.0, 0.125, 0.0023246602795112645),
)
BY_SHAPES_EDGES: Table = (
    (NAN, 1.0, 0.5, NAN),
    (1.0, NAN, 0.5, NAN),
    (1.0, 1.0, NAN, NAN),
    (0.0, 1.0, 0.5, NAN),
    (1.0, -1.0, 0.5, NAN),
    (1.0, 1.0, -0.5, NAN),
    (1.0, 1.0, 1.5, NAN),
    (2.0, 0.5, 0.0, 0.0),
    (2.0, 0.5, 1.0, 0.0),
)


def tabulated(op: str, rows: Table, edges: Table, **attributes: int) -> Iterator[Sample]:
    """Sample an op at the points of a table."""
    for dtype in PRECISIONS:
        for table, label in ((rows, ""), (edges, "edges")):
            *inputs, y = np.array(table, dtype).T
            yield Sample(op, tuple(inputs), lambda *_, y=y: y, attributes, label, smooth=not label)
    *inputs, y = np.array(rows[:1]).T
    yield Sample(op, (*inputs[:-1], inputs[-1][0]), lambda *_, y=y: y, attributes, "broadcast")
    yield Sample(op, tuple(x[:0] for x in inputs), lambda *_: np.zeros(0), attributes, "empty")


def ternary(op: str, f: Expected, within: Sequence[Sequence[Interval]], edges: Table) -> Iterator[Sample]:
    """Sample an op of three floating inputs.

    Args:
        op: its name.
        f: its value.
        within: where it is smooth, for each input.
        edges: where it is not.
    """

    def spread(*shapes: tuple[int, ...]) -> tuple[Array, ...]:
        turns = (0.6180339887498949, 0.7548776662466927, 0.8191725133961645)
        return tuple(points(shape, line, turn) for shape, line, turn in zip(shapes, within, turns, strict=True))

    for dtype in PRECISIONS:
        yield Sample(op, tuple(x.astype(dtype) for x in spread((3, 4), (3, 4), (3, 4))), in_double(f))
        yield Sample(op, tuple(np.array(edges, dtype).T), in_double(f), label="edges", smooth=False)
    yield Sample(op, spread((3, 1), (), (1, 4)), f, label="broadcast")
    yield Sample(op, spread((), (), ()), f, label="scalar")
    yield Sample(op, spread((0, 3), (1,), (3,)), f, label="empty")


def polygamma(n: int, x: Array) -> Array:
    """Compute the n-th derivative of the digamma function, which is no number at -inf."""
    return np.where(x == -np.inf, np.nan, special.polygamma(n, x))


def gamma_density(a: Array, x: Array) -> Array:
    """Compute xᵃ⁻¹ e⁻ˣ / Γ(a) for a > 0 and x ≥ 0."""
    return np.where((a > 0) & (x >= 0), np.exp(special.xlogy(a - 1, x) - x) / special.gamma(a), np.nan)


def beta_density(a: Array, b: Array, x: Array) -> Array:
    """Compute xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b) for a > 0, b > 0 and x in [0, 1]."""
    y = np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x)) / special.beta(a, b)
    return np.where((a > 0) & (b > 0) & (x >= 0) & (x <= 1), y, np.nan)


def _ive(n: int, x: Array) -> Array:
    """Compute e^-|x| Iₙ(x), which SciPy does not where x is infinite."""
    return np.where(np.isinf(x), 0, special.ive(n, x))


def i0e_slope(x: Array) -> Array:
    """Compute the derivative of e^-|x| I₀(x), by the recurrence."""
    return special.i1e(x) - np.sign(x) * special.i0e(x)


def i1e_slope(x: Array) -> Array:
    """Compute the derivative of e^-|x| I₁(x), by the recurrence."""
    return (special.i0e(x) + _ive(2, x)) / 2 - np.sign(x) * special.i1e(x)


SAMPLES: tuple[Sample, ...] = (
    *unary("erfc", np.vectorize(math.erfc, otypes=[np.float64]), far=[0, -40, 5, 20, 26]),
    *unary("erfinv", lambda x: special.ndtri((x + 1) / 2) / math.sqrt(2), ((-0.8, 0.8),), kinks=[1, -1, 1.5]),
    *unary("i0e", lambda x: _ive(0, x), AWAY_FROM_ZERO, far=[-30, 30]),
    *unary("i1e", lambda x: _ive(1, x), AWAY_FROM_ZERO, far=[-30, 30]),
    *unary("scaled_bessel", i0e_slope, AWAY_FROM_ZERO, kinks=[-3, 19, 21], n=0, order=1),
    *unary("scaled_bessel", i1e_slope, ((-1.1, -0.4), (0.4, 1.1)), kinks=[-3, 19, 21], n=1, order=1),
    # The gamma function.
    *unary("lgamma", special.gammaln, AROUND_POLES, kinks=POLES, far=[30, 1e4]),
    *unary("digamma", special.psi, AROUND_POLES, kinks=POLES, far=[30, 1e4]),
    *unary("polygamma", special.psi, AROUND_POLES, kinks=POLES, n=0),
    *unary("polygamma", lambda x: polygamma(1, x), AROUND_POLES, kinks=POLES, far=[30, 1e4], n=1),
    *unary("polygamma", lambda x: polygamma(2, x), AROUND_POLES, kinks=[1.0, -2.5, -7.3], far=[30, 1e4], n=2),
    # Incomplete ones.
    *binary("gammainc", special.gammainc, POSITIVE, POSITIVE, kinks=[(50, 40), (2, 0), (0.5, 0)]),
    *binary("gammaincc", special.gammaincc, POSITIVE, POSITIVE, kinks=[(50, 40), (2, 0), (0.5, 0)]),
    *binary("gamma_density", gamma_density, POSITIVE, POSITIVE, kinks=[(2, 0), (1, 0), (0.5, 0)]),
    *tabulated("gammainc_by_shape", BY_SHAPE, BY_SHAPE_EDGES, order=1),
    *tabulated("gammainc_by_shape", BY_SHAPE_TWICE, BY_SHAPE_EDGES, order=2),
    *ternary("betainc", special.betainc, (POSITIVE, POSITIVE, PROBABILITY), [row[:3] for row in BY_SHAPES_EDGES]),
    *ternary("beta_density", beta_density, (POSITIVE, POSITIVE, PROBABILITY), [row[:3] for row in BY_SHAPES_EDGES]),
    *tabulated("betainc_by_shapes", BY_A, BY_SHAPES_EDGES, order_a=1, order_b=0),
    *tabulated("betainc_by_shapes", BY_B, BY_SHAPES_EDGES, order_a=0, order_b=1),
    *tabulated("betainc_by_shapes", BY_A_AND_B, BY_SHAPES_EDGES, order_a=1, order_b=1),
)
"""Every special function of the catalog."""

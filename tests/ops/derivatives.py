"""Derivatives of expressions at points: those that rules give, and differences of values to hold them against."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gradwire_service.graph import Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.transform import jvp, simplify, vjp

Expression = Callable[..., Value]
Inputs = Mapping[str, Array]


def run(outputs: Mapping[str, Value], inputs: Inputs, *, strict_nan: bool = False) -> dict[str, Array]:
    """Evaluate values at a point."""
    graph = simplify(FlatGraph.of(outputs), strict_nan=strict_nan)
    return dict(interpret(graph)({name: inputs[name] for name in graph.variables}))


def numbers(shape: tuple[int, ...], seed: str, dtype: npt.DTypeLike = np.float64) -> Array:
    """Return numbers of either sign; the same ones for the same seed."""
    draw = np.random.Generator(np.random.Philox(zlib.crc32(seed.encode())))
    return np.asarray(draw.uniform(-1.5, 1.5, shape), dtype)


def variables(*points: npt.ArrayLike) -> tuple[list[Value], dict[str, Array]]:
    """Return variables x0, x1, … and what they are fed."""
    inputs = {f"x{i}": np.asarray(x) for i, x in enumerate(points)}
    return [variable(name, x.shape, ElementType.of(x.dtype)) for name, x in inputs.items()], inputs


def pulled(f: Expression, *points: npt.ArrayLike, strict_nan: bool = False) -> list[Array]:
    """Return the derivative of the sum of f with respect to each input, by reverse mode."""
    xs, inputs = variables(*points)
    y = f(*xs)
    y_bar = variable("y_bar", y.shape, y.element_type)
    bars = vjp({y: y_bar}, xs)
    inputs["y_bar"] = np.ones(y.shape, y.element_type.dtype)
    found = run({f"x{i}": bar for i, bar in enumerate(bars)}, inputs, strict_nan=strict_nan)
    return list(found.values())


def pushed(f: Expression, *points: npt.ArrayLike) -> list[Array]:
    """Return the derivative of f along each input alone, by forward mode."""
    xs, inputs = variables(*points)
    y = f(*xs)
    found = []
    for i, x in enumerate(xs):
        (y_dot,) = jvp([y], {x: variable("x_dot", x.shape, x.element_type)})
        found.append(run({"y_dot": y_dot}, {**inputs, "x_dot": np.ones_like(inputs[f"x{i}"])})["y_dot"])
    return found


def curvatures(f: Expression, point: npt.ArrayLike) -> dict[str, Array]:
    """Return the second derivative of an elementwise f, by forward over reverse and by reverse over reverse."""
    (x,), inputs = variables(point)
    y = f(x)
    ones = {name: variable(name, y.shape, y.element_type) for name in ("y_bar", "x_dot")}
    (x_bar,) = vjp({y: ones["y_bar"]}, [x])
    (forward,) = jvp([x_bar], {x: ones["x_dot"]})
    (reverse,) = vjp({x_bar: ones["x_dot"]}, [x])
    inputs.update({name: np.ones(y.shape, y.element_type.dtype) for name in ones})
    return run({"forward over reverse": forward, "reverse over reverse": reverse}, inputs)


def difference(f: Callable[[Inputs], Array], at: Inputs, along: Inputs, step: float = 2e-3) -> Array:
    """Estimate the derivative of f along a direction by central differences of sixth order.

    Returns: the derivative, shape of f; truncation error about 7e-3 step⁶ times the seventh derivative.
    Source: Fornberg (1988), "Generation of finite difference formulas on arbitrarily spaced grids".
    """

    def moved(k: int) -> Array:
        return f({name: x + k * step * along[name] if name in along else x for name, x in at.items()})

    weights: Sequence[float] = (3 / 4, -3 / 20, 1 / 60)
    total = sum(weight * (moved(k) - moved(-k)) for k, weight in enumerate(weights, 1))
    return np.asarray(total / step)

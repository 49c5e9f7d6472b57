"""What NumPy does not have, for arrays and for values alike: loops, solutions of equations, factors, windows.

Values go to Gradwire; arrays to code that is as plain as can be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize

import gradwire as gw
from gradwire.structures import leaves


def traced(*trees: Any) -> bool:
    """Tell whether there is a value among what trees hold."""
    return any(isinstance(x, gw.Value) for _, x in leaves(trees))


def scan(f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None) -> Any:
    """Loop over the first axis of an array, or of each of several."""
    if traced(init, xs):
        return gw.scan(f, init, xs, length=length)
    carry, rows = init, []
    for i in range(len(next(leaves(xs))[1]) if length is None else length):
        x = tuple(x[i] for x in xs) if isinstance(xs, tuple) else xs if xs is None else xs[i]
        carry, y = f(carry, x)
        rows.append(y)
    return carry, None if rows[0] is None else np.stack(rows)


def fori_loop(lower: int, upper: int, f: Callable[[Any, Any], Any], init: Any) -> Any:
    """Loop over whole numbers."""
    if traced(init):
        return gw.fori_loop(lower, upper, f, init)
    for i in range(lower, upper):
        init = f(i, init)
    return init


def while_loop(condition: Callable[[Any], Any], f: Callable[[Any], Any], init: Any, max_trips: int) -> Any:
    """Loop while a condition holds."""
    if traced(init):
        return gw.while_loop(condition, f, init, max_trips=max_trips)
    while condition(init):
        init = f(init)
    return init


def root(f: Callable[[Any], Any], start: Any) -> Any:
    """Return x with f(x) = 0; by MINPACK where it is an array."""
    if traced(f(start)):
        return gw.root(f, start)

    def residual(x: Any) -> Any:
        return np.ravel(f(x.reshape(np.shape(start))))

    return scipy.optimize.root(residual, np.ravel(start), tol=1e-14).x.reshape(np.shape(start))


def fixed_point(f: Callable[[Any], Any], start: Any) -> Any:
    """Return x with f(x) = x; by iterating where it is an array."""
    if traced(f(start)):
        return gw.fixed_point(f, start)
    for _ in range(1000):
        start = f(start)
    return start


def solve_triangular(a: Any, b: Any, lower: bool = True) -> Any:
    """Return x with a x = b, of a triangular matrix."""
    return (gw if traced(a, b) else scipy.linalg).solve_triangular(a, b, lower=lower)


def expm(a: Any) -> Any:
    """Return the exponential of a matrix."""
    return (gw if traced(a) else scipy.linalg).expm(a)


def conv(x: Any, w: Any) -> Any:
    """Return the sums over windows of images [n, c, rows, columns] with weights [o, c, height, width]."""
    if traced(x, w):
        return gw.conv(x, w)
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("ncijhw,ochw->noij", windows, w)


def logsumexp(x: Any, axis: int) -> Any:
    """Return log Σ exp x along an axis."""
    return np.logaddexp.reduce(x, axis=axis)


def softmax(x: Any) -> Any:
    """Return exp x / Σ exp x along the last axis."""
    return np.exp(x - np.expand_dims(np.logaddexp.reduce(x, axis=-1), -1))

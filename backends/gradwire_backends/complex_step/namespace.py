"""NumPy's functions on numbers x + ih, where h is too small to show in the real part."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from gradwire_backends.complex_step.linear_algebra import ComplexLinearAlgebra
from gradwire_service.graph import Array
from gradwire_service.ops.namespace import NUMPY


class ComplexNamespace:
    """The real part of every elementwise function is that of the real function, branch cuts and NaN included.

    The imaginary part is that of NumPy's complex function. Where NumPy has none, or has one that parts from the real
    function (abs is a modulus there), the function is defined here. What picks or compares (maximum, less, abs) goes by
    the real parts, and where those are equal by the imaginary ones, as NumPy orders complex numbers: pieces that meet
    at this point are then all taken from the same side.
    """

    linalg = ComplexLinearAlgebra()

    def __getattr__(self, name: str) -> Any:
        found = getattr(NUMPY, name)
        if isinstance(found, np.ufunc):
            found = _by_parts(found, found)
        setattr(self, name, found)  # looked up once
        return found

    def asarray(self, x: Any, dtype: npt.DTypeLike | None = None) -> Array:
        """Give an array an element type; complex numbers stand for floating ones of any precision."""
        keep = np.iscomplexobj(x) and np.dtype(dtype).kind == "f"
        return np.asarray(x) if keep else np.asarray(x, dtype)

    def astype(self, x: Array, dtype: npt.DTypeLike, **_: Any) -> Array:
        """Convert the real part to what is not floating; nothing is rounded to float32."""
        if np.iscomplexobj(x):
            return x if np.dtype(dtype).kind == "f" else x.real.astype(dtype)
        return x.astype(dtype)


def _by_parts(real: Callable[..., Any], extended: Callable[..., Any]) -> Callable[..., Any]:
    """Join the values of a real function with the imaginary parts of its extension.

    What is not a number in the real function has no derivative either.
    """

    @wraps(extended)
    def function(*inputs: Any, **settings: Any) -> Array:
        if not any(map(np.iscomplexobj, inputs)):
            return np.asarray(real(*inputs, **settings))
        value = np.asarray(real(*map(np.real, inputs), **settings))
        if value.dtype.kind != "f":
            return np.asarray(extended(*inputs, **settings))
        result = np.empty(value.shape, np.complex128)
        result.real = value
        result.imag = np.where(np.isnan(value), np.nan, np.imag(extended(*inputs, **settings)))
        return result

    return function


def _extends(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def define(extended: Callable[..., Any]) -> Callable[..., Any]:
        setattr(ComplexNamespace, name, staticmethod(_by_parts(getattr(NUMPY, name), extended)))
        return extended

    return define


@_extends("abs")
@_extends("absolute")
def _abs(x: Any) -> Any:
    return np.where(np.less(x, 0), np.negative(x), x)


@_extends("sign")
@_extends("floor")
@_extends("ceil")
@_extends("round")
@_extends("rint")
@_extends("trunc")
def _flat(x: Any) -> Any:
    return np.zeros_like(x)


@_extends("sigmoid")
def _sigmoid(x: Any) -> Any:
    e = np.exp(_abs(x) * -1)  # of what is not positive: it never overflows
    return np.where(np.less(x, 0), e, 1) / (1 + e)


@_extends("logaddexp")
def _logaddexp(a: Any, b: Any) -> Any:
    difference = np.subtract(a, b)
    return np.where(np.less(difference, 0), b, a) + np.log1p(np.exp(_abs(difference) * -1))


@_extends("hypot")
def _hypot(a: Any, b: Any) -> Any:
    scale = np.maximum(np.abs(np.real(a)), np.abs(np.real(b)))
    scale = np.where(scale > 0, scale, 1)
    return scale * np.sqrt(np.square(a / scale) + np.square(b / scale))


@_extends("cbrt")
def _cbrt(x: Any) -> Any:
    below = np.real(x) < 0
    root = np.power(np.where(below, np.negative(x), x), 1 / 3)
    return np.where(below, -root, root)


@_extends("gammaln")
def _gammaln(x: Any) -> Any:
    # Reflected left of ½, where the imaginary part of log Γ has multiples of π, in which a small one is lost.
    left = np.real(x) < 0.5
    sine = np.sin(np.pi * (x - np.round(np.real(x))))
    right = special.loggamma(np.where(left, 1 - x, x))
    return np.where(left, np.log(np.pi / _abs(sine)) - right, right)


@_extends("iv")
def _iv(n: Any, x: Any) -> Any:
    # SciPy's loses an imaginary part of 1e-100, and keeps one of 1e-20, whose square is nothing beside 1 either.
    enlarged = np.real(x) + 1j * np.ldexp(np.imag(x), 265)
    return 1j * np.ldexp(np.imag(special.iv(n, enlarged)), -265)


@_extends("power")
@_extends("pow")
def _power(a: Any, b: Any) -> Any:
    # exp(b log a) would lose a small imaginary part of a negative base in that of log a, which is π.
    below = np.real(a) < 0
    turned = np.power(np.where(below, np.negative(a), a), b)
    turned = np.where(below & (np.imag(b) != 0), np.nan * 1j, turned)  # beside this exponent no power is real
    return np.where(below & (np.real(b) % 2 != 0), -turned, turned)


@_extends("arctan2")
@_extends("atan2")
def _atan2(y: Any, x: Any) -> Any:
    steep = np.abs(np.real(y)) > np.abs(np.real(x))
    ratio = np.where(steep, x, y) / np.where(steep, y, x)
    return np.where(steep, -1, 1) * np.arctan(ratio)  # up to a multiple of π/2, which is real


COMPLEX = ComplexNamespace()

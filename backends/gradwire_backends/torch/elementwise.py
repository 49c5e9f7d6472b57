"""PyTorch's elementwise functions by NumPy's and SciPy's names, with their habits."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch

ALIKE = """
    abs acos acosh add asin asinh atan atan2 atanh ceil copysign cos cosh erf exp exp2 expm1 floor fmax fmin greater
    greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp logical_and logical_not
    logical_or logical_xor multiply negative not_equal reciprocal round sigmoid signbit sin sinh sqrt
    square subtract tan tanh trunc where xlogy
""".split()
"""Functions of `torch` that differ from NumPy's in nothing but that they want tensors where NumPy takes numbers."""

SPECIAL = "entr erfc erfcx erfinv i0 i0e i1 i1e log_ndtr ndtr ndtri psi xlog1py".split()
"""Likewise those of `torch.special`, and SciPy's. Its `gammainc` and `polygamma` are good for nine digits: left out."""

RENAMED = {"digamma": torch.special.psi, "divide": torch.true_divide, "equal": torch.eq, "power": torch.pow}


def _on_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give numbers among the operands the type of the tensors."""

    @wraps(function)
    def call(*operands: Any) -> Any:
        kind = next((x.dtype for x in operands[::-1] if isinstance(x, torch.Tensor)), torch.float64)
        return function(*(x if isinstance(x, torch.Tensor) else torch.as_tensor(x, dtype=kind) for x in operands))

    return call


def _accumulating(function: Callable[..., Any], along: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function the `accumulate` that those of NumPy have."""
    call: Any = _on_tensors(function)
    call.accumulate = lambda x, axis: along(x, axis).values
    return staticmethod(call)


class Elementwise:
    """Functions of one element of each operand."""

    maximum = _accumulating(torch.maximum, torch.cummax)
    minimum = _accumulating(torch.minimum, torch.cummin)

    @staticmethod
    def sign(x: Any) -> Any:
        """Return -1, 0 or 1, and NaN for NaN."""
        return torch.where(torch.isnan(x), x, torch.sign(x))

    @staticmethod
    def cbrt(x: Any) -> Any:
        """Return the real cube root."""
        return torch.copysign(torch.abs(x) ** (1 / 3), x)

    @staticmethod
    def gammaln(x: Any) -> Any:
        """Return log |Γ(x)|, and -inf at -inf, as SciPy does."""
        return torch.where(x == -torch.inf, x, torch.special.gammaln(x))

    @staticmethod
    def iv(n: int, x: Any) -> Any:
        """Return a modified Bessel function; PyTorch has those of order 0 and 1."""
        if n > 1:
            raise NotImplementedError(f"there is no Bessel function of order {n}")
        return torch.special.i1(x) if n else torch.special.i0(x)

    @staticmethod
    def clip(x: Any, low: Any, high: Any) -> Any:
        """Keep between bounds; None is none."""
        return x if low is None and high is None else torch.clamp(x, low, high)

    @staticmethod
    def floor_divide(a: Any, b: Any) -> Any:
        """Return the integer below the ratio; 0 where an integer is divided by 0."""
        a, b = torch.broadcast_tensors(a.detach(), b.detach())
        if a.is_floating_point():
            return torch.floor_divide(a, b)
        return torch.where(b == 0, 0, torch.floor_divide(a, torch.where(b == 0, 1, b)))

    @staticmethod
    def remainder(a: Any, b: Any) -> Any:
        """Return what is left of a, with the sign of b; 0 where an integer is divided by 0."""
        if a.is_floating_point():
            return torch.remainder(a, b)
        return torch.where(b == 0, 0, torch.remainder(a, torch.where(b == 0, 1, b)))

    @staticmethod
    def fmod(a: Any, b: Any) -> Any:
        """Return what is left of a, with the sign of a; 0 where an integer is divided by 0."""
        if a.is_floating_point():
            return torch.fmod(a, b)
        return torch.where(b == 0, 0, torch.fmod(a, torch.where(b == 0, 1, b)))


for _name in ALIKE:
    setattr(Elementwise, _name, staticmethod(_on_tensors(getattr(torch, _name))))
for _name in SPECIAL:
    setattr(Elementwise, _name, staticmethod(_on_tensors(getattr(torch.special, _name))))
for _name, _function in RENAMED.items():
    setattr(Elementwise, _name, staticmethod(_on_tensors(_function)))

"""Elementwise ops to many digits, far out, against mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradwire_service.ops import Composite, Elementwise, Op, Value, apply, variable
from tests.ops.derivatives import curvatures, pulled, run

FUNCTIONS = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log1p": mpmath.log1p,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
}
FAR_REACHING = ("atan", "tanh", "erf", "sigmoid", "log_sigmoid", "softplus", "gelu")
NEAR = (-0.75, -1e-3, 1e-7, 0.3, 0.9)
POINTS = [(op, x) for op in FUNCTIONS for x in NEAR]
POINTS += [(op, x) for op in FAR_REACHING for x in (-800.0, -30.0, -4.0, 6.0, 30.0, 800.0)]
POINTS += [(op, 1 - 1e-9) for op in ("asin", "acos")]


@pytest.mark.parametrize(("op", "x"), POINTS)
def test_value_and_two_derivatives_are_those_of_mpmath(op: str, x: float) -> None:
    def f(x: Value) -> Value:
        return apply(op, x)

    with mpmath.workdps(80):
        exact = [float(mpmath.diff(FUNCTIONS[op], x, n, h=mpmath.mpf(10) ** -24)) for n in range(3)]
    value = run({"y": f(variable("x"))}, {"x": np.array(x)})["y"]
    (first,) = pulled(f, x)
    assert float(value) == pytest.approx(exact[0], rel=1e-15, abs=2e-16)
    assert float(first) == pytest.approx(exact[1], rel=2e-15, abs=2e-16)
    for second in curvatures(f, x).values():
        assert float(second) == pytest.approx(exact[2], rel=1e-14, abs=5e-16)


def elementwise(op: type[Op]) -> bool:
    return issubclass(op, Elementwise) and not issubclass(op, Composite)  # which is written as what it is made of


@pytest.mark.parametrize("op", sorted(name for name, op in Op.registry.items() if elementwise(op)))
def test_every_elementwise_op_has_a_formula(op: str) -> None:
    cls = Op.registry[op]
    if not cls.signature().attributes:
        assert cls.latex.format(*"abc"[: len(cls.signature().inputs)])

"""What the Python array API standard says of NaN, infinities and zeros of both signs, op by op, as a table.

A row is an op, for each input the numbers that the case is about, and the result for all of them. Where the standard
leaves a choice, ours is Python's. Source: Python array API standard, 2025.12, elementwise functions.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from gradwire_service.ops import Op, apply
from tests.ops.derivatives import run, variables

NAN, INF, PI = math.nan, math.inf, math.pi
ZERO, MINUS_ZERO = (0.0,), (-0.0,)
ZEROS = (0.0, -0.0)
INFINITIES = (INF, -INF)
UP, DOWN = (0.5, 3.0), (-0.5, -3.0)
WHOLE = (-3.0, -1.0, 1.0, 7.0)
FINITE = (*ZEROS, *UP, *DOWN)
NUMBERS = (*FINITE, *INFINITIES)
ANY = (*NUMBERS, NAN)
MISSING = (NAN,)
BIG, SMALL = (1.5, -1.5, 8.0, -INF, INF), (0.5, -0.5, 0.0, -0.0)

Numbers = tuple[float, ...]
Case = tuple[Numbers, float] | tuple[Numbers, Numbers, float]

ODD: list[Case] = [(MISSING, NAN), (ZERO, 0.0), (MINUS_ZERO, -0.0)]
"""Of functions that turn with the sign of x."""

EVEN: list[Case] = [(MISSING, NAN), (ZEROS, 1.0)]

LIKE_INTEGERS: list[Case] = [*ODD, ((INF,), INF), ((-INF,), -INF), *[((x,), x) for x in WHOLE]]

LOGARITHM: list[Case] = [(MISSING, NAN), (DOWN, NAN), ((-INF,), NAN), (ZEROS, -INF), ((1.0,), 0.0), ((INF,), INF)]

EITHER_MISSING: list[Case] = [(MISSING, ANY, NAN), (ANY, MISSING, NAN)]

UNORDERED: list[Case] = [(MISSING, ANY, False), (ANY, MISSING, False)]

CASES: dict[str, list[Case]] = {
    "abs": [(MISSING, NAN), (MINUS_ZERO, 0.0), ((-INF,), INF)],
    "acos": [(MISSING, NAN), ((1.5, INF), NAN), ((-1.5, -INF), NAN), ((1.0,), 0.0)],
    "acosh": [(MISSING, NAN), ((0.5, 0.0, -2.0, -INF), NAN), ((1.0,), 0.0), ((INF,), INF)],
    "add": [
        *EITHER_MISSING,
        ((INF,), (-INF,), NAN),
        ((-INF,), (INF,), NAN),
        ((INF,), (INF, *FINITE), INF),
        ((-INF,), (-INF, *FINITE), -INF),
        (FINITE, (INF,), INF),
        (FINITE, (-INF,), -INF),
        (MINUS_ZERO, MINUS_ZERO, -0.0),
        (ZERO, ZEROS, 0.0),
        (ZEROS, ZERO, 0.0),
        (ZEROS, (3.0,), 3.0),
        ((-3.0,), ZEROS, -3.0),
        ((3.0,), (-3.0,), 0.0),
    ],
    "asin": [*ODD, ((1.5, INF), NAN), ((-1.5, -INF), NAN)],
    "asinh": [*ODD, ((INF,), INF), ((-INF,), -INF)],
    "atan": [*ODD, ((INF,), PI / 2), ((-INF,), -PI / 2)],
    "atan2": [
        *EITHER_MISSING,
        (UP, ZEROS, PI / 2),
        (ZERO, (*UP, INF), 0.0),
        (ZERO, ZERO, 0.0),
        (ZERO, MINUS_ZERO, PI),
        (ZERO, (*DOWN, -INF), PI),
        (MINUS_ZERO, (*UP, INF), -0.0),
        (MINUS_ZERO, ZERO, -0.0),
        (MINUS_ZERO, MINUS_ZERO, -PI),
        (MINUS_ZERO, (*DOWN, -INF), -PI),
        (DOWN, ZEROS, -PI / 2),
        (UP, (INF,), 0.0),
        (UP, (-INF,), PI),
        (DOWN, (INF,), -0.0),
        (DOWN, (-INF,), -PI),
        ((INF,), FINITE, PI / 2),
        ((-INF,), FINITE, -PI / 2),
        ((INF,), (INF,), PI / 4),
        ((INF,), (-INF,), 3 * PI / 4),
        ((-INF,), (INF,), -PI / 4),
        ((-INF,), (-INF,), -3 * PI / 4),
    ],
    "atanh": [*ODD, ((-1.5, 1.5, *INFINITIES), NAN), ((-1.0,), -INF), ((1.0,), INF)],
    "ceil": [*LIKE_INTEGERS, ((-0.5,), -0.0), ((0.5,), 1.0)],
    "clip": [(MISSING, NAN)],
    "copysign": [
        *[((x, -x), (-2.0, -0.0, -INF, -NAN), -x) for x in (0.0, 1.5, INF)],
        *[((x, -x), (2.0, 0.0, INF, NAN), x) for x in (0.0, 1.5, INF)],
        (MISSING, ANY, NAN),
    ],
    "cos": [*EVEN, (INFINITIES, NAN)],
    "cosh": [*EVEN, (INFINITIES, INF)],
    "divide": [
        *EITHER_MISSING,
        (INFINITIES, INFINITIES, NAN),
        (ZEROS, ZEROS, NAN),
        (ZERO, UP, 0.0),
        (MINUS_ZERO, UP, -0.0),
        (ZERO, DOWN, -0.0),
        (MINUS_ZERO, DOWN, 0.0),
        (UP, ZERO, INF),
        (UP, MINUS_ZERO, -INF),
        (DOWN, ZERO, -INF),
        (DOWN, MINUS_ZERO, INF),
        ((INF,), UP, INF),
        ((INF,), DOWN, -INF),
        ((-INF,), UP, -INF),
        ((-INF,), DOWN, INF),
        (UP, (INF,), 0.0),
        (UP, (-INF,), -0.0),
        (DOWN, (INF,), -0.0),
        (DOWN, (-INF,), 0.0),
    ],
    "equal": [
        *UNORDERED,
        ((INF,), (INF,), True),
        ((-INF,), (-INF,), True),
        ((INF,), (-INF,), False),
        (ZEROS, ZEROS, True),
        ((3.0,), (3.0,), True),
    ],
    "exp": [*EVEN, ((INF,), INF), ((-INF,), 0.0)],
    "expm1": [*ODD, ((INF,), INF), ((-INF,), -1.0)],
    "floor": [*LIKE_INTEGERS, ((0.5,), 0.0), ((-0.5,), -1.0)],
    "floor_divide": [
        *EITHER_MISSING,
        (INFINITIES, INFINITIES, NAN),
        (ZEROS, ZEROS, NAN),
        (ZERO, UP, 0.0),
        (MINUS_ZERO, UP, -0.0),
        (ZERO, DOWN, -0.0),
        (MINUS_ZERO, DOWN, 0.0),
        (UP, ZERO, INF),
        (UP, MINUS_ZERO, -INF),
        (DOWN, ZERO, -INF),
        (DOWN, MINUS_ZERO, INF),
        (INFINITIES, (*UP, *DOWN), NAN),
        (UP, (INF,), 0.0),
        (UP, (-INF,), -1.0),
        (DOWN, (INF,), -1.0),
        (DOWN, (-INF,), 0.0),
    ],
    "greater": UNORDERED,
    "greater_equal": UNORDERED,
    "hypot": [
        (INFINITIES, ANY, INF),
        (ANY, INFINITIES, INF),
        *[(ZEROS, (x, -x), x) for x in (0.0, 0.5, 3.0)],
        *[((x, -x), ZEROS, x) for x in (0.0, 0.5, 3.0)],
        ((*FINITE, NAN), MISSING, NAN),
        (MISSING, (*FINITE, NAN), NAN),
        ((3.0, -3.0), (4.0, -4.0), 5.0),
        ((4.0, -4.0), (3.0, -3.0), 5.0),
    ],
    "isfinite": [((*INFINITIES, NAN), False), (FINITE, True)],
    "isinf": [(INFINITIES, True), ((*FINITE, NAN), False)],
    "isnan": [(MISSING, True), (NUMBERS, False)],
    "less": UNORDERED,
    "less_equal": UNORDERED,
    "log": LOGARITHM,
    "log1p": [*ODD, ((-1.5, -INF), NAN), ((-1.0,), -INF), ((INF,), INF)],
    "logaddexp": [*EITHER_MISSING, ((INF,), NUMBERS, INF), (NUMBERS, (INF,), INF)],
    "maximum": EITHER_MISSING,
    "minimum": EITHER_MISSING,
    "multiply": [
        *EITHER_MISSING,
        (INFINITIES, ZEROS, NAN),
        (ZEROS, INFINITIES, NAN),
        (ZERO, (0.0, *UP), 0.0),
        (ZERO, (-0.0, *DOWN), -0.0),
        (MINUS_ZERO, (-0.0, *DOWN), 0.0),
        ((0.0, *UP), MINUS_ZERO, -0.0),
        ((INF,), (INF, *UP), INF),
        ((INF,), (-INF, *DOWN), -INF),
        ((-INF,), (-INF, *DOWN), INF),
        (UP, (INF,), INF),
        (UP, (-INF,), -INF),
        (DOWN, (-INF,), INF),
    ],
    "negative": [(MISSING, NAN), (ZERO, -0.0), (MINUS_ZERO, 0.0), ((INF,), -INF), ((-INF,), INF)],
    "not_equal": [
        (MISSING, ANY, True),
        (ANY, MISSING, True),
        ((INF,), (-INF,), True),
        ((-INF,), (INF,), True),
        ((3.0,), (4.0,), True),
        (ZEROS, ZEROS, False),
    ],
    "power": [
        ((*SMALL, *BIG, -1.0, NAN), MISSING, NAN),
        (ANY, ZEROS, 1.0),
        (MISSING, (*UP, *DOWN, *INFINITIES, NAN), NAN),
        (BIG, (INF,), INF),
        (BIG, (-INF,), 0.0),
        ((1.0, -1.0), INFINITIES, 1.0),
        ((1.0,), NUMBERS, 1.0),
        (SMALL, (INF,), 0.0),
        (SMALL, (-INF,), INF),
        ((INF,), (*UP, INF), INF),
        ((INF,), (*DOWN, -INF), 0.0),
        ((-INF,), (1.0, 3.0), -INF),
        ((-INF,), (0.5, 2.0), INF),
        ((-INF,), (-1.0, -3.0), -0.0),
        ((-INF,), (-0.5, -2.0), 0.0),
        (ZERO, UP, 0.0),
        (ZERO, DOWN, INF),
        (MINUS_ZERO, (1.0, 3.0), -0.0),
        (MINUS_ZERO, (0.5, 2.0), 0.0),
        (MINUS_ZERO, (-1.0, -3.0), -INF),
        (MINUS_ZERO, (-0.5, -2.0), INF),
        (DOWN, (0.5, -1.5), NAN),
    ],
    "reciprocal": [(MISSING, NAN), (ZERO, INF), (MINUS_ZERO, -INF), ((INF,), 0.0), ((-INF,), -0.0)],
    "remainder": [
        *EITHER_MISSING,
        (INFINITIES, INFINITIES, NAN),
        (ZEROS, ZEROS, NAN),
        (ZEROS, UP, 0.0),
        (ZEROS, DOWN, -0.0),
        ((*UP, *DOWN), ZEROS, NAN),
        (INFINITIES, (*UP, *DOWN), NAN),
        *[((x,), (INF,), x) for x in UP],
        (UP, (-INF,), -INF),
        (DOWN, (INF,), INF),
        *[((x,), (-INF,), x) for x in DOWN],
    ],
    "round": [*LIKE_INTEGERS, ((0.5,), 0.0), ((-0.5,), -0.0), ((1.5, 2.5), 2.0), ((-1.5, -2.5), -2.0)],
    "sign": [(MISSING, NAN), (ZEROS, 0.0), ((*UP, INF), 1.0), ((*DOWN, -INF), -1.0)],
    "sin": [*ODD, (INFINITIES, NAN)],
    "sinh": [*ODD, ((INF,), INF), ((-INF,), -INF)],
    "sqrt": [*ODD, ((*DOWN, -INF), NAN), ((INF,), INF)],
    "square": [(MISSING, NAN), (ZEROS, 0.0), (INFINITIES, INF)],
    "subtract": [
        *EITHER_MISSING,
        ((INF,), (INF,), NAN),
        ((-INF,), (-INF,), NAN),
        ((INF,), (-INF, *FINITE), INF),
        (FINITE, (INF,), -INF),
        (MINUS_ZERO, ZERO, -0.0),
        (ZERO, ZEROS, 0.0),
        ((3.0,), (3.0,), 0.0),
    ],
    "tan": [*ODD, (INFINITIES, NAN)],
    "tanh": [*ODD, ((INF,), 1.0), ((-INF,), -1.0)],
    "trunc": [*LIKE_INTEGERS, ((0.5,), 0.0), ((-0.5,), -0.0)],
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("op", CASES)
def test_result_is_that_of_the_standard(op: str, dtype: type) -> None:
    points = [(*point, expected) for *groups, expected in CASES[op] for point in itertools.product(*groups)]
    *inputs, expected = np.array(points, dtype).T
    xs, fed = variables(*inputs)
    y = run({"y": apply(op, *xs)}, fed)["y"]
    same = np.isnan(expected) & np.isnan(y) | np.isclose(y, expected, rtol=1e-6, atol=0)
    same &= np.isnan(expected) | (np.signbit(y.astype(dtype)) == np.signbit(expected))
    assert not [(*point, float(found)) for point, found, good in zip(points, y, same, strict=True) if not good]


def test_a_nan_takes_the_sign_of_another_number() -> None:
    xs, fed = variables(np.array([NAN, -NAN, NAN, -NAN]), np.array([-1.0, 0.0, -0.0, INF]))
    y = run({"y": apply("copysign", *xs)}, fed)["y"]
    assert np.isnan(y).all()
    assert np.signbit(y).tolist() == [True, False, True, False]


@pytest.mark.parametrize("op", CASES)
def test_every_row_fits_the_op(op: str) -> None:
    assert {len(case) - 1 for case in CASES[op]} == {len(Op.registry[op].signature().inputs)}

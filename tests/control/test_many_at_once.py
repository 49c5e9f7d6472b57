"""Loops and branches for many points at once give what they give for each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradwire_service.control import Checkpoint, Switch, WhileLoop
from gradwire_service.control.scan import scan
from gradwire_service.graph import ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import cos, sin
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from gradwire_service.transform.vectorize import vectorize

RNG = np.random.default_rng(5)
POINT = {"c": RNG.normal(size=2), "xs": RNG.normal(size=(5, 2)), "w": np.array(0.8), "i": np.array(1)}


def loop(c: Value, xs: Value, w: Value, i: Value) -> list[Value]:
    inner = [variable("c", (2,)), variable("x", (2,)), variable("w")]
    h = sin(inner[0] * inner[2] + inner[1])
    end, ys = scan(Body(tuple(inner), (h, h * h)), [c], [xs], [w], 5, reverse=True)
    return [end, ys]


def branch(c: Value, xs: Value, w: Value, i: Value) -> list[Value]:
    a, b = variable("a", (2,)), variable("b")
    y, z = Switch((Body((a, b), (sin(a) * b, b)), Body((a, b), (cos(a), b * b))))(i, c, w)
    return [y, z]


def repeated(c: Value, xs: Value, w: Value, i: Value) -> list[Value]:
    a, b = variable("a", (2,)), variable("b")
    (y,) = Checkpoint(Body((a, b), (sin(a) * b,)))(c, w)
    n, m = variable("n"), variable("m")
    (z,) = WhileLoop(Body((n, m), (n * n < 9.0,)), Body((n, m), (n * 1.5 + m * m,)), 1, 40)(w, w)
    return [y, z]


@pytest.mark.parametrize("batched", [("c",), ("xs", "w"), ("w",), ("i", "c"), ("c", "xs", "w", "i")], ids="-".join)
@pytest.mark.parametrize("f", [loop, branch, repeated])
def test_values_and_gradients_are_those_of_each_point(f: Callable[..., list[Value]], batched: tuple[str, ...]) -> None:
    inputs = {name: variable(name, x.shape, ElementType.of(x.dtype)) for name, x in POINT.items()}
    values = f(*inputs.values())
    wanted = [*values, *gradient(sum_(values[0] * values[0]), [inputs["c"], inputs["w"]])]
    several = {n: np.stack([x, x + 1 if n != "i" else 1 - x, x]) for n, x in POINT.items() if n in batched}
    new = {inputs[n]: variable(f"{n}s", x.shape, inputs[n].element_type) for n, x in several.items()}
    outputs = {str(i): v for i, v in enumerate(vectorize(wanted, new))}
    flat = simplify(FlatGraph.of(outputs))
    fed = {**POINT, **{f"{n}s": x for n, x in several.items()}}
    found = interpret(flat)({n: fed[n] for n in flat.variables})
    single = interpret(simplify(FlatGraph.of({str(i): v for i, v in enumerate(wanted)}, inputs.values())))
    for k in range(3):
        expected = single({**POINT, **{n: x[k] for n, x in several.items()}})
        for name, array in expected.items():
            np.testing.assert_allclose(found[name][k], array, rtol=1e-13, atol=1e-15, err_msg=name)

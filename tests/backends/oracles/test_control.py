"""Loops, branches and bodies with derivatives of their own, on the oracles that are installed here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.backend import DifferentiatingBackend, Options
from gradwire_service.backend import backend as registered
from gradwire_service.control import CustomDerivative
from gradwire_service.errors import IndexRangeError, LimitExceededError, UnsupportedByBackendError
from gradwire_service.ops import FlatGraph, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import cos, exp, sin
from gradwire_service.ops.functions import sum as sum_
from tests.backends.oracles.conftest import PRESENT
from tests.control.test_backends import GRAPH, POINT

GROWING = """
graph growing
variable x: float64[]
composite small {
  variable c: float64[]
  y = less(c, 10.0)
  output y = y
}
composite grow {
  variable c: float64[]
  more = multiply(c, 1.5)
  bent = sin(more)
  y = add(more, bent)
  output y = y
}
y = while_loop(x, condition="small", body="grow", carries=1, max_trips=20)
output y = y
"""

PICKED = """
graph picked
variable i: int64[]
variable x: float64[4]
variable at: int64[3, 1]
composite read {
  variable x: float64[4]
  variable i: int64[1]
  y = gather_nd(x, i)
  output y = y
}
composite one {
  variable x: float64[3]
  y = exp(x)
  output y = y
}
composite other {
  variable x: float64[3]
  y = square(x)
  output y = y
}
rows = scan(at, x, body="picked_row", sequences=1)
y = switch(i, rows, bodies=["one", "other"])
loss = sum(y)
output loss = loss
composite picked_row {
  variable i: int64[1]
  variable x: float64[4]
  y = gather_nd(x, i)
  output y = y
}
"""

ROOT = """
graph root
variable a: float64[]
composite equation {
  variable x: float64[]
  variable a: float64[]
  s = square(x)
  r = subtract(s, a)
  output r = r
}
x = root(1.0, a, body="equation")
output x = x
"""

PLACES: dict[str, Any] = {"i": np.int64(0), "x": np.arange(4.0), "at": np.array([[0], [3], [-1]])}

oracles = pytest.mark.parametrize("backend", PRESENT)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(backend="numpy")


def assert_alike(engine: Engine, graph: str, point: dict[str, Any], backend: str) -> None:
    ours, theirs = engine.gradient(graph, point), engine.gradient(graph, point, backend=backend)
    np.testing.assert_allclose(theirs.value, ours.value, rtol=1e-14)
    for name, array in ours.gradients.items():
        np.testing.assert_allclose(theirs.gradients[name], array, rtol=1e-13, atol=1e-13)
    tangents = {name: np.ones_like(array) for name, array in ours.gradients.items()}
    forward = engine.jvp(graph, point, tangents, backend=backend)
    (moved,) = forward.tangents.values()
    np.testing.assert_allclose(moved, sum(array.sum() for array in ours.gradients.values()), rtol=1e-12)


@oracles
def test_scan_and_cond_are_differentiated_by_the_framework_in_both_modes(engine: Engine, backend: str) -> None:
    assert_alike(engine, GRAPH, POINT, backend)


@oracles
def test_while_loop_with_a_bound_is_differentiated_in_both_modes(engine: Engine, backend: str) -> None:
    assert_alike(engine, GROWING, {"x": np.array(1.0)}, backend)


@oracles
def test_a_loop_that_does_not_end_is_told_of(engine: Engine, backend: str) -> None:
    short = GROWING.replace("max_trips=20", "max_trips=2")
    for answer in (engine.evaluate, engine.gradient):
        with pytest.raises(LimitExceededError, match="did not end after 2 trips"):
            answer(short, {"x": 1.0}, backend=backend)


@oracles
@pytest.mark.parametrize("i", [0, 1])
def test_positions_are_read_inside_bodies(engine: Engine, backend: str, i: int) -> None:
    assert_alike(engine, PICKED, {**PLACES, "i": np.int64(i)}, backend)


@oracles
@pytest.mark.parametrize(
    ("change", "told"),
    [({"i": np.int64(2)}, "switch has no body 2"), ({"at": np.array([[0], [4], [1]])}, "index 4 is outside an axis")],
    ids=["branch", "index"],
)
def test_what_is_outside_inside_bodies_is_told_of(
    engine: Engine, backend: str, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(IndexRangeError, match=told):
        engine.gradient(PICKED, {**PLACES, **change}, backend=backend)


@oracles
def test_a_derivative_that_was_given_and_is_wrong_is_found_out(backend: str) -> None:
    x, y, s = (variable(name, (3,)) for name in "xys")
    given = CustomDerivative(Body((x,), (sin(x),)), Body((x, y, s), (5 * s * cos(x),)))
    graph = FlatGraph.of({"y": sum_(exp(*given(x)))})
    own = registered(backend)
    assert isinstance(own, DifferentiatingBackend)
    found = own.prepare_gradients(graph, "y", ["x"], Options())({"x": POINT["x"]})
    np.testing.assert_allclose(found["x"], np.exp(np.sin(POINT["x"])) * np.cos(POINT["x"]), rtol=1e-14)


@oracles
def test_root_is_refused_by_name(engine: Engine, backend: str) -> None:
    with pytest.raises(UnsupportedByBackendError, match="root is solved by the backends that run graphs"):
        engine.gradient(ROOT, {"a": 2.0}, backend=backend)

"""Random graphs over all ops that have derivatives: every way to a derivative leads to the same one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradwire_backends.complex_step import ComplexStepBackend
from gradwire_backends.testing import Sample
from gradwire_service.backend import Options
from gradwire_service.control.scan import scan
from gradwire_service.graph import Array
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph
from gradwire_service.ops.body import Body
from gradwire_service.transform import gradient, simplify
from tests.ops.derivatives import Inputs, difference
from tests.transform.random_graphs import ANALYTIC, DIFFERENTIABLE, derivatives, groups, random_graphs

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

GROUPS, ANALYTIC_GROUPS, LOOPED_GROUPS = groups(DIFFERENTIABLE, 3), groups(ANALYTIC, 5), groups(DIFFERENTIABLE, 6)

few = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
"""A test draws one graph or two, for there are many tests: each op is in one of them."""


def flat(arrays: Inputs, prefix: str) -> Array:
    """Return what has names with a prefix, as one vector."""
    return np.concatenate([np.ravel(x) for name, x in arrays.items() if name.startswith(prefix)])


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
@given(data=st.data())
@settings(few, max_examples=2)
def test_derivatives_of_random_graphs_agree_in_every_mode_and_with_differences(
    group: Sequence[Sequence[Sample]], data: st.DataObject
) -> None:
    graph = data.draw(random_graphs(group))
    moved = graph.direction()
    as_written = derivatives(graph)
    simpler = simplify(as_written)
    point = graph.point | {f"dot {name}": x for name, x in moved.items()}
    found = interpret(simpler)(point)
    for name, x in interpret(as_written)(point).items():
        assert np.all(np.isfinite(x))
        np.testing.assert_allclose(found[name], x, rtol=0, atol=1e-12 * np.max(np.abs(x), initial=0.0), err_msg=name)

    v, g, hv = flat(moved, ""), flat(found, "gradient "), flat(found, "forward ")
    first, second = np.sum(np.abs(g * v)), np.sum(np.abs(hv * v))
    assert found["pulled"] == pytest.approx(found["pushed"], abs=1e-12 * first)
    assert flat(found, "reverse ") == pytest.approx(hv, abs=1e-12 * np.max(np.abs(hv)))

    outputs = {"total": graph.total} | {f"gradient {name}": x for name, x in graph.gradient.items()}
    run = interpret(simplify(FlatGraph.of(outputs, graph.variables.values())))

    def value_and_slope(x: Inputs) -> Array:
        here = run(x)
        return np.array([here["total"], flat(here, "gradient ") @ v])

    slope, curvature = difference(value_and_slope, graph.point, moved, step=5e-4)
    assert found["pushed"] == pytest.approx(slope, abs=1e-10 * (1 + first))
    assert hv @ v == pytest.approx(curvature, abs=1e-9 * (first + second))


@pytest.mark.parametrize("group", ANALYTIC_GROUPS.values(), ids=ANALYTIC_GROUPS)
@given(data=st.data())
@settings(few, max_examples=1)
def test_gradients_of_random_graphs_are_those_of_complex_steps(
    group: Sequence[Sequence[Sample]], data: st.DataObject
) -> None:
    graph = data.draw(random_graphs(group))
    run = interpret(simplify(FlatGraph.of(graph.gradient, graph.variables.values())))
    direct = FlatGraph.of({"total": graph.total}, graph.variables.values())
    expected = ComplexStepBackend().prepare_gradients(direct, "total", [*graph.floating], Options())(graph.point)
    size = max(np.max(np.abs(expected[name]), initial=0.0) for name in graph.floating)
    for name, x in run(graph.point).items():
        np.testing.assert_allclose(x, expected[name], rtol=0, atol=1e-12 * size, err_msg=name)


@pytest.mark.parametrize(
    ("group", "checkpoint"), [*zip(LOOPED_GROUPS.values(), cycle(["keep", "recompute"]))], ids=LOOPED_GROUPS
)
@given(data=st.data())
@settings(few, max_examples=1)
def test_a_random_graph_in_a_loop_has_the_derivatives_of_the_loop_written_out(
    group: Sequence[Sequence[Sample]], checkpoint: str, data: st.DataObject
) -> None:
    graph = data.draw(random_graphs(group))
    outer = [x for x in graph.variables.values() if x is not graph.start]
    body = Body((graph.start, *outer), (graph.total,))
    (looped,) = scan(body, [graph.start], [], outer, 2, checkpoint=checkpoint)
    (once,) = body(graph.start, *outer)
    (twice,) = body(once, *outer)
    slopes = []
    for total in (looped, twice):
        xs = [*graph.floating.values()]
        outputs = {x.name: slope for x, slope in zip(xs, gradient(total, xs), strict=True)}
        slopes.append(interpret(simplify(FlatGraph.of(outputs, graph.variables.values())))(graph.point))
    found, expected = slopes
    size = max(np.max(np.abs(x), initial=0.0) for x in expected.values())
    for name, x in expected.items():
        np.testing.assert_allclose(found[name], x, rtol=0, atol=1e-12 * size, err_msg=name)

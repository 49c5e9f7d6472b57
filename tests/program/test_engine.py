"""All queries about one point share one program; what is wrong with a request is told in its words."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.errors import (
    BackendUnknownError,
    DimensionError,
    ElementTypeError,
    GraphUnknownError,
    InputMissingError,
    InputUnknownError,
    InvalidRequestError,
    LimitExceededError,
    NotDifferentiableError,
    NotScalarError,
    SeveralFaultsError,
    ShapeError,
)
from gradwire_service.graph import TensorType, parse
from gradwire_service.library import Choice
from gradwire_service.limits import Limits
from gradwire_service.program import Settings, conforming
from gradwire_service.query import (
    GradientQuery,
    HessianVectorProductQuery,
    JvpQuery,
    Query,
    ValueQuery,
    VjpQuery,
)

GRAPH = """
graph bilinear
variable x: float64[n]
variable w: float64[n]
u = multiply(x, w)
v = square(u)
loss = sum(v)
output loss = loss
output u = u
"""
X, W = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])
POINT = {"x": X, "w": W}
EXACT = ["numpy", "numba"]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("numpy")


@pytest.mark.parametrize("backend", [*EXACT, "complex_step", "finite_difference"])
def test_one_request_answers_queries_of_every_kind(engine: Engine, backend: str) -> None:
    ones = np.ones(3)
    queries: list[Query] = [
        ValueQuery(("u", "loss")),
        GradientQuery("loss", ("w", "u")),
        JvpQuery(("loss", "u"), ("x",)),
        VjpQuery(("u",), ("x",)),
        HessianVectorProductQuery("loss", ("w",)),
    ]
    directions = [{}, {}, {"x": ones}, {"u": ones}, {"w": ones}]
    answers: Any
    answers, execution = engine.evaluate_queries(GRAPH, POINT, queries, directions, Choice(backend))
    value, gradient, jvp, vjp, hvp = answers
    close = partial(pytest.approx, rel=1e-12 if backend in EXACT else 1e-6)
    assert value.values["u"] == close(X * W)
    assert gradient.gradients["w"] == close(2 * X * W * X)
    assert gradient.gradients["u"] == close(2 * X * W)
    assert jvp.values["loss"] == close(np.sum((X * W) ** 2))
    assert jvp.tangents["loss"] == close(np.sum(2 * X * W * W))
    assert jvp.tangents["u"] == close(W)
    assert vjp.cotangents["x"] == close(W)
    assert hvp.products["w"] == close(2 * X * X)
    assert hvp.gradients["w"] == close(2 * X * W * X)
    assert execution.backend == backend


def test_the_forward_pass_is_shared(engine: Engine) -> None:
    types = {name: TensorType.of(x) for name, x in POINT.items()}
    alone = engine.program(GRAPH, types, [GradientQuery("loss", ("w",))])
    both = engine.program(GRAPH, types, [GradientQuery("loss", ("w",)), GradientQuery("loss", ("w", "x"))])
    assert both.blocks <= alone.blocks + 2


def test_a_program_is_made_once(engine: Engine) -> None:
    types = {name: TensorType.of(x) for name, x in POINT.items()}
    queries = [GradientQuery("loss", ("w",))]
    assert engine.program(GRAPH, types, queries) is engine.program(parse(GRAPH).id, types, queries)


def test_defaults_are_all_outputs_and_all_floating_variables(engine: Engine) -> None:
    assert set(engine.evaluate(GRAPH, POINT)) == {"loss", "u"}
    one_output = GRAPH.replace("output u = u\n", "")
    assert set(engine.gradient(one_output, POINT).gradients) == {"x", "w"}


def test_prepare_gives_the_same_as_gradient(engine: Engine) -> None:
    call = engine.prepare(GRAPH, POINT, of="loss", wrt=["w"])
    expected = engine.gradient(GRAPH, POINT, of="loss", wrt=["w"])
    for inputs in (POINT, {"x": X[::-1].copy()[::-1], "w": W}):
        got = call(inputs)
        assert got.value == expected.value
        assert got.gradients["w"].tolist() == expected.gradients["w"].tolist()


def test_numbers_of_numpy_become_arrays_before_executables_see_them(engine: Engine) -> None:
    number = np.float64(2.0)
    assert type(conforming(number, TensorType(()), "x")) is np.ndarray  # type: ignore[arg-type]
    call = engine.prepare("variable x: float64[]\ny = square(x)\noutput y = y\n", {"x": number})
    assert call({"x": number}).value == 4.0  # type: ignore[dict-item]


def test_a_prepared_call_refuses_what_it_was_not_prepared_for(engine: Engine) -> None:
    call = engine.prepare(GRAPH, POINT, of="loss", wrt=["w"])
    with pytest.raises(InputMissingError, match="nothing was fed for w"):
        call({"x": X})
    with pytest.raises(InputUnknownError, match="'q'"):
        call({**POINT, "q": X})
    with pytest.raises(ShapeError, match="'w' must be float64\\[3\\]"):
        call({"x": X, "w": W[:2]})


def test_results_are_fresh_arrays_that_may_be_written(engine: Engine) -> None:
    identity = "variable x: float64[3]\noutput y = x\noutput z = x\n"
    got = engine.evaluate(identity, {"x": X})
    got["y"][0] = 99.0
    assert X[0] == 1.0
    assert got["z"][0] == 1.0


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ({"x": X}, InputMissingError, "variable 'w' of graph 'bilinear' was not fed"),
        ({**POINT, "q": X}, InputUnknownError, "'q' was fed, but graph 'bilinear' has no such variable"),
        ({"x": X, "w": W[:2]}, DimensionError, "dimension 'n' is 3 in 'x', but 2 in 'w'"),
        ({"x": X, "w": W.astype(np.float32)}, ElementTypeError, "'w' is float64\\[n\\], but was fed float32"),
        ({"x": X, "w": W * 1j}, ElementTypeError, "'w': there are no values of complex128; element types are float64"),
        ({"x": X, "w": W[None]}, ShapeError, "but was fed 2 axes, of shape \\[1, 3\\]"),
        ({}, SeveralFaultsError, "2 faults: variable 'x' .*; variable 'w'"),
    ],
)
def test_inputs_that_do_not_fit_are_told(engine: Engine, inputs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        engine.evaluate(GRAPH, inputs)


def test_a_query_that_does_not_fit_is_told(engine: Engine) -> None:
    with pytest.raises(InvalidRequestError, match="several outputs \\(loss, u\\)"):
        engine.gradient(GRAPH, POINT)
    with pytest.raises(NotScalarError, match="'u'"):
        engine.gradient(GRAPH, POINT, of="u")
    with pytest.raises(InvalidRequestError, match="no tangents"):
        engine.jvp(GRAPH, POINT, {})
    integers = "variable k: int64[2]\ny = astype(k, element_type=float64)\ns = sum(y)\noutput s = s\n"
    with pytest.raises(NotDifferentiableError, match="'k'"):
        engine.gradient(integers, {"k": [1, 2]}, wrt=["k"])
    with pytest.raises(ShapeError, match="'x' must be float64"):
        engine.jvp(GRAPH, POINT, {"x": np.ones(4)})
    with pytest.raises(BackendUnknownError, match="no backend 'abacus'; there are: complex_step"):
        engine.evaluate(GRAPH, POINT, backend="abacus")
    with pytest.raises(GraphUnknownError, match="send the graph itself"):
        engine.evaluate("sha256:" + "0" * 64, POINT)


def test_a_shape_fault_names_its_block(engine: Engine) -> None:
    text = "variable x: float64[3]\nvariable y: float64[2]\nz = add(x, y)\noutput z = z\n"
    with pytest.raises(ShapeError, match="block 'z' \\(add\\): shapes \\[3\\] and \\[2\\] do not broadcast") as error:
        engine.evaluate(text, {"x": X, "y": X[:2]})
    assert error.value.block == "z"


def test_work_over_the_limit_is_refused_before_it_is_done() -> None:
    engine = Engine("numpy", Limits(bytes=1000))
    with pytest.raises(LimitExceededError, match="bytes"):
        engine.evaluate(GRAPH, {"x": np.ones(1000), "w": np.ones(1000)})


def test_a_value_that_is_not_finite_is_named(engine: Engine) -> None:
    text = "variable x: float64[]\na = add(x, 1)\nb = log(a)\nc = exp(b)\noutput c = c\n"
    _, execution = engine.evaluate_queries(text, {"x": -2.0}, [ValueQuery()])
    assert (execution.non_finite, execution.non_finite_block) == (True, "b")
    _, execution = engine.evaluate_queries(text, {"x": 2.0}, [ValueQuery()])
    assert (execution.non_finite, execution.non_finite_block) == (False, "")


def test_strict_nan_lets_zero_times_infinity_be_nan(engine: Engine) -> None:
    text = "variable x: float64[]\nr = sqrt(x)\nc = greater(x, 0)\ny = where(c, r, 0)\noutput y = y\n"
    query = [GradientQuery("y", ("x",))]
    safe: Any
    strict: Any
    (safe,), _ = engine.evaluate_queries(text, {"x": 0.0}, query)
    (strict,), _ = engine.evaluate_queries(text, {"x": 0.0}, query, (), Choice("numpy", Settings(strict_nan=True)))
    assert safe.gradients["x"] == 0
    assert np.isnan(strict.gradients["x"])


def test_fast_math_drops_what_real_numbers_would(engine: Engine) -> None:
    text = "variable x: float64[]\na = multiply(x, 0)\ny = add(a, x)\noutput y = y\n"
    settings = Settings(fast_math=True)
    exact = engine.evaluate(text, {"x": np.inf})["y"]
    fast: Any
    (fast,), _ = engine.evaluate_queries(text, {"x": np.inf}, [ValueQuery()], (), Choice("numpy", settings))
    assert np.isnan(exact)
    assert fast.values["y"] == np.inf


def test_methods_are_compared_side_by_side() -> None:
    engine = Engine("numpy")
    rows = {
        row.backend: row
        for row in engine.compare(
            GRAPH, POINT, of="loss", wrt=["w"], candidates=["numpy", "finite_difference", "complex_step"], repetitions=2
        )
    }
    assert rows["numpy"].greatest_relative_error == 0
    assert rows["complex_step"].greatest_relative_error < 1e-14
    assert 0 < rows["finite_difference"].greatest_relative_error < 1e-7
    evaluations = {name: row.execution.function_evaluations for name, row in rows.items() if row.execution}
    assert evaluations["numpy"] == 1
    assert evaluations["complex_step"] >= 3
    assert evaluations["finite_difference"] >= 6


def test_a_comparison_goes_on_when_a_method_refuses() -> None:
    text = "variable x: float64[3]\na = abs(x)\ny = sum(a)\noutput y = y\n"
    rows = list(Engine("numpy").compare(text, {"x": X}, candidates=["complex_step", "numpy"], repetitions=1))
    assert rows[0].error is not None
    assert rows[0].error.reason == "UNSUPPORTED_BY_BACKEND"
    assert "'a'" in rows[0].error.message
    assert rows[1].error is None


def test_a_gradient_is_checked_element_by_element(engine: Engine) -> None:
    (row,) = engine.check(GRAPH, POINT, of="loss", wrt=["w"])
    assert row.passed
    assert row.greatest_relative_error < 1e-7
    (row,) = engine.check(GRAPH, POINT, of="loss", wrt=["w"], relative_tolerance=1e-16)
    assert not row.passed
    assert row.exact == pytest.approx(row.numerical, rel=1e-6)


def test_what_is_known_before_any_run_is_described(engine: Engine) -> None:
    rows = {row.name: row for row in engine.describe(GRAPH, {"n": 4})}
    assert list(rows) == ["x", "w", "u", "v", "loss"]
    assert rows["u"].type == TensorType((4,))
    assert (rows["u"].flops, rows["u"].bytes) == (4, 96)
    unknown = {row.name: row for row in engine.describe(GRAPH)}
    assert list(unknown) == list(rows)
    assert unknown["u"].type is None


def test_a_derivative_needs_sizes(engine: Engine) -> None:
    with pytest.raises(InputMissingError, match="size of dimension 'n'"):
        engine.differentiate(GRAPH, ["loss"])


def test_numerical_second_derivatives_by_inner_values_are_those_of_the_graph() -> None:
    text = "graph g\nvariable x: float64[]\nu = exp(x)\nv = multiply(u, x)\ny = sin(v)\noutput y = y\n"
    engine = Engine(backend="numpy")
    vectors = {"u": 0.3, "x": -0.7, "v": 0.2}
    expected = engine.hvp(text, {"x": 0.4}, vectors).products
    for backend, tolerance in (("complex_step", 1e-12), ("finite_difference", 1e-6)):
        found = engine.hvp(text, {"x": 0.4}, vectors, backend=backend).products
        for name in vectors:
            np.testing.assert_allclose(found[name], expected[name], rtol=tolerance, err_msg=f"{backend} {name}")

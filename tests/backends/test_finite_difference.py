"""Differences of values: how exact they are, what they cost, what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from gradwire_backends.finite_difference import FiniteDifferenceBackend
from gradwire_service.backend import DifferentiatingBackend, Executable, Options, RunInfo, Tensors
from gradwire_service.errors import (
    CancelledError,
    InvalidRequestError,
    NotDifferentiableError,
    NotFiniteError,
    NotScalarError,
)
from gradwire_service.graph import FLOAT32, FLOAT64, INT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops import functions as f

EPSILON = {FLOAT64: 2.0**-52, FLOAT32: 2.0**-23}
METHODS = ("forward", "central", "richardson")

Function = tuple[Callable[[Value], Value], Callable[[float], float]]

FUNCTIONS: Mapping[str, Function] = {
    "exp": (f.exp, math.exp),
    "log": (f.log, lambda x: 1 / x),
    "sin": (f.sin, math.cos),
    "square": (f.square, lambda x: 2 * x),
    "reciprocal": (f.reciprocal, lambda x: -1 / x**2),
    "sqrt": (f.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "1 + x": (lambda x: x + 1, lambda x: 1.0),
}


def slope(
    build: Callable[[Value], Value],
    x: float,
    options: Options,
    kind: ElementType = FLOAT64,
    info: RunInfo | None = None,
) -> float:
    """Differentiate a function of one number."""
    graph = FlatGraph.of({"y": build(variable("x", (), kind))})
    run = FiniteDifferenceBackend().prepare_gradients(graph, "y", ["x"], options)
    return float(run({"x": np.array(x, kind.dtype)}, info=info)["x"])


def error(name: str, x: float, options: Options, kind: ElementType = FLOAT64) -> float:
    """Return the relative error at the number that the element type makes of x."""
    build, derivative = FUNCTIONS[name]
    truth = derivative(float(np.array(x, kind.dtype)))
    return abs(slope(build, x, options, kind) - truth) / abs(truth)


def test_it_is_a_backend_that_differentiates_by_itself() -> None:
    assert isinstance(FiniteDifferenceBackend(), DifferentiatingBackend)


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("x", [0.7, 3.7])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_at_ordinary_points_is_that_of_the_method(name: str, x: float, kind: ElementType) -> None:
    rounding = EPSILON[kind]
    assert error(name, x, Options("forward"), kind) < 10 * rounding ** (1 / 2)
    assert error(name, x, Options("central"), kind) < 10 * rounding ** (2 / 3)
    assert error(name, x, Options("richardson"), kind) < 2000 * rounding


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("x", [1e-8, 1e-3, 1e8])
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"exp", "sin"}))
def test_central_and_richardson_see_over_what_length_a_function_varies(name: str, x: float, kind: ElementType) -> None:
    near_stationary = name == "square" and x < 1  # 2x is small beside the rounding of x² at a distance
    if not near_stationary:
        assert error(name, x, Options("central"), kind) < 10 * EPSILON[kind] ** (2 / 3)
        assert error(name, x, Options("richardson"), kind) < 2000 * EPSILON[kind]
    else:
        assert error(name, x, Options("central"), kind) < 0.02


def test_an_oscillation_far_out_is_followed() -> None:
    assert error("sin", 1e8, Options("central")) < 1e-6
    assert error("sin", 1e8, Options("richardson")) < 1e-12


def errors_by_step(method: str, steps: Sequence[float]) -> Array:
    """Return the error of the derivative of exp at 1 for each step."""
    return np.array([abs(slope(f.exp, 1.0, Options(method, step)) - math.e) for step in steps])


@pytest.mark.parametrize(("method", "order"), [("forward", 1), ("central", 2)])
def test_truncation_falls_with_the_order_of_the_method(method: str, order: int) -> None:
    steps = np.geomspace(1e-1, 1e-4, 7)
    fitted = np.polyfit(np.log(steps), np.log(errors_by_step(method, list(steps))), 1)[0]
    assert fitted == pytest.approx(order, abs=0.03)


@pytest.mark.parametrize("method", ["forward", "central"])
def test_rounding_grows_as_the_step_shrinks(method: str) -> None:
    rng = np.random.Generator(np.random.Philox(1))
    centers = np.geomspace(1e-9, 1e-13, 5)
    worst = [errors_by_step(method, list(h * rng.uniform(0.7, 1.4, 40))).max() for h in centers]
    fitted = np.polyfit(np.log(centers), np.log(worst), 1)[0]
    assert fitted == pytest.approx(-1, abs=0.15)
    assert worst[0] < 4 * 2.0**-52 * math.e / centers[0] + 3 * centers[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_step_of_its_own_choice_is_near_the_best_given_one(method: str) -> None:
    best = errors_by_step(method, list(np.geomspace(1e-1, 1e-12, 45))).min()
    own = abs(slope(f.exp, 1.0, Options(method)) - math.e)
    assert own < max(100 * best, 1e-7 if method == "forward" else 1e-10)


@pytest.mark.parametrize("method", ["forward", "central"])
def test_a_step_that_is_lost_in_rounding_is_told(method: str) -> None:
    info = RunInfo()
    assert slope(f.exp, 1.0, Options(method, 1e-20), info=info) == 0
    assert info.warnings == ["derivative along x: the step is lost in rounding"]


def test_richardson_says_when_it_failed() -> None:
    info = RunInfo()
    slope(lambda x: f.sin(x * 1e12), 1.0, Options("richardson"), info=info)
    assert len(info.warnings) == 1
    assert "derivative along x: it is only known to about ±" in info.warnings[0]


def test_warnings_do_not_drown_the_reader() -> None:
    graph = FlatGraph.of({"y": f.sum(f.exp(variable("x", (10,))), axis=None)})
    info = RunInfo()
    run = FiniteDifferenceBackend().prepare_gradients(graph, "y", ["x"], Options("central", 1e-20))
    run({"x": np.ones(10)}, info=info)
    assert len(info.warnings) == 4
    assert info.warnings[-1] == "… and so on for 7 more elements of x"


def linear_model() -> FlatGraph:
    """Build the mean of squares of x w - y."""
    x, y, w = variable("x", (5, 3)), variable("y", (5,)), variable("w", (3,))
    return FlatGraph.of({"loss": f.sum(f.square(f.sum(x * w, axis=(1,)) - y), axis=None)})


def data() -> dict[str, Array]:
    rng = np.random.Generator(np.random.Philox(5))
    return {"x": rng.normal(size=(5, 3)), "y": rng.normal(size=5), "w": rng.normal(size=3)}


@pytest.mark.parametrize("method", METHODS)
def test_the_gradient_of_a_linear_model_is_the_closed_form(method: str) -> None:
    point = data()
    run = FiniteDifferenceBackend().prepare_gradients(linear_model(), "loss", ["w", "y"], Options(method))
    found = run(point)
    residual = point["x"] @ point["w"] - point["y"]
    tolerance = 1e-6 if method == "forward" else 1e-9
    assert found["loss"] == pytest.approx(float(residual @ residual), rel=1e-14)
    np.testing.assert_allclose(found["w"], 2 * point["x"].T @ residual, rtol=tolerance)
    np.testing.assert_allclose(found["y"], -2 * residual, rtol=tolerance)


@pytest.mark.parametrize("method", METHODS)
def test_a_jvp_is_the_gradient_times_the_direction(method: str) -> None:
    point = data()
    direction = np.array([1e3, -2e3, 0.0])
    run = FiniteDifferenceBackend().prepare_jvp(linear_model(), ["loss"], ["w"], Options(method))
    found = run({**point, "tangent w": direction})
    gradient = 2 * point["x"].T @ (point["x"] @ point["w"] - point["y"])
    assert found["tangent loss"] == pytest.approx(gradient @ direction, rel=1e-6 if method == "forward" else 1e-9)


def test_a_jvp_has_every_output_in_its_own_shape_and_type() -> None:
    x, z = variable("x", (2,)), variable("z", (), FLOAT32)
    graph = FlatGraph.of({"a": f.exp(x), "b": f.sin(z), "unasked": f.log(x)})
    run = FiniteDifferenceBackend().prepare_jvp(graph, ["a", "b"], ["x", "z"], Options("richardson"))
    found = run(
        {
            "x": np.array([0.0, -1.0]),
            "z": np.float32(1) * np.ones((), np.float32),
            "tangent x": np.array([1.0, 2]),
            "tangent z": np.array(0.5, np.float32),
        }
    )
    assert set(found) == {"a", "tangent a", "b", "tangent b"}
    np.testing.assert_allclose(found["tangent a"], [1.0, 2 * math.exp(-1)], rtol=1e-4)  # float32 is the coarsest
    assert found["tangent b"] == pytest.approx(0.5 * math.cos(1), rel=1e-4)
    assert found["tangent b"].dtype == np.float32
    assert found["tangent b"].shape == ()


def test_no_direction_costs_no_more_than_the_value() -> None:
    info = RunInfo()
    run = FiniteDifferenceBackend().prepare_jvp(linear_model(), ["loss"], ["w"], Options())
    found = run({**data(), "tangent w": np.zeros(3)}, info=info)
    assert found["tangent loss"] == 0
    assert info.function_evaluations == 1


@pytest.mark.parametrize(("method", "evaluations"), [("forward", 1 + 3), ("central", 1 + 2 * 3)])
def test_the_cost_is_told(method: str, evaluations: int) -> None:
    info = RunInfo()
    FiniteDifferenceBackend().prepare_gradients(linear_model(), "loss", ["w"], Options(method))(data(), info=info)
    assert info.function_evaluations == evaluations


def test_a_second_look_is_taken_only_where_the_function_bends_sharply() -> None:
    evaluations = []
    for build in (f.exp, f.log, lambda x: f.exp(x * 1000)):
        info = RunInfo()
        slope(build, 0.5, Options(), info=info)
        evaluations.append(info.function_evaluations)
    assert evaluations == [3, 3, 5]


def test_richardson_costs_little_where_the_function_is_smooth() -> None:
    info = RunInfo()
    FiniteDifferenceBackend().prepare_gradients(linear_model(), "loss", ["w"], Options("richardson"))(data(), info=info)
    assert info.function_evaluations <= 1 + 3 * 12


def test_what_does_not_reach_the_scalar_is_not_moved() -> None:
    x, z = variable("x", (4,)), variable("z", (100,))
    graph = FlatGraph.of({"y": f.sum(x * f.stop_gradient(f.sum(z, axis=None)), axis=None)}, [x, z])
    info = RunInfo()
    run = FiniteDifferenceBackend().prepare_gradients(graph, "y", ["x", "z"], Options())
    found = run({"x": np.ones(4), "z": np.full(100, 0.5)}, info=info)
    assert np.array_equal(found["z"], np.zeros(100))
    np.testing.assert_allclose(found["x"], np.full(4, 50.0), rtol=1e-9)
    assert info.function_evaluations == 1 + 2 * 4


def test_stop_gradient_keeps_its_value() -> None:
    assert slope(lambda x: x * f.stop_gradient(x), 3.0, Options()) == pytest.approx(3.0, rel=1e-9)


def test_steps_suit_the_coarsest_type_on_the_way() -> None:
    def through_float32(x: Value) -> Value:
        return f.astype(f.exp(f.astype(x, element_type=FLOAT32)), element_type=FLOAT64)

    assert slope(through_float32, 1.0, Options()) == pytest.approx(math.e, rel=1e-4)


def test_a_domain_that_ends_near_the_point_is_kept_to() -> None:
    assert math.isfinite(slope(f.sqrt, 1e-12, Options("forward")))
    assert slope(f.sqrt, 1e-12, Options("central")) == pytest.approx(0.5e6, rel=1e-8)
    assert slope(f.sqrt, 1e-12, Options("richardson")) == pytest.approx(0.5e6, rel=1e-8)


def test_a_value_that_is_not_finite_is_named_with_the_element_that_was_moved() -> None:
    x = variable("x", (2, 2))
    logs = f.sum(f.log(x), axis=None)
    logs.name = "total"
    run = FiniteDifferenceBackend().prepare_gradients(FlatGraph.of({"of": logs}), "of", ["x"], Options(step=0.5))
    with pytest.raises(
        NotFiniteError, match=r"'total' is nan where x\[1, 0\] is moved from 0.25 by -5.0e-01"
    ) as caught:
        run({"x": np.array([[1.0, 2.0], [0.25, 3.0]])})
    assert caught.value.block == "total"


def test_a_value_that_is_not_finite_at_the_point_is_named() -> None:
    with pytest.raises(NotFiniteError, match="'y' is -inf at this point"):
        slope(f.log, 0.0, Options())


def test_an_infinite_point_is_named() -> None:
    with pytest.raises(NotFiniteError, match="x is not finite"):
        slope(f.tanh, math.inf, Options())


def test_integers_are_refused() -> None:
    x = variable("count", (), INT64)
    graph = FlatGraph.of({"y": f.astype(x, element_type=FLOAT64), "n": x + 1})
    with pytest.raises(NotDifferentiableError, match="'count' are int64"):
        FiniteDifferenceBackend().prepare_gradients(graph, "y", ["count"], Options())
    with pytest.raises(NotDifferentiableError, match="'n' are int64"):
        FiniteDifferenceBackend().prepare_jvp(graph, ["n"], [], Options())


def test_what_is_not_a_scalar_is_refused() -> None:
    with pytest.raises(NotScalarError, match=r"shape is \[3\]"):
        FiniteDifferenceBackend().prepare_gradients(FlatGraph.of({"y": f.exp(variable("x", (3,)))}), "y", [], Options())


@pytest.mark.parametrize(
    "options", [Options("backward"), Options(step=0.0), Options(step=math.nan), Options(step=-1.0)]
)
def test_methods_and_steps_that_are_none_are_refused(options: Options) -> None:
    with pytest.raises(InvalidRequestError):
        FiniteDifferenceBackend().prepare_gradients(linear_model(), "loss", ["w"], options)


def test_an_interrupt_comes_through_between_evaluations() -> None:
    calls = 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise CancelledError("gone")

    info = RunInfo()
    run = FiniteDifferenceBackend().prepare_gradients(linear_model(), "loss", ["w"], Options())
    with pytest.raises(CancelledError):
        run(data(), interrupt, info)
    assert info.function_evaluations == 3


def test_any_executor_does() -> None:
    prepared = []

    def prepare(graph: FlatGraph) -> Executable:
        prepared.append(graph)
        return interpret(graph)

    run = FiniteDifferenceBackend(prepare).prepare_gradients(linear_model(), "loss", ["w"], Options())
    assert len(prepared) == 1
    assert run(data())["w"].shape == (3,)


def test_inputs_stay_as_they_are() -> None:
    point: Tensors = data()
    for x in point.values():
        x.flags.writeable = False
    FiniteDifferenceBackend().prepare_gradients(linear_model(), "loss", ["w"], Options())(point)

"""Imaginary parts: exact to rounding, and refused where an op is not analytic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import mpmath
import numpy as np
import pytest

from gradwire_backends.complex_step import ComplexStepBackend
from gradwire_backends.complex_step.namespace import COMPLEX
from gradwire_service.backend import DifferentiatingBackend, Options, RunInfo
from gradwire_service.errors import CancelledError, NotDifferentiableError, NotScalarError, UnsupportedByBackendError
from gradwire_service.graph import FLOAT32, FLOAT64, INT64, Array
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.ops import functions as f
from gradwire_service.transform import gradient, hessian_vector_product

H = 2.0**-332
POINTS = [s * x for x in (1e-30, 1e-8, 1e-3, 0.3, 0.999, 1.5, 5.5, 30.0, 700.0, 1e8, 1e15) for s in (1, -1)]

Function = Callable[[mpmath.mpf], mpmath.mpf]

DERIVATIVES: Mapping[str, tuple[Function, Function]] = {
    "exp": (mpmath.exp, mpmath.exp),
    "expm1": (mpmath.expm1, mpmath.exp),
    "log": (mpmath.log, lambda x: 1 / x),
    "log1p": (lambda x: mpmath.log(1 + x), lambda x: 1 / (1 + x)),
    "sqrt": (mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x))),
    "sin": (mpmath.sin, mpmath.cos),
    "cos": (mpmath.cos, lambda x: -mpmath.sin(x)),
    "tan": (mpmath.tan, lambda x: mpmath.sec(x) ** 2),
    "asin": (mpmath.asin, lambda x: 1 / mpmath.sqrt(1 - x * x)),
    "acos": (mpmath.acos, lambda x: -1 / mpmath.sqrt(1 - x * x)),
    "atan": (mpmath.atan, lambda x: 1 / (1 + x * x)),
    "sinh": (mpmath.sinh, mpmath.cosh),
    "cosh": (mpmath.cosh, mpmath.sinh),
    "tanh": (mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
    "erf": (mpmath.erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x)),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), lambda x: 1 / (2 + mpmath.exp(x) + mpmath.exp(-x))),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "square": (lambda x: x * x, lambda x: 2 * x),
    "abs": (abs, mpmath.sign),
}


def slope(build: Callable[[Value], Value], x: float) -> float:
    """Differentiate a function of one number."""
    graph = FlatGraph.of({"y": build(variable("x"))})
    return float(ComplexStepBackend().prepare_gradients(graph, "y", ["x"], Options())({"x": np.array(x)})["x"])


def test_it_is_a_backend_that_differentiates_by_itself() -> None:
    assert isinstance(ComplexStepBackend(), DifferentiatingBackend)


@pytest.mark.parametrize("name", DERIVATIVES)
def test_every_function_continues_to_numbers_with_a_tiny_imaginary_part(name: str) -> None:
    function, derivative = DERIVATIVES[name]
    for x in POINTS:
        with np.errstate(all="ignore"):
            z = getattr(COMPLEX, name)(np.array(complex(x, H)))
            real = getattr(COMPLEX, name)(np.array(x))
        assert z.real == real or (np.isnan(z.real) and np.isnan(real)), (
            x,
            "the real part is that of the real function",
        )
        with mpmath.workdps(60):
            value, truth = function(mpmath.mpf(x)), derivative(mpmath.mpf(x))
            if isinstance(value, mpmath.mpc) or isinstance(truth, mpmath.mpc):
                assert np.isnan(z), (x, "outside of the domain")
            elif math.isfinite(float(truth)) and abs(truth) > 1e-200:
                assert abs(mpmath.mpf(float(z.imag)) / H / truth - 1) < 1e-14, (x, z, float(truth))


@pytest.mark.parametrize(
    ("a", "b"), [(2.0, 3.0), (-2.0, 3.0), (-2.0, 4.0), (-1.01, 501.0), (1e-8, 0.5), (30.0, -200.0)]
)
def test_powers_of_negative_numbers_keep_small_imaginary_parts(a: float, b: float) -> None:
    z = COMPLEX.power(np.array(complex(a, H)), np.array(b))
    assert z.real == np.power(a, b)
    assert z.imag / H == pytest.approx(b * a ** (b - 1), rel=1e-13)


def test_a_power_that_is_not_real_beside_the_point_has_no_derivative() -> None:
    with np.errstate(all="ignore"):
        assert np.isnan(COMPLEX.power(np.array(-2.0), np.array(complex(3.0, H))).imag)
        assert np.isnan(COMPLEX.power(np.array(complex(-2.0, H)), np.array(0.5)))


@pytest.mark.parametrize("x", [2.0, -2.0, 1e-8, -1e8])
@pytest.mark.parametrize("y", [1.0, -1.0, 3e8, -1e-9])
def test_atan2_keeps_small_imaginary_parts_in_every_quadrant(y: float, x: float) -> None:
    by_y = COMPLEX.atan2(np.array(complex(y, H)), np.array(x))
    by_x = COMPLEX.atan2(np.array(y), np.array(complex(x, H)))
    assert by_y.real == by_x.real == np.arctan2(y, x)
    assert by_y.imag / H == pytest.approx(x / (x * x + y * y), rel=1e-14)
    assert by_x.imag / H == pytest.approx(-y / (x * x + y * y), rel=1e-14)


def softplus_turned(x: Value) -> Value:
    return -f.softplus(-x)


@pytest.mark.parametrize("x", [-800.0, -40.0, -1e-9, 0.0, 1e-9, 40.0, 800.0])
@pytest.mark.parametrize("build", [f.log_sigmoid, softplus_turned])
def test_pieces_that_meet_are_taken_from_one_side(build: Callable[[Value], Value], x: float) -> None:
    truth = 1 / (1 + math.exp(x)) if x < 700 else 0.0
    assert slope(build, x) == pytest.approx(truth, rel=1e-14)
    graph = FlatGraph.of({"y": build(variable("x"))})
    run = ComplexStepBackend().prepare_jvp(graph, ["y"], ["x"], Options())
    found = run({"x": np.array(x), "tangent x": np.array(-3.0)})
    assert found["tangent y"] == pytest.approx(-3 * truth, rel=1e-14)


@pytest.mark.parametrize("u", [-800.0, -30.0, 0.0, 3.0])
def test_the_chain_and_the_one_block_agree_where_the_chain_does_not_overflow(u: float) -> None:
    block = slope(lambda u: -f.log_sigmoid(u), u)
    assert block == pytest.approx(-1 / (1 + math.exp(u)), rel=1e-14)
    if u > -700:
        assert slope(lambda u: -f.log(f.sigmoid(u)), u) == pytest.approx(block, rel=1e-14)


def model() -> tuple[FlatGraph, dict[str, Array]]:
    """Build a loss through most kinds of analytic op, and a point."""
    x, w, b = variable("x", (4, 3)), variable("w", (3,)), variable("b")
    u = f.matmul(x, w) + b
    p = f.sigmoid(u)
    loss = f.mean(-f.log(p) * f.tanh(u) ** 3 + f.logsumexp(x * w, axis=(1,)), axis=None) / (f.cosh(b) + 1)
    rng = np.random.Generator(np.random.Philox(2))
    return FlatGraph.of({"loss": loss}), {"x": rng.normal(size=(4, 3)), "w": rng.normal(size=3), "b": np.array(-0.3)}


def test_gradients_are_those_of_the_gradient_graph_to_rounding() -> None:
    graph, point = model()
    found = ComplexStepBackend().prepare_gradients(graph, "loss", ["w", "b", "x"], Options())(point)
    names = ["w", "b", "x"]
    values = gradient(graph.outputs["loss"], [graph.variables[name] for name in names])
    truth = interpret(FlatGraph.of({"loss": graph.outputs["loss"], **dict(zip(names, values, strict=True))}))(point)
    for name in ("loss", *names):
        np.testing.assert_allclose(found[name], truth[name], rtol=1e-13, atol=1e-16)


def test_a_jvp_is_one_evaluation_and_homogeneous_in_the_direction() -> None:
    graph, point = model()
    run = ComplexStepBackend().prepare_jvp(graph, ["loss"], ["w"], Options())
    info = RunInfo()
    direction = np.array([1.0, -2.0, 0.5])
    once = run({**point, "tangent w": direction}, info=info)["tangent loss"]
    assert info.function_evaluations == 1
    for scale in (2.0**-900, 2.0**900):
        assert run({**point, "tangent w": direction * scale})["tangent loss"] == pytest.approx(once * scale, rel=1e-13)
    assert run({**point, "tangent w": np.zeros(3)})["tangent loss"] == 0


def test_the_cost_is_told() -> None:
    graph, point = model()
    info = RunInfo()
    ComplexStepBackend().prepare_gradients(graph, "loss", ["w", "b"], Options())(point, info=info)
    assert info.function_evaluations == 3 + 1


def test_hessian_vector_products_come_through_the_gradient_graph() -> None:
    graph, point = model()
    loss, w = graph.outputs["loss"], graph.variables["w"]
    direction = np.array([1.0, -2.0, 0.5])
    slope = FlatGraph.of({"slope": gradient(loss, [w])[0]}, graph.variables.values())
    found = ComplexStepBackend().prepare_jvp(slope, ["slope"], ["w"], Options())({**point, "tangent w": direction})
    v = variable("v", (3,))
    exact = interpret(FlatGraph.of({"hvp": hessian_vector_product(loss, {w: v})[0]}))({**point, "v": direction})
    np.testing.assert_allclose(found["tangent slope"], exact["hvp"], rtol=1e-12)


def test_float32_graphs_are_differentiated_in_double_and_rounded_at_the_end() -> None:
    x = variable("x", (), FLOAT32)
    graph = FlatGraph.of({"y": f.log(f.exp(x) + 1) - x})
    found = ComplexStepBackend().prepare_gradients(graph, "y", ["x"], Options())({"x": np.array(9.0, np.float32)})
    assert found["x"].dtype == found["y"].dtype == np.float32
    assert found["x"] == pytest.approx(-1 / (1 + math.exp(9)), rel=1e-6)  # float32 would give none of its digits


@pytest.mark.parametrize("op", ["abs", "relu"])
def test_an_op_that_is_not_analytic_is_refused_by_the_name_of_its_block(op: str) -> None:
    x = variable("x", (3,))
    kink = getattr(f, op)(x * 2)
    kink.name = "layer/kink"
    graph = FlatGraph.of({"y": f.sum(kink, axis=None)})
    with pytest.raises(
        UnsupportedByBackendError, match=rf"block 'layer/kink' \({op}\), since {op} is not analytic"
    ) as e:
        ComplexStepBackend().prepare_gradients(graph, "y", ["x"], Options())
    assert e.value.block == "layer/kink"


def test_a_maximum_is_refused() -> None:
    graph = FlatGraph.of({"y": f.maximum(variable("x"), variable("z"))})
    with pytest.raises(UnsupportedByBackendError, match="a block made by maximum"):
        ComplexStepBackend().prepare_jvp(graph, ["y"], ["x"], Options())


def test_an_op_that_is_not_analytic_is_taken_where_no_derivative_passes_through_it() -> None:
    x, z = variable("x", (3,)), variable("z", (3,))
    graph = FlatGraph.of({"y": f.sum(f.abs(z) * x * f.take(x, f.argmax(f.abs(x), axis=0), axis=0), axis=None)})
    run = ComplexStepBackend().prepare_gradients(graph, "y", ["x"], Options())
    a, b = np.array([1.0, -5.0, 2.0]), np.array([-1.0, 2.0, 3.0])
    expected = np.abs(b) * -5 + np.array([0, np.abs(b) @ a, 0])
    np.testing.assert_allclose(run({"x": a, "z": b})["x"], expected, rtol=1e-15)


def test_ops_without_a_derivative_act_on_the_real_part() -> None:
    assert slope(lambda x: x * f.sign(x), -3.0) == -1
    assert slope(lambda x: x * f.stop_gradient(x), 3.0) == 3
    assert slope(lambda x: f.where(x > 0, x, -x), -3.0) == -1
    assert slope(lambda x: f.sign(x), -3.0) == 0


def test_values_that_do_not_move_keep_their_type() -> None:
    seen: list[np.dtype[np.generic]] = []
    x, z = variable("x"), variable("z", (2,), FLOAT32)
    graph = FlatGraph.of({"y": x * 2, "z": f.exp(z), "n": f.argmax(z, axis=0)})
    found = ComplexStepBackend().prepare_jvp(graph, ["y", "z"], ["x"], Options())(
        {"x": np.array(1.0), "z": np.ones(2, np.float32), "tangent x": np.array(1.0)}
    )
    seen.extend(found[name].dtype for name in ("y", "tangent y", "z", "tangent z"))
    assert seen == [np.float64, np.float64, np.float32, np.float32]
    assert np.array_equal(found["tangent z"], np.zeros(2))


def test_integers_and_what_is_not_a_scalar_are_refused() -> None:
    n = variable("n", (), INT64)
    graph = FlatGraph.of({"y": f.astype(n, element_type=FLOAT64), "v": f.exp(variable("x", (3,)))})
    with pytest.raises(NotDifferentiableError, match="'n' are int64"):
        ComplexStepBackend().prepare_gradients(graph, "y", ["n"], Options())
    with pytest.raises(NotScalarError, match=r"shape is \[3\]"):
        ComplexStepBackend().prepare_gradients(graph, "v", ["x"], Options())


def test_an_interrupt_comes_through_between_evaluations() -> None:
    def interrupt() -> None:
        raise CancelledError("gone")

    graph, point = model()
    with pytest.raises(CancelledError):
        ComplexStepBackend().prepare_gradients(graph, "loss", ["w"], Options())(point, interrupt)

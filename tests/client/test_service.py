"""The synchronous client and a real server, as the design types it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import gradwire as gw
from gradwire.catalog import OPS
from gradwire.query import Query
from gradwire_service.graph import parse
from tests.client.samples import INPUTS, RNG, W, X, Y, logistic, logistic_gradient, rosenbrock

graph = logistic()
LOSS, BY_W, BY_U = logistic_gradient()
V = RNG.normal(size=30)


def second_derivative_along(v: Any) -> Any:
    p = 1 / (1 + np.exp(-X @ W))
    return X.T @ ((X @ v) * p * (1 - p)) / len(Y)


def test_a_gradient_with_respect_to_variables_and_inner_values(service: gw.Service) -> None:
    r = service.gradient(graph, {"x": X, "y": Y, "w": W}, wrt=["w", "u"])
    assert float(r.value) == pytest.approx(LOSS, rel=1e-14)
    np.testing.assert_allclose(r.gradients["w"], BY_W, rtol=1e-12)
    np.testing.assert_allclose(r.gradients["u"], BY_U, rtol=1e-12)
    assert r.execution.tier in ("interpreted", "compiled")
    assert r.gradients["w"].flags.writeable


def test_values_by_name(service: gw.Service) -> None:
    assert service.evaluate(graph, INPUTS) == {"loss": pytest.approx(LOSS)}
    found = service.evaluate(graph, INPUTS, of=["p", "loss"], backend="numpy")
    assert found["p"].shape == (40,)
    assert found["loss"].shape == ()
    assert found.execution.backend == "numpy"


def test_products_with_the_jacobian_and_the_hessian(service: gw.Service) -> None:
    forward = service.jvp(graph, INPUTS, tangents={"w": V})
    assert float(forward.tangents["loss"]) == pytest.approx(BY_W @ V, rel=1e-12)
    backward = service.vjp(graph, INPUTS, cotangents={"loss": 1.0}, wrt=["w"])
    np.testing.assert_allclose(backward.cotangents["w"], BY_W, rtol=1e-12)
    product = service.hvp(graph, INPUTS, of="loss", vectors={"w": V})
    np.testing.assert_allclose(product.products["w"], second_derivative_along(V), rtol=1e-10)
    np.testing.assert_allclose(product.gradients["w"], BY_W, rtol=1e-12)


def test_several_queries_are_answered_in_one_call(service: gw.Service) -> None:
    q = gw.query
    queries: list[Query] = [
        q.gradient("loss", "w"),
        q.value(["u", "p"]),
        q.hvp({"w": V}),
        q.jvp({"w": V}, ["loss", "u"]),
    ]
    found = service.evaluate(graph, INPUTS, queries=queries)
    gradient, values, product, forward = found.answers
    np.testing.assert_allclose(gradient.gradients["w"], BY_W, rtol=1e-12)  # type: ignore[union-attr]
    np.testing.assert_allclose(found["u"], X @ W, rtol=1e-12)
    assert values.values.keys() == {"u", "p"}  # type: ignore[union-attr]
    np.testing.assert_allclose(product.products["w"], second_derivative_along(V), rtol=1e-10)  # type: ignore[union-attr]
    np.testing.assert_allclose(forward.tangents["u"], X @ V, rtol=1e-12)  # type: ignore[union-attr]


def test_jacobians_and_hessians_dense_and_in_coordinates(service: gw.Service) -> None:
    found = service.jacobian(graph, INPUTS, of="u", wrt="w")
    np.testing.assert_allclose(np.asarray(found.matrices["u", "w"]), X, rtol=1e-12)
    np.testing.assert_allclose(found.values["u"], X @ W, rtol=1e-12)
    assert found.sweeps == 30
    sparse = service.jacobian(graph, INPUTS, of="p", wrt="u", sparse=True)
    entries = sparse.matrices["p", "u"]
    assert isinstance(entries, gw.CoordinateMatrix)
    assert (entries.shape, sparse.sweeps) == ((40, 40), 1)
    np.testing.assert_array_equal(entries.rows, entries.columns)
    one = 1 / (1 + np.exp(-X @ W))
    np.testing.assert_allclose(entries.to_dense(), np.diag(one * (1 - one)), rtol=1e-12)
    second = service.hessian(graph, INPUTS, of="loss", wrt=["w"])
    assert float(second.value) == pytest.approx(LOSS, rel=1e-14)
    np.testing.assert_allclose(second.gradients["w"], BY_W, rtol=1e-12)
    np.testing.assert_allclose(second.matrices["w", "w"] @ V, second_derivative_along(V), rtol=1e-10)  # type: ignore[operator]


def test_many_directions_in_one_call(service: gw.Service) -> None:
    forward = service.jvp(graph, INPUTS, {"w": np.stack([V, -V])}, of="loss", batched=True)
    np.testing.assert_allclose(forward.tangents["loss"], [BY_W @ V, -BY_W @ V], rtol=1e-12)
    with service.stream() as stream:
        backward = stream.vjp(graph, INPUTS, {"u": np.eye(40)}, wrt="w", batched=True)
        np.testing.assert_allclose(backward.cotangents["w"], X, rtol=1e-12)
        assert stream.jacobian(graph, INPUTS, of="u", wrt="w").sweeps == 30


def test_the_hessian_of_a_traced_function_takes_few_sweeps(service: gw.Service) -> None:
    x = np.linspace(-1, 1, 1000)
    found = service.hessian(rosenbrock, {"x": x}, sparse=True)
    entries = found.matrices["x", "x"]
    assert isinstance(entries, gw.CoordinateMatrix)
    assert found.sweeps == 3
    expected = scipy.optimize.rosen_hess(x)
    np.testing.assert_allclose(entries.values, expected[entries.rows, entries.columns])
    assert np.count_nonzero(expected) == len(entries.values)


def test_a_derivative_is_a_graph_to_print_send_and_run(service: gw.Service) -> None:
    derivative = service.differentiate(graph, INPUTS, of="loss", wrt=["w"])
    assert str(parse(str(derivative))) == str(derivative) == derivative.rendering.text
    assert derivative.rendering.latex
    name = derivative.derivatives["w"]
    np.testing.assert_allclose(service.evaluate(derivative, INPUTS)[name], BY_W, rtol=1e-12)
    again = service.differentiate(graph, of="loss", wrt="w", dimensions={"batch": 40})
    np.testing.assert_allclose(service.evaluate(str(again), INPUTS)[name], BY_W, rtol=1e-12)


def test_the_jacobian_of_a_bundle_adjustment_takes_sixteen_sweeps_at_most(service: gw.Service) -> None:
    draw = np.random.default_rng(6)
    cameras, points = draw.integers(4, size=60), draw.integers(30, size=60)
    camera, point, weight = gw.variable("camera", (4, 11)), gw.variable("point", (30, 3)), gw.variable("weight", (60,))
    c, x = camera[cameras], point[points]
    moved = x - c[:, 3:6]
    turned = moved + c[:, :3] * gw.sum(c[:, :3] * moved, axis=1, keepdims=True)
    flat = turned[:, :2] / turned[:, 2:]
    radius = gw.sum(flat * flat, axis=1, keepdims=True)
    bent = flat * (1 + c[:, 6:7] * radius + c[:, 7:8] * radius**2) * c[:, 8:9]
    seen_at = bent + c[:, 9:] @ np.array([[1.0, 0.1], [0.2, 1]])
    graph = gw.Graph({"residual": gw.reshape(weight, (60, 1)) * seen_at})
    inputs = {
        "camera": draw.uniform(1, 2, (4, 11)),
        "point": draw.uniform(6, 8, (30, 3)),
        "weight": draw.uniform(1, 2, 60),
    }
    found = service.jacobian(graph, inputs, sparse=True)
    assert found.sweeps <= 16
    whole = service.jacobian(graph, inputs, backend="complex_step")
    for (row, column), entries in found.matrices.items():
        assert isinstance(entries, gw.CoordinateMatrix)
        assert len(entries.values) == 120 * {"camera": 11, "point": 3, "weight": 1}[column]
        expected = np.asarray(whole.matrices[row, column]).reshape(entries.shape)
        np.testing.assert_allclose(entries.to_dense(), expected, rtol=1e-10, atol=1e-10)


def test_taylor_coefficients_along_a_direction(service: gw.Service) -> None:
    x, y = gw.variable("x"), gw.variable("y", (2,))
    wave = gw.Graph({"wave": gw.sin(x) * gw.exp(y), "cubic": x * x * x, "flat": gw.sum(y)})
    at = {"x": 0.5, "y": [0.0, 1.0]}
    found = service.taylor(wave, at, along={"x": 2.0, "y": [0.0, 1.0]}, order=5)
    factorials = np.array([1, 1, 2, 6, 24, 120])
    turns = np.array([np.sin(0.5 + k * np.pi / 2) * 2**k for k in range(6)]) / factorials
    np.testing.assert_allclose(found["wave"][:, 0], turns, rtol=1e-12)
    power = np.e * np.array([((1 + 2j) ** k * np.exp(0.5j)).imag for k in range(6)]) / factorials
    np.testing.assert_allclose(found["wave"][:, 1], power, rtol=1e-12)
    np.testing.assert_allclose(found["cubic"], [0.125, 1.5, 6.0, 8.0, 0.0, 0.0])
    np.testing.assert_allclose(found["flat"], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    line = service.taylor("variable x: float64[]\ny = multiply(x, 3.0)\noutput y = y\n", {"x": 2.0}, {"x": 1.0})
    assert line["y"].tolist() == [6.0, 3.0, 0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="order 9"):
        service.taylor(wave, at, along={"x": 1.0}, order=9)


def test_a_graph_is_described_with_its_order_types_and_cost(service: gw.Service) -> None:
    found = service.describe(graph, INPUTS, formats=["text", "latex", "dot", "svg"], annotations={"u": "scores"})
    assert found.rendering.text == str(graph)
    assert "scores" in found.rendering.svg
    u = next(value for value in found.values if value.name == "u")
    assert (u.kind, u.op, u.inputs, u.shape, u.element_type) == ("block", "matmul", ("x", "w"), (40,), "float64")
    assert found.cost is not None
    assert found.cost.flops > 2 * 40 * 30
    assert found.graph_id == service.register(graph)
    assert service.describe(graph).cost is None


def test_ways_to_differentiate_are_compared_row_by_row(service: gw.Service) -> None:
    rows: list[gw.Comparison] = []
    ways: list[str | gw.Options] = [
        "numpy",
        {"backend": "finite_difference", "finite_difference": gw.FiniteDifference("forward")},
        "no_such_backend",
    ]
    found = service.compare(graph, INPUTS, of="loss", wrt=["w"], backends=ways, on_row=rows.append)
    assert found == rows
    by_name = {row.backend: row for row in found}
    assert by_name["numpy"].greatest_relative_error <= 1e-12
    numerical = by_name["finite_difference"]
    assert 1e-12 < numerical.greatest_relative_error < 1e-5
    assert numerical.execution.function_evaluations == 31
    assert numerical.finite_difference is not None
    assert numerical.finite_difference.method == "forward"
    assert by_name["no_such_backend"].error is not None
    assert by_name["no_such_backend"].error.reason == "BACKEND_UNKNOWN"


def test_a_gradient_is_checked(service: gw.Service) -> None:
    found = service.check(graph, INPUTS, wrt=["w"])
    assert found.passed
    (row,) = found.checks
    assert row.exact == pytest.approx(BY_W[row.worst_element])


def test_a_stored_array_goes_wherever_an_array_goes(service: gw.Service) -> None:
    X_ref = service.put(X)
    np.testing.assert_array_equal(service.get(X_ref), X)
    assert service.evaluate(graph, {**INPUTS, "x": X_ref}) == service.evaluate(graph, INPUTS)
    service.delete(X_ref)
    with pytest.raises(gw.errors.TensorUnknownError):
        service.get(X_ref)
    service.delete(X_ref, missing_ok=True)
    empty = service.put(np.zeros((0, 3), np.float32))
    assert service.get(empty.digest).shape == (0, 3)


def test_large_arrays_arrive_as_they_were_sent(service: gw.Service) -> None:
    x = gw.variable("x", ("n", 2))
    big = RNG.normal(size=(100_000, 2))
    big[0] = [np.nan, -np.inf]
    found = service.evaluate(gw.Graph({"y": x, "z": x[::-1]}), {"x": big})
    np.testing.assert_array_equal(found["y"], big)
    np.testing.assert_array_equal(found["z"], big[::-1])
    found["y"][0] = 0
    reference = service.put(big)
    np.testing.assert_array_equal(service.get(reference), big)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "bool"])
def test_every_element_type_and_shape_comes_back(service: gw.Service, dtype: str) -> None:
    for shape in [(), (0,), (1,), (2, 0, 3), (2, 3)]:
        array = np.ones(shape, dtype)
        found = service.evaluate(gw.Graph({"y": gw.variable("x", shape, dtype)}), {"x": array})["y"]
        assert (found.shape, found.dtype) == (shape, np.dtype(dtype))


def test_nan_and_infinities_are_told_not_hidden(service: gw.Service) -> None:
    found = service.gradient(gw.Graph({"y": gw.sum(gw.log(gw.variable("x", (3,))))}), {"x": [1.0, 0.0, -1.0]})
    assert np.isnan(found.value)
    assert found.gradients["x"][1] == np.inf
    assert found.execution.non_finite
    assert found.execution.non_finite_block == "log"


def test_what_kept_a_block_from_a_result_is_told(service: gw.Service) -> None:
    text = "variable a: float64[2, 2]\nfactor = cholesky(a)\noutput y = factor\n"
    found = service.evaluate(text, {"a": np.diag([1.0, -1.0])})
    assert found.execution.issues == {"factor": "NOT_POSITIVE_DEFINITE"}
    assert service.evaluate(text, {"a": np.eye(2)}).execution.issues == {}


def test_errors_of_the_server_arrive_as_classes(service: gw.Service) -> None:
    with pytest.raises(gw.errors.InputMissingError, match="'w'") as missing:
        service.evaluate(graph, {"x": X, "y": Y})
    assert missing.value.faults[0].field == "inputs[w]"
    with pytest.raises(gw.errors.NotScalarError):
        service.gradient(graph, INPUTS, of="u")
    with pytest.raises(gw.errors.ElementTypeError, match="float32"):
        service.evaluate(graph, {**INPUTS, "w": W.astype(np.float32)})
    with pytest.raises(gw.errors.TextSyntaxError, match="line 2"):
        service.evaluate("graph g\n?", {})
    cycle = "variable x: float64[]\na = add(b, x)\nb = add(a, nowhere)\noutput y = b\n"
    with pytest.raises(gw.errors.InvalidGraphError) as several:
        service.evaluate(cycle, {"x": 1.0})
    assert {fault.reason for fault in several.value.faults} >= {"GRAPH_CYCLE", "UNKNOWN_VALUE"}
    with pytest.raises(gw.errors.DeadlineExceededError):
        service.gradient(graph, INPUTS, timeout=1e-6)


def test_a_step_returns_parameters_and_state(service: gw.Service) -> None:
    params: Any = {"w": W}
    batch = {"x": X, "y": Y}
    state = None
    losses = []
    for _ in range(5):
        step = service.step(graph, params, batch, optimizer=gw.optimizers.adam(1e-1), state=state)
        params, state = step
        losses.append(step.loss)
    assert losses[0] == pytest.approx(LOSS)
    assert losses == sorted(losses, reverse=True)
    assert state is not None
    assert (state.optimizer, state.step, set(state.slots)) == ("adam", 5, {"m/w", "v/w"})
    assert params["w"].shape == (30,)


def test_a_gradient_step_is_what_one_computes_by_hand(service: gw.Service) -> None:
    step = service.step(graph, {"w": W}, {"x": X, "y": Y}, optimizer=gw.optimizers.sgd(0.5))
    np.testing.assert_allclose(step.parameters["w"], W - 0.5 * BY_W, rtol=1e-12)
    assert step.gradient_norm == pytest.approx(np.linalg.norm(BY_W))
    assert step.learning_rate == 0.5


def test_minimize_reports_and_returns_the_parameters(service: gw.Service) -> None:
    reports: list[gw.Progress] = []
    result = service.minimize(
        graph,
        {"w": W},
        {"x": X, "y": Y},
        optimizer=gw.optimizers.sgd(0.5, schedule=gw.schedules.exponential(0.99)),
        batch_size=16,
        epochs=5,
        seed=1,
        progress=reports.append,
    )
    assert (result.stop_reason, result.progress.epoch, result.progress.step) == ("epochs", 5, 15)
    assert tuple(reports) == result.history
    assert [report.epoch for report in reports][-1] == 5
    assert result.loss < LOSS
    assert result.state is not None
    again = service.minimize(
        graph, {"w": W}, {"x": X, "y": Y}, optimizer=gw.optimizers.sgd(0.5, schedule=gw.schedules.exponential(0.99)),
        batch_size=16, epochs=5, seed=1, quiet=True,
    )  # fmt: skip
    np.testing.assert_array_equal(again.parameters["w"], result.parameters["w"])


def test_minimize_takes_a_traced_function_and_batches_of_any_size(service: gw.Service) -> None:
    def loss(model: Any, x: Any, y: Any) -> Any:
        return np.mean((x @ model["w"] + model["b"] - y) ** 2)

    true = RNG.normal(size=30)
    data = {"x": X, "y": X @ true + 0.5}
    start = {"model": {"w": np.zeros(30), "b": 0.0}}
    optimizer = gw.optimizers.adam(0.05)
    result = service.minimize(loss, start, data, optimizer=optimizer, batch_size=16, epochs=3, quiet=True)
    assert set(result.parameters) == {"model.w", "model.b"}
    assert result.loss < np.mean(data["y"] ** 2)


def test_minimize_shows_lines_where_there_is_no_terminal(
    service: gw.Service, capsys: pytest.CaptureFixture[str]
) -> None:
    optimizer = gw.optimizers.sgd(0.1)
    service.minimize(graph, {"w": W}, {"x": X, "y": Y}, optimizer=optimizer, epochs=2)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("epoch 1/2  loss 0.")
    assert lines[-1].startswith("epoch 2/2  loss 0.")
    service.minimize(graph, {"w": W}, {"x": X, "y": Y}, optimizer=optimizer, epochs=2, quiet=True)
    assert capsys.readouterr().err == ""


def test_scipy_minimizes_a_traced_function(service: gw.Service) -> None:
    x0 = np.array([-1.2, 1.0, -0.5, 0.8])
    found = scipy.optimize.minimize(service.value_and_gradient(rosenbrock), x0, jac=True, method="BFGS")
    np.testing.assert_allclose(found.x, 1, rtol=1e-5)
    exact = scipy.optimize.minimize(scipy.optimize.rosen, x0, jac=scipy.optimize.rosen_der, method="BFGS")
    assert found.nfev == exact.nfev
    with service.stream() as stream:
        streamed = scipy.optimize.minimize(stream.value_and_gradient(rosenbrock), x0, jac=True, method="BFGS")
    np.testing.assert_array_equal(streamed.x, found.x)


def test_scipy_passes_arguments_and_packs_several_variables(service: gw.Service) -> None:
    a, b = gw.variable("a", (2, 3)), gw.variable("b")
    target = gw.variable("target", ("n", 3))
    fit = gw.Graph({"y": gw.mean((gw.sum(a, axis=0) + b - target) ** 2)})
    f = service.value_and_gradient(fit, wrt=["a", "b"])
    rows = RNG.normal(size=(5, 3))
    value, gradient = f(np.ones(7), rows)
    assert isinstance(value, float)
    assert value == pytest.approx(np.mean((3 - rows) ** 2))
    assert gradient.shape == (7,)
    found = scipy.optimize.minimize(f, np.zeros(7), args=(rows,), jac=True)
    assert found.fun == pytest.approx(np.mean((rows - rows.mean(0)) ** 2))
    fixed = service.value_and_gradient(fit, wrt="a", inputs={"target": service.put(rows), "b": 1.0})
    assert fixed(np.ones((2, 3)))[1].shape == (2, 3)
    with pytest.raises(ValueError, match="the vector has 5 elements; a, b have 7"):
        f(np.ones(5), rows)
    with pytest.raises(TypeError, match="2 arguments were given besides the vector; there are: target"):
        f(np.ones(7), rows, rows)
    with pytest.raises(ValueError, match="can't be packed in one vector"):
        service.value_and_gradient(fit, wrt=["a", "target"])


def test_a_stream_survives_an_error_on_it(service: gw.Service) -> None:
    with service.stream() as stream:
        first = stream.gradient(graph, INPUTS, wrt="w")
        with pytest.raises(gw.errors.UnknownValueError):
            stream.gradient(graph, INPUTS, wrt="nothing")
        second = stream.gradient(graph, INPUTS, wrt="w")
    np.testing.assert_array_equal(first.gradients["w"], second.gradients["w"])
    assert stream.evaluate(graph, INPUTS)["loss"] == pytest.approx(LOSS)  # opened again
    stream.close()


def test_a_program_can_be_made_ready_before_it_is_needed(service: gw.Service) -> None:
    asked = [gw.query.gradient(wrt="w")]
    assert service.prepare(graph, INPUTS, asked, backend="numpy", wait_for_compiled=True) == "interpreted"


def test_the_catalog_tells_what_the_server_has(service: gw.Service) -> None:
    ops = {op.name: op for op in service.ops()}
    assert ops["sum"].inputs == ("x",)
    assert next(x for x in ops["sum"].attributes if x.name == "keepdims").default is False
    assert set(ops) == set(OPS)
    assert all(callable(getattr(gw, name)) for name in ops)
    assert {backend.name for backend in service.backends()} >= {"numpy", "finite_difference", "complex_step"}
    listed = {x.name for x in service.optimizers()}
    assert listed == {x for m in (gw.optimizers, gw.methods, gw.searches, gw.schedules) for x in m.__all__}
    info = service.server_info()
    assert "gradwire.v1" in info.api_versions
    assert info.limits["blocks"] == 50_000


def test_threads_share_a_connection(service: gw.Service) -> None:
    results: dict[float, set[float]] = {}

    def work(scale: float) -> None:
        found = [float(service.evaluate(graph, {**INPUTS, "w": W * scale})["loss"]) for _ in range(10)]
        results.setdefault(scale, set()).update(found)

    threads = [threading.Thread(target=work, args=(scale,)) for scale in (0.0, 0.0, 1.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {scale: [pytest.approx(x) for x in found] for scale, found in results.items()} == {
        0.0: [np.log(2)],
        1.0: [LOSS],
    }

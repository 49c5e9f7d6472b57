"""Steps and minimizations over a real channel."""

from __future__ import annotations

import math

import numpy as np

from gradwire import v1 as pb
from gradwire_service.wire import decode_tensor, decode_tensors, encode_tensors
from tests.server.calling import Caller

STEP, MINIMIZE = "OptimizationService/Step", "OptimizationService/Minimize"

LINE = """graph line
variable x: float64[batch, 2]
variable y: float64[batch]
variable w: float64[2]
p = matmul(x, w)
e = subtract(p, y)
q = square(e)
loss = mean(q)
output loss = loss
"""
RNG = np.random.default_rng(3)
X = RNG.normal(size=(50, 2))
W = np.array([2.0, -1.0])
Y = X @ W + 0.1 * RNG.normal(size=50)
DATA = encode_tensors({"x": X, "y": Y})
START = encode_tensors({"w": np.zeros(2)})
NUMPY = pb.ExecutionOptions(backend="numpy")


def test_steps_carry_their_state_from_one_to_the_next(caller: Caller) -> None:
    momentum = pb.Optimizer(
        name="sgd", hyperparameters={"learning_rate": pb.Attribute(real=0.1), "momentum": pb.Attribute(real=0.5)}
    )
    request = pb.StepRequest(
        graph=pb.GraphSource(text=LINE), parameters=START, data=DATA, optimizer=momentum, options=NUMPY
    )
    w, velocity = np.zeros(2), np.zeros(2)
    for step in range(1, 4):
        slope = 2 * X.T @ (X @ w - Y) / 50
        expected_loss = np.mean((X @ w - Y) ** 2)
        velocity = slope if step == 1 else 0.5 * velocity + slope
        w = w - 0.1 * velocity
        response = caller.ask(STEP, request)
        np.testing.assert_allclose(decode_tensor(response.parameters["w"]), w, rtol=1e-12)
        np.testing.assert_allclose(response.loss, expected_loss, rtol=1e-12)
        np.testing.assert_allclose(response.gradient_norm, np.linalg.norm(slope), rtol=1e-12)
        assert (response.state.optimizer, response.state.step) == ("sgd", step)
        assert not response.skipped
        request = pb.StepRequest(
            graph=pb.GraphSource(graph_id=response.graph_id),
            parameters=response.parameters,
            data=DATA,
            optimizer=momentum,
            state=response.state,
            options=NUMPY,
        )


def test_a_step_that_is_not_finite_may_be_left_out(caller: Caller) -> None:
    request = pb.StepRequest(
        graph=pb.GraphSource(text=LINE),
        parameters=encode_tensors({"w": np.array([np.inf, 0.0])}),
        data=DATA,
        optimizer=pb.Optimizer(name="sgd", non_finite_policy=pb.NON_FINITE_POLICY_SKIP),
        options=NUMPY,
    )
    response = caller.ask(STEP, request)
    assert response.skipped
    assert response.state.step == 0
    assert decode_tensor(response.parameters["w"]).tolist() == [np.inf, 0.0]


def minimization(**parts: object) -> pb.MinimizeRequest:
    plain = {
        "graph": pb.GraphSource(text=LINE),
        "parameters": START,
        "data": DATA,
        "optimizer": pb.Optimizer(
            name="sgd",
            hyperparameters={"learning_rate": pb.Attribute(real=0.2)},
            schedule=pb.Schedule(name="inverse_time", parameters={"rate": pb.Attribute(real=0.001)}),
        ),
        "stopping": pb.StoppingRule(epochs=20),
        "options": NUMPY,
    }
    return pb.MinimizeRequest(minimization=pb.Minimization(**(plain | parts)))  # type: ignore[arg-type]


def test_a_minimization_reports_and_ends_with_its_result(caller: Caller) -> None:
    request = minimization(batching=pb.Batching(batch_size=7), seed=5, reporting=pb.ReportingRule(parameters=True))
    *reports, last = caller.ask(MINIMIZE, request)
    assert [report.progress.number for report in reports] == list(range(1, 21))
    assert reports[-1].progress.epoch == 20
    assert reports[-1].progress.loss < 0.02
    assert "w" in reports[0].progress.parameters
    result = last.result
    np.testing.assert_allclose(decode_tensors(result.parameters)["w"], W, atol=0.05)
    assert result.stop_reason == pb.STOP_REASON_EPOCHS
    assert result.parameters_step == result.state.step == 20 * 8
    assert result.progress.number == 20
    assert result.graph_id.startswith("sha256:")
    assert result.execution.backend == "numpy"


def test_the_same_seed_gives_the_same_bits(caller: Caller) -> None:
    request = minimization(batching=pb.Batching(batch_size=7), seed=5)
    first, second = (caller.ask(MINIMIZE, request)[-1].result.parameters["w"].data for _ in range(2))
    other = caller.ask(MINIMIZE, minimization(batching=pb.Batching(batch_size=7), seed=6))[-1].result
    assert first == second != other.parameters["w"].data


def test_a_minimization_goes_on_from_the_state_of_another(caller: Caller) -> None:
    whole = caller.ask(MINIMIZE, minimization(stopping=pb.StoppingRule(steps=10)))[-1].result
    half = caller.ask(MINIMIZE, minimization(stopping=pb.StoppingRule(steps=4)))[-1].result
    rest = minimization(stopping=pb.StoppingRule(steps=6), parameters=half.parameters, state=half.state)
    assert caller.ask(MINIMIZE, rest)[-1].result.parameters["w"].data == whole.parameters["w"].data


def test_a_limit_on_the_loss_stops_a_minimization(caller: Caller) -> None:
    request = minimization(stopping=pb.StoppingRule(loss=0.1))
    result = caller.ask(MINIMIZE, request)[-1].result
    assert result.stop_reason == pb.STOP_REASON_LOSS
    assert result.loss <= 0.1
    assert not math.isnan(result.progress.parameter_norm)


def test_steps_tell_which_tier_ran_them_and_wait_for_the_compiler_if_asked(caller: Caller) -> None:
    sgd = pb.Optimizer(name="sgd", hyperparameters={"learning_rate": pb.Attribute(real=0.1)})
    request = pb.StepRequest(graph=pb.GraphSource(text=LINE), parameters=START, data=DATA, optimizer=sgd, options=NUMPY)
    interpreted = caller.ask(STEP, request)
    assert interpreted.execution.tier == pb.EXECUTION_TIER_INTERPRETED
    request.options.CopyFrom(pb.ExecutionOptions(backend="numba", wait_for_compiled=True))
    compiled = caller.ask(STEP, request)
    assert compiled.execution.tier == pb.EXECUTION_TIER_COMPILED
    found, expected = (decode_tensor(response.parameters["w"]) for response in (compiled, interpreted))
    np.testing.assert_allclose(found, expected, rtol=1e-13)

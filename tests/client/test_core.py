"""Plans without a server: what is sent, sent again, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwire as gw
from gradwire import errors
from gradwire import v1 as pb
from gradwire.core import Core, Method, Pause, Plan, Streaming, Unary
from gradwire.plans import catalog, inspection, queries, storage, training
from gradwire.tensors import encode_tensor
from gradwire.wireformat import joined

GRAPH = gw.Graph({"y": gw.sum(gw.square(gw.variable("x", (2,))))})
INPUTS = {"x": np.ones(2)}
ANSWER = pb.EvaluateResponse(
    results=[pb.QueryResult(value=pb.ValueResult(values={"y": encode_tensor(2.0)}))], graph_id="sha256:1"
).SerializeToString()

Reply = bytes | errors.GradwireError


def carry_out(plan: Plan[Any], *replies: Reply) -> tuple[Any, list[Any]]:
    """Carry out a plan with prepared replies; return its result and its commands, requests parsed."""
    commands: list[Any] = []
    waiting = list(replies)
    try:
        command = next(plan)
        while True:
            if isinstance(command, Pause):
                commands.append(command.seconds)
                command = plan.send(None)
                continue
            commands.append(
                pb.EvaluateRequest.FromString(joined(command.parts)) if isinstance(command, Unary) else command
            )
            reply = waiting.pop(0)
            command = plan.throw(reply) if isinstance(reply, Exception) else plan.send(reply)
    except StopIteration as end:
        return end.value, commands


def evaluate(core: Core, timeout: float | None = None) -> Plan[Any]:
    return queries.evaluate(core, GRAPH, INPUTS, timeout=timeout)


def test_a_graph_is_sent_once_and_named_from_then_on() -> None:
    core = Core(10.0)
    found, (first,) = carry_out(evaluate(core), ANSWER)
    assert (first.graph.graph, found) == (GRAPH.message, {"y": 2.0})
    _, (second,) = carry_out(evaluate(core), ANSWER)
    assert second.graph.graph_id == "sha256:1"


def test_a_graph_that_the_server_forgot_is_sent_again_unasked() -> None:
    core = Core(10.0)
    core.remember(GRAPH, "sha256:old")
    found, (first, second) = carry_out(evaluate(core), errors.GraphUnknownError("who?"), ANSWER)
    assert (first.graph.graph_id, second.graph.graph, found["y"]) == ("sha256:old", GRAPH.message, 2.0)
    _, (third,) = carry_out(evaluate(core), ANSWER)
    assert third.graph.graph_id == "sha256:1"


def test_a_text_form_is_known_by_itself() -> None:
    core = Core(10.0)
    text = str(GRAPH)
    _, (first,) = carry_out(queries.evaluate(core, text, {"x": [1, 2]}), ANSWER)
    assert first.graph.text == text
    assert first.inputs["x"].type.element_type == pb.ELEMENT_TYPE_FLOAT64
    _, (second,) = carry_out(queries.evaluate(core, text, {"x": [1, 2]}), ANSWER)
    assert second.graph.graph_id == "sha256:1"


def test_a_call_is_made_four_times_with_growing_pauses() -> None:
    gone = errors.UnavailableError("gone")
    found, commands = carry_out(evaluate(Core(10.0)), gone, gone, gone, ANSWER)
    assert found["y"] == 2.0
    assert [command for command in commands if isinstance(command, float)] == [0.1, 0.4, 1.6]
    with pytest.raises(errors.UnavailableError, match="gone"):
        carry_out(evaluate(Core(10.0)), gone, gone, gone, gone)


def test_a_call_is_not_repeated_past_its_time() -> None:
    with pytest.raises(errors.UnavailableError):
        carry_out(evaluate(Core(0.05)), errors.UnavailableError("gone"), ANSWER)
    with pytest.raises(errors.UnavailableError):
        carry_out(evaluate(Core(10.0), timeout=0.3), *[errors.UnavailableError("gone")] * 2, ANSWER)


@pytest.mark.parametrize(
    "error", [errors.ShapeError("no"), errors.DeadlineExceededError("late"), errors.OverloadedError("")]
)
def test_other_errors_are_not_repeated(error: errors.GradwireError) -> None:
    with pytest.raises(type(error)):
        carry_out(evaluate(Core(10.0)), error, ANSWER)


def test_a_stream_of_reports_is_repeated_only_while_nothing_has_come() -> None:
    core = Core(10.0)
    core.remember(GRAPH, "sha256:1")
    optimizer = gw.optimizers.sgd(0.1)
    start = {"x": np.ones(2)}

    def plan() -> Plan[Any]:
        return training.minimize(core, GRAPH, start, optimizer=optimizer, epochs=3, quiet=True)

    result = pb.MinimizeResponse(result=pb.MinimizationResult(loss=0.5, stop_reason=pb.STOP_REASON_EPOCHS))
    report = pb.MinimizeResponse(progress=pb.MinimizationProgress(step=1, epoch=1, loss=2.0))
    attempts = 0

    def drive(fails: Callable[[Streaming], object]) -> Any:
        nonlocal attempts
        attempts, steps = 0, plan()
        try:
            command = next(steps)
            while True:
                if isinstance(command, Pause):
                    command = steps.send(None)
                    continue
                assert isinstance(command, Streaming)
                attempts += 1
                if attempts == 1:
                    fails(command)
                    command = steps.throw(errors.UnavailableError("gone"))
                else:
                    command.receive(report.SerializeToString())
                    command.receive(result.SerializeToString())
                    command = steps.send(None)
        except StopIteration as end:
            return end.value

    found = drive(lambda command: None)
    assert (attempts, found.loss, found.stop_reason, len(found.history)) == (2, 0.5, "epochs", 1)
    with pytest.raises(errors.UnavailableError):
        drive(lambda command: command.receive(report.SerializeToString()))


def test_tensors_travel_in_chunks_behind_their_header() -> None:
    array = np.arange(300_000.0)
    plan = storage.put(Core(10.0), array)
    command = next(plan)
    assert isinstance(command, Streaming)
    header, *chunks = [pb.PutTensorRequest.FromString(request) for request in command.requests()]
    assert header.header.type.shape == [300_000]
    assert [len(chunk.data) for chunk in chunks] == [1 << 20, 1 << 20, 2_400_000 - (2 << 20)]
    assert b"".join(chunk.data for chunk in chunks) == array.tobytes()
    command.receive(pb.PutTensorResponse(digest=header.header.digest).SerializeToString())
    with pytest.raises(StopIteration) as end:
        plan.send(None)
    assert end.value.value.digest == header.header.digest


def test_numbers_take_the_element_type_of_their_variable_and_arrays_keep_theirs() -> None:
    x, n = gw.variable("x", (2,), "float32"), gw.variable("n", (), "int64")
    graph = gw.Graph({"y": gw.sum(x)}, variables=[n])
    _, (request,) = carry_out(queries.evaluate(Core(1.0), graph, {"x": [1, 2], "n": 3}), ANSWER)
    assert request.inputs["x"].type.element_type == pb.ELEMENT_TYPE_FLOAT32
    assert request.inputs["n"].type.element_type == pb.ELEMENT_TYPE_INT64
    _, (request,) = carry_out(queries.evaluate(Core(1.0), graph, {"x": np.ones(2), "n": 3}), ANSWER)
    assert request.inputs["x"].type.element_type == pb.ELEMENT_TYPE_FLOAT64  # the server says what is wrong with it
    with pytest.raises(TypeError, match="'x' was fed something that is no array"):
        carry_out(queries.evaluate(Core(1.0), graph, {"x": np.array(["a"]), "n": 3}), ANSWER)


def test_queries_take_names_and_values_and_cotangents_of_the_right_type() -> None:
    x = gw.variable("x", (2,), "float32")
    u = x * 2
    graph = gw.Graph({"y": gw.sum(u)})
    plan = queries.vjp(Core(1.0), graph, {"x": [1, 2]}, {"y": 1.0}, wrt=[x, u, "y"])
    command = next(plan)
    assert isinstance(command, Unary)
    (query,) = pb.EvaluateRequest.FromString(joined(command.parts)).queries
    assert list(query.vjp.wrt) == ["x", "multiply", "y"]
    assert query.vjp.cotangents["y"].type.element_type == pb.ELEMENT_TYPE_FLOAT32


def test_settings_of_a_run_are_sent_and_unknown_ones_refused() -> None:
    way = gw.FiniteDifference("richardson", step=1e-3)
    plan = queries.gradient(
        Core(1.0), GRAPH, INPUTS, backend="finite_difference", strict_nan=True, finite_difference=way, timeout=3
    )
    command = next(plan)
    assert isinstance(command, Unary)
    assert command.timeout == 3
    options = pb.EvaluateRequest.FromString(joined(command.parts)).options
    assert (options.backend, options.strict_nan, options.fast_math) == ("finite_difference", True, False)
    assert (options.finite_difference.method, options.finite_difference.step) == (
        pb.FINITE_DIFFERENCE_METHOD_RICHARDSON,
        1e-3,
    )
    with pytest.raises(TypeError, match="no setting 'backnd'; there are backend, "):
        next(queries.gradient(Core(1.0), GRAPH, INPUTS, backnd="numpy"))  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="no method 'backward'; there are forward, central, richardson"):
        gw.FiniteDifference("backward")


def test_optimizers_are_written_with_their_settings() -> None:
    optimizer = gw.optimizers.adam(
        1e-2,
        beta1=0.8,
        schedule=gw.schedules.exponential(0.9, steps=10),
        clip_global_norm=1.0,
        groups=[gw.ParameterGroup(["b*"], frozen=True)],
        bounds={"w": (None, 2.0)},
        non_finite="skip",
    )
    message = optimizer.message()
    assert (message.name, message.hyperparameters["beta1"].real, message.schedule.name) == ("adam", 0.8, "exponential")
    assert message.schedule.parameters["steps"].integer == 10
    assert message.clipping.global_norm == 1.0
    assert message.groups[0].frozen
    assert not message.bounds["w"].HasField("lower")
    assert message.non_finite_policy == pb.NON_FINITE_POLICY_SKIP
    with pytest.raises(TypeError, match="adam has no setting 'momentum'"):
        gw.optimizers.adam(momentum=0.9)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="two ways to clip"):
        gw.optimizers.sgd(clip_norm=1, clip_value=1).message()


def test_every_method_that_plans_name_is_in_the_contract() -> None:
    pool = pb.EvaluateRequest.DESCRIPTOR.file.pool
    for module in (catalog, inspection, queries, storage, training):
        for method in vars(module).values():
            if isinstance(method, Method):
                service, _, name = method.path[1:].partition("/")
                found = pool.FindServiceByName(service).methods_by_name[name]
                assert found.output_type is method.response.DESCRIPTOR

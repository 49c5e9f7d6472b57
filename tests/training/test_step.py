"""One step: the graph of loss, gradients and update together."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service.errors import InputMissingError, NotDifferentiableError, NotScalarError
from gradwire_service.graph import FLOAT32, INT64
from gradwire_service.ops.base import variable
from gradwire_service.ops.functions import astype, square
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.optimizers import Adam, Optimizer, Sgd, initial_state, optimizer
from gradwire_service.training import step_graph, take_step
from tests.optimizers import documented
from tests.training.problems import (
    Stepper,
    quartic,
    regression,
    regression_run,
    squared_error,
    squared_error_gradients,
)


@pytest.mark.parametrize("name", Optimizer.registry)
def test_steps_follow_the_gradients_in_closed_form(name: str) -> None:
    rule = optimizer(name, {"learning_rate": 0.1})
    parameters, data = regression()
    state = initial_state(rule, parameters)
    batch = data.batch(slice(0, 9))
    updates = {name: documented.RULES[rule.name](rule) for name in parameters}
    for t in range(1, 6):
        gradients = squared_error_gradients({**batch, **parameters})
        after = {n: np.asarray(updates[n](w, np.asarray(gradients[n]), t, 0.1)) for n, w in parameters.items()}
        step = take_step(regression_run(rule).step, parameters, batch, state, 0.1)
        parameters, state = dict(step.parameters), step.state
        for n, w in parameters.items():
            np.testing.assert_allclose(w, after[n], rtol=1e-11, atol=1e-15)
        assert step.gradient_norm == pytest.approx(np.linalg.norm([*gradients["w"], gradients["b"]]), rel=1e-12)
        assert step.parameter_norm == pytest.approx(np.linalg.norm([*after["w"], after["b"]]), rel=1e-12)
        assert state.step == t


def test_the_loss_is_that_before_the_update() -> None:
    step = take_step(
        Stepper(quartic, ("w",), Sgd()).step, {"w": np.array([2.0, 1.0])}, {}, initial_state(Sgd(), {}), 0.0
    )
    assert step.loss == 17
    assert step.is_finite


def test_the_rate_that_is_fed_counts_and_not_the_optimizers() -> None:
    rule = Sgd(learning_rate=123.0)
    step = take_step(Stepper(quartic, ("w",), rule).step, {"w": np.array([1.0])}, {}, initial_state(rule, {}), 0.125)
    assert step.parameters["w"].tolist() == [0.5]
    assert step.learning_rate == 0.125


def test_a_step_leaves_what_it_was_given_as_it_is() -> None:
    rule = Adam()
    parameters, data = regression()
    state = initial_state(rule, parameters)
    before = [x.copy() for x in (*parameters.values(), *state.slots.values())]
    take_step(regression_run(rule).step, parameters, data.batch(slice(0, 5)), state, 0.1)
    assert all(map(np.array_equal, before, (*parameters.values(), *state.slots.values())))


def test_parameters_of_both_floating_types_keep_them() -> None:
    wide, narrow = variable("wide", (2,)), variable("narrow", (2,), FLOAT32)
    loss = sum_(square(wide) * astype(narrow, element_type=wide.element_type))
    outputs = step_graph(loss, {"wide": wide, "narrow": narrow}, Adam()).outputs
    assert {name: str(value.type) for name, value in outputs.items()} == {
        "loss": "float64[]",
        "gradient norm": "float64[]",
        "parameter norm": "float64[]",
        "parameter wide": "float64[2]",
        "state m/wide": "float64[2]",
        "state v/wide": "float64[2]",
        "parameter narrow": "float32[2]",
        "state m/narrow": "float32[2]",
        "state v/narrow": "float32[2]",
    }


def test_norms_of_float32_do_not_overflow_where_their_squares_would() -> None:
    rule = Sgd()
    run = Stepper(lambda v: sum_(v["w"] * v["c"]), ("w",), rule)
    large = np.full(2, 3e30, np.float32)
    step = take_step(run.step, {"w": np.zeros(2, np.float32)}, {"c": large}, initial_state(rule, {}), 1e-10)
    assert step.gradient_norm == pytest.approx(3e30 * 2**0.5, rel=1e-6)


def test_names_of_the_step_do_not_meet_those_of_the_graph() -> None:
    names = ("loss", "learning_rate", "step_number", "m/loss", "v/loss")
    v = {name: variable(name) for name in names}
    loss = v["loss"] * v["m/loss"] * v["learning_rate"]
    graph = step_graph(loss, {"loss": v["loss"], "m/loss": v["m/loss"]}, Adam(), v.values())
    assert set(graph.variables) == {
        *names,
        "learning rate",
        "step number",
        *("state m/loss", "state v/loss", "state m/m/loss", "state v/m/loss"),
    }
    assert {"loss", "parameter loss", "parameter m/loss"} <= set(graph.outputs)


def test_a_parameter_that_the_loss_does_not_need_stays() -> None:
    x, unused = variable("x"), variable("unused", (2,))
    run = Stepper(lambda v: square(v["x"]), ("x", "unused"), Sgd())
    assert "unused" in step_graph(square(x), {"x": x, "unused": unused}, Sgd()).variables
    start = {"x": np.array(1.0), "unused": np.array([3.0, 4.0])}
    step = take_step(run.step, start, {}, initial_state(Sgd(), start), 0.25)
    assert step.parameters["unused"].tolist() == [3.0, 4.0]
    assert step.gradient_norm == 2


def test_what_can_not_be_trained_is_refused() -> None:
    x, count = variable("x", (2,)), variable("count", (), INT64)
    with pytest.raises(InputMissingError, match="there is no parameter to train"):
        step_graph(sum_(x), {}, Sgd())
    with pytest.raises(NotScalarError):
        step_graph(square(x), {"x": x}, Sgd())
    with pytest.raises(NotDifferentiableError, match="count"):
        step_graph(sum_(x), {"count": count}, Sgd())


def test_scalars_of_the_step_are_computed_once_for_all_parameters() -> None:
    shapes: dict[str, tuple[int, ...]] = {"x": (4, 3), "y": (4,), "w": (3,), "b": ()}
    v = {name: variable(name, shape) for name, shape in shapes.items()}
    graph = step_graph(squared_error(v), {"w": v["w"], "b": v["b"]}, Adam())
    assert sum(value.op.name == "power" for value in graph.blocks) == 2

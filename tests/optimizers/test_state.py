"""What an optimizer remembers, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradwire_service.errors import StateMismatchError
from gradwire_service.graph import Array
from gradwire_service.optimizers import Adagrad, Adam, OptimizerState, Sgd, check_state, initial_state

PARAMETERS: dict[str, Array] = {"w": np.ones((2, 3)), "b": np.ones(3, np.float32)}


def test_a_fresh_state_has_every_slot_of_every_parameter() -> None:
    state = initial_state(Adam(), PARAMETERS)
    assert (state.optimizer, state.step, sorted(state.slots)) == ("adam", 0, ["m/b", "m/w", "v/b", "v/w"])
    assert state.slots["m/b"].dtype == np.float32
    assert not state.slots["v/w"].any()
    check_state(state, Adam(), PARAMETERS)


def test_a_sum_starts_where_it_was_told_to() -> None:
    assert np.all(initial_state(Adagrad(initial_accumulator_value=0.5), PARAMETERS).slots["s/w"] == 0.5)


def test_gradient_descent_without_momentum_remembers_nothing() -> None:
    assert initial_state(Sgd(), PARAMETERS).slots == {}


Change = dict[str, Any]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"optimizer": "sgd"}, "the state is one of 'sgd', but the optimizer is 'adam'"),
        ({"step": -1}, "the state counts -1 steps"),
        ({"m/w": None}, "the state lacks 'm/w'"),
        ({"v_max/w": np.ones((2, 3))}, "the state has 'v_max/w', which adam does not keep as it is set"),
        ({"m/w": np.ones((3, 2))}, r"'m/w' of the state is float64\[3, 2\], but must be float64\[2, 3\]"),
        ({"m/b": np.ones(3)}, r"'m/b' of the state is float64\[3\], but must be float32\[3\]"),
    ],
)
def test_a_state_of_something_else_is_refused(changed: Change, words: str) -> None:
    state = initial_state(Adam(), PARAMETERS)
    slots = {**state.slots, **{name: x for name, x in changed.items() if "/" in name}}
    fields = {name: x for name, x in changed.items() if "/" not in name}
    other = replace(state, slots={name: x for name, x in slots.items() if x is not None}, **fields)
    with pytest.raises(StateMismatchError, match=words):
        check_state(other, Adam(), PARAMETERS)


def test_a_state_names_slot_and_parameter() -> None:
    state = OptimizerState("sgd", 3, {"b/layer/w": np.ones(2)})
    check_state(state, Sgd(momentum=0.9), {"layer/w": np.ones(2)})

"""Loops and choices as JAX records them: their bodies once, whatever the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

TRIPS = 1_000_000
"""Greatest number of trips of a loop that states none: XLA's loops can't be stopped from outside."""

KEPT_TRIPS = 10_000
"""Greatest bound of a loop that is differentiated in reverse: what all trips leave behind is kept, of idle ones too."""


class ControlFlow:
    """What `scan`, `switch` and `while_loop` find to be evaluated with: each takes the op, and its inputs.

    Attributes:
        reverse: whether the reverse pass will go through what is recorded.
        amiss: whether something would have been an error, had the data been looked at: an index outside its axis, a
            loop that does not end. A compiled function can't raise, and says so at its end.
    """

    def __init__(self, reverse: bool = False) -> None:
        self.reverse = reverse
        self.amiss: Any = False

    def note(self, fault: Any) -> None:
        """Remember whether one of these is true."""
        self.amiss = self.amiss | jnp.any(fault)

    def scan(self, op: Any, inputs: Sequence[Any]) -> list[Any]:
        """Loop over the first axis of sequences."""
        c, s = op.carries, op.sequences
        outer = inputs[c + s :]

        def step(state: Any, row: Any) -> Any:
            carried, amiss = state
            found, fault = self._inside(op.step, [*carried, *row, *outer])
            return (tuple(found[:c]), amiss | fault), tuple(found[c:])

        start = (tuple(inputs[:c]), jnp.asarray(self.amiss))
        (carried, self.amiss), stacks = jax.lax.scan(
            step, start, tuple(inputs[c : c + s]), length=op.length or 0, reverse=op.reverse
        )
        return [*carried, *stacks]

    def switch(self, op: Any, index: Any, operands: Sequence[Any]) -> list[Any]:
        """Evaluate one of several bodies."""

        def branch(body: Any) -> Callable[..., Any]:
            return lambda *inputs: self._inside(body, inputs)

        index = jnp.asarray(index, int)  # a truth counts as 0 or 1
        self.note((index < 0) | (index >= len(op.bodies)))
        found, fault = jax.lax.switch(index, [branch(body) for body in op.bodies], *operands)
        self.note(fault)
        return list(found)

    def while_loop(self, op: Any, inputs: Sequence[Any]) -> list[Any]:
        """Loop while a condition holds; under the reverse pass, as many trips as the op allows, the last ones idle.

        Raises: NotImplementedError under the reverse pass, when the op states no bound, or a great one.
        """
        if self.reverse and (op.max_trips is None or op.max_trips > KEPT_TRIPS):
            bound = f"max_trips, at most {KEPT_TRIPS:,}"
            raise NotImplementedError(f"JAX has no reverse pass for a loop of unknown length; give {bound}")
        outer = inputs[op.carries :]

        def holds(state: Any) -> Any:
            return self._inside(op.condition, [*state[0], *outer])[0][0]

        def trip(state: Any) -> Any:
            carried, amiss, trips = state
            found, fault = self._inside(op.body, [*carried, *outer])
            return tuple(found), amiss | fault, trips + 1

        def trip_or_idle(state: Any, _: None) -> tuple[Any, None]:
            return jax.lax.cond(holds(state), trip, lambda same: same, state), None

        state = (tuple(inputs[: op.carries]), jnp.asarray(self.amiss), jnp.asarray(0))
        if self.reverse:
            state, _ = jax.lax.scan(trip_or_idle, state, length=op.max_trips)
        else:
            limit = TRIPS if op.max_trips is None else op.max_trips
            state = jax.lax.while_loop(lambda state: holds(state) & (state[2] < limit), trip, state)
        carried, self.amiss, _ = state
        self.note(holds(state))
        return list(carried)

    def _inside(self, body: Any, inputs: Sequence[Any]) -> tuple[tuple[Any, ...], Any]:
        """Evaluate a body; return its results, and whether something was amiss in it."""
        inner = type(self)(self.reverse)
        found = tuple(body.run(inner, inputs))
        return found, jnp.asarray(inner.amiss)

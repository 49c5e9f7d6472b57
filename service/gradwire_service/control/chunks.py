"""Vectorization by loops: over chunks, where all members take too much memory; over each, where an op has no rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradwire_service.control.scan import scan
from gradwire_service.limits import LIMITS
from gradwire_service.ops.base import Constant, Op, Value, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.flat import ancestors, rebuilt
from gradwire_service.ops.functions import pad, reshape
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.transform.vectorize import BatchedInput, batch_size, batching_rule, vectorize

CHUNK_BYTES = 2**28
"""Memory of all values that differ between the members, up to which they are computed at once."""

WRITTEN_OUT = 16
"""Members up to which an op without a rule is applied to each without a loop."""


def vectorize_in_chunks(
    values: Sequence[Value], batched: Mapping[Value, Value], chunk_bytes: int | None = None
) -> list[Value]:
    """Evaluate values for many of what they depend on, some at a time.

    Args:
        values: what is wanted.
        batched: as for `vectorize`.
        chunk_bytes: memory that all that is computed for the members of a chunk may take; None: `CHUNK_BYTES`.

    Returns: the same as `vectorize`.
    """
    chunk_bytes = chunk_bytes or CHUNK_BYTES
    at_once = vectorize(values, batched)
    size = next(iter(batched.values())).shape[0]
    shared = set(ancestors([*values, *batched.values()]))
    taken = sum(value.type.bytes for value in ancestors(at_once) if value not in shared)
    if taken <= chunk_bytes or size <= 1 or taken > size * LIMITS.bytes:
        return at_once
    chunk = max(size * chunk_bytes // taken, 1)
    count = -(-size // chunk)
    single = {x: variable(f"chunk {i}", (chunk, *x.shape), x.element_type) for i, x in enumerate(batched)}
    body, outer = _closed(vectorize(values, single), tuple(single.values()))
    found = scan(body, [], [_in_rows(batched[x], count, chunk) for x in single], outer, count)
    return [_joined(y, size) for y in found]


@batching_rule.register
def _(op: Op, y: Value, x: Sequence[BatchedInput]) -> Any:
    """Apply an op to each member, unless there are so few that it is written out."""
    size = batch_size(x)
    if size <= WRITTEN_OUT:
        return None
    inputs = [variable(f"x{i}", one.value.shape, one.value.element_type) for i, one in enumerate(x)]
    order = sorted(range(len(x)), key=lambda i: x[i].batch is None)  # what differs, then what is the same for all
    rows = [batch for i in order if (batch := x[i].batch) is not None]
    found: Any = op(*inputs)
    results = found if isinstance(found, tuple) else (found,)
    body = Body(tuple(inputs[i] for i in order), results)
    looped = scan(body, [], rows, [x[i].value for i in order[len(rows) :]], size)
    return looped if isinstance(found, tuple) else looped[0]


def _closed(values: Sequence[Value], variables: tuple[Value, ...]) -> tuple[Body, list[Value]]:
    """Make a body of values: what does not depend on the variables is handed to it.

    Returns: the body, and what is to be handed to it behind the variables.
    """
    moved = set(variables)
    outer: dict[Value, Value] = {}
    ends = set(values)

    def hand_over(value: Value) -> None:
        if value not in moved and value not in outer and not isinstance(value.op, Constant):
            outer[value] = variable(f"outer {len(outer)}", value.shape, value.element_type)

    for value in ancestors(values):
        if not moved.isdisjoint(value.inputs):
            moved.add(value)
            for x in value.inputs:
                hand_over(x)
        elif value in ends:
            hand_over(value)
    return Body((*variables, *outer.values()), tuple(rebuilt(values, dict(outer)))), list(outer)


def _in_rows(x: Value, count: int, chunk: int) -> Any:
    """Lay the members in as many rows as there are chunks; the last one is filled up with zeros."""
    missing = count * chunk - x.shape[0]
    rest = (0,) * (len(x.shape) - 1)
    filled = pad(x, low=(0, *rest), high=(missing, *rest)) if missing else x
    return reshape(filled, shape=(count, chunk, *x.shape[1:]))


def _joined(y: Value, size: int) -> Any:
    """Undo what `_in_rows` does."""
    count, chunk, *shape = y.shape
    return slice_(reshape(y, shape=(count * chunk, *shape)), index=f":{size}")

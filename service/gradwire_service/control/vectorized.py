"""What ops over bodies are for many points at once: ops over bodies that do many at once."""

from __future__ import annotations

from collections.abc import Sequence

from gradwire_service.control.branching import Switch
from gradwire_service.control.custom import Barrier, Inlined
from gradwire_service.control.scan import Scan
from gradwire_service.ops.base import Value, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import transpose
from gradwire_service.transform.vectorize import BatchedInput, batch_size, batching_rule, vectorize


@batching_rule.register
def _(op: Scan, y: Value, x: Sequence[BatchedInput]) -> tuple[Value, ...]:
    size = batch_size(x)
    c, s = op.carries, op.sequences
    body = _widened(op.step, [i < c or one.batch is not None for i, one in enumerate(x)], size)
    carries = [one.repeated(size) for one in x[:c]]
    rows = [one.value if one.batch is None else _exchanged(one.batch) for one in x[c : c + s]]
    outer = [one.value if one.batch is None else one.batch for one in x[c + s :]]
    wide = Scan(body, c, s, op.length, op.reverse, op.checkpoint, opened=True)
    found = wide(*carries, *rows, *outer)[: len(body.outputs)]
    return (*found[:c], *(_exchanged(stack) for stack in found[c:]))


@batching_rule.register
def _(op: Switch, y: Value, x: Sequence[BatchedInput]) -> tuple[Value, ...] | None:
    index, *operands = x
    if index.batch is not None:
        return None  # each member may take another branch
    size, wide = batch_size(x), [one.batch is not None for one in operands]
    bodies = tuple(_widened(body, wide, size) for body in op.bodies)
    return Switch(bodies)(index.value, *(one.value if one.batch is None else one.batch for one in operands))


@batching_rule.register
def _(op: Inlined, y: Value, x: Sequence[BatchedInput]) -> tuple[Value, ...]:
    body = _widened(op.body, [one.batch is not None for one in x], batch_size(x))
    return body(*(one.value if one.batch is None else one.batch for one in x))


@batching_rule.register
def _(op: Barrier, y: Value, x: Sequence[BatchedInput]) -> Value:
    return op(*(one.repeated(batch_size(x)) for one in x))


def _widened(body: Body, wide: Sequence[bool], size: int) -> Body:
    """Return a body whose inputs have an axis in front, those that are wide, and all results."""
    variables = [
        variable(v.name, (size, *v.shape), v.element_type) if batched else v
        for v, batched in zip(body.variables, wide, strict=True)
    ]
    batched = {v: new for v, new, is_wide in zip(body.variables, variables, wide, strict=True) if is_wide}
    return Body(tuple(variables), tuple(vectorize(body.outputs, batched)))


def _exchanged(x: Value) -> Value:
    """Exchange the first two axes."""
    return transpose(x, axes=(1, 0, *range(2, len(x.shape))))

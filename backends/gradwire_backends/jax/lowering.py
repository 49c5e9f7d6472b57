"""Blocks in JAX; ops whose `evaluate` JAX can't record, or records in a way that serves nobody, are written anew."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp

from gradwire_backends.jax.namespace import JaxNamespace
from gradwire_service.errors import UnsupportedByBackendError
from gradwire_service.ops.arithmetic import MaskedMultiply
from gradwire_service.ops.base import Op, Value
from gradwire_service.ops.body import Body, Control, converted
from gradwire_service.ops.cumulative import LinearRecurrence
from gradwire_service.ops.dynamic import DynamicSlice, DynamicUpdateSlice
from gradwire_service.ops.gathering import AtPositions, GatherNd, Scatter

BEYOND_JAX = (AttributeError, NotImplementedError, TypeError, ValueError)
"""What an evaluation raises while it is recorded that asks for what JAX has not: elements, functions, derivatives."""


def walk(blocks: Iterable[Value], found: dict[Value, Any], xp: JaxNamespace) -> None:
    """Evaluate blocks in topological order.

    Args:
        blocks: the blocks; their results are put into `found`.
        found: what is known of values.
        xp: evaluates them.

    Raises: UnsupportedByBackendError, naming the block that JAX can't evaluate.
    """
    for value in blocks:
        try:
            result = lower(value.op, xp, *(found[x] for x in value.inputs))
        except BEYOND_JAX as reason:
            name, told = value.op.name, str(reason).partition("\n")[0]
            where = f"block {value.name!r} ({name})" if value.name not in ("", name) else f"a block made by {name}"
            raise UnsupportedByBackendError(
                f"jax can't evaluate {where}: {told}; use another backend, numba or numpy", block=value.name, op=name
            ) from reason
        found[value] = converted(result, value.type, xp)


@singledispatch
def lower(op: Op, xp: JaxNamespace, *inputs: Any) -> Any:
    """Evaluate an op on what JAX records."""
    return op.evaluate(xp, *inputs)


@lower.register
def _(op: MaskedMultiply, xp: JaxNamespace, a: Any, b: Any) -> Any:
    """Hide what is not finite, and nothing else: b is the derivative by an a that happens to be zero."""
    return a * jnp.where((a == 0) & ~jnp.isfinite(b), 0, b)


@lower.register
def _(op: Control, xp: JaxNamespace, *inputs: Any) -> Any:
    return op.with_bodies(_Walked.of).evaluate(xp, *inputs)


class _Walked(Body):
    """A body whose blocks are lowered, as those of the graph around it are."""

    @classmethod
    def of(cls, body: Body) -> _Walked:
        return cls(body.variables, body.outputs)

    def run(self, xp: JaxNamespace, inputs: Sequence[Any]) -> list[Any]:
        found = dict(zip(self.variables, inputs, strict=True))
        walk(self.blocks, found, xp)
        return [found[y] for y in self.outputs]


@lower.register
def _(op: LinearRecurrence, xp: JaxNamespace, a: Any, b: Any) -> Any:
    """Loop: the op's own loop would be recorded once a step."""
    factors, terms = jnp.moveaxis(a, op.axis, 0), jnp.moveaxis(b, op.axis, 0)
    if not len(terms):
        return b
    factors = factors.at[-1 if op.reverse else 0].set(0)  # nothing is before the first, whatever its factor

    def step(before: Any, inputs: Any) -> tuple[Any, Any]:
        factor, term = inputs
        y = factor * before + term
        return y, y

    _, y = jax.lax.scan(step, jnp.zeros_like(terms, shape=terms.shape[1:]), (factors, terms), reverse=op.reverse)
    return jnp.moveaxis(y, 0, op.axis)


@lower.register
def _(op: GatherNd, xp: JaxNamespace, x: Any, indices: Any) -> Any:
    indexed, rest, _ = op.parts(x.shape, indices.shape)
    return x.reshape(math.prod(indexed), *rest)[_rows(op, xp, x, indices)]


@lower.register
def _(op: Scatter, xp: JaxNamespace, x: Any, indices: Any, updates: Any) -> Any:
    indexed, rest, positions = op.parts(x.shape, indices.shape)
    rows = x.reshape(math.prod(indexed), *rest)
    updates = jnp.broadcast_to(updates, (*positions, *rest))
    return xp.scatter(rows, _rows(op, xp, x, indices), updates, op.how).reshape(x.shape)


def _rows(op: AtPositions, xp: JaxNamespace, x: Any, indices: Any) -> Any:
    """Return the positions in x with all axes that are indexed laid flat; those outside are told of at the end."""
    batch, depth = x.shape[: op.batch_dims], indices.shape[-1]
    at = jnp.arange(math.prod(batch)).reshape(*batch, *[1] * (indices.ndim - 1 - op.batch_dims))
    for axis, size in enumerate(x.shape[op.batch_dims : op.batch_dims + depth]):
        at = at * size + xp.positions(indices[..., axis], size)
    return jnp.broadcast_to(at, indices.shape[:-1])


@lower.register
def _(op: DynamicSlice, xp: JaxNamespace, x: Any, start: Any) -> Any:
    sizes = [int(size) for size in op.sizes]
    return jax.lax.dynamic_slice(x, _place(xp, start, x.shape, sizes), sizes)


@lower.register
def _(op: DynamicUpdateSlice, xp: JaxNamespace, x: Any, update: Any, start: Any) -> Any:
    return jax.lax.dynamic_update_slice(x, update, _place(xp, start, x.shape, update.shape))


def _place(xp: JaxNamespace, start: Any, shape: Sequence[int], sizes: Sequence[int]) -> list[Any]:
    """Return where a part starts, counted from the first elements; one that reaches outside is told of at the end."""
    for first, n, k in zip(start, shape, sizes, strict=True):
        xp.check(first, n, k)
    return [first + n * (first < 0) for first, n in zip(start, shape, strict=True)]

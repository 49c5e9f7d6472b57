"""Blocks on tensors; ops whose `evaluate` does what tensors do not take are written anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch
from typing import Any

import torch

from gradwire_backends.torch.namespace import TorchNamespace
from gradwire_service.errors import IndexRangeError, UnsupportedByBackendError
from gradwire_service.graph import FLOAT64, TensorType
from gradwire_service.ops.arithmetic import MaskedMultiply
from gradwire_service.ops.base import Constant, Op, Value
from gradwire_service.ops.body import Body, Control, converted
from gradwire_service.ops.indexing import Slice

BEYOND_TORCH = (AttributeError, NotImplementedError, TypeError, RuntimeError)
"""What an evaluation raises that asks for more than tensors have; PyTorch's own refusals are RuntimeErrors."""


def walk(blocks: Iterable[Value], found: dict[Value, Any], xp: TorchNamespace) -> Iterator[float]:
    """Evaluate blocks in topological order; yield between them how many floating-point operations each had.

    Args:
        blocks: the blocks; their results are put into `found`.
        found: what is known of values.
        xp: evaluates them.

    Raises: UnsupportedByBackendError, naming the block that PyTorch can't evaluate; IndexRangeError likewise.
    """
    for value in blocks:
        try:
            result = lower(value.op, xp, *(found[x] for x in value.inputs))
        except IndexRangeError as error:
            raise error.in_block(value.name, value.op.name) from None
        except BEYOND_TORCH as reason:
            name, told = value.op.name, str(reason).partition("\n")[0]
            where = f"block {value.name!r} ({name})" if value.name not in ("", name) else f"a block made by {name}"
            raise UnsupportedByBackendError(
                f"torch can't evaluate {where}: {told}; use another backend, numba or numpy", block=value.name, op=name
            ) from reason
        found[value] = converted(result, value.type, xp)
        yield value.op.flops(value.type, *(x.type for x in value.inputs))


@singledispatch
def lower(op: Op, xp: TorchNamespace, *inputs: Any) -> Any:
    """Evaluate an op on tensors.

    Raises: TypeError when what comes out is none: it has lost its derivative on the way.
    """
    result = op.evaluate(xp, *inputs)
    for y in result if isinstance(result, tuple) else (result,):
        if not isinstance(y, torch.Tensor):
            raise TypeError(f"it gives a {type(y).__name__}, not a tensor")
    return result


@lower.register
def _(op: Constant, xp: TorchNamespace) -> Any:
    return torch.tensor(op.array)


@lower.register
def _(op: MaskedMultiply, xp: TorchNamespace, a: Any, b: Any) -> Any:
    """Hide what is not finite, and nothing else: b is the derivative by an a that happens to be zero."""
    return a * torch.where((a == 0) & ~torch.isfinite(b), 0, b)


@lower.register
def _(op: Slice, xp: TorchNamespace, x: Any) -> Any:
    """Read forwards, then turn round: tensors take no negative steps."""
    ranges = op.ranges(x.shape)
    turned = [axis for axis, read in enumerate(ranges) if read.step < 0]
    forwards = (read[::-1] if read.step < 0 else read for read in ranges)
    y = x[tuple(slice(read.start, read.stop, read.step) if read else slice(0) for read in forwards)]
    return torch.reshape(torch.flip(y, turned), op.infer(TensorType(tuple(x.shape), FLOAT64)).shape)


@lower.register
def _(op: Control, xp: TorchNamespace, *inputs: Any) -> Any:
    return op.with_bodies(_Walked.of).evaluate(xp, *inputs)


class _Walked(Body):
    """A body whose blocks are lowered, as those of the graph around it are."""

    @classmethod
    def of(cls, body: Body) -> _Walked:
        return cls(body.variables, body.outputs)

    def run(self, xp: TorchNamespace, inputs: Sequence[Any]) -> list[Any]:
        found = dict(zip(self.variables, inputs, strict=True))
        for _ in walk(self.blocks, found, xp):
            pass
        return [found[y] for y in self.outputs]

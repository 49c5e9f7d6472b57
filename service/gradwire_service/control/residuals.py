"""The scans that derivatives of a scan are: they run over what its steps left behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradwire_service.ops.base import Value, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.flat import rebuilt
from gradwire_service.ops.indexing import Slice
from gradwire_service.ops.shape import BroadcastTo, ExpandDims, Reshape, Squeeze, Transpose

if TYPE_CHECKING:
    from gradwire_service.control.scan import Scan

Fed = tuple[Value, Value]
"""A variable of a body, and what it is fed: a start, a sequence, or a value that all steps see."""


_VIEWS = (BroadcastTo, ExpandDims, Reshape, Slice, Squeeze, Transpose)
_FEW = 8


def _is_cheap_view(value: Value) -> bool:
    """Tell whether a value moves no element, and that of which it is a view, kept instead, takes little more memory."""
    return isinstance(value.op, _VIEWS) and value.inputs[0].type.size <= _FEW * max(value.type.size, 1)


class Residuals:
    """What an open scan has to show of its steps.

    Args:
        op: the scan.
        y: its results, those inside it among them.
        x: its inputs.
    """

    def __init__(self, op: Scan, y: Sequence[Value], x: Sequence[Value]) -> None:
        self.op = op
        c, s = op.carries, op.sequences
        first = len(op.body.outputs)
        self.kept = {value: y[first + i] for i, value in enumerate(op.hidden)}
        self.rows = {**dict(zip(op.body.variables[:c], y[first : first + c], strict=True))}
        self.rows |= dict(zip(op.body.variables[c : c + s], x[c : c + s], strict=True))
        self.outer = dict(zip(op.body.variables[c + s :], x[c + s :], strict=True))

    def scan(
        self,
        outputs: Sequence[Value],
        *,
        carried: Sequence[Fed],
        rows: Sequence[Fed],
        outer: Sequence[Fed] = (),
        reverse: bool,
    ) -> tuple[Value, ...]:
        """Loop over steps that are made of the values inside the scan, and of variables of their own.

        Args:
            outputs: the carries, then what is stacked.
            carried, rows, outer: variables of the steps.
            reverse: whether the last step comes first.
        """
        own = {value for value, _ in (*carried, *rows, *outer)}
        new: dict[Value, Value] = {}
        sequences, shared = [*rows], [*outer]
        keeping = self.op.checkpoint == "keep"
        todo, seen = [*outputs], set(own)
        while todo:
            value = todo.pop()
            if value in seen:
                continue
            seen.add(value)
            if value in self.rows:
                sequences.append((value, self.rows[value]))
            elif value in self.outer:
                shared.append((value, self.outer[value]))
            elif keeping and value in self.kept and value.inputs and not _is_cheap_view(value):
                new[value] = variable("kept", value.shape, value.element_type)
                sequences.append((new[value], self.kept[value]))
            else:
                todo.extend(value.inputs)
        variables = [value for value, _ in (*carried, *sequences, *shared)]
        body = Body(tuple(variables), tuple(rebuilt(outputs, new)))
        op = type(self.op)(body, len(carried), len(sequences), self.op.length, reverse, self.op.checkpoint, opened=True)
        return op(*(fed for _, fed in (*carried, *sequences, *shared)))[: len(outputs)]

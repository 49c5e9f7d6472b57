"""Which elements depend on which, for ops over bodies: what their bodies tell."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from scipy.sparse import eye_array

from gradwire_service.control.branching import Switch
from gradwire_service.control.custom import Barrier, Checkpoint
from gradwire_service.control.scan import Scan
from gradwire_service.ops.base import Value
from gradwire_service.ops.body import Body
from gradwire_service.transform.jacobian import ends
from gradwire_service.transform.sparsity import (
    Knowns,
    Pattern,
    Patterns,
    empty,
    mixed,
    pattern_rule,
    picked,
    repeated,
    sparsity,
    stacked,
    through,
    union,
)


class _Blocks:
    """The pattern of a body's results, one behind the other, by the input."""

    def __init__(self, body: Body, whole: Pattern) -> None:
        moving = [v for v in body.variables if v.element_type.is_floating]
        starts = dict(zip(moving, ends(moving), strict=False))
        self.rows = ends(body.outputs)
        self.columns = {
            i: whole[:, starts[v] : starts[v] + v.type.size] for i, v in enumerate(body.variables) if v in starts
        }

    def block(self, result: int, i: int) -> Any:
        """Return which elements of a result depend on which of an input."""
        return self.columns[i][self.rows[result] : self.rows[result + 1]]


def _blocks(body: Body) -> _Blocks | None:
    pattern = sparsity(body.outputs, [v for v in body.variables if v.element_type.is_floating])
    return None if pattern is None else _Blocks(body, pattern)


@pattern_rule.register
def _(op: Barrier, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    pattern, after = x
    if pattern is None and after is not None:
        return empty(y.type.size, after.shape[1])
    return pattern


@pattern_rule.register
def _(op: Checkpoint, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    return _replaced(op.body, x)


@pattern_rule.register
def _(op: Switch, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    found = [_replaced(body, x[1:]) for body in op.bodies]
    return None if any(pattern is None for pattern in found) else reduce(union, found)  # type: ignore[arg-type]


def _replaced(body: Body, x: Patterns) -> Pattern | None:
    """Return the rows of all results of a body, one behind the other."""
    blocks = _blocks(body)
    if blocks is None:
        return None
    return reduce(union, (through(blocks.columns[i], pattern) for i, pattern in enumerate(x) if pattern is not None))


@pattern_rule.register
def _(op: Scan, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    """Tell the steps apart, except where something is carried from one to the next."""
    blocks = _blocks(op.step)
    if blocks is None:
        return None
    c, s, length = op.carries, op.sequences, op.length or 0
    everything = mixed(y, x)
    columns = everything.shape[1]
    found: list[Pattern] = []
    for i, result in enumerate(op.step.outputs):
        if i < c or any(blocks.block(i, k).nnz for k in range(c) if k in blocks.columns):
            found.append(picked(everything, np.zeros(result.type.size * (1 if i < c else length), np.int64)))
            continue
        steps = empty(result.type.size * length, columns)
        for k, pattern in enumerate(x):
            if pattern is not None and k >= c:
                each = eye_array(length, dtype=bool) if k < c + s else np.ones((length, 1), bool)
                steps = union(steps, through(repeated(each, blocks.block(i, k)), pattern))
        found.append(steps)
    return stacked(found)

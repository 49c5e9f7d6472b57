"""Jacobians through fixed positions: what gathers pick is differentiated with respect to, in place of where it is from.

Where many rows pick from few parameters, such as observations from cameras, no two columns of a camera share a sweep,
and rows that share a camera share none either. But the derivatives with respect to what each row picked have an entry
only in that row: a sweep or two bring all of them, and where they belong is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradwire_service.graph import INT64, Array
from gradwire_service.ops.base import Constant, Value, constant, variable
from gradwire_service.ops.flat import ancestors, rebuilt
from gradwire_service.ops.functions import concatenate, take, take_transpose
from gradwire_service.ops.gathering import GatherNd
from gradwire_service.ops.indexing import Slice, Take
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.ops.shape import ExpandDims, Flip, Reshape, Squeeze, Transpose
from gradwire_service.transform.jacobian import Derivatives, Matrix, Sweeps, Vectorizer
from gradwire_service.transform.vectorize import vectorize

_VIEWS = (ExpandDims, Flip, Reshape, Slice, Squeeze, Transpose)


@dataclass(frozen=True)
class _Picked:
    """What gathers pick from values, as a function of it.

    Attributes:
        of: the values that are differentiated, made of `variables`.
        variables: what stands for what was picked, or for what is used as a whole.
        picked: what each stands for.
        owners: the number of the value that each is picked from.
        columns: for each, where in that value its elements are from.
    """

    of: list[Value]
    variables: list[Value]
    picked: list[Value]
    owners: list[int]
    columns: list[Array]


class SelectedSweeps:
    """The sweeps of a Jacobian in coordinates with respect to what gathers pick.

    Attributes:
        count: their number.
    """

    def __init__(self, picked: _Picked, sweeps: Sweeps, wrt: Sequence[Value]) -> None:
        self._picked, self._sweeps, self._wrt = picked, sweeps, wrt
        self.count = sweeps.count

    def derivatives(self, vectorizer: Vectorizer = vectorize) -> Derivatives:
        """Sweep, and put the matrices together."""
        found = self._sweeps.derivatives(vectorizer)
        matrices = [[self._gathered(row, j) for j in range(len(self._wrt))] for row in found.matrices]
        values = [matrix.values for row in matrices for matrix in row]
        new = iter(rebuilt(values, dict(zip(self._picked.variables, self._picked.picked, strict=True))))
        return Derivatives([[Matrix(next(new), matrix.places) for matrix in row] for row in matrices], found.sweeps)

    def _gathered(self, row: Sequence[Matrix], j: int) -> Matrix:
        """Put together all entries in the columns of one value."""
        parts = [i for i, owner in enumerate(self._picked.owners) if owner == j]
        places = [row[i].places for i in parts]
        rows = np.concatenate([_none(), *(at[0] for at in places if at is not None)])
        columns = [self._picked.columns[i][at[1]] for i, at in zip(parts, places, strict=True) if at is not None]
        keys = rows * self._wrt[j].type.size + np.concatenate([_none(), *columns])
        entries, where = np.unique(keys, return_inverse=True)
        values = _joined([row[i].values for i in parts], np.argsort(keys, kind="stable"), where, len(entries))
        at = np.divmod(entries, max(self._wrt[j].type.size, 1))
        for place in at:
            place.flags.writeable = False
        return Matrix(values, at)


def selected_sweeps(of: Sequence[Value], wrt: Sequence[Value], limit: int) -> SelectedSweeps | None:
    """Return sweeps with respect to what is picked at fixed positions; None when nothing is.

    Args:
        of: values to differentiate.
        wrt: values to differentiate with respect to.
        limit: number of entries that may be returned.

    Raises: LimitExceededError.
    """
    if any(w.inputs for w in wrt):
        return None  # what is picked of inner values may be made of them in other ways, too
    picked = _picked(of, wrt)
    if picked is None:
        return None
    return SelectedSweeps(picked, Sweeps(picked.of, picked.variables, dense=False, limit=limit), wrt)


def _picked(of: Sequence[Value], wrt: Sequence[Value]) -> _Picked | None:
    """Find what gathers pick at fixed positions."""
    origin = {w: (j, np.arange(w.type.size).reshape(w.shape)) for j, w in enumerate(wrt)}
    new: dict[Value, Value] = {}
    for value in ancestors(of):
        if not value.inputs or value.inputs[0] not in origin:
            continue
        x, *others = value.inputs
        j, places = origin[x]
        if isinstance(value.op, _VIEWS):
            origin[value] = j, value.op.evaluate(NUMPY, places)
        elif isinstance(value.op, Take | GatherNd) and isinstance(others[0].op, Constant):
            origin[value] = j, value.op.evaluate(NUMPY, places, others[0].op.array)
            new[value] = variable("picked", value.shape, value.element_type)
    if not new:
        return None
    outer = rebuilt(of, dict(new))
    left = [w for w in wrt if w in set(ancestors(outer))]
    picked, variables = [*new, *left], [*new.values(), *left]
    owners = [origin[x][0] for x in picked]
    return _Picked(outer, variables, picked, owners, [origin[x][1].reshape(-1) for x in picked])


def _joined(values: Sequence[Value], order: Array, where: Array, count: int) -> Value:
    """Lay entries in order; those of one place are added up."""
    if not values:
        return constant(np.zeros(0))
    shared = {x.inputs[0] for x in values if isinstance(x.op, Take) and isinstance(x.inputs[1].op, Constant)}
    if len(shared) == 1 and all(isinstance(x.op, Take) for x in values):
        (source,) = shared
        index = np.concatenate([_indices(x) for x in values])
        if count == len(order):
            return take(source, constant(index[order], INT64), axis=0)
        joined = take(source, constant(index, INT64), axis=0)
    else:
        joined = concatenate(*values, axis=0) if len(values) > 1 else values[0]
        if count == len(order):
            return take(joined, constant(order, INT64), axis=0)
    return take_transpose(joined, constant(where, INT64), axis=0, size=count)


def _indices(x: Value) -> Array:
    assert isinstance(x.inputs[1].op, Constant)
    return np.asarray(x.inputs[1].op.array)


def _none() -> Array:
    return np.zeros(0, np.int64)

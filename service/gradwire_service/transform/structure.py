"""Which elements depend on which, for products, ops of matrices, diagonals, windows, and places that are data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from scipy.sparse import csr_array, eye_array

from gradwire_service.graph import Array
from gradwire_service.ops.base import Op, Value
from gradwire_service.ops.convolution import Conv
from gradwire_service.ops.diagonals import Diagonals
from gradwire_service.ops.dynamic import DynamicSlice, DynamicUpdateSlice
from gradwire_service.ops.factorizations import QR, SVD, Cholesky, Eigh
from gradwire_service.ops.geometry import Along, dilated
from gradwire_service.ops.linear_algebra import Einsum, MatMul
from gradwire_service.ops.matrix_functions import Cofactors, CofactorsMoved, Det, Expm, Slogdet
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.ops.solving import LinearSystem, Pinv
from gradwire_service.ops.windows import ReduceWindowSum
from gradwire_service.transform.sparsity import (
    Knowns,
    Pattern,
    Patterns,
    along,
    by_member,
    gathered,
    pattern_rule,
    picked,
    places,
    relabelled,
    repeated,
    spread,
    through,
    union,
)

MOST_PLACES = 1024
"""Elements of a window, up to which they are told apart."""


@pattern_rule.register(Diagonals)
@pattern_rule.register(DynamicSlice)
@pattern_rule.register(DynamicUpdateSlice)
def _(op: Op, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    return relabelled(op, y, x, known)


# Products: an element depends on a row and a column, or on what a constant factor does not multiply by zero.


@pattern_rule.register
def _(op: MatMul, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    a, b = y.inputs
    found: list[Pattern] = []
    if x[0] is not None and known[1] is not None and len(b.shape) == 2:
        rows = eye_array(a.type.size // max(a.shape[-1], 1), dtype=bool)
        found.append(through(repeated(rows, csr_array(known[1] != 0).T), x[0]))
    elif x[0] is not None:
        whole, labels = along(x[0], a.shape, len(a.shape) - 1)
        labels = labels[..., None] if len(b.shape) > 1 else labels
        found.append(picked(whole, spread(labels, y)))
    if x[1] is not None and known[0] is not None and len(a.shape) == 2 and len(b.shape) <= 2:
        columns = eye_array(math.prod(b.shape[1:]), dtype=bool)
        found.append(through(repeated(csr_array(known[0] != 0), columns), x[1]))
    elif x[1] is not None:
        whole, labels = along(x[1], b.shape, max(len(b.shape) - 2, 0))
        labels = labels[..., None, :] if len(a.shape) > 1 and len(b.shape) > 1 else labels
        found.append(picked(whole, spread(labels, y)))
    return reduce(union, found)


@pattern_rule.register
def _(op: Einsum, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    operands, result = op.letters
    found: list[Pattern] = []
    for letters, one, pattern in zip(operands, y.inputs, x, strict=True):
        if pattern is None:
            continue
        kept = {letter: size for letter, size in zip(letters, one.shape, strict=True) if letter in result}
        labels = np.arange(math.prod(kept.values())).reshape(tuple(kept.values()))
        groups, rows = (_aligned(labels, "".join(kept), to, at.shape) for to, at in ((letters, one), (result, y)))
        found.append(picked(gathered(pattern, groups, labels.size), rows))
    return reduce(union, found)


def _aligned(labels: Array, letters: str, to: str, shape: tuple[int, ...]) -> Array:
    """Spread labels over axes that are named by letters."""
    order = sorted(range(len(letters)), key=lambda i: to.index(letters[i]))
    missing = tuple(i for i, letter in enumerate(to) if letter not in letters or to.index(letter) < i)
    return np.broadcast_to(np.expand_dims(np.transpose(labels, order), missing), shape).ravel()


# Matrices: each of a stack has to do with itself alone.


@pattern_rule.register(Cholesky)
@pattern_rule.register(Det)
@pattern_rule.register(Cofactors)
@pattern_rule.register(CofactorsMoved)
@pattern_rule.register(Expm)
@pattern_rule.register(Pinv)
def _(op: Op, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    members = math.prod(y.inputs[0].shape[:-2])
    return picked(_stack(y, x, members), by_member(y.type.size, members))


@pattern_rule.register(Eigh)
@pattern_rule.register(SVD)
@pattern_rule.register(QR)
@pattern_rule.register(Slogdet)
def _(op: Op, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    return _stack(y, x, math.prod(y.inputs[0].shape[:-2]))


def _stack(y: Value, x: Patterns, members: int) -> Pattern:
    """Return for each matrix of a stack what it depends on."""
    moved = ((pattern, one.type.size) for pattern, one in zip(x, y.inputs, strict=True) if pattern is not None)
    return reduce(union, (gathered(pattern, by_member(size, members), members) for pattern, size in moved))


@pattern_rule.register
def _(op: LinearSystem, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    a, b = y.inputs
    found: list[Pattern] = []
    if x[0] is not None:
        members = math.prod(a.shape[:-2])
        labels = np.arange(members).reshape(a.shape[:-2] + (1,) * min(len(b.shape), 2))
        found.append(picked(gathered(x[0], by_member(a.type.size, members), members), spread(labels, y)))
    if x[1] is not None:
        axis = max(len(b.shape) - 2, 0)
        columns, labels = along(x[1], b.shape, axis)
        found.append(picked(columns, spread(np.expand_dims(labels, axis), y)))
    return reduce(union, found)


# Windows: an element depends on those that its window holds.


@pattern_rule.register
def _(op: ReduceWindowSum, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    (pattern,), (source,) = x, y.inputs
    if math.prod(op.window) > MOST_PLACES or pattern is None:
        return None
    held = _held(places(source) + 1, op.lines(source.shape), 0)
    return reduce(union, (picked(pattern, labels.ravel() - 1) for labels in held.values()))


@pattern_rule.register
def _(op: Conv, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    images, weights = y.inputs
    n, o, *counts = y.shape
    channels, groups = weights.shape[1], op.groups
    if math.prod(weights.shape[1:]) > MOST_PLACES:
        return None
    found: list[Pattern] = []
    if x[0] is not None:
        for place, labels in _held(places(images) + 1, op.lines(images.shape, weights.shape), 2).items():
            apart = labels.reshape(n, groups, channels, *counts)
            for c in range(channels):
                read = np.repeat(apart[:, :, c], o // groups, axis=1)
                if known[1] is not None:  # a weight of zero reads nothing
                    read = np.where(known[1][(slice(None), c, *place)].reshape(o, *[1] * len(counts)), read, 0)
                found.append(picked(x[0], read.ravel() - 1))
    if x[1] is not None:
        outputs = gathered(x[1], by_member(weights.type.size, o), o)
        found.append(picked(outputs, spread(np.arange(o).reshape(o, *[1] * len(counts)), y)))
    return reduce(union, found)


def _held(labels: Array, lines: Sequence[Along], first: int) -> dict[tuple[int, ...], Array]:
    """Return for each place in a window the label of the element that is there, of all windows; 0 in the margins.

    Args:
        labels: a label for each element.
        lines: how the windows lie along the axes.
        first: the first of these axes.
    """
    none = [0] * first
    low, high = (*none, *(line.low for line in lines)), (*none, *(line.high for line in lines))
    wide = NUMPY.dilated_pad(labels, low, high, (*none, *(line.spread - 1 for line in lines)))
    held: dict[tuple[int, ...], Array] = {}
    for place in product(*(range(line.size) for line in lines)):
        part: list[Any] = [slice(None)] * first
        for j, line in zip(place, lines, strict=True):
            start = j * line.dilation
            part.append(slice(start, start + dilated(line.count, line.stride), line.stride))
        held[place] = wide[tuple(part)]
    return held

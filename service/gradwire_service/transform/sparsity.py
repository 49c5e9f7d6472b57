"""Which elements of a value depend on which elements of others: structure alone, read off the graph without running it.

A pattern is a sparse matrix of truths, a row for each element of a value, row-major, and a column for each element of
what it is differentiated with respect to. It may hold entries whose derivative is zero; it lacks none that is not,
except that what a constant multiplies by zero counts as independent, even where it is infinite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce, singledispatch
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import coo_array, csr_array

from gradwire_service.graph import Array, TupleType
from gradwire_service.ops.arithmetic import MaskedMultiply, Multiply
from gradwire_service.ops.base import Elementwise, Op, Result, Value, Variable
from gradwire_service.ops.body import Control
from gradwire_service.ops.conversion import AsType, Identity, StopGradient
from gradwire_service.ops.cumulative import Cumulative, LinearRecurrence
from gradwire_service.ops.flat import ancestors
from gradwire_service.ops.gathering import GatherNd, Scatter, ScatterSet
from gradwire_service.ops.indexing import Slice, Take, TakeTranspose
from gradwire_service.ops.joining import Concatenate, Pad, Stack
from gradwire_service.ops.namespace import NUMPY
from gradwire_service.ops.piecewise import Where
from gradwire_service.ops.reductions import Reduction
from gradwire_service.ops.shape import Rearrangement

Pattern = csr_array

MOST_ENTRIES = 2**24
"""Entries of one pattern; what has more counts as full."""

MOST_WORK = 2**28
"""Entries of all patterns together; what comes after so many counts as full. It bounds the time to some seconds."""

KNOWN_ELEMENTS = 2**20
"""Size up to which values that depend on constants alone are computed, to know indices and zeros."""


class TooManyEntriesError(Exception):
    """A pattern would have more entries than are worth to be told apart."""


def sparsity(of: Sequence[Value], wrt: Sequence[Value]) -> Pattern | None:
    """Find which elements may have a derivative that is not zero.

    Args:
        of: values that are differentiated.
        wrt: values, inner ones included, that they are differentiated with respect to; as `jvp` has it.

    Returns: the pattern, the elements of `of` and of `wrt` one value behind the other, its entries sorted; None when it
        counts as full.
    """
    try:
        pattern = _Propagation(of, wrt).found()
    except TooManyEntriesError:
        return None
    pattern.sort_indices()
    return pattern


class _Propagation:
    """Patterns of values, inputs before users."""

    def __init__(self, of: Sequence[Value], wrt: Sequence[Value]) -> None:
        self.of, self.wrt = of, wrt
        self.columns = sum(w.type.size for w in wrt)
        self.patterns: dict[Value, Pattern] = {}
        self.known: dict[Value, Any] = {}
        self.work = 0

    def found(self) -> Pattern:
        """Walk from the ends that move to those that are moved."""
        seeds = self.seeds()
        order = ancestors(self.of)
        last = {x: i for i, value in enumerate(order) for x in value.inputs} | dict.fromkeys(self.of, len(order))
        for i, value in enumerate(order):
            self.learn(value)
            pattern = self.moved(value) if value.type.element_type.is_floating else None
            seed = seeds.get(value)
            pattern = seed if pattern is None else pattern if seed is None else union(pattern, seed)
            if pattern is not None:
                self.patterns[value] = pattern
                self.work += pattern.nnz
                if self.work > MOST_WORK:
                    raise TooManyEntriesError
            for x in value.inputs:
                if last[x] == i:
                    self.patterns.pop(x, None)
                    self.known.pop(x, None)
        return stacked([self.patterns.get(value, empty(value.type.size, self.columns)) for value in self.of])

    def seeds(self) -> dict[Value, Pattern]:
        """Return what every one of `wrt` is to itself."""
        seeds: dict[Value, Pattern] = {}
        start = 0
        for w in self.wrt:
            size = w.type.size
            own = from_entries(np.arange(size), start + np.arange(size), (size, self.columns))
            seeds[w] = union(seeds[w], own) if w in seeds else own
            start += size
        return seeds

    def moved(self, value: Value) -> Pattern | None:
        """Return the pattern of what a value is made of; None when it has no derivative."""
        x = [self.patterns.get(one) for one in value.inputs]
        if all(pattern is None for pattern in x) or _is_flat(value.op):
            return None
        found = pattern_rule(value.op, value, x, [self.known.get(one) for one in value.inputs])
        return mixed(value, x) if found is None else found

    def learn(self, value: Value) -> None:
        """Compute what depends on constants alone, unless that is much work."""
        op = value.op
        if isinstance(op, Variable | Control) or not all(x in self.known for x in value.inputs):
            return  # loops are not run here: they may be long
        flops = op.flops(value.type, *(x.type for x in value.inputs))
        if value.type.bytes <= 8 * KNOWN_ELEMENTS and flops <= 100 * KNOWN_ELEMENTS:
            with np.errstate(all="ignore"):
                self.known[value] = op.evaluate(NUMPY, *(self.known[x] for x in value.inputs))


def _is_flat(op: Op) -> bool:
    """Tell whether the derivative of an op is known to be zero, as that of `floor` is."""
    kind = type(op)
    if issubclass(kind, Elementwise):
        return kind.partials is Elementwise.partials and kind.jvp is Elementwise.jvp
    return isinstance(op, StopGradient)


# Patterns


def empty(rows: int, columns: int) -> Pattern:
    """Return a pattern without entries."""
    return csr_array((rows, columns), dtype=bool)


def from_entries(rows: Array, columns: Array, shape: tuple[int, int]) -> Pattern:
    """Return the pattern with these entries; any may come several times."""
    return csr_array(coo_array((np.ones(len(rows), bool), (rows, columns)), shape=shape))


def stacked(patterns: Sequence[Pattern]) -> Pattern:
    """Put the rows of patterns one behind the other."""
    counts = np.concatenate([np.zeros(1, np.int64), *(np.diff(p.indptr) for p in patterns)])
    indices = np.concatenate([p.indices for p in patterns])
    return _pattern(indices, np.cumsum(counts), patterns[0].shape[1])


def union(a: Pattern, b: Pattern) -> Pattern:
    """Return the entries of both."""
    return a if a is b else a + b


def picked(pattern: Pattern, rows: Array) -> Pattern:
    """Return rows of a pattern in another order, one as often as it is named; -1 names a row without entries.

    Raises: TooManyEntriesError.
    """
    counts = np.append(np.diff(pattern.indptr), 0)[rows]
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    if total > MOST_ENTRIES:
        raise TooManyEntriesError
    starts = pattern.indptr[rows] - (ends - counts)
    indices = pattern.indices[np.repeat(starts, counts) + np.arange(total)]
    return _pattern(indices, np.concatenate([[0], ends]), pattern.shape[1])


def gathered(pattern: Pattern, groups: Array, rows: int) -> Pattern:
    """Return for each group the entries of all rows that belong to it.

    Args:
        pattern: any.
        groups: the group of each of its rows.
        rows: number of groups.
    """
    return from_entries(np.repeat(groups, np.diff(pattern.indptr)), pattern.indices, (rows, pattern.shape[1]))


def _pattern(indices: Array, starts: Array, columns: int) -> Pattern:
    return csr_array((np.ones(len(indices), bool), indices, starts), shape=(len(starts) - 1, columns))


# Rules

Patterns = Sequence[Pattern | None]
Knowns = Sequence[Any]


@singledispatch
def pattern_rule(op: Op, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    """Return the pattern of a result; None when nothing is known of the op.

    Args:
        op: the op.
        y: its result; of an op with several results, all together: one row, or one for each of a stack of matrices, or
            the rows of all results one behind the other.
        x: the patterns of its inputs; None for those that are constant.
        known: the inputs themselves, as far as they are constants; None for the others.
    """
    return None


@pattern_rule.register
def _(op: Result, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    (pattern,), (whole,) = x, y.inputs
    assert pattern is not None
    assert isinstance(whole.type, TupleType)
    sizes = [member.size for member in whole.type.members]
    if pattern.shape[0] == sum(sizes):
        return picked(pattern, sum(sizes[: op.index]) + np.arange(y.type.size))
    return picked(pattern, by_member(y.type.size, pattern.shape[0]))


@pattern_rule.register
def _united(op: Elementwise, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    found: list[Pattern] = []
    for i, (pattern, one) in enumerate(zip(x, y.inputs, strict=True)):
        if pattern is not None:
            factor = known[1 - i] if isinstance(op, Multiply | MaskedMultiply) else None
            own = pattern if factor is None else _masked(pattern, one, factor)
            found.append(own if one.shape == y.shape else picked(own, spread(places(one), y)))
    return reduce(union, found)


def _masked(pattern: Pattern, x: Value, factor: Array) -> Pattern:
    """Leave out what is multiplied by a zero of a constant."""
    fits = factor.shape in ((), x.shape) and not np.all(factor)
    return picked(pattern, np.where(factor, places(x), -1).ravel()) if fits else pattern


@pattern_rule.register
def _(op: Where, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    chosen = relabelled(op, y, x, known)
    return _united(op, y, x, known) if chosen is None else chosen


@pattern_rule.register(Rearrangement)
@pattern_rule.register(AsType)
@pattern_rule.register(Identity)
@pattern_rule.register(Slice)
@pattern_rule.register(Concatenate)
@pattern_rule.register(Stack)
@pattern_rule.register(GatherNd)
@pattern_rule.register(ScatterSet)
def relabelled(op: Op, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    """Move numbers of rows as the op moves elements: where 0 comes out, it is none of them."""
    labels: list[Any] = []
    start = 1
    for one, pattern, constant in zip(y.inputs, x, known, strict=True):
        if not one.element_type.is_floating:  # an index, or a condition
            if constant is None:
                return None
            labels.append(constant)
            continue
        labels.append(np.zeros(one.shape, np.int64) if pattern is None else places(one) + start)
        start += 0 if pattern is None else one.type.size
    rows = labels[0] if isinstance(op, AsType) else op.evaluate(NUMPY, *labels)
    return picked(stacked([pattern for pattern in x if pattern is not None]), np.asarray(rows, np.int64).ravel() - 1)


@pattern_rule.register
def _(op: Pad, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    return relabelled(replace(op, value=0.0), y, x, known)


@pattern_rule.register
def _(op: Take, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    (source, indices), (pattern, _) = y.inputs, x
    if known[1] is not None or op.axis is None or pattern is None:
        return relabelled(op, y, x, known)
    axis = op.axis % len(source.shape)
    whole, labels = along(pattern, source.shape, axis)
    new = tuple(range(axis, axis + len(indices.shape)))
    return picked(whole, spread(np.expand_dims(labels, new), y))


@pattern_rule.register
def _(op: TakeTranspose, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    pattern, _ = x
    if known[1] is None or pattern is None:
        return None
    return gathered(pattern, np.take(places(y), known[1], axis=op.axis).ravel(), y.type.size)


@pattern_rule.register
def _(op: Scatter, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    if known[1] is None:
        return None
    targets = GatherNd(op.batch_dims).evaluate(NUMPY, places(y), known[1])
    found: list[Pattern] = [] if x[0] is None else [x[0]]
    if x[2] is not None:
        updates = picked(x[2], np.broadcast_to(places(y.inputs[2]), targets.shape).ravel())
        found.append(gathered(updates, targets.ravel(), y.type.size))
    return reduce(union, found)


@pattern_rule.register(Cumulative)
@pattern_rule.register(LinearRecurrence)
def _(op: Cumulative | LinearRecurrence, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    if op.axis is None:
        return None
    axis = op.axis % len(y.shape)
    moved = (along(pattern, y.shape, axis) for pattern in x if pattern is not None)
    return reduce(union, (picked(p, spread(np.expand_dims(i, axis), y)) for p, i in moved))


@pattern_rule.register
def _(op: Reduction, y: Value, x: Patterns, known: Knowns) -> Pattern | None:
    (pattern,), (source,) = x, y.inputs
    assert pattern is not None
    groups = np.broadcast_to(np.arange(y.type.size).reshape(op.kept(source.shape)), source.shape)
    return gathered(pattern, groups.ravel(), y.type.size)


# What rules share


def mixed(y: Value, x: Patterns) -> Pattern:
    """Let every element depend on all that any input depends on."""
    rows = stacked([pattern for pattern in x if pattern is not None])
    one = gathered(rows, np.zeros(rows.shape[0], np.int64), 1)
    return picked(one, np.zeros(y.type.size, np.int64))


def places(x: Value) -> Array:
    """Return the row-major place of every element."""
    return np.arange(x.type.size).reshape(x.shape)


def spread(labels: Array, y: Value) -> Array:
    """Broadcast labels to all elements of a result."""
    return np.broadcast_to(labels, y.shape).ravel()


def by_member(size: int, members: int) -> Array:
    """Return for each element of a value the member to which it belongs, of as many that lie one behind the other."""
    return np.arange(size) // max(size // max(members, 1), 1)


def along(pattern: Pattern, shape: tuple[int, ...], axis: int) -> tuple[Pattern, Array]:
    """Gather along an axis; return the pattern of what is left, and its places."""
    rest = shape[:axis] + shape[axis + 1 :]
    labels = np.arange(math.prod(rest)).reshape(rest)
    groups = np.broadcast_to(np.expand_dims(labels, axis), shape)
    return gathered(pattern, groups.ravel(), labels.size), labels


def repeated(a: Any, b: Any) -> Any:
    """Return the Kronecker product of two matrices of truths: the one, with the other in place of each truth.

    Raises: TooManyEntriesError.
    """
    a, b = csr_array(a), csr_array(b)
    if a.nnz * b.nnz > MOST_ENTRIES:
        raise TooManyEntriesError
    return sparse.kron(a, b)


def through(matrix: Any, pattern: Pattern) -> Pattern:
    """Let rows depend on what the rows depend on that a matrix of truths names.

    Raises: TooManyEntriesError.
    """
    through = csr_array(matrix)
    if int(np.diff(pattern.indptr)[through.indices].sum()) > MOST_ENTRIES:
        raise TooManyEntriesError
    return csr_array(through @ pattern)

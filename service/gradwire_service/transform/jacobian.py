"""Jacobians and Hessians, graph → graph: one sweep a colour of the sparsity pattern, all sweeps side by side.

What comes out are values like any others, down to the rearrangement of the sweeps into a matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from gradwire_service.errors import LimitExceededError, NotDifferentiableError
from gradwire_service.graph import FLOAT64, INT64, Array, TensorType
from gradwire_service.ops.base import Value, constant, full, variable
from gradwire_service.ops.body import controls
from gradwire_service.ops.flat import ancestors
from gradwire_service.ops.functions import (
    astype,
    concatenate,
    equal,
    greater_equal,
    reshape,
    take,
    take_transpose,
    transpose,
    where,
)
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.transform.colouring import Compression, compress, compress_symmetric
from gradwire_service.transform.differentiate import gradient, jvp, vjp
from gradwire_service.transform.simplify import simplified
from gradwire_service.transform.sparsity import Pattern, sparsity, union
from gradwire_service.transform.vectorize import vectorize


class Matrix(NamedTuple):
    """Derivatives of a value with respect to another.

    Attributes:
        values: the entries: of a dense matrix the shape of the one value, then of the other; else [entries].
        places: row and column of each entry; None for a dense matrix.
    """

    values: Value
    places: tuple[Array, Array] | None = None


class Derivatives(NamedTuple):
    """A matrix for each value that is differentiated and each that it is differentiated with respect to.

    Attributes:
        matrices: a list for each of the first ones.
        sweeps: number of directions that were swept along.
    """

    matrices: list[list[Matrix]]
    sweeps: int


Vectorizer = Callable[[Sequence[Value], Mapping[Value, Value]], list[Value]]
"""What does as `vectorize` does."""


def jacobian(of: Sequence[Value], wrt: Sequence[Value], *, dense: bool, limit: int) -> Derivatives:
    """Differentiate values of any shape with respect to values of any shape, inner ones included.

    Args:
        of: values to differentiate.
        wrt: values to differentiate with respect to.
        dense: return all entries, not only those that may differ from zero.
        limit: number of entries that may be returned.

    Raises: NotDifferentiableError; LimitExceededError.
    """
    sweeps = Sweeps(of, wrt, dense=dense, limit=limit)
    return sweeps.derivatives()


def hessian(of: Value, wrt: Sequence[Value], *, dense: bool, limit: int) -> tuple[list[Value], Derivatives]:
    """Differentiate a scalar twice; the matrix is symmetric in every bit.

    Args:
        of: a scalar.
        wrt: values to differentiate with respect to.
        dense: return all entries, not only those that may differ from zero.
        limit: number of entries that may be returned.

    Returns: the gradient, and the second derivatives.
    Raises: NotScalarError; NotDifferentiableError; LimitExceededError.
    """
    of, apart = parted(of, wrt)
    slopes = gradient(of, apart)
    sweeps = Sweeps(slopes, apart, dense=dense, limit=limit, symmetric=True)
    return slopes, sweeps.derivatives()


def parted(of: Value, wrt: Sequence[Value]) -> tuple[Value, list[Value]]:
    """Part a perturbation of an inner value from what the rules for its own op see.

    Rules use results that are at hand, such as y = exp x for ∂y/∂x. A perturbation of y must not move that, so it is
    moved to a value of its own behind it, y - 0, which simplification takes away again.

    Returns: what `of` becomes, and each of `wrt`.
    """
    inner = {w for w in wrt if w.inputs}
    if not inner:
        return of, list(wrt)
    new: dict[Value, Value] = {}
    order = ancestors([of, *inner])
    for value in order:
        inputs = tuple(new.get(x, x) for x in value.inputs)
        if inputs != value.inputs:
            new[value] = Value(value.op, inputs, value.type, value.name)
        if value in inner:
            new[value] = new.get(value, value) - 0
    return new.get(of, of), [new.get(w, w) for w in wrt]


class Sweeps:
    """The sweeps that a matrix of derivatives takes.

    Attributes:
        of: values that are differentiated: the rows.
        wrt: values that they are differentiated with respect to: the columns.
        pattern: which elements may differ from zero; None when it counts as full.
        compression: which sweep brings which entry; None when every row or column has a sweep of its own.
        numbers: the forward sweep of each column, and the reverse sweep of each row; -1 for none.
    """

    def __init__(
        self,
        of: Sequence[Value],
        wrt: Sequence[Value],
        *,
        dense: bool,
        limit: int,
        symmetric: bool = False,
        only_forward: bool = False,
    ) -> None:
        """Find the pattern and colour it.

        Args:
            of: values that are differentiated.
            wrt: values that they are differentiated with respect to.
            dense: return all entries.
            limit: number of entries that may be returned.
            symmetric: whether the matrix is.
            only_forward: take no sweeps in reverse.

        Raises: NotDifferentiableError; LimitExceededError.
        """
        jvp(of, {}), vjp({}, wrt)  # see that all are floating
        self.of, self.wrt, self.dense = list(of), list(wrt), dense
        self.rows, self.columns = ends(of), ends(wrt)
        self.pattern = None if dense and self.size > limit else sparsity(_lean(of, wrt), wrt)
        entries = self.size if dense or self.pattern is None else self.pattern.nnz
        if entries > limit:
            shape = f"{self.rows[-1]:,} × {self.columns[-1]:,}"
            message = f"the derivatives are {shape} elements, {entries:,} to be returned; at most {limit:,} are: "
            message += "ask for fewer values" + (", or for the coordinate form" if dense else "")
            raise LimitExceededError(message, limit=limit, value=entries)
        self.symmetric = symmetric
        self.choose(only_forward=only_forward)

    def choose(self, *, only_forward: bool) -> None:
        """Choose the sweeps: by the colours of the pattern, or, if it is full, one for each column or row."""
        rows, columns = self.rows[-1], self.columns[-1]
        self.compression: Compression | None = None
        if self.pattern is not None and self.pattern.nnz < self.size:
            if self.symmetric:
                self.compression = compress_symmetric(union(self.pattern, Pattern(self.pattern.T)))
            else:
                self.compression = compress(self.pattern, reverse=not only_forward)
            self.numbers = self.compression.columns, self.compression.rows
        elif self.symmetric or only_forward or columns <= rows:
            self.numbers = np.arange(columns), np.full(rows, -1)
        else:
            self.numbers = np.full(columns, -1), np.arange(rows)

    @property
    def size(self) -> int:
        """Number of elements of the whole matrix."""
        return self.rows[-1] * self.columns[-1]

    @property
    def count(self) -> int:
        """Number of sweeps."""
        return sum(int(sweeps.max(initial=-1)) + 1 for sweeps in self.numbers)

    def derivatives(self, vectorizer: Vectorizer = vectorize) -> Derivatives:
        """Sweep, and put the matrices together."""
        try:
            reverse = self.reverse(vectorizer)
        except NotDifferentiableError:  # a loop whose length is data has forward derivatives alone
            self.choose(only_forward=True)
            reverse = []
        return self.assembled(self.forward(vectorizer), reverse)

    def forward(self, vectorizer: Vectorizer) -> list[Value]:
        """Push directions forward; return, for each of `of`, its tangents behind an axis of the sweeps."""
        if self.numbers[0].max(initial=-1) < 0:
            return []
        tangents = {w: variable("tangent", w.shape, w.element_type) for w in self.wrt}
        return vectorizer(jvp(self.of, tangents), {tangents[w]: seed for w, seed in self.forward_seeds().items()})

    def reverse(self, vectorizer: Vectorizer) -> list[Value]:
        """Pull directions back; return, for each of `wrt`, its cotangents behind an axis of the sweeps."""
        if self.numbers[1].max(initial=-1) < 0:
            return []
        cotangents = {y: variable("cotangent", y.shape, y.element_type) for y in self.of}
        seeds = _seeds(self.of, self.rows, self.numbers[1])
        return vectorizer(vjp(cotangents, self.wrt), {cotangents[y]: seed for y, seed in seeds.items()})

    def forward_seeds(self) -> dict[Value, Value]:
        """Return, for each of `wrt`, its tangents behind an axis of the sweeps."""
        return _seeds(self.wrt, self.columns, self.numbers[0])

    def assembled(self, forward: Sequence[Value], reverse: Sequence[Value]) -> Derivatives:
        """Put the matrices together from what `forward` and `reverse` return."""
        found = list(self._whole(forward, reverse) if self.compression is None else self._picked(forward, reverse))
        width = len(self.wrt)
        return Derivatives([found[i * width : (i + 1) * width] for i in range(len(self.of))], self.count)

    def _whole(self, forward: Sequence[Value], reverse: Sequence[Value]) -> Iterator[Matrix]:
        """Cut the matrices out of sweeps that each bring a whole column or row."""
        for i, y in enumerate(self.of):
            for j, w in enumerate(self.wrt):
                rows, columns = y.type.size, w.type.size
                if rows * columns == 0:
                    block: Any = full(TensorType((rows, columns), y.element_type), 0)
                elif not forward:
                    block = slice_(reverse[j], index=f"{self.rows[i]}:{self.rows[i + 1]}")
                elif self.symmetric and i <= j:
                    block = _mirrored(self._block(forward, j, i), on_diagonal=i == j)
                else:
                    block = self._block(forward, i, j)
                if self.dense:
                    yield Matrix(_as(reshape(block, shape=(*y.shape, *w.shape)), y))
                else:
                    places = np.divmod(np.arange(rows * columns), max(columns, 1))
                    yield _listed(_as(reshape(block, shape=(rows * columns,)), y), *places)

    def _block(self, forward: Sequence[Value], i: int, j: int) -> Any:
        """Return the matrix of one value and another, of sweeps that each bring a column."""
        part = slice_(forward[i], index=f"{self.columns[j]}:{self.columns[j + 1]}")
        return transpose(reshape(part, shape=(self.wrt[j].type.size, self.of[i].type.size)))

    def _picked(self, forward: Sequence[Value], reverse: Sequence[Value]) -> Iterator[Matrix]:
        """Look the entries up in sweeps that are shared."""
        assert self.compression is not None
        (rows, columns), (at_row, at_column) = self.compression.entries, self.compression.places
        height, width = self.rows[-1], self.columns[-1]
        by_column, by_row = self.numbers
        behind = self.compression.forward_sweeps * height  # where the reverse sweeps begin
        index = np.where(
            self.compression.in_reverse,
            behind + by_row[at_row] * width + at_column,
            by_column[at_column] * height + at_row,
        )
        swept = _flat(forward, reverse)
        owners = [np.searchsorted(x[:-1], at, "right") - 1 for x, at in ((self.rows, rows), (self.columns, columns))]
        block = owners[0] * len(self.wrt) + owners[1]
        order = np.argsort(block, kind="stable")
        cuts = np.searchsorted(block[order], np.arange(len(self.of) * len(self.wrt) + 1))
        for number, (start, end) in enumerate(pairwise(cuts)):
            i, j = divmod(number, len(self.wrt))
            y, w, own = self.of[i], self.wrt[j], order[start:end]
            if len(own) == 0:
                values = full(TensorType((0,), y.element_type), 0)
            else:
                values = _as(take(swept, constant(index[own], INT64)), y)
            places = rows[own] - self.rows[i], columns[own] - self.columns[j]
            yield _spread(values, *places, y, w) if self.dense else _listed(values, *places)


def _lean(of: Sequence[Value], wrt: Sequence[Value]) -> list[Value]:
    """Leave out what nobody uses, such as most of what loops offer: patterns of that take long to follow."""
    if any(w.inputs for w in wrt) or any(op.is_written_out() for op in controls(ancestors(of))):
        return list(of)  # simplification may make an inner value of others, and forgets derivatives that were given
    return list(simplified({str(i): y for i, y in enumerate(of)}).values())


def ends(values: Iterable[Value]) -> list[int]:
    """Return where the elements of each value begin when they lie one value behind the other, and where they end."""
    return list(accumulate((value.type.size for value in values), initial=0))


def _seeds(values: Sequence[Value], places: Sequence[int], numbers: Array) -> dict[Value, Value]:
    """Return the directions of all sweeps, by value: an element moves in the sweep whose number it has.

    Args:
        values: the values that move.
        places: where the elements of each begin among all, and where the last ones end.
        numbers: the sweep of each element.
    """
    count = int(numbers.max(initial=-1)) + 1
    seeds: dict[Value, Value] = {}
    for value, start, end in zip(values, places[:-1], places[1:], strict=True):
        own = constant(numbers[start:end].reshape(value.shape), INT64)
        every = constant(np.arange(count).reshape((count, *[1] * len(value.shape))), INT64)
        seed = astype(equal(every, own), element_type=value.element_type)
        seeds[value] = seeds[value] + seed if value in seeds else seed  # one value under two names
    return seeds


def _mirrored(block: Value, *, on_diagonal: bool) -> Any:
    """Return the other matrix of a pair; on the diagonal, let what is below it count for what is above."""
    if not on_diagonal:
        return transpose(block)
    places = constant(np.arange(block.shape[0]), INT64)
    below = greater_equal(reshape(places, shape=(-1, 1)), places)
    return where(below, block, transpose(block))


def _as(x: Value, y: Value) -> Value:
    """Give a matrix the element type of the value that was differentiated."""
    return x if x.element_type is y.element_type else astype(x, element_type=y.element_type)


def _flat(forward: Sequence[Value], reverse: Sequence[Value]) -> Value:
    """Lay sweeps one behind the other, the forward ones first."""
    kind = FLOAT64 if len({x.element_type for x in (*forward, *reverse)}) > 1 else None
    parts: list[Value] = []
    for group in (forward, reverse):
        if group:
            sweeps = [reshape(x, shape=(x.shape[0], math.prod(x.shape[1:]))) for x in group]
            sweeps = [astype(x, element_type=kind) for x in sweeps] if kind else sweeps
            parts.append(reshape(concatenate(*sweeps, axis=1), shape=(-1,)))
    return concatenate(*parts, axis=0) if parts else constant(np.zeros(0))


def _listed(values: Value, rows: Array, columns: Array) -> Matrix:
    for places in (rows, columns):
        places.flags.writeable = False
    return Matrix(values, (rows, columns))


def _spread(values: Value, rows: Array, columns: Array, y: Value, w: Value) -> Matrix:
    """Put entries in their places among zeros."""
    shape = (*y.shape, *w.shape)
    if values.type.size == 0:
        return Matrix(full(TensorType(shape, y.element_type), 0))
    width = w.type.size
    flat = take_transpose(values, constant(rows * width + columns, INT64), axis=0, size=y.type.size * width)
    return Matrix(reshape(flat, shape=shape))

"""Sums of products by Einstein's convention, written with views, element-wise products and matrix products."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from gradwire_service.ops.base import Value, apply
from gradwire_service.ops.linear_algebra import Einsum

Term = tuple[str, Value]
"""A letter for each axis, and the value."""


def contracted(op: Einsum, x: Sequence[Value]) -> Value:
    """Return an einsum written with simpler ops, two operands at a time."""
    operands, result = op.letters
    terms = [_along_diagonals(term) for term in zip(operands, x, strict=True)]
    for places in _path(op, x):
        picked = [terms[place] for place in places]
        terms = [term for place, term in enumerate(terms) if place not in places]
        for other in picked[1:]:
            picked[0] = _multiplied(
                picked[0], other, "".join([result, *(letters for letters, _ in (*terms, *picked[2:]))])
            )
            del picked[1]
        terms += picked
    ((letters, value),) = terms
    return _arranged(_summed((letters, value), result), result)


def _path(op: Einsum, x: Sequence[Value]) -> list[tuple[int, ...]]:
    """Return which operands are multiplied first, as NumPy chooses them; a product comes behind those that are left."""
    if len(x) < 3:
        return [tuple(range(len(x)))]
    shapes = (np.broadcast_to(0.0, value.shape) for value in x)
    path: list[tuple[int, ...]] = np.einsum_path(op.subscripts, *shapes, optimize="greedy")[0][1:]
    return path


def _along_diagonals(term: Term) -> Term:
    """Read diagonals where a letter stands twice."""
    letters, value = term
    while len(set(letters)) < len(letters):
        column = next(axis for axis, letter in enumerate(letters) if letter in letters[:axis])
        row = letters.index(letters[column])
        value = apply("diagonal", value, axis1=row, axis2=column)
        letters = "".join(c for axis, c in enumerate(letters) if axis not in (row, column)) + letters[column]
    return letters, value


def _multiplied(a: Term, b: Term, wanted: str) -> Term:
    """Multiply two terms, and sum over what nothing else wants."""
    a, b = _summed(a, wanted + b[0]), _summed(b, wanted + a[0])
    batch = [c for c in a[0] if c in b[0] and c in wanted]
    summed = [c for c in a[0] if c in b[0] and c not in wanted]
    left, right = ([c for c in one[0] if c not in other[0]] for one, other in ((a, b), (b, a)))
    if left and right and wanted.index(left[-1]) > wanted.index(right[-1]):
        a, b, left, right = b, a, right, left  # the result lies as it is wanted
    if not summed or (batch and not left and not right):
        letters = "".join(sorted([*batch, *left, *right], key=wanted.index))
        spread = [_spread(term, letters + "".join(summed)) for term in (a, b)]
        return _summed((letters + "".join(summed), spread[0] * spread[1]), letters)
    product = _matrices(a, batch, left, summed) @ _matrices(b, batch, summed, right)
    shape = [_size(a, c) for c in (*batch, *left)] + [_size(b, c) for c in right]
    return "".join([*batch, *left, *right]), _shaped(product, shape)


def _matrices(term: Term, batch: list[str], rows: list[str], columns: list[str]) -> Value:
    """Lay axes together so that there are matrices; a single row or column, without a stack, is a vector."""
    value = _arranged(term, "".join([*batch, *rows, *columns]))
    groups = [group for group in (rows, columns) if group or batch]
    return _shaped(
        value, [_size(term, c) for c in batch] + [math.prod(_size(term, c) for c in group) for group in groups]
    )


def _summed(term: Term, wanted: str) -> Term:
    """Sum over the axes whose letters are not wanted."""
    letters, value = term
    axes = tuple(axis for axis, letter in enumerate(letters) if letter not in wanted)
    if not axes:
        return term
    return "".join(letter for letter in letters if letter in wanted), apply("sum", value, axis=axes)


def _arranged(term: Term, wanted: Iterable[str]) -> Value:
    """Bring the axes into the order that is wanted."""
    letters, value = term
    axes = tuple(letters.index(letter) for letter in wanted)
    return value if axes == tuple(range(len(letters))) else apply("transpose", value, axes=axes)


def _spread(term: Term, wanted: str) -> Value:
    """Lay the axes along those that are wanted, with axes of size 1 where the term has none."""
    letters, value = term
    value = _arranged(term, [letter for letter in wanted if letter in letters])
    missing = tuple(axis for axis, letter in enumerate(wanted) if letter not in letters)
    return apply("expand_dims", value, axis=missing) if missing else value


def _size(term: Term, letter: str) -> int:
    letters, value = term
    return value.shape[letters.index(letter)]


def _shaped(value: Value, shape: Sequence[int]) -> Value:
    return value if value.shape == tuple(shape) else apply("reshape", value, shape=tuple(shape))

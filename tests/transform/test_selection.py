"""Jacobians with respect to what gathers pick at fixed positions, held against products column by column."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradwire_service.graph import INT64, Array
from gradwire_service.ops import Value, variable
from gradwire_service.ops.base import constant
from gradwire_service.ops.functions import gather_nd, sin, stack, take, transpose
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform.selection import selected_sweeps
from gradwire_service.transform.vectorize import vectorize
from tests.transform.matrices import LIMIT, column_by_column, numbers

POINT = {"a": np.linspace(-1, 1, 12).reshape(4, 3), "b": np.linspace(0.5, 2, 5), "c": np.linspace(1, 2, 6)}
A, B, C = (variable(name, x.shape) for name, x in POINT.items())


def at(*places: int) -> Value:
    return constant(np.array(places), INT64)


def picked(a: Value, rows: Value) -> Value:
    """A row of three for each place, whose elements are used one by one."""
    found = take(a, rows, axis=0)
    x, y, z = (slice_(found, index=f":, {i}") for i in range(3))
    return stack(sin(x) * y, y * z + x, axis=1)


CASES: dict[str, tuple[Callable[[], list[Value]], list[Value], int]] = {
    "rows of one value": (lambda: [picked(A, at(0, 1, 2, 3, 1, 0))], [A], 2),
    "two values": (lambda: [take(B, at(0, 1, 1, 4, 2, 3), axis=0) * take(C, at(5, 4, 3, 2, 1, 0), axis=0)], [B, C], 1),
    "the same place twice in a row": (
        lambda: [take(B, at(0, 1, 2), axis=0) * sin(take(B, at(0, 2, 1), axis=0))],
        [B],
        1,
    ),
    "from the end": (lambda: [sin(take(B, at(-1, -5, -2), axis=0))], [B], 1),
    "whole beside what is picked": (lambda: [take(B, at(1, 1, 0, 4, 4), axis=0) * B], [B], 1),
    "through views": (lambda: [sin(take(transpose(A), at(2, 0, 2), axis=0))], [A], 1),
    "at positions of several axes": (
        lambda: [sin(gather_nd(A, constant(np.array([[0, 1], [3, 2], [0, 1], [-1, 0]]), INT64)))],
        [A],
        1,
    ),
    "picked again": (lambda: [sin(take(take(B, at(4, 2, 2, 0), axis=0), at(3, 3, 1), axis=0))], [B], 1),
    "several results": (
        lambda: [picked(A, at(0, 0, 3)), sum_(picked(A, at(2, 1)), axis=(1,)) * take(B, at(0, 0), axis=0)],
        [A, B],
        5,
    ),
    "nothing picked": (lambda: [sin(take(B, at(), axis=0))], [B], 0),
    "one that is not used": (lambda: [sin(take(B, at(0, 0), axis=0))], [B, C], 1),
}


def dense(matrix: Array, height: int, width: int) -> Array:
    """Return a matrix in coordinates as one of all elements, and see that its entries are in order."""
    rows, columns, values = matrix
    keys = rows * width + columns
    assert (np.diff(keys) > 0).all()
    result = np.zeros((height, width))
    result[rows.astype(int), columns.astype(int)] = values
    return result


@pytest.mark.parametrize("case", CASES)
def test_entries_are_those_of_single_products(case: str) -> None:
    make, wrt, most = CASES[case]
    of = make()
    sweeps = selected_sweeps(of, wrt, LIMIT)
    assert sweeps is not None
    assert sweeps.count <= most
    found = numbers(sweeps.derivatives(vectorize), POINT)
    for y, row, expected in zip(of, found, column_by_column(of, wrt, POINT), strict=True):
        for w, matrix, whole in zip(wrt, row, expected, strict=True):
            size = y.type.size, w.type.size
            np.testing.assert_allclose(dense(matrix, *size), whole.reshape(size), rtol=1e-13, atol=1e-13)


def test_positions_that_are_data_and_inner_values_select_nothing() -> None:
    rows = variable("rows", (3,), INT64)
    assert selected_sweeps([take(B, rows, axis=0)], [B], LIMIT) is None
    inner = sin(B)
    assert selected_sweeps([take(inner, at(0, 1), axis=0)], [inner], LIMIT) is None
    assert selected_sweeps([sin(B)], [B], LIMIT) is None

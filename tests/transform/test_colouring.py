"""Columns that share a sweep do not meet; few sweeps are found, in time linear in the entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import block_diag, csr_array, diags_array, eye_array

from gradwire_service.graph import Array
from gradwire_service.transform import colouring
from gradwire_service.transform.colouring import (
    Compression,
    colour_columns,
    colour_stars,
    compress,
    compress_symmetric,
)
from gradwire_service.transform.sparsity import Pattern


def pattern(matrix: Any) -> Pattern:
    found = csr_array(matrix, dtype=bool)
    found.sum_duplicates()
    return found


def band(n: int, width: int = 1) -> Pattern:
    offsets = range(-width, width + 1)
    diagonals: Any = [np.ones(n - abs(k)) for k in offsets]
    return pattern(diags_array(diagonals, offsets=[*offsets]))


def check(matrix: Array, found: Compression) -> None:
    """Sweep a matrix, and see that every entry is found again."""
    forward = np.stack(
        [matrix[:, found.columns == k].sum(1) for k in range(found.forward_sweeps)] or [matrix[:, 0] * 0]
    )
    reverse = np.stack([matrix[found.rows == k].sum(0) for k in range(found.reverse_sweeps)] or [matrix[0] * 0])
    again = np.zeros_like(matrix)
    places = zip(*found.entries, *found.places, found.in_reverse, strict=True)
    for row, column, at_row, at_column, in_reverse in places:
        sweep = reverse[found.rows[at_row]][at_column] if in_reverse else forward[found.columns[at_column]][at_row]
        again[row, column] = sweep
    np.testing.assert_array_equal(again, matrix)


def drawn(rows: int, columns: int, density: float, seed: int) -> Array:
    draw = np.random.default_rng(seed)
    return np.where(draw.random((rows, columns)) < density, draw.integers(1, 1000, (rows, columns)), 0)


SEVERAL = [band(30), band(30, 3), eye_array(9), drawn(40, 25, 0.1, 3), block_diag([np.ones((4, 4))] * 5)]
SIZES, DENSITIES, SEEDS = st.integers(1, 12), st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]), st.integers(0, 2**32 - 1)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(SIZES, SIZES, DENSITIES, SEEDS, st.booleans())
def test_every_entry_of_any_matrix_is_found_again(
    rows: int, columns: int, density: float, seed: int, with_reverse: bool
) -> None:
    matrix = drawn(rows, columns, density, seed)
    found = compress(pattern(matrix), reverse=with_reverse)
    assert found.sweeps <= columns
    assert with_reverse or not found.reverse_sweeps
    check(matrix, found)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(SIZES, DENSITIES, SEEDS, st.integers(0, 3))
def test_every_entry_of_a_symmetric_matrix_is_found_again(size: int, density: float, seed: int, dense: int) -> None:
    half = drawn(size, size, density, seed)
    half[:dense] = 7
    found = compress_symmetric(pattern(half + half.T))
    assert found.sweeps <= size
    assert not found.reverse_sweeps
    check(half + half.T, found)


@pytest.mark.parametrize("most_edges", [0, 10**9], ids=["by rows", "by pairs"])
@pytest.mark.parametrize("matrix", SEVERAL, ids=range(len(SEVERAL)))
def test_both_ways_to_colour_keep_columns_apart_that_meet(
    matrix: Any, most_edges: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colouring, "MOST_EDGES", most_edges)
    whole = pattern(matrix)
    colours = colour_columns(whole)
    for row in whole.toarray():
        assert len(set(colours[row])) == np.count_nonzero(row)
    assert set(colours) - {-1} == set(range(colours.max() + 1))


def test_bands_blocks_and_arrows_take_as_few_sweeps_as_there_can_be() -> None:
    n = 500
    arrow = (eye_array(n) + csr_array((np.ones(n), (np.zeros(n, int), np.arange(n))), shape=(n, n))).tocsr()
    assert compress(band(n)).sweeps == compress_symmetric(band(n)).sweeps == 3
    assert compress(band(n, 4)).sweeps == 9
    assert compress(pattern(block_diag([np.ones((7, 3))] * 40))).sweeps == 3
    assert compress(pattern(block_diag([np.ones((3, 7))] * 40))).sweeps == 3
    assert compress(pattern(arrow)).sweeps == compress(pattern(arrow.T)).sweeps == 2
    assert compress_symmetric(pattern(arrow + arrow.T)).sweeps == 2
    shared = np.block([[np.ones((3, 3)), np.ones((3, 12))], [np.ones((12, 3)), np.kron(np.eye(4), np.ones((3, 3)))]])
    assert compress_symmetric(pattern(shared)).sweeps == 6  # three that all see, three of each group
    assert compress(pattern(np.vstack([np.eye(n), np.ones((1, n))]))).sweeps == 2
    assert compress(pattern(np.ones((5, 9)))).sweeps == 5
    assert compress(pattern(np.zeros((5, 9)))).sweeps == 0


def test_a_large_matrix_with_long_rows_is_coloured_without_the_graph_of_its_columns() -> None:
    matrix = pattern(block_diag([np.ones((40, 200))] * 50))  # its graph has a million edges
    assert compress(matrix, reverse=False).sweeps == 200
    assert compress(matrix).sweeps == 40


def grid(n: int) -> Pattern:
    line = np.eye(n, k=1) + np.eye(n, k=-1)
    return pattern(np.kron(line, np.eye(n)) + np.kron(np.eye(n), line) + np.eye(n * n))


def test_stars_take_fewer_sweeps_for_a_grid_than_columns_that_do_not_meet() -> None:
    matrix = grid(12)
    found = compress_symmetric(matrix)
    assert found.sweeps < colour_columns(matrix).max() + 1
    values = np.random.default_rng(2).integers(1, 1000, matrix.shape) * matrix.toarray()
    check(np.triu(values) + np.triu(values, 1).T, found)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(SIZES, DENSITIES, SEEDS)
def test_no_path_of_four_vertices_has_two_colours(size: int, density: float, seed: int) -> None:
    half = drawn(size, size, density, seed)
    matrix = pattern(half + half.T)
    colours = colour_stars(matrix)
    near = [[w for w in matrix.indices[matrix.indptr[v] : matrix.indptr[v + 1]] if w != v] for v in range(size)]
    for a in range(size):
        for b in near[a]:
            assert colours[a] != colours[b]
            for c in near[b]:
                for d in near[c]:
                    assert len({a, b, c, d}) < 4 or len({colours[v] for v in (a, b, c, d)}) > 2

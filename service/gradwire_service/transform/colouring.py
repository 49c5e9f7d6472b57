"""Colouring: which columns or rows of a sparse matrix may share a sweep, and where each entry is then found.

Columns may share one if no row has entries in two of them. A few dense rows would need a sweep for each of their
entries: they are swept by themselves, in reverse, or, where the matrix is symmetric, read off their own columns. Each
pair of entries of a symmetric matrix is needed but once: a star colouring, in which the edges between any two colours
make stars, leaves one of the two alone in its row and colour.

Source: Curtis, Powell & Reid (1974), "On the estimation of sparse Jacobian matrices"; Coleman & Verma (1998), "The
efficient computation of sparse Jacobian matrices using automatic differentiation"; Powell & Toint (1979), "On the
estimation of sparse Hessian matrices"; Gebremedhin, Manne & Pothen (2005), "What color is your Jacobian?".
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import networkx
import numpy as np

from gradwire_service.graph import Array
from gradwire_service.transform.sparsity import Pattern, picked

MOST_EDGES = 50_000
"""Pairs of columns that meet in a row, up to which their graph is built; that takes NetworkX half a second."""

MOST_PATHS = 1_000_000
"""Paths of three vertices, up to which a star colouring is tried; that takes a second or so."""

MOST_CUTS = 32
"""Lengths of rows that are tried for the least length of a dense one."""


class Compression(NamedTuple):
    """A matrix in few sweeps.

    Attributes:
        columns: the forward sweep that each column is in; -1 for none.
        rows: the reverse sweep that each row is in; -1 for none.
        entries: row and column of each entry, by row, then by column.
        places: row and column where each entry is looked up; another place only if the matrix is symmetric.
        in_reverse: whether it is looked up in the reverse sweep of its row, not in the forward sweep of its column.
    """

    columns: Array
    rows: Array
    entries: tuple[Array, Array]
    places: tuple[Array, Array]
    in_reverse: Array

    @property
    def forward_sweeps(self) -> int:
        """Number of forward sweeps."""
        return int(self.columns.max(initial=-1)) + 1

    @property
    def reverse_sweeps(self) -> int:
        """Number of reverse sweeps."""
        return int(self.rows.max(initial=-1)) + 1

    @property
    def sweeps(self) -> int:
        """Number of all sweeps."""
        return self.forward_sweeps + self.reverse_sweeps


def compress(pattern: Pattern, *, reverse: bool = True) -> Compression:
    """Find few sweeps: forward, in reverse, or a few of one kind for what is dense and the others for the rest.

    Args:
        pattern: a matrix, whose entries are sorted.
        reverse: whether there may be reverse sweeps.
    """
    rows, columns = entries = _entries(pattern)
    nothing = np.zeros(len(rows), bool)
    found = [Compression(colour_columns(pattern), _none(pattern.shape[0]), entries, entries, nothing)]
    if reverse:
        turned = Pattern(pattern.T)
        if np.diff(turned.indptr).max(initial=0) < found[0].sweeps:  # a column takes a sweep for each of its entries
            found.append(Compression(_none(pattern.shape[1]), colour_columns(turned), entries, entries, ~nothing))
        if (dense := _dense_rows(pattern)).any():
            rest = colour_columns(_without_rows(pattern, dense))
            found.append(Compression(rest, _numbered(dense), entries, entries, dense[rows]))
        if (dense := _dense_rows(turned)).any():
            rest = colour_columns(_without_rows(turned, dense))
            found.append(Compression(_numbered(dense), rest, entries, entries, ~dense[columns]))
    return min(found, key=lambda one: one.sweeps)


def compress_symmetric(pattern: Pattern) -> Compression:
    """Find few forward sweeps of a symmetric matrix; both entries of a pair are looked up in one place."""
    rows, columns = entries = _entries(pattern)
    dense = _dense_vertices(pattern)
    colours = np.full(len(dense), -1)
    rest = Pattern(_without_rows(pattern, dense)[:, ~dense])
    found = [colour_columns(rest)]
    if np.sum(np.diff(rest.indptr) ** 2) <= MOST_PATHS:
        found.append(colour_stars(rest))
    colours[~dense] = min(found, key=lambda one: one.max(initial=-1))
    colours[dense] = colours.max(initial=-1) + 1 + np.arange(np.count_nonzero(dense))
    # One entry of a pair is alone in its row and colour; both are looked up there.
    _, kind, counts = np.unique(rows * (len(colours) + 1) + colours[columns], return_inverse=True, return_counts=True)
    alone = (counts[kind] == 1) & (colours[columns] >= 0)  # what has entries in dense columns only has no colour
    opposite = np.lexsort((rows, columns))
    turned = np.where(rows < columns, ~alone, (rows > columns) & alone[opposite])
    places = (np.where(turned, columns, rows), np.where(turned, rows, columns))
    return Compression(colours, _none(len(colours)), entries, places, np.zeros(len(rows), bool))


def _entries(pattern: Pattern) -> tuple[Array, Array]:
    return np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr)), pattern.indices.astype(np.int64)


def _none(size: int) -> Array:
    return np.full(size, -1)


def _numbered(chosen: Array) -> Array:
    """Number what is chosen; -1 for the others."""
    return np.where(chosen, np.cumsum(chosen) - 1, -1)


def _dense_rows(pattern: Pattern) -> Array:
    """Tell which rows to sweep by themselves: none, unless so little is left for the others that it takes half as much.

    There are at least as many sweeps as entries in the longest row.
    """
    counts = np.diff(pattern.indptr)
    order = np.argsort(-counts, kind="stable")
    estimates = np.arange(len(counts) + 1) + np.append(counts[order], 0)
    best = int(np.argmin(estimates))
    dense = np.zeros(len(counts), bool)
    dense[order[:best]] = 2 * estimates[best] <= estimates[0]
    return dense


def _dense_vertices(pattern: Pattern) -> Array:
    """Tell which rows, and columns, of a symmetric matrix to part from the others, so that few sweeps are left."""
    counts = np.diff(pattern.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    best, fewest = np.zeros(len(counts), bool), counts.max(initial=0)
    for least in np.unique(counts)[:0:-1][:MOST_CUTS]:  # the longest first
        dense = counts >= least
        left = np.bincount(rows, ~dense[pattern.indices], len(counts))[~dense]
        sweeps = np.count_nonzero(dense) + left.max(initial=0)
        if sweeps < fewest:
            best, fewest = dense, sweeps
    return best


def _without_rows(pattern: Pattern, left_out: Array) -> Pattern:
    return picked(pattern, np.flatnonzero(~left_out))


def colour_columns(pattern: Pattern) -> Array:
    """Colour the columns so that no two with entries in one row have the same colour.

    Returns: the colour of each column, from 0; -1 for one without entries.
    """
    used = np.unique(pattern.indices)
    counts = np.diff(pattern.indptr)
    colours = np.full(pattern.shape[1], -1)
    if counts.max(initial=0) == len(used):  # they all meet
        colours[used] = np.arange(len(used))
    elif np.sum(counts * (counts - 1)) <= 2 * MOST_EDGES:
        colours[used] = _coloured_by_pairs(pattern[:, used])
    else:
        colours[used] = _coloured_by_rows(pattern[:, used])
    return colours


def _coloured_by_pairs(pattern: Pattern) -> Array:
    """Colour the graph in which columns are joined that meet."""
    graph: networkx.Graph[int] = networkx.Graph()
    graph.add_nodes_from(range(pattern.shape[1]))
    counted = pattern.astype(np.int32)
    meetings = (counted.T @ counted).tocoo()
    above = meetings.row < meetings.col
    graph.add_edges_from(zip(meetings.row[above].tolist(), meetings.col[above].tolist(), strict=True))
    found = (networkx.greedy_color(graph, strategy) for strategy in ("largest_first", "smallest_last"))
    best = min(found, key=lambda colours: max(colours.values()))
    return np.array([best[column] for column in range(pattern.shape[1])])


def _coloured_by_rows(pattern: Pattern) -> Array:
    """Do the same without the graph, which may be the square of the matrix: each row knows the colours in it, as bits.

    It is linear in the entries.
    """
    columns = pattern.tocsc()
    taken = [0] * pattern.shape[0]
    colours = np.zeros(pattern.shape[1], np.int64)
    starts, rows = columns.indptr.tolist(), columns.indices.tolist()
    for column in np.argsort(-np.diff(columns.indptr), kind="stable").tolist():  # the longest first
        mine = rows[starts[column] : starts[column + 1]]
        forbidden = 0
        for row in mine:
            forbidden |= taken[row]
        bit = ~forbidden & (forbidden + 1)  # the lowest that is free
        colours[column] = bit.bit_length() - 1
        for row in mine:
            taken[row] |= bit
    return colours


def colour_stars(pattern: Pattern) -> Array:
    """Colour the rows, and columns, of a symmetric matrix so that of each two colours the entries make stars.

    Returns: the colour of each column, from 0; -1 for one without entries.
    """
    starts, ends = pattern.indptr.tolist(), pattern.indices.tolist()
    near = [[w for w in ends[starts[v] : starts[v + 1]] if w != v] for v in range(pattern.shape[0])]
    colours = [-1] * len(near)
    around: list[dict[int, int]] = [{} for _ in near]  # how many neighbours have which colour
    for v in sorted(range(len(near)), key=lambda v: -len(near[v])):  # sorting keeps the order of what is alike
        if starts[v] == starts[v + 1]:
            continue
        forbidden = set(around[v])
        for w in near[v]:
            if colours[w] < 0:
                continue
            is_center = around[v][colours[w]] > 1  # of a star with w and another one as rays
            for x in near[w]:
                if colours[x] >= 0 and (is_center or around[x][colours[w]] > 1):
                    forbidden.add(colours[x])
        colours[v] = next(colour for colour in itertools.count() if colour not in forbidden)
        for w in near[v]:
            around[w][colours[v]] = around[w].get(colours[v], 0) + 1
    return np.array(colours, np.int64)

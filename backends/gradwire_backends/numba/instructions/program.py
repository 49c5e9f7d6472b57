"""The program that the loop runs: equal instructions side by side, and where every element lies.

Instructions are sorted by the time at which their operands are there, then by what they do. Neighbours that do the
same are one row: the loop goes over their elements without asking again. Results lie in the order of the rows, so that
a row writes one piece of memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradwire_backends.numba.instructions import vocabulary
from gradwire_backends.numba.instructions.translation import COLUMNS, SEGMENT, HostBlock, Numbers, Translation
from gradwire_backends.numba.instructions.vocabulary import ARRAYS, CONSTANTS, FIELDS, SCRATCH, WORD, deliver, fetch
from gradwire_service.graph import INT64, Array, TensorType
from gradwire_service.ops.base import Op
from gradwire_service.ops.flat import FlatGraph

ROW_COST = 10
"""Nanoseconds, roughly, that a row takes beside its elements."""

SLICE_COST = 2**20
"""Nanoseconds, roughly, that rows run before the loop returns to look whether it is to stop."""

ADDRESSES = 2**31
"""Words that there may be at most."""


@dataclass(frozen=True)
class HostStage:
    """A block that NumPy evaluates.

    Attributes:
        op, name, type: of the block.
        kinds: types of its inputs.
        operands: the words of each input.
        results: the words of the result, or of each result.
    """

    op: Op
    name: str
    type: TensorType
    kinds: tuple[TensorType, ...]
    operands: tuple[Array, ...]
    results: tuple[Array, ...]


@dataclass(frozen=True)
class LoopProgram:
    """A graph as rows of instructions.

    Attributes:
        rows, addresses, constants: arrays that the loop reads.
        stages: what runs one after the other: which rows, as an array of the first and the one behind the last, and
            blocks for NumPy.
        inputs: names of variables, as rows count them.
        outputs: names of outputs with their types, likewise.
        bytes: of the words.
    """

    rows: Array
    addresses: Array
    constants: Array
    stages: tuple[Array | HostStage, ...]
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, TensorType], ...]
    bytes: int


def loop_program(graph: FlatGraph) -> LoopProgram:
    """Turn a graph into a program of the loop.

    Raises: OverflowError when it has more elements than there are addresses.
    """
    translation = Translation(graph)
    layout = _Layout(translation)
    numbers, words = translation.numbers, layout.words
    before, after = _Rows(), _Rows()
    first = ARRAYS
    before.add(fetch(INT64), len(translation.constants), SCRATCH, CONSTANTS)
    for place, value in enumerate(graph.variables.values(), first):
        before.add(fetch(value.element_type), value.type.size, layout.first(numbers[value]), place)
    first += len(graph.variables)
    addresses = [layout.addresses]
    begin = len(layout.addresses)
    for place, value in enumerate(graph.outputs.values(), first):
        read = words[np.ravel(numbers[value])].astype(np.int32)
        after.add(deliver(value.element_type), len(read), place, begin)
        addresses.append(read)
        begin += len(read)
    rows = np.concatenate([before.array(), layout.rows, after.array()])
    last = max([int(layout.segments.max(initial=0)), *(block.segment + 1 for block in translation.host)])
    segments = np.concatenate([np.zeros(len(before), int), layout.segments, np.full(len(after), last)])
    return LoopProgram(
        rows,
        np.concatenate(addresses),
        np.array(translation.constants, np.int64),
        tuple(_stages(rows, segments, translation.host, words, last)),
        tuple(graph.variables),
        tuple((name, value.type) for name, value in graph.outputs.items()),
        (SCRATCH + len(words)) * WORD,
    )


class _Layout:
    """Where elements lie.

    Attributes:
        words: the word of every element, by its number.
        rows: one for each group of equal instructions.
        addresses: of their operands.
        segments: of the rows.
    """

    def __init__(self, translation: Translation) -> None:
        pieces = np.array(translation.pieces, np.int64).reshape(-1, COLUMNS)
        sizes, times, codes, arities, starts = pieces.T
        order = np.lexsort((arities, codes, times))
        placed = np.empty(len(order), np.int64)
        placed[order] = SCRATCH + _begins(sizes[order])
        total = int(sizes.sum())
        if max(SCRATCH + total, len(translation.operands)) >= ADDRESSES:
            raise OverflowError(f"the graph has {total:,} elements, more than the loop has addresses")
        self.words = np.repeat(placed - _begins(sizes), sizes) + np.arange(total)
        order = order[np.count_nonzero(codes < 0) :]  # what no instruction makes has the earliest times
        sizes, times, codes, arities, starts = pieces[order].T
        new = np.ones(len(order), bool)  # where time, instruction or arity change, a row begins
        new[1:] = np.any(pieces[order[1:], 1:4] != pieces[order[:-1], 1:4], axis=1)
        heads, row = np.flatnonzero(new), np.cumsum(new) - 1
        lengths = np.add.reduceat(sizes, heads) if len(heads) else sizes
        codes, arities_of_rows = codes[heads], arities[heads]
        begins = _begins(lengths * arities_of_rows)
        within = _begins(sizes)
        within -= within[heads][row]
        # A piece lists all its first operands, then all its second ones; so does a row, for all its pieces together.
        operands = np.array(translation.operands, np.int64)
        self.addresses = np.empty(len(operands), np.int32)
        for arity in np.unique(arities):
            chosen = np.flatnonzero(arities == arity)
            of, element = _spread(sizes[chosen])
            piece = chosen[of]
            source, step = starts[piece] + element, sizes[piece]
            target, stride = begins[row[piece]] + within[piece] + element, lengths[row[piece]]
            which = np.arange(arity)[:, None]
            self.addresses[target + which * stride] = self.words[operands[source + which * step]]
        rows = np.stack([codes, lengths, placed[order[heads]], begins, lengths, arities_of_rows], axis=1)
        self.rows, parents = _cut(rows)
        self.segments = (times[heads] >> SEGMENT)[parents]

    def first(self, numbers: Numbers) -> int:
        """Return the first word of a piece."""
        flat = np.ravel(numbers)
        return int(self.words[flat[0]]) if len(flat) else 0


def _begins(sizes: Array) -> Array:
    """Return where each of several pieces begins that lie one behind the other."""
    return np.cumsum(sizes) - sizes


def _spread(sizes: Array) -> tuple[Array, Array]:
    """Return for each element of several pieces the piece that it is of, and its place in it."""
    piece = np.repeat(np.arange(len(sizes)), sizes)
    return piece, np.arange(len(piece)) - _begins(sizes)[piece]


def _costs(rows: Array) -> Array:
    """Return about how many nanoseconds rows take."""
    costs = np.array(vocabulary.costs(), np.int64)
    return ROW_COST + rows[:, 1] * np.maximum(rows[:, 5], 1) * costs[rows[:, 0]]


def _cut(rows: Array) -> tuple[Array, Array]:
    """Cut rows that take long in several; return them, and of which each is a part."""
    parts = np.minimum(-(-_costs(rows) // SLICE_COST), np.maximum(rows[:, 1], 1))
    lengths = -(-rows[:, 1] // parts)
    parents, part = _spread(parts)
    result = rows[parents]
    begin = part * lengths[parents]
    result[:, 1] = np.clip(rows[parents, 1] - begin, 0, lengths[parents])
    result[:, 2] += begin
    result[:, 3] += begin
    return result, parents


class _Rows:
    """Rows that bring arrays in or out."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, key: vocabulary.Key, count: int, first: int, source: int) -> None:
        """Add a row."""
        self._rows.append((vocabulary.instructions()[key], count, first, source, 0, 0))

    def array(self) -> Array:
        """Return the rows."""
        return np.array(self._rows, np.int64).reshape(-1, FIELDS)


def _stages(
    rows: Array, segments: Array, blocks: Sequence[HostBlock], words: Array, last: int
) -> Iterator[Array | HostStage]:
    """Yield slices of rows, each of some milliseconds at most, and the blocks for NumPy where they belong."""
    slices = np.cumsum(_costs(rows)) // SLICE_COST
    cuts = np.flatnonzero((np.diff(slices) != 0) | (np.diff(segments) != 0)) + 1
    spans = np.stack([[0, *cuts], [*cuts, len(rows)]], axis=1)
    spans_of, blocks_of = defaultdict[int, list[Array]](list), defaultdict[int, list[HostBlock]](list)
    for span in spans:
        spans_of[int(segments[span[0]])].append(span)
    for block in blocks:
        blocks_of[block.segment].append(block)
    for segment in range(last + 1):
        yield from spans_of[segment]
        for block in blocks_of[segment]:
            yield _host_stage(block, words)


def _host_stage(block: HostBlock, words: Array) -> HostStage:
    value = block.value
    return HostStage(
        value.op,
        value.name,
        value.type,
        tuple([x.type for x in value.inputs]),
        tuple([words[x] for x in block.operands]),
        tuple([words[x] for x in (block.results if isinstance(block.results, tuple) else (block.results,))]),
    )

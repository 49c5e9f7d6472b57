"""Which rows a step sees. The order is a pure function of seed and epoch, written down in docs/batches.md."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gradwire_service.errors import DataMismatchError, HyperparameterError
from gradwire_service.graph import Array

Words = npt.NDArray[np.uint64]
Selection = slice | npt.NDArray[np.int64]
"""Rows of a batch: neighbours, which are not copied, or any."""

_SHUFFLE, _DRAW = 0, 1  # what a key is used for: two uses of one seed have nothing in common


class BatchingMode(Enum):
    """An order in which rows are taken."""

    FULL = "full"
    SEQUENTIAL = "sequential"
    RANDOM = "random"
    RANDOM_WITH_REPLACEMENT = "random_with_replacement"


@dataclass(frozen=True)
class Batching:
    """How rows are taken for a step.

    A batch has the rows that it really has: the last one of an epoch may be smaller and is never padded. A loss that is
    a mean over its rows makes the expectation of a step the same for all batch sizes; one that is a sum does not.

    A step of several batches sees the rows that one batch of all their rows would have.

    Attributes:
        mode: the order.
        size: rows of a batch; of no meaning for `FULL`.
        seed: source of all that is random, from 0 to 2⁶⁴ - 1.
        accumulation: batches of a step, whose gradients are averaged; fewer for the last step of an epoch.
    """

    mode: BatchingMode = BatchingMode.FULL
    size: int = 0
    seed: int = 0
    accumulation: int = 1

    def __post_init__(self) -> None:
        """Check.

        Raises: HyperparameterError.
        """
        if self.mode is not BatchingMode.FULL and self.size < 1:
            message = f"batches of {self.size} rows can't be made; give a batch size of 1 or more, or take full batches"
            raise HyperparameterError(message, field="batching.batch_size")
        if not 0 <= self.seed < 2**64:
            raise HyperparameterError(f"seed {self.seed} is not a whole number from 0 to 2**64 - 1", field="seed")
        if self.accumulation < 1:
            message = f"a step of {self.accumulation} batches can't be made; leave the accumulation out for 1"
            raise HyperparameterError(message, field="batching.accumulation")
        if self.mode is BatchingMode.FULL and self.accumulation > 1:
            message = "full batches have all rows, and nothing to accumulate; take sequential ones of some batch size"
            raise HyperparameterError(message, field="batching.accumulation")

    def steps_per_epoch(self, rows: int) -> int:
        """Return the number of steps that an epoch has."""
        return -(-rows // self.rows_per_step(rows))

    def rows_per_step(self, rows: int) -> int:
        """Return the number of rows of every step but the last of an epoch."""
        return self.rows_per_batch(rows) * self.accumulation

    def rows_per_batch(self, rows: int) -> int:
        """Return the number of rows of every batch but the last of an epoch."""
        return rows if self.mode is BatchingMode.FULL else self.size

    def walk(self, rows: int, first: int = 0) -> Iterator[Selection]:
        """Yield the rows of one step after the other, without end.

        Args:
            rows: number of rows that there are, positive.
            first: number of the step to begin with, counted from 0.
        """
        order = Order(self, rows)
        for step in itertools.count(first):
            yield order.steps(step, 1)

    def cut(self, step: Selection) -> list[Selection]:
        """Return the batches of a step."""
        rows = length(step)
        starts = range(0, rows, self.rows_per_batch(rows))
        places = [(start, min(start + starts.step, rows)) for start in starts]
        if isinstance(step, slice):
            return [slice(step.start + start, step.start + stop) for start, stop in places]
        return [step[start:stop] for start, stop in places]

    def order(self, rows: int, epoch: int) -> npt.NDArray[np.int64] | None:
        """Return the rows of an epoch in order; None for "as they lie"."""
        match self.mode:
            case BatchingMode.RANDOM:
                return permutation(self.seed, epoch, rows)
            case BatchingMode.RANDOM_WITH_REPLACEMENT:
                return draws(self.seed, epoch, rows)
        return None


def permutation(seed: int, epoch: int, rows: int) -> npt.NDArray[np.int64]:
    """Shuffle the numbers 0, 1, …, rows - 1, as Fisher and Yates do.

    Source: Knuth (1997), "The art of computer programming", volume 2, section 3.4.2, algorithm P.
    """
    last = np.arange(rows - 1, 0, -1)
    order = list(range(rows))
    for i, j in zip(last.tolist(), _below(last + 1, _words(seed, _SHUFFLE, epoch, rows - 1)).tolist(), strict=True):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


def draws(seed: int, epoch: int, rows: int) -> npt.NDArray[np.int64]:
    """Draw `rows` times, with replacement, from the numbers 0, 1, …, rows - 1."""
    return _below(np.array(rows), _words(seed, _DRAW, epoch, rows))


def _words(seed: int, use: int, epoch: int, count: int) -> Words:
    """Return words of the counter-based generator Philox4x64-10, each of 64 random bits.

    Source: Salmon et al. (2011), "Parallel random numbers: as easy as 1, 2, 3".
    """
    key = np.array([seed, use], np.uint64)
    counter = np.array([0, epoch, 0, 0], np.uint64)  # the generator adds 1 to the first part before each block
    words: Words = np.random.Philox(key=key, counter=counter).random_raw(count)
    return words


def _below(limits: npt.NDArray[np.int64], words: Words) -> npt.NDArray[np.int64]:
    """Turn words into numbers below the limits: the upper half of the product of 128 bits.

    Each number has a probability within 2⁻⁶⁴ of the same, and each costs exactly one word. Limits are at most 2³², so
    that no product here overflows: more rows than that are no tensor.
    """
    factor = limits.astype(np.uint64)
    half = np.uint64(32)
    lower = (words & np.uint64(2**32 - 1)) * factor >> half
    return ((words >> half) * factor + lower >> half).astype(np.int64)


class Order:
    """The rows of steps by their numbers; that of the epoch which was looked at last is remembered.

    Args:
        batching: how rows are taken.
        rows: number of rows that there are, positive.
    """

    def __init__(self, batching: Batching, rows: int) -> None:
        self._batching, self._rows = batching, rows
        self._size, self._per_epoch = batching.rows_per_step(rows), batching.steps_per_epoch(rows)
        self._epoch = -1
        self._order: npt.NDArray[np.int64] | None = None

    def steps(self, first: int, count: int) -> Selection:
        """Return the rows of steps, one behind the other; with full batches, those of each."""
        epoch, step = divmod(first, self._per_epoch)
        here = min(count, self._per_epoch - step)
        if here == count or self._per_epoch == 1:
            return self._within(epoch, step, count)
        parts = [self._within(epoch, step, here)]
        while here < count:
            epoch, more = epoch + 1, min(count - here, self._per_epoch)
            parts.append(self._within(epoch, 0, more))
            here += more
        return np.concatenate([np.r_[part] if isinstance(part, slice) else part for part in parts])

    def _within(self, epoch: int, step: int, count: int) -> Selection:
        """Return the rows of steps of one epoch."""
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._batching.order(self._rows, epoch)
        start = step * self._size
        stop = min(start + count * self._size, self._rows)
        return slice(start, stop) if self._order is None else self._order[start:stop]


@dataclass(frozen=True)
class Data:
    """What a graph is fed besides its parameters: arrays of the types that its variables have, C-contiguous.

    Attributes:
        rows: arrays whose first axis is the rows, by name; of every batch, some.
        whole: all other arrays, by name; the same at every step.
    """

    rows: Mapping[str, Array] = field(default_factory=dict)
    whole: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that all have the same number of rows, and at least one.

        Raises: DataMismatchError.
        """
        first = next(iter(self.rows), "")
        for name, array in self.rows.items():
            if array.ndim == 0:
                raise DataMismatchError(f"{name!r} is a number and has no rows; give it an axis for them", field=name)
            if len(array) != self.count:
                raise DataMismatchError(
                    f"{first!r} has {self.count} rows, but {name!r} has {len(array)}; "
                    "all data that are taken in batches need the same number",
                    field=name,
                )
        if self.rows and not self.count:
            raise DataMismatchError(f"{first!r} has no rows; give one at least", field=first)

    @cached_property
    def count(self) -> int:
        """Number of rows; 1 when nothing has rows."""
        return next((array.shape[0] for array in self.rows.values() if array.ndim), 1)

    @cached_property
    def row_bytes(self) -> int:
        """Memory of a row of all arrays, in bytes."""
        return sum(array.nbytes for array in self.rows.values()) // self.count

    def split(self, share: float) -> tuple[Data, Data]:
        """Return the rows without the last ones, and the last ones, both with all that has no rows.

        Args:
            share: share of the rows that are the last ones; rounded down to whole rows, but for errors of rounding.

        Raises: DataMismatchError when there are no rows, or when none is left for one of the two.
        """
        last = int(self.count * share + 1e-9) if self.rows and 0 < share < 1 else 0
        if not 0 < last < self.count:
            message = (
                f"a share of {share} of {self.count if self.rows else 0} rows can't be held out; give data instead"
            )
            raise DataMismatchError(message, field="validation_share")
        return self._part(slice(0, self.count - last)), self._part(slice(self.count - last, self.count))

    def _part(self, rows: slice) -> Data:
        return Data({name: array[rows] for name, array in self.rows.items()}, self.whole)

    def batch(self, selection: Selection) -> dict[str, Array]:
        """Return the chosen rows, and all that has no rows."""
        return {**self.whole, **self._chosen(selection)}

    def batches(self, selection: Selection, size: int) -> dict[str, Array] | None:
        """Return chosen rows, stacked in batches of some size; None where each batch is all rows."""
        if size == self.count:
            return None
        return {name: x.reshape(-1, size, *x.shape[1:]) for name, x in self._chosen(selection).items()}

    def _chosen(self, selection: Selection) -> dict[str, Array]:
        if isinstance(selection, slice):
            return {name: array[selection] for name, array in self.rows.items()}
        return {name: np.take(array, selection, axis=0) for name, array in self.rows.items()}


def length(selection: Selection) -> int:
    """Return the number of rows that are chosen."""
    return selection.stop - selection.start if isinstance(selection, slice) else len(selection)

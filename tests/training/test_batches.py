"""Batches: the orders that docs/batches.md writes down, and what is promised of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwire_service.errors import DataMismatchError, HyperparameterError
from gradwire_service.training import Batching, BatchingMode, Data
from gradwire_service.training.batches import Order, Selection, _below, draws, length, permutation

PAGE = (Path(__file__).parents[2] / "docs" / "batches.md").read_text()
SEEDS = st.integers(0, 2**64 - 1)
MODES = st.sampled_from(BatchingMode)


def written_down() -> dict[str, Any]:
    """What the page's own code defines."""
    found: dict[str, Any] = {}
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    exec(code, found)
    return found


def table(columns: int) -> Iterator[list[str]]:
    """The rows of the page's table of that many columns, those that begin with a number."""
    for line in PAGE.splitlines():
        cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
        if len(cells) == columns and cells[0].isdecimal():
            yield cells


def indices(selection: Selection) -> list[int]:
    return list(range(selection.start, selection.stop)) if isinstance(selection, slice) else selection.tolist()


def batches(batching: Batching, rows: int, first: int, count: int) -> list[list[int]]:
    return [indices(selection) for selection in itertools.islice(batching.walk(rows, first), count)]


def test_the_page_has_philox_right() -> None:
    known = re.search(r"`philox\(\(0, 0, 0, 0\), \(0, 0\)\)` is\n`([0-9a-f ]+)`", PAGE)
    assert known is not None
    assert [format(word, "016x") for word in written_down()["philox"]((0, 0, 0, 0), (0, 0))] == known[1].split()


def test_the_page_has_its_words_right() -> None:
    rows = list(table(4))
    assert len(rows) == 5
    for *numbers, words in rows:
        seed, use, epoch = map(int, numbers)
        assert [format(written_down()["word"](seed, use, epoch, i), "016x") for i in range(5)] == words.split()


def test_orders_are_those_of_the_page() -> None:
    rows = list(table(5))
    assert len(rows) == 6
    for *numbers, shuffled, drawn in rows:
        arguments = [int(number) for number in numbers]
        assert permutation(*arguments).tolist() == [int(i) for i in shuffled.split()]
        assert draws(*arguments).tolist() == [int(i) for i in drawn.split()]


@given(seed=SEEDS, epoch=st.integers(0, 2**40), rows=st.integers(1, 200))
def test_orders_are_what_the_code_of_the_page_computes(seed: int, epoch: int, rows: int) -> None:
    page = written_down()
    assert permutation(seed, epoch, rows).tolist() == page["permutation"](seed, epoch, rows)
    assert draws(seed, epoch, rows).tolist() == page["draws"](seed, epoch, rows)


@given(word=SEEDS, limit=st.integers(1, 2**32) | st.integers(2**32 - 9, 2**32))
def test_a_number_below_a_limit_is_the_upper_half_of_a_product(word: int, limit: int) -> None:
    found = _below(np.array([limit]), np.array([word], np.uint64))
    assert found.tolist() == [written_down()["below"](limit, word)]


def test_every_permutation_is_about_as_likely_as_any_other() -> None:
    counts: dict[tuple[int, ...], int] = {}
    for epoch in range(2400):
        order = tuple(permutation(7, epoch, 4).tolist())
        counts[order] = counts.get(order, 0) + 1
    chi_squared = sum((count - 100) ** 2 / 100 for count in counts.values())
    assert len(counts) == 24
    assert chi_squared < 49.7  # 99.9 % quantile with 23 degrees of freedom


@given(seed=SEEDS, rows=st.integers(1, 40), size=st.integers(1, 50), epoch=st.integers(0, 5))
def test_random_batches_show_every_row_once_an_epoch(seed: int, rows: int, size: int, epoch: int) -> None:
    batching = Batching(BatchingMode.RANDOM, size, seed)
    per_epoch = batching.steps_per_epoch(rows)
    found = batches(batching, rows, epoch * per_epoch, per_epoch)
    assert sorted(itertools.chain(*found)) == list(range(rows))


@given(mode=MODES, seed=SEEDS, rows=st.integers(1, 40), size=st.integers(1, 50), first=st.integers(0, 200))
def test_batches_from_any_step_on_are_those_of_the_whole_run(
    mode: BatchingMode, seed: int, rows: int, size: int, first: int
) -> None:
    batching = Batching(mode, size, seed)
    assert batches(batching, rows, first, 9) == batches(batching, rows, 0, first + 9)[first:]


@given(mode=MODES, rows=st.integers(1, 40), size=st.integers(1, 50))
def test_the_last_batch_of_an_epoch_has_the_rows_that_are_left(mode: BatchingMode, rows: int, size: int) -> None:
    batching = Batching(mode, size)
    found = [len(batch) for batch in batches(batching, rows, 0, batching.steps_per_epoch(rows))]
    assert sum(found) == rows
    assert set(found[:-1]) <= {size}
    assert mode is BatchingMode.FULL or 0 < found[-1] <= size


def test_rows_of_an_epoch_are_shuffled_anew_in_the_next() -> None:
    assert permutation(3, 0, 100).tolist() != permutation(3, 1, 100).tolist()


def test_sequential_rows_come_as_they_lie_again_and_again() -> None:
    found = batches(Batching(BatchingMode.SEQUENTIAL, 2), 5, 0, 5)
    assert found == [[0, 1], [2, 3], [4], [0, 1], [2, 3]]


def test_a_batch_has_the_chosen_rows_and_all_that_has_none() -> None:
    data = Data({"x": np.arange(6).reshape(3, 2), "y": np.array([1.0, 2.0, 3.0])}, {"c": np.array(7.0)})
    for selection in (np.array([2, 0]), slice(1, 3)):
        batch = data.batch(selection)
        assert batch["x"].tolist() == data.rows["x"][indices(selection)].tolist()
        assert batch["y"].tolist() == data.rows["y"][indices(selection)].tolist()
        assert batch["c"] == 7
        assert batch["x"].flags.c_contiguous
        assert length(selection) == 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"x": np.ones((3, 2)), "y": np.ones(4)}, "'x' has 3 rows, but 'y' has 4"),
        ({"x": np.ones(3), "y": np.array(1.0)}, "'y' is a number and has no rows"),
        ({"y": np.array(1.0), "x": np.ones(3)}, "'y' is a number and has no rows"),
        ({"x": np.ones((0, 2))}, "'x' has no rows"),
    ],
)
def test_data_that_do_not_fit_together_are_named(rows: dict[str, Any], words: str) -> None:
    with pytest.raises(DataMismatchError, match=words):
        Data(rows)


@pytest.mark.parametrize("mode", [mode for mode in BatchingMode if mode is not BatchingMode.FULL])
def test_a_batch_needs_a_size(mode: BatchingMode) -> None:
    with pytest.raises(HyperparameterError, match="batches of 0 rows can't be made; give a batch size of 1 or more"):
        Batching(mode)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_has_64_bits(seed: int) -> None:
    with pytest.raises(HyperparameterError, match=f"seed {seed} is not a whole number from 0 to"):
        Batching(BatchingMode.RANDOM, 1, seed)


@pytest.mark.parametrize("mode", [BatchingMode.SEQUENTIAL, BatchingMode.RANDOM, BatchingMode.RANDOM_WITH_REPLACEMENT])
def test_steps_of_several_epochs_are_those_of_one_after_the_other(mode: BatchingMode) -> None:
    batching = Batching(mode, 4, seed=3)
    order = Order(batching, 12)
    one_by_one = [np.r_[rows] for rows in itertools.islice(batching.walk(12), 11)]
    for first, count in ((0, 3), (1, 2), (2, 5), (0, 11), (10, 1)):
        expected = np.concatenate(one_by_one[first : first + count])
        assert np.r_[order.steps(first, count)].tolist() == expected.tolist()

"""The demo's data are those that its README tells."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

import numpy as np

from gradwire.demo.data import HELD_OUT, load, unpacked


def test_the_file_has_the_digest_that_the_readme_states() -> None:
    stated = re.search(r"`([0-9a-f]{64})`", files("gradwire.demo").joinpath("README.md").read_text(encoding="utf-8"))
    assert stated
    assert hashlib.sha256(unpacked()).hexdigest() == stated[1]


def test_it_holds_569_rows_of_30_features_and_a_class() -> None:
    head, *rows = unpacked().decode().splitlines()
    table = np.array([row.split(",") for row in rows], float)
    assert table.shape == (569, 31)
    assert head.split(",")[0] == "mean radius"
    assert (table[0, 0], table[-1, -2]) == (17.99, 0.07039)
    assert [int(np.sum(table[:, -1] == label)) for label in (0, 1)] == [212, 357]


def test_every_row_is_either_for_training_or_held_out() -> None:
    data = load()
    assert len(data.x) + len(data.x_held_out) == 569
    assert len(data.x_held_out) == HELD_OUT
    assert data.y.sum() + data.y_held_out.sum() == 357


def test_features_are_standardised_by_the_training_rows_alone() -> None:
    data = load()
    np.testing.assert_allclose(data.x[:, :-1].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.x[:, :-1].std(axis=0), 1, rtol=1e-12)
    assert np.all(data.x[:, -1] == 1)
    assert np.all(data.x_held_out[:, -1] == 1)
    assert np.max(np.abs(data.x_held_out[:, :-1].mean(axis=0))) > 0.01


def test_the_split_is_that_of_its_seed() -> None:
    assert np.array_equal(load().x, load().x)
    assert not np.array_equal(load(seed=1).x, load(seed=2).x)

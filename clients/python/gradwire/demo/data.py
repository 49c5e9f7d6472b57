"""The data: breast cancer Wisconsin, split and standardised. `README.md` tells where they are from."""

from __future__ import annotations

import gzip
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FILE = "breast_cancer.csv.gz"
HELD_OUT = 114
"""Rows that training does not see: a fifth."""


class Data(NamedTuple):
    """Rows to train on and rows held out.

    Attributes:
        x: features of the training rows, [455, 31]: mean 0 and standard deviation 1, and last a column of ones.
        y: 1 for a benign tumour, 0 for a malignant one, [455].
        x_held_out: the same of the rows held out, scaled as the training rows are, [114, 31].
        y_held_out: the same, [114].
        names: names of the columns of x.
    """

    x: Array
    y: Array
    x_held_out: Array
    y_held_out: Array
    names: tuple[str, ...]


def unpacked() -> bytes:
    """Return the file as text: a line of names, then a line a row, the class last."""
    return gzip.decompress(files(__package__).joinpath(FILE).read_bytes())


def load(seed: int = 1) -> Data:
    """Split the rows at random, and scale every feature by its mean and standard deviation over the training rows."""
    head, *lines = unpacked().decode().splitlines()
    table = np.array([line.split(",") for line in lines], np.float64)
    order = np.random.Generator(np.random.Philox(seed)).permutation(len(table))
    held_out, training = table[order[:HELD_OUT]], table[order[HELD_OUT:]]
    mean, deviation = training[:, :-1].mean(axis=0), training[:, :-1].std(axis=0)

    def scaled(rows: Array) -> Array:
        return np.column_stack([(rows[:, :-1] - mean) / deviation, np.ones(len(rows))])

    names = (*head.split(",")[:-1], "one")
    return Data(scaled(training), training[:, -1].copy(), scaled(held_out), held_out[:, -1].copy(), names)

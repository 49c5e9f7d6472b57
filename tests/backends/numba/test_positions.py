"""Positions that are data, in blocks that NumPy evaluates between kernels."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_service.errors import IndexRangeError
from gradwire_service.graph import INT64, TensorType, parse
from gradwire_service.transform import expand, simplify
from tests.backends.numba.graphs import SECONDS


def test_compiled_code_names_the_block_whose_index_is_outside(backend: NumbaBackend) -> None:
    graph = parse("""
        variable x: float64[4]
        variable i: int64[2]
        z = exp(x)
        picked = take(z, i, axis=0)
        output picked = picked
    """)
    types = {"x": TensorType((4,)), "i": TensorType((2,), INT64)}
    executable = backend.prepare(simplify(expand(graph, types).flat()))
    assert backend.wait(executable, SECONDS)
    assert executable({"x": np.zeros(4), "i": np.array([0, 3])})["picked"].tolist() == [1, 1]
    with pytest.raises(IndexRangeError, match=r"^block 'picked' \(take\): index 4 is outside") as failure:
        executable({"x": np.zeros(4), "i": np.array([0, 4])})
    assert failure.value.block == "picked"

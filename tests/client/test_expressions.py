"""Expressions of any form: what the service computes of a graph must be what NumPy computes of the same code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradwire as gw
from gradwire_service import Engine
from gradwire_service.graph import parse

Array = npt.NDArray[np.float64]

SHAPES = [(), (3,), (1, 3), (2, 1), (2, 3)]
NUMBERS = st.sampled_from([2, -1, 0.5, -0.25, 3.0, 1e-3])

UNARY: list[Callable[[Any], Any]] = [
    lambda a: -a, abs, np.tanh, np.sin, np.cos, np.square, np.exp, np.expm1, np.sign, lambda a: a**2, lambda a: a.T,
    lambda a: np.log1p(abs(a)), lambda a: np.sqrt(abs(a)), lambda a: a.sum(), lambda a: np.max(a), lambda a: a[None],
    lambda a: a.mean(axis=-1, keepdims=True) if a.ndim else a, lambda a: a[..., ::-1] if a.ndim else a,
    lambda a: a.reshape(-1), lambda a: np.where(a > 0, a, 0.5), lambda a: np.clip(a, -1, 1),
    lambda a: np.concatenate([a, a], axis=-1) if a.ndim else a, lambda a: np.stack([a, -a]), lambda a: np.flip(a),
    lambda a: np.cumsum(a.ravel()), lambda a: a[0] if a.ndim else a,
]  # fmt: skip
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (1 + b * b), np.maximum, np.minimum,
    np.arctan2, lambda a, b: np.where(a < b, a, b), lambda a, b: (abs(a) + 0.5) ** b, np.outer,
]  # fmt: skip


@cache
def engine() -> Engine:
    return Engine("numpy")


def broadcasts(a: Any, b: Any) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a.shape), reversed(b.shape), strict=False))


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_expression_is_computed_as_numpy_computes_it(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    arrays = [rng.normal(size=shape) for shape in SHAPES]
    feeds = {f"x{i}": array for i, array in enumerate(arrays)}
    pairs: list[tuple[Any, Any]] = [(gw.variable(name, array.shape), array) for name, array in feeds.items()]
    for _ in range(data.draw(st.integers(1, 12))):
        value, array = data.draw(st.sampled_from(pairs))
        if data.draw(st.booleans()):
            function = data.draw(st.sampled_from(UNARY))
            pair = function(value), function(array)
        else:
            partners = [pair for pair in pairs if broadcasts(array, pair[1])]
            number = data.draw(NUMBERS)
            other, other_array = data.draw(st.sampled_from([*partners, (number, number), (arrays[1], arrays[1])]))
            function_of_two = data.draw(st.sampled_from(BINARY))
            if not broadcasts(array, np.asarray(other_array)):
                continue
            pair = function_of_two(value, other), function_of_two(array, other_array)
        if np.size(pair[1]) <= 500 and np.all(np.abs(pair[1]) < 1e6) and np.ndim(pair[1]) < 6:
            pairs.append(pair)
    made = pairs[len(SHAPES) :] or pairs
    graph = gw.Graph({f"y{i}": value for i, (value, _) in enumerate(made)})
    assert str(parse(str(graph))) == str(graph)
    found = engine().evaluate(str(graph), {name: feeds[name] for name in graph.variables})
    for i, (value, array) in enumerate(made):
        assert value.shape == np.shape(array) == found[f"y{i}"].shape
        np.testing.assert_allclose(found[f"y{i}"], array, rtol=1e-9, atol=1e-9)

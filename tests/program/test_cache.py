"""A thing is made once, however many ask for it; what fails is tried again; what is unused for longest goes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.cache import Cache
from gradwire_service.limits import Limits
from gradwire_service.query import CoordinateMatrix


def test_many_who_ask_at_once_share_one_making() -> None:
    cache: Cache[object] = Cache(4)
    everybody_asks, made = threading.Barrier(8), []

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask(_: int) -> object:
        everybody_asks.wait(5)
        return cache.get("key", make)

    with ThreadPoolExecutor(8) as pool:
        things = list(pool.map(ask, range(8)))
    assert len(made) == 1
    assert all(thing is made[0] for thing in things)


def test_what_could_not_be_made_is_tried_again() -> None:
    cache: Cache[int] = Cache(4)
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 // 0)
    assert cache.peek("key") is None
    assert cache.get("key", lambda: 2) == 2


def test_what_was_unused_for_longest_is_forgotten() -> None:
    cache: Cache[int] = Cache(2)
    for key in (1, 2):
        cache.get(key, lambda key=key: key)  # type: ignore[misc]
    assert cache.peek(1) == 1
    cache.get(3, lambda: 3)
    assert [cache.peek(key) for key in (1, 2, 3)] == [1, None, 3]
    assert len(cache) == 2


def test_what_weighs_too_much_together_goes_from_the_oldest_on() -> None:
    cache = Cache[str](10, len, 6)
    for key, thing in enumerate(["aa", "bb", "cc", "ddd"]):
        assert cache.get(key, lambda thing=thing: thing) == thing  # type: ignore[misc]  # bound now
    assert [cache.peek(key) for key in range(4)] == [None, None, "cc", "ddd"]
    assert cache.get("large", lambda: "e" * 7) == "e" * 7  # it is given, but not kept
    assert len(cache) == 0


def test_large_programs_are_kept_only_as_long_as_there_is_room() -> None:
    text = "graph g\nvariable x: float64[300]\ny = square(x)\noutput y = y\n"
    engine = Engine("numpy", Limits(program_bytes=3_000))
    for _ in range(2):
        found = engine.jacobian(text, {"x": np.ones(300)}, sparse=True)
        matrix = found.matrices["y", "x"]
        assert isinstance(matrix, CoordinateMatrix)
        np.testing.assert_array_equal(matrix.values, np.full(300, 2.0))
    assert len(engine._programs) == 0
    engine.evaluate(text, {"x": np.ones(300)})
    assert len(engine._programs) == 1

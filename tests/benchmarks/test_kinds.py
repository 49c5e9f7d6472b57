"""Our answer of each kind of work, at its smallest size, held against derivatives by hand."""

from __future__ import annotations

import shutil

import pytest

from benchmarks import ours
from benchmarks.contender import BY_HAND, IN_C, AbsentError, Kind
from benchmarks.contest import difference
from benchmarks.kinds import KINDS
from gradwire_service import Engine


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_ours_equals_the_derivative_by_hand(kind: Kind) -> None:
    size = kind.sizes[0]
    prepared = kind.ours(**size.arguments).first(Engine("numpy", ours.WIDE))
    answer = prepared.answer(prepared.call())
    for name in (BY_HAND, IN_C):
        try:
            other = kind.prepare(name, size)
        except (AbsentError, KeyError):
            assert name == IN_C, "NumPy is always there"
            assert name not in kind.contenders or not shutil.which("gcc")
            continue
        assert difference(other.answer(other.call()), answer) == ""


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_has_a_small_size_and_a_bar_for_each(kind: Kind) -> None:
    assert kind.sizes[0].is_small
    assert not any(size.is_small and size.is_on_demand for size in kind.sizes)
    assert all(0 < size.bar <= 1 for size in kind.sizes)

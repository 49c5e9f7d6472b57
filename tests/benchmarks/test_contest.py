"""Contenders in processes of their own, some of which go wrong."""

from __future__ import annotations

import sys

import pytest

from benchmarks.contest import Measured, measure
from tests.benchmarks.odd import KIND


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADWIRE_PEERS", sys.executable)
        patch.setenv("GRADWIRE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return measure(KIND, KIND.sizes[0], seconds=0.01, rounds=3)


def test_contenders_that_agree_are_timed(measured: Measured) -> None:
    assert measured.seconds.keys() == {"ours", "right"}
    assert all(seconds > 0 for seconds in measured.seconds.values())


@pytest.mark.parametrize(
    ("contender", "reason"),
    [
        ("fails", "failed: ValueError: n = 4 is too odd"),
        ("is absent", "absent: it stayed at home"),
        ("dies at once", "ended by signal 9"),
        ("dies later", "ended with status 7"),
    ],
)
def test_a_contender_that_drops_out_is_listed_with_the_reason(measured: Measured, contender: str, reason: str) -> None:
    assert measured.others[contender] == reason


def test_an_answer_that_is_off_by_more_than_the_tolerance_is_not_timed(measured: Measured) -> None:
    assert measured.others["wrong"] == "another answer: array 1 is off by 6e-07, its largest element is 6"


def test_a_call_of_ours_tells_what_it_allocates_and_what_its_results_are(measured: Measured) -> None:
    assert measured.allocated["results"] == 8 + 4 * 8
    assert measured.allocated["peak"] >= measured.allocated["results"]

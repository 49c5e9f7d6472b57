"""The arithmetic of the page."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks import page, picture
from benchmarks.contender import Kind, Size
from benchmarks.contest import Measured
from benchmarks.table import Row, markdown

SMALL, LARGE = Size({"n": 10}, 0.5), Size({"n": 100_000}, 0.25)
KIND = Kind("work", "some work", [SMALL, LARGE], ours=dict)


def found(size: Size = SMALL, threads: int = 1, **seconds: float) -> Measured:
    named = {name.replace("_", " "): value for name, value in seconds.items()}
    return Measured(KIND, size, threads, named, peaks=dict.fromkeys(named, 10**8))


def test_the_best_peer_is_the_fastest_that_is_neither_ours_nor_c() -> None:
    m = found(ours=2e-6, C=1e-6, JAX=8e-6, CasADi_SX=4e-6)
    assert m.best_peer == "CasADi SX"
    assert m.ratio == 0.5
    assert m.to_c == 2.0


def test_without_ours_or_without_peers_there_is_no_ratio() -> None:
    assert found(JAX=1e-6).ratio is None
    assert found(ours=1e-6, C=1e-6).ratio is None
    assert found(ours=1e-6, JAX=1e-6).to_c is None


def test_a_row_tells_ratio_and_bar_and_whether_each_is_met() -> None:
    table = page.ratios([found(ours=2e-6, C=1e-6, JAX=8e-6)])
    assert table.splitlines()[2] == "| some work | n = 10 | 2 µs | JAX 8 µs | 0.25 | ≤ 0.5 | yes | 2 | **no** |"


def test_times_with_two_threads_stand_beside_those_with_one() -> None:
    table = page.ratios([found(ours=2e-6, JAX=8e-6), found(threads=2, ours=1e-6, JAX=2e-6)])
    assert table.splitlines()[0].endswith("| ours, 2 threads | best peer | ratio |")
    assert table.splitlines()[2].endswith("| 1 µs | JAX 2 µs | 0.5 |")
    assert len(table.splitlines()) == 3


def test_the_geometric_mean_of_a_ratio_and_its_inverse_is_one() -> None:
    assert page.geometric_mean([0.25, 4.0]) == pytest.approx(1.0)
    assert math.isnan(page.geometric_mean([]))


def test_the_summary_counts_cases_that_miss_their_bar_and_those_without_a_ratio() -> None:
    cases = [found(ours=1e-6, JAX=4e-6), found(LARGE, ours=1e-6, JAX=2e-6), found(JAX=1e-6)]
    text = page.summary([*cases, found(threads=2, ours=1.0, JAX=1e-6)])
    assert "geometric mean of 2 ratios to the best peer: 0.354, bar ≤ 0.45, met: yes" in text
    assert "the largest of them: 0.5, bar ≤ 1, met: yes" in text
    assert "cases that miss their bar: 2 of 3" in text


def test_memory_is_compared_by_how_it_grows_with_the_size() -> None:
    first, last = found(ours=1.0, JAX=2.0, C=0.5), found(LARGE, ours=1.0, JAX=2.0, C=0.5)
    last.peaks = {"ours": 10**8 + 3_000_000, "JAX": 10**8 + 6_000_000, "C": 10**8}
    last.allocated = {"peak": 2_000_000, "results": 1_000_000}
    row = page.memory([first, last]).splitlines()[2]
    assert row == "| some work | n = 10 | n = 100,000 | 3 MB | JAX 6 MB | 0.5 | ≤ 1 | yes | 2 MB | 1 MB |"
    last.peaks["JAX"] = 10**8 + 1_000
    assert page.memory([first, last]).splitlines()[2].endswith("| JAX 0.001 MB |  | ≤ 1 |  | 2 MB | 1 MB |")
    assert page.memory([first]) == ""


def test_the_reason_of_who_dropped_out_is_on_the_page() -> None:
    m = found(ours=1e-6)
    m.others["JAX"] = "absent: No module named 'jax'"
    assert "| work | n = 10 | JAX | absent: No module named 'jax' | | |" in page.details([m])


def test_the_picture_takes_the_fastest_form_of_a_library(tmp_path: Path) -> None:
    m = found(ours=1e-6, CasADi_SX=4e-6, CasADi_MX=2e-6, C=5e-7)
    assert picture.fastest(m, "CasADi") == 2.0
    assert picture.fastest(m, "C") == 0.5
    assert picture.fastest(m, "JAX") is None
    picture.draw([m, found(JAX=1e-6)], tmp_path / "picture.svg")
    assert "work, n = 10" in (tmp_path / "picture.svg").read_text()


def test_a_bar_is_met_at_its_value_and_a_figure_that_is_missing_does_not_meet_it() -> None:
    assert Row("x", "1 µs", "", 1.0, 1.0).met
    assert Row("x", "", "", math.nan, 1.0).met is False
    assert "| x | 1 µs |  | 1 | ≤ 1 | yes |" in markdown([Row("x", "1 µs", "", 1.0, 1.0)])

"""The page: the machine, ratios by kind of work, all contenders' times, and the other cases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.contender import OURS
from benchmarks.contest import PINNED, Measured, peers_python
from benchmarks.table import Row, mark, markdown
from benchmarks.timing import shown

C_BAR, MEAN_BAR, WORST_BAR = 1.5, 0.45, 1.0
"""Ours ÷ C at most; ours ÷ the best peer at most, as the geometric mean of all cases; and in each."""


def told(found: Measured) -> str:
    """Tell one measurement in a line."""
    times = ", ".join(f"{name} {shown(t)}" for name, t in sorted(found.seconds.items(), key=lambda item: item[1]))
    others = "".join(f"\n    {name}: {reason}" for name, reason in found.others.items())
    ratio = "" if found.ratio is None else f" ratio {found.ratio:.3g} (bar {found.size.bar:g});"
    threads = "" if found.threads == 1 else f", {found.threads} threads"
    return f"{found.kind.name}, {found.size}{threads}:{ratio} {times}{others}"


def written(measured: Sequence[Measured], rows: Sequence[Row], output: Path | None = None) -> str:
    """Return the page in Markdown; with a place for it, draw its picture there, too."""
    parts = ["# Performance", INTRODUCTION, machine.described(peers_python(), PINNED)]
    if measured:
        if output:
            from benchmarks import picture

            place = output.with_suffix(".svg")
            picture.draw(measured, place)
            parts.append(f"![Times of the peers ÷ ours, for each kind of work]({place.name})")
        parts += ["## Kinds of work", ratios(measured), summary(measured)]
        if growth := memory(measured):
            parts += ["## Memory", MEMORY, growth]
    if rows:
        parts += ["## Other cases", markdown(rows)]
    if measured:
        parts += ["## Every contender", CONTENDERS, details(measured)]
    return "\n\n".join(parts) + "\n"


INTRODUCTION = """\
From one run of `make bench`. Times are medians of warm calls; contenders take turns, each in a process of its own, in
float64, compiled where it can compile, with its data in place. Each answer agreed with ours to 1e-8 before it was
timed. Ratios are ours ÷ theirs: below 1 we are faster."""

CONTENDERS = """\
Time of a call. C is written by hand, `gcc -O3 -march=native -ffast-math`, one thread, and writes to memory that is
there; all others return new arrays. NumPy by hand is a gradient derived by hand. Memory is the largest resident size of
the process during a warm call."""


MEMORY = """\
How much the largest resident size during a warm call grows from the smallest to the largest size of a kind: with data,
workspace and results; less than 2 MB can't be told from chance. Beside it, what a warm call of ours allocates and what
of it are results."""


def ratios(measured: Iterable[Measured]) -> str:
    """Return the table of ratios to the best peer: one thread, and two or more beside it."""
    measured = list(measured)
    several = {(m.kind.name, str(m.size)): m for m in measured if m.threads > 1}
    head = ["kind", "size", "ours", "best peer", "ratio", "bar", "met", "÷ C", "≤ 1.5"]
    if several:
        n = next(iter(several.values())).threads
        head += [f"ours, {n} threads", "best peer", "ratio"]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    for m in measured:
        if m.threads > 1:
            continue
        cells = [m.kind.title, str(m.size), *_against_best(m), f"≤ {m.size.bar:g}", mark(_met(m.ratio, m.size.bar))]
        cells += [_number(m.to_c), mark(_met(m.to_c, C_BAR))]
        if several:
            other = several.get((m.kind.name, str(m.size)))
            cells += _against_best(other) if other else ["", "", ""]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _against_best(m: Measured) -> list[str]:
    ours = shown(m.seconds[OURS]) if OURS in m.seconds else m.others.get(OURS, "")
    best = f"{m.best_peer} {shown(m.seconds[m.best_peer])}" if m.best_peer else "none"
    return [ours, best, _number(m.ratio)]


def _number(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.3g}"


def _met(ratio: float | None, bar: float) -> bool | None:
    return None if ratio is None else ratio <= bar


def geometric_mean(ratios: Sequence[float]) -> float:
    """Return the geometric mean; NaN of nothing."""
    return math.exp(math.fsum(map(math.log, ratios)) / len(ratios)) if ratios else math.nan


def summary(measured: Iterable[Measured]) -> str:
    """Return what holds over all cases with one thread."""
    single = [m for m in measured if m.threads == 1]
    found = [m.ratio for m in single if m.ratio is not None]
    to_c = [m.to_c for m in single if m.to_c is not None]
    lines = []
    for what, value, bar in (
        (f"geometric mean of {len(found)} ratios to the best peer", geometric_mean(found), MEAN_BAR),
        ("the largest of them", max(found, default=math.nan), WORST_BAR),
        (f"the largest of {len(to_c)} ratios to C", max(to_c, default=math.nan), C_BAR),
    ):
        lines.append(f"- {what}: {value:.3g}, bar ≤ {bar:g}, met: {mark(value <= bar)}")
    missed = [m for m in single if m.ratio is None or m.ratio > m.size.bar]
    return "\n".join([*lines, f"- cases that miss their bar: {len(missed)} of {len(single)}"])


def memory(measured: Iterable[Measured]) -> str:
    """Return the table of memory: of each kind the growth from its first size to its last one; "" without two sizes."""
    lines = ["| kind | from | to | ours | best peer | ratio | bar | met | a call allocates | results |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    kinds: dict[str, list[Measured]] = {}
    for m in measured:
        if m.threads == 1:
            kinds.setdefault(m.kind.name, []).append(m)
    for first, *_, last in (found for found in kinds.values() if len(found) > 1):
        grown = {name: last.peaks[name] - first.peaks[name] for name in last.peaks.keys() & first.peaks.keys()}
        best = last.best_peer
        cells = [last.kind.title, str(first.size), str(last.size), _megabytes(grown.get(OURS))]
        theirs = grown.get(best or "", 0)
        cells.append(f"{best} {_megabytes(theirs)}" if best in grown else "")
        if OURS in grown and theirs > UNCERTAIN:
            cells += [f"{grown[OURS] / theirs:.3g}", "≤ 1", mark(grown[OURS] <= theirs)]
        else:
            cells += ["", "≤ 1", ""]
        cells += [_megabytes(last.allocated.get("peak")), _megabytes(last.allocated.get("results"))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else ""


UNCERTAIN = 2_000_000
"""Bytes by which resident sizes differ from run to run; what grows less is not compared."""


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.3g} MB"


def details(measured: Iterable[Measured]) -> str:
    """Return every contender's time and memory, and why some have none."""
    lines = ["| kind | size | contender | time | ÷ ours | memory |", "| --- | --- | --- | --- | --- | --- |"]
    for m in measured:
        size = f"{m.size}" + (f", {m.threads} threads" if m.threads > 1 else "")
        for name, seconds in sorted(m.seconds.items(), key=lambda item: item[1]):
            slower = f"{seconds / m.seconds[OURS]:.3g}" if OURS in m.seconds else ""
            memory = f"{m.peaks[name] / 1e6:.0f} MB" if m.peaks.get(name) else ""
            lines.append(f"| {m.kind.name} | {size} | {name} | {shown(seconds)} | {slower} | {memory} |")
        lines += [f"| {m.kind.name} | {size} | {name} | {reason} | | |" for name, reason in m.others.items()]
    return "\n".join(lines)

"""Rows of ratios, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured ratio.

    Attributes:
        what: what was measured.
        ours: our figure, with its unit.
        theirs: the figure that it is divided by, with name and unit; "" when the bar is absolute.
        ratio: ours ÷ theirs, or the figure itself.
        bar: what it should be at most, or at least when `at_least` is set; None: no bar is set.
        at_least: whether more is better.
    """

    what: str
    ours: str
    theirs: str
    ratio: float
    bar: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without a bar."""
        if self.bar is None:
            return None
        return self.ratio >= self.bar if self.at_least else self.ratio <= self.bar


def markdown(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | ours | peer | ratio | bar | met |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        bar = "" if row.bar is None else f"{'≥' if row.at_least else '≤'} {row.bar:g}"
        lines.append(f"| {row.what} | {row.ours} | {row.theirs} | {row.ratio:.3g} | {bar} | {mark(row.met)} |")
    return "\n".join(lines)


def mark(met: bool | None) -> str:
    """Write whether a bar is met; "" where there is none."""
    return {None: "", True: "yes", False: "**no**"}[met]

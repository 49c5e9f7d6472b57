"""What the demo prints: headings, notes and tables; with rich where it is installed, else as plain text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

try:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
except ImportError:
    RICH = False
else:
    RICH = True


class Page(Protocol):
    """Where the story is told."""

    def heading(self, text: str) -> None:
        """Begin a step."""

    def note(self, text: str) -> None:
        """Say something."""

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
        """Show a table; the first columns, so many as `left`, are aligned to the left."""


class RichPage:
    """A page in colour, as wide as the terminal."""

    def __init__(self, console: Any = None) -> None:
        self.console = console or Console(highlight=False, width=None if sys.stdout.isatty() else 110)

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.rule(Text(text, "bold"), align="left", style="dim")

    def note(self, text: str) -> None:
        self.console.print(text, markup=False)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for place, heading in enumerate(columns):
            table.add_column(heading, justify="left" if place < left else "right")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(table)


class PlainPage:
    """A page of plain text."""

    def heading(self, text: str) -> None:
        self.note(f"\n{text}\n{'-' * len(text)}")

    def note(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
        widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
        for row in [columns, ["-" * width for width in widths], *rows]:
            cells = [x.ljust(w) if i < left else x.rjust(w) for i, (x, w) in enumerate(zip(row, widths, strict=True))]
            self.note("  ".join(cells).rstrip())


def new_page() -> Page:
    """Return the best page that there is."""
    return RichPage() if RICH else PlainPage()


def number(array: Any) -> str:
    """Tell an array in one number: itself if it is one, else its 2-norm between double bars."""
    flat = array.ravel()
    return f"{flat[0] + 0.0:.4g}" if flat.size == 1 else f"‖{np.linalg.norm(flat):.4g}‖"  # -0 reads as 0


def equation(name: str, array: Any) -> str:
    """Tell an array and its name: that it is a number, or that its 2-norm is."""
    told = number(array)
    return f"‖{name}‖ = {told.strip('‖')}" if told.startswith("‖") else f"{name} = {told}"


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"

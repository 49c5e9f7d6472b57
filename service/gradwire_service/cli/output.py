"""What the commands print, and how."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

_WIDE = 200
"""Columns for whoever reads a pipe: nothing is to be cut there."""


def notice(text: str, style: str = "") -> None:
    """Print a note on stderr."""
    from rich.console import Console

    Console(stderr=True, soft_wrap=True, highlight=False).print(text, style=style, markup=False)


def show(*renderables: Any) -> None:
    """Print texts, tables and whatever else rich renders on stdout."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
    for renderable in renderables:
        console.print(renderable, markup=False)


def show_json(data: Any) -> None:
    """Print data as JSON on stdout."""
    typer.echo(to_json(data))


def table(columns: Mapping[str, str], rows: Iterable[Sequence[str]], title: str = "") -> Any:
    """Return a table.

    Args:
        columns: justification, "left" or "right", by heading.
        rows: cells in the order of the columns.
        title: stands above it.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    result = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for heading, justify in columns.items():
        result.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        result.add_row(*(Text(cell) for cell in row))
    return result


def to_json(data: Any) -> str:
    """Write JSON; numbers that JSON lacks become texts, as in protobuf's JSON: "NaN", "Infinity", "-Infinity"."""
    return json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    if hasattr(data, "tolist"):  # NumPy's arrays and scalars
        return _plain(data.tolist())
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(item) for item in data]
    return data


def summary(array: Any) -> str:
    """Tell an array in a few characters: its elements if they are few, else its range."""
    import numpy as np

    if array.size <= 3:
        elements = ", ".join(_number(x) for x in array.ravel().tolist())
        return elements if array.ndim == 0 else f"[{elements}]"
    return f"{_number(np.min(array).item())} … {_number(np.max(array).item())}"


def shape(array: Any) -> str:
    """Tell the type of an array as the text form of graphs does."""
    return f"{array.dtype}[{', '.join(map(str, array.shape))}]"


def quantity(number: float) -> str:
    """Write a count or an estimate: exact while it is short."""
    return f"{number:,.0f}" if abs(number) < 1e9 else f"{number:.3g}"


def seconds(duration: float) -> str:
    """Write a time with the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if duration >= size:
            return f"{duration / size:.3g} {unit}"
    return f"{duration * 1e9:.3g} ns"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value).lower()


def write(text: str, path: Path | None = None) -> None:
    """Write a text as it is, to a file or to stdout."""
    if path is None:
        typer.echo(text, nl=not text.endswith("\n"))
    else:
        path.write_text(text, encoding="utf-8")

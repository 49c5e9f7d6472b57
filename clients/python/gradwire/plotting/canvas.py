"""What all pictures share: colours, style, and how they get into files.

Nothing here uses pyplot, whose state and windows no picture needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY = "#3b78b8", "#d9822b", "#3c8d5a", "#8a8a8a"
COLORS = (BLUE, ORANGE, GREEN, "#b5477d", "#6f5bb5", "#2d9c9c", "#a0522d", "#444444")
"""Colours of several curves, in order."""

STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def picture(path: str | Path | None, size: tuple[float, float]) -> Iterator[Figure]:
    """Yield an empty figure; write it to a file at the end.

    Args:
        path: the file; its ending tells the form. None: no file.
        size: width and height, in inches.

    Raises: ModuleNotFoundError with the remedy where matplotlib is absent.
    """
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"pictures need matplotlib: pip install matplotlib ({error})") from None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        if path is not None:
            figure.savefig(path, dpi=160)


def counted(axes: Axes, unit: str) -> None:
    """Name the horizontal axis, on which whole numbers stand."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(unit)
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True))


def logarithmic(axes: Axes, heights: Any) -> None:
    """Scale the heights of axes by their logarithms where they span more than a factor of 5, and all are positive."""
    import numpy as np
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    finite = heights[np.isfinite(heights)]
    if not finite.size or finite.min() <= 0 or finite.max() < 5 * finite.min():
        return
    axes.set_yscale("log")
    if finite.max() < 1e3 * finite.min():  # else powers of ten are enough
        axes.yaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())

"""The picture: for each size of each kind of work, how many times slower than we each contender is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.contender import BY_HAND, IN_C, OURS
from benchmarks.contest import Measured

COLOURS = {
    BY_HAND: "#4c72b0",
    "JAX": "#dd8452",
    "PyTorch": "#c44e52",
    "PyTensor": "#8172b3",
    "CasADi": "#55a868",
    "autograd": "#937860",
    IN_C: "#333333",
}
"""A colour for each library; of those that take part in several forms, the fastest is drawn."""


def draw(measured: Sequence[Measured], place: Path) -> None:
    """Draw the cases of one thread in which we took part, and write the picture."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    cases = [m for m in measured if m.threads == 1 and OURS in m.seconds]
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "gradwire", "font.size": 9}):
        figure = Figure(figsize=(9, 1.4 + 0.42 * len(cases)), layout="constrained")
        axes: Any = figure.subplots()
        thickness = 0.8 / len(COLOURS)
        for k, (library, colour) in enumerate(COLOURS.items()):
            found = {row: t for row, m in enumerate(cases) if (t := fastest(m, library)) is not None}
            places = [row - 0.4 + (k + 0.5) * thickness for row in found]
            widths = [t - 1 for t in found.values()]  # bars begin at 1, where we are
            axes.barh(places, widths, thickness, left=1, color=colour, label=library)
        axes.axvline(1, color="black", linewidth=1)
        axes.set_xscale("log")
        axes.set_yticks(range(len(cases)), [f"{m.kind.name.replace('_', ' ')}, {m.size}" for m in cases])
        axes.set_ylim(len(cases) - 0.5, -0.5)
        axes.set_xlabel("time of a call ÷ ours: bars to the right are slower than Gradwire, to the left faster")
        axes.grid(axis="x", which="major", alpha=0.3)
        axes.set_axisbelow(True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=len(COLOURS), frameon=False)
        figure.savefig(place, metadata={"Date": None} if place.suffix == ".svg" else None)


def fastest(m: Measured, library: str) -> float | None:
    """Return the time of a library's fastest form ÷ ours; None when it took no part."""
    times = [t for name, t in m.seconds.items() if name == library or name.startswith(f"{library} ")]
    return min(times) / m.seconds[OURS] if times else None

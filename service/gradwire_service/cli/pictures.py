"""Pictures that commands draw of a minimization."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gradwire_service.cli.app import library

Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="PICTURE", help="Draw how it went: a .png, .svg or .pdf file."),
]


def require_pictures(*paths: Path | None) -> None:
    """Fail before the work rather than after it, where pictures are wanted that can't be drawn.

    Raises: typer.BadParameter for a file of an unknown kind or without a folder; typer.Exit where matplotlib is absent.
    """
    for path in filter(None, paths):
        with library("demo"):
            from matplotlib.backend_bases import FigureCanvasBase

        kinds = FigureCanvasBase.get_supported_filetypes()
        if path.suffix[1:] not in kinds or not path.parent.is_dir():
            message = f"{path} can't be drawn; name a file in a folder that is there, such as loss.png"
            raise typer.BadParameter(message, param_hint="'--plot'")


def draw(path: Path | None, reports: Sequence[Any], unit: str = "step") -> None:
    """Draw what reports tell: generations where there are candidates of two elements or more, else losses.

    Args:
        path: the file; None: draw nothing.
        reports: of the service or of the client.
        unit: what their steps are.
    """
    if path is None or not reports:
        return
    from gradwire import plotting

    elements = sum(x[0].size for x in (getattr(reports[0], "candidates", None) or {}).values())
    if elements >= 2:
        plotting.generations(reports, path)
    else:
        plotting.training(reports, path, unit=unit)

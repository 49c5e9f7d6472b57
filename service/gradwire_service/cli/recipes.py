"""How commands take recipes: hyperparameters, bounds, and schedules."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gradwire import Schedule
    from gradwire_service.graph import Array

Settings = Annotated[
    list[str],
    typer.Option("--set", metavar="NAME=NUMBER", help="A hyperparameter of the method, any number of times."),
]
Bounds = Annotated[
    list[str],
    typer.Option("--bounds", metavar="NAME=LEAST:GREATEST", help="Limits on all elements of a variable, any number of "
                 "times; one side may be left out."),
]  # fmt: skip


def hyperparameters(settings: Sequence[str]) -> dict[str, bool | int | float]:
    """Read hyperparameters such as ``population=30``; numbers are whole ones where they are written so.

    Raises: typer.BadParameter.
    """
    found: dict[str, bool | int | float] = {}
    for text in settings:
        key, _, number = text.partition("=")
        try:
            found[key] = _number(number)
        except ValueError:
            message = f"{text!r} is no setting; write NAME=NUMBER, such as population=30"
            raise typer.BadParameter(message, param_hint="'--set'") from None
    return found


def _number(text: str) -> bool | int | float:
    """Read a number, or true or false.

    Raises: ValueError.
    """
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def bounds(text: str) -> tuple[str, tuple[Array | None, Array | None]]:
    """Read bounds such as ``x=-2:2`` or ``x=0:``.

    Raises: typer.BadParameter.
    """
    import numpy as np

    name, equals, sides = text.partition("=")
    least, colon, greatest = sides.partition(":")
    try:
        pair = tuple(np.array(float(side)) if side.strip() else None for side in (least, greatest))
    except ValueError:
        equals = ""
        pair = (None, None)
    if not (equals and colon):
        message = f"{text!r} are no bounds; write NAME=LEAST:GREATEST, such as x=-2:2"
        raise typer.BadParameter(message, param_hint="'--bounds'")
    return name, (pair[0], pair[1])


def schedule(text: str) -> Schedule:
    """Read a schedule as Python has it in `gw.schedules`, such as ``warmup(cosine(900), steps=100)``.

    Raises: typer.BadParameter.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise _no_schedule(f"{text!r} is no schedule; write one such as cosine(1000)") from None
    found = _made(tree)
    try:
        found.message()
    except (AttributeError, TypeError, ValueError):  # a number in the place of a schedule, or a schedule in that of one
        raise _no_schedule(f"{text!r} is no schedule; write one such as warmup(cosine(900), steps=100)") from None
    return found


def _made(tree: ast.expr) -> Any:
    """Return what an expression stands for: a schedule, a number, or a list of them."""
    from gradwire import schedules

    if isinstance(tree, ast.List | ast.Tuple):
        return [_made(item) for item in tree.elts]
    if not isinstance(tree, ast.Call | ast.Name):
        try:
            return ast.literal_eval(tree)
        except ValueError:
            raise _no_schedule(f"{ast.unparse(tree)!r} is neither a number nor a schedule") from None
    call = tree if isinstance(tree, ast.Call) else ast.Call(tree, [], [])
    name = ast.unparse(call.func)
    if name not in schedules.__all__:
        raise _no_schedule(f"there is no schedule {name!r}; there are: {', '.join(schedules.__all__)}")
    try:
        return getattr(schedules, name)(
            *map(_made, call.args), **{word.arg or "**": _made(word.value) for word in call.keywords}
        )
    except TypeError as error:
        raise _no_schedule(f"{ast.unparse(tree)}: {error}") from None


def _no_schedule(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="'--schedule'")

"""What the commands read: graph files, files of values, sizes of dimensions."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwire_service.errors import InvalidRequestError, MalformedMessageError, ShapeError, TextSyntaxError

if TYPE_CHECKING:
    from gradwire_service.graph import Array, Graph, TensorType

STDIN = Path("-")

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
"""What no text has, and every message with a block or a variable does: the tags of its fields."""

_FORMS = {".json": "json", ".pb": "binary", ".binpb": "binary", ".gw": "text", ".txt": "text"}


def _existing(path: Path | None) -> Path | None:
    if path not in (None, STDIN) and not path.is_file():  # typer's own check takes no dash
        raise typer.BadParameter(f"there is no file {path}")
    return path


GraphFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        show_default=False,
        help="The graph: its text form, or protobuf's JSON (.json) or binary form (.pb, .binpb). [bold]-[/] is stdin.",
        callback=_existing,
    ),
]
Expression = Annotated[
    str,
    typer.Option(
        "--expression", "-e", metavar="FORMULA", help="The graph as a formula, in place of FILE: "
        "[bold]'u = x @ w; mean(log(1 + exp(-y * u)))'[/]."
    ),
]  # fmt: skip
Variables = Annotated[
    list[str],
    typer.Option(
        "--variable", "-v", metavar="NAME=SHAPE", help="A variable of the formula, any number of times: "
        "[bold]x=batch,30[/], a scalar [bold]c=[/], with an element type [bold]i:int64=batch[/]."
    ),
]  # fmt: skip
At = Annotated[
    Path | None,
    typer.Option(
        "--at",
        metavar="VALUES",
        help="The point: an .npz file, or JSON, with an array for each variable.",
        exists=True,
        dir_okay=False,
    ),
]
Of = Annotated[str, typer.Option("--of", metavar="NAME", help="A scalar value; by default the only output.")]
Wrt = Annotated[
    list[str],
    typer.Option("--wrt", metavar="NAME", help="Value to differentiate with respect to, any number of times; by "
                 "default all floating variables."),
]  # fmt: skip
Dim = Annotated[
    list[str], typer.Option("--dim", metavar="NAME=SIZE", help="Size of a named dimension, any number of times.")
]


def given_graph(path: Path | None, expression: str, variables: Sequence[str]) -> Graph:
    """Return the graph that a command is about: from a file, or from a formula and the shapes of its variables.

    Raises: typer.BadParameter unless there is one of them; TextSyntaxError and others as `read_graph` does.
    """
    if path is None and expression:
        return _formula(expression, dict(map(_declaration, variables)))
    if path is None or expression or variables:
        raise typer.BadParameter("name a file, or give a formula by --expression and --variable", param_hint="'FILE'")
    return read_graph(path)


_DECLARATION = re.compile(r"([A-Za-z_]\w*)(?::(\w+))?=(.*)", re.ASCII)


def _declaration(text: str) -> tuple[str, tuple[list[int | str], str]]:
    """Read a variable such as ``x=batch,30`` or ``i:int64=batch``.

    Raises: typer.BadParameter.
    """
    match = _DECLARATION.fullmatch(text)
    if match is None:
        message = f"{text!r} is no variable; write NAME=SHAPE, such as x=batch,30, or c= for a scalar"
        raise typer.BadParameter(message, param_hint="'--variable'")
    name, element_type, shape = match.groups()
    sizes = [size.strip() for size in shape.split(",") if size.strip()]
    return name, ([int(size) if size.isdecimal() else size for size in sizes], element_type or "float64")


def _formula(text: str, variables: dict[str, tuple[list[int | str], str]]) -> Graph:
    """Read a formula, as the client does: there is one parser, and it is the client's."""
    from gradwire.expressions import GradwireError, as_graph
    from gradwire_service.wire import decode_graph

    try:
        return decode_graph(as_graph(text, variables).message)
    except GradwireError as error:
        raise (ShapeError if error.reason == ShapeError.reason else TextSyntaxError)(error.message) from None
    except (TypeError, ValueError) as error:  # a variable that is none
        raise typer.BadParameter(str(error), param_hint="'--variable'") from None


def read_graph(path: Path) -> Graph:
    """Read a graph file; what is on stdin, or has an ending of its own, is told by its bytes.

    Raises: TextSyntaxError, MalformedMessageError. Whether the graph makes sense is for the engine to say.
    """
    from gradwire_service.graph import parse

    data = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    form = _FORMS.get(path.suffix) or _guess(data)
    if form != "text":
        return _decode(data, form)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise TextSyntaxError(f"byte {error.start} is no UTF-8, but {path} is to be a graph's text form") from None
    return parse(text)


def _guess(data: bytes) -> str:
    if data.lstrip()[:1] == b"{":
        return "json"
    return "binary" if _CONTROL.search(data) else "text"


def _decode(data: bytes, form: str) -> Graph:
    from google.protobuf.json_format import Parse, ParseError
    from google.protobuf.message import DecodeError

    from gradwire import v1 as pb
    from gradwire_service.wire import decode_graph

    message = pb.Graph()
    try:
        if form == "json":
            Parse(data, message)
        else:
            message.ParseFromString(data)
    except (ParseError, DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessageError(f"this is not a gradwire.v1.Graph in protobuf's {form} form: {error}") from None
    return decode_graph(message)


def read_values(path: Path, graph: Graph) -> dict[str, Array]:
    """Read the point from an .npz file, never unpickling; or from JSON, where numbers get the declared types.

    Raises: InvalidRequestError.
    """
    import numpy as np

    from gradwire_service.graph import TensorType

    declared = {v.name: v.element_type.dtype for v in graph.variables}
    arrays: dict[str, Array] = {}
    name = ""
    try:
        for name, value in _load(path).items():
            array = value if isinstance(value, np.ndarray) else np.asarray(value, declared.get(name))
            TensorType.of(array)  # raises for elements that no value has
            arrays[name] = array
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(f"{name!r} in {path} is no array of numbers: {error}", field="inputs") from None
    return arrays


def _load(path: Path) -> dict[str, Any]:
    import numpy as np

    try:
        if path.suffix == ".json":
            return dict(json.loads(path.read_bytes()))
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # what damaged files make zipfile, NumPy and json raise has no common class
        message = f"{path} can't be read as values by name: {error}"
        remedy = 'write it with numpy.savez(path, x=…), or as JSON such as {"x": [1.0, 2.0]}'
        raise InvalidRequestError(f"{message}; {remedy}", field="inputs") from None


def require_values(path: Path | None, graph: Graph) -> dict[str, Array]:
    """Read the point of a command that needs one; a graph without variables does not.

    Raises: typer.BadParameter when no file was named.
    """
    if path is None and graph.variables:
        names = ", ".join(v.name for v in graph.variables)
        raise typer.BadParameter(f"name a file with an array for each variable: {names}", param_hint="'--at'")
    return read_values(path, graph) if path else {}


def sizes(graph: Graph, dimensions: Sequence[str], at: Path | None) -> tuple[dict[str, int], dict[str, TensorType]]:
    """Return sizes of dimensions as they were given, and types of the arrays in a file of values.

    Raises: typer.BadParameter for a size that is none.
    """
    from gradwire_service.graph import TensorType

    found: dict[str, int] = {}
    for text in dimensions:
        name, equals, size = text.partition("=")
        if not (name and equals and size.isascii() and size.isdecimal()):
            raise typer.BadParameter(f"{text!r} is no size; write NAME=SIZE, such as batch=100", param_hint="'--dim'")
        found[name] = int(size)
    values = read_values(at, graph) if at else {}
    return found, {name: TensorType.of(array) for name, array in values.items()}

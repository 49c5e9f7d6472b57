"""Slices through the space of parameters: two elements move, all others stay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gradwire.tensors import Array

Pair = tuple[str, str]
"""Names of two elements, such as ``("w[0]", "b")``."""

_ELEMENT = re.compile(r"([^\[\]]+?)(?:\[([\d,\s]+)\])?")
_VARIABLE = re.compile(r"variable (\S+): (\w+)(\[.*?\])")


def first_two(parameters: Mapping[str, Array]) -> Pair:
    """Return the names of the first two elements.

    Raises: ValueError when there are fewer.
    """
    names = [
        f"{name}[{', '.join(map(str, place))}]" if place else name
        for name, x in parameters.items()
        for place in (np.unravel_index(i, x.shape) for i in range(min(x.size, 2)))
    ]
    if len(names) < 2:
        raise ValueError("a slice needs two elements, and the parameters have fewer; draw the loss instead")
    return names[0], names[1]


def place(element: str, parameters: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """Take the name of an element apart.

    Returns: the name of its parameter, and its index.
    Raises: ValueError when there is no such element.
    """
    match = _ELEMENT.fullmatch(element)
    name, numbers = (match[1], match[2] or "") if match else (element, "")
    index = tuple(int(number) for number in numbers.split(",") if number.strip())
    shape = np.shape(parameters[name]) if name in parameters else None
    if shape is None or len(index) != len(shape) or any(i >= n for i, n in zip(index, shape, strict=True)):
        shapes = ", ".join(f"{name}{list(np.shape(x))}" for name, x in sorted(parameters.items()))
        raise ValueError(f"there is no element {element!r}; name one such as w[0], of parameters {shapes}")
    return name, index


def points(pair: Pair, parameters: Sequence[Mapping[str, Any]]) -> Array:
    """Return where parameters lie on a slice.

    Returns: shape [number of parameters, 2].
    Raises: ValueError when there is no such element.
    """
    found = np.empty((len(parameters), 2))
    for row, one in zip(found, parameters, strict=True):
        for column, element in enumerate(pair):
            name, index = place(element, one)
            row[column] = np.asarray(one[name])[index]
    return found


def sliced(text: str, pair: Pair, parameters: Mapping[str, Array], loss: str) -> str:
    """Return a graph that maps another over the points of a slice; its output is called "losses".

    A parameter w that has one of the elements, or both, is w/base + w/first · w/along_first + w/second · w/along_second
    in there: the point has w/first and w/second, the others are the same for all points.

    Args:
        text: the graph, in its text form.
        pair: the elements.
        parameters: of the graph, by name.
        loss: name of the loss; empty: the only output.

    Raises: ValueError when the loss has to be named.
    """
    moved = dict.fromkeys(place(element, parameters)[0] for element in pair)
    sequences: dict[str, str] = {}
    others: dict[str, str] = {}
    outputs: dict[str, str] = {}
    rest, depth = [], 0
    for line in map(str.strip, text.strip().splitlines()[1:]):
        variable = _VARIABLE.match(line)
        if depth == 0 and line.startswith("output "):
            shown, _, value = line.removeprefix("output ").partition(" = ")
            outputs[shown] = value
        elif depth == 0 and variable:
            name, kind, shape = variable.groups()
            if name in moved:
                sequences |= {f"{name}/first": kind, f"{name}/second": kind}
                others |= {f"{name}/{part}": f"{kind}{shape}" for part in ("base", "along_first", "along_second")}
                rest += [
                    f"{name}/step_first = multiply({name}/first, {name}/along_first)",
                    f"{name}/step_second = multiply({name}/second, {name}/along_second)",
                    f"{name}/step = add({name}/step_first, {name}/step_second)",
                    f"{name} = add({name}/base, {name}/step)",
                ]
            else:
                others[name] = f"{kind}{shape}"
        else:
            rest.append(line)
        depth += line.endswith("{") - (line == "}")
    if not loss and len(outputs) != 1:
        raise ValueError("the graph has several outputs; say which value is the loss: loss=…")
    fixed = [f"variable {name}: {kind}" for name, kind in others.items()]
    return "\n".join(
        [
            "graph slice",
            *(f"variable {name}: {kind}[points]" for name, kind in sequences.items()),
            *fixed,
            "composite at_point {",
            *(f"variable {name}: {kind}[]" for name, kind in sequences.items()),
            *fixed,
            *rest,
            f"output loss = {outputs.get(loss, loss) or next(iter(outputs.values()))}",
            "}",
            f'all = scan({", ".join([*sequences, *others])}, body="at_point", carries=0, sequences={len(sequences)})',
            "output losses = all",
            "",
        ]
    )


def feeds(pair: Pair, parameters: Mapping[str, Array], first: Array, second: Array) -> dict[str, Array]:
    """Return what a graph of `sliced` is fed besides data: parameters, and the values of both elements at each point.

    Args:
        pair: the elements.
        parameters: by name.
        first, second: of the elements, shape [points].
    """
    found: dict[str, Array] = {}
    for element, part, values in zip(pair, ("first", "second"), (first, second), strict=True):
        name, index = place(element, parameters)
        x = parameters[name]
        if f"{name}/base" not in found:
            found[f"{name}/base"] = x.copy()
            found |= {f"{name}/{axis}": np.zeros(len(values), x.dtype) for axis in ("first", "second")}
            found |= {f"{name}/along_{axis}": np.zeros_like(x) for axis in ("first", "second")}
        found[f"{name}/base"][index] = 0
        found[f"{name}/along_{part}"][index] = 1
        found[f"{name}/{part}"] = values.astype(x.dtype)
    return found | {name: x for name, x in parameters.items() if f"{name}/base" not in found}

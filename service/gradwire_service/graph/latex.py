"""Formulas in LaTeX: an equation for each block, aligned, without the surrounding environment."""

from __future__ import annotations

import re
from collections.abc import Callable

from gradwire_service.graph.graph import Block, Graph
from gradwire_service.graph.types import LITERAL, NAME

Template = Callable[[str], str]
r"""Looks up how an op is written, such as ``\frac{{{0}}}{{{1}}}``; "" for an op without a way of its own."""

_GREEK = frozenset(
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi
    omega""".split()
)
_ATOM = re.compile(r"[A-Za-z]|\\[a-z]+|[0-9.]+")


def latex(graph: Graph, template: Template) -> str:
    r"""Return one aligned equation a block, such as ``u &= x\,w \\``, in the order of the blocks."""
    lines = [f"{symbol(block.id)} &= {_right(block, template)}" for block in graph.blocks]
    lines += [f"{symbol(name)} &= {symbol(value)}" for name, value in graph.outputs.items() if name != value]
    return " \\\\\n".join(lines)


def symbol(name: str) -> str:
    r"""Write a name: one letter as it is, Greek as Greek, a number behind _ as an index, others upright."""
    if LITERAL.fullmatch(name):
        mantissa, _, exponent = name.lower().lstrip("+").partition("e")
        mantissa = mantissa.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa.removesuffix(".0")
    base, _, index = name.rpartition("_")
    if base and index.isdecimal():
        return f"{symbol(base)}_{{{index}}}"
    if len(name) == 1:
        return name
    if name in _GREEK:
        return f"\\{name}"
    if not NAME.fullmatch(name.partition(":")[0]):
        return r"\mathrm{?}"
    escaped = name.replace("_", r"\_")
    return rf"\mathrm{{{escaped}}}"


def _right(block: Block, template: Template) -> str:
    written = [symbol(name) for name in block.inputs]
    form = template(block.op)
    if form and not block.attributes:
        safe = [x if _ATOM.fullmatch(x) or not x.startswith("-") else f"({x})" for x in written]
        return form.format(*safe)
    settings = [f"{symbol(name)}={_setting(value)}" for name, value in sorted(block.attributes.items())]
    name = block.op.replace("_", r"\_")
    inside = r",\; ".join(written + settings)
    return rf"\operatorname{{{name}}}\left({inside}\right)"


def _setting(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(str, value)) + ")"
    text = str(value)
    for character in r"\{}_^&%#$~":
        text = text.replace(character, " " if character in "\\~^" else "\\" + character)
    return rf"\text{{{text}}}"

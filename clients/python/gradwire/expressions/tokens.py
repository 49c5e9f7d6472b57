"""The words of a formula, each with its place; and errors that point at one."""

from __future__ import annotations

import re
from typing import NamedTuple

from gradwire.errors import GradwireError, TextSyntaxError

_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r]|\#[^\n]*|\\\n)+) | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?) |
    (?P<name>[A-Za-z_][A-Za-z0-9_]*) | (?P<text>"[^"\n]*"|'[^'\n]*') |
    (?P<mark>\.\.\.|\*\*|//|<=|>=|==|!=|&&|\|\||[-+*/%@<>=&|~^!()\[\],:;.\n])""",
    re.VERBOSE | re.ASCII,
)


class Token(NamedTuple):
    """A word of a formula.

    Attributes:
        kind: "number", "name", "text", "end", or the mark itself.
        word: as it is written.
        position: where it begins.
    """

    kind: str
    word: str
    position: int

    def __str__(self) -> str:
        return {"end": "the end", "\n": "the end of the line"}.get(self.kind, repr(self.word))


def tokens(text: str) -> list[Token]:
    """Cut a formula into its words, with "end" for the last one.

    Raises: TextSyntaxError at a character that no formula has.
    """
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise error_at(text, position, f"{text[position]!r} is no part of a formula")
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(Token(match.group() if kind == "mark" else kind, match.group(), position))
        position = match.end()
    return [*found, Token("end", "", len(text))]


def error_at(text: str, position: int, message: str, kind: type[GradwireError] = TextSyntaxError) -> GradwireError:
    """Return an error that tells line and column, and shows the place."""
    line = text.count("\n", 0, position) + 1
    start = text.rfind("\n", 0, position) + 1
    column = position - start + 1
    shown = text[start:].partition("\n")[0]
    cut = max(0, column - 60)  # a long line is shown around the place
    picture = f"{shown[cut : cut + 100]}\n{' ' * (column - 1 - cut)}^"
    where = f"line {line}, column {column}" if "\n" in text else f"column {column}"
    return kind(f"{where}: {message}\n{picture}", metadata={"line": str(line), "column": str(column)})

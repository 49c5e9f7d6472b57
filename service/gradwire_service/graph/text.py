"""The canonical text form of a graph, and its parser.

A line a statement; a composite is a block of lines in braces::

    graph logistic
    variable x: float64[batch, 30]
    variable w: float64[30]
    constant c: float64[2] = [0.5, 1.0]
    composite dense {
      …
    }
    u = matmul(x, w)
    s = sum(u, axis=[0], keepdims=false)
    output loss = s

Inputs come before attributes; a number among the inputs is a scalar that takes the element type of the others. `#`
begins a comment. `parse(write(graph)) == graph` for every graph whose names are names.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwire_service.errors import TextSyntaxError
from gradwire_service.graph.graph import Block, Constant, Graph, Variable
from gradwire_service.graph.types import LITERAL, NAME, Array, Attribute, ElementType

_INDENT = "  "


def write(graph: Graph, *, digests: bool = False) -> str:
    """Return the text form.

    Args:
        graph: any graph, valid or not.
        digests: tell constants by their SHA-256 instead of their elements: short, but not to be parsed.
    """
    lines = [f"graph {graph.name}"]
    todo: list[str | tuple[Graph, int]] = [(graph, 0)]
    while todo:  # composites may be nested as deep as the client likes
        item = todo.pop()
        if isinstance(item, str):
            lines.append(item)
            continue
        inner, depth = item
        body: list[str | tuple[Graph, int]] = []
        body.extend(_variable(variable) for variable in inner.variables)
        body.extend(_constant(constant, digests) for constant in inner.constants)
        for name, child in inner.composites.items():
            body.extend((f"composite {name} {{", (child, depth + 1), "}"))
        body.extend(_block(block) for block in inner.blocks)
        body.extend(f"output {name} = {value}" for name, value in inner.outputs.items())
        todo.extend(_INDENT * depth + line if isinstance(line, str) else line for line in reversed(body))
    return "\n".join(lines) + "\n"


def _variable(variable: Variable) -> str:
    dimensions = ", ".join(map(str, variable.dimensions))
    note = f" {json.dumps(variable.documentation)}" if variable.documentation else ""
    return f"variable {variable.name}: {variable.element_type}[{dimensions}]{note}"


def _constant(constant: Constant, digests: bool) -> str:
    value = np.ascontiguousarray(constant.value)
    shape = ", ".join(map(str, constant.value.shape))
    if digests:
        if value.dtype.kind == "f":
            value = np.where(np.isnan(value), value.dtype.type(np.nan), value)  # the text form knows but one NaN
        text = hashlib.sha256(value.tobytes()).hexdigest()
    else:
        elements = [_scalar(element) for element in value.ravel().tolist()]
        if value.dtype == np.float32:
            elements = [_scalar(float(str(element))) for element in value.ravel()]
        text = f"[{', '.join(elements)}]" if constant.value.ndim else elements[0]
    return f"constant {constant.name}: {ElementType.of(value.dtype)}[{shape}] = {text}"


def _block(block: Block) -> str:
    arguments = [*block.inputs, *(f"{name}={_attribute(value)}" for name, value in sorted(block.attributes.items()))]
    return f"{block.id} = {block.op}({', '.join(arguments)})"


def _attribute(value: Attribute) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(item if isinstance(item, str) else _scalar(item) for item in value)}]"
    return json.dumps(value) if isinstance(value, str) else _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value:+}"
    return str(value) if isinstance(value, ElementType) else repr(value)


# The parser: tokens by one regular expression, statements by their first word, composites on a stack.

_TOKEN = re.compile(
    rf"""(?P<space>[ \t\r]+|\#[^\n]*) | (?P<newline>\n) | (?P<number>{LITERAL.pattern})(?![\w.]) |
    (?P<name>{NAME.pattern}(?::[0-9]+)?(?![A-Za-z0-9_./-])) | (?P<text>"(?:[^"\\\n]|\\.)*") |
    (?P<mark>[=:(),\[\]{{}}])""",
    re.VERBOSE | re.ASCII,
)
_LARGEST_INTEGER = 2**63


@dataclass
class _Draft:
    """A graph in the making."""

    name: str
    variables: list[Variable] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    composites: dict[str, Graph] = field(default_factory=dict)

    def finish(self) -> Graph:
        parts = (tuple(self.blocks), self.outputs, tuple(self.variables), tuple(self.constants), self.composites)
        return Graph(*parts, name=self.name)


class _Tokens:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.error(f"{text[position]!r} is no part of a graph", position)
            if match.lastgroup != "space":
                self.tokens.append((str(match.lastgroup), match.group(), position))
            position = match.end()
        self.tokens += [("newline", "\n", position), ("end", "the end of the text", position)]
        self.index = 0

    def error(self, message: str, position: int | None = None) -> TextSyntaxError:
        position = self.tokens[self.index][2] if position is None else position
        line = self.text.count("\n", 0, position) + 1
        column = position - self.text.rfind("\n", 0, position)
        return TextSyntaxError(f"line {line}, column {column}: {message}", field="text", line=line, column=column)

    @property
    def kind(self) -> str:
        return self.tokens[self.index][0]

    @property
    def peek(self) -> str:
        return self.tokens[self.index][1]

    @property
    def last(self) -> int:
        """Position of the token that was taken last."""
        return self.tokens[self.index - 1][2]

    def take(self, *kinds: str, what: str = "") -> str:
        kind, token, _ = self.tokens[self.index]
        if kind not in kinds:
            found = "the end of the line" if kind == "newline" else repr(token) if kind != "end" else token
            raise self.error(f"{what or ' or '.join(kinds)} is due here, not {found}")
        self.index += 1
        return token

    def mark(self, mark: str) -> None:
        if self.peek != mark or self.kind != "mark":
            self.take("", what=repr(mark))
        self.index += 1

    def accept(self, mark: str) -> bool:
        found = self.kind == "mark" and self.peek == mark
        self.index += found
        return found


def parse(text: str) -> Graph:
    """Read the text form; that of a graph without a first line ``graph NAME`` is called "graph".

    Raises: TextSyntaxError with line and column. Whether the graph makes sense is for `validate` to say.
    """
    tokens = _Tokens(text)
    stack = [_Draft("graph")]
    while tokens.kind != "end":
        if tokens.kind == "newline":
            tokens.index += 1
            continue
        if tokens.accept("}"):
            if len(stack) == 1:
                raise tokens.error("'}' closes no composite")
            child = stack.pop()
            stack[-1].composites[child.name] = child.finish()
        else:
            _statement(tokens, stack)
        tokens.take("newline", what="the end of the line")
    if len(stack) > 1:
        raise tokens.error(f"composite {stack[-1].name!r} is not closed; '}}' is due")
    return stack[0].finish()


def _statement(tokens: _Tokens, stack: list[_Draft]) -> None:
    draft = stack[-1]
    word = tokens.take("name", what="a statement")
    if tokens.accept("="):
        draft.blocks.append(_parse_block(tokens, word))
        return
    name = tokens.take("name", what="a name")
    if word == "graph" and len(stack) == 1:
        draft.name = name
    elif word == "variable":
        element_type, dimensions = _parse_type(tokens)
        note = json.loads(tokens.take("text")) if tokens.kind == "text" else ""
        draft.variables.append(Variable(name, dimensions, element_type, note))
    elif word == "constant":
        draft.constants.append(_parse_constant(tokens, name))
    elif word == "output":
        if name in draft.outputs:
            raise tokens.error(f"two outputs are called {name!r}", tokens.last)
        tokens.mark("=")
        draft.outputs[name] = tokens.take("name", what="a value")
    elif word == "composite":
        if name in draft.composites:
            raise tokens.error(f"two composites are called {name!r}", tokens.last)
        tokens.mark("{")
        stack.append(_Draft(name))
    else:
        statements = "'graph', 'variable', 'constant', 'composite', 'output' or NAME = op(…)"
        raise tokens.error(f"a line begins with {statements}, not {word!r}")


def _parse_type(tokens: _Tokens) -> tuple[ElementType, tuple[int | str, ...]]:
    tokens.mark(":")
    word = tokens.take("name", what="an element type")
    try:
        element_type = ElementType(word)
    except ValueError:
        raise tokens.error(f"{word!r} is no element type; there are {', '.join(map(str, ElementType))}") from None
    dimensions: list[int | str] = []
    tokens.mark("[")
    while not tokens.accept("]"):
        if dimensions:
            tokens.mark(",")
        token = tokens.take("name", "number", what="a size, or the name of a dimension")
        dimensions.append(token if NAME.fullmatch(token) else _integer(tokens, token))
    return element_type, tuple(dimensions)


def _integer(tokens: _Tokens, token: str) -> int:
    try:
        value = int(token)
    except ValueError:
        raise tokens.error(f"{token!r} is not an integer") from None
    if not -_LARGEST_INTEGER <= value < _LARGEST_INTEGER:
        raise tokens.error(f"{token} does not fit in 64 bits")
    return value


def _parse_constant(tokens: _Tokens, name: str) -> Constant:
    element_type, shape = _parse_type(tokens)
    tokens.mark("=")
    if any(isinstance(size, str) for size in shape):
        raise tokens.error("a constant has no named dimensions")
    elements: list[Any] = []
    if tokens.accept("["):
        while not tokens.accept("]"):
            if elements:
                tokens.mark(",")
            elements.append(_number(tokens, element_type))
    else:
        elements.append(_number(tokens, element_type))
    sizes = tuple(int(size) for size in shape)
    if min(sizes, default=0) < 0 or math.prod(sizes) != len(elements):
        raise tokens.error(f"shape {list(sizes)} does not hold {len(elements)} elements")
    value: Array = np.array(elements, element_type.dtype).reshape(sizes)
    return Constant(name, value)


def _number(tokens: _Tokens, element_type: ElementType) -> bool | int | float:
    if tokens.kind == "name" and element_type is ElementType.BOOL and tokens.peek in ("true", "false"):
        return tokens.take("name") == "true"
    token = tokens.take("number", what=f"an element of type {element_type}")
    if element_type.is_floating:
        return float(token)
    value = _integer(tokens, token)
    if element_type is ElementType.BOOL or not -(2 ** (8 * element_type.itemsize - 1)) <= value < 2 ** (
        8 * element_type.itemsize - 1
    ):
        raise tokens.error(f"{token} is not of type {element_type}")
    return value


def _parse_block(tokens: _Tokens, block_id: str) -> Block:
    op = tokens.take("name", what="an op")
    tokens.mark("(")
    inputs: list[str] = []
    attributes: dict[str, Attribute] = {}
    while not tokens.accept(")"):
        if inputs or attributes:
            tokens.mark(",")
        token = tokens.take("name", "number", what="a value")
        if token in attributes and tokens.peek == "=":
            raise tokens.error(f"attribute {token!r} is stated twice", tokens.last)
        if tokens.accept("="):
            attributes[token] = _parse_attribute(tokens)
        elif attributes:
            raise tokens.error(f"value {token!r} comes after an attribute; inputs come first", tokens.last)
        else:
            inputs.append(token)
    return Block(block_id, op, tuple(inputs), attributes) if attributes else Block(block_id, op, tuple(inputs))


_WORDS: Mapping[str, Attribute] = {"true": True, "false": False} | {str(member): member for member in ElementType}


def _parse_attribute(tokens: _Tokens) -> Attribute:
    if not tokens.accept("["):
        return _parse_item(tokens, _WORDS)
    items: list[Any] = []
    while not tokens.accept("]"):
        if items:
            tokens.mark(",")
        items.append(tokens.take("name") if tokens.kind == "name" else _parse_item(tokens, {}))
    return tuple(items)


def _parse_item(tokens: _Tokens, words: Mapping[str, Attribute]) -> Attribute:
    token = tokens.take("name", "number", "text", what="the value of an attribute")
    if token in words:
        return words[token]
    if token.startswith('"'):
        try:
            return str(json.loads(token))
        except ValueError:
            raise tokens.error(f"{token} is not a text: escapes are those of JSON") from None
    if NAME.match(token):
        raise tokens.error(f"{token!r} is no value of an attribute; a text stands in double quotes")
    if re.fullmatch(r"[+-]?[0-9]+", token):
        return _integer(tokens, token)
    return float(token)

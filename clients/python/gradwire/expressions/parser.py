"""Text → values, word by word: operators wait on a stack for their right-hand sides, brackets on another.

Nothing here recurses, so no text is nested too deep; and nothing is evaluated but what the tables below name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from gradwire import building
from gradwire.catalog import OPS
from gradwire.errors import GradwireError, TextSyntaxError
from gradwire.expressions.numbers import calculate
from gradwire.expressions.tokens import Token, error_at, tokens
from gradwire.expressions.vocabulary import find, names
from gradwire.values import Constant, Output, Value, apply

_OPERATORS: Mapping[str, tuple[int, str]] = {
    "<": (1, "less"), "<=": (1, "less_equal"), ">": (1, "greater"), ">=": (1, "greater_equal"), "==": (1, "equal"),
    "!=": (1, "not_equal"), "|": (2, "logical_or"), "&": (3, "logical_and"), "+": (4, "add"), "-": (4, "subtract"),
    "*": (5, "multiply"), "/": (5, "divide"), "//": (5, "floor_divide"), "%": (5, "remainder"), "@": (5, "matmul"),
    "**": (7, "power"),
}  # fmt: skip
"""How tightly an operator of two operands binds, as in Python, and its op."""

_PREFIXES: Mapping[str, str] = {"-": "negative", "+": "", "~": "logical_not"}
_PREFIX_BINDS = 6  # less than ** on its right: -x**2 is -(x**2)
_COMPARISON = 1

_CONSTANTS: Mapping[str, Any] = {
    "pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan, "true": True, "True": True, "false": False,
    "False": False, "none": None, "None": None,
}  # fmt: skip

_REMEDIES: Mapping[str, str] = {
    "^": "a power is written **", "&&": "write &", "||": "write |", "!": "write ~ in front of a condition",
    "and": "write & between conditions, each in parentheses", "or": "write | between conditions, each in parentheses",
    "not": "write ~ in front of a condition", "if": "write where(condition, a, b)",
    "else": "write where(condition, a, b)", "lambda": "a formula has no functions of its own",
    "for": "use functions of whole arrays, such as sum", "in": "use functions of whole arrays, such as any",
    "is": "write ==",
}  # fmt: skip
"""What to write in place of words that other languages have."""

_NOTHING: Any = object()


@dataclass
class _Frame:
    """What an opened bracket, or a statement, has so far.

    Attributes:
        kind: "statement", "(", "call", "[" for a list, or "index".
        position: where it begins.
        head: the function that is called, or the value that is indexed.
        operands, operators: those that wait for a right-hand side.
        items: finished items before a comma.
        settings: finished items with a name.
        setting: name of the item that is being read.
        ends: ends of a slice that came before a colon; None outside a slice.
        several: whether there was a comma.
    """

    kind: str
    position: int
    head: Any = None
    operands: list[Any] = field(default_factory=list)
    operators: list[tuple[int, str, Token]] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    setting: str = ""
    ends: list[Any] | None = None
    several: bool = False


def parse(text: str, variables: Mapping[str, Value]) -> Value:
    """Return the value of a formula.

    Raises: TextSyntaxError with line, column and remedy; ShapeError when shapes can't fit.
    """
    return _Parser(text, variables).value()


class _Parser:
    def __init__(self, text: str, variables: Mapping[str, Value]) -> None:
        self.text = text
        self.names: dict[str, Any] = dict(variables)
        self.tokens = tokens(text)
        self.place = 0
        self.frames: list[_Frame] = []
        self.due = True  # whether an operand is

    def error(self, token: Token | int, message: str) -> GradwireError:
        return error_at(self.text, token.position if isinstance(token, Token) else token, message)

    def called(self, position: int, function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
        """Call a function; tell the place when it refuses."""
        try:
            return function(*arguments, **settings)
        except TextSyntaxError:
            raise
        except GradwireError as error:
            raise error_at(self.text, position, error.message, type(error)) from None
        except (TypeError, ValueError, IndexError) as error:
            raise self.error(position, str(error)) from None

    # Statements

    def value(self) -> Value:
        result = _NOTHING
        while self.tokens[self.place].kind != "end":
            if self.tokens[self.place].kind in (";", "\n"):
                self.place += 1
                continue
            targets = self.targets()
            start = self.tokens[self.place].position
            result = self.statement(start)
            for target, value in zip(targets, self.parts(targets, result), strict=True):
                self.assign(target, value)
        if result is _NOTHING:
            raise self.error(0, "the formula is empty")
        if isinstance(result, Value):
            return result
        if isinstance(result, tuple | list) and any(isinstance(x, Value) for x in result):
            raise self.error(0, f"these are {len(result)} values; name them, as in a, b = …, and end with one")
        return self.called(0, lambda: Constant(float(result) if type(result) is int else result))

    def targets(self) -> list[Token]:
        """Read ``u =`` or ``w, v =`` at the beginning of a statement."""
        end = self.place
        while self.tokens[end].kind == "name" and self.tokens[end + 1].kind == ",":
            end += 2
        if self.tokens[end].kind != "name" or self.tokens[end + 1].kind != "=":
            return []
        found = self.tokens[self.place : end + 1 : 2]
        self.place = end + 2
        return found

    def parts(self, targets: list[Token], result: Any) -> list[Any]:
        if len(targets) <= 1:
            return [result][: len(targets)]
        if not isinstance(result, list | tuple) or len(result) != len(targets):
            count = len(result) if isinstance(result, list | tuple) else 1
            raise self.error(targets[0], f"{len(targets)} names for {count} values")
        return list(result)

    def assign(self, target: Token, value: Any) -> None:
        if target.word in self.names:
            raise self.error(target, f"{target.word!r} stands for another value already; choose a new name")
        self.names[target.word] = value
        if isinstance(value, Value) and not value.label and not isinstance(value, Output):  # it is named by its first
            self.called(target.position, building.name, target.word, value)

    def statement(self, position: int) -> Any:
        """Read up to the end of a statement; return its value."""
        self.frames = [_Frame("statement", position)]
        self.due = True
        while True:
            token = self.tokens[self.place]
            if token.kind == "\n" and len(self.frames) > 1:
                self.place += 1  # inside brackets a line may end anywhere
                continue
            if token.kind in ("end", "\n", ";"):
                if len(self.frames) > 1:
                    frame = self.frames[-1]
                    raise self.error(frame.position, "this bracket is not closed")
                self.finish_item(token)
                return self.frames[0].items[0]
            self.place += 1
            if token.word in _REMEDIES and token.kind != "text":
                raise self.error(token, f"{token} is not known here; {_REMEDIES[token.word]}")
            (self.operand if self.due else self.operator)(token)

    # Where an operand is due

    def operand(self, token: Token) -> None:
        frame = self.frames[-1]
        match token.kind:
            case "number":
                self.push(_number(token.word))
                following = self.tokens[self.place]
                if following.kind == "name" and following.position == token.position + len(token.word):
                    raise self.error(following, f"write {token.word} * {following.word}")
            case "text":
                self.push(token.word[1:-1])
            case "name":
                self.name(token)
            case "(" | "[":
                self.frames.append(_Frame(token.kind, token.position))
            case "-" | "+" | "~":
                frame.operators.append((_PREFIX_BINDS, _PREFIXES[token.kind], token))
            case "..." if frame.kind == "index":
                self.push(Ellipsis)
            case ":" if frame.kind == "index" and not frame.operators:
                frame.operands.append(None)
                self.colon(token)
            case "," if frame.ends is not None:  # x[1:, 0]
                self.separate(token)
            case ")" | "]":
                self.close(token)
            case _:
                raise self.error(token, f"a value is due here, not {token}")

    def push(self, value: Any) -> None:
        self.frames[-1].operands.append(value)
        self.due = False

    def name(self, token: Token) -> None:
        frame = self.frames[-1]
        following = self.tokens[self.place]
        if frame.kind == "call" and following.kind == "=" and not frame.operators and not frame.setting:
            self.place += 1
            frame.setting = token.word
        elif token.word in self.names:
            self.push(self.names[token.word])
        elif following.kind in ("(", "."):
            self.call(token)
        elif token.word in _CONSTANTS:
            self.push(_CONSTANTS[token.word])
        else:
            raise self.error(token, f"nothing is called {token.word!r}; {self.remedy(token.word)}")

    def remedy(self, word: str) -> str:
        near = get_close_matches(word, [*self.names, *_CONSTANTS], n=1)
        if near:
            return f"did you mean {near[0]}?"
        if find(word) is not None:
            return f"it is a function: write {word}(…)"
        return f"give its shape: {word}=(…) in Python, --variable {word}=… on the command line"

    def call(self, token: Token) -> None:
        """Open the bracket of a call, such as ``exp(`` or ``linalg.det(``."""
        word = token.word
        while self.tokens[self.place].kind == "." and self.tokens[self.place + 1].kind == "name":
            word += f".{self.tokens[self.place + 1].word}"
            self.place += 2
        function = find(word)
        if function is None or self.tokens[self.place].kind != "(":
            near = get_close_matches(word, names(), n=1)
            more = f"; did you mean {near[0]}?" if near else "; `gradwire ops` lists those that there are"
            raise self.error(token, f"there is no function {word!r}{more}")
        self.place += 1
        self.frames.append(_Frame("call", token.position, head=(word, function)))

    # Where an operator is due

    def operator(self, token: Token) -> None:
        frame = self.frames[-1]
        if token.kind in _OPERATORS:
            binds, op = _OPERATORS[token.kind]
            self.reduce(frame, binds + (token.kind == "**"))  # a**b**c is a**(b**c)
            if binds == _COMPARISON and frame.operators and frame.operators[-1][0] == _COMPARISON:
                raise self.error(token, "comparisons don't chain; write (a < b) & (b < c)")
            frame.operators.append((binds, op, token))
            self.due = True
            return
        match token.kind:
            case ")" | "]":
                self.close(token)
            case "[":
                self.frames.append(_Frame("index", token.position, head=frame.operands.pop()))
                self.due = True
            case "," if frame.kind != "statement":
                self.separate(token)
            case ":" if frame.kind == "index":
                self.reduce(frame, 0)
                self.colon(token)
            case ".":
                self.attribute(frame)
            case "=":
                raise self.error(token, "a comparison is written ==; a name is given at the start of a statement")
            case _:
                raise self.error(token, f"an operator is due here, not {token}")

    def attribute(self, frame: _Frame) -> None:
        token = self.tokens[self.place]
        if token.word not in ("T", "mT"):
            raise self.error(token, f"values have .T and .mT here; write functions as {token.word}(…)")
        self.place += 1
        value = frame.operands.pop()
        op = "transpose" if token.word == "T" else "matrix_transpose"
        frame.operands.append(self.called(token.position, apply, op, value))

    def colon(self, token: Token) -> None:
        frame = self.frames[-1]
        frame.ends = [*(frame.ends or []), frame.operands.pop()]
        if len(frame.ends) > 2:
            raise self.error(token, "a slice has at most two colons")
        self.due = True

    def reduce(self, frame: _Frame, above: int) -> None:
        """Apply the operators that bind at least as tightly as the one that comes; a comparison waits to be seen."""
        while frame.operators and frame.operators[-1][0] >= max(above, _COMPARISON + (above == _COMPARISON)):
            binds, op, token = frame.operators.pop()
            right = frame.operands.pop()
            operands = (right,) if binds == _PREFIX_BINDS else (frame.operands.pop(), right)
            result = self.called(token.position, _applied, op, *operands) if op else right
            frame.operands.append(result)

    # Where a bracket or an item ends

    def separate(self, token: Token) -> None:
        self.finish_item(token)
        self.frames[-1].several = True
        self.due = True

    def finish_item(self, token: Token) -> None:
        """Take what stands between two commas into the frame."""
        frame = self.frames[-1]
        if self.due:
            if frame.ends is None or frame.operators:
                raise self.error(token, f"a value is due here, not {token}")
            frame.operands.append(None)  # x[1:]
        self.reduce(frame, 0)
        item = frame.operands.pop()
        if frame.ends is not None:
            start, *middle = [*frame.ends, item]
            item = slice(start, *middle)
            frame.ends = None
        if frame.setting:
            frame.settings[frame.setting] = item
            frame.setting = ""
        elif frame.settings:
            raise self.error(token, "settings such as axis=0 come last")
        else:
            frame.items.append(item)

    def close(self, token: Token) -> None:
        frame = self.frames[-1]
        opened = "[" if frame.kind in ("[", "index") else "("
        if frame.kind == "statement" or (opened == "(") != (token.kind == ")"):
            raise self.error(token, f"{token} closes no bracket")
        bare = self.due and not frame.operands and not frame.operators and not frame.setting and frame.ends is None
        if not bare or (not frame.several and frame.kind == "index"):  # f(), [] and (a, b,) are fine; x[] is not
            self.finish_item(token)
        self.frames.pop()
        self.push(self.closed(frame))

    def closed(self, frame: _Frame) -> Any:
        match frame.kind:
            case "call":
                word, function = frame.head
                items = _with_floats(word, frame.items)
                return self.called(frame.position, function, *items, **frame.settings)
            case "index":
                index = tuple(frame.items) if frame.several else frame.items[0]
                head = Constant(frame.head) if isinstance(frame.head, list) and _is_numeric(frame.head) else frame.head
                return self.called(frame.position, lambda: head[index])
            case "(" if not frame.several and frame.items:
                return frame.items[0]
            case _:
                return frame.items


def _number(word: str) -> int | float:
    return int(word) if word.isdecimal() and len(word) < 19 else float(word)


def _is_numeric(items: list[Any]) -> bool:
    return all(isinstance(x, int | float | list) for x in items)


def _applied(op: str, *operands: Any) -> Any:
    """Apply an operator: numbers alone make a number, all else a value."""
    if all(isinstance(x, bool | int | float) for x in operands):
        return calculate(op, *operands)
    if op not in OPS:
        raise TypeError(f"there is no op {op}")
    return apply(op, *(Constant(x) if isinstance(x, list) else x for x in operands))


def _with_floats(word: str, items: list[Any]) -> list[Any]:
    """Make the inputs of an elementwise op floating when all are numbers: ``sqrt(2)`` is that of 2.0."""
    signature = OPS.get(word)
    if signature is None or not signature.elementwise:
        return items
    count = len(signature.inputs)
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in items[:count]):
        return items
    return [*(Constant(float(x)) for x in items[:count]), *items[count:]]

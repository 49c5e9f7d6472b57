"""What the instruction loop knows to do, and its kernel: one loop for each instruction, and one around them all.

A value is as many words of 8 bytes as it has elements, wherever they lie. A word holds a float64, or an int64 for
integers and truth values; a float32 is a float64 that is rounded after each operation, which gives sums, products,
quotients and roots their bits. An instruction reads words at addresses that the program lists and writes words that
lie side by side.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache

from gradwire_backends.numba.lowering import FUNCTIONS, SHORT_POWERS, lower
from gradwire_service.errors import ElementTypeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, ElementType, TensorType
from gradwire_service.ops.arithmetic import IntegerPow
from gradwire_service.ops.base import Composite, Elementwise, Op
from gradwire_service.ops.piecewise import Where

Key = tuple[str, tuple[ElementType, ...], ElementType]
"""An instruction: what it does, and the kinds of words that it reads and writes."""

WORD = 8
"""Bytes of a word."""

HEAD, ROWS, ADDRESSES, WORDS, CONSTANTS, ARRAYS = range(6)
"""Places in the table: which rows to run, rows, addresses, words, constants, and the first of all other arrays."""

SCRATCH_BITS = 8
SCRATCH = 2**SCRATCH_BITS
"""Words at the beginning that no element lies in: operands of functions are laid there."""

FIELDS = 6
"""Integers of a row: instruction, number of elements, first result, first address, step between the addresses of
operands, number of operands. `fetch` has the place of an array for an address, `deliver` for a result."""

WIDE = {FLOAT64: FLOAT64, FLOAT32: FLOAT64, INT64: INT64, INT32: INT64, BOOL: BOOL}
"""The kind of words that elements become."""

ROUND: Key = ("float64(float32({0}))", (FLOAT64,), FLOAT64)
WRAP: Key = ("int64(int32({0}))", (INT64,), INT64)
POWER: Key = ("power({0}, {1})", (FLOAT64, FLOAT64), FLOAT64)
DIVIDE: Key = ("{0} / {1}", (FLOAT64, FLOAT64), FLOAT64)
DOT: Key = ("dot", (FLOAT64, FLOAT64), FLOAT64)

CONVERSIONS: tuple[Key, ...] = (
    ROUND,
    WRAP,
    ("float64({0})", (INT64,), FLOAT64),
    ("{0} != 0", (FLOAT64,), BOOL),
    ("{0} != 0", (INT64,), BOOL),
)

FOLDS = {
    ("sum", FLOAT64): ("float64(0)", "accumulate({0}, {1})"),
    ("sum", INT64): ("0", "{0} + {1}"),
    ("prod", FLOAT64): ("float64(1)", "{0} * {1}"),
    ("prod", INT64): ("1", "{0} * {1}"),
    ("max", FLOAT64): ("", "maximum({0}, {1})"),
    ("max", INT64): ("", "select({0} >= {1}, {0}, {1})"),
    ("min", FLOAT64): ("", "minimum({0}, {1})"),
    ("min", INT64): ("", "select({0} <= {1}, {0}, {1})"),
}
"""Reductions: what they begin with, the first term where there is nothing, and how a term is combined."""

ANYWHERE = 64
"""Stream of words at listed addresses, of which LLVM is told nothing: it would gather them in lanes, more slowly."""

_POINTERS = {FLOAT64: "float64s", FLOAT32: "float32s", INT64: "int64s", INT32: "int32s", BOOL: "booleans"}
_FUNCTION = re.compile(rf"(?:{'|'.join(sorted(FUNCTIONS))})\(")


def fetch(kind: ElementType) -> Key:
    """Return the instruction that reads an array."""
    return ("fetch", (kind,), WIDE[kind])


def deliver(kind: ElementType) -> Key:
    """Return the instruction that writes an array."""
    return ("deliver", (WIDE[kind],), kind)


def fold(name: str, kind: ElementType) -> Key:
    """Return the instruction of a reduction."""
    return (name, (kind,), kind)


def pointwise(op: Elementwise, result: ElementType, kinds: Sequence[ElementType]) -> Key | None:
    """Return the instruction of an element-wise op, or None."""
    wide = [WIDE[kind] for kind in kinds]
    if isinstance(op, Where):  # which only moves words
        wide[1:] = [FLOAT64 if kind is FLOAT64 else INT64 for kind in wide[1:]]
        result = wide[1]
    text = lower(op, WIDE[result], *wide)
    return None if text is None else (text, tuple(wide), WIDE[result])


@cache
def instructions() -> dict[Key, int]:
    """Return the number of each instruction."""
    return {key: number for number, key in enumerate(_costs())}


def costs() -> list[int]:
    """Return about how many nanoseconds each instruction takes for an element, or of a reduction for a term."""
    return list(_costs().values())


@cache
def _costs() -> dict[Key, int]:
    """Find all instructions: of all ops that have a fragment and no attributes, and a few more."""
    found: dict[Key, int] = dict.fromkeys(CONVERSIONS, 1)
    for power in SHORT_POWERS:
        key = pointwise(IntegerPow(power), FLOAT64, (FLOAT64,))
        assert key is not None
        found[key] = 2
    for name in sorted(Op.registry):
        cls = Op.registry[name]
        if not issubclass(cls, Elementwise) or issubclass(cls, Composite):
            continue
        if fields(cls):  # type: ignore[arg-type]  # every op is a dataclass
            continue
        op, arity = cls(), len(inspect.signature(cls.evaluate).parameters) - 2  # self and the namespace
        for kind in (FLOAT64, INT64, BOOL):
            kinds = [cls.unpromoted.get(i, kind) for i in range(arity)]
            try:
                result = op.infer(*[TensorType((), kind) for kind in kinds]).element_type
            except ElementTypeError:
                continue
            key = pointwise(op, result, kinds)
            if key is not None and key[0] != "{0}":
                found[key] = max(int(op.work), 1)
    for kind in ElementType:
        found[fetch(kind)] = found[deliver(kind)] = 1
    for name, kind in FOLDS:
        found[fold(name, kind)] = 1
    found[DOT] = 1
    return found


@cache
def source() -> str:
    """Return the source of the kernel."""
    lines = [
        "def kernel0(t):",
        f"    h = int64s(item(t, {HEAD}), 0)",
        f"    r = int64s(item(t, {ROWS}), 0)",
        f"    x = int32s(item(t, {ADDRESSES}), 0)",
        f"    w = float64s(item(t, {WORDS}), 0)",
        f"    q = int64s(item(t, {WORDS}), 0)",
        "    for k in range(load(h, 0, 0, 0), load(h, 1, 0, 0)):",
        *(
            f"        {name} = load(r, k * {FIELDS} + {place}, 0, 1)"
            for place, name in enumerate(("c", "n", "o", "s", "d", "m"))
        ),
    ]
    for key, number in instructions().items():
        lines.append(f"        {'el' if number else ''}if c == {number}:")
        lines += [" " * 12 + line for line in _lines(key, number + 1)]
    return "\n".join(lines)


@cache
def identity() -> str:
    """Return the identity of the kernel."""
    return hashlib.sha256(source().encode()).hexdigest()


def _lines(key: Key, nest: int) -> Iterator[str]:
    """Write the loop of an instruction."""
    name, kinds, result = key
    if name == "fetch":
        yield f"p = {_POINTERS[kinds[0]]}(item(t, s), 0)"
        yield "for i in range(n):"
        yield "    " + _stored(f"load(p, i, {nest}, 1)", result, nest)
    elif name == "deliver":
        yield f"p = {_POINTERS[result]}(item(t, o), 0)"
        number = "boolean" if result is BOOL else str(result)
        yield "for i in range(n):"
        yield f"    store(p, i, {number}({_operand('i', kinds[0], nest)}), {nest}, 0)"
    elif key == DOT:
        yield "for i in range(n):"
        yield "    a = float64(0)"
        yield "    for j in range(m >> 1):"
        term = f"{_operand('j * d + i', FLOAT64, nest)} * {_operand('((m >> 1) + j) * d + i', FLOAT64, nest)}"
        yield f"        a = accumulate(a, {term})"
        yield "    " + _stored("a", FLOAT64, nest)
    elif (name, result) in FOLDS:
        begin, combined = FOLDS[name, result]
        yield "for i in range(n):"
        yield f"    a = {begin or _operand('i', result, nest)}"
        yield f"    for j in range({0 if begin else 1}, m):"
        yield f"        b = {_operand('j * d + i', result, nest)}"
        yield f"        a = {combined.format('a', 'b')}"
        yield "    " + _stored("a", result, nest)
    elif result is FLOAT64 and kinds in ((FLOAT64,), (FLOAT64, FLOAT64)) and _FUNCTION.match(name):
        # Functions run in lanes, gathering does not: operands are laid side by side before.
        places = ("o + b + i", "i")[: len(kinds)]
        yield f"for j in range((n + {SCRATCH - 1}) >> {SCRATCH_BITS}):"
        yield f"    b = j * {SCRATCH}"
        yield f"    a = select(n - b < {SCRATCH}, n - b, {SCRATCH})"
        for stream, (place, operand) in enumerate(zip(places, ("b + i", "d + b + i"), strict=False)):
            yield "    for i in range(a):"
            yield f"        store(w, {place}, {_operand(operand, FLOAT64, nest)}, {nest}, {stream})"
        yield "    for i in range(a):"
        values = [f"load(w, {place}, {nest}, {stream})" for stream, place in enumerate(places)]
        yield f"        store(w, o + b + i, {name.format(*values)}, {nest}, 0)"
    else:
        yield "for i in range(n):"
        names = [f"v{place}" for place in range(len(kinds))]
        for operand, kind, place in zip(names, kinds, ("i", "d + i", "2 * d + i"), strict=False):
            yield f"    {operand} = {_operand(place, kind, nest)}"
        yield "    " + _stored(name.format(*names), result, nest)


def _operand(place: str, kind: ElementType, nest: int) -> str:
    """Write an operand: the word at the address that stands at a place."""
    address = f"load(x, s + {place}, {nest}, 2)"
    if kind is FLOAT64:
        return f"load(w, {address}, {nest}, {ANYWHERE})"
    word = f"load(q, {address}, {nest}, {ANYWHERE})"
    return f"({word} != 0)" if kind is BOOL else word


def _stored(what: str, kind: ElementType, nest: int) -> str:
    """Write how a result becomes a word."""
    if kind is FLOAT64:
        return f"store(w, o + i, float64({what}), {nest}, 0)"
    return f"store(q, o + i, int64({what}), {nest}, 0)"

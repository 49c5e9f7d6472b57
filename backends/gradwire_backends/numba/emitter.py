"""From the tree of a source to LLVM's code, without numba's front end between; imported by the compiler alone.

A source is small in its forms and large in its lines. numba finds out the type of a line and lowers it in some
milliseconds; this does so in some microseconds, since every type is known where a value is made. Words are numba's all
the same: `primitive` ones emit code by themselves, compiled ones are called as numba calls them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

alloca_once: Any = cgutils.alloca_once
alloca_once_value: Any = cgutils.alloca_once_value
literal: Any = types.literal

I64 = ir.IntType(64)
SHORT = 64
"""Turns up to which a loop whose number of turns is in the source has idle lanes rather than a rest."""
WIDTHS = (types.boolean, types.int32, types.int64, types.float32, types.float64)

Typed = tuple[Any, Any]
"""A value of LLVM's, and its type."""

_INTEGER = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.RShift: "ashr", ast.LShift: "shl",
    ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor",
}  # fmt: skip
_FLOATING = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_COMPARED = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


def entry(function: ast.FunctionDef, vocabulary: Mapping[str, Any], emitter: type[Emitter]) -> Any:
    """Return a function of a source in a form that numba compiles.

    Args:
        function: of a source that was held against the grammar.
        vocabulary: what each word stands for.
        emitter: what emits it.
    """

    def rule(typing: Any, table: Any) -> tuple[Any, Any]:
        def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
            given = {function.args.args[0].arg: (arguments[0], table)}
            return emit(function.body, given, typing, context, builder, vocabulary, emitter)

        return types.int64(table), generate

    body: Any = intrinsic(rule)

    def kernel(table: int) -> Any:
        return body(table)

    kernel.__name__ = kernel.__qualname__ = function.name
    return kernel


def emit(
    body: Sequence[ast.stmt],
    given: Mapping[str, Typed],
    typing: Any,
    context: Any,
    builder: Any,
    vocabulary: Mapping[str, Any],
    kind: type[Emitter] | None = None,
) -> Any:
    """Emit the body of a function; return its status.

    Args:
        body: its lines.
        given: its arguments, by name.
        typing, context, builder: numba's and LLVM's.
        vocabulary: what each word stands for.
        kind: what emits it; None: `Emitter`.
    """
    emitter = (kind or Emitter)(typing, context, builder, vocabulary, _moving(body))
    for name, typed in given.items():
        emitter.assign(name, typed)
    emitter.lines(body)
    return emitter.ended()


def _moving(body: Sequence[ast.stmt]) -> set[str]:
    """Return the names that a loop or a branch gives another value: these are places, all others are values."""
    seen: dict[str, list[tuple[int, ...]]] = {}
    moving: set[str] = set()

    def walk(lines: Sequence[ast.stmt], path: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
        for number, line in enumerate(lines):
            match line:
                case ast.Assign(targets=[ast.Name(id=name)]):
                    yield name, path
                case ast.For(target=ast.Name(id=name)):
                    yield from walk(line.body, (*path, number))
                case ast.If():
                    yield from walk(line.body, (*path, number))
                    yield from walk(line.orelse, (*path, ~number))

    for name, path in walk(body, ()):
        earlier = seen.setdefault(name, [])
        if any(path[: len(other)] == other and path != other for other in earlier):
            moving.add(name)
        earlier.append(path)
    return moving


class Emitter:
    """Emits one function."""

    def __init__(
        self, typing: Any, context: Any, builder: Any, vocabulary: Mapping[str, Any], moving: set[str]
    ) -> None:
        self._typing, self._context, self._builder = typing, context, builder
        self._vocabulary, self._moving = vocabulary, moving
        self._names: dict[str, Typed] = {}
        self._calls: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        self._loops = 0
        self._status = alloca_once_value(builder, I64(0))
        self._end = builder.append_basic_block("end")

    def ended(self) -> Any:
        """End the function; return its status: 0, or what was noted last."""
        self._builder.branch(self._end)
        self._builder.position_at_end(self._end)
        return self._builder.load(self._status)

    # Lines

    def lines(self, lines: Sequence[ast.stmt]) -> None:
        """Emit one line after the other."""
        for line in lines:
            match line:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.assign(name, self.value(value))
                case ast.Assign(targets=[ast.Subscript(value=pointer, slice=index)], value=value):
                    self._store(self.value(pointer), self._number(index), self.value(value))
                case ast.For(target=ast.Name(id=name), iter=ast.Call(args=bounds), body=body):
                    first = self._number(bounds[0]) if len(bounds) == 2 else I64(0)
                    self._loop(name, first, self._number(bounds[-1]), body)
                case ast.If(test=test, body=body, orelse=other):
                    with self._builder.if_else(self._truth(self.value(test))) as (then, otherwise):
                        with then:
                            self.lines(body)
                        with otherwise:
                            self.lines(other)
                case ast.Expr(value=ast.Call(func=ast.Name(id="stop_unless"), args=[test, status])):
                    self._stop_unless(self._truth(self.value(test)), self._number(status))
                case ast.Expr(value=ast.Call(func=ast.Name(id="note_if"), args=[test, status])):
                    before = self._builder.load(self._status)
                    chosen = self._builder.select(self._truth(self.value(test)), self._number(status), before)
                    self._builder.store(chosen, self._status)
                case ast.Expr(value=value):
                    self.value(value)
                case _:
                    raise ValueError(f"a kernel holds {ast.dump(line)[:200]}")

    def assign(self, name: str, typed: Typed) -> None:
        """Give a name a value."""
        if name not in self._moving:
            self._names[name] = typed
            return
        value, kind = typed
        if name not in self._names or self._names[name][1] is not kind:
            self._names[name] = alloca_once(self._builder, value.type), kind
        self._builder.store(value, self._names[name][0])

    def _store(self, pointer: Typed, index: Any, typed: Typed) -> None:
        value = self._cast(typed, pointer[1].dtype)
        self._builder.store(value, self._place(pointer, index))

    def _place(self, pointer: Typed, index: Any) -> Any:
        """Return the pointer to an element that is read or written by its index."""
        return self._builder.gep(pointer[0], [index])

    def _loop(self, name: str, first: Any, end: Any, body: Sequence[ast.stmt]) -> None:
        builder = self._builder
        inside, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        before = builder.block
        builder.cbranch(builder.icmp_signed("<", first, end), inside, after)
        builder.position_at_end(inside)
        number = builder.phi(I64)
        number.add_incoming(first, before)
        self._names[name] = number, types.int64
        self._loops += 1
        self.lines(body)
        self._loops -= 1
        following = builder.add(number, I64(1), flags=("nsw",))
        number.add_incoming(following, builder.block)
        branch = builder.cbranch(builder.icmp_signed("<", following, end), inside, after)
        if isinstance(end, ir.Constant) and isinstance(first, ir.Constant) and end.constant <= SHORT:
            self._masked(branch)
        builder.position_at_end(after)

    def _masked(self, branch: Any) -> None:
        """Let lanes idle in the last turn of a short loop: a rest of single turns takes longer than all others."""
        module, yes = self._builder.module, ir.Constant(ir.IntType(1), 1)
        hint = module.add_metadata([ir.MetaDataString(module, "llvm.loop.vectorize.predicate.enable"), yes])
        loop = ir.MDValue(module, [], name=str(len(module.metadata)))
        loop.operands = (loop, hint)  # a loop's own node comes first, so that no two are one
        branch.set_metadata("llvm.loop", loop)

    def _stop_unless(self, test: Any, status: Any) -> None:
        """End the function here unless something holds."""
        stop, go_on = (self._builder.append_basic_block(name) for name in ("stop", "on"))
        self._builder.cbranch(test, go_on, stop)
        self._builder.position_at_end(stop)
        self._builder.store(status, self._status)
        self._builder.branch(self._end)
        self._builder.position_at_end(go_on)

    # Values

    def value(self, node: ast.expr) -> Typed:
        """Emit an expression."""
        match node:
            case ast.Name(id=name):
                place, kind = self._names[name]
                return (self._builder.load(place) if name in self._moving else place), kind
            case ast.Constant(value=int() as number):
                return I64(number), types.int64
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(type(op), self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._negative(self.value(operand))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(_COMPARED[type(op)], self.value(left), self.value(right))
            case ast.Subscript(value=pointer, slice=index):
                start, place = self.value(pointer), self._number(index)
                return self._builder.load(self._place(start, place)), start[1].dtype
            case ast.Call(func=ast.Name(id=word), args=arguments):
                return self._call(word, arguments)
        raise ValueError(f"a kernel holds {ast.dump(node)[:200]}")

    def _call(self, word: str, nodes: Sequence[ast.expr]) -> Typed:
        meaning = self._vocabulary[word]
        if isinstance(meaning, types.Type):
            (typed,) = map(self.value, nodes)
            return self._cast(typed, meaning), meaning
        return self._applied(word, nodes, [self.value(node) for node in nodes])

    def _applied(self, word: str, nodes: Sequence[ast.expr], given: Sequence[Typed]) -> Typed:
        """Emit a word that is a function, of given arguments."""
        meaning = self._vocabulary[word]
        kinds = tuple(
            literal(node.value) if isinstance(node, ast.Constant) else kind
            for node, (_, kind) in zip(nodes, given, strict=True)
        )
        rule = getattr(meaning, "rule", None)
        if rule is not None:
            signature, generate = rule(self._typing, *kinds)
        else:
            signature, generate = self._compiled(word, meaning, tuple(kind for _, kind in given))
        values = [
            value if isinstance(wanted, types.Literal) else self._cast((value, kind), wanted)
            for (value, kind), wanted in zip(given, signature.args, strict=True)
        ]
        if rule is not None:
            return generate(self._context, self._builder, signature, values), signature.return_type
        call = generate if self._loops else self._outside(word, signature, generate)
        return call(self._builder, values), signature.return_type

    def _outside(self, word: str, signature: Any, generate: Any) -> Any:
        """Return what emits a call of a compiled word that stays a function: no lanes are to be had outside loops.

        The code of a few hundred functions in a line would not fit where a processor keeps what it runs.
        """
        module, convention = self._builder.module, self._context.call_conv
        name = f"{word}{signature.args}"
        function = module.globals.get(name)
        if function is None:
            form = convention.get_function_type(signature.return_type, signature.args)
            function = ir.Function(module, form, name)
            function.linkage = "internal"
            function.attributes.add("noinline")
            builder = ir.IRBuilder(function.append_basic_block("entry"))
            convention.return_value(builder, generate(builder, convention.get_arguments(function)))

        def call(builder: Any, values: Sequence[Any]) -> Any:
            _, value = convention.call_function(builder, function, signature.return_type, signature.args, values)
            return value

        return call

    def _compiled(self, word: str, function: Any, kinds: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the signature of a compiled word, and what emits a call."""
        key = (word, *kinds)
        if key not in self._calls:
            resolved = self._typing.resolve_value_type(function)
            signature = resolved.get_call_type(self._typing, kinds, {})
            self._calls[key] = signature, self._context.get_function(resolved, signature)
        return self._calls[key]

    def _arithmetic(self, op: type[ast.operator], left: Typed, right: Typed) -> Typed:
        if left[1] is right[1] is types.boolean and op in (ast.BitAnd, ast.BitOr, ast.BitXor):
            kind: Any = types.boolean
        else:
            kind = _wider(left[1], right[1])
            if op is ast.Div and kind is types.int64:
                kind = types.float64
        operation = (_FLOATING if isinstance(kind, types.Float) else _INTEGER)[op]
        return getattr(self._builder, operation)(self._cast(left, kind), self._cast(right, kind)), kind

    def _negative(self, typed: Typed) -> Typed:
        value, kind = typed
        if isinstance(kind, types.Float):
            return self._builder.fneg(value), kind
        return self._builder.neg(self._cast(typed, types.int64)), types.int64

    def _compared(self, how: str, left: Typed, right: Typed) -> Typed:
        kind = _wider(left[1], right[1])
        one, other = self._cast(left, kind), self._cast(right, kind)
        if not isinstance(kind, types.Float):
            return self._builder.icmp_signed(how, one, other), types.boolean
        compare = self._builder.fcmp_unordered if how == "!=" else self._builder.fcmp_ordered
        return compare(how, one, other), types.boolean

    def _number(self, node: ast.expr) -> Any:
        return self._cast(self.value(node), types.int64)

    def _truth(self, typed: Typed) -> Any:
        return self._cast(typed, types.boolean)

    def _cast(self, typed: Typed, wanted: Any) -> Any:
        """Convert a number; pointers and numbers of the type that is wanted stay."""
        value, kind = typed
        if kind is wanted or kind == wanted:
            return value
        if wanted is types.boolean:
            zero = ir.Constant(value.type, 0)
            floating = isinstance(kind, types.Float)
            compare = self._builder.fcmp_unordered if floating else self._builder.icmp_signed
            return compare("!=", value, zero)
        if kind is types.boolean:
            widened = self._builder.zext(value, I64)
            return self._cast((widened, types.int64), wanted)
        return self._context.cast(self._builder, value, kind, wanted)


def _wider(left: Any, right: Any) -> Any:
    """Return the type that arithmetic on two types is done in: integers have 64 bits."""
    wider = max(left, right, key=WIDTHS.index)
    return wider if isinstance(wider, types.Float) else types.int64

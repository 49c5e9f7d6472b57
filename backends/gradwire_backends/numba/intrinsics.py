"""What generated source is made of below Python's operators: memory, selection, single machine operations.

Imported by the compiler alone. Loads and stores say which stream of which loop nest they belong to: streams of one nest
never overlap, and LLVM, told so, vectorises without run-time checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from gradwire_backends.numba.table import DATA, DESCRIPTOR, FLAGS, IN_ORDER, ITEMS, RANK, SIZES, TYPE

alloca_once_value: Any = cgutils.alloca_once_value

I8, I32, I64 = (ir.IntType(bits) for bits in (8, 32, 64))

STREAMS = 64
"""Streams of one nest that are told apart; loads and stores of further ones are taken to overlap with anything."""

Generator = Callable[[Any, Any, Any, Sequence[Any]], Any]
"""Emits LLVM code: takes numba's context, the builder, the signature and the arguments."""

Rule = Callable[..., tuple[Any, Generator]]
"""Tells the signature for given types of arguments, and what emits the code."""


def primitive(rule: Rule) -> Any:
    """Make a word of generated source of a rule."""
    word: Any = intrinsic(rule)
    word.rule = rule  # the emitter needs no more
    return word


def primitive_of_literals(rule: Rule) -> Any:
    """Make a word some of whose arguments are numbers that stand in the source."""
    word: Any = intrinsic(prefer_literal=True)(rule)
    word.rule = rule
    return word


@primitive
def item(context: Any, table: Any, place: Any) -> tuple[Any, Generator]:
    """Return the address of the elements of one array of a table."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        start, place = arguments
        offset = builder.add(I64(ITEMS), builder.mul(place, I64(8)))
        array = builder.load(builder.inttoptr(builder.add(start, offset), I64.as_pointer()))
        return builder.load(builder.inttoptr(builder.add(array, I64(DATA)), I64.as_pointer()))

    return types.int64(types.int64, types.int64), generate


@primitive
def fits(context: Any, table: Any, place: Any, array: Any, descriptor: Any, *sizes: Any) -> tuple[Any, Generator]:
    """Tell whether what stands at a place of a table is an array that can be read as it is.

    The others are addresses of the types of arrays and of elements, then the size of each axis.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        start, place, array, descriptor, *sizes = arguments

        def word(address: Any, offset: int, kind: Any = I64) -> Any:
            return builder.load(builder.inttoptr(builder.add(address, I64(offset)), kind.as_pointer()))

        def equal(one: Any, other: Any) -> Any:
            return builder.icmp_signed("==", one, other)

        found = word(builder.add(start, builder.mul(place, I64(8))), ITEMS)
        result = alloca_once_value(builder, equal(word(found, TYPE), array))
        with builder.if_then(builder.load(result)):  # an array: it has all that is asked for here
            in_order = equal(builder.and_(word(found, FLAGS, I32), I32(IN_ORDER)), I32(IN_ORDER))
            same = equal(word(found, DESCRIPTOR), descriptor)
            rank = equal(word(found, RANK, I32), I32(len(sizes)))
            builder.store(builder.and_(builder.and_(in_order, same), rank), result)
            with builder.if_then(builder.load(result)):
                first = word(found, SIZES)
                for axis, size in enumerate(sizes):
                    one = equal(word(first, 8 * axis), size)
                    builder.store(builder.and_(builder.load(result), one), result)
        return builder.load(result)

    return types.boolean(*[types.int64] * (4 + len(sizes))), generate


def _pointer(element: Any) -> Any:
    kind: Any = types.CPointer

    def pointer(context: Any, address: Any, offset: Any) -> tuple[Any, Generator]:
        def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
            return builder.inttoptr(builder.add(*arguments), context.get_value_type(signature.return_type))

        return kind(element)(types.int64, types.int64), generate

    return primitive(pointer)


float64s = _pointer(types.float64)
float32s = _pointer(types.float32)
int64s = _pointer(types.int64)
int32s = _pointer(types.int32)
booleans = _pointer(types.boolean)


@primitive_of_literals
def load(context: Any, pointer: Any, index: Any, nest: Any, stream: Any) -> tuple[Any, Generator]:
    """Read an element of a stream."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        loaded = builder.load(builder.gep(arguments[0], [arguments[1]]))
        _tell_apart(builder.module, loaded, nest.literal_value, stream.literal_value)
        return context.data_model_manager[pointer.dtype].from_data(builder, loaded)

    return pointer.dtype(pointer, types.int64, nest, stream), generate


@primitive_of_literals
def load_if(
    context: Any, condition: Any, pointer: Any, index: Any, other: Any, nest: Any, stream: Any
) -> tuple[Any, Generator]:
    """Read an element of a stream where a condition holds; elsewhere touch nothing, and return the other value."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        condition, start, index, other = arguments[:4]
        before = builder.block
        with builder.if_then(condition):
            loaded = builder.load(builder.gep(start, [index]))
            _tell_apart(builder.module, loaded, nest.literal_value, stream.literal_value)
            read = context.data_model_manager[pointer.dtype].from_data(builder, loaded)
            inside = builder.block
        result = builder.phi(other.type)
        result.add_incoming(other, before)
        result.add_incoming(read, inside)
        return result

    kind = pointer.dtype
    return kind(types.boolean, pointer, types.int64, kind, nest, stream), generate


@primitive_of_literals
def store(context: Any, pointer: Any, index: Any, value: Any, nest: Any, stream: Any) -> tuple[Any, Generator]:
    """Write an element of a stream."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        data = context.data_model_manager[pointer.dtype].as_data(builder, arguments[2])
        stored = builder.store(data, builder.gep(arguments[0], [arguments[1]]))
        _tell_apart(builder.module, stored, nest.literal_value, stream.literal_value)
        return context.get_dummy_value()

    return types.void(pointer, types.int64, pointer.dtype, nest, stream), generate


def _tell_apart(module: Any, instruction: Any, nest: int, stream: int) -> None:
    """Put an access into the scope of its stream, and out of those of the nest's other streams."""
    if stream >= STREAMS:
        return
    domain = module.add_metadata([ir.MetaDataString(module, f"nest {nest}")])
    scopes = [
        module.add_metadata([ir.MetaDataString(module, f"stream {nest} {other}"), domain]) for other in range(STREAMS)
    ]
    own = scopes.pop(stream)
    instruction.set_metadata("alias.scope", module.add_metadata([own]))
    instruction.set_metadata("noalias", module.add_metadata(scopes))


@primitive
def select(context: Any, condition: Any, left: Any, right: Any) -> tuple[Any, Generator]:
    """Choose without a branch."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return builder.select(*arguments)

    return left(types.boolean, left, left), generate


@primitive_of_literals
def like(context: Any, x: Any, number: Any) -> tuple[Any, Generator]:
    """Return a small integer as a number of the type of x."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return context.get_constant(x, number.literal_value)

    return x(x, number), generate


@primitive
def accumulate(context: Any, total: Any, term: Any) -> tuple[Any, Generator]:
    """Add a term to a sum whose order is free, so that lanes may sum in parallel."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        if isinstance(total, types.Float):
            return builder.fadd(*arguments, flags=("reassoc",))
        return builder.add(*arguments)

    return total(total, total), generate


def _operation(name: str, inputs: int) -> Any:
    """Return one of LLVM's own operations on floating numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        kind = arguments[0].type
        function = builder.module.declare_intrinsic(f"llvm.{name}", [kind], ir.FunctionType(kind, [kind] * inputs))
        return builder.call(function, arguments)

    match inputs:
        case 1:

            def unary(context: Any, x: Any) -> tuple[Any, Generator]:
                return x(x), generate

            return primitive(unary)
        case 2:

            def binary(context: Any, x: Any, y: Any) -> tuple[Any, Generator]:
                return x(x, x), generate

            return primitive(binary)
        case _:

            def ternary(context: Any, x: Any, y: Any, z: Any) -> tuple[Any, Generator]:
                return x(x, x, x), generate

            return primitive(ternary)


sqrt = _operation("sqrt", 1)
fabs = _operation("fabs", 1)
rint = _operation("rint", 1)
floor = _operation("floor", 1)
ceil = _operation("ceil", 1)
trunc = _operation("trunc", 1)
copysign = _operation("copysign", 2)
maximum = _operation("maximum", 2)  # NaN when one of the two is NaN
minimum = _operation("minimum", 2)
fma = _operation("fma", 3)


@primitive
def bits(context: Any, x: Any) -> tuple[Any, Generator]:
    """Return the bits of a float64 as an integer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return builder.bitcast(arguments[0], I64)

    return types.int64(types.float64), generate


@primitive
def from_bits(context: Any, x: Any) -> tuple[Any, Generator]:
    """Return the float64 that has these bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate

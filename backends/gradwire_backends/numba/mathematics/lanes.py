"""What the functions are made of: inlined code, polynomials, and functions of the C library, in either precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numba
from llvmlite import binding, ir
from numba import types

from gradwire_backends.numba.intrinsics import I8, I32, Generator, primitive

Function = Callable[..., Any]
Real = Any  # a number, or lanes of numbers
Whole = Any  # an integer, or lanes of integers


def inlined(function: Function) -> Function:
    """Make a word of a function: its code goes into the loops that call it, where LLVM runs it in lanes."""
    compiled: Function = numba.njit(error_model="numpy", forceinline=True)(function)
    return compiled


def polynomial(*coefficients: float) -> Function:
    """Return a polynomial, the coefficient of the highest power first, as a function of numbers of either precision.

    Source: Horner's scheme, each step rounded once.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        (x,) = arguments
        kind = ir.FunctionType(x.type, [x.type] * 3)
        step = builder.module.declare_intrinsic("llvm.fma", [x.type], kind)
        highest, *others = (ir.Constant(x.type, c) for c in coefficients)
        for coefficient in others:
            highest = builder.call(step, [highest, x, coefficient])
        return highest

    def rule(context: Any, x: Any) -> tuple[Any, Generator]:
        return x(x), generate

    function: Function = primitive(rule)
    return function


@primitive
def single_bits(context: Any, x: Any) -> tuple[Any, Generator]:
    """Return the bits of a float32 as an integer, that of a negative number negative."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return builder.sext(builder.bitcast(arguments[0], I32), ir.IntType(64))

    return types.int64(types.float32), generate


@primitive
def single_from_bits(context: Any, x: Any) -> tuple[Any, Generator]:
    """Return the float32 that has the lower 32 bits of an integer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return builder.bitcast(builder.trunc(arguments[0], I32), ir.FloatType())

    return types.float32(types.int64), generate


_VARIANTS = (("e", 64, "avx512f"), ("d", 32, "avx2"), ("b", 16, "sse2"), ("n", 16, "neon"))
"""Forms that glibc's vector library has of a function: letter of the instruction set, bytes, CPU feature."""


def library(name: str, inputs: int = 1, kind: Any = types.float64) -> Any:
    """Return a function of the C library, in vectors where the platform's vector library has it."""
    double = kind is types.float64
    element = ir.DoubleType() if double else ir.FloatType()
    features = binding.get_host_cpu_features()
    variants = []
    for letter, size, feature in _VARIANTS:
        lanes = size // (8 if double else 4)
        symbol = f"_ZGV{letter}N{lanes}{'v' * inputs}_{name}"
        if features.get(feature) and binding.address_of_symbol(symbol):
            variants.append((symbol, f"_ZGV_LLVM_N{lanes}{'v' * inputs}_{name}", lanes))

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        module = builder.module
        call = builder.call(_declared(module, name, element, inputs), arguments)
        pure(call)
        for symbol, _, lanes in variants:
            _keep(module, _declared(module, symbol, ir.VectorType(element, lanes), inputs))
        if variants:
            mapping = ",".join(f"{abi}({symbol})" for symbol, abi, _ in variants)
            set.add(call.attributes, f'"vector-function-abi-variant"="{mapping}"')
        return call

    return function_of(kind, inputs, generate)


def function_of(kind: Any, inputs: int, generate: Generator) -> Any:
    """Return a word for a function of some numbers of one type."""
    match inputs:
        case 1:

            def unary(context: Any, x: Any) -> tuple[Any, Generator]:
                return kind(kind), generate

            return primitive(unary)
        case 2:

            def binary(context: Any, x: Any, y: Any) -> tuple[Any, Generator]:
                return kind(kind, kind), generate

            return primitive(binary)
        case _:

            def ternary(context: Any, x: Any, y: Any, z: Any) -> tuple[Any, Generator]:
                return kind(kind, kind, kind), generate

            return primitive(ternary)


def pure(call: Any) -> None:
    """Say of a call that it does nothing but return a number."""
    for attribute in ("nounwind", "readnone", "willreturn"):
        set.add(call.attributes, attribute)  # llvmlite's own `add` knows only some of LLVM's attributes


def _declared(module: Any, name: str, kind: Any, inputs: int) -> Any:
    """Return a function that is defined elsewhere."""
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(kind, [kind] * inputs), name)


def _keep(module: Any, function: Any) -> None:
    """Keep the declaration of a function that is called only after vectorisation."""
    name = "llvm.compiler.used"
    used = module.globals.get(name)
    kept = [] if used is None else list(used.initializer.constant)
    reference = function.bitcast(I8.as_pointer())
    if str(reference) in map(str, kept):
        return
    initializer = ir.Constant(ir.ArrayType(reference.type, len(kept) + 1), [*kept, reference])
    if used is None:
        used = ir.GlobalVariable(module, initializer.type, name)
        used.linkage, used.section = "appending", "llvm.metadata"
    used.value_type, used.type, used.initializer = initializer.type, initializer.type.as_pointer(), initializer

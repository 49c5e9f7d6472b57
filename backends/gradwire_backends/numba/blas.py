"""Matrix products by BLAS, in row-major order, for generated source; imported by the compiler alone.

BLAS counts columns first, so a row-major matrix is its transpose there. The loader resolves ``gw_dgemm`` and its like
to the functions that SciPy's own compiled code calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils

from gradwire_backends.numba.intrinsics import I8, I32, primitive
from gradwire_backends.numba.symbols import PREFIX

alloca: Any = cgutils.alloca_once
get_or_insert_function: Any = cgutils.get_or_insert_function

LETTERS = {types.float64: "d", types.float32: "s"}


def _call(context: Any, builder: Any, element: Any, name: str, layout: str, arguments: Sequence[Any]) -> Any:
    """Call a BLAS function, which takes everything by address.

    Args:
        layout: what each argument is: "t" transposed or not, "i" a size, "p" elements, "0" or "1" a number for it.
    """
    number = context.get_value_type(element)
    passed, given = [], iter(arguments)
    for what in layout:
        match what:
            case "p":
                passed.append(next(given))
                continue
            case "t":
                value = builder.select(next(given), I8(ord("T")), I8(ord("N")))
            case "i":
                value = builder.trunc(next(given), I32)
            case _:
                value = number(float(what))
        address = alloca(builder, value.type)
        builder.store(value, address)
        passed.append(address)
    result = number if name == "dot" else ir.VoidType()
    function_type = ir.FunctionType(result, [address.type for address in passed])
    function = get_or_insert_function(builder.module, function_type, f"{PREFIX}{LETTERS[element]}{name}")
    return builder.call(function, passed)


@primitive
def _gemm(
    context: Any, ta: Any, tb: Any, m: Any, n: Any, k: Any, a: Any, lda: Any, b: Any, ldb: Any, c: Any, ldc: Any
) -> Any:
    """Multiply matrices in BLAS's own order: C = A B."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        _call(context, builder, c.dtype, "gemm", "ttiii1pipi0pi", arguments)
        return context.get_dummy_value()

    size, flag = types.int64, types.boolean
    return types.void(flag, flag, size, size, size, c, size, c, size, c, size), generate


@primitive
def _gemv(context: Any, ta: Any, m: Any, n: Any, a: Any, lda: Any, x: Any, dx: Any, y: Any, dy: Any) -> Any:
    """Multiply a matrix and a vector in BLAS's own order: y = A x."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        _call(context, builder, y.dtype, "gemv", "tii1pipi0pi", arguments)
        return context.get_dummy_value()

    size = types.int64
    return types.void(types.boolean, size, size, y, size, y, size, y, size), generate


@primitive
def _dot(context: Any, n: Any, x: Any, dx: Any, y: Any, dy: Any) -> Any:
    """Multiply two vectors."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return _call(context, builder, x.dtype, "dot", "ipipi", arguments)

    size = types.int64
    return x.dtype(size, x, size, x, size), generate


Function = Callable[..., Any]


def _compiled(function: Function) -> Function:
    result: Function = numba.njit(error_model="numpy", forceinline=True)(function)
    return result


@_compiled
def matrix_product(c: Any, a: Any, ta: int, lda: int, b: Any, tb: int, ldb: int, m: int, n: int, k: int) -> None:
    """Compute C [m, n] = A [m, k] B [k, n].

    Args:
        c, a, b: where the elements lie.
        ta, tb: 1 where the transpose is what is stored, else 0.
        lda, ldb: step from one stored row to the next.
        m, n, k: sizes.
    """
    if k == 0:
        for i in range(m * n):
            c[i] = 0
    elif m > 0 and n > 0:
        _gemm(tb != 0, ta != 0, n, m, k, b, max(ldb, 1), a, max(lda, 1), c, n)


@_compiled
def matrix_vector_product(y: Any, a: Any, ta: int, lda: int, x: Any, dx: int, m: int, k: int) -> None:
    """Compute y [m] = A [m, k] x [k], likewise; `dx`: step from one element of x to the next."""
    if k == 0:
        for i in range(m):
            y[i] = 0
    elif m > 0:
        if ta != 0:
            _gemv(False, m, k, a, max(lda, 1), x, max(dx, 1), y, 1)
        else:
            _gemv(True, k, m, a, max(lda, 1), x, max(dx, 1), y, 1)


@_compiled
def dot_product(y: Any, a: Any, da: int, b: Any, db: int, k: int) -> None:
    """Compute y = Σ a [k] b [k]."""
    y[0] = _dot(k, a, max(da, 1), b, max(db, 1))

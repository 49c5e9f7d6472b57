"""Matrix products in row-major order, small ones by loops, others by BLAS; imported by the compiler alone.

BLAS counts columns first, so a row-major matrix is its transpose there. The loader resolves ``gw_dgemm`` and its like
to the functions that SciPy's own compiled code calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from gradwire_backends.numba.intrinsics import I8, I32, I64, accumulate, like, primitive, select
from gradwire_backends.numba.symbols import PREFIX
from gradwire_backends.numba.words import word

alloca: Any = cgutils.alloca_once
get_or_insert_function: Any = cgutils.get_or_insert_function

LETTERS = {types.float64: "d", types.float32: "s"}


FLAGS = {"t": "TN", "u": "UL", "d": "UN"}
"""Letters that tell a function what to do, where a flag is set and where it is not: transposed, upper, ones on the
diagonal."""

SMALL = 128
"""Multiplications up to which a loop is done before BLAS has begun."""


def call(context: Any, builder: Any, element: Any, name: str, layout: str, arguments: Sequence[Any]) -> Any:
    """Call a function of BLAS or LAPACK, which takes everything by address.

    Args:
        layout: what each argument is: "t", "u" or "d" a flag, "i" a size, "p" a pointer, "0" or "1" a number for it,
            "R", "S", "V" or "L" that letter, "o" an integer that is told back.

    Returns: what the function returns, or what it told.
    """
    number = context.get_value_type(element)
    passed, given = [], iter(arguments)
    told = None
    for what in layout:
        if what == "p":
            passed.append(next(given))
            continue
        if what in FLAGS:
            value = builder.select(next(given), *(I8(ord(letter)) for letter in FLAGS[what]))
        elif what == "i":
            value = builder.trunc(next(given), I32)
        elif what.isupper():
            value = I8(ord(what))
        elif what == "o":
            value = I32(0)
        else:
            value = number(float(what))
        address = alloca(builder, value.type)
        builder.store(value, address)
        passed.append(address)
        if what == "o":
            told = address
    result = number if name == "dot" else ir.VoidType()
    function_type = ir.FunctionType(result, [address.type for address in passed])
    function = get_or_insert_function(builder.module, function_type, f"{PREFIX}{LETTERS[element]}{name}")
    returned = builder.call(function, passed)
    return returned if told is None else builder.sext(builder.load(told), I64)


@primitive
def _gemm(
    context: Any, ta: Any, tb: Any, m: Any, n: Any, k: Any, a: Any, lda: Any, b: Any, ldb: Any, c: Any, ldc: Any
) -> Any:
    """Multiply matrices in BLAS's own order: C = A B."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        call(context, builder, c.dtype, "gemm", "ttiii1pipi0pi", arguments)
        return context.get_dummy_value()

    size, flag = types.int64, types.boolean
    return types.void(flag, flag, size, size, size, c, size, c, size, c, size), generate


@primitive
def _syrk(context: Any, upper: Any, ta: Any, n: Any, k: Any, a: Any, lda: Any, c: Any, ldc: Any) -> Any:
    """Multiply a matrix and its transpose in BLAS's own order, one triangle of it: C = A A^T."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        call(context, builder, c.dtype, "syrk", "utii1pi0pi", arguments)
        return context.get_dummy_value()

    size, flag = types.int64, types.boolean
    return types.void(flag, flag, size, size, c, size, c, size), generate


@primitive
def _gemv(context: Any, ta: Any, m: Any, n: Any, a: Any, lda: Any, x: Any, dx: Any, y: Any, dy: Any) -> Any:
    """Multiply a matrix and a vector in BLAS's own order: y = A x."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        call(context, builder, y.dtype, "gemv", "tii1pipi0pi", arguments)
        return context.get_dummy_value()

    size = types.int64
    return types.void(types.boolean, size, size, y, size, y, size, y, size), generate


@primitive
def _dot(context: Any, n: Any, x: Any, dx: Any, y: Any, dy: Any) -> Any:
    """Multiply two vectors."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return call(context, builder, x.dtype, "dot", "ipipi", arguments)

    size = types.int64
    return x.dtype(size, x, size, x, size), generate


@primitive
def part(context: Any, pointer: Any, offset: Any) -> Any:
    """Return a pointer some elements further."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return pointer(pointer, types.int64), generate


@word
def matrix_product(c: Any, a: Any, ta: int, lda: int, b: Any, tb: int, ldb: int, m: int, n: int, k: int) -> None:
    """Compute C [m, n] = A [m, k] B [k, n].

    Args:
        c, a, b: where the elements lie.
        ta, tb: 1 where the transpose is what is stored, else 0.
        lda, ldb: step from one stored row to the next.
        m, n, k: sizes.
    """
    if m * n * k <= SMALL:
        down = select(ta == 0, lda, 1)
        right = select(ta != 0, lda, 1)
        along = select(tb == 0, ldb, 1)
        across = select(tb != 0, ldb, 1)
        for i in range(m):
            for j in range(n):
                total = like(c[0], 0)
                for x in range(k):
                    total = accumulate(total, a[i * down + x * right] * b[x * along + j * across])
                c[i * n + j] = total
    else:
        _gemm(tb != 0, ta != 0, n, m, k, b, ldb, a, lda, c, n)


@word
def gram_matrix(c: Any, a: Any, ta: int, lda: int, m: int, k: int) -> None:
    """Compute C [m, m] = A A^T for A [m, k], likewise."""
    if m * m * k <= SMALL:
        matrix_product(c, a, ta, lda, a, 1 - ta, lda, m, m, k)
    else:
        _syrk(1, ta == 0, m, k, a, lda, c, m)
        for i in range(m):
            for j in range(i):
                c[j * m + i] = c[i * m + j]


@word
def matrix_vector_product(y: Any, a: Any, ta: int, lda: int, x: Any, dx: int, m: int, k: int) -> None:
    """Compute y [m] = A [m, k] x [k], likewise; `dx`: step from one element of x to the next."""
    if m * k > SMALL:
        _gemv(ta == 0, select(ta != 0, m, k), select(ta != 0, k, m), a, lda, x, dx, y, 1)
    elif ta == 0:
        for i in range(m):
            total = like(y[0], 0)
            for j in range(k):
                total = accumulate(total, a[i * lda + j] * x[j * dx])
            y[i] = total
    else:  # by rows of what is stored: its elements lie side by side
        for i in range(m):
            y[i] = like(y[0], 0)
        for j in range(k):
            for i in range(m):
                y[i] = accumulate(y[i], a[j * lda + i] * x[j * dx])


@word
def dot_product(y: Any, a: Any, da: int, b: Any, db: int, k: int) -> None:
    """Compute y = Σ a [k] b [k]."""
    y[0] = _dot(k, a, da, b, db)

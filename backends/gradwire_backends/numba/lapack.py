"""Factorizations by LAPACK, and systems of linear equations, for generated source; imported by the compiler alone.

A matrix that can't be factorized has NaN for a result, as it has in NumPy's tier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numba import types

from gradwire_backends.numba.blas import SMALL, call, part
from gradwire_backends.numba.intrinsics import fabs, like, primitive, select
from gradwire_backends.numba.words import word

FEW = 8
"""Rows of matrices that are factorized before LAPACK would have begun."""


@primitive
def _potrf(context: Any, upper: Any, n: Any, a: Any, lda: Any) -> Any:
    """Factorize a symmetric matrix of which one triangle is read and written; tell where that ended, 0 for nowhere."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return call(context, builder, a.dtype, "potrf", "uipio", arguments)

    return types.int64(types.boolean, types.int64, a, types.int64), generate


@primitive
def _getrf(context: Any, m: Any, n: Any, a: Any, lda: Any, exchanges: Any) -> Any:
    """Factorize a matrix with exchanges of rows; tell where U has the first zero on its diagonal, 0 for nowhere."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return call(context, builder, a.dtype, "getrf", "iipipo", arguments)

    return types.int64(types.int64, types.int64, a, types.int64, exchanges), generate


def _worker(name: str, layout: str) -> Any:
    """Return a function of LAPACK that is given room; it tells whether it failed, 0 if not."""
    given = layout.removesuffix("o").lstrip("SVL")

    def rule(context: Any, *kinds: Any) -> Any:
        element = next(kind for kind in kinds if isinstance(kind, types.CPointer)).dtype

        def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
            return call(context, builder, element, name, layout, arguments)

        wanted = (kind if what == "p" else types.int64 for what, kind in zip(given, kinds, strict=True))
        return types.int64(*wanted), generate

    rule.__name__ = name
    return primitive(rule)


_syevd = _worker("syevd", "VLipippipio")
_gesdd = _worker("gesdd", "Siipippipipipo")
_geqrf = _worker("geqrf", "iipippio")
_orgqr = _worker("orgqr", "iiipippio")


@primitive
def _trsm(
    context: Any, upper: Any, transposed: Any, ones: Any, m: Any, n: Any, a: Any, lda: Any, x: Any, ldx: Any
) -> Any:
    """Solve X A = B with a triangular A in BLAS's own order; X takes the place of B."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        call(context, builder, a.dtype, "trsm", "Rutdii1pipi", arguments)
        return context.get_dummy_value()

    size, flag = types.int64, types.boolean
    return types.void(flag, flag, flag, size, size, a, size, a, size), generate


@primitive
def _integers(context: Any, pointer: Any) -> Any:
    """Return a pointer to LAPACK's integers at some place."""
    pointer_to: Any = types.CPointer
    kind = pointer_to(types.int32)

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(kind))

    return kind(pointer), generate


@word
def cholesky_factor(y: Any, a: Any, down: int, right: int, n: int) -> None:
    """Factorize A = L L^T, where the lower triangle of A is read, with steps of `down` and `right`."""
    for i in range(n):
        for j in range(i + 1):
            y[i * n + j] = a[i * down + j * right]
        for j in range(i + 1, n):
            y[i * n + j] = 0
    if _potrf(1, n, y, select(n > 0, n, 1)) != 0:
        nothing(y, n * n)


@word
def lu_factors(y: Any, a: Any, down: int, right: int, n: int) -> None:
    """Factorize P A = L U; y has columns of both, then LAPACK's exchanges, 0 the first if U is singular."""
    for j in range(n):
        for i in range(n):
            y[j * n + i] = a[i * down + j * right]
    exchanges = _integers(part(y, n * n))
    if n <= FEW:
        small_factors(y, exchanges, n)
    else:
        if _getrf(n, n, y, n, exchanges) != 0:
            exchanges[0] = 0


@word
def small_factors(y: Any, exchanges: Any, n: int) -> None:
    """Factorize the columns y [n, n] in place, as LAPACK does, before it would have begun."""
    singular = 0
    for j in range(n):
        place = j
        most = fabs(y[j * n + j])
        for i in range(j + 1, n):
            this = fabs(y[j * n + i])
            place = select(this > most, i, place)
            most = select(this > most, this, most)
        exchanges[j] = place + 1
        singular = singular | (most == 0)
        for column in range(n):
            kept = y[column * n + j]
            y[column * n + j] = y[column * n + place]
            y[column * n + place] = kept
        if most != 0:
            for i in range(j + 1, n):
                y[j * n + i] = y[j * n + i] / y[j * n + j]
            for column in range(j + 1, n):
                for i in range(j + 1, n):
                    y[column * n + i] = y[column * n + i] - y[j * n + i] * y[column * n + j]
    if singular:
        exchanges[0] = 0


@word
def lu_sign(y: Any, lu: Any, n: int) -> None:
    """Compute the sign of a determinant from factors."""
    exchanges = _integers(part(lu, n * n))
    sign = like(lu[0], 1)
    for i in range(n):
        sign = select((exchanges[i] != i + 1) ^ (lu[i * n + i] < 0), -sign, sign)
    if n > 0:
        sign = select(exchanges[0] == 0, like(sign, 0), sign)
    y[0] = sign


@word
def lu_solution(x: Any, lu: Any, b: Any, down: int, right: int, n: int, k: int, transposed: int) -> None:
    """Solve A X = B, or A^T X = B, with factors of A, for B [n, k] with steps of `down` and `right`."""
    for i in range(n):
        for j in range(k):
            x[i * k + j] = b[i * down + j * right]
    exchanges = _integers(part(lu, n * n))
    if (n > 0) & (k > 0):
        if exchanges[0] == 0:
            nothing(x, n * k)
        else:
            if transposed == 0:
                for i in range(n):
                    exchange_rows(x, i, exchanges[i] - 1, k)
            if n * n * k <= SMALL:
                down = select(transposed != 0, n, 1)
                substituted(x, lu, down, n + 1 - down, n, k, 1, transposed == 0)
                substituted(x, lu, down, n + 1 - down, n, k, 0, transposed != 0)
            else:
                _trsm(transposed, transposed == 0, transposed == 0, k, n, lu, n, x, k)
                _trsm(transposed == 0, transposed == 0, transposed, k, n, lu, n, x, k)
            if transposed:
                for i in range(n):
                    exchange_rows(x, n - 1 - i, exchanges[n - 1 - i] - 1, k)


@word
def triangular_solution(
    x: Any, a: Any, ta: int, lda: int, b: Any, down: int, right: int, n: int, k: int, lower: int, trans: int, ones: int
) -> None:
    """Solve A X = B, or A^T X = B by `trans`, with a triangular A, for B [n, k] with steps of `down` and `right`.

    Args:
        x, a, b: where the elements lie.
        ta: 1 where the transpose of A is what is stored, else 0.
        lda: step from one stored row to the next.
        lower, ones: which triangle is read, and whether its diagonal counts as ones.
    """
    for i in range(n):
        for j in range(k):
            x[i * k + j] = b[i * down + j * right]
    singular = 0
    if ones == 0:
        for i in range(n):
            singular = singular | (a[i * (lda + 1)] == 0)
    if (n > 0) & (k > 0):
        if singular:
            nothing(x, n * k)
        else:
            if n * n * k <= SMALL:
                step = select(ta != trans, lda, 1)
                substituted(x, a, lda + 1 - step, step, n, k, lower != trans, ones)
            else:
                _trsm(lower != ta, trans != ta, ones, k, n, a, lda, x, k)


@word
def substituted(x: Any, a: Any, down: int, right: int, n: int, k: int, lower: int, ones: int) -> None:
    """Solve A X = B in place for a triangular A with steps of `down` and `right`, the rows of X one after the other."""
    for turn in range(n):
        i = select(lower, turn, n - 1 - turn)
        for before in range(turn):
            j = select(lower, before, n - 1 - before)
            for c in range(k):
                x[i * k + c] = x[i * k + c] - a[i * down + j * right] * x[j * k + c]
        if ones == 0:
            for c in range(k):
                x[i * k + c] = x[i * k + c] / a[i * (down + right)]


@word
def exchange_rows(x: Any, one: int, other: int, k: int) -> None:
    """Exchange two rows of X [n, k]."""
    if one != other:
        for j in range(k):
            kept = x[one * k + j]
            x[one * k + j] = x[other * k + j]
            x[other * k + j] = kept


@word
def nothing(y: Any, n: int) -> None:
    """Fill with NaN."""
    for i in range(n):
        y[i] = like(y[0], 0) / like(y[0], 0)


@word
def symmetric_eigenvectors(y: Any, a: Any, down: int, right: int, m: int, n: int) -> None:
    """Find the eigenvalues [n] of A, whose lower triangle is read, and behind them eigenvectors, rows [n, n]."""
    vectors = part(y, n)
    for j in range(n):
        for i in range(j, n):
            vectors[j * n + i] = a[i * down + j * right]
    room = part(vectors, n * n)
    size = 1 + 6 * n + 2 * n * n
    if _syevd(n, vectors, select(n > 0, n, 1), y, room, size, _integers(part(room, size)), 3 + 5 * n):
        nothing(y, n + n * n)


@word
def singular_vectors(y: Any, a: Any, down: int, right: int, m: int, n: int) -> None:
    """Find the singular values [k] of A, and behind them both kinds of vectors, as [k, m] and [n, k]."""
    k = select(m < n, m, n)
    left = part(y, k)
    others = part(left, k * m)
    copied = part(others, k * n)
    for j in range(n):
        for i in range(m):
            copied[j * m + i] = a[i * down + j * right]
    room = part(copied, m * n)
    size = 4 * k * k + 7 * k + m + n
    step = select(m > 0, m, 1)
    if _gesdd(m, n, copied, step, y, left, step, others, select(k > 0, k, 1), room, size, _integers(part(room, size))):
        nothing(y, k + k * m + k * n)


@word
def orthonormal_columns(y: Any, a: Any, down: int, right: int, m: int, n: int) -> None:
    """Factorize A = Q R for n <= m: R [n, n], and behind it the columns of Q, as [n, m]."""
    q = part(y, n * n)
    for j in range(n):
        for i in range(m):
            q[j * m + i] = a[i * down + j * right]
    scales = part(q, m * n)
    room = part(scales, n)
    if n > 0:
        _geqrf(m, n, q, m, scales, room, 64 * n)
        for i in range(n):
            for j in range(n):
                y[i * n + j] = select(i <= j, q[j * m + i], like(y[0], 0))
        _orgqr(m, n, n, q, m, scales, room, 64 * n)

"""What goes along an axis from element to element, for generated source; imported by the compiler alone.

An array is taken as [before, n, behind], in row-major order, and its axis of n elements is gone along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numba import types

from gradwire_backends.numba.intrinsics import primitive, select
from gradwire_backends.numba.mathematics.exponential import logaddexp
from gradwire_backends.numba.mathematics.single import logaddexpf
from gradwire_backends.numba.words import word

combine: Any = None
"""Stands for what `cumulative` does with two numbers; each of its words has its own."""

note_if: Any = None
"""The emitter's word for a status."""

is_better: Any = None
"""Stands for how `position` compares, likewise."""


def _pairwise(floating: str, integer: str) -> Any:
    """Return what combines two numbers by an operation of LLVM's."""

    def combined(context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
            return getattr(builder, floating if isinstance(a, types.Float) else integer)(*arguments)

        return a(a, a), generate

    return primitive(combined)


def _extreme(comparison: str) -> Any:
    """Return what picks one of two numbers, NaN before any other."""

    def combined(context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
            one, other = arguments
            if not isinstance(a, types.Float):
                return builder.select(builder.icmp_signed(comparison, one, other), one, other)
            nan = builder.fcmp_unordered("uno", one, one)
            return builder.select(builder.or_(nan, builder.fcmp_ordered(comparison, one, other)), one, other)

        return a(a, a), generate

    return primitive(combined)


def cumulative(y: Any, x: Any, before: int, n: int, behind: int, reverse: int) -> None:
    """Combine each element with all before it, or behind it in reverse."""
    step = select(reverse == 0, behind, -behind)
    for block in range(before):
        first = block * n * behind + select(reverse == 0, 0 * n, (n - 1) * behind)
        if n > 0:
            if behind == 1:
                total = x[first]
                y[first] = total
                for i in range(1, n):
                    total = combine(total, x[first + i * step])
                    y[first + i * step] = total
            else:
                for j in range(behind):
                    y[first + j] = x[first + j]
                for i in range(1, n):
                    for j in range(behind):
                        y[first + i * step + j] = combine(y[first + (i - 1) * step + j], x[first + i * step + j])


cumulative_sum = word(cumulative, "cumulative_sum", combine=_pairwise("fadd", "add"))
cumulative_product = word(cumulative, "cumulative_product", combine=_pairwise("fmul", "mul"))
cumulative_maximum = word(cumulative, "cumulative_maximum", combine=_extreme(">="))
cumulative_minimum = word(cumulative, "cumulative_minimum", combine=_extreme("<="))
cumulative_logaddexp = word(cumulative, "cumulative_logaddexp", combine=logaddexp)
cumulative_logaddexpf = word(cumulative, "cumulative_logaddexpf", combine=logaddexpf)


@word
def recurrence(y: Any, a: Any, b: Any, before: int, n: int, behind: int, reverse: int) -> None:
    """Compute y[i] = a[i] y[i-1] + b[i], from y[-1] = 0, or from the end in reverse."""
    step = select(reverse == 0, behind, -behind)
    for block in range(before):
        first = block * n * behind + select(reverse == 0, 0 * n, (n - 1) * behind)
        for i in range(n):
            here = first + i * step
            for j in range(behind):
                if i == 0:
                    y[here + j] = b[here + j]
                else:
                    y[here + j] = a[here + j] * y[here - step + j] + b[here + j]


def position(y: Any, x: Any, before: int, n: int, behind: int) -> None:
    """Find where an element lies that no other is better than, the first of them, or the first NaN."""
    for block in range(before):
        for j in range(behind):
            first = block * n * behind + j
            best = x[first]
            place = 0 * n
            for i in range(1, n):
                this = x[first + i * behind]
                better = is_better(this, best) | ((this != this) & (best == best))
                best = select(better, this, best)
                place = select(better, i, place)
            y[block * behind + j] = place


def _compared(comparison: str) -> Any:
    """Return what compares two numbers."""

    def compared(context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
            compare = builder.fcmp_ordered if isinstance(a, types.Float) else builder.icmp_signed
            return compare(comparison, *arguments)

        return types.boolean(a, a), generate

    return primitive(compared)


@word
def copied(y: Any, x: Any, n: int) -> None:
    """Copy elements."""
    for i in range(n):
        y[i] = x[i]


@word
def cleared(y: Any, n: int) -> None:
    """Fill with zeros."""
    for i in range(n):
        y[i] = 0


def rows(y: Any, at: Any, updates: Any, p: int, w: int) -> None:
    """Combine rows of y [..., w] with updates [p, w] at positions [p]; note it where one is negative."""
    for i in range(p):
        first = at[i] * w
        if at[i] >= 0:
            for j in range(w):
                y[first + j] = combine(y[first + j], updates[i * w + j])
        else:
            note_if(w > 0, 1)


@primitive
def _latter(context: Any, a: Any, b: Any) -> Any:
    """Return the second of two numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return arguments[1]

    return a(a, a), generate


set_rows = word(rows, "set_rows", combine=_latter)
add_rows = word(rows, "add_rows", combine=_pairwise("fadd", "add"))
max_rows = word(rows, "max_rows", combine=_extreme(">="))
min_rows = word(rows, "min_rows", combine=_extreme("<="))
position_of_greatest = word(position, "position_of_greatest", is_better=_compared(">"))
position_of_least = word(position, "position_of_least", is_better=_compared("<"))

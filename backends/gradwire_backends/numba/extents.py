"""Kernels that look where they read and write: a build to try the generator with; imported by the compiler alone.

What is held against the array that a pointer was made of is each element that a kernel itself touches. All pieces of
working memory are one array. BLAS, LAPACK and the words that are functions of their own take pointers as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from gradwire_backends.numba.checks import OUT_OF_BOUNDS
from gradwire_backends.numba.emitter import I64, Emitter, Typed
from gradwire_backends.numba.table import DESCRIPTOR, ELEMENT_BYTES, ITEMS, RANK, SIZES, TYPE

alloca_once_value: Any = cgutils.alloca_once_value
for_range: Any = cgutils.for_range

I32 = ir.IntType(32)

POINTERS = frozenset(("float64s", "float32s", "int64s", "int32s", "booleans"))


class CheckingEmitter(Emitter):
    """Emits a function that ends with a status of its own before it touches what lies beyond an array.

    A pointer is never given another value, so that the value itself tells its extent: the address of the array's
    elements, and their bytes.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._arrays: dict[Any, tuple[Any, Any]] = {}
        self._extents: dict[Any, tuple[Any, Any]] = {}

    def _place(self, pointer: Typed, index: Any) -> Any:
        self._check(pointer, index)
        return super()._place(pointer, index)

    def _applied(self, word: str, nodes: Sequence[ast.expr], given: Sequence[Typed]) -> Typed:
        match word, given:
            case (("load" | "store"), [pointer, index, *_]):
                self._check(pointer, index[0])
            case "load_if", [condition, pointer, index, *_]:
                self._check(pointer, index[0], self._truth(condition))
        made, kind = super()._applied(word, nodes, given)
        values = [value for value, _ in given]
        if word == "item":
            self._arrays[made] = values[0], values[1]
        elif word in POINTERS:
            self._extents[made] = values[0], self._bytes(*self._arrays[values[0]])
        elif word == "part":
            self._extents[made] = self._extents[values[0]]
        elif word == "select" and values[1] in self._extents:
            both = zip(self._extents[values[1]], self._extents[values[2]], strict=True)
            condition = self._truth(given[0])
            first, size = (self._builder.select(condition, one, other) for one, other in both)
            self._extents[made] = first, size
        return made, kind

    def _check(self, pointer: Typed, index: Any, condition: Any = None) -> None:
        """End the function unless an element of a pointer, touched where a condition holds, lies inside."""
        builder, (first, size) = self._builder, self._extents[pointer[0]]
        address = builder.ptrtoint(builder.gep(pointer[0], [index]), I64)
        inside = builder.icmp_unsigned("<", builder.sub(address, first), size)
        if condition is not None:
            inside = builder.or_(inside, builder.not_(condition))
        self._stop_unless(inside, I64(OUT_OF_BOUNDS))

    def _bytes(self, table: Any, place: Any) -> Any:
        """Return the size of an array at run time; what is no array has none, until `fits` finds it."""
        builder = self._builder

        def word(address: Any, offset: int, kind: Any = I64) -> Any:
            return builder.load(builder.inttoptr(builder.add(address, I64(offset)), kind.as_pointer()))

        array = word(builder.add(table, builder.mul(place, I64(8))), ITEMS)
        is_array = builder.icmp_signed("==", word(array, TYPE), word(word(table, ITEMS), TYPE))
        size = alloca_once_value(builder, I64(0))
        with builder.if_then(is_array):
            builder.store(word(word(array, DESCRIPTOR), ELEMENT_BYTES), size)
            rank, sizes = builder.sext(word(array, RANK, I32), I64), word(array, SIZES)
            with for_range(builder, rank) as loop:
                length = word(builder.add(sizes, builder.mul(loop.index, I64(8))), 0)
                builder.store(builder.mul(builder.load(size), length), size)
        return builder.load(size)

"""Linear algebra: products of vectors, matrices, and whatever has more axes."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

import numpy as np

from gradwire_service.errors import ArityError, AttributeValueError, ShapeError
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Domain, Multilinear, Namespace, Value, broadcast_shapes, constant
from gradwire_service.ops.functions import broadcast_to, einsum, expand_dims, matmul, reshape, squeeze
from gradwire_service.ops.matrices import transposed


@final
@dataclass(frozen=True)
class MatMul(Multilinear, name="matmul"):
    """Matrix product, C = A B; a vector is a row on the left, a column on the right.

    Axes before the last two broadcast: there the product is one of many.

    Shapes: A is [..., m, k] or [k], B is [..., k, n] or [k], C is [..., m, n], without m or n where a vector stands.
    Units: C has the product of those of A and B.
    Raises: ShapeError when A's columns and B's rows differ in number, or when one is a scalar.
    Source: Giles (2008), "An extended collection of matrix derivative results", section 2.2; shapes as the Python array
        API standard, `matmul`.
    """

    domain: ClassVar[Domain] = "numeric"
    latex: ClassVar[str] = r"{0} \, {1}"

    def infer(self, a: TensorType, b: TensorType) -> TensorType:
        self.check_domain(a.element_type)
        if not (a.shape and b.shape):
            raise ShapeError(f"matmul takes no scalars, but shapes {list(a.shape)} and {list(b.shape)}; use multiply")
        rows, columns = b.shape[-2:][0], a.shape[-1]
        if rows != columns:
            raise ShapeError(
                f"matmul of shapes {list(a.shape)} and {list(b.shape)}: the left has {columns} columns, the right "
                f"{rows} rows; they must be as many"
            )
        batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
        return TensorType((*batch, *a.shape[-2:-1], *(b.shape[-1:] if b.rank > 1 else ())), a.element_type)

    def evaluate(self, xp: Namespace, a: Array, b: Array) -> Array:
        return xp.matmul(a, b)

    def vjp(self, c_bar: Value, c: Value, a: Value, b: Value) -> tuple[Value, Value]:
        ranks = (min(len(a.shape), 2), min(len(b.shape), 2))
        if ranks == (1, 1):
            return c_bar * b, c_bar * a
        if ranks == (2, 1):
            return expand_dims(c_bar, axis=(-1,)) * b, matmul(_joined(c_bar, 1), _joined(a, 2))
        if ranks == (1, 2):
            column = expand_dims(c_bar, axis=(-1,)) if len(b.shape) > 2 else c_bar
            a_bar = matmul(b, column)
            outer = expand_dims(a, axis=(-1,)) * expand_dims(c_bar, axis=(-2,))
            return a_bar if column is c_bar else squeeze(a_bar, axis=(-1,)), outer
        a_bar = matmul(c_bar, transposed(b))
        if len(b.shape) == 2:  # one product of tall matrices, not one for each member of the batch
            return a_bar, matmul(transposed(_joined(a, 2)), _joined(c_bar, 2))
        return a_bar, matmul(transposed(a), c_bar)

    def flops(self, c: TensorType, a: TensorType, b: TensorType) -> float:
        return 2.0 * c.size * a.shape[-1]


def _joined(x: Value, rank: int) -> Value:
    """Lay all axes but the last few along one, so that there are `rank`."""
    if len(x.shape) <= rank:
        return x
    first = len(x.shape) - rank + 1
    return reshape(x, shape=(math.prod(x.shape[:first]), *x.shape[first:]))


_SUBSCRIPTS = re.compile(r"[A-Za-z]*(?:,[A-Za-z]*)*(?:->[A-Za-z]*)?", re.ASCII)


@final
@dataclass(frozen=True)
class Einsum(Multilinear, name="einsum"):
    """Sum of products by Einstein's convention: ``ij,jk->ik`` is C[i, k] = Σ_j A[i, j] B[j, k].

    Letters that the result lacks are summed over. Without ``->`` the result has the letters that stand once, in
    alphabetical order. A letter that stands twice for one operand reads its diagonal. Each axis has a letter; ``...``
    is not taken.

    Shapes: one letter an axis; axes of one letter have one size.
    Units: the product of those of the operands.
    Raises: AttributeValueError when the subscripts are none; ArityError when they are for another number of operands;
        ShapeError when an operand has another number of axes, or sizes of one letter differ.
    Source: NumPy, `einsum`.
    """

    domain: ClassVar[Domain] = "numeric"

    subscripts: str

    def __post_init__(self) -> None:
        text = self.subscripts.replace(" ", "")
        if "." in text:
            raise AttributeValueError(f"einsum {self.subscripts[:64]!r}: ... is not taken; give each axis a letter")
        if not _SUBSCRIPTS.fullmatch(text):
            raise AttributeValueError(
                f"einsum {self.subscripts[:64]!r}: subscripts are letters, parted by commas, then -> and those of the "
                "result, such as ij,jk->ik"
            )
        operands, arrow, result = text.partition("->")
        counts = Counter(operands.replace(",", ""))
        if not arrow:
            result = "".join(sorted(letter for letter, count in counts.items() if count == 1))
        if len(set(result)) < len(result):
            raise AttributeValueError(f"einsum {text[:64]!r}: a letter stands twice in the result; it may stand once")
        most = max((len(part) - len(set(part)) for part in operands.split(",")), default=0)
        if most + len(counts) > len(string.ascii_letters):
            raise AttributeValueError(f"einsum {text[:64]!r}: diagonals need letters too, and there are only 52")
        if unknown := set(result) - set(counts):
            raise AttributeValueError(
                f"einsum {text[:64]!r}: no operand has {', '.join(sorted(unknown))}; the result does"
            )
        # One spelling, so that equal ones are found equal.
        object.__setattr__(self, "subscripts", f"{operands}->{result}")

    @cached_property
    def letters(self) -> tuple[list[str], str]:
        """The letters of each operand, and of the result."""
        operands, _, result = self.subscripts.partition("->")
        return operands.split(","), result

    def infer(self, *x: TensorType) -> TensorType:
        operands, result = self.letters
        if len(operands) != len(x):
            raise ArityError(f"einsum {self.subscripts!r} is for {len(operands)} operands, not {len(x)}", op=self.name)
        self.check_domain(x[0].element_type)
        sizes: dict[str, int] = {}
        for letters, operand in zip(operands, x, strict=True):
            if len(letters) != operand.rank:
                message = (
                    f"einsum {self.subscripts!r}: {letters!r} names {len(letters)} axes, but the operand has shape "
                )
                raise ShapeError(message + str(list(operand.shape)))
            for letter, size in zip(letters, operand.shape, strict=True):
                if sizes.setdefault(letter, size) != size:
                    message = f"einsum {self.subscripts!r}: axes {letter!r} have sizes {sizes[letter]} and {size}"
                    raise ShapeError(message + "; they must be the same")
        return TensorType(tuple(sizes[letter] for letter in result), x[0].element_type)

    def evaluate(self, xp: Namespace, *x: Array) -> Array:
        return xp.einsum(self.subscripts, *x, optimize=True)

    def vjp(self, y_bar: Value, y: Value, *x: Value) -> tuple[Value, ...]:
        operands, result = self.letters
        pulled = []
        for i, diagonal in enumerate(operands):
            letters, ties = _untied(diagonal, self.subscripts)
            others = [result, *operands[:i], *operands[i + 1 :], *ties]
            told = "".join(letter for letter in letters if any(letter in other for other in others))
            ones = (constant(np.eye(x[i].shape[letters.index(tie[0])]), x[i].element_type) for tie in ties)
            x_bar = einsum(y_bar, *x[:i], *x[i + 1 :], *ones, subscripts=f"{','.join(others)}->{told}")
            if told != letters:  # an axis that was summed over alone: its elements have one derivative
                kept = tuple(size if c in told else 1 for c, size in zip(letters, x[i].shape, strict=True))
                x_bar = broadcast_to(reshape(x_bar, shape=kept), shape=x[i].shape)
            pulled.append(x_bar)
        return tuple(pulled)

    def flops(self, y: TensorType, *x: TensorType) -> float:
        """Estimate the work of multiplying the operands into each other from the left."""
        operands, result = self.letters
        sizes = dict(zip("".join(operands), (size for operand in x for size in operand.shape), strict=True))
        seen, work = set(operands[0]), 0.0 if len(x) > 1 else float(x[0].size)
        for i, letters in enumerate(operands[1:], 2):
            seen |= set(letters)
            work += 2.0 * math.prod(sizes[letter] for letter in seen)
            seen &= set("".join([result, *operands[i:]]))
        return work


def _untied(letters: str, taken: str) -> tuple[str, list[str]]:
    """Give each axis a letter of its own; the pairs of letters whose axes were one are the matrices of ones between."""
    free = iter(sorted(set(string.ascii_letters) - set(taken)))
    result, ties = "", []
    for letter in letters:
        own = letter if letter not in result else next(free)
        if own != letter:
            ties.append(letter + own)
        result += own
    return result, ties

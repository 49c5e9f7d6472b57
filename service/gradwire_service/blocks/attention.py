"""Parts of transformers: attention, embeddings, dropout."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ElementTypeError, ShapeError
from gradwire_service.graph import BOOL, INT64
from gradwire_service.graph.types import ElementType
from gradwire_service.ops.base import Composite, Domain, Value
from gradwire_service.ops.functions import equal, exp, iota, logical_and, matrix_transpose, stop_gradient, take, where
from gradwire_service.ops.functions import max as max_
from gradwire_service.ops.functions import sum as sum_


@final
@dataclass(frozen=True)
class Attention(Composite, name="attention"):
    """Scaled dot-product attention, Y = softmax(scale Q Kᵀ) V, row by row, where the mask allows it.

    Axes before the last two, those of batches and heads, broadcast.

    Attributes:
        scale: the factor; left out, it is 1/√d.
        causal: whether a query sees no key behind its own place: query i sees the keys j ≤ i.

    Shapes: query is [..., n, d], key is [..., m, d], value is [..., m, e], mask broadcasts to [..., n, m]; y is
        [..., n, e]. A mask of True allows everything.
    Units: those of value.
    Kinks: the row of a query that may see no key is 0, and so are its derivatives.
    Raises: ShapeError when the shapes do not fit; ElementTypeError when the mask is not bool.
    Source: Vaswani et al. (2017), "Attention is all you need"; PyTorch, `scaled_dot_product_attention`.
    """

    domain: ClassVar[Domain] = "floating"
    unpromoted: ClassVar[Mapping[int, ElementType]] = {3: BOOL}

    scale: float | None = None
    causal: bool = False

    def expand(self, query: Value, key: Value, value: Value, mask: Value) -> Value:
        self.check_domain(query.element_type)
        shapes = (query.shape, key.shape, value.shape)
        if min(map(len, shapes)) < 2 or query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
            q, k, v = map(list, shapes)
            raise ShapeError(
                f"attention of query {q}, key {k} and value {v}: query and key have as many columns, key and value "
                "as many rows"
            )
        factor = self.scale if self.scale is not None else 1 / math.sqrt(max(query.shape[-1], 1))
        scores = factor * query @ matrix_transpose(key)
        if self.causal:
            rows, columns = scores.shape[-2:]
            mask = logical_and(mask, iota(shape=(columns,)) <= iota(shape=(rows, 1)))
        scores = where(mask, scores, -math.inf)
        return shares(scores) @ value


def shares(scores: Value) -> Value:
    """Return the softmax of each row; a row of -inf alone gives zeros."""
    if scores.shape[-1] == 0:
        return scores
    greatest = max_(stop_gradient(scores), axis=(-1,), keepdims=True)
    powers = exp(scores - where(equal(greatest, -math.inf), 0, greatest))
    total = sum_(powers, axis=(-1,), keepdims=True)
    return powers / where(equal(total, 0), 1, total)


@final
@dataclass(frozen=True)
class Embedding(Composite, name="embedding"):
    """Rows of a table, y[..., :] = table[indices[...], :]; negative indices count from the end.

    Shapes: table is [n, ...], indices is [...], y is [..., ...].
    Units: those of the table.
    Raises: ElementTypeError when the indices are no integers; ShapeError when the table is a scalar; at the run,
        IndexRangeError when an index is outside the table.
    Source: PyTorch, `embedding`.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: INT64}

    def expand(self, table: Value, indices: Value) -> Value:
        return take(table, indices, axis=0)


@final
@dataclass(frozen=True)
class Dropout(Composite, name="dropout"):
    """Elements dropped, the others enlarged to keep the mean: y = x / (1 - rate) where kept, else 0.

    The mask is an input, drawn by who asks: a graph has no randomness of its own.

    Attributes:
        rate: the share of elements that are dropped, from 0 to less than 1.

    Shapes: kept broadcasts with x, y has their shape.
    Units: those of x.
    Raises: ElementTypeError when the mask is not bool; AttributeValueError when the rate is not in [0, 1).
    Source: Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting".
    """

    domain: ClassVar[Domain] = "floating"
    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: BOOL}

    rate: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise AttributeValueError(f"dropout with a rate of {self.rate}; it is from 0 to less than 1")

    def expand(self, x: Value, kept: Value) -> Value:
        self.check_domain(x.element_type)
        if kept.element_type is not BOOL:
            raise ElementTypeError(f"dropout takes a bool mask, not {kept.element_type}; say not_equal(kept, 0)")
        return where(kept, x / (1 - self.rate), 0)

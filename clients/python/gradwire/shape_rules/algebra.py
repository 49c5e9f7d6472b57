"""Products, linear algebra and attention: the shapes of what they yield."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradwire.broadcasting import Shape, broadcast, normalized, shape_text
from gradwire.errors import ShapeError
from gradwire.shape_rules.common import Attributes, MultipleRule, Rule, least, numbers, product, scalar

# Products


def _matmul(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    if not a or not b:
        raise ShapeError("matmul takes no scalars; multiply them")
    rows, columns = a[-1], b[-2] if len(b) > 1 else b[-1]
    if numbers(rows, columns) and rows != columns:
        raise ShapeError(
            f"matmul: shapes {shape_text(a)} and {shape_text(b)} do not fit: {rows} columns, {columns} rows"
        )
    ends = (*a[-2:-1], *(b[-1:] if len(b) > 1 else ()))
    return (*broadcast("matmul", [a[:-2], b[:-2]]), *ends)


def _einsum(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    inputs, arrow, result = str(attributes["subscripts"]).replace(" ", "").partition("->")
    terms = inputs.split(",")
    if "." in inputs or not arrow or [len(term) for term in terms] != [len(shape) for shape in shapes]:
        return None
    sizes: dict[str, Any] = {}
    for letter, size in ((x, n) for term, shape in zip(terms, shapes, strict=True) for x, n in zip(term, shape)):  # noqa: B905
        if sizes.get(letter) in (None, 1) or isinstance(size, int) > isinstance(sizes[letter], int):
            sizes[letter] = size
    return tuple(sizes.get(letter) for letter in result)


def _solved(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    return (*broadcast("solve", [a[:-2], b[:-2]]), *b[-2:])


def _dot(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    if not a or not b:
        return a or b
    return (*a[:-1], *b[:-2], *(b[-1:] if len(b) > 1 else ()))


def _inner(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    return (*a[:-1], *b[:-1]) if a and b else a or b


def _outer(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    return product(a), product(b)


def _vecdot(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    axis: Any = attributes.get("axis", -1)
    shape = broadcast("vecdot", shapes)
    return tuple(size for i, size in enumerate(shape) if i != len(shape) + axis)


def _cross(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return broadcast("cross", shapes)


def _kron(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    rank = max(map(len, shapes))
    a, b = ((1,) * (rank - len(shape)) + shape for shape in shapes)
    return tuple(product(pair) for pair in zip(a, b, strict=True))


def _tensordot(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    count: Any = attributes.get("axes", 2)
    left = normalized(attributes.get("axes_a", tuple(range(len(a) - count, len(a)))), len(a))
    right = normalized(attributes.get("axes_b", tuple(range(count))), len(b))
    kept = [size for i, size in enumerate(a) if i not in left], [size for i, size in enumerate(b) if i not in right]
    return (*kept[0], *kept[1])


def _multi_dot(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return (*shapes[0][:-1], *shapes[-1][1:])


# Matrices


def _of_matrices(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    if attributes.get("keepdims"):
        return (*shapes[0][:-2], 1, 1)
    return shapes[0][:-2]


def _diagonal_of(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return (*shapes[0][:-2], least(*shapes[0][-2:]))


def _fitted(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    if len(b) == 1:
        return (*a[:-2], a[-1])
    return (*broadcast("lstsq", [a[:-2], b[:-2]]), a[-1], b[-1])


def _covariance(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    if len(shape) < 2:
        return ()
    size = shape[-2] if attributes.get("rowvar", True) else shape[-1]
    return (*shape[:-2], size, size)


def _block_diag(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    sides: Any = ([shape[axis] for shape in shapes] for axis in (-2, -1))
    return (*shapes[0][:-2], *(sum(sizes) if numbers(*sizes) else None for sizes in sides))


def _tensor_inverse(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    ind: Any = attributes.get("ind", 2)
    return (*shapes[0][ind:], *shapes[0][:ind])


def _tensor_solved(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    a, b = shapes
    return a[len(b) :]


def _multivariate(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    x, mean, covariance = shapes
    return broadcast("multivariate_normal_logpdf", [x[:-1], mean[:-1], covariance[:-2]])


# Attention, and ops with several values


def _attention(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    query, key, value, mask = shapes
    batch = broadcast("attention", [query[:-2], key[:-2], value[:-2], mask[:-2]])
    return (*batch, query[-2], value[-1])


def _eigh(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    return shapes[0][:-1], shapes[0]


def _qr(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    return shapes[0], (*shapes[0][:-2], *shapes[0][-1:] * 2)


def _svd(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    *batch, m, n = shapes[0]
    k = least(m, n)
    return (*batch, m, k), (*batch, k), (*batch, k, n)


def _slogdet(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    return shapes[0][:-2], shapes[0][:-2]


def _kalman(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    matrices = {1, 2, 3, 4, 5}
    batch = broadcast("kalman_step", [x[:-2] if i in matrices else x[:-1] for i, x in enumerate(shapes)])
    size = shapes[0][-1]
    return (*batch, size), (*batch, size, size), batch


RULES: Mapping[str, Rule] = {
    "attention": _attention, "block_diag": _block_diag, "cho_solve": _fitted, "condition_number": _of_matrices,
    "corrcoef": _covariance, "cov": _covariance, "cross": _cross, "det": _of_matrices, "dot": _dot,
    "eigvalsh": _diagonal_of, "einsum": _einsum, "inner": _inner, "kron": _kron, "logdet": _of_matrices,
    "lstsq": _fitted, "matmul": _matmul, "matrix_norm": _of_matrices, "matrix_rank": _of_matrices,
    "multi_dot": _multi_dot, "multivariate_normal_logpdf": _multivariate, "outer": _outer, "solve": _solved,
    "solve_triangular": _solved, "svdvals": _diagonal_of, "tensordot": _tensordot, "tensorinv": _tensor_inverse,
    "tensorsolve": _tensor_solved, "trace": _of_matrices, "vdot": scalar, "vecdot": _vecdot,
}  # fmt: skip

MULTIPLE: Mapping[str, MultipleRule] = {
    "eigh": _eigh, "kalman_step": _kalman, "qr": _qr, "slogdet": _slogdet, "svd": _svd,
}  # fmt: skip

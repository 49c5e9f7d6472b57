"""Ops that order, join, repeat and pick elements: the shapes of what they yield."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradwire.broadcasting import Shape, broadcast, normalized
from gradwire.shape_rules.common import Attributes, MultipleRule, Rule, numbers, product, same

# Other orders and shapes of the same elements


def _transposed(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    axes: Any = attributes.get("axes", attributes.get("axis"))
    return shape[::-1] if axes is None else tuple(shape[axis] for axis in axes)


def _matrix_transposed(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return (*shapes[0][:-2], *shapes[0][:-3:-1])


def _swapped(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    sizes = list(shapes[0])
    first, second = (int(attributes[name]) for name in ("axis1", "axis2"))  # type: ignore[arg-type]
    sizes[first], sizes[second] = sizes[second], sizes[first]
    return tuple(sizes)


def _moved(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    sources, destinations = (normalized(attributes[name], len(shape)) for name in ("source", "destination"))
    order = [axis for axis in range(len(shape)) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return tuple(shape[axis] for axis in order)


def _reshaped(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    wanted: Any = attributes["shape"]
    if -1 not in wanted:
        return tuple(wanted)
    total, rest = product(shapes[0]), product([size for size in wanted if size != -1])
    inferred = total // rest if total is not None and rest else None
    return tuple(inferred if size == -1 else size for size in wanted)


def _expanded(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    axis: Any = attributes.get("axis", 0)
    axes = normalized(axis, len(shape) + (1 if isinstance(axis, int) else len(axis)))
    sizes = iter(shape)
    return tuple(1 if i in axes else next(sizes) for i in range(len(shape) + len(axes)))


def _squeezed(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    axis = attributes.get("axis")
    if axis is None and not numbers(*shape):
        return None
    axes = normalized(axis, len(shape)) if axis is not None else [i for i, size in enumerate(shape) if size == 1]
    return tuple(size for i, size in enumerate(shape) if i not in axes)


# Several values put together, or one repeated


def _concatenated(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    first = shapes[0]
    (axis,) = normalized(attributes.get("axis", 0), len(first))
    if axis == len(first) or any(len(shape) != len(first) for shape in shapes):
        return None
    sizes: list[Any] = [shape[axis] for shape in shapes]
    return (*first[:axis], sum(sizes) if numbers(*sizes) else None, *first[axis + 1 :])


def _stacked(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    first = shapes[0]
    (axis,) = normalized(attributes.get("axis", 0), len(first) + 1)
    return (*first[:axis], len(shapes), *first[axis:])


def _padded(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    low: Any = attributes["low"]
    high: Any = attributes["high"]
    interior: Any = attributes.get("interior") or (0,) * len(shape)
    return tuple(
        size if (a, b, gap) == (0, 0, 0) else a + size + max(size - 1, 0) * gap + b if isinstance(size, int) else None
        for size, a, b, gap in zip(shape, low, high, interior, strict=True)
    )


def _tiled(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    counts: Any = attributes["repetitions"]
    rank = max(len(counts), len(shapes[0]))
    sizes = (1,) * (rank - len(shapes[0])) + shapes[0]
    counts = (1,) * (rank - len(counts)) + tuple(counts)
    return tuple(_times(size, count) for size, count in zip(sizes, counts, strict=True))


def _repeated(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    times: Any = attributes["repeats"]
    if "axis" not in attributes:
        return (_times(product(shape), times),)
    (axis,) = normalized(attributes["axis"], len(shape))
    return (*shape[:axis], _times(shape[axis], times), *shape[axis + 1 :])


def _times(size: Any, count: int) -> Any:
    return size * count if isinstance(size, int) else size if count == 1 else None


# Some of the elements


def _taken(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    shape, indices = shapes
    if "axis" not in attributes:  # of x laid flat
        return indices
    (axis,) = normalized(attributes["axis"], len(shape))
    return (*shape[:axis], *indices, *shape[axis + 1 :])


def _gathered(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    shape, indices = shapes
    depth = indices[-1] if indices else None
    batch: Any = attributes.get("batch_dims", 0)
    return (*indices[:-1], *shape[batch + depth :]) if isinstance(depth, int) else None


def _along_axis(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    shape, indices = shapes
    (axis,) = normalized(attributes.get("axis", -1), len(shape))
    one: Shape = (*shape[:axis], 1, *shape[axis + 1 :])
    return broadcast("take_along_axis", [one, indices]) if len(shape) == len(indices) else None


def _accumulated(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    return shape if "axis" in attributes or len(shape) == 1 else None


def _differences(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    n: Any = attributes.get("n", 1)
    (axis,) = normalized(attributes.get("axis", -1), len(shape))
    size = shape[axis]
    return (*shape[:axis], max(size - n, 0) if isinstance(size, int) else None, *shape[axis + 1 :])


def _diagonal(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    offset: Any = attributes.get("offset", 0)
    rows, columns = normalized([attributes.get("axis1", 0), attributes.get("axis2", 1)], len(shape))
    m, n = shape[rows], shape[columns]
    length: Any = m if m == n and not offset else None
    if isinstance(m, int) and isinstance(n, int):
        length = max(0, min(m + min(offset, 0), n - max(offset, 0)))
    return (*(size for i, size in enumerate(shape) if i not in (rows, columns)), length)


def _embedded(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    offset: Any = attributes.get("offset", 0)
    axes = normalized([attributes.get("axis1", -2), attributes.get("axis2", -1)], len(shape) + 1)
    size: Any = shape[-1]
    side = size + abs(offset) if isinstance(size, int) else None if offset else size
    rest = iter(shape[:-1])
    return tuple(side if i in axes else next(rest) for i in range(len(shape) + 1))


def _looked_up(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return (*shapes[1], *shapes[0][1:])


# What is stated, and what stays


def _declared(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    shape: Any = attributes.get("shape", attributes.get("sizes"))
    return tuple(shape)


def _eye(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    shape: Any = attributes["shape"]
    return tuple(shape) if len(shape) > 1 else (*shape, *shape)


def _counted(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    count: Any = attributes["count"]
    return (count, *shapes[0][1:])


def _summed_up(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return _differences(shapes[:1], {"axis": attributes.get("axis", -1)})


def _integrated(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (axis,) = normalized(attributes.get("axis", -1), len(shapes[0]))
    return (*shapes[0][:axis], *shapes[0][axis + 1 :])


def _by_class(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return broadcast("the classes", [shapes[0], shapes[1][:-1]])


def _by_rows(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return broadcast("the rows", [shape[:-1] for shape in shapes])


def _searched(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return shapes[1]


def _classes(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    classes: Any = attributes["classes"]
    return (*shapes[0], classes)


def _greatest(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    (shape,) = shapes
    k: Any = attributes["k"]
    (axis,) = normalized(attributes.get("axis", -1), len(shape))
    return ((*shape[:axis], k, *shape[axis + 1 :]),) * 2


def _sorted(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    return shapes[0], shapes[0]


RULES: Mapping[str, Rule] = {
    "broadcast_to": _declared, "categorical_logits_logpmf": _by_class, "categorical_logpmf": _by_class,
    "concatenate": _concatenated, "cumlogsumexp": _accumulated, "cummax": _accumulated, "cummin": _accumulated,
    "cumprod": _accumulated, "cumsum": _accumulated, "cumulative_trapezoid": _summed_up, "diag_embed": _embedded,
    "diagonal": _diagonal, "diff": _differences, "dirichlet_logpdf": _by_rows, "dynamic_slice": _declared,
    "embedding": _looked_up, "expand_dims": _expanded, "eye": _eye, "full": _declared, "gather_nd": _gathered,
    "iota": _declared, "matrix_transpose": _matrix_transposed, "moveaxis": _moved, "one_hot": _classes, "pad": _padded,
    "pinv": _matrix_transposed, "repeat": _repeated, "reshape": _reshaped, "searchsorted": _searched,
    "segment_sum": _counted, "squeeze": _squeezed, "stack": _stacked, "swapaxes": _swapped, "take": _taken,
    "take_along_axis": _along_axis, "tile": _tiled, "transpose": _transposed, "trapezoid": _integrated,
} | dict.fromkeys(
    "argsort astype batch_norm batch_norm_inference cholesky dynamic_update_slice expm flip group_norm identity interp "
    "inv layer_norm lbfgs_direction log_softmax matrix_power rms_norm roll scatter_add scatter_max scatter_min "
    "scatter_set select_and_scatter_add softmax stop_gradient tril triu".split(),
    same,
)  # fmt: skip


def _split(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    (shape,) = shapes
    count: Any = attributes["sections"]
    (axis,) = normalized(attributes["axis"], len(shape))
    size: Any = shape[axis]
    part = size // count if numbers(size) and count else None
    return ((*shape[:axis], part, *shape[axis + 1 :]),) * max(count, 1)


def _unstacked(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    (shape,) = shapes
    count: Any = attributes["count"]
    (axis,) = normalized(attributes["axis"], len(shape))
    return ((*shape[:axis], *shape[axis + 1 :]),) * max(count, 1)


def _grid(shapes: Sequence[Shape], attributes: Attributes) -> Sequence[Shape | None]:
    sizes = [product(shape) for shape in shapes]
    if attributes["indexing"] == "xy":
        sizes[:2] = sizes[:2][::-1]
    return (tuple(sizes),) * len(shapes)


MULTIPLE: Mapping[str, MultipleRule] = {
    "meshgrid": _grid, "sort": _sorted, "split": _split, "top_k": _greatest, "unstack": _unstacked,
}  # fmt: skip

"""Ops that sweep windows over arrays: the shapes of what they yield."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradwire.broadcasting import Shape
from gradwire.shape_rules.common import Attributes, Rule, numbers


def _swept(size: Any, window: Any, stride: int, margins: int, spread: int, dilation: int) -> Any:
    """Return the number of places where a window lies, along one axis."""
    if not numbers(size, window):
        return None
    filled = margins + (size - 1) * spread + 1 if size else margins
    return max(0, (filled - (window - 1) * dilation - 1) // stride + 1)


def _along(attributes: Attributes, name: str, count: int, default: int) -> Any:
    return attributes.get(name) or (default,) * count


def _windows(sizes: Shape, window: Any, attributes: Attributes, spread: str, dilation: str) -> Shape:
    count = len(sizes)
    low, high = _along(attributes, "low", count, 0), _along(attributes, "high", count, 0)
    steps = [_along(attributes, name, count, 1) for name in ("stride", spread, dilation)]
    return tuple(
        _swept(size, width, stride, before + after, gaps, holes)
        for size, width, before, after, stride, gaps, holes in zip(sizes, window, low, high, *steps, strict=True)
    )


def _conv(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    x, w = shapes
    return (x[0], w[0], *_windows(x[2:], w[2:], attributes, "lhs_dilation", "rhs_dilation"))


def _window(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    return _windows(shapes[0], attributes["window"], attributes, "base_dilation", "window_dilation")


def _pooled(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    (shape,) = shapes
    window: Any = attributes["window"]
    settings = {**attributes, "stride": attributes.get("stride") or window}
    return (*shape[:2], *_windows(shape[2:], window, settings, "", ""))


def _conv_transposed(shapes: Sequence[Shape], attributes: Attributes) -> Shape | None:
    x, w = shapes
    count = len(x) - 2
    groups: Any = attributes.get("groups", 1)
    steps = [_along(attributes, name, count, 1) for name in ("stride", "dilation")]
    cuts = [_along(attributes, name, count, 0) for name in ("low", "high")]
    sizes: list[Any] = []
    for size, width, stride, dilation, low, high in zip(x[2:], w[2:], *steps, *cuts, strict=True):
        known = isinstance(size, int) and isinstance(width, int)
        sizes.append((size - 1) * stride + (width - 1) * dilation + 1 - low - high if known else None)
    return (x[0], w[1] * groups if isinstance(w[1], int) else None, *sizes)


RULES: Mapping[str, Rule] = {
    "avg_pool": _pooled, "conv": _conv, "conv_transpose": _conv_transposed, "max_pool": _pooled,
    "reduce_window_max": _window, "reduce_window_sum": _window,
}  # fmt: skip

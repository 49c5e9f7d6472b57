"""PyTorch's functions by NumPy's names, with NumPy's habits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch

from gradwire_backends.torch.elementwise import Elementwise
from gradwire_backends.torch.matrices import LinearAlgebra, solve_triangular
from gradwire_backends.torch.sliding import conv, dilated_pad

Axes = int | Sequence[int] | None


class TorchNamespace(Elementwise):
    """What an op's `evaluate` finds when it is run on tensors."""

    e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi
    float64 = torch.float64
    finfo, iinfo = staticmethod(torch.finfo), staticmethod(torch.iinfo)
    full_like = staticmethod(torch.full_like)
    linalg = LinearAlgebra()
    solve_triangular = staticmethod(solve_triangular)
    expm = staticmethod(torch.linalg.matrix_exp)
    conv = staticmethod(conv)
    dilated_pad = staticmethod(dilated_pad)
    matmul = staticmethod(torch.matmul)
    moveaxis = staticmethod(torch.movedim)
    ones_like = staticmethod(torch.ones_like)
    real = staticmethod(torch.real)
    squeeze = staticmethod(torch.squeeze)
    take_along_axis = staticmethod(torch.take_along_dim)
    zeros_like = staticmethod(torch.zeros_like)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"there is no function {name}")

    @staticmethod
    def asarray(x: Any, dtype: Any = None) -> Any:
        """Give a tensor, an array or a number an element type."""
        kind = _kind(dtype)
        return x.to(kind) if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=kind)

    astype = asarray

    @staticmethod
    def isdtype(dtype: Any, kind: str) -> bool:
        """Tell whether an element type is of a kind of the array-API standard: "real floating" alone is asked for."""
        return bool(dtype.is_floating_point)

    @staticmethod
    def stop_gradient(x: Any) -> Any:
        """Return x as a constant."""
        return x.detach()

    # What is made of nothing.

    @staticmethod
    def full(shape: Sequence[int], value: Any, dtype: Any = None) -> Any:
        """Repeat one number."""
        return torch.full(tuple(shape), value, dtype=_kind(dtype))

    @staticmethod
    def ones(shape: Sequence[int], dtype: Any = None) -> Any:
        """Repeat 1."""
        return torch.ones(tuple(shape), dtype=_kind(dtype))

    @staticmethod
    def zeros(shape: Sequence[int], dtype: Any = None) -> Any:
        """Repeat 0."""
        return torch.zeros(tuple(shape), dtype=_kind(dtype))

    @staticmethod
    def arange(*bounds: int, dtype: Any = None) -> Any:
        """Count."""
        return torch.arange(*bounds, dtype=_kind(dtype))

    @staticmethod
    def eye(rows: int, dtype: Any = float, k: int = 0) -> Any:
        """Return the identity, or a matrix with ones on another diagonal."""
        places = torch.arange(rows)
        return (places - places[:, None] == k).to(_kind(dtype))

    # Reductions.

    @staticmethod
    def sum(x: Any, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Add up along axes."""
        axes, kind = _axes(axis, x), None if dtype is torch.bool else dtype
        return torch.sum(x, axes, keepdims, dtype=kind) if axes else x.to(kind or x.dtype)

    @staticmethod
    def prod(x: Any, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Multiply along axes, one after the other."""
        axes, kind = _axes(axis, x), None if dtype is torch.bool else dtype
        for each in axes:
            x = torch.prod(x, each, keepdim=True, dtype=kind)
        return x if keepdims else torch.squeeze(x, axes)

    @staticmethod
    def max(x: Any, axis: Axes = None, keepdims: bool = False, initial: float | None = None) -> Any:
        """Return the greatest along axes; those that tie share the derivative."""
        return _extreme(torch.amax, x, axis, keepdims, initial)

    @staticmethod
    def min(x: Any, axis: Axes = None, keepdims: bool = False, initial: float | None = None) -> Any:
        """Return the least along axes; those that tie share the derivative."""
        return _extreme(torch.amin, x, axis, keepdims, initial)

    @staticmethod
    def any(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
        """Tell whether one is true along axes."""
        axes = _axes(axis, x)
        return torch.any(x, axes, keepdims) if axes else x != 0

    @staticmethod
    def all(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
        """Tell whether all are true along axes."""
        axes = _axes(axis, x)
        return torch.all(x, axes, keepdims) if axes else x != 0

    @staticmethod
    def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the place of the first of the greatest."""
        return torch.argmax(_ordered(x), axis, keepdims)

    @staticmethod
    def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the place of the first of the least."""
        return torch.argmin(_ordered(x), axis, keepdims)

    # Along one axis.

    @staticmethod
    def argsort(x: Any, axis: int, descending: bool = False) -> Any:
        """Return the positions in order, in their own where elements tie, NaN last in either direction."""
        if descending:
            x = -x if x.is_floating_point() else ~x
        return torch.argsort(x, dim=axis, stable=True)

    @staticmethod
    def searchsorted(x: Any, values: Any, side: Literal["left", "right"]) -> Any:
        """Return where values would have to be put so that x stays in order; PyTorch has its own place for NaN."""
        return torch.as_tensor(np.searchsorted(x.numpy(force=True), values.numpy(force=True), side))

    @staticmethod
    def cumulative_sum(x: Any, axis: int, dtype: Any = None) -> Any:
        """Add up to each place."""
        return torch.cumsum(x, axis, dtype=None if dtype is torch.bool else dtype)

    @staticmethod
    def cumprod(x: Any, axis: int) -> Any:
        """Multiply up to each place."""
        return torch.cumprod(x, axis)

    @staticmethod
    def cumulative_prod(x: Any, axis: int, dtype: Any = None, include_initial: bool = False) -> Any:
        """Multiply up to each place; with the empty product before, if that is asked for."""
        y = torch.cumprod(x, axis, dtype=None if dtype is torch.bool else dtype)
        if not include_initial:
            return y
        return torch.cat([y.new_ones([1 if i == axis % x.ndim else n for i, n in enumerate(x.shape)]), y], axis)

    # Shapes.

    @staticmethod
    def shape(x: Any) -> tuple[int, ...]:
        """Return the sizes of the axes."""
        return tuple(x.shape)

    @staticmethod
    def reshape(x: Any, shape: Sequence[int]) -> Any:
        """Give other axes."""
        return torch.reshape(x, tuple(shape))

    @staticmethod
    def transpose(x: Any, axes: Sequence[int]) -> Any:
        """Put the axes in another order."""
        return torch.permute(x, tuple(axes))

    @staticmethod
    def matrix_transpose(x: Any) -> Any:
        """Exchange the last two axes."""
        return x.mT

    @staticmethod
    def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
        """Repeat along new axes, and along axes of size 1."""
        return torch.broadcast_to(x, tuple(shape))

    @staticmethod
    def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
        """Make axes of size 1, at places of the result."""
        axes = (axis,) if isinstance(axis, int) else axis
        for place in sorted(each % (x.ndim + len(axes)) for each in axes):
            x = torch.unsqueeze(x, place)
        return x

    @staticmethod
    def flip(x: Any, axis: Axes = None) -> Any:
        """Turn the order round along axes."""
        return torch.flip(x, _axes(axis, x))

    @staticmethod
    def concat(x: Sequence[Any], axis: int = 0) -> Any:
        """Put one behind the other."""
        return torch.cat(tuple(x), axis)

    @staticmethod
    def stack(x: Sequence[Any], axis: int = 0) -> Any:
        """Put side by side along a new axis."""
        return torch.stack(tuple(x), axis)

    @staticmethod
    def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """Read a diagonal; it lies along the last axis."""
        return torch.diagonal(x, offset, axis1, axis2)

    # Elements at positions that are data.

    @staticmethod
    def take(x: Any, indices: Any, axis: int | None = None) -> Any:
        """Read along an axis, or of x laid flat.

        Raises: IndexError.
        """
        if axis is None:
            x, axis = x.reshape(-1), 0
        axis %= x.ndim
        found = torch.index_select(x, axis, _positions(indices, x.shape[axis]).reshape(-1))
        return found.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))

    @staticmethod
    def scatter_add(updates: Any, indices: Any, axis: int, size: int) -> Any:
        """Add updates up at indices along an axis of zeros.

        Raises: IndexError.
        """
        rest = updates.shape[axis + indices.ndim :]
        rows = updates.reshape(*updates.shape[:axis], indices.numel(), *rest)
        y = updates.new_zeros((*updates.shape[:axis], size, *rest))
        return y.index_add(axis, _positions(indices, size).reshape(-1), rows)

    @staticmethod
    def scatter(x: Any, at: Any, updates: Any, how: str) -> Any:
        """Set, add, or take the max or min of rows of x at indices; of several that are set, the last counts."""
        at = at.reshape(-1)
        updates = updates.reshape(len(at), *x.shape[1:])
        if how == "set":
            last = torch.full((len(x),), -1).scatter_reduce(0, at, torch.arange(len(at)), "amax")
            places = torch.nonzero(last >= 0).reshape(-1)
            return x.index_copy(0, places, updates.index_select(0, last[places]))
        each = at.reshape(-1, *[1] * (x.ndim - 1)).expand(updates.shape)
        return x.scatter_reduce(0, each, updates, {"add": "sum", "max": "amax", "min": "amin"}[how])

    @staticmethod
    def dynamic_update_slice(x: Any, update: Any, start: Sequence[int]) -> Any:
        """Replace the part of x that begins at start."""
        y = x.clone()
        y[tuple(slice(i, i + size) for i, size in zip(start, update.shape, strict=True))] = update
        return y

    @staticmethod
    def einsum(subscripts: str, *x: Any, optimize: bool = True) -> Any:
        """Sum products by Einstein's convention."""
        return torch.einsum(subscripts, *x)


def _kind(dtype: Any) -> Any:
    """Return PyTorch's name for an element type."""
    if dtype is None or isinstance(dtype, torch.dtype):
        return dtype
    return torch.from_numpy(np.empty(0, dtype)).dtype


def _axes(axis: Axes, x: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)


def _extreme(reduce: Callable[..., Any], x: Any, axis: Axes, keepdims: bool, initial: float | None) -> Any:
    """Reduce; with an initial element beside the others, one for each result."""
    axes = _axes(axis, x)
    if initial is not None:  # the reduction of nothing is it
        for each in axes:
            first = x.new_full([1 if i == each % x.ndim else n for i, n in enumerate(x.shape)], initial)
            x = torch.cat([first, x], each)
    return reduce(x, axes, keepdims) if axes else x


def _ordered(x: Any) -> Any:
    """Return what PyTorch finds an order in."""
    return x.to(torch.uint8) if x.dtype is torch.bool else x


def _positions(indices: Any, size: int) -> Any:
    """Count from the front.

    Raises: IndexError when one is outside an axis of that size.
    """
    if bool(((indices < -size) | (indices >= size)).any()):
        raise IndexError
    return torch.where(indices < 0, indices + size, indices)


TORCH = TorchNamespace()

"""Margins and windows, on tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.nn import functional


def dilated_pad(x: Any, low: Sequence[int], high: Sequence[int], interior: Sequence[int]) -> Any:
    """Put zeros around the elements and between them; negative margins cut off."""
    steps = [gap + 1 for gap in interior]
    spread = x.new_zeros([max(n - 1, 0) * step + min(n, 1) for n, step in zip(x.shape, steps, strict=True)])
    spread[tuple(slice(None, None, step) for step in steps)] = x
    margins = [(max(a, 0), max(b, 0)) for a, b in zip(low, high, strict=True)]
    y = functional.pad(spread, [n for pair in reversed(margins) for n in pair])
    cuts = (slice(max(-a, 0), n - max(-b, 0)) for a, b, n in zip(low, high, y.shape, strict=True))
    return y[tuple(cuts)]


def conv(
    x: Any,
    w: Any,
    stride: Sequence[int],
    low: Sequence[int],
    high: Sequence[int],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    groups: int,
) -> Any:
    """Convolve [n, c, spatial...] with [o, c / groups, window...], along one, two or three axes."""
    spread = dilated_pad(x, (0, 0, *low), (0, 0, *high), (0, 0, *(step - 1 for step in lhs_dilation)))
    if not 1 <= len(stride) <= 3:
        raise NotImplementedError(f"PyTorch convolves along one, two or three axes, not {len(stride)}")
    spans = ((size - 1) * step + 1 for size, step in zip(w.shape[2:], rhs_dilation, strict=True))
    counts = [max(n - span, -step) // step + 1 for n, span, step in zip(spread.shape[2:], spans, stride, strict=True)]
    if 0 in (*spread.shape, *w.shape, *counts):  # PyTorch takes no empty ones
        return x.new_zeros((len(x), len(w), *counts))
    by_rank = (functional.conv1d, functional.conv2d, functional.conv3d)
    return by_rank[len(stride) - 1](spread, w, None, tuple(stride), 0, tuple(rhs_dilation), groups)

"""JAX's functions by NumPy's names, with NumPy's habits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy import special

from gradwire_backends.jax.control import ControlFlow
from gradwire_backends.jax.matrices import LinearAlgebra, solve_triangular


class JaxNamespace(ControlFlow):
    """What an op's `evaluate` finds while JAX records it: `jax.numpy`, then `jax.scipy.special`, then these."""

    expm = staticmethod(jax.scipy.linalg.expm)
    linalg = LinearAlgebra()
    sigmoid = staticmethod(jax.nn.sigmoid)
    solve_triangular = staticmethod(solve_triangular)
    stop_gradient = staticmethod(jax.lax.stop_gradient)

    def __getattr__(self, name: str) -> Any:
        for module in (jnp, special):
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(f"it has no function {name}")

    @staticmethod
    def gammaln(x: Any) -> Any:
        """Return log |Γ(x)|, and -inf at -inf, as SciPy does."""
        return jnp.where(x == -jnp.inf, x, special.gammaln(x))

    @staticmethod
    def digamma(x: Any) -> Any:
        """Return the derivative of log |Γ|, and the one-sided limit at ±0, as SciPy does."""
        return jnp.where(x == 0, -1 / x, special.digamma(x))

    @staticmethod
    def polygamma(n: int, x: Any) -> Any:
        """Return a derivative of the digamma function, and 0 at inf, as SciPy does."""
        return jnp.where(x == jnp.inf, 0, special.polygamma(n, jnp.where(x == jnp.inf, 1, x)))

    @staticmethod
    def iv(n: int, x: Any) -> Any:
        """Return a modified Bessel function; JAX has those of order 0 and 1."""
        if n > 1:
            raise NotImplementedError(f"it has no Bessel function of order {n}")
        away = jnp.where(x == 0, 1, x)  # at 0, JAX takes the bend of |x| for one of the function
        return jnp.where(x == 0, x / 2, special.i1(away)) if n else jnp.where(x == 0, 1 + 0 * x, special.i0(away))

    @staticmethod
    def gammainc(a: Any, x: Any) -> Any:
        """Return the regularized lower incomplete gamma function, with SciPy's values at the edges."""
        return _at_edges(special.gammainc, a, x, 0)

    @staticmethod
    def gammaincc(a: Any, x: Any) -> Any:
        """Return the regularized upper incomplete gamma function, with SciPy's values at the edges."""
        return _at_edges(special.gammaincc, a, x, 1)

    def take(self, x: Any, indices: Any, axis: int | None = None) -> Any:
        """Read along an axis, or of x laid flat, at positions that are data."""
        if axis is None:
            x, axis = x.reshape(-1), 0
        axis %= x.ndim
        return x[(*[slice(None)] * axis, self.positions(indices, x.shape[axis]))]

    @staticmethod
    def argsort(x: Any, axis: int, descending: bool = False) -> Any:
        """Return the positions in order, in their own where elements tie, NaN last in either direction."""
        if descending:
            x = -x if jnp.issubdtype(x.dtype, jnp.floating) else ~x
        return jnp.argsort(x, axis=axis, stable=True)

    @staticmethod
    def dilated_pad(x: Any, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Any:
        """Put zeros around the elements and between them; negative margins cut off."""
        return jax.lax.pad(x, jnp.zeros((), x.dtype), tuple(zip(low, high, interior, strict=True)))

    @staticmethod
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
        """Convolve [n, c, spatial...] with [o, c / groups, window...]."""
        margins = tuple(zip(low, high, strict=True))
        return jax.lax.conv_general_dilated(
            x, w, stride, margins, lhs_dilation, rhs_dilation, feature_group_count=groups, precision="highest"
        )

    def scatter_add(self, updates: Any, indices: Any, axis: int, size: int) -> Any:
        """Add updates up at indices along an axis of zeros."""
        self.check(indices, size)
        y = jnp.zeros((*updates.shape[:axis], size, *updates.shape[axis + indices.ndim :]), updates.dtype)
        return y.at[(*[slice(None)] * axis, indices)].add(updates)

    @staticmethod
    def scatter(x: Any, at: Any, updates: Any, how: str) -> Any:
        """Set, add, or take the max or min of rows of x at indices; of several that are set, the last counts."""
        at = at.reshape(-1)
        updates = updates.reshape(len(at), *x.shape[1:])
        if how != "set" or not len(at):
            return getattr(x.at[at], how)(updates)
        last = jnp.full(len(x), -1).at[at].max(jnp.arange(len(at)))
        return jnp.where(last.reshape(-1, *[1] * (x.ndim - 1)) < 0, x, updates[last])

    def positions(self, indices: Any, size: int) -> Any:
        """Count from the front, and remember whether one is outside an axis of that size."""
        self.check(indices, size)
        return jnp.where(indices < 0, indices + size, indices)

    def check(self, first: Any, size: int, count: int = 1) -> None:
        """Remember whether so many elements from one of these places on reach outside an axis."""
        place = jnp.where(first < 0, first + size, first)
        self.note((place < 0) | (place > size - count))


def _at_edges(function: Any, a: Any, x: Any, far: int) -> Any:
    """Evaluate an incomplete gamma function; `far` is where it tends to as a does to infinity."""
    both = ((a == 0) & (x == 0)) | ((a == jnp.inf) & (x == jnp.inf))
    none = both | (a < 0) | (x < 0) | jnp.isnan(a) | jnp.isnan(x)
    return jnp.where(none, jnp.nan, jnp.where(a == jnp.inf, far, function(jnp.where(a == jnp.inf, 1, a), x)))

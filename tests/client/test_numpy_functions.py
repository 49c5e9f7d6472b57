"""NumPy's and SciPy's functions of arrays, traced and run by the service, give what NumPy and SciPy give."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.special

import gradwire as gw
from gradwire_service import Engine

RNG = np.random.default_rng(4)
X = RNG.uniform(0.2, 0.9, size=5)
Y = RNG.uniform(0.2, 0.9, size=5)
A = RNG.normal(size=(3, 4))
B = RNG.normal(size=(3, 4))
C = RNG.normal(size=(2, 3, 4))
V = RNG.normal(size=(4, 3))
W = RNG.normal(size=(4, 3))
S = A @ A.T + np.eye(3)
HOLES = np.where(A > 0.5, np.nan, A)


@cache
def engine() -> Engine:
    return Engine("numpy")


def check(function: Callable[..., Any], *arrays: Any) -> None:
    expected = function(*arrays)
    inputs = dict(zip("abc", arrays, strict=False))
    traced: dict[int, Callable[..., Any]] = {
        1: lambda a: function(a),
        2: lambda a, b: function(a, b),
        3: lambda a, b, c: function(a, b, c),
    }
    graph, feeds = gw.function(traced[len(arrays)]).trace(inputs)
    found = engine().evaluate(str(graph), feeds)
    several = isinstance(expected, tuple | list)
    for i, wanted in enumerate(expected if several else [expected]):
        y = found[f"result.{i}" if several else "result"]
        assert y.shape == np.shape(wanted)
        assert y.dtype == np.asarray(wanted).dtype
        np.testing.assert_allclose(y, wanted, rtol=1e-10, atol=1e-12)


PRODUCTS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (lambda a, b: np.einsum("ij,kj", a, b, optimize=True), (A, B)),
    (lambda c, a: np.einsum("...j,kj->k...", c, a), (C, A)), (lambda c, a: np.einsum("...j,...j", c, a), (C, A)),
    (lambda a, b: np.einsum(a, [0, 1], b, [2, 1], [0, 2]), (A, B)), (lambda a: np.einsum("ji", a), (A,)),
    (lambda c: np.einsum(c, [..., 0, 1], [..., 1]), (C,)), (np.kron, (A, B)),
    (np.kron, (X, A)), (np.cross, (V, W)), (lambda a, b: np.cross(a, b, axis=0), (A, B)),
    (lambda a, b: np.linalg.cross(a, b), (V, W)), (lambda a: np.trace(a, 1), (A,)),
    (lambda c: np.trace(c, 0, 1, 2), (C,)), (lambda c: np.trace(c, axis1=0, axis2=2), (C,)), (np.diag, (X,)),
    (lambda x: np.diag(x, -2), (X,)), (np.diag, (A,)), (lambda a: np.diagonal(a, -1), (A,)),
    (lambda c: np.linalg.diagonal(c, offset=1), (C,)), (np.convolve, (X, Y[:3])),
    (lambda x, y: np.convolve(x, y, "same"), (X, Y[:2])), (lambda x, y: np.convolve(x, y, "valid"), (X[:3], Y)),
    (lambda a, b: np.linalg.vecdot(a, b), (A, B)), (lambda a, b: np.tensordot(a, b, ([0, 1], [0, 1])), (A, B)),
    (lambda a, b: np.inner(a, b), (A, B)), (lambda a, b: np.outer(a, b), (A, X)), (lambda x: np.dot(3, x), (X,)),
    (lambda c, b: np.dot(c, b.T), (C, B)), (lambda a, b: np.vdot(a, b), (A, B)),
    (lambda x, y: np.add.outer(x, y), (X, Y)), (lambda a, x: np.multiply.outer(a, x), (A, X)),
    (lambda x: np.subtract.outer(x, 1.0), (X,)),
]  # fmt: skip
SHAPES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    *[(lambda a, k=k: np.rot90(a, k), (A,)) for k in range(-1, 4)], (lambda c: np.rot90(c, 1, (1, 2)), (C,)),
    (lambda a: np.roll(a, (1, -2), (0, 1)), (A,)), (lambda a: np.tile(a, (2, 1, 2)), (A,)),
    (lambda x: np.tile(x, 3), (X,)), (lambda a: np.repeat(a, 2, axis=1), (A,)),
    (lambda a: np.repeat(a, [0, 2, 1], axis=0), (A,)), (lambda a: np.repeat(a, 2), (A,)), (np.tril, (A,)),
    (lambda a: np.triu(a, 1), (A,)), (lambda c: np.tril(c, -1), (C,)), (lambda a: np.array_split(a, 3, axis=1), (A,)),
    (lambda x: np.array_split(x, [1, 3]), (X,)), (lambda a: np.hsplit(a, 2)[1], (A,)),
    (lambda x: np.hsplit(x, [2])[0], (X,)), (lambda a: np.vsplit(a, 3)[2], (A,)),
    (lambda a, b: np.dstack([a, b]), (A, B)), (lambda a, b: np.block([[a, b], [b, a]]), (A, B)),
    (lambda x: np.block([x, 1.0, x]), (X,)), (lambda x, y: np.meshgrid(x, y[:3]), (X, Y)),
    (lambda x, y: np.meshgrid(x, y[:3], indexing="ij"), (X, Y)), (lambda x, a: np.broadcast_arrays(x[:4], a), (X, A)),
    (np.fliplr, (A,)), (np.flipud, (A,)), (np.atleast_3d, (A,)), (lambda a: np.unstack(a), (A,)),
    (lambda a: np.pad(a, 1), (A,)), (lambda a: np.pad(a, ((0, 2), (1, 0)), constant_values=2), (A,)),
    (lambda a: np.pad(a, ((1, 2), (2, 1)), mode="edge"), (A,)), (lambda a: np.pad(a, 2, mode="reflect"), (A,)),
    (lambda x: np.pad(x, (3, 2), mode="wrap"), (X,)), (lambda a: np.ones_like(a), (A,)),
    (lambda a: np.empty_like(a) * 0, (A,)), (lambda a: np.full_like(a, np.arange(4.0)), (A,)),
    (lambda a: np.size(a, 1) * a, (A,)), (lambda a: a.swapaxes(0, 1), (A,)), (lambda c: np.moveaxis(c, -1, 0), (C,)),
    (lambda a: np.take_along_axis(a, np.array([[0, 3], [1, 1], [2, 0]]), 1), (A,)),
]  # fmt: skip
SUMS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (np.cumprod, (X,)), (lambda a: a.cumprod(1), (A,)), (lambda a: np.multiply.accumulate(a, axis=1), (A,)),
    (lambda a: np.maximum.accumulate(a), (A,)), (lambda x: np.logaddexp.accumulate(x), (X,)),
    (lambda a: np.cumulative_sum(a, axis=1, include_initial=True), (A,)),
    (lambda a: np.cumulative_prod(a, axis=0, include_initial=True), (A,)), (np.ptp, (A,)),
    (lambda a: np.ptp(a, 1), (A,)), (lambda a: np.diff(a, prepend=0.0), (A,)),
    (lambda a, b: np.diff(a, axis=0, append=b[:1]), (A, B)), (np.ediff1d, (A,)), (lambda x: np.gradient(x), (X,)),
    (lambda a: np.gradient(a, 0.5, axis=1), (A,)), (lambda a: np.gradient(a), (A,)),
    (lambda a: np.trapezoid(a, axis=0), (A,)), (lambda a, b: np.trapezoid(a, np.cumsum(b * b, axis=1)), (A, B)),
    (lambda x: np.interp(x, [0.3, 0.5, 0.6], [1.0, -1.0, 2.0]), (X,)),
    (lambda x, y: np.interp(0.5 + 0 * x, np.cumsum(x), y, left=-7.0, right=3.0), (X, Y)), (np.cov, (A,)),
    (lambda a, b: np.cov(a, b, ddof=0), (A, B)), (lambda a: np.cov(a, rowvar=False, bias=True), (A,)), (np.cov, (X,)),
    (np.corrcoef, (A,)), (lambda x, y: np.corrcoef(x, y), (X, Y)),
    (lambda a: np.average(a, axis=1, weights=[1.0, 2, 3, 4]), (A,)), (np.nansum, (HOLES,)),
    (lambda a: np.nanmean(a, axis=1), (HOLES,)), (lambda a: np.nanmax(a, axis=0), (HOLES,)), (np.nanmin, (HOLES,)),
    (lambda a: np.nanprod(a), (HOLES,)), (np.median, (A,)), (lambda a: np.median(a, axis=0, keepdims=True), (A,)),
    (lambda a: np.quantile(a, [0.1, 0.5, 1.0], axis=1), (A,)), (lambda a: np.percentile(a, 30), (A,)),
    (lambda c: np.quantile(c, 0.3, axis=-2, keepdims=True), (C,)), (np.sort, (A,)),
    (lambda a: np.sort(a, axis=None), (A,)), (lambda a: np.argsort(a, axis=0), (A,)),
    (lambda x: np.searchsorted(np.array([0.3, 0.5]), x), (X,)), (lambda a: np.count_nonzero(a > 0, axis=1), (A,)),
    (lambda a: np.any(a > 2), (A,)), (lambda a: (a > -9).all(axis=0), (A,)), (lambda x: np.vander(x, 3), (X,)),
    (lambda x: np.linspace(x[0], x[1], 5), (X,)), (lambda a, b: np.linspace(a, b, 4, endpoint=False), (A, B)),
    (lambda x, y: np.stack(divmod(x, y)), (X, Y)),
    (lambda x: round(x[0], 1) + np.can_cast(x, np.float32) + np.iscomplexobj(x), (X,)),
    (lambda x: np.vander(x, increasing=True), (X,)), (lambda a, b: np.isclose(a, a + 1e-9 * b), (A, B)),
    (lambda a: np.round(a, 1), (A,)), (lambda a: a.round(), (A,)),
    (lambda a: np.piecewise(a, [a < -0.5, a > 0.5], [lambda t: -t, np.sqrt, 0.25]), (np.abs(A),)),
    (lambda a: np.nan_to_num(a, nan=5.0), (HOLES,)), (lambda a: a.std(axis=0, ddof=1) + a.var(0), (A,)),
    (lambda x: x % 0.3 + x // 0.3, (X,)), (lambda x: 1 % x, (X,)), (lambda a: a.clip(0, 1), (A,)),
]  # fmt: skip
MATRICES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (np.linalg.inv, (S,)), (np.linalg.det, (S,)), (np.linalg.cholesky, (S,)), (np.linalg.pinv, (A,)),
    (lambda s: np.linalg.cholesky(s, upper=True), (S,)), (lambda s, a: np.linalg.solve(s, a), (S, A)),
    (lambda s, a: np.linalg.solve(s, a[:, 0]), (S, A)), (lambda s: tuple(np.linalg.slogdet(s)), (S,)),
    (lambda s: np.linalg.slogdet(s).logabsdet, (S,)), (lambda s: np.linalg.eigh(s).eigenvalues, (S,)),
    (np.linalg.eigvalsh, (S,)), (lambda s: np.linalg.eigvalsh(np.triu(s), "U"), (S,)),
    (lambda a: np.abs(np.linalg.svd(a, full_matrices=False)[2]), (A,)),
    (lambda a: np.linalg.svd(a, compute_uv=False), (A,)), (lambda v: np.abs(np.linalg.qr(v).R), (V,)),
    (lambda v: np.linalg.lstsq(v, v[:, 0] * 2)[0], (V,)), (lambda v, w: np.linalg.lstsq(v, w)[1], (V, W)),
    (lambda s: np.linalg.matrix_power(s, 3), (S,)), (lambda s: np.linalg.matrix_power(s, -1), (S,)),
    (lambda s: np.linalg.cond(s), (S,)), (lambda s: np.linalg.cond(s, 1), (S,)),
    (lambda a: np.linalg.matrix_rank(a), (A,)),
    *[(lambda a, p=p: np.linalg.norm(a, p), (A,)) for p in ("nuc", 2, -2, 1, -1, np.inf, -np.inf, "fro", None)],
    (lambda c: np.linalg.norm(c, 2, axis=(0, 2), keepdims=True), (C,)),
    (lambda c: np.linalg.norm(c, axis=(1, 0)), (C,)), (lambda a: np.linalg.matrix_norm(a, ord="nuc"), (A,)),
    (lambda a: np.linalg.svdvals(a), (A,)), (lambda a: np.linalg.matrix_transpose(a), (A,)),
    (lambda s: np.linalg.trace(s, offset=1), (S,)),
]  # fmt: skip
ONE = (np.floor, np.ceil, np.trunc, np.rint, np.cbrt, np.arcsinh, np.isnan, np.isinf, np.isfinite)
TWO = (np.hypot, np.logaddexp, np.copysign, np.fmax, np.fmin, np.remainder, np.fmod, np.floor_divide, np.heaviside)
ELEMENTWISE: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    *[(f, (A,)) for f in ONE], *[(f, (A, B)) for f in TWO], (np.arctanh, (X,)), (np.arccosh, (X + 1,)),
    (np.mod, (X, Y)), (np.log2, (X,)), (np.log10, (X,)), (np.exp2, (X,)),
]  # fmt: skip
SPECIAL_OF_ONE = """
    erf erfc erfinv expit log_expit logit gammaln psi digamma entr i0 i0e i1 i1e ndtr log_ndtr ndtri cbrt expm1
""".split()
SPECIAL_OF_TWO = "xlogy xlog1py rel_entr gammainc gammaincc beta betaln".split()
SPECIAL: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    *[(getattr(scipy.special, name), (X,)) for name in SPECIAL_OF_ONE],
    *[(getattr(scipy.special, name), (X, Y)) for name in SPECIAL_OF_TWO],
    (scipy.special.betainc, (X, Y, X[::-1].copy())),
    (lambda x: scipy.special.iv(2, x), (X,)),
]
ALL = [*PRODUCTS, *SHAPES, *SUMS, *MATRICES, *ELEMENTWISE, *SPECIAL]


@pytest.mark.parametrize(("function", "arrays"), ALL)
def test_traced_functions_give_what_numpy_and_scipy_give(function: Callable[..., Any], arrays: tuple[Any, ...]) -> None:
    check(function, *arrays)


def test_special_functions_have_a_module_with_scipy_s_names_and_ours() -> None:
    assert gw.special.gammaln is gw.special.lgamma is gw.lgamma
    assert gw.special.psi is gw.digamma
    assert gw.special.expit is gw.sigmoid
    assert not hasattr(gw.special, "huber")  # SciPy's is another function
    value = gw.special.logsumexp(gw.constant(A), axis=1)
    found = engine().evaluate(str(gw.Graph({"y": value})), {})["y"]
    np.testing.assert_allclose(found, scipy.special.logsumexp(A, axis=1))

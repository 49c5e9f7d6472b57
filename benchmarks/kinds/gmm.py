"""A mixture of Gaussians with a Wishart prior, in the form of ADBench: its log posterior, and the gradient.

The inverse covariance of a component is QᵀQ, Q lower triangular with a diagonal of exponentials. Q (x - μ) is taken as
Qx - Qμ: for all points and components one large product of matrices.
Source: Šrajer, Kukelova & Fitzgibbon (2018), "A benchmark of selected algorithmic differentiation tools on some
problems in computer vision and machine learning".
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, AbsentError, Array, Kind, Point, Prepared, Size

WRT = ("alphas", "means", "icf")
BLOCK = 64
"""Points that `gmm.c` takes at once."""


def point(d: int, k: int, n: int) -> Point:
    """Draw the parameters and the data."""
    rng = np.random.default_rng(0)
    icf = rng.normal(size=(k, d * (d + 1) // 2)) / math.sqrt(d)
    return {"alphas": rng.normal(size=k), "means": rng.random((k, d)), "icf": icf, "x": rng.normal(size=(n, d))}


def places(d: int) -> Array:
    """Return where each element of Q is in a row of: zero, the diagonal's exponentials, the others."""
    found = np.zeros((d, d), np.int64)
    found[np.diag_indices(d)] = 1 + np.arange(d)
    found[np.tril_indices(d, -1)] = 1 + d + np.arange(d * (d - 1) // 2)
    return found.ravel()


def constant(d: int, k: int, n: int) -> float:
    """Return what does not depend on the parameters; the prior has γ = 1 and m = 0."""
    log_gamma = d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma(0.5 * (d + 1) - j / 2) for j in range(d))
    return -n * d * 0.5 * math.log(2 * math.pi) - k * ((d + 1) * d * -0.5 * math.log(2) - log_gamma)


def posterior(xp: Any, alphas: Any, means: Any, icf: Any, x: Any, *, d: int, k: int, n: int) -> Any:
    """Return the log posterior."""
    diagonal, lower = xp.exp(icf[:, :d]), icf[:, d:]
    padded = xp.concatenate([xp.zeros((k, 1)), diagonal, lower], axis=1)
    q = xp.reshape(padded[:, xp.asarray(places(d))], (k, d, d))
    at_means = xp.sum(q * means[:, None, :], axis=2)
    u = xp.reshape(x @ xp.reshape(q, (k * d, d)).T, (n, k, d)) - at_means
    inner = alphas + xp.sum(icf[:, :d], axis=1) - 0.5 * xp.sum(u**2, axis=2)
    likelihood = xp.sum(xp.logsumexp(inner)) - n * xp.logsumexp(alphas)
    return likelihood + 0.5 * (xp.sum(diagonal**2) + xp.sum(lower**2)) + constant(d, k, n)


def ours(d: int, k: int, n: int) -> Any:
    """Ask for value and gradient."""
    import gradwire as gw
    from benchmarks.ours import Question

    xp = libraries.Namespace(
        gw, logsumexp=lambda x: gw.logsumexp(x, axis=-1), zeros=np.zeros, asarray=np.asarray, concatenate=gw.concatenate
    )
    at = point(d, k, n)
    variables = [gw.variable(name, x.shape) for name, x in at.items()]
    return Question(gw.Graph({"y": posterior(xp, *variables, d=d, k=k, n=n)}, name="gmm"), at, wrt=WRT)


def by_hand(d: int, k: int, n: int) -> Prepared:
    """Derive by hand."""
    alphas, means, icf, x = point(d, k, n).values()
    index, fixed = places(d), constant(d, k, n)
    used = index > 0

    def call() -> tuple[Any, ...]:
        diagonal = np.exp(icf[:, :d])
        padded = np.concatenate([np.zeros((k, 1)), diagonal, icf[:, d:]], axis=1)
        q = padded[:, index].reshape(k, d, d)
        u = (x @ q.reshape(k * d, d).T).reshape(n, k, d)
        u -= np.matmul(q, means[:, :, None])[:, :, 0]
        inner = np.einsum("nkd,nkd->nk", u, u)
        inner *= -0.5
        inner += alphas + icf[:, :d].sum(1)
        most = inner.max(1, keepdims=True)
        p = np.exp(inner - most)
        sums = p.sum(1, keepdims=True)
        p /= sums
        peak = alphas.max()
        weights = np.exp(alphas - peak)
        total = weights.sum()
        value = (np.log(sums) + most).sum() - n * (peak + np.log(total))
        value += 0.5 * ((diagonal**2).sum() + (icf[:, d:] ** 2).sum()) + fixed
        counts = p.sum(0)
        u *= -p[:, :, None]
        u_sum = u.sum(0)
        q_bar = (u.reshape(n, k * d).T @ x).reshape(k, d, d) - u_sum[:, :, None] * means[:, None, :]
        means_bar = -np.matmul(u_sum[:, None, :], q)[:, 0]
        padded_bar = np.empty((k, 1 + icf.shape[1]))
        padded_bar[:, index[used]] = q_bar.reshape(k, d * d)[:, used]
        icf_bar = padded_bar[:, 1:]
        icf_bar[:, :d] = (icf_bar[:, :d] + diagonal) * diagonal + counts[:, None]
        icf_bar[:, d:] += icf[:, d:]
        return value, counts - n * weights / total, means_bar, icf_bar

    return Prepared(call)


def in_c(d: int, k: int, n: int) -> Prepared:
    """Call `gmm.c`."""
    at = point(d, k, n)
    spaces = [np.empty(size) for size in (k * d * d, k * d * d, k, d * BLOCK, k * d * BLOCK, k * BLOCK)]
    results = [np.empty(()), *(np.empty(at[name].shape) for name in WRT)]
    prepared = native.prepared("gmm", [d, k, n], [*at.values(), *spaces], results)
    fixed = constant(d, k, n)
    return Prepared(prepared.call, lambda found: [found[0] + fixed, *found[1:]])


def casadi(d: int, k: int, n: int) -> Prepared:
    """Map a function of one point, of scalars, over all."""
    if k * d * d > 5_000:
        raise AbsentError("expressions of scalars are tried up to K d² = 5,000")
    ca, at = libraries.casadi(), point(d, k, n)
    columns = {"alphas": (k, 1), "means": (d, k), "icf": (d * (d + 1) // 2, k)}
    alphas, means, icf = (ca.SX.sym(name, *shape) for name, shape in columns.items())
    x = ca.SX.sym("x", d)
    inner = []
    for j in range(k):
        q = ca.SX.zeros(d, d)
        for place, source in enumerate(places(d)):
            if source:
                entry = icf[int(source) - 1, j]
                q[place // d, place % d] = ca.exp(entry) if source <= d else entry
        inner.append(alphas[j] + ca.sum1(icf[:d, j]) - 0.5 * ca.sumsqr(ca.mtimes(q, x - means[:, j])))
    one = ca.Function("one", [alphas, means, icf, x], [_logsumexp(ca, ca.vertcat(*inner))])
    alphas, means, icf = (ca.MX.sym(name, *shape) for name, shape in columns.items())
    points = ca.MX.sym("x", d, n)
    value = ca.sum2(one.map(n)(ca.repmat(alphas, 1, n), ca.repmat(means, 1, n), ca.repmat(icf, 1, n), points))
    value += 0.5 * (ca.sumsqr(ca.exp(icf[:d, :])) + ca.sumsqr(icf[d:, :])) - n * _logsumexp(ca, alphas)
    value += constant(d, k, n)
    results = [value, *(ca.densify(ca.gradient(value, p)) for p in (alphas, means, icf))]
    f = ca.Function("gmm", [alphas, means, icf, points], results)
    prepared = libraries.casadi_call(f, [y.T for y in at.values()], [(), *columns.values()])
    return Prepared(prepared.call, lambda found: [np.asarray(y).T for y in found])


def _logsumexp(ca: Any, x: Any) -> Any:
    most = ca.mmax(x)
    return most + ca.log(ca.sum1(ca.exp(x - most)))


def _framework(name: str, **size: int) -> Prepared:
    return libraries.gradients(partial(posterior, **size), point, WRT)[name](**size)


KIND = Kind(
    "gmm",
    "mixture of Gaussians, gradient",
    [
        Size({"d": d, "k": k, "n": n}, 0.5, is_small=d == 2, is_on_demand=d == 20 or d * k * n > 3_000_000)
        for d, k, n in (
            (2, 5, 1_000),
            (10, 25, 1_000),
            (20, 50, 1_000),
            (64, 25, 1_000),
            (10, 25, 10_000),
            (64, 100, 10_000),
        )
    ],
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        "CasADi": casadi,
        **{name: partial(_framework, name) for name in ("JAX", "PyTorch", "PyTensor C", "PyTensor numba", "autograd")},
    },
)

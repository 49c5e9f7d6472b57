"""Logistic regression, value and gradient, compiled, in one process: ours, JAX, and good NumPy by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row
from benchmarks.timing import Call, interleaved, shown
from gradwire_service import Engine

Array = npt.NDArray[np.float64]

GRAPH = """
graph logistic
variable x: float64[batch, d]
variable y: float64[batch]
variable w: float64[d]
u = matmul(x, w)
p = sigmoid(u)
a = log(p)
q = subtract(1, p)
b = log(q)
ya = multiply(y, a)
z = subtract(1, y)
zb = multiply(z, b)
s = add(ya, zb)
t = negative(s)
loss = mean(t)
output loss = loss
"""


def rows() -> Iterator[Row]:
    """Measure; each peer's answer is held against ours first."""
    for n, d, bars in ((1000, 30, (0.5, 0.8)), (32, 30, (0.1, None))):
        rng = np.random.default_rng(0)
        x, w = rng.normal(size=(n, d)), rng.normal(size=d) / 4
        y = (rng.random(n) < 0.5).astype(float)
        inputs = {"x": x, "y": y, "w": w}
        program = Engine().prepare(GRAPH, inputs, of="loss", wrt=["w"], wait_for_compiled=True)
        calls: dict[str, Call] = {"ours": partial(program, inputs), "NumPy by hand": partial(by_hand, x, y, w)}
        expected = by_hand(x, y, w)
        result = program(inputs)
        np.testing.assert_allclose(result.value, expected[0], rtol=1e-10)
        np.testing.assert_allclose(result.gradients["w"], expected[1], rtol=1e-8)
        if (jax_call := _jax(x, y, w)) is not None:
            np.testing.assert_allclose(jax_call()[1], expected[1], rtol=1e-8)
            calls["JAX jit"] = jax_call
        times = interleaved(calls)
        for peer, bar in (("JAX jit", bars[0]), ("NumPy by hand", bars[1])):
            if peer in times:
                ratio = times["ours"].median / times[peer].median
                what = f"logistic regression, value and gradient, n = {n}, d = {d}"
                yield Row(what, shown(times["ours"].median), f"{peer} {shown(times[peer].median)}", ratio, bar)


def by_hand(x: Array, y: Array, w: Array) -> tuple[Any, Array]:
    """Good NumPy: the gradient derived by hand, no value computed twice."""
    p = 1 / (1 + np.exp(-(x @ w)))
    value = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    return value, (p - y) @ x / len(y)


def _jax(x: Array, y: Array, w: Array) -> Callable[[], Any] | None:
    try:
        jax: Any = import_module("jax")
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    jnp: Any = jax.numpy

    def loss(w: Any, x: Any, y: Any) -> Any:
        p = jax.nn.sigmoid(x @ w)
        return -(y * jnp.log(p) + (1 - y) * jnp.log(1 - p)).mean()

    call = jax.jit(jax.value_and_grad(loss))
    jx, jy, jw = jnp.asarray(x), jnp.asarray(y), jnp.asarray(w)
    return lambda: jax.block_until_ready(call(jw, jx, jy))

"""JAX as an oracle: every op on it, or refused by name; and a program that uses JAX itself is left alone.

XLA takes some tenths of a second a graph, so that a few samples of each op are tried here;
`python -m gradwire_backends.testing jax` tries all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest

from gradwire_backends.jax import JaxBackend
from gradwire_backends.testing import PROMISES, Promise, Sample
from gradwire_service import Engine
from gradwire_service.backend import Options, RunInfo, Tier
from gradwire_service.errors import IndexRangeError, UnsupportedByBackendError
from gradwire_service.graph import INT64
from gradwire_service.ops import FlatGraph, variable
from gradwire_service.ops.functions import bessel_i, exp, sqrt, stop_gradient, take, where
from gradwire_service.ops.functions import sum as sum_
from tests.backends.oracles.test_control import GROWING
from tests.backends.oracles.trying import OPS, refused_checks, samples_of

ALL = {"check_value", "check_gradient", "check_jvp"}

REFUSED = {
    "bessel_i": ALL,  # JAX has those of order 0 and 1
    "betainc": {"check_gradient", "check_jvp"},  # with respect to the shapes
    "scaled_bessel": ALL,
}

FEW = 3
"""Samples of an op."""


def a_few_samples_of(op: str) -> list[Sample]:
    """Return samples that differ in their settings, or in what is special about them."""
    kinds = {(str(sample.attributes), sample.result, sample.label): sample for sample in reversed(samples_of(op))}
    return sorted(kinds.values(), key=lambda sample: not sample.smooth)[:FEW]


@pytest.fixture(scope="module")
def backend() -> JaxBackend:
    return JaxBackend()


@pytest.mark.parametrize("promise", PROMISES)
def test_jax_keeps_the_promises_of_a_backend(promise: Promise, backend: JaxBackend) -> None:
    promise(backend)


@pytest.mark.parametrize("op", OPS)
def test_jax_is_right_on_samples_of_an_op_or_refuses_it_by_name(op: str, backend: JaxBackend) -> None:
    assert refused_checks(backend, a_few_samples_of(op)) == REFUSED.get(op, set())


def test_a_refusal_comes_with_preparing_and_names_the_block_and_the_remedy(backend: JaxBackend) -> None:
    y = bessel_i(variable("x", ()), n=3)
    y.name = "height"
    with pytest.raises(UnsupportedByBackendError, match=r"'height' \(bessel_i\): .*; use another backend"):
        backend.prepare(FlatGraph.of({"y": y}))


def test_an_index_outside_its_axis_is_an_error_as_everywhere(backend: JaxBackend) -> None:
    x, i = variable("x", (3,)), variable("i", (2,), INT64)
    graph = FlatGraph.of({"y": sum_(take(x, i, axis=0))})
    run = backend.prepare_gradients(graph, "y", ["x"], Options())
    point = {"x": np.arange(3.0), "i": np.array([-1, -1])}
    np.testing.assert_array_equal(run(point)["x"], [0, 0, 2])
    with pytest.raises(IndexRangeError, match="index 3 is outside an axis of 3"):
        run({**point, "i": np.array([0, 3])})


def test_where_zero_meets_infinity_jax_has_nan_for_a_gradient(backend: JaxBackend) -> None:
    x = variable("x", ())
    graph = FlatGraph.of({"y": where(x > 0, sqrt(x), 0)})
    assert np.isnan(backend.prepare_gradients(graph, "y", ["x"], Options())({"x": np.zeros(())})["x"])


def test_nothing_flows_through_stop_gradient_forwards_or_backwards(backend: JaxBackend) -> None:
    x = variable("x", ())
    graph = FlatGraph.of({"y": exp(x) * stop_gradient(x)})
    point = {"x": np.array(2.0)}
    np.testing.assert_allclose(backend.prepare_gradients(graph, "y", ["x"], Options())(point)["x"], 2 * np.exp(2.0))
    run = backend.prepare_jvp(graph, ["y"], ["x"], Options())
    np.testing.assert_allclose(run({**point, "tangent x": np.ones(())})["tangent y"], 2 * np.exp(2.0))


def test_double_precision_is_ours_alone_in_every_thread(backend: JaxBackend) -> None:
    x = variable("x", (3,))
    run = backend.prepare(FlatGraph.of({"y": exp(x)}))
    info = RunInfo()
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda i: run({"x": np.full(3, i / 8)}, info=info), range(16)):
            assert found["y"].dtype == np.float64
    assert info.tier is Tier.COMPILED
    assert not jax.config.jax_enable_x64
    assert jax.numpy.ones(3).dtype == np.float32


@pytest.mark.parametrize("bound", ["", ", max_trips=1000000"], ids=["none", "great"])
def test_the_reverse_pass_of_a_loop_needs_a_small_bound(bound: str) -> None:
    graph = GROWING.replace(", max_trips=20", bound)
    engine = Engine(backend="jax")
    with pytest.raises(UnsupportedByBackendError, match="give max_trips, at most 10,000"):
        engine.gradient(graph, {"x": 1.0})
    assert engine.jvp(graph, {"x": 1.0}, {"x": 1.0}).tangents["y"] > 1

"""PyTorch as an oracle: every op on it, or refused by name; and a program that uses PyTorch itself is left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from gradwire_backends.testing import PROMISES, Promise
from gradwire_backends.torch import TorchBackend
from gradwire_service.backend import Options
from gradwire_service.errors import IndexRangeError, UnsupportedByBackendError
from gradwire_service.graph import INT64
from gradwire_service.ops import FlatGraph, variable
from gradwire_service.ops.functions import exp, gammainc, sqrt, stop_gradient, take, where
from gradwire_service.ops.functions import sum as sum_
from tests.backends.oracles.trying import OPS, refused_checks, samples_of

ALL = {"check_value", "check_gradient", "check_jvp"}

REFUSED = {
    "bessel_i": ALL,  # PyTorch has those of order 0 and 1
    "betainc": ALL,  # PyTorch has none
    "betainc_by_shapes": ALL,
    "det": {"check_gradient", "check_jvp"},  # at singular matrices: PyTorch's derivative is 0 there
    "gammainc": ALL,  # good for nine digits
    "gammainc_by_shape": ALL,
    "gammaincc": ALL,
    "polygamma": ALL,  # good for nine digits
    "scaled_bessel": ALL,
}


@pytest.fixture(scope="module")
def backend() -> TorchBackend:
    return TorchBackend()


@pytest.mark.parametrize("promise", PROMISES)
def test_torch_keeps_the_promises_of_a_backend(promise: Promise, backend: TorchBackend) -> None:
    promise(backend)


@pytest.mark.parametrize("op", OPS)
def test_torch_is_right_on_every_sample_of_an_op_or_refuses_it_by_name(op: str, backend: TorchBackend) -> None:
    assert refused_checks(backend, samples_of(op)) == REFUSED.get(op, set())


def test_a_refusal_names_the_block_and_the_remedy(backend: TorchBackend) -> None:
    x = variable("x", ())
    share = gammainc(2.0, x)
    share.name = "share"
    run = backend.prepare(FlatGraph.of({"y": share}))
    with pytest.raises(UnsupportedByBackendError, match=r"'share' \(gammainc\): .*; use another backend"):
        run({"x": np.ones(())})


def test_an_index_outside_its_axis_is_an_error_as_everywhere(backend: TorchBackend) -> None:
    x, i = variable("x", (3,)), variable("i", (2,), INT64)
    graph = FlatGraph.of({"y": sum_(take(x, i, axis=0))})
    run = backend.prepare_gradients(graph, "y", ["x"], Options())
    point = {"x": np.arange(3.0), "i": np.array([-1, -1])}
    np.testing.assert_array_equal(run(point)["x"], [0, 0, 2])
    with pytest.raises(IndexRangeError, match="index 3 is outside an axis of 3"):
        run({**point, "i": np.array([0, 3])})


def test_where_zero_meets_infinity_torch_has_nan_for_a_gradient(backend: TorchBackend) -> None:
    x = variable("x", ())
    graph = FlatGraph.of({"y": where(x > 0, sqrt(x), 0)})
    assert np.isnan(backend.prepare_gradients(graph, "y", ["x"], Options())({"x": np.zeros(())})["x"])


def test_nothing_flows_through_stop_gradient_forwards_or_backwards(backend: TorchBackend) -> None:
    x = variable("x", ())
    graph = FlatGraph.of({"y": exp(x) * stop_gradient(x)})
    point = {"x": np.array(2.0)}
    assert backend.prepare_gradients(graph, "y", ["x"], Options())(point)["x"] == 2 * np.exp(2.0)
    run = backend.prepare_jvp(graph, ["y"], ["x"], Options())
    assert run({**point, "tangent x": np.ones(())})["tangent y"] == 2 * np.exp(2.0)


def test_forward_mode_runs_in_many_threads_although_torch_has_one_level_for_all(backend: TorchBackend) -> None:
    x = variable("x", (3,))
    run = backend.prepare_jvp(FlatGraph.of({"y": exp(x)}), ["y"], ["x"], Options())
    points = [{"x": np.full(3, i / 8), "tangent x": np.full(3, float(i))} for i in range(32)]
    with ThreadPoolExecutor(8) as threads:
        for point, found in zip(points, threads.map(run, points), strict=True):
            np.testing.assert_allclose(found["tangent y"], np.exp(point["x"]) * point["tangent x"], rtol=1e-14)


def test_defaults_of_the_program_around_it_do_not_matter_and_stay(backend: TorchBackend) -> None:
    x = variable("x", (2,))
    graph = FlatGraph.of({"y": sum_(exp(x) * 2)})
    torch.set_default_dtype(torch.float16)
    try:
        with torch.no_grad():
            found = backend.prepare_gradients(graph, "y", ["x"], Options())({"x": np.array([0.0, 1.0])})
            assert not torch.is_grad_enabled()
        np.testing.assert_allclose(found["x"], 2 * np.exp([0.0, 1.0]), rtol=1e-15)
        assert torch.get_default_dtype() is torch.float16
    finally:
        torch.set_default_dtype(torch.float32)

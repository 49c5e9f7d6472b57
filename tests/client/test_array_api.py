"""Code for any array namespace: what it computes of values must be what it computes of NumPy's arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import gradwire as gw
from gradwire import array_api
from gradwire_service import Engine

RNG = np.random.default_rng(8)
X, A = RNG.uniform(0.2, 0.9, size=4), RNG.normal(size=(3, 4))


@cache
def engine() -> Engine:
    return Engine("numpy")


def run(function: Callable[[Any], Any], x: Any) -> Any:
    graph, feeds = gw.function(lambda x: function(x)).trace({"x": x})
    return engine().evaluate(str(graph), feeds)["result"]


def normal_log_density(x: Any) -> Any:
    """A density as an author writes it who does not know whose arrays he is given."""
    xp = x.__array_namespace__()
    mean = xp.mean(x, axis=-1, keepdims=True)
    centred = xp.astype(x - mean, xp.float64)
    scale = xp.std(x, axis=-1, correction=1)
    weights = xp.ones(x.shape, dtype=x.dtype, device=x.device) / x.shape[-1]
    total = xp.vecdot(weights, xp.square(centred)) / scale**2
    return -0.5 * (total + xp.log(2 * xp.pi * xp.pow(scale, 2)))


def attention(x: Any) -> Any:
    xp = x.__array_namespace__()
    score = xp.matmul(x, xp.matrix_transpose(x)) / x.shape[-1] ** 0.5
    n = x.shape[-2]
    allowed = xp.arange(n)[:, xp.newaxis] >= xp.arange(n)[xp.newaxis, :]
    score = xp.where(allowed, score, xp.asarray(-xp.inf))
    weights = xp.exp(score - xp.max(score, axis=-1, keepdims=True))
    return xp.matmul(weights / xp.sum(weights, axis=-1, keepdims=True), x)


def shapes(x: Any) -> Any:
    xp = x.__array_namespace__()
    parts = xp.concat([xp.reshape(x, (-1,)), xp.linspace(0.0, 1.0, 5), xp.zeros(2), xp.full((1,), 3.0)])
    parts = xp.flip(xp.roll(parts, 2))
    grid = xp.broadcast_to(xp.expand_dims(parts, axis=0), (2, parts.shape[0]))
    turned = xp.permute_dims(grid, (1, 0))
    first, second = xp.unstack(turned, axis=1)
    both = xp.tril(xp.stack([first, 2 * second], axis=0)) + xp.eye(2, parts.shape[0])
    return xp.take(xp.moveaxis(both, 0, -1), xp.asarray([0, 2, 2]), axis=0)


@pytest.mark.parametrize("function", [normal_log_density, attention, shapes])
def test_code_for_any_namespace_computes_what_it_computes_of_numpy_arrays(function: Callable[[Any], Any]) -> None:
    expected = function(A)
    found = run(function, A)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12)


ELEMENTWISE = """
    abs acos add asin asinh atan atan2 ceil clip conj copysign cos cosh divide equal exp expm1 floor
    floor_divide greater greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p log2 logaddexp maximum
    minimum multiply negative not_equal positive pow reciprocal remainder round sign sin sinh sqrt square subtract tan
    tanh trunc all any argmax argmin argsort cumulative_prod cumulative_sum diff flip max mean min ones_like prod
    sort std sum var zeros_like
""".split()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions_of_the_standard_are_those_of_numpy(name: str) -> None:
    function = getattr(np, name)
    count = 2 if isinstance(function, np.ufunc) and function.nin == 2 else 1
    given = [X, X[::-1].copy()][:count]
    kind = bool if name in ("all", "any") else float
    expected = function(*(x.astype(kind) if kind is bool else x for x in given))
    value = getattr(array_api, name)(*(gw.constant(x > 0 if kind is bool else x) for x in given))
    found = engine().evaluate(str(gw.Graph({"y": value})), {})["y"]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert found.dtype == expected.dtype


def test_dtypes_and_constants_are_those_of_numpy() -> None:
    x = gw.variable("x", 3, "float32")
    assert array_api.isdtype(x.dtype, "real floating")
    assert array_api.result_type(x, array_api.float64) == np.float64
    assert array_api.finfo(x.dtype).eps == np.finfo(np.float32).eps
    assert array_api.astype(x, array_api.int32).dtype == np.int32
    assert array_api.asarray([x[0], x[1]]).shape == (2,)
    assert array_api.asarray(x) is x
    info = array_api.__array_namespace_info__()
    assert set(info.dtypes(kind="real floating")) == {"float64", "float32"}
    assert info.default_dtypes()["integral"] == np.int64
    assert info.devices() == [x.device]
    assert not info.capabilities()["data-dependent shapes"]
    with pytest.raises(gw.errors.TracingError, match="no values of complex64; element types are float64"):
        _ = array_api.complex64


def test_what_no_op_covers_is_refused_by_name_and_is_not_there() -> None:
    assert not hasattr(array_api, "unique_values")
    assert not hasattr(array_api, "nothing_of_that_name")
    with pytest.raises(gw.errors.TracingError, match=r"xp.unique_values can't be traced: the shape would depend"):
        _ = array_api.unique_values
    with pytest.raises(AttributeError, match="no function 'nothing_of_that_name'"):
        _ = array_api.nothing_of_that_name
    with pytest.raises(gw.errors.TracingError, match=r"xp\.sum can't be traced with dtype="):
        array_api.sum(gw.variable("x", 3), dtype=np.float32)


def test_linear_algebra_of_the_standard() -> None:
    a = A @ A.T + np.eye(3)
    xp = array_api
    for name in ("det", "inv", "cholesky", "trace", "diagonal", "matrix_norm", "pinv", "svdvals", "eigvalsh"):
        value = getattr(xp.linalg, name)(gw.constant(a))
        found = engine().evaluate(str(gw.Graph({"y": value})), {})["y"]
        np.testing.assert_allclose(found, getattr(np.linalg, name)(a), rtol=1e-10, err_msg=name)
    sign, logabsdet = xp.linalg.slogdet(gw.constant(a))
    assert sign.shape == logabsdet.shape == ()
    assert xp.linalg.eigh(gw.constant(a)).eigenvectors.shape == (3, 3)
    assert not hasattr(xp.linalg, "eig")

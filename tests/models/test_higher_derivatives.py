"""Third derivatives of whole models, and their Hessians as matrices."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_service.backend import Executable
from gradwire_service.graph import Array, TensorType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.query import CoordinateMatrix
from gradwire_service.transform import gradient, jvp, simplify
from tests.models.model import Model
from tests.models.test_models import MODELS, SMALL, direction, engine
from tests.ops.derivatives import difference
from tests.transform.random_graphs import along


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_third_derivatives_of_a_model_agree_in_every_mode_and_with_differences(model: Model) -> None:
    typed = engine().typed(model.graph, {name: TensorType.of(x) for name, x in model.feeds.items()})
    moved = direction(model)
    dots: dict[Value, Value] = {typed[name]: variable(f"dot {name}", x.shape) for name, x in moved.items()}
    point = model.feeds | {f"dot {name}": x for name, x in moved.items()}

    def slope(of: Value) -> Value:
        return along(gradient(of, list(dots)), list(dots.values()))

    def prepared(**outputs: Value) -> Executable:
        return interpret(simplify(FlatGraph.of(outputs, [*typed.variables, *dots.values()])))

    curvature = slope(slope(typed["result"]))
    (pushed,) = jvp([curvature], dots)
    found = prepared(curvature=curvature, pushed=pushed, pulled=slope(curvature))(point)
    run = prepared(curvature=curvature)
    expected = difference(lambda x: run(point | dict(x))["curvature"], model.floating, moved)
    size = float(np.abs(found["pushed"]) + np.abs(found["curvature"]))
    assert found["pulled"] == pytest.approx(found["pushed"], abs=1e-11 * size)
    assert found["pushed"] == pytest.approx(expected, abs=1e-8 * size)


@pytest.mark.parametrize("model", SMALL[1::3], ids=str)
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_the_hessian_of_a_model_as_a_matrix_is_that_of_products(sparse: bool, model: Model) -> None:
    moved = direction(model)
    products = engine().hvp(model.graph, model.feeds, moved).products
    found = engine().hessian(model.graph, model.feeds, wrt=list(moved), sparse=sparse).matrices
    for name, product in products.items():
        total = np.zeros(product.size)
        for other, x in moved.items():
            total += times(found[name, other], np.ravel(x), product.size)
        np.testing.assert_allclose(total, np.ravel(product), rtol=0, atol=1e-11 * np.max(np.abs(total)), err_msg=name)


def times(matrix: Array | CoordinateMatrix, x: Array, rows: int) -> Array:
    """Multiply a matrix and a vector."""
    if isinstance(matrix, CoordinateMatrix):
        return np.bincount(matrix.rows, matrix.values * x[matrix.columns], rows)
    return np.asarray(matrix.reshape(rows, x.size) @ x)

"""Sources, margins and diagonals: numbers from nothing, what goes back where it came from, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from gradwire_service import Engine
from gradwire_service.errors import AttributeValueError, ElementTypeError, GradwireError, ShapeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, Block, Graph, Variable
from gradwire_service.ops import Value, variable
from gradwire_service.ops.functions import diag_embed, diagonal, exp, identity, iota, pad
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, jvp, simplified, vjp
from tests.ops.derivatives import numbers, pulled, pushed, run, variables


def test_numbers_along_an_axis_may_be_as_many_as_a_dimension_has() -> None:
    blocks = (
        Block("rows", "iota", (), {"shape": ("batch", 2), "element_type": FLOAT64}),
        Block("y", "add", ("x", "rows")),
    )
    graph = Graph(blocks, {"y": "y"}, (Variable("x", ("batch", 2)),))
    for size in (3, 0):
        found = Engine("numpy").evaluate(graph, {"x": np.zeros((size, 2))})["y"]
        assert np.array_equal(found, np.indices((size, 2))[0])


def test_numbers_have_the_type_that_is_asked_for() -> None:
    assert iota(shape=(3,)).element_type is INT64
    for kind in (FLOAT32, INT32):
        assert iota(shape=(3,), element_type=kind).element_type is kind


def test_an_identity_is_left_out() -> None:
    x = variable("x", (2,))
    assert simplified({"y": identity(x)})["y"] is x
    assert str(simplified({"x_bar": gradient(sum_(identity(exp(x))), [x])[0]})["x_bar"]) == "exp(x)"


def test_the_gradient_of_a_trace_is_the_unit_matrix_and_no_more() -> None:
    (x_bar,) = pulled(lambda x: sum_(diagonal(x)), numbers((3, 4), "x"))
    assert np.array_equal(x_bar, np.eye(3, 4))
    (x_bar,) = pulled(lambda x: sum_(diagonal(x, offset=-1)), numbers((2, 5), "x"))
    assert np.array_equal(x_bar, np.eye(2, 5, -1))


@pytest.mark.parametrize("offset", range(-4, 5))
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 1), (0, 2)], ids=str)
def test_a_diagonal_goes_back_where_it_was_read(shape: tuple[int, int], offset: int) -> None:
    (x,), _ = variables(np.zeros(shape))
    y = diagonal(x, offset=offset)
    y_bar = numbers(y.shape, "y_bar")
    (x_bar,) = vjp({y: variable("y_bar", y.shape)}, [x])
    expected = np.zeros(shape)
    for i, number in enumerate(y_bar):
        expected[i + max(-offset, 0), i + max(offset, 0)] = number
    assert np.array_equal(run({"x_bar": x_bar}, {"y_bar": y_bar})["x_bar"], expected)


def test_nan_beside_a_diagonal_does_not_come_in() -> None:
    (x,), inputs = variables([math.nan, math.inf])
    assert run({"y": diag_embed(x)}, inputs)["y"].tolist()[0][1:] == [0]


def test_a_diagonal_that_is_laid_out_and_read_again_is_the_same() -> None:
    x = numbers((2, 3), "x")
    (value,), inputs = variables(x)
    for offset in (-2, 0, 1):
        laid = diag_embed(value, offset=offset, axis1=2, axis2=0)
        assert laid.shape == (3 + abs(offset), 2, 3 + abs(offset))
        found = run({"y": diagonal(laid, offset=offset, axis1=-1, axis2=0)}, inputs)["y"]
        assert np.array_equal(found, x)


def test_a_margin_of_another_number_has_no_derivative() -> None:
    def f(x: Value) -> Value:
        return pad(x, low=(1, -1), high=(0, 1), interior=(1, 0), value=-math.inf)

    (x_bar,) = pulled(f, numbers((2, 2), "x"))
    assert x_bar.tolist() == [[0, 1], [0, 1]]
    (y_dot,) = pushed(f, numbers((2, 2), "x"))
    assert y_dot.tolist() == [[0, 0], [1, 0], [0, 0], [1, 0]]


def test_a_value_with_a_margin_may_be_differentiated_twice() -> None:
    (x,), inputs = variables([2.0, 3.0])
    v = variable("v", (2,))
    (x_bar,) = gradient(sum_(pad(x, low=(1,), high=(1,), value=7.0) ** 3), [x])
    (product,) = jvp([x_bar], {x: v})
    assert run({"y": product}, {**inputs, "v": np.array([1.0, 10.0])})["y"].tolist() == [12, 180]


def test_margins_of_nothing_are_left_out_whatever_their_number() -> None:
    x = variable("x", (2,))
    assert simplified({"y": pad(x, low=(0,), high=(0,), value=5.0)})["y"] is x
    assert simplified({"y": pad(x, low=(-1,), high=(1,), value=5.0)})["y"].op.name == "pad"


REFUSED: dict[str, tuple[Callable[[], object], type[GradwireError], str]] = {
    "a negative size": (lambda: iota(shape=(-1,)), AttributeValueError, "iota of shape .-1.: sizes are not negative"),
    "an axis that is not there": (lambda: iota(shape=(3,), axis=1), ShapeError, "iota along axes .1."),
    "a scalar to count along": (lambda: iota(shape=()), ShapeError, "there is no such axis"),
    "truths": (lambda: iota(shape=(2,), element_type=BOOL), ElementTypeError, "iota takes numeric values, not bool"),
    "a diagonal of a vector": (
        lambda: diagonal(variable("x", (3,))),
        ShapeError,
        "diagonal along axes 0 and 1: 1 axes have no such pair",
    ),
    "a diagonal of a scalar": (lambda: diagonal(variable("x")), ShapeError, "0 axes have no such pair"),
    "one axis twice": (
        lambda: diagonal(variable("x", (3, 3)), axis1=1, axis2=-1),
        ShapeError,
        "diagonal along axis 1 twice; rows and columns have an axis each",
    ),
    "a scalar along a diagonal": (
        lambda: diag_embed(variable("x")),
        ShapeError,
        "diag_embed of a scalar: there is no axis to lay along a diagonal",
    ),
    "a fraction among integers": (
        lambda: pad(variable("n", (2,), INT32), low=(1,), high=(0,), value=0.5),
        AttributeValueError,
        "pad with 0.5: elements of type int32 can't hold it",
    ),
    "infinity among integers": (
        lambda: pad(variable("n", (2,), INT64), low=(1,), high=(0,), value=math.inf),
        AttributeValueError,
        "pad with inf: elements of type int64 can't hold it",
    ),
    "two among truths": (
        lambda: pad(variable("t", (2,), BOOL), low=(1,), high=(0,), value=2.0),
        AttributeValueError,
        "pad with 2.0: elements of type bool can't hold it",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused(case: str) -> None:
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()

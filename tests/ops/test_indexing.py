"""Indexing: text that means what it means to NumPy, derivatives that go back to where elements came from, bounds."""

from __future__ import annotations

from types import EllipsisType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwire_service import Engine
from gradwire_service.errors import AttributeValueError, ElementTypeError, IndexRangeError, ShapeError
from gradwire_service.graph import BOOL, FLOAT64, INT32, Array, Block, Graph, Variable
from gradwire_service.ops import Value, apply, constant, variable
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import square, take
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.indexing import Item, Slice, parse_index, write_index
from gradwire_service.transform import gradient, jvp, simplified, vjp
from tests.ops.derivatives import numbers, pulled, run, variables

Index = tuple[int | slice | EllipsisType | None, ...]

bounds = st.none() | st.integers(-6, 6)
slices = st.builds(slice, bounds, bounds, st.none() | st.integers(-3, 3).filter(bool))


@st.composite
def indexed(draw: st.DrawFn) -> tuple[tuple[int, ...], Index]:
    """A shape, and an index that fits it."""
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    first, last = sorted(draw(st.tuples(st.integers(0, len(shape)), st.integers(0, len(shape)))))
    passed = [Ellipsis] if first < last else draw(st.sampled_from([[], [Ellipsis]]))
    items: list[Item] = [
        *(draw(slices | st.integers(-size, size - 1) if size else slices) for size in shape[:first]),
        *passed,
        *(draw(slices | st.integers(-size, size - 1) if size else slices) for size in shape[last:]),
    ]
    for _ in range(draw(st.integers(0, 2))):
        items.insert(draw(st.integers(0, len(items))), None)
    return shape, tuple(items)


@given(indexed())
def test_an_index_reads_what_numpy_reads_and_sends_sensitivities_back_there(
    case: tuple[tuple[int, ...], Index],
) -> None:
    shape, index = case
    x, v = numbers(shape, "x"), variable("x", shape)
    y = slice_(v, index=write_index(index))
    expected = x[index]
    found = run({"y": y}, {"x": x})["y"]
    assert (y.shape, found.tolist()) == (expected.shape, expected.tolist())
    y_bar = numbers(y.shape, "y_bar")
    (x_bar,) = vjp({y: variable("y_bar", y.shape)}, [v])
    back = np.zeros(shape)
    back[index] = y_bar
    assert run({"x_bar": x_bar}, {"y_bar": y_bar})["x_bar"].tolist() == back.tolist()
    (again,) = vjp({x_bar: v}, [variable_of(x_bar, "y_bar")])
    assert run({"y": again}, {"x": x})["y"].tolist() == expected.tolist()


def variable_of(value: Value, name: str) -> Value:
    """Find a variable that a value is made of; a value without it has a new one, on which it does not depend."""
    todo = [value]
    while todo:
        found = todo.pop()
        if found.name == name:
            return found
        todo.extend(found.inputs)
    raise AssertionError(f"{value} does not depend on {name}")


items = st.one_of(st.integers(-9, 9), slices, st.none(), st.just(Ellipsis))


@given(st.lists(items, max_size=4).filter(lambda items: items.count(Ellipsis) < 2), st.sampled_from(["", " ", "  "]))
def test_an_index_is_read_as_it_is_written(index: list[Item], space: str) -> None:
    text = write_index(index)
    spaced = space.join(f"{space}{text}{space}".partition(",")).replace(":", f"{space}:{space}")
    plain = [slice(i.start, i.stop, None if i.step == 1 else i.step) if isinstance(i, slice) else i for i in index]
    assert list(parse_index(spaced)) == plain
    assert Slice(spaced).index == write_index(plain)


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("1:,::-2,None,...,-1", "1:, ::-2, None, ..., -1"),
        (" + 1 : + 2 : 1 ".replace("+ ", "+"), "1:2"),
        ("::", ":"),
        ("007", "7"),
        ("-0", "0"),
        ("3,", "3"),
        ("", ""),
    ],
)
def test_an_index_has_one_spelling(spelled: str, canonical: str) -> None:
    assert Slice(spelled).index == canonical
    assert Slice(spelled) == Slice(canonical)


@pytest.mark.parametrize(
    "text",
    [
        "1.5",
        "x",
        "1:2:3:4",
        "[0, 1]",
        "True",
        "None:1",
        ",",
        "1,,2",
        "1 2",
        "newaxis",
        "0x1",
        "1_0",
        "٣",
        "9" * 30,
        "()",
    ],
)
def test_what_is_no_basic_index_is_refused(text: str) -> None:
    with pytest.raises(AttributeValueError, match=r"is no part of a basic index; integers, slices such as 1:-1:2"):
        Slice(text)


def test_a_step_of_zero_is_refused() -> None:
    with pytest.raises(AttributeValueError, match="has a step of 0"):
        Slice("::0")


def test_a_second_ellipsis_is_refused() -> None:
    with pytest.raises(AttributeValueError, match=r"more than one \.\.\.; write : for"):
        Slice("..., 1, ...")


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("3", r"index 3 is outside axis 0 of shape \[3, 2\]; it runs from -3 to 2"),
        ("0, -3", r"index -3 is outside axis 1 of shape \[3, 2\]; it runs from -2 to 1"),
        ("..., 2", "index 2 is outside axis 1"),
        (":, :, 0", "index :, :, 0 names 3 axes of a value with 2"),
    ],
)
def test_an_index_that_leaves_the_value_is_refused(index: str, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        slice_(variable("x", (3, 2)), index=index)


def test_a_slice_that_leaves_the_value_reads_what_is_there() -> None:
    assert slice_(variable("x", (3,)), index="1:99").shape == (2,)
    assert slice_(variable("x", (3,)), index="99:").shape == (0,)


def test_differences_of_neighbours_have_a_gradient_of_few_blocks() -> None:
    x = variable("x", (5,))
    y = sum_(square(slice_(x, index="1:") - slice_(x, index=":-1")))
    (x_bar,) = gradient(y, [x])
    point = np.array([1.0, 4.0, 2.0, 2.0, 7.0])
    expected = np.convolve(np.diff(point), [-2, 2])
    assert run({"x_bar": x_bar}, {"x": point})["x_bar"].tolist() == expected.tolist()
    assert str(simplified({"x_bar": x_bar})["x_bar"]).count("pad") == 2


# Positions that are data.


def taken(axis: int | None, indices: Array) -> Graph:
    variables = (Variable("x", (4, 3)), Variable("i", indices.shape, INT32))
    block = Block("y", "take", ("x", "i"), {} if axis is None else {"axis": axis})
    return Graph((block, Block("s", "sum", ("y",))), {"y": "y", "s": "s"}, variables)


@pytest.mark.parametrize(
    ("axis", "indices", "message"),
    [
        (0, [0, 4], "index 4 is outside an axis of 4; they run from -4 to 3"),
        (1, [[-4]], "index -4 is outside an axis of 3; they run from -3 to 2"),
        (None, [12], "index 12 is outside an axis of 12"),
    ],
)
def test_a_position_that_is_not_there_is_told(axis: int | None, indices: list[int], message: str) -> None:
    at = np.array(indices, np.int32)
    inputs: dict[str, Array] = {"x": np.zeros((4, 3)), "i": at}
    with pytest.raises(IndexRangeError, match=message) as failure:
        Engine("numpy").evaluate(taken(axis, at), inputs)
    assert (failure.value.reason, failure.value.code) == ("INDEX_OUT_OF_RANGE", "INVALID_ARGUMENT")
    with pytest.raises(IndexRangeError, match=message):
        Engine("numpy").gradient(taken(axis, at), inputs, of="s", wrt=["x"])


def test_nothing_can_be_taken_from_an_empty_axis() -> None:
    xs, inputs = variables(np.zeros((0, 2)), np.array([0]))
    y = take(*xs, axis=0)
    with pytest.raises(IndexRangeError, match="index 0 is outside an axis of 0; it has no elements"):
        run({"y": y}, inputs)


def test_positions_that_are_fixed_are_checked_as_well() -> None:
    y = take(constant([1.0, 2.0]), 5, axis=0)
    with pytest.raises(IndexRangeError, match="index 5 is outside"):
        run({"y": y}, {})


def test_an_element_that_is_taken_twice_has_both_sensitivities() -> None:
    (x_bar,) = pulled(
        lambda x: take(x, constant([2, 0, -1, 2], INT32), axis=0) * constant([1, 2, 4, 8]), [5.0, 6.0, 7.0]
    )
    assert x_bar.tolist() == [2, 0, 13]


def test_an_index_may_be_a_number_and_takes_the_axis_away() -> None:
    y = take(variable("x", (4, 3)), 1, axis=0)
    assert y.shape == (3,)
    assert y.inputs[1].element_type is not y.element_type


@pytest.mark.parametrize("kind", [FLOAT64, BOOL])
def test_positions_are_integers(kind: object) -> None:
    with pytest.raises(ElementTypeError, match=f"take takes integers for indices, not {kind}; convert with astype"):
        take(variable("x", (4,)), variable("i", (2,), kind), axis=0)  # type: ignore[arg-type]


def test_an_axis_that_is_not_there_is_refused() -> None:
    with pytest.raises(ShapeError, match="there is no such axis"):
        take(variable("x", (4,)), variable("i", (2,), INT32), axis=1)


def test_the_second_derivative_through_positions_comes_back_to_them() -> None:
    x, i, v = variable("x", (3,)), constant([0, 2, 2], INT32), variable("v", (3,))
    (x_bar,) = gradient(sum_(take(x, i, axis=0) ** 3), [x])
    (product,) = jvp([x_bar], {x: v})
    (reverse,) = vjp({x_bar: v}, [x])
    found = run({"forward": product, "reverse": reverse}, {"x": np.array([1.0, 2, 3]), "v": np.array([1.0, 10, 100])})
    assert found["forward"].tolist() == found["reverse"].tolist() == [6, 0, 3600]


def test_a_position_takes_no_part_in_promotion() -> None:
    y = apply("take", variable("x", (4,), FLOAT64), variable("i", (2,), INT32), axis=0)
    assert (y.element_type, y.inputs[1].element_type) == (FLOAT64, INT32)

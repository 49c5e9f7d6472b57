"""Graphs as users write them. The service reads their text form: what both write must be the same, byte for byte."""

from __future__ import annotations

import copy
import pickle
import re
import sys
from typing import Any

import numpy as np
import pytest

import gradwire as gw
from gradwire_service.graph import parse, validate
from gradwire_service.ops import catalog
from tests.client.samples import logistic


def text_of(value: gw.Value, **names: gw.Value) -> str:
    """Return the text form of a graph, after the service has read, checked and written it."""
    graph = gw.Graph({"y": value, **names})
    read = parse(str(graph))
    validate(read, catalog)
    assert str(read) == str(graph)
    return str(graph)


def blocks_of(value: gw.Value) -> list[str]:
    return [line for line in text_of(value).splitlines() if re.match(r"\w+ = ", line)]


def untyped(x: Any) -> Any:
    return x


x = gw.variable("x", ("batch", 3))
w = gw.variable("w", (3,))


def test_the_logistic_model_reads_as_it_is_written() -> None:
    assert str(logistic()) == (
        "graph logistic\n"
        "variable x: float64[batch, 30]\n"
        "variable y: float64[batch]\n"
        "variable w: float64[30]\n"
        "u = matmul(x, w)\n"
        "p = sigmoid(u)\n"
        "log = log(p)\n"
        "multiply = multiply(y, log)\n"
        "subtract = subtract(1, y)\n"
        "subtract_2 = subtract(1, p)\n"
        "log_2 = log(subtract_2)\n"
        "multiply_2 = multiply(subtract, log_2)\n"
        "add = add(multiply, multiply_2)\n"
        "negative = negative(add)\n"
        "mean = mean(negative)\n"
        "output loss = mean\n"
    )
    assert str(parse(str(logistic()))) == str(logistic())


@pytest.mark.parametrize(
    ("value", "blocks"),
    [
        (x + 1, ["add = add(x, 1)"]),
        (0.5 - x, ["subtract = subtract(0.5, x)"]),
        (2 / x**-1.5, ["power = power(x, -1.5)", "divide = divide(2, power)"]),
        (x * float("inf"), ["multiply = multiply(x, +inf)"]),
        (x * float("nan"), ["multiply = multiply(x, +nan)"]),
        (x * True, ["multiply = multiply(x, 1)"]),
        (x @ w, ["matmul = matmul(x, w)"]),
        (abs(-x), ["negative = negative(x)", "abs = abs(negative)"]),
        (+x, []),
        (x >= w, ["greater_equal = greater_equal(x, w)"]),
        (x == w, ["equal = equal(x, w)"]),
        (
            ~(x != w) | (x < 1) & (x > 0),
            [
                "not_equal = not_equal(x, w)",
                "logical_not = logical_not(not_equal)",
                "less = less(x, 1)",
                "greater = greater(x, 0)",
                "logical_and = logical_and(less, greater)",
                "logical_or = logical_or(logical_not, logical_and)",
            ],
        ),
        (x.T, ["transpose = transpose(x)"]),
        (x.sum(0), ["sum = sum(x, axis=[0])"]),
        (gw.sum(x, axis=-1, keepdims=True), ["sum = sum(x, axis=[-1], keepdims=true)"]),
        (gw.reshape(x, ("batch", 3, 1)), ["reshape = reshape(x, shape=[batch, 3, 1])"]),
        (x.reshape(-1), ["reshape = reshape(x, shape=[-1])"]),
        (gw.astype(x, np.float32), ["astype = astype(x, element_type=float32)"]),
        (gw.concatenate([x, x], axis=1), ["concatenate = concatenate(x, x, axis=1)"]),
        (gw.stack([x, x]), ["stack = stack(x, x)"]),
        (gw.einsum("ij,j->i", x, w), ['einsum = einsum(x, w, subscripts="ij,j->i")']),
        (gw.clip(x, max=2), ["clip = clip(x, max=2.0)"]),
        (gw.where(x > 0, x, 0), ["greater = greater(x, 0)", "where = where(greater, x, 0)"]),
        (gw.expand_dims(x, axis=0), ["expand_dims = expand_dims(x, axis=[0])"]),
        (gw.special.logsumexp(x, axis=1), ["logsumexp = logsumexp(x, axis=[1])"]),
        (gw.linalg.norm(w), ["norm = norm(w)"]),
        (gw.std(w, correction=1), ["standard_deviation = standard_deviation(w, correction=1.0)"]),
    ],
)
def test_operators_and_functions_become_blocks(value: gw.Value, blocks: list[str]) -> None:
    assert blocks_of(value) == blocks


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (np.s_[0], "0"),
        (np.s_[-1, 1:], "-1, 1:"),
        (np.s_[1:, ::-1], "1:, ::-1"),
        (np.s_[None, ..., 2], "None, ..., 2"),
        (np.s_[:, np.int64(1)], ":, 1"),
        (np.s_[:2:1], ":2"),
    ],
)
def test_basic_indices_are_written_as_they_are_typed(index: Any, text: str) -> None:
    assert blocks_of(x[index]) == [f'slice = slice(x, index="{text}")']


def test_integers_in_an_array_take_along_their_axis() -> None:
    assert blocks_of(x[[0, 2]])[0] == "take = take(x, constant, axis=0)"
    assert blocks_of(x[:, np.array([0, 2])])[0] == "take = take(x, constant, axis=1)"
    assert blocks_of(x[..., [0]])[0] == "take = take(x, constant, axis=-1)"
    indices = gw.variable("indices", (2,), "int64")
    assert blocks_of(x[1:, indices]) == ['slice = slice(x, index="1:, :")', "take = take(slice, indices, axis=1)"]


def test_equal_arrays_become_one_constant_and_keep_their_bits() -> None:
    a = np.array([0.1, -0.0, np.inf])
    lines = text_of(x * a + x * a.copy() - gw.constant([0.1, 0.0, np.inf])).splitlines()
    assert [line for line in lines if line.startswith("constant")] == [
        "constant constant: float64[3] = [0.1, -0.0, +inf]",
        "constant constant_2: float64[3] = [0.1, 0.0, +inf]",
    ]


def test_a_constant_is_not_changed_by_who_changes_the_array_later() -> None:
    a = np.ones(3)
    value = x * a
    a[:] = 5
    assert "[1.0, 1.0, 1.0]" in text_of(value)


def test_integer_arrays_beside_floating_values_are_converted_as_numpy_does() -> None:
    single = gw.variable("s", (3,), "float32")
    assert "constant constant: float64[3] = [1.0, 2.0, 3.0]" in text_of(w * np.array([1, 2, 3]))
    assert "constant constant: float32[3] = [1.0, 0.0, 1.0]" in text_of(single * np.array([True, False, True]))
    assert (single * np.array([1, 2, 3])).dtype == np.float64
    assert "int64[2]" in text_of(w[[0, 1]])


def test_float32_constants_are_written_to_their_own_precision() -> None:
    assert "constant c: float32[2] = [0.1, 16777216.0]" in text_of(gw.name("c", gw.constant([0.1, 2**24], "float32")))


def test_given_names_come_before_made_ones() -> None:
    value = gw.exp(gw.name("exp_2", gw.exp(gw.exp(x))))
    assert blocks_of(value) == ["exp = exp(x)", "exp_2 = exp(exp)", "exp_3 = exp(exp_2)"]


def test_documentation_travels_with_a_variable() -> None:
    speed = gw.variable("speed", documentation='metres per second, "fast"')
    assert 'variable speed: float64[] "metres per second, \\"fast\\""' in text_of(speed * 2)


def test_one_variable_may_be_written_twice_but_not_in_two_ways() -> None:
    assert text_of(w * gw.variable("w", (3,))).count("variable") == 1
    with pytest.raises(ValueError, match=r"two values are called 'w'.*rename one"):
        gw.Graph({"y": w * gw.variable("w", (1,))})


def test_two_values_can_t_have_one_name_nor_one_value_two() -> None:
    u = gw.name("u", x * 2)
    with pytest.raises(ValueError, match="two values are called 'u'"):
        gw.Graph({"y": u + gw.name("u", x * 3)})
    with pytest.raises(ValueError, match="already called 'u'"):
        gw.name("v", u)
    assert gw.name("u", u) is u


@pytest.mark.parametrize("bad", ["", "1st", "a b", "é", "x" * 129, "x\n"])
def test_names_are_checked_where_they_are_given(bad: str) -> None:
    for give in (gw.variable, lambda name: gw.name(name, x * 1), lambda name: gw.variable("v", (name,))):
        with pytest.raises(ValueError, match="can't be called"):
            give(bad)


def test_a_graph_knows_its_variables_outputs_and_values() -> None:
    u = x @ w
    graph = gw.Graph({"loss": gw.sum(u), "u": u}, name="g")
    assert graph.name_of(u) == "matmul"
    assert graph.outputs == {"loss": "sum", "u": "matmul"}
    assert graph.variables["x"].shape == ("batch", 3)
    assert repr(graph) == "<graph g: 2 variables, 2 blocks, outputs loss, u>"
    with pytest.raises(ValueError, match="does not have"):
        graph.name_of(gw.exp(u))


def test_a_value_alone_a_number_and_an_array_can_be_outputs() -> None:
    assert str(gw.Graph(gw.name("u", w * 2))).endswith("output u = u\n")
    assert str(gw.Graph(w * 2)).endswith("output result = multiply\n")
    assert "constant constant_2: float64[] = 2.0" in str(gw.Graph({"a": [1.0, 2.0], "b": 2.0}))
    with pytest.raises(ValueError, match="no output"):
        gw.Graph({})


def test_a_chain_of_fifty_thousand_blocks_is_built_printed_copied_pickled_and_dropped() -> None:
    value: gw.Value = gw.variable("x")
    for i in range(25_000):
        value = -value if i % 2 else value * 1.5
        value = value + 1
    assert sys.getrecursionlimit() < 50_000
    graph = gw.Graph({"y": value})
    assert len(graph.message.blocks) == 50_000
    assert repr(value) == "<add: float64[]>"
    for twin in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert str(gw.Graph({"y": twin})) == str(graph)
    assert str(pickle.loads(pickle.dumps(graph))) == str(graph)
    del value, twin


def test_a_graph_with_very_many_paths_is_built_at_once() -> None:
    value: gw.Value = gw.variable("x")
    for _ in range(1000):
        value = value * value
    assert len(gw.Graph({"y": value}).message.blocks) == 1000


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda: gw.sum(x, axis=untyped("rows")), "axis of sum must be an integer or several, not 'rows'"),
        (lambda: gw.reshape(x, untyped(1.5)), "shape of reshape must be sizes, or names of dimensions"),
        (lambda: gw.astype(x, "float16"), "element_type of astype must be one of float64"),
        (lambda: gw.softmax(x, axis=True), "axis of softmax must be an integer"),
        (lambda: gw.exp("x"), "str is neither a value nor a number nor an array"),
        (lambda: x + 1j, "complex is neither"),
        (lambda: gw.constant(["a"]), "can't be a constant"),
        (lambda: gw.variable("v", element_type="complex128"), "complex128 is no element type"),
    ],
)
def test_what_an_op_does_not_take_is_refused_at_once(write: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        write()


def test_shapes_that_can_t_fit_are_refused_on_the_line_that_meets_them() -> None:
    with pytest.raises(gw.errors.ShapeError, match=r"shapes \[3\] and \[4\] do not broadcast"):
        w + np.ones(4)
    with pytest.raises(gw.errors.ShapeError, match="3 columns, 4 rows"):
        x @ np.ones((4, 2))
    with pytest.raises(IndexError, match="out of range"):
        w[3]
    assert (x + gw.variable("z", ("rows", 1))).ndim == 2  # who knows

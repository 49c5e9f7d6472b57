"""Composites: graphs within the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwire as gw
from gradwire_service import Engine
from gradwire_service.graph import parse

X = np.linspace(-1, 1, 12).reshape(4, 3)
x = gw.variable("x", ("batch", 3))
w = gw.variable("w", (3, 3))


@gw.composite
def dense(x: Any, w: Any, b: Any) -> Any:
    return gw.name("y", gw.tanh(gw.name("u", x @ w) + b))


def evaluate(graph: gw.Graph, **inputs: Any) -> Any:
    assert str(parse(str(graph))) == str(graph)
    return Engine("numpy").evaluate(str(graph), inputs, of=[*graph.outputs, "layer1/u"])


def two_layers() -> gw.Graph:
    h = gw.name("layer1", dense(x, w, np.zeros(3)))
    return gw.Graph({"h": gw.name("layer2", dense(h, w, np.ones(3)))})


def test_two_uses_share_one_definition_and_inner_values_have_names() -> None:
    assert str(two_layers()) == (
        "graph graph\n"
        "variable x: float64[batch, 3]\n"
        "variable w: float64[3, 3]\n"
        "constant constant: float64[3] = [0.0, 0.0, 0.0]\n"
        "constant constant_2: float64[3] = [1.0, 1.0, 1.0]\n"
        "composite dense {\n"
        "  variable x: float64[batch, 3]\n"
        "  variable w: float64[3, 3]\n"
        "  variable b: float64[3]\n"
        "  u = matmul(x, w)\n"
        "  add = add(u, b)\n"
        "  y = tanh(add)\n"
        "  output y = y\n"
        "}\n"
        "layer1 = dense(x, w, constant)\n"
        "layer2 = dense(layer1, w, constant_2)\n"
        "output h = layer2\n"
    )
    found = evaluate(two_layers(), x=X, w=np.eye(3))
    np.testing.assert_allclose(found["layer1/u"], X)
    np.testing.assert_allclose(found["h"], np.tanh(np.tanh(X) + 1))


def test_composites_inside_composites_stand_side_by_side() -> None:
    @gw.composite(name="block")
    def residual(x: Any, w: Any) -> Any:
        return x + gw.name("inner", dense(x, w, np.zeros(3)))

    graph = gw.Graph({"y": gw.name("outer", residual(residual(x, w), w))})
    assert [composite.name for composite in graph.message.composites] == ["block", "dense"]
    assert "block = block(x, w)\nouter = block(block, w)\n" in str(graph)
    first = X + np.tanh(X)
    found = Engine("numpy").evaluate(str(graph), {"x": X, "w": np.eye(3)}, of=["y", "outer/inner/u"])
    np.testing.assert_allclose(found["y"], first + np.tanh(first))
    np.testing.assert_allclose(found["outer/inner/u"], first)


def test_several_values_come_back_as_they_were_returned() -> None:
    @gw.composite
    def moments(x: Any) -> Any:
        return gw.mean(x), {"variance": gw.variance(x), "both": [gw.mean(x), x]}

    mean, others = moments(x)
    graph = gw.Graph({"mean": mean, "variance": others["variance"], "x": others["both"][1]})
    assert "output variance = moments:1\noutput x = moments:3\n" in str(graph)
    found = Engine("numpy").evaluate(str(graph), {"x": X})
    np.testing.assert_allclose([found["mean"], found["variance"]], [X.mean(), X.var()])
    with pytest.raises(ValueError, match="named after the block"):
        gw.name("v", others["variance"])


def test_other_numbers_and_other_types_make_other_composites() -> None:
    @gw.composite
    def scale(x: Any, by: float, how: str = "times") -> Any:
        return x * by if how == "times" else x + by

    s = gw.variable("s")
    graph = gw.Graph({"y": scale(x, 2.0) + scale(x, 3.0) + scale(s, 2.0) + scale(x, 2.0, "plus") + scale(x, by=2.0)})
    assert [composite.name for composite in graph.message.composites] == ["scale", "scale_2", "scale_3", "scale_4"]
    assert float(Engine("numpy").evaluate(str(graph), {"x": X * 0, "s": 1.0})["y"].max()) == 4.0


def test_a_composite_never_hides_an_op() -> None:
    @gw.composite(name="tanh")
    def odd(x: Any) -> Any:
        return gw.tanh(x) + 1

    graph = gw.Graph({"y": odd(x)})
    assert graph.message.composites[0].name == "tanh_2"
    np.testing.assert_allclose(Engine("numpy").evaluate(str(graph), {"x": X})["y"], np.tanh(X) + 1)


def test_a_composite_sees_its_inputs_alone() -> None:
    @gw.composite
    def leaky(x: Any) -> Any:
        return x @ w

    with pytest.raises(gw.errors.TracingError, match=r"uses <w: float64.* of the graph around it.*make it an argument"):
        leaky(x)


def test_two_composites_of_one_name_are_told_apart_by_numbers() -> None:
    first = gw.composite(lambda x: x * 2, name="f")
    second = gw.composite(lambda x: x * 3, name="f")
    graph = gw.Graph({"y": first(x) + second(x)})
    np.testing.assert_allclose(Engine("numpy").evaluate(str(graph), {"x": X})["y"], 5 * X)

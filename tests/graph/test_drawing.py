"""Drawings show every block, and formulas every equation."""

from __future__ import annotations

from xml.etree import ElementTree

from gradwire_service.description import DerivativeMode, differentiate
from gradwire_service.graph import TensorType, parse
from gradwire_service.graph.drawing import dot, svg
from gradwire_service.graph.latex import latex, symbol
from gradwire_service.ops.base import Op
from gradwire_service.transform import expand

GRAPH = parse("""
graph example
variable x: float64[n]
variable w: float64[n]
u = multiply(x, w)
v = square(u)
s = subtract(v, x)
output loss = s
""")


def texts(document: str) -> list[str]:
    root = ElementTree.fromstring(document)
    return ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text")]


def test_the_svg_is_well_formed_and_shows_every_value_with_its_notes() -> None:
    shown = texts(svg(GRAPH, {"u": ["value <3>", "gradient & more"]}))
    assert {"u = multiply(x, w)", "v = square(u)", "x: float64[n]", "output loss"} <= set(shown)
    assert {"value <3>", "gradient & more"} <= set(shown)


def test_boxes_of_the_svg_do_not_overlap() -> None:
    root = ElementTree.fromstring(svg(GRAPH))
    boxes = [
        tuple(float(element.attrib[key]) for key in ("x", "y", "width", "height"))
        for element in root.iter()
        if element.tag.endswith("}rect") and "rx" in element.attrib
    ]
    assert len(boxes) == 5
    for i, (x, y, width, height) in enumerate(boxes):
        for left, top, across, down in boxes[:i]:
            assert x >= left + across or left >= x + width or y >= top + down or top >= y + height


def test_the_dot_form_has_a_node_for_every_value_and_an_edge_for_every_input() -> None:
    lines = dot(GRAPH).splitlines()
    assert sum("->" in line for line in lines) == 5
    assert sum("label=" in line for line in lines) == 5


def test_an_empty_drawing_is_still_a_document() -> None:
    assert texts(svg(parse("output y = a"))) == []


def template(op: str) -> str:
    return Op.registry[op].latex


def test_formulas_follow_the_ops() -> None:
    assert latex(GRAPH, template).splitlines() == [
        r"u &= x w \\",
        r"v &= u^{2} \\",
        r"s &= v - x \\",
        r"\mathrm{loss} &= s",
    ]


def test_symbols_read_as_mathematics() -> None:
    names = ["x", "alpha", "w_2", "loss", "my_name", "2", "1.5", "-3e-05", "-inf"]
    assert [symbol(name) for name in names] == [
        "x",
        r"\alpha",
        "w_{2}",
        r"\mathrm{loss}",
        r"\mathrm{my\_name}",
        "2",
        "1.5",
        r"-3 \cdot 10^{-5}",
        r"-\infty",
    ]


def test_a_derivative_is_written_as_formulas() -> None:
    graph = parse("variable x: float64[]\ny = square(x)\noutput y = y\n")
    derivative = differentiate(expand(graph, {"x": TensorType(())}), mode=DerivativeMode.GRADIENT)
    assert latex(derivative.graph, template).splitlines()[0].startswith(r"\mathrm{multiply} &= ")
    assert str(derivative.graph) == (
        "graph graph_gradient\nvariable x: float64[]\nmultiply = multiply(2.0, x)\noutput gradient/x = multiply\n"
    )

"""Drawings of a graph: Graphviz's language, and SVG without any other program.

The SVG is a layered drawing (Sugiyama et al., 1981): blocks stand in the layer behind their last input, rows inside a
layer follow the mean of their neighbours, arrows that skip layers bend around what lies between. Each block may carry
notes, such as its value and its gradient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from gradwire_service.graph.graph import Graph
from gradwire_service.graph.topology import topological_order

Notes = Mapping[str, Sequence[str]]
"""Lines to write below the name of a value."""

_CHARACTER, _LINE, _PAD, _GAP_X, _GAP_Y, _MARGIN = 7.4, 17, 10, 64, 22, 24
_FILL = {"variable": "#e8f1fb", "constant": "#f3f3f3", "block": "#ffffff"}
_STROKE = {"variable": "#3b78b8", "constant": "#8a8a8a", "block": "#444444"}
_WORDS = 40


@dataclass(eq=False)
class _Box:
    """One value in the drawing; one without a name is a bend of an arrow that passes its layer."""

    name: str
    kind: str
    lines: list[str] = field(default_factory=list)
    layer: int = 0
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        return max((len(line) for line in self.lines), default=-1) * _CHARACTER + 2 * _PAD if self.name else 0.0

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + _PAD if self.name else 0.0


def dot(graph: Graph, notes: Notes | None = None) -> str:
    """Return the drawing in Graphviz's language."""
    boxes, edges = _boxes(graph, notes or {})
    quoted = {name: '"' + name.replace('"', r"\"") + '"' for name in boxes}
    lines = ["digraph {", "  rankdir=LR", '  node [shape=box, style=filled, fontname="monospace"]']
    for name, box in boxes.items():
        label = r"\n".join(line.replace("\\", r"\\").replace('"', r"\"") for line in box.lines)
        lines.append(f'  {quoted[name]} [label="{label}", fillcolor="{_FILL[box.kind]}", color="{_STROKE[box.kind]}"]')
    lines += [f"  {quoted[source]} -> {quoted[target]}" for source, target in edges]
    return "\n".join([*lines, "}"]) + "\n"


def svg(graph: Graph, notes: Notes | None = None) -> str:
    """Return the drawing as a whole SVG document."""
    boxes, edges = _boxes(graph, notes or {})
    layers, paths = _layers(boxes, edges)
    _place(layers, paths)
    width = max((box.x + box.width for box in boxes.values()), default=0) + _MARGIN
    height = max((box.y + box.height / 2 for layer in layers for box in layer), default=0) + _MARGIN
    shapes = [_arrow(path) for path in paths] + [_shape(box) for box in boxes.values()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="ui-monospace, monospace" font-size="12">',
            f"<title>{escape(graph.name)}</title>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#777777"/></marker></defs>',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *shapes,
            "</svg>",
            "",
        ]
    )


def _boxes(graph: Graph, notes: Notes) -> tuple[dict[str, _Box], list[tuple[str, str]]]:
    """Gather what is drawn: the values of the graph, a box for each composite block, and its outputs marked."""
    shown = {value: output for output, value in graph.outputs.items()}
    boxes: dict[str, _Box] = {}
    for v in graph.variables:
        boxes[v.name] = _Box(v.name, "variable", [f"{v.name}: {v.element_type}[{', '.join(map(str, v.dimensions))}]"])
    for c in graph.constants:
        text = str(c.value.item()) if c.value.ndim == 0 else f"{list(c.value.shape)}"
        boxes[c.name] = _Box(c.name, "constant", [f"{c.name} = {text}"])
    blocks = {block.id: block for block in graph.blocks}
    needs = {name: [x.partition(":")[0] for x in block.inputs] for name, block in blocks.items()}
    edges: list[tuple[str, str]] = []
    for name in topological_order(needs):
        block = blocks[name]
        arguments = [*block.inputs, *(f"{key}={_plain(value)}" for key, value in sorted(block.attributes.items()))]
        boxes[name] = _Box(name, "block", [f"{name} = {block.op}({', '.join(arguments)})"])
        edges += dict.fromkeys((source, name) for source in needs[name] if source in boxes)
    for name, box in boxes.items():
        if shown.get(name, name) != name:
            box.lines.append(f"output {shown[name]}")
        box.lines.extend(notes.get(name, ()))
        box.lines[:] = [line if len(line) <= _WORDS else line[: _WORDS - 1] + "…" for line in box.lines]
    return boxes, edges


def _plain(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _layers(boxes: Mapping[str, _Box], edges: Sequence[tuple[str, str]]) -> tuple[list[list[_Box]], list[list[_Box]]]:
    """Give every box its layer; return the layers, and for each arrow the boxes and bends that it passes."""
    users: dict[str, list[str]] = {name: [] for name in boxes}
    for source, target in edges:  # in topological order of the targets
        boxes[target].layer = max(boxes[target].layer, boxes[source].layer + 1)
        users[source].append(target)
    for name, box in boxes.items():  # variables and constants move next to their first user
        if box.kind != "block" and users[name]:
            box.layer = min(boxes[target].layer for target in users[name]) - 1
    layers: list[list[_Box]] = [[] for _ in range(max((box.layer for box in boxes.values()), default=-1) + 1)]
    for box in boxes.values():
        layers[box.layer].append(box)
    paths = []
    for source, target in edges:
        bends = [_Box("", "bend", layer=i) for i in range(boxes[source].layer + 1, boxes[target].layer)]
        for bend in bends:
            layers[bend.layer].append(bend)
        paths.append([boxes[source], *bends, boxes[target]])
    return layers, paths


def _place(layers: Sequence[list[_Box]], paths: Sequence[Sequence[_Box]]) -> None:
    """Order each layer by the mean place of its neighbours, over a few sweeps, then give coordinates."""
    before: dict[_Box, list[_Box]] = {box: [] for layer in layers for box in layer}
    after: dict[_Box, list[_Box]] = {box: [] for layer in layers for box in layer}
    for path in paths:
        for source, target in pairwise(path):
            before[target].append(source)
            after[source].append(target)

    def settle(layer: list[_Box], neighbours: Mapping[_Box, list[_Box]]) -> None:
        """Stack a layer as near to the mean of its neighbours as there is room."""
        wish = {b: sum(n.y for n in neighbours[b]) / len(neighbours[b]) if neighbours[b] else b.y for b in layer}
        layer.sort(key=lambda box: wish[box])
        bottom = -math.inf
        for box in layer:
            box.y = max(wish[box], bottom + box.height / 2)
            bottom = box.y + box.height / 2 + _GAP_Y
        shift = sum(wish[box] - box.y for box in layer) / len(layer)
        for box in layer:
            box.y += shift

    for layer in layers:
        for i, box in enumerate(layer):
            box.y = i * 60.0
    for _ in range(6):
        for layer in layers[1:]:
            settle(layer, before)
        for layer in layers[-2::-1]:
            settle(layer, after)
    top = min((box.y - box.height / 2 for layer in layers for box in layer), default=0.0)
    x = float(_MARGIN)
    for layer in layers:
        for box in layer:
            box.x, box.y = x, box.y - top + _MARGIN
        x += max((box.width for box in layer), default=0) + _GAP_X


def _arrow(path: Sequence[_Box]) -> str:
    source, target = path[0], path[-1]
    points = [(source.x + source.width, source.y), *((b.x, b.y) for b in path[1:-1]), (target.x, target.y)]
    steps = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        steps.append(f"C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}")
    return f'<path d="{" ".join(steps)}" fill="none" stroke="#777777" marker-end="url(#arrow)"/>'


def _shape(box: _Box) -> str:
    left, top = box.x, box.y - box.height / 2
    texts = "".join(
        f'<text x="{left + _PAD:.1f}" y="{top + 16 + i * _LINE:.1f}"{_weight(i)}>{escape(line)}</text>'
        for i, line in enumerate(box.lines)
    )
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="5" '
        f'fill="{_FILL[box.kind]}" stroke="{_STROKE[box.kind]}"/>{texts}'
    )


def _weight(line: int) -> str:
    return ' font-weight="bold"' if line == 0 else ' fill="#333333"'

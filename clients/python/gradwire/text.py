"""The canonical text form of a graph, as the service writes it: a line a statement, a composite in braces."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

from gradwire import v1 as pb
from gradwire.tensors import decode_tensor, element_type_of

_INDENT = "  "


def write(graph: pb.Graph) -> str:
    """Return the text form of any graph, valid or not."""
    lines = [f"graph {graph.name or 'graph'}"]
    todo: list[str | tuple[pb.Graph, int]] = [(graph, 0)]
    while todo:  # composites may be nested as deep as their author likes
        item = todo.pop()
        if isinstance(item, str):
            lines.append(item)
            continue
        inner, depth = item
        body: list[str | tuple[pb.Graph, int]] = []
        body.extend(map(_variable, inner.variables))
        body.extend(map(_constant, inner.constants))
        for composite in inner.composites:
            body.extend((f"composite {composite.name} {{", (composite.graph, depth + 1), "}"))
        body.extend(map(_block, inner.blocks))
        body.extend(f"output {output.name} = {output.value}" for output in inner.outputs)
        todo.extend(_INDENT * depth + line if isinstance(line, str) else line for line in reversed(body))
    return "\n".join(lines) + "\n"


def _variable(variable: pb.Variable) -> str:
    note = f" {json.dumps(variable.documentation)}" if variable.documentation else ""
    return f"variable {variable.name}: {element_type_of(variable)}[{_dimensions(variable.dimensions)}]{note}"


def _constant(constant: pb.Constant) -> str:
    value = decode_tensor(constant.value)
    elements = [_scalar(float(str(x)) if value.dtype == "float32" else x.item()) for x in value.ravel()]
    text = f"[{', '.join(elements)}]" if value.ndim else elements[0]
    return f"constant {constant.name}: {value.dtype.name}[{', '.join(map(str, value.shape))}] = {text}"


def _block(block: pb.Block) -> str:
    settings = [f"{name}={_attribute(block.attributes[name])}" for name in sorted(block.attributes)]
    return f"{block.id} = {block.op}({', '.join([*block.inputs, *settings])})"


def _attribute(attribute: pb.Attribute) -> str:
    kind = attribute.WhichOneof("value")
    match kind:
        case "text":
            return json.dumps(attribute.text)
        case "element_type":
            return element_type_of(attribute)
        case "dimensions":
            return f"[{_dimensions(attribute.dimensions.dimensions)}]"
        case "integers" | "reals" | "texts":
            return f"[{', '.join(map(_scalar, getattr(attribute, kind).values))}]"
        case None:
            return ""
        case _:
            return _scalar(getattr(attribute, kind))


def _dimensions(dimensions: Iterable[pb.Dimension]) -> str:
    return ", ".join(x.name if x.HasField("name") else str(x.size) for x in dimensions)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value:+}"
    return json.dumps(value) if isinstance(value, str) else repr(value)

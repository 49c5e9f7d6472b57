"""Every fault of a graph, found at once and told with its place, before any size is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gradwire_service.errors import (
    ArityError,
    AttributeMissingError,
    AttributeTypeError,
    AttributeUnknownError,
    CompositeRecursionError,
    DuplicateIdError,
    GradwireError,
    GraphCycleError,
    InvalidNameError,
    LimitExceededError,
    OutputMissingError,
    UnknownOpError,
    UnknownValueError,
    raise_all,
)
from gradwire_service.graph.graph import Block, Graph
from gradwire_service.graph.signature import Catalog, Signature
from gradwire_service.graph.topology import find_cycle
from gradwire_service.graph.types import LITERAL, NAME
from gradwire_service.limits import LIMITS, Limits

Scope = Mapping[str, Graph]


def validate(graph: Graph, catalog: Catalog, limits: Limits = LIMITS) -> None:
    """Check everything that can be told without sizes: names, references, arity, attributes, cycles, recursion.

    Args:
        graph: the graph, with its composites.
        catalog: looks up the signature of an op.
        limits: sizes that a graph may not pass.

    Raises: one error with all faults (`errors.SeveralFaultsError`), or the single one.
    """
    if nested := _too_large(graph, limits):
        raise nested
    faults: list[GradwireError] = []
    todo: list[tuple[Graph, str, Scope]] = [(graph, "graph", {})]
    while todo:  # by hand, not by recursion: the nesting is the client's
        inner, place, outer = todo.pop()
        scope = {**outer, **inner.composites}
        faults.extend(_faults(inner, place, scope, catalog, limits))
        todo.extend((child, f"{place}.composites[{name}].graph", scope) for name, child in inner.composites.items())
    faults.extend(_recursion(graph, catalog))
    raise_all(faults)


def signature_of(graph: Graph) -> Signature:
    """Return a composite's signature: its variables are its inputs, its outputs are its values."""
    names = tuple(variable.name for variable in graph.variables)
    return Signature(names, variadic=False, attributes={}, outputs=len(graph.outputs))


def _too_large(graph: Graph, limits: Limits) -> GradwireError | None:
    """Refuse by size before looking at anything else, so that looking stays cheap."""
    todo, composites, blocks = [(graph, 0)], 0, 0
    while todo:
        inner, depth = todo.pop()
        composites += len(inner.composites)
        blocks += len(inner.blocks)
        for what, value, limit in (
            ("blocks", blocks, limits.blocks),
            ("composites", composites, limits.composites),
            ("composites inside each other", depth, limits.depth),
        ):
            if value > limit:
                message = f"the graph has {value:,} {what}, this server takes {limit:,}; split it in smaller graphs"
                return LimitExceededError(message, field="graph", limit=limit, value=value)
        todo.extend((child, depth + 1) for child in inner.composites.values())
    return None


def _faults(graph: Graph, place: str, scope: Scope, catalog: Catalog, limits: Limits) -> Iterator[GradwireError]:
    known: dict[str, int] = {}  # number of values that each name stands for
    definitions = (
        ("variables[{}].name", [variable.name for variable in graph.variables]),
        ("constants[{}].name", [constant.name for constant in graph.constants]),
        ("blocks[{}].id", [block.id for block in graph.blocks]),
    )
    for field, names in definitions:
        for i, name in enumerate(names):
            if not NAME.fullmatch(name):
                yield _invalid_name(name, f"{place}.{field.format(i)}")
            elif name in known:
                message = f"two values are called {name!r}; give one another name"
                yield DuplicateIdError(message, block=name, field=f"{place}.{field.format(i)}")
            known[name] = 1
    for i, variable in enumerate(graph.variables):
        for dimension in variable.dimensions:
            if isinstance(dimension, str) and not NAME.fullmatch(dimension):
                yield _invalid_name(dimension, f"{place}.variables[{i}].dimensions")
            elif isinstance(dimension, int) and dimension < 0:
                message = f"dimension {dimension} of variable {variable.name!r} is negative; use a name if it is free"
                yield LimitExceededError(message, block=variable.name, field=f"{place}.variables[{i}].dimensions")
        if len(variable.dimensions) > limits.rank:
            message = f"variable {variable.name!r} has {len(variable.dimensions)} axes, at most {limits.rank} are taken"
            yield LimitExceededError(message, block=variable.name, limit=limits.rank, value=len(variable.dimensions))
    signatures: dict[str, Signature | None] = {}
    for block in graph.blocks:
        if block.op not in signatures:
            composite = scope.get(block.op)
            signatures[block.op] = catalog(block.op) if composite is None else signature_of(composite)
        signature = signatures[block.op]
        if signature is not None and (signature.outputs != 1 or signature.outputs_like):
            known[block.id] = _output_count(block, signature, scope)
    usual = {op: _usual_inputs(signature, limits) for op, signature in signatures.items()}
    for i, block in enumerate(graph.blocks):
        if block.attributes or len(block.inputs) != usual[block.op] or not known.keys() >= set(block.inputs):
            yield from _block_faults(block, f"{place}.blocks[{i}]", signatures[block.op], known, limits, scope)
    yield from _output_faults(graph, place, known, scope)
    cycle = find_cycle({block.id: [value.partition(":")[0] for value in block.inputs] for block in graph.blocks})
    if cycle:
        circle = " → ".join([*cycle[:16], "…" if len(cycle) > 16 else cycle[0]])
        message = f"blocks feed each other in a circle: {circle}; break it at one of them"
        yield GraphCycleError(message, block=cycle[0], field=f"{place}.blocks", members=",".join(cycle[:16]))


def _usual_inputs(signature: Signature | None, limits: Limits) -> int | None:
    """Return the number of inputs with which a block that has no attributes is right, if only the inputs are there."""
    if signature is None or any(attribute.required for attribute in signature.attributes.values()):
        return None
    return len(signature.inputs) if len(signature.inputs) <= limits.inputs else None


def _block_faults(
    block: Block,
    place: str,
    signature: Signature | None,
    known: Mapping[str, int],
    limits: Limits,
    scope: Scope,
) -> Iterator[GradwireError]:
    for i, value in enumerate(block.inputs):
        if not _is_known(value, known) and not LITERAL.fullmatch(value):
            message = f"block {block.id!r} takes {value!r}, which nothing in this graph makes"
            yield UnknownValueError(message, block=block.id, field=f"{place}.inputs[{i}]", value=value)
    if signature is None:
        message = f"block {block.id!r} uses op {block.op!r}, which is neither an op nor a composite of this graph"
        yield UnknownOpError(message, block=block.id, field=f"{place}.op", op=block.op)
        return
    if not signature.takes(len(block.inputs)) or len(block.inputs) > limits.inputs:
        takes = f"at least {len(signature.inputs)}" if signature.variadic else len(signature.inputs)
        message = f"{block.op} takes {takes} inputs ({', '.join(signature.inputs)}), block {block.id!r} has "
        yield ArityError(message + str(len(block.inputs)), block=block.id, field=f"{place}.inputs")
    for name, attribute in signature.attributes.items():
        if name in block.attributes:
            given = block.attributes[name]
            if not attribute.kind.accepts(given):
                message = f"attribute {name!r} of block {block.id!r} must be a {attribute.kind.value}, not {given!r}"
                yield AttributeTypeError(message, block=block.id, field=f"{place}.attributes[{name}]")
        elif attribute.required:
            message = f"block {block.id!r} lacks attribute {name!r} ({attribute.kind.value}) of {block.op}"
            yield AttributeMissingError(message, block=block.id, field=f"{place}.attributes")
    for name, composite in signature.composites(block.attributes):
        if composite not in scope:
            message = f"block {block.id!r} names {composite!r} as its {name}, which is no composite of this graph"
            yield UnknownOpError(message, block=block.id, field=f"{place}.attributes[{name}]", op=composite)
    for name in block.attributes:
        if name not in signature.attributes:
            knows = ", ".join(signature.attributes) or "none"
            message = f"{block.op} has no attribute {name!r} (block {block.id!r}); it has: {knows}"
            yield AttributeUnknownError(message, block=block.id, field=f"{place}.attributes[{name}]")


def _output_count(block: Block, signature: Signature, scope: Scope) -> int:
    """Return how many values a block makes."""
    told = block.attributes.get(signature.outputs_like)
    if signature.outputs_like == "inputs":
        return len(block.inputs)
    if isinstance(told, int):
        return told
    named = (composite for name, composite in signature.composites(block.attributes) if name == signature.outputs_like)
    like = scope.get(next(named, ""))
    return signature.outputs if like is None else len(like.outputs)


def _output_faults(graph: Graph, place: str, known: Mapping[str, int], scope: Scope) -> Iterator[GradwireError]:
    if not graph.outputs:
        message = f"graph {graph.name!r} has no output; name at least one value as an output"
        yield OutputMissingError(message, field=f"{place}.outputs")
    for i, (name, value) in enumerate(graph.outputs.items()):
        if not NAME.fullmatch(name):
            yield _invalid_name(name, f"{place}.outputs[{i}].name")
        if not _is_known(value, known) and not _is_inner(value, graph, scope):
            message = f"output {name!r} is value {value!r}, which nothing in this graph makes"
            yield OutputMissingError(message, field=f"{place}.outputs[{i}].value", value=value)


def _is_known(value: str, known: Mapping[str, int]) -> bool:
    if value in known:
        return True
    name, colon, index = value.partition(":")
    return bool(colon) and index.isdecimal() and index.isascii() and 0 <= int(index) < known.get(name, 0)


def _is_inner(value: str, graph: Graph, scope: Scope) -> bool:
    """Tell whether the value may lie inside a composite block; whether it does is told when that is expanded."""
    block, slash, _ = value.partition("/")
    return bool(slash) and any(candidate.id == block for candidate in graph.blocks)


def _invalid_name(name: str, field: str) -> GradwireError:
    rule = "a name is a letter or _, then at most 127 letters, digits or _ . / -, all ASCII"
    return InvalidNameError(f"{ascii(name)[:66]} is not a name: {rule}", field=field)


def _recursion(graph: Graph, catalog: Catalog) -> Iterator[GradwireError]:
    """Find composites that contain themselves; a name means the innermost composite that bears it."""
    uses: dict[str, list[str]] = {}
    todo: list[tuple[Graph, str, dict[str, str]]] = [(graph, "", {})]
    while todo:
        inner, path, outer = todo.pop()
        scope = outer | {name: f"{path}/{name}" for name in inner.composites}
        blocks = inner.blocks if scope else ()
        used = (name for block in blocks for name in _uses(block, scope, catalog))
        uses[path] = list(dict.fromkeys(scope[name] for name in used if name in scope))
        todo.extend((child, f"{path}/{name}", scope) for name, child in inner.composites.items())
    cycle = [path.rpartition("/")[2] for path in find_cycle(uses)[::-1]]
    if cycle:
        circle = " → ".join([*cycle, cycle[0]])
        message = f"composites contain each other in a circle: {circle}; a graph can't repeat itself without end"
        yield CompositeRecursionError(message, field=f"graph.composites[{cycle[0]}]", members=",".join(cycle))


def _uses(block: Block, scope: Mapping[str, str], catalog: Catalog) -> Iterator[str]:
    """Yield the names that a block may use composites by."""
    yield block.op
    signature = None if block.op in scope or not block.attributes else catalog(block.op)
    if signature is not None:
        yield from (composite for _, composite in signature.composites(block.attributes))

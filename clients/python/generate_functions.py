"""Write what the client says of ops, optimizers and schedules, from the service's registries.

Run it after a change of an op, an optimizer or a schedule; what it writes is committed, so that the client never
imports the service. `--check` writes nothing, and fails when a file is not what the registries give.
"""

from __future__ import annotations

import argparse
import inspect
import keyword
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import scipy.linalg
import scipy.special

import gradwire_service.blocks
import gradwire_service.control  # noqa: F401 - registers the ops over bodies
from gradwire_service.errors import GradwireError
from gradwire_service.graph import AttributeKind, AttributeSignature, ElementType, Signature, TensorType
from gradwire_service.methods import Method
from gradwire_service.ops import Elementwise, Op
from gradwire_service.ops.base import Composite
from gradwire_service.optimizers import CatalogEntry, Optimizer, Schedule
from gradwire_service.searches import Search

PACKAGE = Path(__file__).resolve().parent / "gradwire"
RUFF = Path(sysconfig.get_path("scripts")) / "ruff"

HEADER = '"""{summary}\n\nWritten by `generate_functions.py`, from the registries of the service.\n"""\n\n'

TYPES: Mapping[AttributeKind, str] = {
    AttributeKind.BOOLEAN: "bool",
    AttributeKind.INTEGER: "int",
    AttributeKind.REAL: "float",
    AttributeKind.TEXT: "str",
    AttributeKind.INTEGERS: "int | Sequence[int]",
    AttributeKind.REALS: "float | Sequence[float]",
    AttributeKind.DIMENSIONS: "int | str | Sequence[int | str]",
    AttributeKind.ELEMENT_TYPE: "ElementTypeLike",
}
"""How an attribute is typed where a user states it."""


ALIASES: Mapping[str, str] = {"var": "variance", "std": "standard_deviation", "concat": "concatenate"}
"""The array API's names for ops that have another one."""

SPECIAL_ALIASES: Mapping[str, str] = {
    "expit": "sigmoid",
    "gammaln": "lgamma",
    "log_expit": "log_sigmoid",
    "multigammaln": "mvlgamma",
    "psi": "digamma",
}
"""SciPy's names for ops that have another one."""

NAMESAKES = ("huber", "log_softmax", "polygamma", "softmax")
"""Ops under whose names SciPy has another function: with arguments in another order, or along all axes by default."""


def ops() -> Iterator[tuple[str, type[Op], Signature]]:
    """Yield the ops that users write, by name."""
    for name, op in sorted(Op.registry.items()):
        if not op.internal:
            yield name, op, op.signature()


EXAMPLES: Mapping[AttributeKind, object] = {AttributeKind.INTEGER: 1, AttributeKind.INTEGERS: (0,)}
"""What required attributes are set to where a type is tried out."""


def takes_bodies(signature: Signature) -> bool:
    """Tell whether an op names composites, as those that repeat or choose do: their functions are written by hand."""
    return any(a.kind in (AttributeKind.GRAPH, AttributeKind.GRAPHS) for a in signature.attributes.values())


def results_of(op: type[Op], element_type: ElementType, *shapes: tuple[int, ...]) -> tuple[TensorType, ...]:
    """Return the types of the results for inputs of these shapes; none when they can't be told from the op alone."""
    signature = op.signature()
    required = {name: a.kind for name, a in signature.attributes.items() if a.required}
    if signature.variadic or not set(required.values()) <= EXAMPLES.keys():
        return ()
    kinds = [op.unpromoted.get(i, element_type) for i in range(len(signature.inputs))]
    try:
        use = op(**{name: EXAMPLES[kind] for name, kind in required.items()})
        found = use.infer(*(TensorType(shape, kind) for shape, kind in zip(shapes, kinds, strict=True)))
    except (GradwireError, IndexError):  # rules may rely on a rank that others check
        return ()
    return tuple(found) if isinstance(found, tuple) else (found,)


def result_types(op: type[Op], element_type: ElementType) -> tuple[ElementType, ...]:
    """Return the element types of the results for inputs of one type; none when they can't be told."""
    count = len(op.signature().inputs)
    found = results_of(op, element_type, *[(2,)] * count) or results_of(op, element_type, *[(2, 2)] * count)
    return tuple(result.element_type for result in found)


def is_elementwise(op: type[Op]) -> bool:
    """Tell whether the result has the shape that the inputs broadcast to; of a composite, by trying."""
    if not issubclass(op, Composite):
        return issubclass(op, Elementwise)
    others = len(op.signature().inputs) - 1
    broadcast: tuple[int, ...] = (2, 3) if others else (2, 1)
    tried: list[tuple[list[tuple[int, ...]], tuple[int, ...]]] = [
        ([()] * (others + 1), ()),
        ([(2, 3)] * (others + 1), (2, 3)),
        ([(2, 1), *[(1, 3)] * others], broadcast),
    ]
    found = [[y.shape for y in results_of(op, ElementType.FLOAT64, *shapes)] for shapes, _ in tried]
    return others >= 0 and found == [[expected] for _, expected in tried]


def literal(value: object) -> str:
    """Write a default as Python."""
    return repr(str(value) if isinstance(value, ElementType) else value)


def write_catalog() -> Iterator[str]:
    """Write the table of signatures."""
    yield HEADER.format(summary="What the client knows of each op, by name.")
    yield "from __future__ import annotations\nfrom collections.abc import Mapping\n"
    yield "from gradwire.signatures import REQUIRED, OpSignature\n\nOPS: Mapping[str, OpSignature] = {\n"
    for name, op, signature in ops():
        parts = [repr(signature.inputs)]
        parts += ["variadic=True"] if signature.variadic else []
        attributes = "".join(
            f"{attribute!r}: ({given.kind.value!r}, {'REQUIRED' if given.required else literal(given.default)}),"
            for attribute, given in signature.attributes.items()
        )
        parts += [f"attributes={{{attributes}}}"] if attributes else []
        parts += ["elementwise=True"] if is_elementwise(op) else []
        results = result_types(op, ElementType.FLOAT64) or result_types(op, ElementType.INT64)
        fixed = tuple("" if result.is_floating else str(result) for result in results)
        if any(fixed):
            parts.append(f"results={fixed}")
        elif ElementType.FLOAT64 in result_types(op, ElementType.INT64):
            parts.append("floats=True")
        elif ElementType.INT64 in result_types(op, ElementType.BOOL):
            parts.append("counts=True")
        parts += [f"unpromoted={tuple(op.unpromoted)}"] if op.unpromoted else []
        parts += [f"outputs={signature.outputs}"] if signature.outputs != 1 else []
        parts += [f"outputs_like={signature.outputs_like!r}"] if signature.outputs_like else []
        yield f"{name!r}: OpSignature({', '.join(parts)}),\n"
    yield "}\n"


def parameter(name: str, attribute: AttributeSignature) -> str:
    """Write an attribute as a parameter; element types are called as NumPy calls them."""
    name = "dtype" if attribute.kind is AttributeKind.ELEMENT_TYPE else name
    optional = not attribute.required and attribute.default is None
    default = "" if attribute.required else f" = {literal(attribute.default)}"
    return f"{name}: {TYPES[attribute.kind]}{' | None' if optional else ''}{default}"


def write_function(name: str, op: type[Op], signature: Signature) -> str:
    """Write an op as a function.

    Inputs come first. Several of one kind come as a list; behind a text that tells what to do with them, one by one.
    """
    settings = signature.attributes
    passed = [f"{x}={'dtype' if a.kind is AttributeKind.ELEMENT_TYPE else x}" for x, a in settings.items()]
    parameters = [parameter(x, a) for x, a in settings.items()]
    *inputs, last = [*signature.inputs] or [""]
    given = [*inputs, last] if last else []
    if not signature.variadic:
        parameters = [f"{x}: Operand" for x in given] + parameters
    elif any(a.kind is AttributeKind.TEXT and a.required for a in settings.values()):
        parameters = [*parameters, *(f"{x}: Operand" for x in inputs), f"*{last}: Operand"]
        given = [*inputs, f"*{last}"]
    else:
        parameters = [*(f"{x}: Operand" for x in inputs), f"{last}: Sequence[Operand]", *parameters]
        given = [*inputs, f"*{last}"]
    call = ", ".join([repr(name), *given, *passed])
    result, body = "Value", f"return apply({call})"
    if signature.outputs > 1:
        result = f"tuple[{', '.join(['Value'] * signature.outputs)}]"
        body = f"values: {result} = several({call})\n    return values"
    elif signature.outputs_like:
        result = "tuple[Value, ...]"
        body = f"values: {result} = several({call})\n    return values"
    return f"def {name}({', '.join(parameters)}) -> {result}:\n{docstring(inspect.getdoc(op))}    {body}\n\n"


def docstring(text: str | None) -> str:
    """Write a docstring inside a function."""
    body = textwrap.indent(text or "", "    ").strip()
    quote = 'r"""' if "\\" in body else '"""'
    return f'    {quote}{body}{chr(10) + "    " if chr(10) in body else ""}"""\n'


def write_functions() -> Iterator[str]:
    """Write every op as a function."""
    yield HEADER.format(summary="Every op as a function of values, numbers and arrays, under its array-API name.")
    yield "from __future__ import annotations\nfrom collections.abc import Sequence\n"
    yield "from gradwire.signatures import ElementTypeLike\n"
    yield "from gradwire.values import Operand, Value, apply, several\n\n"
    yield from exported([*(name for name, _, signature in ops() if not takes_bodies(signature)), *ALIASES])
    for name, op, signature in ops():
        if takes_bodies(signature):
            continue
        if keyword.iskeyword(name):
            raise SystemExit(f"op {name!r} can't be a function: Python keeps that word")
        yield write_function(name, op, signature)
    for alias, name in ALIASES.items():
        yield f"{alias} = {name}\n"


def write_selection(
    module: str,
    *sources: object,
    without: object = None,
    aliases: Mapping[str, str] | None = None,
    others: Iterable[str] = (),
) -> Iterator[str]:
    """Write the module of the ops that modules of NumPy or SciPy have, under their names and ours, and of others."""
    known = {name for name, _, signature in ops() if name not in NAMESAKES and not takes_bodies(signature)}
    aliases = {alias: name for alias, name in (aliases or {}).items() if name in known}
    there = [name for name in known if any(hasattr(source, name) for source in sources) and not hasattr(without, name)]
    names = sorted({*there, *aliases.values(), *others})
    yield HEADER.format(summary=f"The ops that `{module}` has, under its names.")
    yield f"from gradwire.functions import ({', '.join(names)},)\n" if names else ""
    yield from exported([*names, *aliases])
    for alias, name in aliases.items():
        yield f"{alias} = {name}\n"


def write_configured(
    summary: str, kind: str, entries: Iterable[CatalogEntry], *, update_rules: bool = True
) -> Iterator[str]:
    """Write a constructor for each optimizer or schedule."""
    entries = list(entries)
    optimizers = kind == "Optimizer"
    takes = "OptimizerSettings" if update_rules else "MethodSettings"
    yield HEADER.format(summary=summary)
    yield "from __future__ import annotations\n"
    yield "from typing import Unpack\n" if optimizers else "from collections.abc import Sequence\n"
    yield f"from gradwire.optimization import {kind}{f', {takes}' if optimizers else ''}\n\n"
    yield from exported([entry.name for entry in entries])
    for entry in entries:
        settings = [
            f"{x.name}: {SETTING_TYPES[x.kind]}{'' if x.required else f' = {x.default!r}'}"
            for x in entry.hyperparameters
        ]
        first = 1 if update_rules else 0  # of an update rule the learning rate, which everybody states
        settings = [*settings[:first], *(["*"] if settings[first:] and optimizers else []), *settings[first:]]
        tail = [f"**settings: Unpack[{takes}]"] if optimizers else []
        meanings = "\n".join(f"    {x.name}: {x.documentation}." for x in entry.hyperparameters)
        parts = ""
        if entry.parts == 1:
            settings.insert(0, "then: Schedule")
            meanings, parts = f"    then: the other schedule.\n{meanings}", ", [then]"
        elif entry.parts is None:
            settings.insert(0, "parts: Sequence[Schedule]")
            meanings, parts = f"    parts: the schedules, in order.\n{meanings}", ", parts"
        taken = "schedule, clipping, averaging, groups, bounds" if update_rules else "bounds"
        more = f"    settings: {taken}; see `{takes}`." if optimizers else ""
        arguments = "\n".join(filter(None, [meanings, more]))
        lines = entry.documentation.splitlines()
        place = next((i for i, line in enumerate(lines) if line.startswith(_SECTIONS)), len(lines))
        text = "\n".join([*lines[:place], *([f"Args:\n{arguments}\n"] if arguments else []), *lines[place:]])
        values = ", ".join(f"{x.name!r}: {x.name}" for x in entry.hyperparameters)
        yield f"def {entry.name}({', '.join([*settings, *tail])}) -> {kind}:\n{docstring(text)}"
        yield f"    return {kind}({entry.name!r}, {{{values}}}{parts}{', **settings' if optimizers else ''})\n\n"


SETTING_TYPES: Mapping[AttributeKind, str] = {
    **TYPES,
    AttributeKind.INTEGERS: "Sequence[int]",
    AttributeKind.REALS: "Sequence[float]",
}
"""How a hyperparameter is typed, where lists stay lists."""

_SECTIONS = ("Defaults:", "Raises:", "Source:")
"""What stands behind the arguments in a docstring."""


def exported(names: Iterable[str]) -> Iterator[str]:
    """Write the list of public names."""
    yield f"__all__ = [{''.join(f'{name!r},' for name in names)}]\n\n"


def formatted(parts: Iterable[str]) -> str:
    """Join the parts of a module, and lay them out as `make format` does."""
    source = "".join(parts)
    for command in (["check", "--select=I,RUF022", "--fix-only", "--quiet"], ["format", "--quiet"]):
        arguments = [str(RUFF), *command, f"--stdin-filename={PACKAGE / 'generated.py'}", "-"]
        source = subprocess.run(arguments, input=source, capture_output=True, text=True, check=True).stdout
    return source


def modules() -> dict[str, str]:
    """Return the source of every generated module, by its file's name."""
    parts = {
        "catalog.py": write_catalog(),
        "functions.py": write_functions(),
        "linalg.py": write_selection(
            "numpy.linalg", np.linalg, scipy.linalg, aliases={"cond": "condition_number"}, others=["logdet"]
        ),
        "special.py": write_selection("scipy.special", scipy.special, without=np, aliases=SPECIAL_ALIASES),
        "optimizers.py": write_configured("The optimizers, by name.", "Optimizer", Optimizer.catalog()),
        "methods.py": write_configured(
            "Methods that own their loop, by name.", "Optimizer", Method.catalog(), update_rules=False
        ),
        "searches.py": write_configured("Searches, by name.", "Optimizer", Search.catalog(), update_rules=False),
        "schedules.py": write_configured("Schedules of the learning rate, by name.", "Schedule", Schedule.catalog()),
    }
    return {name: formatted(module) for name, module in parts.items()}


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the client's functions from the service's registries.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is not fresh")
    check = parser.parse_args().check
    fresh = {PACKAGE / name: source for name, source in modules().items()}
    stale = [path for path, source in fresh.items() if not path.is_file() or path.read_text() != source]
    for path in stale:
        if check:
            print(f"stale: {path.relative_to(PACKAGE.parents[2])}", file=sys.stderr)  # noqa: T201
        else:
            path.write_text(fresh[path])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

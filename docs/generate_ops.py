"""Write `docs/ops.md`, the page of all ops, from the classes of the op library.

Run it after a change of an op; what it writes is committed. `--check` writes nothing, and fails when the page is not
what the classes give.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from inspect import getdoc
from itertools import groupby
from pathlib import Path

import gradwire_service.engine  # noqa: F401 - loads every family
from gradwire_service.graph import AttributeSignature, ElementType
from gradwire_service.ops.base import Op
from gradwire_service.wire.catalog import facts_of, signature_text

PAGE = Path(__file__).resolve().parent / "ops.md"

HEADER = """# Ops

<!-- Written by docs/generate_ops.py, from the classes of the op library. -->

All {count} ops that a block can use, by family. `gradwire ops NAME` tells the same of one; `CatalogService.ListOps`
tells it to a program. In the Python client each is a function of `gw` under its name. In a signature inputs stand in
front of `*`, attributes behind it, with their defaults. A *composite* is written with other ops and differentiates by
them. What holds of all (broadcasting, promotion, NaN, kinks) stands in [mathematics.md](mathematics.md).
"""

SECTIONS = ("Attributes", "Shapes", "Units", "Kinks", "Raises", "Source")
_SECTION = re.compile(rf"({'|'.join(SECTIONS)}):\s*(.*)")
_KINDS = {"ops": "Ops", "blocks": "Composites", "control": "Control"}
_CODE = re.compile(r"(``.+?``|`.+?`)", re.DOTALL)


def module_of(op: type[Op]) -> str:
    """Return the module of an op, such as ``ops.shape``; ops come before composites."""
    return op.__module__.removeprefix("gradwire_service.")


def page() -> Iterator[str]:
    """Write the page, line by line."""
    ops = [op for _, op in sorted(Op.registry.items()) if not op.internal]
    yield HEADER.format(count=len(ops))
    ops.sort(key=lambda op: (not module_of(op).startswith("ops."), module_of(op)))
    families = [(module, list(members)) for module, members in groupby(ops, key=module_of)]
    for module, members in families:
        links = ", ".join(f"[{op.name}](#{op.name})" for op in members)
        yield f"- **{title(module)}**: {links}"
    for module, members in families:
        yield f"\n## {title(module)}\n"
        yield markdown(" ".join((sys.modules[f"gradwire_service.{module}"].__doc__ or "").partition("\n\n")[0].split()))
        for op in members:
            yield from entry(op)


def title(module: str) -> str:
    """Return the heading of a family, such as "Ops: linear algebra"."""
    kind, _, family = module.rpartition(".")
    return f"{_KINDS.get(kind, kind.capitalize())}: {family.replace('_', ' ')}"


def entry(op: type[Op]) -> Iterator[str]:
    """Write all about one op."""
    text, sections = read(getdoc(op) or "")
    yield f"\n### {op.name}\n\n```python\n{signature_text(op)}\n```\n\n{markdown(text)}\n"
    meanings = dict(re.findall(r"^(\w+): (.*?)(?=^\w+: |\Z)", sections.pop("Attributes", ""), re.MULTILINE | re.DOTALL))
    for name, attribute in op.signature().attributes.items():
        yield f"- `{name}`, {kind(attribute)}{': ' + markdown(one_line(meanings[name])) if name in meanings else ''}"
    for name, content in sections.items():
        yield f"- {name}: {markdown(one_line(content))}"
    if facts := facts_of(op):
        yield f"- {'; '.join(facts)}"


def read(documentation: str) -> tuple[str, dict[str, str]]:
    """Part a docstring into its text and its sections."""
    text: list[str] = []
    sections: dict[str, list[str]] = {}
    current = text
    for line in documentation.splitlines():
        match = _SECTION.fullmatch(line)
        if match:
            current = sections.setdefault(match[1], [])
            line = match[2]
        elif line and not line.startswith(" ") and current is not text:
            current = text
        current.append(line if current is text else line.strip())
    return "\n".join(text).strip(), {name: "\n".join(lines).strip() for name, lines in sections.items()}


def kind(attribute: AttributeSignature) -> str:
    """Write the kind and the default of an attribute."""
    if attribute.required:
        return f"{attribute.kind.value}, required"
    default = attribute.default
    shown = str(default) if isinstance(default, ElementType) else repr(default)
    return f"{attribute.kind.value}, {'not set' if default is None else f'`{shown}`'} by default"


def one_line(text: str) -> str:
    """Write a text of several lines in one."""
    return " ".join(text.split())


def markdown(text: str) -> str:
    """Write a text so that Markdown shows it as it is, but for code."""
    parts = _CODE.split(text)
    parts[::2] = (re.sub(r"([*_<|\\])", r"\\\1", part).replace("](", "]\\(") for part in parts[::2])
    return "".join(parts)


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description="Write docs/ops.md from the op library.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is not fresh")
    fresh = "\n".join(page()) + "\n"
    if not parser.parse_args().check:
        PAGE.write_text(fresh)
        return 0
    stale = not PAGE.is_file() or PAGE.read_text() != fresh
    if stale:
        print("stale: docs/ops.md", file=sys.stderr)  # noqa: T201
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())

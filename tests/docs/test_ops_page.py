"""The page of all ops is what the classes give, and leaves nothing out."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from gradwire_service import engine  # noqa: F401 - loads every family
from gradwire_service.ops import Op

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_ops", DOCS / "generate_ops.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_the_page_is_fresh(script: ModuleType) -> None:
    assert "\n".join(script.page()) + "\n" == (DOCS / "ops.md").read_text(), "run docs/generate_ops.py"


def test_every_op_has_a_place_on_the_page_with_its_shapes_and_its_source(script: ModuleType) -> None:
    entries = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", "\n".join(script.page()), re.MULTILINE | re.DOTALL))
    assert set(entries) == {name for name, op in Op.registry.items() if not op.internal}
    assert [name for name, text in entries.items() if "\n- Shapes: " not in text or "\n- Source: " not in text] == []


def test_attributes_are_told_with_kind_default_and_meaning(script: ModuleType) -> None:
    (line,) = [line for line in script.entry(Op.registry["roll"]) if line.startswith("- `axis`")]
    assert line.startswith("- `axis`, list of integers, not set by default: ")
    assert "- `k`, integer, required" in "\n".join(script.entry(Op.registry["top_k"]))


def test_text_stands_on_the_page_as_it_stands_in_the_class(script: ModuleType) -> None:
    assert script.markdown("a * b_i, x[n](t) and `a * b_i`") == r"a \* b\_i, x[n]\(t) and `a * b_i`"

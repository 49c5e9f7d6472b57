"""The page on mathematics: its code runs, and prints what stands beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gradwire_service import engine  # noqa: F401 - loads every family
from gradwire_service.ops import Op

PAGE = (Path(__file__).parents[2] / "docs/mathematics.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_code_of_the_page_prints_what_stands_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, Any] = {}
    try:
        for block in BLOCKS:
            exec(compile(block, "mathematics.md", "exec"), namespace)
            expected = re.findall(r"^ *print\(.*\)  # (.*)$", block, flags=re.MULTILINE)
            assert capsys.readouterr().out.splitlines() == expected
    finally:
        namespace["service"].close()


def test_every_op_that_the_page_names_is_there() -> None:
    tables = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`([a-z_0-9]+)(?:\([^`]*\))?`", tables))
    other = {"gradient", "vjp", "jvp", "hvp", "jacobian", "hessian"}  # calls, in the table of derivatives
    assert named - other - set(Op.registry) == set()

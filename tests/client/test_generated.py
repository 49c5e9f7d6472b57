"""What is generated from the service's registries must be fresh, and say what they say."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

import pytest

import gradwire as gw
from gradwire_service.ops import Op

SCRIPT = Path(__file__).parents[2] / "clients" / "python" / "generate_functions.py"


def test_generated_modules_are_what_the_registries_give() -> None:
    spec = importlib.util.spec_from_file_location("generate_functions", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    stale = [name for name, source in script.modules().items() if (script.PACKAGE / name).read_text() != source]
    assert not stale, "run clients/python/generate_functions.py"


@pytest.mark.parametrize("name", gw.functions.__all__)
def test_every_op_is_a_function_with_the_documentation_of_its_op(name: str) -> None:
    function = getattr(gw, name)
    op = Op.registry[{"var": "variance", "std": "standard_deviation", "concat": "concatenate"}.get(name, name)]
    assert inspect.getdoc(function) == inspect.getdoc(op)
    assert all(p.annotation is not p.empty for p in inspect.signature(function).parameters.values())


def test_functions_are_where_numpy_and_scipy_have_them() -> None:
    assert gw.linalg.norm is gw.norm
    assert gw.special.erf is gw.erf
    assert gw.special.ndtr is gw.ndtr
    assert not hasattr(gw.special, "softmax")  # SciPy has another default for its axis

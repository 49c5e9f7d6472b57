"""What runs everywhere: whether SymPy is here, said by name."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.client.interchange.conftest import PRESENT, collect_ignore


@pytest.mark.parametrize("there", [PRESENT], ids=["sympy present" if PRESENT else "sympy absent"])
def test_sympy_is_tried_exactly_where_it_is_installed(there: bool) -> None:
    assert there == (find_spec("sympy") is not None)
    assert ("test_sympy.py" in collect_ignore) == (not there)

"""What runs everywhere: whether SymPy is here, said by name, and that the client does without it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.client.interchange.conftest import PRESENT, collect_ignore


@pytest.mark.parametrize("there", [PRESENT], ids=["sympy present" if PRESENT else "sympy absent"])
def test_sympy_is_tried_exactly_where_it_is_installed(there: bool) -> None:
    assert there == (find_spec("sympy") is not None)
    assert ("test_sympy.py" in collect_ignore) == (not there)


def test_the_client_does_not_load_sympy_before_it_is_asked_to() -> None:
    check = "import sys, gradwire; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0

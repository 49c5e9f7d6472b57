"""Backends whose library is not installed are listed with a remedy; those whose library is there do not load it."""

from __future__ import annotations

import json
import subprocess
import sys
from textwrap import dedent
from typing import Any

import pytest

LIBRARIES = {"jax": "JAX", "torch": "PyTorch"}

TOLD = """
    import json, sys
    from gradwire_service.backend import discover

    reasons = {name: found.reason for name, found in discover().items()}
    loaded = sorted({"jax", "torch"} & {name for name, module in sys.modules.items() if module})
    print(json.dumps({"reasons": reasons, "loaded": loaded}))
"""

ASKED = """
    import json
    from gradwire_service.backend import backend
    from gradwire_service.errors import GradwireError

    try:
        backend("jax")
    except GradwireError as error:
        print(json.dumps({"reason": error.reason, "message": error.message}))
"""

BLOCKED = "import sys; sys.modules.update(jax=None, torch=None)\n"  # as though they were not installed


def answer_of(script: str) -> Any:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=True)
    return json.loads(done.stdout)


def test_a_backend_without_its_library_names_what_to_install_and_the_others_go_on() -> None:
    reasons = answer_of(BLOCKED + dedent(TOLD))["reasons"]
    for name, library in LIBRARIES.items():
        told = f"{library} is not installed; install it with: pip install 'gradwire[{name}]'"
        assert reasons[name] == f"ModuleNotFoundError: {told}"
    assert {name for name, reason in reasons.items() if not reason} >= {"numpy", "finite_difference", "complex_step"}


def test_finding_backends_loads_neither_library_even_where_they_are_installed() -> None:
    assert answer_of(dedent(TOLD))["loaded"] == []


@pytest.mark.parametrize("name", LIBRARIES)
def test_asking_for_a_backend_without_its_library_is_answered_with_the_remedy(name: str) -> None:
    told = answer_of(BLOCKED + dedent(ASKED).replace("jax", name))
    assert told["reason"] == "BACKEND_UNAVAILABLE"
    assert f"pip install 'gradwire[{name}]'" in told["message"]

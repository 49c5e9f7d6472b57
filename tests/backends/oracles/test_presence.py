"""What runs everywhere: which oracles there are here, said by name."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from gradwire_service.backend import discover
from tests.backends.oracles.conftest import ORACLES, PRESENT, collect_ignore


@pytest.mark.parametrize("name", ORACLES, ids=lambda name: f"{name} {'present' if name in PRESENT else 'absent'}")
def test_an_oracle_is_tried_exactly_where_its_library_is_installed(name: str) -> None:
    there = find_spec(name) is not None
    assert (discover()[name].backend is not None) == there
    assert (ORACLES[name] not in collect_ignore) == there

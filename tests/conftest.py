"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.serving import ServerProcess, serving

# A busy machine is no fault of what is tried. What decides about a change tries the same each time.
settings.register_profile("gradwire", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("gradwire")


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    """A real server in a process of its own on a free loopback port; tests leave it as they found it."""
    with serving() as process:
        yield process

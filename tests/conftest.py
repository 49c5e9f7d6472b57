"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving import ServerProcess, serving


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    """A real server in a process of its own on a free loopback port; tests leave it as they found it."""
    with serving() as process:
        yield process

"""A channel to the server that all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.calling import Caller
from tests.serving import ServerProcess, serving


@pytest.fixture
def caller(server: ServerProcess) -> Iterator[Caller]:
    """A new channel to the shared server."""
    with server.channel() as channel:
        yield Caller(channel)


@pytest.fixture(scope="session")
def troubled_server() -> Iterator[ServerProcess]:
    """A server with the backends of `plugin/`, which go wrong in every way."""
    with serving("--backend", "numpy", modules=str(Path(__file__).parent / "plugin")) as process:
        yield process


@pytest.fixture
def troubled(troubled_server: ServerProcess) -> Iterator[Caller]:
    """A new channel to the server with the backends that go wrong."""
    with troubled_server.channel() as channel:
        yield Caller(channel)

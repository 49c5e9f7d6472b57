"""What the tests of the client share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gradwire as gw


@pytest.fixture(scope="session")
def service() -> Iterator[gw.Service]:
    """A connection to an embedded server, as `gw.connect()` makes it."""
    with gw.connect() as service:
        yield service

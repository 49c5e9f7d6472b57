"""One backend for all tests of this folder, with a cache of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gradwire_backends.numba import NumbaBackend


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NumbaBackend]:
    backend = NumbaBackend(tmp_path_factory.mktemp("kernels"))
    yield backend
    backend.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kernels"

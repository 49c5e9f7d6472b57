from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gradwire_service.cli import app
from tests.cli.samples import ROSENBROCK, WEIGHTED, Answer, Run


@pytest.fixture
def run() -> Run:
    """Runs a command in this process."""

    def call(*arguments: object, stdin: bytes | str | None = None) -> Answer:
        result = CliRunner().invoke(app, [str(x) for x in arguments], input=stdin)
        unforeseen = result.exception and not isinstance(result.exception, SystemExit)
        assert not unforeseen, result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def rosenbrock(tmp_path: Path) -> Path:
    path = tmp_path / "rosenbrock.gw"
    path.write_text(ROSENBROCK)
    return path


@pytest.fixture
def point(tmp_path: Path) -> Path:
    path = tmp_path / "point.npz"
    np.savez(path, x=1.2, y=-0.7)
    return path


@pytest.fixture
def weighted(tmp_path: Path) -> Path:
    path = tmp_path / "weighted.gw"
    path.write_text(WEIGHTED)
    return path


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.npz"
    np.savez(path, x=np.arange(6.0).reshape(2, 3), w=np.array([1.0, -2.0, 0.5]))
    return path

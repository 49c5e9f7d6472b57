"""What the page about training shows is run: its Python, and its commands that need no running server."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import gradwire as gw
from gradwire_service.cli import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/training.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
COMMANDS, OF_JOBS = ([line[2:] for line in text.splitlines()] for kind, text in BLOCKS if kind == "console")


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """The embedded server, which stays for all that run in this process."""
    with gw.connect():
        yield


def test_the_python_of_the_page_trains_and_draws(capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "python")
    namespace: dict[str, object] = {}
    exec(compile(text, "training.md", "exec"), namespace)
    reason, loss = capsys.readouterr().out.split()[:2]
    assert reason in ("epochs", "patience")
    assert 0 < float(loss) < np.log(2)
    assert namespace["figure"] is not None
    assert namespace["descent"] is not None


def test_the_commands_of_the_page_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, done.stderr
        assert done.stdout.startswith("loss = ")
    assert (tmp_path / "loss.png").stat().st_size > 0


@pytest.mark.parametrize("command", OF_JOBS)
def test_commands_about_jobs_have_the_options_that_are_shown(command: str) -> None:
    words = shlex.split(command)[1:]
    name = words[:2] if words[0] == "jobs" else words[:1]
    told = CliRunner().invoke(app, [*name, "--help"]).stdout
    assert all(word in told for word in words if word.startswith("--"))

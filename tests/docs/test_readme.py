"""Everything that the README shows is run: its Python, its commands, its files."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
GRADWIRE = str(Path(sys.executable).with_name("gradwire"))
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


def test_the_python_of_the_readme_runs_and_says_what_its_comments_say(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {}
    printed = []
    for text in blocks("python"):
        exec(compile(text, "README.md", "exec"), namespace)
        printed.append(capsys.readouterr().out)
    gradient, derivative, jacobian, minimum, training = printed
    value, *scores = gradient.splitlines()
    assert float(value) == pytest.approx(np.log(2))
    point = namespace["point"]
    expected = (0.5 - point["y"]) / 8  # type: ignore[index]
    assert np.fromstring(" ".join(scores).strip("[]"), sep=" ") == pytest.approx(expected, rel=1e-6)
    assert derivative.startswith("graph ")
    assert "output " in derivative
    assert jacobian == "(100, 100)\n"
    assert np.fromstring(minimum.replace("\n", " ").strip("[] "), sep=" ") == pytest.approx(np.ones(10), abs=1e-3)
    assert 0 < float(training.split()[0]) < np.log(2)


COMMANDS = [line[2:].partition("#")[0].strip() for text in blocks("console") for line in text.splitlines() if line]

WRITTEN = (".svg", ".png", ".npz")
"""Endings of files that commands of the README write."""


@pytest.mark.parametrize("command", [c for c in COMMANDS if "serve" not in c])
def test_the_commands_of_the_readme_run(command: str, tmp_path: Path) -> None:
    words = [str(tmp_path / word) if word.endswith(WRITTEN) else word for word in shlex.split(command)]
    assert words[0] == "gradwire"
    done = subprocess.run([GRADWIRE, *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = [word for word in words if word.endswith(WRITTEN)]
    assert done.stdout or written
    assert all(Path(word).stat().st_size > 0 for word in written)


def test_the_server_of_the_readme_has_the_option_that_is_shown() -> None:
    (serve,) = [c for c in COMMANDS if "serve" in c]
    done = subprocess.run([GRADWIRE, "serve", "--help"], capture_output=True, text=True, check=True)
    assert shlex.split(serve)[2] in done.stdout


def test_the_graph_file_of_the_readme_is_the_example() -> None:
    texts = [text for text in blocks("") if text.startswith("graph ")]
    assert texts == [(ROOT / "examples/logistic.gw").read_text()]


def test_the_targets_of_the_readme_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert f"\n{target}:" in makefile

"""The example that draws, run whole."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

EXAMPLE = Path(__file__).parents[2] / "examples/pictures_of_training.py"


def test_the_example_of_training_draws_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(tmp_path)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == ["loss.png", "descent.png", "race.png", "generations.png"]
    for name in said:
        assert imread(tmp_path / name)[..., :3].std() > 0.05, f"{name} is blank"

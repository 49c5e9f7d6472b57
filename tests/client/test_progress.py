"""Progress on stderr: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import re
import sys

import pytest

import gradwire as gw
from gradwire.progress import Reporter


def report(epoch: int, loss: float, held_out: float | None = None) -> gw.Progress:
    return gw.Progress(epoch * 10, epoch, loss, 0.1, 1.0, 1.0, held_out, 0, epoch, 0.1)


def test_lines_come_once_a_second_and_the_last_one_always(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter(None, epochs=100) as reporter:
        for epoch in range(1, 101):
            reporter.report(report(epoch, 1 / epoch, held_out=0.5))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "epoch 1/100  loss 1  held out 0.5  learning rate 0.1",
        "epoch 100/100  loss 0.01  held out 0.5  learning rate 0.1",
    ]


def test_steps_are_counted_where_epochs_do_not_end_it(capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter(None) as reporter:
        reporter.report(report(3, 0.25))
    assert capsys.readouterr().err == "step 30  loss 0.25  learning rate 0.1\n"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Reporter(None, epochs=4) as reporter:
        reporter.report(report(4, 0.125))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)  # without colours and cursor movements
    assert "4/4 loss 0.125 rate 0.1" in shown


def test_a_terminal_without_rich_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with Reporter(None, epochs=4) as reporter:
        reporter.report(report(4, 0.125))
    assert capsys.readouterr().err == "epoch 4/4  loss 0.125  learning rate 0.1\n"


def test_reports_that_are_handed_on_or_not_wanted_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[gw.Progress] = []
    with Reporter(taken.append, epochs=4) as reporter:
        reporter.report(report(1, 0.5))
    with Reporter(None, quiet=True) as reporter:
        reporter.report(report(1, 0.5))
    assert taken == [report(1, 0.5)]
    assert capsys.readouterr().err == ""

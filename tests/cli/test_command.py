"""The command as the shell sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from gradwire_service.cli.app import ExitCode
from tests.cli.samples import ROSENBROCK, Run

COMMANDS = (
    "serve",
    "demo",
    "ops",
    "backends",
    "optimizers",
    "describe",
    "draw",
    "differentiate",
    "gradient",
    "compare",
    "check",
    "search",
    "jobs",
)


def gradwire(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from gradwire_service.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_help_lists_every_command_and_the_exit_codes(run: Run) -> None:
    shown = run("--help").stdout
    assert all(f" {command} " in shown for command in COMMANDS)
    assert all(f"{code.value} " in shown.partition("Exit codes")[2] for code in ExitCode)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    answer = run(command, "--help")
    assert answer.code == 0
    assert f"Usage: gradwire {command}" in answer.stdout


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    answer = run()
    assert answer.code == 2
    assert "Usage: gradwire" in answer.stdout + answer.stderr


@pytest.mark.parametrize("arguments", [["fly"], ["describe"], ["describe", "x", "--colour"]])
def test_mistakes_in_usage_exit_with_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == ExitCode.USAGE


def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    assert run("--version").stdout.split() == ["gradwire", version("gradwire")]


def test_help_loads_nothing_that_computes() -> None:
    heavy = "{'numpy', 'networkx', 'scipy', 'grpc', 'numba', 'matplotlib', 'google.protobuf'}"
    code = f"import sys; from gradwire_service import cli; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def test_in_a_process_results_go_to_stdout_and_notes_to_stderr(point: Path) -> None:
    answer = gradwire("gradient", "-", "--at", point, "--json", stdin=ROSENBROCK)
    assert answer.returncode == 0
    assert answer.stderr == ""
    assert json.loads(answer.stdout)["value"] == pytest.approx(458)
    table = gradwire("gradient", "-", "--at", point, stdin=ROSENBROCK)
    assert "interpreted" in table.stderr
    assert "interpreted" not in table.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["describe", "-"], ROSENBROCK, ExitCode.FINE),
        (["check", "-", "--at", "POINT", "--tolerance", "1e-300"], ROSENBROCK, ExitCode.CHECK_FAILED),
        (["check", "-"], ROSENBROCK, ExitCode.USAGE),
        (["draw", "-", "-o", "no/such/folder/x.svg"], ROSENBROCK, ExitCode.USAGE),
        (["describe", "-"], "output y = nothing", ExitCode.INVALID),
    ],
)
def test_the_shell_gets_the_exit_code(arguments: list[str], stdin: str, code: ExitCode, point: Path) -> None:
    answer = gradwire(*(str(point) if x == "POINT" else x for x in arguments), stdin=stdin)
    assert answer.returncode == code
    assert "Traceback" not in answer.stderr


def test_a_terminal_that_lacks_letters_gets_its_table_all_the_same(point: Path) -> None:
    code = "import sys; sys.stdout.reconfigure(encoding='ascii'); from gradwire_service.cli import main; main()"
    command = [sys.executable, "-c", code, "draw", "-", "--at", str(point)]
    answer = subprocess.run(command, input=ROSENBROCK, capture_output=True, text=True, check=False)
    assert answer.returncode == 0
    assert "<svg" in answer.stdout


def test_who_stops_reading_early_gets_no_traceback(point: Path) -> None:
    command = [sys.executable, "-c", "from gradwire_service.cli import main; main()", "draw", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.write(ROSENBROCK.encode())
    process.stdin.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(30)

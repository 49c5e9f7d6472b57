"""Facts about this tree that would rot if nothing looked at them."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
ENTRY_POINTS: dict[str, str] = PYPROJECT["project"]["entry-points"]["gradwire.backends"]
PACKAGES: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
TARGETS = ("help", "setup", "demo", "test", "lint", "proto", "check-generated", "serve", "bench", "clean")

MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:root|work|Users/\w|home/\w|tmp/\w)[\w./-]*")
UNFINISHED = re.compile(r"\b(?:[T]ODO|[F]IXME|[X]XX|[H]ACK|[f]or now|[n]ot yet implemented)\b|\b[i]ssues? #?\d")
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def texts() -> Iterator[tuple[str, str]]:
    """Every text file that is in git, or would be: its path and its content."""
    listing = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if listing.returncode:
        pytest.skip("this tree is not a git repository")
    for name in filter(None, listing.stdout.split("\0")):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content and name != "LICENSE":
            yield name, content.decode()


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_make_alone_lists_every_target() -> None:
    listed = re.findall(r"^  ([a-z-]+)  ", run("make").stdout, re.MULTILINE)
    assert set(TARGETS) <= set(listed)


def test_every_target_that_help_lists_exists_and_no_file_can_hide_it() -> None:
    listed = re.findall(r"^  ([a-z-]+)  ", run("make", "help").stdout, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(listed) == set(phony[1].split())


@pytest.mark.parametrize("name", ["proto", "service", "backends", "clients", "tests", "examples", "benchmarks", "docs"])
def test_every_folder_of_the_house_is_there(name: str) -> None:
    assert any((ROOT / name).iterdir())


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"])
def test_every_page_of_the_house_is_there(name: str) -> None:
    assert (ROOT / name).read_text().strip()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_tells_type_checkers_that_it_has_types(package: str) -> None:
    assert (ROOT / package / "__init__.py").is_file()
    assert (ROOT / package / "py.typed").is_file()


GENERATORS = {ROOT / "clients/python/generate_functions.py"}
"""Programs of the house that stand beside a package, not in it."""


def test_every_module_is_in_a_package_that_the_wheel_has() -> None:
    roots = {(ROOT / package).parent for package in PACKAGES}
    modules = {path for root in roots for path in root.rglob("*.py")} - GENERATORS
    assert modules, "no modules at all"
    homeless = [str(path) for path in modules if not (path.parent / "__init__.py").is_file()]
    assert homeless == []


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_the_entry_point_of_a_backend_names_a_backend_of_that_name(name: str) -> None:
    (entry,) = entry_points(group="gradwire.backends", name=name)
    assert entry.value == ENTRY_POINTS[name], "installed from another pyproject.toml: run make setup"
    assert entry.load().name == name


def test_the_command_gradwire_resolves() -> None:
    (entry,) = entry_points(group="console_scripts", name="gradwire")
    assert callable(entry.load())


def test_modules_import_only_what_their_contracts_allow() -> None:
    check = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))"
    result = run(sys.executable, "-c", check)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_client_loads_nothing_that_a_bare_install_lacks() -> None:
    loaded = "import sys; before = set(sys.modules); import gradwire; print(*set(sys.modules) - before)"
    result = run(sys.executable, "-c", loaded)
    assert result.returncode == 0, result.stderr
    roots = {name.partition(".")[0] for name in result.stdout.split()} - sys.stdlib_module_names
    # typing_extensions comes with grpcio, which also looks for its own tools; of Cython's modules there is no package
    grpc = {"grpc", "grpc_health", "grpc_reflection", "grpc_status", "grpc_tools", "typing_extensions"}
    allowed = {"gradwire", "numpy", "google"} | grpc
    assert {root for root in roots - allowed if "cython" not in root} == set()


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    assert found(MACHINE_PATH) == []


def test_nothing_is_left_unfinished() -> None:
    assert found(UNFINISHED) == []


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = {name: CODE_BLOCK.sub("", text) for name, text in texts() if name.endswith(".md")}
    links = [(name, target) for name, text in pages.items() for target in LINK.findall(text)]
    assert [link for link in links if not (ROOT / link[0]).parent.joinpath(link[1]).exists()] == []


def examples() -> Iterator[tuple[str, str]]:
    """Code that CONTRIBUTING.md shows: the file that it says the code is from, and the code."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for path, code in re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield path, code.strip("\n")


@pytest.mark.parametrize(("path", "code"), list(examples()))
def test_code_that_contributing_shows_is_in_the_file_it_names(path: str, code: str) -> None:
    source = (ROOT / path).read_text()
    for part in re.split(r"\n+# …\n+", code):
        assert part in source

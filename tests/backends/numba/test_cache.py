"""Artifacts on disk: what is kept, and what damage can't do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradwire_backends.numba import NumbaBackend, cache
from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.cache import FAILURE_SECONDS, Cache, default_folder
from tests.backends.numba.graphs import SECONDS, chain, compiled

ARTIFACT = Artifact(("entry",), (b"object code" * 100,))

SERVER = """
import sys
from pathlib import Path
import numpy as np
from gradwire_backends.numba import NumbaBackend
from gradwire_service.backend import RunInfo
from tests.backends.numba.graphs import chain

backend = NumbaBackend(Path(sys.argv[1]))
executable = backend.prepare(chain(3))
if sys.argv[2] == "wait":
    assert backend.wait(executable, 100)
info = RunInfo()
y = executable({"x": np.arange(3.0)}, info=info)["y"]
print(info.tier.value, y.tobytes().hex(), backend.report()["compilers"], "numba" in sys.modules)
backend.close()
"""


def server(folder: Path, wait: str) -> list[str]:
    """Run a process that serves one graph: what answered, the bits, its compilers, whether it loaded numba."""
    command = [sys.executable, "-c", SERVER, str(folder), wait]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_kernels_survive_a_restart_and_no_server_loads_numba(folder: Path) -> None:
    first, second = server(folder, "wait"), server(folder, "at once")
    assert first == ["compiled", first[1], "1", "False"]
    assert second == ["compiled", first[1], "0", "False"]


def test_damaged_files_are_compiled_again(folder: Path) -> None:
    whole = server(folder, "wait")
    (path,) = folder.iterdir()
    good = path.read_bytes()
    for damaged in (good[:-7], good[:200] + bytes([good[200] ^ 1]) + good[201:]):
        path.write_bytes(damaged)
        assert server(folder, "wait") == whole
        assert path.stat().st_size == len(good)


def test_what_is_written_is_read(folder: Path) -> None:
    kept = Cache(folder)
    assert kept.read("key") is None
    kept.write("key", ARTIFACT)
    assert kept.read("key") == ARTIFACT
    assert Cache(folder).read("key") == ARTIFACT
    assert kept.read("other") is None


def test_every_single_bit_counts(folder: Path) -> None:
    kept = Cache(folder)
    kept.write("key", ARTIFACT)
    (path,) = folder.iterdir()
    good = path.read_bytes()
    for place in range(0, len(good), 13):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert kept.read("key") is None


def test_another_processor_or_compiler_has_files_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Cache(folder)
    kept.write("key", ARTIFACT)
    monkeypatch.setattr(cache, "host", lambda: "another machine")
    assert kept.read("key") is None


def test_failures_are_remembered_for_a_day(folder: Path) -> None:
    kept = Cache(folder)
    kept.write("key", Artifact(failure="too large"))
    assert kept.read("key") == Artifact(failure="too large")
    (path,) = folder.iterdir()
    then = time.time() - FAILURE_SECONDS - 1
    os.utime(path, (then, then))
    assert kept.read("key") is None


def test_a_folder_that_others_may_write_to_is_not_used(folder: Path) -> None:
    kept = Cache(folder)
    kept.write("key", ARTIFACT)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert kept.read("key") is None


def test_a_folder_that_can_not_be_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Cache(tmp_path / "file" / "kernels")
    kept.write("key", ARTIFACT)
    assert kept.read("key") is None


def test_the_oldest_files_make_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "BYTES", 5000)
    monkeypatch.setattr(cache, "PRUNE_EVERY", 2)
    kept = Cache(folder)
    for number in range(20):
        kept.write(f"key {number}", ARTIFACT)
        if path := next((path for path in folder.iterdir() if path.stat().st_mtime > 1e9), None):
            os.utime(path, (number, number))
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 5000 + 2 * 1300
    assert kept.read("key 19") == ARTIFACT
    assert kept.read("key 0") is None


def test_the_environment_says_where_files_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("GRADWIRE_CACHE_DIR", raising=False)
    assert default_folder() == tmp_path / "gradwire" / "kernels"
    monkeypatch.setenv("GRADWIRE_CACHE_DIR", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine" / "kernels"


def test_a_structure_that_is_known_is_compiled_from_the_first_call(folder: Path) -> None:
    first = NumbaBackend(folder)
    compiled(first, chain(2))
    first.close()
    second = NumbaBackend(folder)
    assert second.wait(second.prepare(chain(2)), 0)
    assert second.report()["from_cache"] == 1
    second.close()

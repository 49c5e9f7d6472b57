"""The compiler as a process and as a function: what it makes, and what it must survive."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from gradwire_backends.numba import workers
from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.compiler import LENGTH
from gradwire_backends.numba.loader import Code, LoadError, undefined_symbols
from gradwire_backends.numba.workers import Workers
from tests.backends.numba.graphs import SECONDS

COMMAND = (sys.executable, "-P", "-m", "gradwire_backends.numba.compiler")

DOUBLING = """def kernel0(t):
    p0 = float64s(item(t, 3), 0)
    p1 = float64s(item(t, 4), 0)
    for i0 in range(5):
        v0 = load(p0, i0, 0, 0)
        store(p1, i0, v0 + v0, 0, 1)
"""

ENDLESS = """def kernel0(t):
    v0 = float64(0)
""" + "".join(f"    v{i + 1} = exp(v{i}) + sin(v{i})\n" for i in range(20_000))


def compiled(source: str, own: Workers | None = None) -> tuple[Artifact, bool]:
    """Have a source compiled by a child."""
    made: list[tuple[Artifact, bool]] = []
    done = threading.Event()

    def receive(artifact: Artifact, final: bool) -> None:
        made.append((artifact, final))
        done.set()

    children = own or Workers(1)
    try:
        children.submit(source, receive)
        assert done.wait(SECONDS)
    finally:
        if own is None:
            children.close()
    return made[0]


def in_a_process(code: str) -> str:
    """Run Python code that loads numba, which this process should not."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def doubled(artifact: Artifact) -> list[float]:
    x, y, none = np.arange(5.0), np.zeros(5), np.zeros(0)
    table = (none, none, none, x, y)
    Code(artifact).entries[0](id(table))
    return y.tolist()


def test_a_child_sends_object_code_that_runs_here() -> None:
    artifact, final = compiled(DOUBLING)
    assert final
    assert doubled(artifact) == [0, 2, 4, 6, 8]


def test_a_source_that_is_not_of_the_language_is_a_failure_not_a_crash() -> None:
    artifact, final = compiled("import os")
    assert final
    assert "of a kernel holds" in artifact.failure


def test_numba_keeps_object_code_where_we_look_for_it() -> None:
    """When this fails, `object_code` still works by its other way; look for the new place."""
    check = f"""
from gradwire_backends.numba import compiler, grammar
compiler.prepare()
function = compiler._compiled(*grammar.entries(grammar.check({DOUBLING!r})))
assert bytes(function._library._get_compiled_object()) == compiler.object_code(function)
"""
    in_a_process(check)


def test_object_code_is_made_again_when_numba_hides_it(tmp_path: Path) -> None:
    check = f"""
from pathlib import Path
from gradwire_backends.numba import compiler, grammar
from gradwire_backends.numba.artifact import Artifact
compiler.prepare()
function = compiler._compiled(*grammar.entries(grammar.check({DOUBLING!r})))

class Hiding:
    native_name, inspect_llvm = function.native_name, function.inspect_llvm

Path({str(tmp_path / "made")!r}).write_bytes(
    Artifact((Hiding.native_name,), (compiler.object_code(Hiding),)).to_bytes()
)
"""
    in_a_process(check)
    assert doubled(Artifact.from_bytes((tmp_path / "made").read_bytes())) == [0, 2, 4, 6, 8]


def test_a_child_ends_when_its_input_does_even_in_the_middle_of_a_source() -> None:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    source = ENDLESS.encode()
    process.stdin.write(LENGTH.pack(len(source)) + source)
    process.stdin.flush()
    time.sleep(2)
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(20) == 0


def test_a_child_that_is_killed_is_replaced() -> None:
    own = Workers(1)
    try:
        assert doubled(compiled(DOUBLING, own)[0])
        (first,) = own.processes
        os.kill(first, signal.SIGKILL)
        assert doubled(compiled(DOUBLING, own)[0])
        assert own.processes != [first]
    finally:
        own.close()


def test_a_source_on_which_compilers_die_is_given_up_but_may_be_tried_later() -> None:
    dying = Workers(1, (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    try:
        artifact, final = compiled(DOUBLING, dying)
        assert "died" in artifact.failure
        assert not final
    finally:
        dying.close()


def test_a_compiler_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SECONDS", 0.5)
    sleeping = Workers(1, (sys.executable, "-c", "import time; time.sleep(100)"))
    try:
        artifact, final = compiled(DOUBLING, sleeping)
        assert "took more than" in artifact.failure
        assert final
        assert sleeping.processes == []
    finally:
        sleeping.close()


def test_processor_time_and_memory_of_a_child_are_bounded() -> None:
    own = Workers(1)
    try:
        compiled(DOUBLING, own)
        (child,) = own.processes
        time_limit, _ = resource.prlimit(child, resource.RLIMIT_CPU)
        memory_limit, _ = resource.prlimit(child, resource.RLIMIT_AS)
        assert 0 < time_limit < 100
        assert 2**31 <= memory_limit < 2**34
        assert os.getpriority(os.PRIO_PROCESS, child) > os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        own.close()


def test_children_are_ended_when_nothing_is_left_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.1)
    own = Workers(2)
    compiled(DOUBLING, own)
    end = time.monotonic() + 10
    while own.processes and time.monotonic() < end:
        time.sleep(0.05)
    assert own.processes == []


def test_code_that_calls_what_is_not_there_is_refused_before_llvm_ends_the_process() -> None:
    artifact, _ = compiled(DOUBLING.replace("v0 + v0", "sin(v0)"))
    (code,) = artifact.objects
    (name,) = (name for name in undefined_symbols(code) if name == "sin")
    unknown = code.replace(f"\0{name}\0".encode(), b"\0sun\0")
    with pytest.raises(LoadError, match="sun"):
        Code(Artifact(artifact.entries, (unknown,)))


def test_code_is_freed_with_the_last_who_holds_it() -> None:
    artifact, _ = compiled(DOUBLING)
    for _ in range(50):
        Code(artifact)
    before = resident_kib()
    for _ in range(1000):
        Code(artifact)
    assert resident_kib() - before < 2048


def resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def test_an_artifact_survives_its_bytes_and_nothing_else_does() -> None:
    artifact = Artifact(("one", "two"), (b"first", b""), "")
    data = artifact.to_bytes()
    assert Artifact.from_bytes(data) == artifact
    assert Artifact.from_bytes(Artifact(failure="why").to_bytes()).failure == "why"
    for damaged in (b"", data[:3], data[:-1], data + b"x", b"\xff" * 40):
        with pytest.raises(ValueError, match="not an artifact"):
            Artifact.from_bytes(damaged)

"""What may become of compilers and of what they made: the answer is right, at worst it comes from NumPy."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.cache import MAGIC, Cache
from gradwire_backends.numba.loader import Code, LoadError
from gradwire_backends.numba.program import LoopStage, kernel_program
from gradwire_service.backend import RunInfo, Tier
from gradwire_service.control.scan import scan
from gradwire_service.errors import CancelledError
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, variable
from gradwire_service.ops.body import Body
from gradwire_service.ops.functions import cos, sin, tanh
from gradwire_service.transform import simplify
from tests.backends.numba.graphs import SECONDS, chain, compiled, run_compiled

POINT = {"x": np.linspace(-1, 1, 3)}


def sine(number: int) -> FlatGraph:
    """Return one of two graphs whose kernels take the same arrays and return something else."""
    x = variable("x", (3,))
    return FlatGraph.of({"y": (sin, cos)[number](x)})


def test_a_file_of_another_kernel_under_this_name_is_compiled_again(folder: Path) -> None:
    first = NumbaBackend(folder)
    for number in (0, 1):
        compiled(first, sine(number))
    first.close()
    one, other = (Cache(folder)._path(kernel_program(sine(number)).key) for number in (0, 1))
    shutil.copy(other, one)
    second = NumbaBackend(folder)
    executable = compiled(second, sine(0))
    assert second.report()["from_cache"] == 0
    np.testing.assert_allclose(run_compiled(executable, POINT)["y"], np.sin(POINT["x"]), rtol=1e-15)
    second.close()


@pytest.mark.parametrize("region", ["magic", "checksum", "length", "head", "object", "last byte", "end", "all"])
def test_damage_anywhere_in_a_file_is_seen(region: str, folder: Path) -> None:
    kept, artifact = Cache(folder), Artifact(("entry",), (b"object code" * 100,))
    kept.write("key", artifact)
    (path,) = folder.iterdir()
    good, body = path.read_bytes(), len(MAGIC) + 32
    places = {"magic": 0, "checksum": len(MAGIC), "length": body, "head": body + 8, "object": -500, "last byte": -1}
    if region in places:
        data = bytearray(good)
        data[places[region]] ^= 0x80
        path.write_bytes(data)
    else:
        path.write_bytes(good[:-100] if region == "end" else b"")
    assert kept.read("key") is None
    kept.write("key", artifact)
    assert kept.read("key") == artifact


@pytest.mark.parametrize("slip", ["symbol", "entry", "object"])
def test_objects_that_can_not_be_run_are_compiled_again(slip: str, folder: Path) -> None:
    x, w = variable("x", (40, 50)), variable("w", (50,))
    graph = FlatGraph.of({"y": x @ w})
    first, key = NumbaBackend(folder), kernel_program(graph).key
    compiled(first, graph)
    first.close()
    kept = Cache(folder)
    good = kept.read(key)
    assert good is not None
    assert any(b"gw_dgemv" in code for code in good.objects)
    calls_what_is_not_there = tuple(code.replace(b"gw_dgemv", b"gw_other") for code in good.objects)
    damaged = {
        "symbol": Artifact(good.entries, calls_what_is_not_there),
        "entry": Artifact(("other",), good.objects),
        "object": Artifact(good.entries, (b"\x7fELF and no more",)),
    }
    kept.write(key, damaged[slip])
    second, point = NumbaBackend(folder), {"x": np.ones((40, 50)), "w": np.arange(50.0)}
    executable = second.prepare(graph)
    assert executable(point)["y"].tolist() == [1225.0] * 40
    assert second.wait(executable, SECONDS)
    assert run_compiled(executable, point)["y"].tolist() == [1225.0] * 40
    assert second.report()["from_cache"] == 0
    assert kept.read(key) == good
    second.close()


def test_object_code_that_is_not_whole_is_refused(folder: Path) -> None:
    own = NumbaBackend(folder)
    compiled(own, sine(0))
    own.close()
    good = Cache(folder).read(kernel_program(sine(0)).key)
    assert good is not None
    code, far = good.objects[0], (1 << 40).to_bytes(8, "little")
    start = int.from_bytes(code[40:48], "little")  # of the headers of its sections
    first = start + 64  # the one after that of no section
    damaged = {
        "no ELF file": [b"", b"\x7fELF and no more", b"no object code" * 100, code[:63]],
        "lacks the list of its sections": [code[:start], code[:-1], code[:40] + far + code[48:]],
        "reaches beyond its end": [code[: first + 24] + far + code[first + 32 :]],
        "has no end": [code[:first] + far[2:6] + code[first + 4 :]],
    }
    for message, several in damaged.items():
        for other in several:
            with pytest.raises(LoadError, match=message):
                Code(Artifact(good.entries, (other,)))


def test_where_nothing_can_be_kept_kernels_are_compiled_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    own = NumbaBackend(tmp_path / "file" / "kernels")  # not even root can make a folder in a file
    run_compiled(compiled(own, sine(1)), POINT)
    own.close()


def test_calls_are_right_while_kernels_take_over(folder: Path) -> None:
    own = NumbaBackend(folder)
    graph = chain(5)
    executable = own.prepare(graph)

    found: dict[Tier, set[bytes]] = {}

    def calls(_: int) -> list[tuple[Tier, bytes]]:
        answers = []
        for _ in range(100_000):
            info = RunInfo()
            bits = executable(POINT, info=info)["y"].tobytes()
            answers.append((info.tier, bits))
            if info.tier is Tier.COMPILED and len(answers) >= 100:
                break
        return answers

    with ThreadPoolExecutor(4) as threads:
        for answers in threads.map(calls, range(4)):
            for tier, bits in answers:
                found.setdefault(tier, set()).add(bits)
    assert found[Tier.INTERPRETED] == {interpret(graph)(POINT)["y"].tobytes()}
    assert own.wait(executable, SECONDS)
    y = run_compiled(executable, POINT)["y"]
    assert found.get(Tier.COMPILED, {y.tobytes()}) == {y.tobytes()}
    np.testing.assert_allclose(y, interpret(graph)(POINT)["y"], rtol=1e-13)
    own.close()


def test_a_cancel_stops_a_long_kernel_between_its_slices(backend: NumbaBackend) -> None:
    carry, outer = variable("carry", (200, 200)), variable("outer", (200, 200))
    body = Body((carry, outer), (tanh(carry @ outer),))
    x = variable("x", (200, 200))
    (y,) = scan(body, [x], [], [x], 20)
    graph = simplify(FlatGraph.of({"y": y}))
    (stage,) = (stage for stage in kernel_program(graph).stages if isinstance(stage, LoopStage))
    assert stage.slice < stage.trips
    executable, point, looks = compiled(backend, graph), {"x": np.eye(200)}, 0

    def interrupt() -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        executable(point, interrupt)
    assert looks == 4
    np.testing.assert_allclose(run_compiled(executable, point)["y"], interpret(graph)(point)["y"], rtol=1e-12)

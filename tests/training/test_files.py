"""Files that are whole or not there: what is written comes back, and what was changed is noticed."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from gradwire_service.backend import Tier
from gradwire_service.errors import CheckpointDamagedError, StorageFailedError, StorageFullError
from gradwire_service.optimizers import OptimizerState
from gradwire_service.training import Point, Progress, Result, Snapshot, StopReason
from gradwire_service.training.checkpoint import pack, unpack
from gradwire_service.training.files import HEAD, Files, Stored

POINTS = ["before write", "before sync", "before rename", "before folder sync", "after folder sync"]


def test_what_is_written_is_read_and_only_its_owner_may_look(tmp_path: Path) -> None:
    files = Files(tmp_path / "files")
    stored = files.write([b"one", memoryview(b"two")])
    assert bytes(files.read(stored)) == b"onetwo"
    assert stored.size == HEAD.size + 6 == (tmp_path / "files" / stored.name).stat().st_size
    assert stat.S_IMODE((tmp_path / "files").stat().st_mode) == 0o700
    assert len(stored.name) == 32
    assert files.write([b"onetwo"]).name != stored.name


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, StorageFullError), (errno.EIO, StorageFailedError)], ids=["full", "broken"]
)
def test_a_write_that_fails_leaves_nothing_and_tells_no_path(
    tmp_path: Path, point: str, number: int, error: type[Exception]
) -> None:
    def passing(reached: str) -> None:
        if reached == point:
            raise OSError(number, os.strerror(number), str(tmp_path))

    files = Files(tmp_path / "files", passing)
    with pytest.raises(error) as caught:
        files.write([b"payload"])
    assert list((tmp_path / "files").iterdir()) == []
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("place", [0, 8, 12, 20, HEAD.size - 1, HEAD.size, HEAD.size + 500, -1])
def test_any_byte_that_was_changed_is_noticed(tmp_path: Path, place: int) -> None:
    files = Files(tmp_path)
    stored = files.write([bytes(range(256)) * 4])
    path = tmp_path / stored.name
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointDamagedError, match="is damaged"):
        files.read(stored)


@pytest.mark.parametrize("length", [0, 5, HEAD.size, HEAD.size + 10])
def test_a_file_that_was_cut_off_or_is_gone_or_is_another_is_noticed(tmp_path: Path, length: int) -> None:
    files = Files(tmp_path)
    stored, other = files.write([b"x" * 100]), files.write([b"y" * 100])
    path = tmp_path / stored.name
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointDamagedError, match="cut off"):
        files.read(stored)
    (tmp_path / other.name).rename(path)
    with pytest.raises(CheckpointDamagedError, match="changed"):
        files.read(stored)
    path.unlink()
    with pytest.raises(CheckpointDamagedError, match="gone"):
        files.read(stored)


def test_what_an_end_without_notice_left_is_swept_away(tmp_path: Path) -> None:
    files = Files(tmp_path)
    kept, forgotten = files.write([b"kept"]), files.write([b"forgotten"])
    (tmp_path / "0123.part").write_bytes(b"half")
    files.sweep([kept.name])
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]
    files.remove([forgotten.name])  # is gone already


ARRAYS = {
    "a": np.array([0.1, np.nan, -0.0, np.inf]),
    "b": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "c": np.array(2**62 + 1),
    "d": np.zeros((0, 3), np.int32),
    "e": np.array([[True], [False]]),
}


def test_snapshots_results_and_reports_come_back_bit_by_bit() -> None:
    state = OptimizerState("adam", 7, {f"m/{name}": x for name, x in ARRAYS.items()})
    report = Progress(number=3, loss=0.1 + 0.2, gradient_norm=float("inf"), parameters=ARRAYS)
    snapshot = Snapshot({"current": Point(ARRAYS, state, 9)}, {"position": 9, "seconds": 1 / 3, "last": None})
    result = Result(ARRAYS, state, float("nan"), 9, StopReason.STEPS, "ä", report, Tier.COMPILED)
    for thing in (snapshot, result, report):
        written = b"".join(pack(thing))
        again = unpack(written, type(thing))
        assert b"".join(pack(again)) == written
        assert repr(again) == repr(thing)
    again = unpack(b"".join(pack(snapshot)), Snapshot)
    for name, array in again.current.parameters.items():
        assert (array.tobytes(), array.dtype, array.shape) == (
            ARRAYS[name].tobytes(),
            ARRAYS[name].dtype,
            ARRAYS[name].shape,
        )
        assert array.flags.c_contiguous
        assert array.flags.aligned
        assert array.flags.writeable


def test_only_what_is_in_the_table_of_classes_is_made() -> None:
    written = b"".join(pack(Progress())).replace(b'"Progress"', b'"Progres_"')
    with pytest.raises(KeyError, match="Progres_"):
        unpack(written, object)
    with pytest.raises(AssertionError, match="Stored is not packable"):
        pack(Stored("name", "digest", 1))

"""Files that are there whole or not at all, whatever stops the machine; and that tell when they were changed.

A file is written under another name, synced, renamed, and its folder synced, before anybody is told its name. It is its
magic, the version of its form, the length of what follows the head, the SHA-256 of that, and that: the payload.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import struct
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gradwire_service.errors import CheckpointDamagedError, StorageFailedError, StorageFullError

MAGIC = b"gradwire"
VERSION = 1
HEAD = struct.Struct("<8sIQ32s")  # magic, version, length of the payload, SHA-256 of the payload

Passing = Callable[[str], None]
"""Called at each point of a write at which the machine may stop."""


def pass_on(point: str) -> None:
    """Do nothing at a point of a write."""


@dataclass(frozen=True)
class Stored:
    """A file that was written.

    Attributes:
        name: its name in the folder, which tells nothing.
        digest: SHA-256 of its payload, in hexadecimal digits.
        size: length of the whole file, in bytes.
    """

    name: str
    digest: str
    size: int


class Files:
    """The files of a folder that nobody else may enter."""

    def __init__(self, folder: Path, passing: Passing = pass_on) -> None:
        """Take a folder, or make it.

        Args:
            folder: the folder.
            passing: called at each point at which a write may be cut off.

        Raises: StorageFailedError.
        """
        self.folder = folder
        self._passing = passing
        with told():
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)

    def write(self, payload: Sequence[bytes | memoryview]) -> Stored:
        """Write a file; when this returns, it is there and stays.

        Args:
            payload: what it holds, in pieces.

        Raises: StorageFullError, StorageFailedError; there is then no file.
        """
        digest = hashlib.sha256()
        for piece in payload:
            digest.update(piece)
        size = sum(len(piece) for piece in payload)
        name = secrets.token_hex(16)
        path, unfinished = self.folder / name, self.folder / f"{name}.part"
        try:
            with told():
                self._passing("before write")
                with unfinished.open("xb") as file:
                    file.write(HEAD.pack(MAGIC, VERSION, size, digest.digest()))
                    file.writelines(payload)
                    file.flush()
                    self._passing("before sync")
                    os.fsync(file.fileno())
                self._passing("before rename")
                unfinished.rename(path)
                self._passing("before folder sync")
                self._sync_folder()
                self._passing("after folder sync")
        except BaseException:
            unfinished.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise
        return Stored(name, digest.hexdigest(), HEAD.size + size)

    def read(self, stored: Stored) -> memoryview:
        """Return the payload of a file.

        Raises: CheckpointDamagedError when it is not what was written; StorageFailedError when it can't be read.
        """
        with told():
            try:
                data = (self.folder / stored.name).read_bytes()
            except FileNotFoundError:
                raise _damaged("a file is gone") from None
        if len(data) < HEAD.size:
            raise _damaged("a file was cut off")
        magic, version, length, digest = HEAD.unpack_from(data)
        payload = memoryview(data)[HEAD.size :]
        if magic != MAGIC or len(payload) != length:
            raise _damaged("a file was cut off, or is none of ours")
        if version != VERSION:
            raise _damaged(f"a file has form {version}, which this server does not read")
        if hashlib.sha256(payload).digest() != digest or digest.hex() != stored.digest:
            raise _damaged("the bytes of a file were changed")
        return payload

    def remove(self, names: Collection[str]) -> None:
        """Remove files that nothing names any more; one that can't be removed goes with the next `sweep`."""
        for name in names:
            try:
                (self.folder / name).unlink(missing_ok=True)
            except OSError:
                continue

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove what an end without notice left behind.

        Args:
            wanted: names of the files that are to stay.
        """
        with told():
            found = {path.name for path in self.folder.iterdir()}
        self.remove(found - set(wanted))

    def _sync_folder(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def told() -> Iterator[None]:
    """Turn what the operating system raises into our errors, which name no path."""
    try:
        yield
    except OSError as error:
        raise storage_error(error) from error


def storage_error(error: OSError) -> StorageFullError | StorageFailedError:
    """Return what clients are told of an error of the disk."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return full()
    return StorageFailedError(f"the disk with the training jobs can't be used: {error.strerror}; try again later")


def full() -> StorageFullError:
    """Return the error of a disk without room."""
    return StorageFullError("the disk with the training jobs is full; delete jobs that have ended, or make room on it")


def _damaged(what: str) -> CheckpointDamagedError:
    return CheckpointDamagedError(f"what is stored of the training job is damaged: {what}")

"""Artifacts on disk, so that a server that starts again compiles nothing twice.

Plain bytes behind a checksum, of the file's name too, written whole and renamed: a file is what was written under that
name, or it is as if it were not there.
The folder belongs to this user alone, since what lies in it is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import stat
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from llvmlite import binding

from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.checks import indices_are_checked

MAGIC = b"gradwire kernel 2\n"

BYTES = 256 * 2**20
"""Size of all files together, at most; those not used for longest go first."""

FAILURE_SECONDS = 24 * 3600.0
"""How long a failure is remembered: the machine may have been short of something."""

PRUNE_EVERY = 64
"""Files written between two looks at the size of them all."""


class Cache:
    """A folder of artifacts, by the key of their kernels.

    Args:
        folder: where; by default ``$GRADWIRE_CACHE_DIR/kernels``, else ``gradwire/kernels`` among the user's caches.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self._written = 0

    def read(self, key: str) -> Artifact | None:
        """Return an artifact; None when there is none, or when what is there is damaged or too old a failure."""
        path = self._path(key)
        try:
            if not self._is_ours():
                return None
            data = path.read_bytes()
            head = len(MAGIC) + hashlib.sha256().digest_size
            body = data[head:]
            if data[:head] != _head(path, body):
                return None
            artifact = Artifact.from_bytes(body)
            if artifact.failure and time.time() - path.stat().st_mtime > FAILURE_SECONDS:
                return None
            if not artifact.failure:
                os.utime(path)  # used now
        except (OSError, ValueError):
            return None
        return artifact

    def write(self, key: str, artifact: Artifact) -> None:
        """Keep an artifact; where there is no room, or no right to write, nothing happens."""
        body = artifact.to_bytes()
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours():
                return
            descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_head(self._path(key), body) + body)
                Path(name).replace(self._path(key))
            except BaseException:
                Path(name).unlink()
                raise
            self._written += 1
            if self._written % PRUNE_EVERY == 1:
                self._prune()

    def _prune(self) -> None:
        files = sorted((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self.folder))
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= BYTES:
                break
            with contextlib.suppress(OSError):
                Path(path).unlink()
            total -= size

    def _is_ours(self) -> bool:
        found = self.folder.stat()
        return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)

    def _path(self, key: str) -> Path:
        return self.folder / hashlib.sha256(f"{key} {host()}".encode()).hexdigest()


def _head(path: Path, body: bytes) -> bytes:
    """Return what stands before an artifact in its file: what that is, and a checksum of name and content."""
    return MAGIC + hashlib.sha256(path.name.encode() + body).digest()


def default_folder() -> Path:
    """Return where artifacts are kept unless something else is asked for."""
    if chosen := os.environ.get("GRADWIRE_CACHE_DIR"):
        return Path(chosen) / "kernels"
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "gradwire" / "kernels"


@cache
def host() -> str:
    """Return what object code depends on beside its source: compilers, interpreter, processor, our words and checks."""
    words = hashlib.sha256()
    here = Path(__file__).parent
    modules = "blas checks compiler emitter extents intrinsics lapack sequences special symbols table words".split()
    for source in [
        *(here / f"{module}.py" for module in modules),
        *sorted((here / "mathematics").glob("*.py")),
    ]:
        words.update(source.read_bytes())
    versions = [importlib.metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    features = binding.get_host_cpu_features().flatten()
    library = os.confstr("CS_GNU_LIBC_VERSION") if sys.platform == "linux" else sys.platform
    processor = (binding.get_host_cpu_name(), features)
    parts = (*versions, sys.implementation.cache_tag, library, *processor, words.hexdigest(), indices_are_checked())
    return " ".join(map(str, parts))

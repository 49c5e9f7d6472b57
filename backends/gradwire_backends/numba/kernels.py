"""Kernels by identity: each is compiled once, whoever asks, and freed when nobody holds it any more."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.cache import Cache
from gradwire_backends.numba.loader import Code
from gradwire_backends.numba.workers import Workers

FAILURES = 1024
"""Failed kernels that are remembered."""


class Kernel:
    """The code of a structure, now or later.

    Attributes:
        key: its identity.
        code: its functions; None while there are none, or when there can't be any.
        failure: why there can't be.
        settled: set when code is there, or can't be.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.code: Code | None = None
        self.failure = ""
        self.settled = threading.Event()


NO_KERNEL = Kernel("")
"""Stands where a graph has no kernel, or none that is known yet."""
NO_KERNEL.settled.set()


class Kernels:
    """All kernels of a backend.

    Args:
        cache: where artifacts are kept.
        workers: who compiles.
    """

    def __init__(self, cache: Cache, workers: Workers) -> None:
        self._cache, self._workers = cache, workers
        self._lock = threading.Lock()
        self._known: weakref.WeakValueDictionary[str, Kernel] = weakref.WeakValueDictionary()
        self._failures: OrderedDict[str, str] = OrderedDict()
        self._compiled = 0
        self._cached = 0

    def get(self, key: str, source: str) -> Kernel:
        """Return the kernel of that identity: at hand, from the cache, or in the making."""
        with self._lock:
            kernel = self._known.get(key)
            if kernel is not None:
                return kernel
            self._known[key] = kernel = Kernel(key)
            failure = self._failures.get(key)
        if failure is not None:
            self._fail(kernel, failure)
            return kernel
        artifact = self._cache.read(key)
        if artifact is not None and artifact.failure:
            self._fail(kernel, artifact.failure)
        elif artifact is not None and self._load(kernel, artifact):
            self._cached += 1
        else:
            self._workers.submit(source, lambda made, final: self._made(kernel, made, final))
        return kernel

    def give_up(self, what: str, failure: str) -> None:
        """Note that something has no kernel, and why."""
        with self._lock:
            self._failures[what] = failure
            while len(self._failures) > FAILURES:
                self._failures.popitem(last=False)

    def close(self) -> None:
        """Free all code; calls that run still end."""
        with self._lock:
            for kernel in self._known.values():
                kernel.code = None
                kernel.failure = kernel.failure or "closed"
                kernel.settled.set()

    def report(self) -> Mapping[str, Any]:
        """Tell how many kernels are in which state, and why some failed."""
        with self._lock:
            kernels = list(self._known.values())
            failures = dict(self._failures)
        return {
            "loaded": sum(kernel.code is not None for kernel in kernels),
            "compiling": sum(not kernel.settled.is_set() for kernel in kernels),
            "compiled": self._compiled,
            "from_cache": self._cached,
            "failed": failures,
        }

    def _made(self, kernel: Kernel, artifact: Artifact, final: bool) -> None:
        """Take what the compiler made; when it is final, it would be the same again."""
        if final:
            self._cache.write(kernel.key, artifact)
        if artifact.failure:
            self._fail(kernel, artifact.failure)
        elif self._load(kernel, artifact):
            self._compiled += 1
        else:
            self._fail(kernel, kernel.failure)

    def _load(self, kernel: Kernel, artifact: Artifact) -> bool:
        try:
            kernel.code = Code(artifact)
        except Exception as error:  # from LLVM, from SciPy's BLAS: whatever it is, NumPy goes on answering
            kernel.failure = str(error)
            return False
        kernel.failure = ""
        kernel.settled.set()
        return True

    def _fail(self, kernel: Kernel, failure: str) -> None:
        self.give_up(kernel.key, failure)
        kernel.failure = failure
        kernel.settled.set()

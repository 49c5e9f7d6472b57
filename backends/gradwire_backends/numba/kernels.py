"""Kernels by identity: each is compiled once, whoever asks, and freed when nobody holds it any more."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.cache import Cache
from gradwire_backends.numba.loader import Code, LoadError
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
"""Stands where a kernel is not known yet."""


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
        if artifact is None:
            self._workers.submit(source, lambda made, final: self._made(kernel, made, final))
        else:
            self._cached += 1
            self._settle(kernel, artifact)
        return kernel

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
        if not artifact.failure:
            self._compiled += 1
        if final:
            self._cache.write(kernel.key, artifact)
        self._settle(kernel, artifact)

    def _settle(self, kernel: Kernel, artifact: Artifact) -> None:
        if artifact.failure:
            self._fail(kernel, artifact.failure)
            return
        try:
            kernel.code = Code(artifact)
        except LoadError as error:
            self._fail(kernel, str(error))
        else:
            kernel.settled.set()

    def _fail(self, kernel: Kernel, failure: str) -> None:
        with self._lock:
            self._failures[kernel.key] = failure
            while len(self._failures) > FAILURES:
                self._failures.popitem(last=False)
        kernel.failure = failure
        kernel.settled.set()

"""Object code into this process, and out of it again.

Each kernel gets an LLVM engine of its own, which is closed when the kernel is dropped: nothing stays. numba is not
needed for this, and not loaded.
"""

from __future__ import annotations

import ctypes
import struct
import sys
import weakref
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from llvmlite import binding

from gradwire_backends.numba import special, symbols, table
from gradwire_backends.numba.artifact import Artifact

Entry = Callable[[int], int]
"""A kernel's function: takes the address of a table, returns a status, and frees the GIL while it runs."""

_ENTRY = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p)
_SYMBOL = struct.Struct("<IBBHQQ")  # of a 64-bit ELF file: name, info, other, section, value, size


class LoadError(Exception):
    """Object code that this process can't run."""


class Code:
    """Loaded object code.

    Attributes:
        entries: its functions, in the order in which they are called.
    """

    def __init__(self, artifact: Artifact) -> None:
        """Load object code.

        Raises: LoadError when it calls something that this process does not have, or lacks one of its functions.
        """
        target = _target()
        for code in artifact.objects:
            for symbol in undefined_symbols(code):
                # LLVM ends the process when it can't resolve a name: ask before.
                if not binding.address_of_symbol(symbol):
                    raise LoadError(f"the kernel calls {symbol}, which is not there")
        engine = binding.create_mcjit_compiler(binding.parse_assembly(""), target.create_target_machine())
        owner = _Owner()
        weakref.finalize(owner, engine.close).atexit = False  # at exit a thread may still be in a kernel
        for code in artifact.objects:
            engine.add_object_file(binding.ObjectFileRef.from_data(code))
        engine.finalize_object()
        addresses = [engine.get_function_address(name) for name in artifact.entries]
        if not all(addresses):
            raise LoadError("the object code lacks one of its functions")
        entries = tuple(map(_ENTRY, addresses))
        for entry in entries:
            entry.owner = owner  # type: ignore[attr-defined]  # who calls one keeps the engine open
        self.entries: tuple[Entry, ...] = entries


class _Owner:
    """Holds an engine open."""


def undefined_symbols(code: bytes) -> Iterator[str]:
    """Return the names that object code expects to find elsewhere; none where object files are not ELF."""
    if sys.platform != "linux":
        return
    sections = {section.name(): section.data() for section in binding.ObjectFileRef.from_data(code).sections()}
    names = sections.get(b".strtab", b"")
    for name, _, _, section, _, _ in _SYMBOL.iter_unpack(sections.get(b".symtab", b"")):
        if name and not section:
            yield names[name : names.index(b"\0", name)].decode()


@cache
def _target() -> Any:
    """Make LLVM ready, once: what kernels call must be known before the first is loaded."""
    table.verify()
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    symbols.load_vector_libraries()
    for name in symbols.BLAS:
        binding.add_symbol(symbols.PREFIX + name, symbols.blas_address(name))
    symbols.let_blas_be_single()
    special.make_known()
    return binding.Target.from_default_triple()

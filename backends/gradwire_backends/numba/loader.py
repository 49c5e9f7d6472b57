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

# Of 64-bit ELF files, little-endian.
_IDENTITY = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<40xQ10xHHH")  # headers of sections: where, size of one, how many, that of the names
_SECTION = struct.Struct("<II16xQQ24x")  # name, kind, where, size
_SYMBOL = struct.Struct("<IBBHQQ")  # name, info, other, section, value, size
_NOT_IN_THE_FILE = (0, 8)  # kinds of sections: none, and zeros alone


class LoadError(Exception):
    """Object code that this process can't run."""


class Code:
    """Loaded object code.

    Attributes:
        entries: its functions, in the order in which they are called.
    """

    def __init__(self, artifact: Artifact) -> None:
        """Load object code.

        Raises: LoadError when it is damaged, calls something that this process does not have, or lacks one of its
            functions.
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
    """Return the names that object code expects to find elsewhere; none where object files are not ELF.

    Raises: LoadError when it is not a whole file.
    """
    if sys.platform != "linux":
        return
    sections = _sections(code)
    names, symtab = sections.get(b".strtab", b""), sections.get(b".symtab", b"")
    if len(symtab) % _SYMBOL.size:
        raise LoadError("a symbol of the object code is not whole")
    for name, _, _, section, _, _ in _SYMBOL.iter_unpack(symtab):
        if name and not section:
            yield _text(names, name).decode()


def _sections(code: bytes) -> dict[bytes, bytes]:
    """Return the sections of an ELF file by name. LLVM ends the process when it can't read them: ask before.

    Raises: LoadError when it is no such file, or not a whole one.
    """
    if len(code) < _HEADER.size or not code.startswith(_IDENTITY):
        raise LoadError("the object code is no ELF file of 64 bits")
    start, size, number, names = _HEADER.unpack_from(code)
    end = start + size * number
    if size != _SECTION.size or names >= number or end > len(code):
        raise LoadError("the object code lacks the list of its sections")
    listed = []
    for name, kind, where, length in _SECTION.iter_unpack(code[start:end]):
        length = 0 if kind in _NOT_IN_THE_FILE else length
        if length and where + length > len(code):
            raise LoadError("a section of the object code reaches beyond its end")
        listed.append((name, code[where : where + length]))
    return {_text(listed[names][1], name): data for name, data in listed}


def _text(table: bytes, start: int) -> bytes:
    end = table.find(b"\0", start)
    if end < 0:
        raise LoadError("a name in the object code has no end")
    return table[start:end]


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

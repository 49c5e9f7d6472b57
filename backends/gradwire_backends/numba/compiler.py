"""The compiler: a process of its own that turns source into object code, and can be thrown away.

``python -m gradwire_backends.numba.compiler`` reads sources from its standard input and writes artifacts to its
standard output, each with its length before it. It is the only place that loads numba. Time and memory are bounded;
when its input ends, because its parent closed it or died, it ends at once, in the middle of whatever it does.
"""

from __future__ import annotations

import ast
import os
import queue
import resource
import struct
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from llvmlite import binding

from gradwire_backends.numba import grammar, special, symbols
from gradwire_backends.numba.artifact import Artifact
from gradwire_backends.numba.checks import indices_are_checked

LENGTH = struct.Struct("<I")
"""What stands before each source and each artifact: its number of bytes."""

MEMORY = 2 * 2**30
"""Address space that a compiler may take beyond what it starts with, in bytes."""

CPU_SECONDS = 30
"""Processor time that one source may take."""

NICENESS = 10


def main() -> None:
    """Answer sources until the input ends."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up between two artifacts
    sources: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, sources), daemon=True).start()
    os.nice(NICENESS)
    prepare()
    _limit(resource.RLIMIT_AS, _address_space() + MEMORY)
    while True:
        source = sources.get()
        _limit(resource.RLIMIT_CPU, int(_cpu_seconds()) + CPU_SECONDS)
        reply = compile_source(source.decode()).to_bytes()
        replies.write(LENGTH.pack(len(reply)) + reply)
        replies.flush()


def compile_source(source: str) -> Artifact:
    """Compile a source, or say why not."""
    try:
        tree = grammar.check(source)
        compiled = [_compiled(function) for function in grammar.entries(tree)]
        return Artifact(tuple(c.native_name for c in compiled), tuple(map(object_code, compiled)))
    except MemoryError:
        return Artifact(failure="the compiler ran out of memory")
    except Exception as error:
        return Artifact(failure=f"{type(error).__name__}: {str(error).strip()[:500]}")


def prepare() -> None:
    """Load what compiling needs: the vector library must be there before the functions that look for it."""
    symbols.load_vector_libraries()
    for name in symbols.BLAS:
        # numba loads what it compiles, but nothing is called here.
        binding.add_symbol(symbols.PREFIX + name, 1)
    special.make_known()
    vocabulary()


@cache
def vocabulary() -> dict[str, Any]:
    """Return what each word of the language stands for."""
    import numba

    from gradwire_backends.numba import blas, intrinsics, lapack, mathematics, sequences

    modules = (intrinsics, blas, lapack, sequences, *mathematics.MODULES)
    known: dict[str, Any] = {name: meaning for module in modules for name, meaning in vars(module).items()}
    known |= {name: getattr(numba, name) for name in ("float64", "float32", "int64", "int32", "boolean")}
    return {word: known[word] for word in grammar.WORDS - grammar.FORMS}


def _compiled(function: ast.FunctionDef) -> Any:
    import numba

    from gradwire_backends.numba.emitter import Emitter, entry
    from gradwire_backends.numba.extents import CheckingEmitter

    # No flag for fast mathematics: a value means the same bits in every tier. Sums alone are free in their order.
    wrapped = numba.cfunc(numba.int64(numba.int64), error_model="numpy", forceinline=True)
    return wrapped(entry(function, vocabulary(), CheckingEmitter if indices_are_checked() else Emitter))


def object_code(compiled: Any) -> bytes:
    """Return the object file of a compiled function.

    numba keeps it in a private place. Should that be gone, LLVM makes it again from the code that numba shows.
    """
    try:
        code = compiled._library._get_compiled_object()
    except (AttributeError, RuntimeError, ValueError):
        code = emitted_again(compiled.inspect_llvm())
    return bytes(code)


def emitted_again(llvm: str) -> bytes:
    """Return the object file of optimized LLVM code."""
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )
    return bytes(machine.emit_object(binding.parse_assembly(llvm)))


def _read(stream: BinaryIO, sources: queue.SimpleQueue[bytes]) -> None:
    while True:
        head = stream.read(LENGTH.size)
        if len(head) < LENGTH.size:
            os._exit(0)
        sources.put(stream.read(LENGTH.unpack(head)[0]))


def _limit(what: int, amount: int) -> None:
    _, most = resource.getrlimit(what)
    resource.setrlimit(what, (amount if most == resource.RLIM_INFINITY else min(amount, most), most))


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _address_space() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:  # not Linux
        return MEMORY


if __name__ == "__main__":
    main()

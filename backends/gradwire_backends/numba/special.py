"""SciPy's compiled special functions, which kernels call one element at a time: the very numbers of NumPy's tier.

SciPy offers them to Cython, by names that it may change and in variants for several types: each is looked for by its
signature. A function that an installed SciPy does not have this way is not called by kernels, and its ops are left to
NumPy.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from llvmlite import binding

from gradwire_backends.numba.symbols import PREFIX


class Special(NamedTuple):
    """A function.

    Attributes:
        name: what SciPy calls it.
        inputs: their number.
        kind: C's type of inputs and result.
    """

    name: str
    inputs: int
    kind: str = "double"


FUNCTIONS: Final[Mapping[str, Special]] = {
    "lgamma": Special("gammaln", 1),
    "digamma": Special("psi", 1),
    "erfinv": Special("erfinv", 1),
    "erfinvf": Special("erfinv", 1, "float"),
    "ndtri": Special("ndtri", 1),
    "i0e": Special("i0e", 1),
    "i1e": Special("i1e", 1),
    "bessel_i": Special("iv", 2),
    "ive": Special("ive", 2),
    "gammainc": Special("gammainc", 2),
    "gammaincc": Special("gammaincc", 2),
    "betainc": Special("betainc", 3),
    "betaincf": Special("betainc", 3, "float"),
}
"""By the word that source has for a function. What has no form in float32 goes through float64, in SciPy too."""


@cache
def address(word: str) -> int | None:
    """Return where a function is; None when SciPy does not have it."""
    try:
        from scipy.special import cython_special
    except ImportError:
        return None
    function = FUNCTIONS[word]
    inputs = ", ".join([function.kind] * function.inputs)
    wanted = f"{function.kind} ({inputs}, int __pyx_skip_dispatch)".encode()
    offered: Mapping[str, Any] = getattr(cython_special, "__pyx_capi__", {})
    signature = ctypes.pythonapi.PyCapsule_GetName
    signature.restype, signature.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    for name in (function.name, f"__pyx_fuse_0{function.name}", f"__pyx_fuse_1{function.name}"):
        if name in offered and signature(offered[name]) == wanted:
            return int(pointer(offered[name], wanted))
    return None


def make_known() -> None:
    """Tell LLVM where the functions are, those that there are."""
    for word in FUNCTIONS:
        found = address(word)
        if found is not None:
            binding.add_symbol(PREFIX + word, found)

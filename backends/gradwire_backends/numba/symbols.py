"""What kernels call that is not in them, and where it comes from: compiler and loader must agree on it."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from llvmlite import binding

PREFIX = "gw_"
"""Stands before the names of these functions in kernels, so that they can't meet those of another library."""

_NAMES = "gemm gemv dot syrk trsm potrf getrf syevd gesdd geqrf orgqr".split()

BLAS = tuple(letter + name for letter in "ds" for name in _NAMES)
"""Functions of BLAS and LAPACK that kernels call."""

VECTOR_LIBRARIES = ("libmvec.so.1",)
"""Libraries of vector mathematics, by platform; where there is none, the scalar functions serve."""


def load_vector_libraries() -> None:
    """Make the platform's vector mathematics known to LLVM, if it has any."""
    if sys.platform == "linux":
        for name in VECTOR_LIBRARIES:
            try:
                binding.load_library_permanently(name)
            except RuntimeError:
                continue  # an older C library, or another one


def blas_address(name: str) -> int:
    """Return the address of a function of BLAS or LAPACK with 32-bit sizes, as SciPy's compiled code calls it.

    Raises: ImportError when sizes are of another type.
    """
    from scipy.linalg import cython_blas, cython_lapack

    functions: Any = {**cython_lapack.__pyx_capi__, **cython_blas.__pyx_capi__}
    capsule = functions[name]
    signature = ctypes.pythonapi.PyCapsule_GetName
    signature.restype, signature.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    text = signature(capsule)
    if b"int *" not in text:
        raise ImportError(f"BLAS counts in another type than int here: {text!r}")
    return int(pointer(capsule, text))


def let_blas_be_single() -> None:
    """Keep SciPy's OpenBLAS, where it is that, from threads of its own: large products come to it in parts.

    Its threads would wait for each other's callers, keep cores busy while there is nothing to do, and make the bits of
    a result depend on their number.
    """
    from scipy.linalg import cython_blas

    set_threads = getattr(ctypes.CDLL(cython_blas.__file__), "scipy_openblas_set_num_threads", None)
    if set_threads is not None:
        set_threads(1)

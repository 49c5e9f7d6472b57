"""C that was compiled for speed, and the process that loads it."""

from __future__ import annotations

import shutil
import subprocess
import sys

from benchmarks import native
from benchmarks.contender import AbsentError

LOAD = """
import ctypes, sys
import numpy as np
ctypes.CDLL(sys.argv[1])
print(np.log2(float("5e-324")))
"""


def test_a_library_in_c_leaves_the_arithmetic_of_the_process_as_it_is() -> None:
    try:
        library = native.shared_library(native.SOURCES / "rosenbrock.c")
    except AbsentError:
        assert not shutil.which("gcc")
        return
    found = subprocess.run([sys.executable, "-c", LOAD, library], check=True, capture_output=True, text=True)
    assert found.stdout == "-1074.0\n"

"""The array namespace that `Op.evaluate` is written against, over NumPy and SciPy's special functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special


class NumpyNamespace:
    """NumPy's functions by their array-API names, and the special functions that NumPy lacks."""

    erf = staticmethod(special.erf)
    sigmoid = staticmethod(special.expit)

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        setattr(self, name, found)  # looked up once
        return found


NUMPY = NumpyNamespace()

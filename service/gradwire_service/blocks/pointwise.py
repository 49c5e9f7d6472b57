"""Functions of one number with exceptions: where it is NaN or infinite, zero or negative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import equal, isnan, where, xlogy


@final
@dataclass(frozen=True)
class NanToNum(Composite, Elementwise, name="nan_to_num"):
    """Finite numbers instead of NaN and infinities, which count as constants.

    Attributes:
        nan: what stands for NaN.
        posinf: what stands for inf; left out, the greatest finite number of the element type.
        neginf: what stands for -inf; left out, the least.

    Shapes: x is [...], y is [...].
    Units: those of x.
    Kinks: the derivative is 1 where x is finite, 0 elsewhere.
    Source: NumPy, `nan_to_num`.
    """

    nan: float = 0.0
    posinf: float | None = None
    neginf: float | None = None

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        greatest = float(np.finfo(x.element_type.dtype).max)
        high = greatest if self.posinf is None else self.posinf
        low = -greatest if self.neginf is None else self.neginf
        bounded = where(x > greatest, high, where(x < -greatest, low, x))
        return where(isnan(x), self.nan, bounded)


@final
@dataclass(frozen=True)
class Heaviside(Composite, Elementwise, name="heaviside"):
    """Unit step, y = 0 where x < 0, 1 where x > 0, h at x = 0; NaN where x is NaN.

    Shapes: x and h broadcast, y has their shape.
    Units: those of h; x dimensionless.
    Kinks: the derivative by x is 0 everywhere, at x = 0 too; that by h is 1 at x = 0.
    Source: NumPy, `heaviside`.
    """

    def expand(self, x: Value, h: Value) -> Value:
        self.check_domain(x.element_type)
        step = where(x > 0, 1, where(equal(x, 0), h, 0))
        return where(isnan(x), np.nan, step)


@final
@dataclass(frozen=True)
class Entr(Composite, Elementwise, name="entr"):
    """Elementwise entropy, y = -x log x, 0 at x = 0, and -inf where x < 0.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y in nats.
    Kinks: at x = 0 the derivative is 0, as that of `xlogy`, though its limit is inf: a class without probability does
        not spoil the gradient of an entropy; where x < 0 it is 0.
    Source: SciPy, `entr`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return where(x < 0, -np.inf, -xlogy(x, x))

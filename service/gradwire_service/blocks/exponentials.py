"""Powers to the base 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradwire_service.ops.base import Composite, Elementwise, Value
from gradwire_service.ops.functions import power


@final
@dataclass(frozen=True)
class Exp2(Composite, Elementwise, name="exp2"):
    """Power of two, y = 2ˣ; exact where x is a whole number.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Source: NumPy, `exp2`.
    """

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        return power(2.0, x)

"""Quantiles: inverses of distribution functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import exp, square


@final
@dataclass(frozen=True)
class Ndtri(Elementwise, name="ndtri"):
    """Quantile of the normal distribution, y = Φ⁻¹(p), exact for small p too.

    It is no composite of `erfinv`, whose argument 2p - 1 has lost a small p.

    Shapes: p is [...], y is [...].
    Units: p dimensionless in [0, 1], y dimensionless.
    Kinks: at p = 0, y is -inf, at p = 1 it is inf, and the derivative is inf, the one-sided limit; elsewhere outside,
        y is NaN.
    Source: NIST Digital Library of Mathematical Functions, section 7.17; SciPy, `ndtri`.
    """

    singular: ClassVar[bool] = True
    analytic: ClassVar[bool] = False
    latex: ClassVar[str] = r"\Phi^{{-1}}\left({0}\right)"
    work: ClassVar[float] = 30

    def evaluate(self, xp: Namespace, p: Array) -> Array:
        return xp.ndtri(p)

    def partials(self, y: Value, p: Value) -> tuple[Partial]:
        return (math.sqrt(2 * math.pi) * exp(square(y) / 2),)

"""Modified Bessel functions of the first kind, which are not scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError
from gradwire_service.graph import Array
from gradwire_service.ops.base import Elementwise, Namespace, Partial, Value
from gradwire_service.ops.functions import bessel_i


@final
@dataclass(frozen=True)
class BesselI(Elementwise, name="bessel_i"):
    """Modified Bessel function of the first kind, y = Iₙ(x).

    Its derivative is that of its neighbours, (Iₙ₋₁(x) + Iₙ₊₁(x))/2. That of eˣ times a scaled function would be as
    good, were it not for the bend of |x| at 0, which shows in the second.

    Attributes:
        n: the order, 0 or more.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: none; beyond |x| = 713 (float32: 91) y overflows.
    Raises: AttributeValueError when the order is negative.
    Source: NIST Digital Library of Mathematical Functions, sections 10.25 and 10.29; SciPy, `iv`.
    """

    latex: ClassVar[str] = r"I_n\left({0}\right)"
    work: ClassVar[float] = 200

    n: int

    def __post_init__(self) -> None:
        if self.n < 0:
            raise AttributeValueError(f"bessel_i of order {self.n}; it is 0 or more")

    def evaluate(self, xp: Namespace, x: Array) -> Array:
        return xp.iv(self.n, x)

    def partials(self, y: Value, x: Value) -> tuple[Partial]:
        if self.n == 0:
            return (bessel_i(x, n=1),)
        return ((bessel_i(x, n=self.n - 1) + bessel_i(x, n=self.n + 1)) / 2,)

"""Softmax and its logarithm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.ops.base import Composite, Domain, Value
from gradwire_service.ops.functions import exp, logsumexp, stop_gradient
from gradwire_service.ops.functions import max as max_
from gradwire_service.ops.functions import sum as sum_


@final
@dataclass(frozen=True)
class Softmax(Composite, name="softmax"):
    """Softmax, y[i] = exp x[i] / Σ exp x[j] along an axis, without overflow: the greatest element is taken off first.

    Shapes: x is [...], y is [...].
    Units: x dimensionless, y dimensionless in [0, 1].
    Kinks: where all elements are -inf, or one is +inf, y is NaN.
    Raises: ShapeError when there is no such axis, or nothing along it.
    Source: Blanchard, Higham & Higham (2021), "Accurately computing the log-sum-exp and softmax functions".
    """

    domain: ClassVar[Domain] = "floating"

    axis: int = -1

    def expand(self, x: Value) -> Value:
        self.check_domain(x.element_type)
        greatest = max_(stop_gradient(x), axis=(self.axis,), keepdims=True)
        powers = exp(x - greatest)
        return powers / sum_(powers, axis=(self.axis,), keepdims=True)


@final
@dataclass(frozen=True)
class LogSoftmax(Composite, name="log_softmax"):
    """Logarithm of softmax, y[i] = x[i] - log Σ exp x[j] along an axis, without overflow.

    Shapes: x is [...], y is [...].
    Units: x and y dimensionless.
    Kinks: where all elements are -inf, or one is +inf, y is NaN.
    Raises: ShapeError when there is no such axis.
    Source: Blanchard, Higham & Higham (2021), "Accurately computing the log-sum-exp and softmax functions".
    """

    domain: ClassVar[Domain] = "floating"

    axis: int = -1

    def expand(self, x: Value) -> Value:
        return x - logsumexp(x, axis=(self.axis,), keepdims=True)

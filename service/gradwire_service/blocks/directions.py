"""Directions of descent, from what earlier steps have told of the curvature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import ShapeError
from gradwire_service.ops.base import Composite, Domain, Value, constant
from gradwire_service.ops.functions import matmul, where
from gradwire_service.ops.functions import slice as slice_


@final
@dataclass(frozen=True)
class LbfgsDirection(Composite, name="lbfgs_direction"):
    """Direction of L-BFGS, d = -H g, where H is the inverse Hessian that the last m steps tell of, by two loops.

    The rows of `steps` and `changes` are what parameters and gradients changed by, the oldest first. A pair whose
    product is not positive tells of no curvature and is left out, such as rows of zeros, which stand for steps that
    there have not been; without any pair, d = -g.

    Shapes: gradient is [n], steps and changes are [m, n], d is [n].
    Units: d and steps have those of the parameters, gradient and changes those of the gradient.
    Kinks: where the product of a pair is 0, its derivatives are those of a pair that is left out.
    Raises: ShapeError when the shapes do not fit.
    Source: Nocedal & Wright (2006), "Numerical Optimization", algorithm 7.4.
    """

    domain: ClassVar[Domain] = "floating"

    def expand(self, gradient: Value, steps: Value, changes: Value) -> Value:
        self.check_domain(gradient.element_type)
        if len(gradient.shape) != 1 or len(steps.shape) != 2 or steps.shape[1:] != gradient.shape:
            raise ShapeError(f"{self.name} of gradient {list(gradient.shape)} with steps {list(steps.shape)}")
        if changes.shape != steps.shape:
            raise ShapeError(f"{self.name} with steps {list(steps.shape)} and changes {list(changes.shape)}")
        pairs = [(row(steps, i), row(changes, i)) for i in range(steps.shape[0])]
        weights = []
        scale = constant(1.0, gradient.element_type)
        for s, y in pairs:
            product = matmul(s, y)
            tells = product > 0
            weights.append(where(tells, 1 / product, 0))
            scale = where(tells, product / matmul(y, y), scale)
        d, shares = gradient, list[Value]()
        for (s, y), weight in zip(pairs[::-1], weights[::-1], strict=True):
            shares.append(weight * matmul(s, d))
            d = d - shares[-1] * y
        d = scale * d
        for (s, y), weight, share in zip(pairs, weights, shares[::-1], strict=True):
            d = d + s * (share - weight * matmul(y, d))
        return -d


def row(x: Value, i: int) -> Value:
    """Return a row of a matrix."""
    return slice_(x, index=str(i))

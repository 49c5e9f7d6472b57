"""Clipping: limits on gradients, before anything else is done with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from gradwire_service.errors import HyperparameterError
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import clip, minimum
from gradwire_service.optimizers.base import like, norm


class Limited(Enum):
    """What of gradients is limited."""

    VALUE = "value"
    NORM = "norm"
    GLOBAL_NORM = "global_norm"


@dataclass(frozen=True)
class Clipping:
    """A limit on gradients.

    A gradient whose norm is above the limit M is scaled by M / (norm + ε), which PyTorch does with ε = 1e-6, optax and
    Keras with 0. With ε above 0, norms a little below the limit are scaled, too.

    Attributes:
        limited: magnitude of each element, 2-norm of the gradient of each parameter, or that of all together.
        limit: the limit, in units of the gradient.
        eps: added to a norm.
    """

    limited: Limited
    limit: float
    eps: float = 1e-6

    def __post_init__(self) -> None:
        """Check.

        Raises: HyperparameterError.
        """
        if not 0 < self.limit < math.inf:
            field = f"optimizer.clipping.{self.limited.value}"
            raise HyperparameterError(f"clipping: the limit is {self.limit}, but must be more than 0", field=field)
        if not 0 <= self.eps < math.inf:
            message = f"clipping: eps is {self.eps}, but must be 0 or more"
            raise HyperparameterError(message, field="optimizer.clipping.eps")

    def clip(self, gradients: Mapping[str, Value]) -> dict[str, Value]:
        """Return the gradients within the limit."""
        if self.limited is Limited.VALUE:
            return {name: clip(g, min=-self.limit, max=self.limit) for name, g in gradients.items()}
        if self.limited is Limited.NORM:
            return {name: like(self._factor(norm(g)), g) * g for name, g in gradients.items()}
        factor = self._factor(norm(*gradients.values()))
        return {name: like(factor, g) * g for name, g in gradients.items()}

    def _factor(self, size: Value) -> Value:
        return minimum(self.limit / (size + self.eps), 1)

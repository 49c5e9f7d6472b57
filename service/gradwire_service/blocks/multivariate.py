"""Log densities of vectors, and log probabilities of classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.blocks.densities import HALF_LOG_TAU, valid
from gradwire_service.errors import ElementTypeError, ShapeError
from gradwire_service.graph import INT64
from gradwire_service.graph.types import ElementType
from gradwire_service.ops.base import Composite, Domain, Value, broadcast_shapes
from gradwire_service.ops.functions import (
    broadcast_to,
    cholesky,
    diagonal,
    expand_dims,
    lgamma,
    log,
    log_softmax,
    matrix_transpose,
    reshape,
    solve_triangular,
    square,
    squeeze,
    take,
    take_along_axis,
    transpose,
    xlogy,
)
from gradwire_service.ops.functions import sum as sum_


@final
@dataclass(frozen=True)
class MultivariateNormalLogpdf(Composite, name="multivariate_normal_logpdf"):
    """Log density of the multivariate normal distribution, y = -|L⁻¹(x - mean)|²/2 - Σ log L[i, i] - d/2 log 2π.

    L is the Cholesky factor of the covariance: of its symmetric part, so that the gradient is symmetric.

    Shapes: x and mean are [..., d] and broadcast, cov is [d, d] or [..., d, d], y is [...].
    Units: x and mean share one, cov has its square; the density has the reciprocal of its d-th power.
    Kinks: where cov is not positive definite, y is NaN, and the block is told of as NOT_POSITIVE_DEFINITE.
    Raises: ShapeError when the shapes do not fit.
    Source: Anderson (2003), "An introduction to multivariate statistical analysis", chapter 2; SciPy,
        `stats.multivariate_normal`.
    """

    domain: ClassVar[Domain] = "floating"

    def expand(self, x: Value, mean: Value, cov: Value) -> Value:
        self.check_domain(x.element_type)
        distance = x - mean
        if not distance.shape or len(cov.shape) < 2 or cov.shape[-2:] != distance.shape[-1:] * 2:
            raise ShapeError(
                f"{self.name} of vectors {list(distance.shape)} with cov {list(cov.shape)}: vectors of d numbers take "
                "a matrix of d rows and d columns"
            )
        factor = cholesky((cov + matrix_transpose(cov)) / 2)
        half_logdet = sum_(log(diagonal(factor, axis1=-2, axis2=-1)), axis=(-1,))
        return -0.5 * distances(factor, distance) - half_logdet - distance.shape[-1] * HALF_LOG_TAU


def distances(factor: Value, rows: Value) -> Value:
    """Return the squared lengths of L⁻¹ v for vectors v that lie along the last axis."""
    if len(factor.shape) == 2:  # one triangular solution with many columns
        leading, d = rows.shape[:-1], rows.shape[-1]
        columns = transpose(reshape(rows, shape=(math.prod(leading), d)))
        return reshape(sum_(square(solve_triangular(factor, columns, lower=True)), axis=(0,)), shape=leading)
    column = expand_dims(rows, axis=(-1,))
    return sum_(square(solve_triangular(factor, column, lower=True)), axis=(-2, -1))


@final
@dataclass(frozen=True)
class DirichletLogpdf(Composite, name="dirichlet_logpdf"):
    """Log density of the Dirichlet distribution, y = Σ (alpha[i] - 1) log x[i] - Σ log Γ(alpha[i]) + log Γ(Σ alpha[i]).

    Shapes: x and alpha are [..., k] and broadcast, y is [...].
    Units: all dimensionless; x in [0, 1] with sum 1, which is not looked at; alpha > 0.
    Kinks: where x[i] = 0, y is inf for alpha[i] < 1 and -inf for alpha[i] > 1; where x[i] < 0 or alpha[i] ≤ 0, y is
        NaN.
    Raises: ShapeError when x and alpha are no vectors of one length.
    Source: Johnson, Kotz & Balakrishnan (2000), "Continuous multivariate distributions", chapter 49; SciPy,
        `stats.dirichlet`.
    """

    domain: ClassVar[Domain] = "floating"

    def expand(self, x: Value, alpha: Value) -> Value:
        self.check_domain(x.element_type)
        if not x.shape or x.shape[-1:] != alpha.shape[-1:]:
            raise ShapeError(
                f"{self.name} of shapes {list(x.shape)} and {list(alpha.shape)}: both are vectors of one length"
            )
        powers = valid(xlogy(alpha - 1, x) - lgamma(alpha), alpha > 0)
        return sum_(powers, axis=(-1,)) + lgamma(sum_(alpha, axis=(-1,)))


@dataclass(frozen=True)
class Categorical(Composite):
    """The log probability of a class, whose number counts from 0."""

    domain: ClassVar[Domain] = "floating"
    unpromoted: ClassVar[Mapping[int, ElementType]] = {0: INT64}

    def picked(self, k: Value, log_p: Value) -> Value:
        """Return the elements that k names along the last axis."""
        if not k.element_type.is_integer:
            raise ElementTypeError(f"{self.name} takes integers for classes, not {k.element_type}; convert with astype")
        if not log_p.shape:
            raise ShapeError(f"{self.name} of one scalar: classes stand along the last axis")
        if len(log_p.shape) == 1:
            return take(log_p, k, axis=0)
        rows = broadcast_shapes(k.shape, log_p.shape[:-1])
        table = broadcast_to(log_p, shape=(*rows, log_p.shape[-1]))
        places = expand_dims(broadcast_to(k, shape=rows), axis=(-1,))
        return squeeze(take_along_axis(table, places, axis=-1), axis=(-1,))


@final
@dataclass(frozen=True)
class CategoricalLogpmf(Categorical, name="categorical_logpmf"):
    """Log probability of class k, y = log p[k].

    Shapes: k is [...] of integers, p is [..., classes]; the leading axes broadcast, y has their shape.
    Units: all dimensionless; p in [0, 1] with sum 1 along the last axis, which is not looked at.
    Kinks: where p[k] = 0, y is -inf and the derivative inf, the one-sided limit.
    Raises: ElementTypeError when k is of no integer type; ShapeError when the shapes do not broadcast; at the run,
        IndexRangeError when k is no class.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 2.2.
    """

    def expand(self, k: Value, p: Value) -> Value:
        return self.picked(k, log(p))


@final
@dataclass(frozen=True)
class CategoricalLogitsLogpmf(Categorical, name="categorical_logits_logpmf"):
    """Log probability of class k, y = log softmax(x)[k], where x are logits; it does not underflow.

    Shapes: k is [...] of integers, logits is [..., classes]; the leading axes broadcast, y has their shape.
    Units: all dimensionless.
    Kinks: a class with the logit -inf is ruled out: its y is -inf.
    Raises: ElementTypeError when k is of no integer type; ShapeError when the shapes do not broadcast; at the run,
        IndexRangeError when k is no class.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 2.2.
    """

    def expand(self, k: Value, logits: Value) -> Value:
        return self.picked(k, log_softmax(logits, axis=-1))

"""Steps of filters: what is known of a hidden state, moved on and corrected by a measurement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.blocks.densities import HALF_LOG_TAU
from gradwire_service.ops.base import Composite, Domain, Value
from gradwire_service.ops.functions import (
    cholesky,
    diagonal,
    expand_dims,
    log,
    matmul,
    matrix_transpose,
    solve_triangular,
    square,
    squeeze,
)
from gradwire_service.ops.functions import sum as sum_


@final
@dataclass(frozen=True)
class KalmanStep(Composite, name="kalman_step"):
    """A step of the Kalman filter: prediction by F and Q, then correction by a measurement z = H x + noise of R.

    With the prediction m' = F m, P' = F P Fᵀ + Q, the innovation v = z - H m', S = H P' Hᵀ + R and the gain
    K = P' Hᵀ S⁻¹, the results are the mean m' + K v, the covariance P' - K S Kᵀ, and the log-likelihood of z,
    log N(v; 0, S), whose sum over the steps is that of the model. S is factored by Cholesky, and never inverted.

    Shapes: mean is [..., n]; covariance, transition F and its noise Q are [..., n, n]; observation H is [..., k, n],
        its noise R is [..., k, k], measurement is [..., k]; the axes in front broadcast. The results are [..., n],
        [..., n, n] and [...].
    Units: mean has those of the state, measurement its own, the matrices those that follow.
    Kinks: where S is not positive definite all results are NaN, and the block is told of as NOT_POSITIVE_DEFINITE.
    Raises: ShapeError when the shapes do not fit.
    Source: Särkkä (2013), "Bayesian filtering and smoothing", section 4.3.
    """

    domain: ClassVar[Domain] = "floating"
    results: ClassVar[int] = 3

    def expand(
        self,
        mean: Value,
        covariance: Value,
        transition: Value,
        transition_noise: Value,
        observation: Value,
        observation_noise: Value,
        measurement: Value,
    ) -> tuple[Value, Value, Value]:
        self.check_domain(mean.element_type)
        m = matmul(transition, expand_dims(mean, axis=(-1,)))
        p = matmul(matmul(transition, covariance), matrix_transpose(transition)) + transition_noise
        innovation = expand_dims(measurement, axis=(-1,)) - matmul(observation, m)
        seen = matmul(observation, p)
        spread = matmul(seen, matrix_transpose(observation)) + observation_noise
        factor = cholesky((spread + matrix_transpose(spread)) / 2)
        half = solve_triangular(factor, seen, lower=True)  # L⁻¹ H P', so that K v = halfᵀ L⁻¹ v and K S Kᵀ = halfᵀ half
        white = solve_triangular(factor, innovation, lower=True)
        corrected = squeeze(m + matmul(matrix_transpose(half), white), axis=(-1,))
        remaining = p - matmul(matrix_transpose(half), half)
        half_logdet = sum_(log(diagonal(factor, axis1=-2, axis2=-1)), axis=(-1,))
        constant = measurement.shape[-1] * HALF_LOG_TAU
        return corrected, remaining, -0.5 * sum_(square(white), axis=(-2, -1)) - half_logdet - constant

"""Losses: how far a prediction is from its target; by default the mean over all."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.blocks.softmax import LogSoftmax
from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.ops.base import Composite, Domain, Value, apply
from gradwire_service.ops.functions import abs as abs_
from gradwire_service.ops.functions import exp, log, log1p, masked_multiply, relu, softplus, square, where
from gradwire_service.ops.functions import sum as sum_

_REDUCTIONS = ("mean", "sum", "none")


@dataclass(frozen=True)
class Loss(Composite):
    """A loss of each element (or each row), and what is made of them.

    Attributes:
        reduction: "mean" or "sum" over all; "none" leaves them as they are.
    """

    domain: ClassVar[Domain] = "floating"

    reduction: str = "mean"

    def __post_init__(self) -> None:
        if self.reduction not in _REDUCTIONS:
            known = ", ".join(_REDUCTIONS)
            raise AttributeValueError(f"{self.name} has no reduction {self.reduction!r}; there are: {known}")

    def expand(self, prediction: Value, target: Value) -> Value:
        self.check_domain(prediction.element_type)
        if target.shape not in ((), prediction.shape):
            raise ShapeError(
                f"{self.name} of shapes {list(prediction.shape)} and {list(target.shape)}: they must be the same, lest "
                "a column meet a row; reshape one"
            )
        losses = self.elements(prediction, target)
        return losses if self.reduction == "none" else apply(self.reduction, losses)

    @abstractmethod
    def elements(self, prediction: Value, target: Value) -> Value:
        """Return the losses, one for each element or row."""


@final
@dataclass(frozen=True)
class MeanSquaredError(Loss, name="mean_squared_error"):
    """Squared error, L = mean (prediction - target)².

    Shapes: prediction and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: the square of those of prediction and target, which share one.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 1.1.
    """

    def elements(self, prediction: Value, target: Value) -> Value:
        return square(prediction - target)


@final
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss, name="binary_cross_entropy"):
    """Cross-entropy of a probability p, L = -mean (t log p + (1 - t) log(1 - p)), with 0 log 0 = 0.

    Shapes: probability and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: all dimensionless; p and t in [0, 1].
    Kinks: L = inf where p = 0 and t > 0, or p = 1 and t < 1; from logits, `binary_cross_entropy_with_logits` stays
        finite.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 4.3.2.
    """

    def expand(self, probability: Value, target: Value) -> Value:  # the catalog has the inputs' names from here
        return super().expand(probability, target)

    def elements(self, probability: Value, target: Value) -> Value:
        return -(masked_multiply(target, log(probability)) + masked_multiply(1 - target, log1p(-probability)))


@final
@dataclass(frozen=True)
class BinaryCrossEntropyWithLogits(Loss, name="binary_cross_entropy_with_logits"):
    """Cross-entropy of the probability σ(x), L = mean (log(1 + exp x) - t x), which is -t log σ(x) - (1 - t) log σ(-x).

    Its derivative is σ(x) - t. Nothing overflows; the rounding error is that of x.

    Shapes: logits and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: all dimensionless; t in [0, 1].
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: TensorFlow, `sigmoid_cross_entropy_with_logits`.
    """

    def expand(self, logits: Value, target: Value) -> Value:  # as above
        return super().expand(logits, target)

    def elements(self, logits: Value, target: Value) -> Value:
        return softplus(logits) - target * logits


@final
@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss, name="softmax_cross_entropy"):
    """Cross-entropy of the distribution softmax(x) along an axis, L = -mean Σ t[i] log softmax(x)[i], with 0 · inf = 0.

    The target is a distribution, such as rows of 0 with one 1. A logit of -inf is a class that is ruled out.

    Shapes: logits and target are [..., classes, ...]; L is [], without a reduction [..., ...].
    Units: all dimensionless; t in [0, 1], with sum 1 along the axis.
    Raises: ShapeError when shapes differ, or when there is no such axis; AttributeValueError for an unknown reduction.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 4.3.4.
    """

    axis: int = -1

    def expand(self, logits: Value, target: Value) -> Value:  # as above
        return super().expand(logits, target)

    def elements(self, logits: Value, target: Value) -> Value:
        return -sum_(masked_multiply(target, LogSoftmax(self.axis)(logits)), axis=(self.axis,))


@final
@dataclass(frozen=True)
class Huber(Loss, name="huber"):
    """Huber loss, L = mean d²/2 where |d| ≤ delta, else mean delta (|d| - delta/2), where d = prediction - target.

    Attributes:
        delta: where the parabola passes into straight lines.

    Shapes: prediction and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: the square of those of prediction, target and delta, which share one.
    Kinks: at |d| = delta the second derivative is 1, that of the parabola.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction, or unless delta > 0.
    Source: Huber (1964), "Robust estimation of a location parameter".
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.delta > 0:
            raise AttributeValueError(f"huber has a delta of {self.delta}; it is positive")

    def elements(self, prediction: Value, target: Value) -> Value:
        distance = prediction - target
        size = abs_(distance)
        return where(size <= self.delta, 0.5 * square(distance), self.delta * (size - self.delta / 2))


@final
@dataclass(frozen=True)
class Hinge(Loss, name="hinge"):
    """Hinge loss of a margin, L = mean max(0, 1 - t x), where the target t is 1 or -1.

    Shapes: prediction and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: all dimensionless.
    Kinks: at t x = 1 the derivative is 0.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: Cortes & Vapnik (1995), "Support-vector networks".
    """

    def elements(self, prediction: Value, target: Value) -> Value:
        return relu(1 - target * prediction)


@final
@dataclass(frozen=True)
class PoissonNegativeLogLikelihood(Loss, name="poisson_negative_log_likelihood"):
    """Negative log-likelihood of counts, L = mean (exp x - t x), of which exp x is the rate; log t! is left out.

    Shapes: log_rate and target are [...], or target is a scalar; L is [], without a reduction [...].
    Units: all dimensionless; t ≥ 0.
    Kinks: at x = -inf, where the rate is 0, L is 0 for t = 0, else inf.
    Raises: ShapeError when shapes differ; AttributeValueError for an unknown reduction.
    Source: McCullagh & Nelder (1989), "Generalized linear models", chapter 6; PyTorch, `poisson_nll_loss`.
    """

    def expand(self, log_rate: Value, target: Value) -> Value:  # as above
        return super().expand(log_rate, target)

    def elements(self, log_rate: Value, target: Value) -> Value:
        return exp(log_rate) - masked_multiply(target, log_rate)


@final
@dataclass(frozen=True)
class KlDivergence(Loss, name="kl_divergence"):
    """Kullback-Leibler divergence of distributions along an axis, L = mean Σ t[i] (log t[i] - x[i]), with 0 log 0 = 0.

    The prediction x is the logarithm of a distribution, such as `log_softmax` makes; the target t is a distribution.

    Attributes:
        axis: the axis along which the distributions stand.

    Shapes: log_probabilities and target are [..., classes, ...]; L is [], without a reduction [..., ...].
    Units: all dimensionless; t in [0, 1], with sum 1 along the axis.
    Kinks: where t > 0 and x = -inf, L is inf; at t = 0 the derivative by t is -inf.
    Raises: ShapeError when shapes differ, or when there is no such axis; AttributeValueError for an unknown reduction.
    Source: Kullback & Leibler (1951), "On information and sufficiency"; PyTorch, `kl_div` with "batchmean".
    """

    axis: int = -1

    def expand(self, log_probabilities: Value, target: Value) -> Value:  # as above
        return super().expand(log_probabilities, target)

    def elements(self, log_probabilities: Value, target: Value) -> Value:
        return sum_(masked_multiply(target, log(target) - log_probabilities), axis=(self.axis,))

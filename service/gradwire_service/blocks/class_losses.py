"""Losses of a distribution over classes, whose targets are the numbers of the classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.blocks.losses import Loss
from gradwire_service.errors import ElementTypeError, ShapeError
from gradwire_service.graph import INT64
from gradwire_service.graph.types import ElementType
from gradwire_service.ops.base import Value, apply, normalized_axes
from gradwire_service.ops.functions import expand_dims, log_softmax, squeeze, take_along_axis


@dataclass(frozen=True)
class ClassLoss(Loss):
    """A loss of each row, whose target is the number of a class.

    Attributes:
        axis: the axis of the classes.
    """

    unpromoted: ClassVar[Mapping[int, ElementType]] = {1: INT64}

    axis: int = -1

    def expand(self, prediction: Value, target: Value) -> Value:
        self.check_domain(prediction.element_type)
        (axis,) = normalized_axes((self.axis,), len(prediction.shape), self.name)
        rows = prediction.shape[:axis] + prediction.shape[axis + 1 :]
        if not target.element_type.is_integer:
            raise ElementTypeError(f"{self.name} takes integers for labels, not {target.element_type}; convert")
        if target.shape != rows:
            raise ShapeError(
                f"{self.name} of shape {list(prediction.shape)} with labels {list(target.shape)}: there is one label "
                f"for each row, shape {list(rows)}"
            )
        losses = self.elements(prediction, target)
        return losses if self.reduction == "none" else apply(self.reduction, losses)


@final
@dataclass(frozen=True)
class NegativeLogLikelihood(ClassLoss, name="negative_log_likelihood"):
    """Negative log-likelihood of labels, L = -mean log_p[label], where log_p are logarithms of probabilities.

    Shapes: log_probabilities is [..., classes, ...], labels is [..., ...]; L is [], without a reduction as labels.
    Units: all dimensionless.
    Kinks: a class of probability 0 has the loss inf.
    Raises: ShapeError when there is not one label for each row, or no such axis; ElementTypeError when labels are no
        integers; AttributeValueError for an unknown reduction; at the run, IndexRangeError for a label of no class.
    Source: PyTorch, `nll_loss`.
    """

    def expand(self, log_probabilities: Value, labels: Value) -> Value:  # the catalog has the inputs' names from here
        return super().expand(log_probabilities, labels)

    def elements(self, log_probabilities: Value, labels: Value) -> Value:
        return -of_label(log_probabilities, labels, self.axis)


@final
@dataclass(frozen=True)
class CrossEntropy(ClassLoss, name="cross_entropy"):
    """Cross-entropy of labels and the distribution softmax(x), L = -mean log softmax(x)[label].

    Its derivative is softmax(x) minus the row with a 1 at the label. A logit of -inf is a class that is ruled out. For
    targets that are distributions themselves there is `softmax_cross_entropy`.

    Shapes: logits is [..., classes, ...], labels is [..., ...]; L is [], without a reduction as labels.
    Units: all dimensionless.
    Kinks: a class that is ruled out has the loss inf.
    Raises: ShapeError when there is not one label for each row, or no such axis; ElementTypeError when labels are no
        integers; AttributeValueError for an unknown reduction; at the run, IndexRangeError for a label of no class.
    Source: Bishop (2006), "Pattern recognition and machine learning", section 4.3.4; PyTorch, `cross_entropy`.
    """

    def expand(self, logits: Value, labels: Value) -> Value:  # as above
        return super().expand(logits, labels)

    def elements(self, logits: Value, labels: Value) -> Value:
        return -of_label(log_softmax(logits, axis=self.axis), labels, self.axis)


def of_label(x: Value, labels: Value, axis: int) -> Value:
    """Return of each row the element that the label names."""
    (axis,) = normalized_axes((axis,), len(x.shape), "a loss")
    picked = take_along_axis(x, expand_dims(labels, axis=(axis,)), axis=axis)
    return squeeze(picked, axis=(axis,))

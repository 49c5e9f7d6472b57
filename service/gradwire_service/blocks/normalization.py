"""Normalization: values brought to mean 0 and variance 1, then stretched and moved by what is learned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from gradwire_service.errors import AttributeValueError, ShapeError
from gradwire_service.ops.base import Composite, Domain, Value, normalized_axes
from gradwire_service.ops.functions import mean, reshape, sqrt, square


@dataclass(frozen=True)
class Normalization(Composite):
    """A normalization; where everything is the same, the distances from the mean are zero, and so is the result.

    Attributes:
        epsilon: what is added to the variance; with 0, equal values give 0/0.
    """

    domain: ClassVar[Domain] = "floating"

    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if not self.epsilon >= 0:
            raise AttributeValueError(f"{self.name} has an epsilon of {self.epsilon}; it is not negative")

    def standardized(self, x: Value, axes: tuple[int, ...]) -> Value:
        """Return x with mean 0 and variance 1 along the axes."""
        self.check_domain(x.element_type)
        distances = x - mean(x, axis=axes, keepdims=True)
        variance = mean(square(distances), axis=axes, keepdims=True)
        return distances / sqrt(variance + self.epsilon)


@final
@dataclass(frozen=True)
class LayerNorm(Normalization, name="layer_norm"):
    """Layer normalization, y = (x - mean) / √(variance + epsilon) · scale + offset, over some axes of each example.

    Attributes:
        axis: the axes of an example.
        epsilon: what is added to the variance.

    Shapes: x is [...], scale and offset broadcast with x, y is [...]; 1 and 0 stand for none.
    Units: those of scale and offset, which share one.
    Kinks: none for epsilon > 0; equal values along the axes have the derivative that the formula gives, 1/√epsilon.
    Raises: ShapeError when there is no such axis, or scale or offset do not broadcast; AttributeValueError when epsilon
        is negative.
    Source: Ba, Kiros & Hinton (2016), "Layer normalization".
    """

    axis: tuple[int, ...] = (-1,)

    def expand(self, x: Value, scale: Value, offset: Value) -> Value:
        return self.standardized(x, self.axis) * scale + offset


@final
@dataclass(frozen=True)
class RmsNorm(Normalization, name="rms_norm"):
    """Normalization by the root of the mean square, y = x / √(mean x² + epsilon) · scale, over some axes.

    Attributes:
        axis: the axes of an example.
        epsilon: what is added to the mean square.

    Shapes: x is [...], scale broadcasts with x, y is [...]; 1 stands for none.
    Units: those of scale.
    Kinks: none for epsilon > 0.
    Raises: ShapeError when there is no such axis, or scale does not broadcast; AttributeValueError when epsilon is
        negative.
    Source: Zhang & Sennrich (2019), "Root mean square layer normalization".
    """

    axis: tuple[int, ...] = (-1,)

    def expand(self, x: Value, scale: Value) -> Value:
        self.check_domain(x.element_type)
        power = mean(square(x), axis=self.axis, keepdims=True)
        return x / sqrt(power + self.epsilon) * scale


@final
@dataclass(frozen=True)
class BatchNorm(Normalization, name="batch_norm"):
    """Batch normalization with the statistics of the batch: each channel over all other axes.

    The mean and the variance, without correction, are `mean` and `variance` over those axes; a graph that asks for
    them too computes them once.

    Attributes:
        axis: the axis of the channels.
        epsilon: what is added to the variance.

    Shapes: x is [batch, channels, ...], scale and offset are [channels] or scalars, y is as x; 1 and 0 stand for none.
    Units: those of scale and offset, which share one.
    Kinks: none for epsilon > 0.
    Raises: ShapeError when there is no such axis, or scale or offset is no vector of its length; AttributeValueError
        when epsilon is negative.
    Source: Ioffe & Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal
        covariate shift".
    """

    axis: int = 1

    def expand(self, x: Value, scale: Value, offset: Value) -> Value:
        rank = len(x.shape)
        (axis,) = normalized_axes((self.axis,), rank, self.name)
        y = self.standardized(x, tuple(i for i in range(rank) if i != axis))
        return y * per_channel(self, scale, x, axis) + per_channel(self, offset, x, axis)


@final
@dataclass(frozen=True)
class BatchNormInference(Normalization, name="batch_norm_inference"):
    """Batch normalization with statistics that are given, y = (x - mean) / √(variance + epsilon) · scale + offset.

    Attributes:
        axis: the axis of the channels.
        epsilon: what is added to the variance.

    Shapes: x is [batch, channels, ...], mean, variance, scale and offset are [channels] or scalars, y is as x.
    Units: x and mean share one, variance has its square; y, scale and offset share one.
    Kinks: where variance + epsilon = 0 the derivatives are infinite or NaN.
    Raises: ShapeError when there is no such axis, or what is given of a channel is no vector of its length;
        AttributeValueError when epsilon is negative.
    Source: Ioffe & Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal
        covariate shift".
    """

    axis: int = 1

    def expand(self, x: Value, mean: Value, variance: Value, scale: Value, offset: Value) -> Value:
        self.check_domain(x.element_type)
        (axis,) = normalized_axes((self.axis,), len(x.shape), self.name)
        center, power, factor, term = (per_channel(self, a, x, axis) for a in (mean, variance, scale, offset))
        return (x - center) / sqrt(power + self.epsilon) * factor + term


@final
@dataclass(frozen=True)
class GroupNorm(Normalization, name="group_norm"):
    """Group normalization: over the channels of a group, and all that lies behind them, of each example.

    One group for each channel is instance normalization.

    Attributes:
        groups: number of groups, which divides that of the channels.
        epsilon: what is added to the variance.

    Shapes: x is [batch, channels, ...], scale and offset are [channels] or scalars, y is as x; 1 and 0 stand for none.
    Units: those of scale and offset, which share one.
    Kinks: none for epsilon > 0.
    Raises: ShapeError when x has fewer than two axes, the groups do not divide the channels, or scale or offset is no
        vector of their length; AttributeValueError when there are no groups, or epsilon is negative.
    Source: Wu & He (2018), "Group normalization".
    """

    groups: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.groups < 1:
            raise AttributeValueError(f"group_norm with {self.groups} groups; there is one or more")

    def expand(self, x: Value, scale: Value, offset: Value) -> Value:
        if len(x.shape) < 2 or x.shape[1] % self.groups:
            raise ShapeError(
                f"group_norm of shape {list(x.shape)} with {self.groups} groups: channels stand along axis 1, and "
                "groups divide their number"
            )
        members = x.shape[1] // self.groups * math.prod(x.shape[2:])
        grouped = reshape(x, shape=(x.shape[0], self.groups, members))
        y = reshape(self.standardized(grouped, (2,)), shape=x.shape)
        return y * per_channel(self, scale, x, 1) + per_channel(self, offset, x, 1)


def per_channel(op: Normalization, given: Value, x: Value, axis: int) -> Value:
    """Shape what is given of each channel so that it broadcasts with x.

    Raises: ShapeError.
    """
    if given.shape == ():
        return given
    if given.shape != x.shape[axis : axis + 1]:
        raise ShapeError(
            f"{op.name}: shape {list(given.shape)} does not go with the {x.shape[axis]} channels along axis {axis}; "
            "give a number for each, or a scalar"
        )
    return reshape(given, shape=(x.shape[axis], *[1] * (len(x.shape) - axis - 1)))

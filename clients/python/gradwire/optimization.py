"""Optimizers and schedules, as a user states them; `gw.optimizers` and `gw.schedules` make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, Literal, TypedDict, Unpack

from gradwire import v1 as pb
from gradwire.tensors import Feed, encode_tensor

Hyperparameter = bool | int | float | str | Sequence[int] | Sequence[float]

NonFinite = Literal["fail", "skip", "stop"]
_POLICIES: Mapping[str, pb.NonFinitePolicy.ValueType] = {
    "fail": pb.NON_FINITE_POLICY_FAIL,
    "skip": pb.NON_FINITE_POLICY_SKIP,
    "stop": pb.NON_FINITE_POLICY_STOP,
}


@dataclass(frozen=True)
class Schedule:
    """The learning rate as a function of the number of updates.

    Attributes:
        name: name of the schedule.
        parameters: its settings.
        parts: the schedules that it is made of, for those that are.
    """

    name: str
    parameters: Mapping[str, Hyperparameter] = field(default_factory=dict)
    parts: Sequence[Schedule] = ()

    def message(self) -> pb.Schedule:
        """Return it as a message of the contract."""
        parameters = {name: _attribute(value) for name, value in self.parameters.items()}
        return pb.Schedule(name=self.name, parameters=parameters, parts=[part.message() for part in self.parts])


@dataclass(frozen=True)
class ParameterGroup:
    """Settings for some of the parameters.

    Attributes:
        names: names of parameters; ``*`` stands for any characters.
        learning_rate_factor: factor on the learning rate.
        weight_decay: in place of the optimizer's; None: the optimizer's.
        frozen: keep the parameters as they are.
    """

    names: Sequence[str]
    learning_rate_factor: float = 1.0
    weight_decay: float | None = None
    frozen: bool = False

    def message(self) -> pb.ParameterGroup:
        """Return it as a message of the contract."""
        return pb.ParameterGroup(
            names=self.names,
            learning_rate_factor=self.learning_rate_factor,
            weight_decay=self.weight_decay,
            frozen=self.frozen,
        )


class OptimizerSettings(TypedDict, total=False):
    """What every optimizer takes besides its own hyperparameters.

    Keys:
        schedule: how the learning rate changes, such as ``gw.schedules.cosine(1000)``. Default: not at all.
        clip_value: greatest magnitude of an element of a gradient.
        clip_norm: greatest 2-norm of the gradient of a parameter.
        clip_global_norm: greatest 2-norm of all gradients together.
        clip_eps: added to a norm before it divides the greatest one. Default: 1e-6, as in PyTorch; optax and Keras have
            0.
        averaging: share of the past in a running mean of the parameters, such as 0.999, which comes back beside them.
            Default: no mean.
        groups: settings for some of the parameters.
        bounds: least and greatest values of parameters, by name; None: no limit.
        non_finite: what to do with a loss or gradient that is not finite. Default: "fail".
    """

    schedule: Schedule | None
    clip_value: float | None
    clip_norm: float | None
    clip_global_norm: float | None
    clip_eps: float | None
    averaging: float | None
    groups: Sequence[ParameterGroup]
    bounds: Mapping[str, tuple[Feed | None, Feed | None]]
    non_finite: NonFinite


class MethodSettings(TypedDict, total=False):
    """What every method that owns its loop, and every search, takes besides its own hyperparameters.

    Keys:
        bounds: least and greatest values of parameters, by name; None: no limit.
        non_finite: what to do where a method can't turn back from what is not finite. Default: "fail".
    """

    bounds: Mapping[str, tuple[Feed | None, Feed | None]]
    non_finite: NonFinite


class Optimizer:
    """An optimizer with its settings.

    Attributes:
        name: name of the optimizer.
        hyperparameters: its own settings.
        settings: what all optimizers take.
    """

    def __init__(
        self,
        name: str,
        hyperparameters: Mapping[str, Hyperparameter] | None = None,
        **settings: Unpack[OptimizerSettings],
    ) -> None:
        unknown = settings.keys() - OptimizerSettings.__annotations__.keys()
        if unknown:
            known = ", ".join([*(hyperparameters or {}), *OptimizerSettings.__annotations__])
            raise TypeError(f"{name} has no setting {min(unknown)!r}; it has: {known}")
        self.name = name
        self.hyperparameters = dict(hyperparameters or {})
        self.settings = settings

    def __repr__(self) -> str:
        shown = {**self.hyperparameters, **self.settings}
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in shown.items())})"

    def message(self) -> pb.Optimizer:
        """Return it as a message of the contract."""
        settings = self.settings
        message = pb.Optimizer(
            name=self.name, hyperparameters={key: _attribute(x) for key, x in self.hyperparameters.items()}
        )
        if schedule := settings.get("schedule"):
            message.schedule.CopyFrom(schedule.message())
        for key, value in (
            ("value", settings.get("clip_value")),
            ("norm", settings.get("clip_norm")),
            ("global_norm", settings.get("clip_global_norm")),
        ):
            if value is not None:
                if message.clipping.WhichOneof("limit"):
                    raise ValueError(f"{self.name} is given two ways to clip gradients; leave one out")
                setattr(message.clipping, key, value)
        if (eps := settings.get("clip_eps")) is not None:
            if not message.clipping.WhichOneof("limit"):
                raise ValueError(f"{self.name} is given a clip_eps, but no norm to clip; give one, or leave it out")
            message.clipping.eps = eps
        if (decay := settings.get("averaging")) is not None:
            message.averaging.decay = decay
        message.groups.extend(group.message() for group in settings.get("groups", ()))
        for key, (lower, upper) in settings.get("bounds", {}).items():
            bounds = message.bounds[key]
            if lower is not None:
                bounds.lower.CopyFrom(encode_tensor(lower, "float64"))
            if upper is not None:
                bounds.upper.CopyFrom(encode_tensor(upper, "float64"))
        if policy := settings.get("non_finite"):
            message.non_finite_policy = _POLICIES[policy]
        return message


def _attribute(value: Any) -> pb.Attribute:
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(x, Integral) for x in value):
            return pb.Attribute(integers=pb.IntegerList(values=value))
        return pb.Attribute(reals=pb.RealList(values=value))
    if isinstance(value, bool):
        return pb.Attribute(boolean=value)
    if isinstance(value, Integral):  # of NumPy, too
        return pb.Attribute(integer=int(value))
    return pb.Attribute(text=value) if isinstance(value, str) else pb.Attribute(real=value)

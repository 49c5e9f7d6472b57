"""An update in full: an optimizer and what surrounds its rule, as one piece of a graph.

In this order: gradients are clipped, the rule (which begins with weight decay) moves the parameters, bounds are
imposed, and what results is averaged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import Self

import numpy as np

from gradwire_service.errors import GradwireError, HyperparameterError, InputMissingError, raise_all
from gradwire_service.graph import Array, TensorType
from gradwire_service.ops.base import Value
from gradwire_service.ops.functions import equal, maximum, minimum, where
from gradwire_service.optimizers.base import Optimizer, running_mean
from gradwire_service.optimizers.clipping import Clipping

AVERAGE = "average"
"""Slot of a parameter's running mean."""


@dataclass(frozen=True)
class Group:
    """Settings for some of the parameters.

    Attributes:
        names: names of parameters; ``*`` stands for any characters.
        learning_rate_factor: factor on the learning rate.
        weight_decay: in place of the optimizer's; None: the optimizer's.
        frozen: keep the parameters as they are.
    """

    names: tuple[str, ...]
    learning_rate_factor: float = 1.0
    weight_decay: float | None = None
    frozen: bool = False

    def __contains__(self, name: str) -> bool:
        return any(_matches(pattern, name) for pattern in self.names)


@dataclass(frozen=True, eq=False)
class Bounds:
    """Limits on one parameter.

    Attributes:
        lower: least values, of the parameter's shape or a number; None: no limit.
        upper: greatest values, likewise.
    """

    lower: Array | None = None
    upper: Array | None = None

    @property
    def sides(self) -> Mapping[str, Array]:
        """The limits that there are, by the name of their side."""
        both = {"lower": self.lower, "upper": self.upper}
        return {side: x for side, x in both.items() if x is not None}


@dataclass(frozen=True)
class Update:
    """How parameters are updated.

    Attributes:
        optimizer: the rule.
        clipping: a limit on gradients; None: none.
        groups: settings for some of the parameters; where several name one, the last counts.
        bounds: limits on parameters, by name, imposed after each update.
        averaging: share of the past in a running mean of the parameters, which the first update starts with a copy of
            them; None: no mean.
    """

    optimizer: Optimizer
    clipping: Clipping | None = None
    groups: tuple[Group, ...] = ()
    bounds: Mapping[str, Bounds] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    averaging: float | None = None
    sides: tuple[tuple[str, str, bool], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Check what does not depend on the parameters.

        Raises: HyperparameterError, or one error with all faults.
        """
        sides = [(n, side, bool(np.ndim(x))) for n, b in sorted(self.bounds.items()) for side, x in b.sides.items()]
        object.__setattr__(self, "sides", tuple(sides))  # all that a graph needs to know of the bounds
        faults: list[GradwireError] = []
        if self.averaging is not None and not 0 <= self.averaging < 1:
            message = f"averaging: the decay is {self.averaging}, but must be at least 0 and below 1; 0.999 is usual"
            faults.append(HyperparameterError(message, field="optimizer.averaging.decay"))
        has_decay = "weight_decay" in {x.name for x in fields(self.optimizer)}
        for i, group in enumerate(self.groups):
            place = f"optimizer.groups[{i}]"
            if not group.names:
                faults.append(HyperparameterError(f"group {i} names no parameters; name some", field=f"{place}.names"))
            for name in ("learning_rate_factor", "weight_decay"):
                value = getattr(group, name)
                if value is not None and not 0 <= value < np.inf:
                    message = f"group {i}: {name} is {value}, but must be a number, 0 or more"
                    faults.append(HyperparameterError(message, field=f"{place}.{name}"))
            if group.weight_decay is not None and not has_decay:
                message = f"group {i} has a weight_decay, but {self.optimizer.name} knows none; leave it out"
                faults.append(HyperparameterError(message, field=f"{place}.weight_decay"))
        raise_all(faults)

    @classmethod
    def of(cls, rule: Optimizer | Self) -> Self:
        """Return an update; an optimizer alone is one that nothing surrounds."""
        return rule if isinstance(rule, cls) else cls(rule)  # type: ignore[arg-type]  # what is left

    def check(self, parameters: Mapping[str, Array]) -> None:
        """Hold the settings against the parameters.

        Raises: HyperparameterError, InputMissingError, or one error with all faults.
        """
        known = ", ".join(parameters)
        faults: list[GradwireError] = []
        for i, group in enumerate(self.groups):
            for pattern in group.names:
                if not any(_matches(pattern, name) for name in parameters):
                    message = f"group {i}: {pattern!r} matches no parameter; there are: {known}"
                    faults.append(HyperparameterError(message, field=f"optimizer.groups[{i}].names"))
        for name, bounds in self.bounds.items():
            faults += _faults_of_bounds(name, bounds, parameters.get(name), known)
        if parameters and all(self.is_frozen(name) for name in parameters):
            faults.append(InputMissingError("all parameters are frozen; leave one to train", field="optimizer.groups"))
        raise_all(faults)

    @cached_property
    def structure(self) -> Self:
        """The update without what its graph does not depend on: the learning rate and the numbers of the bounds."""
        rate = type(self.optimizer)().learning_rate
        return replace(self, optimizer=replace(self.optimizer, learning_rate=rate))

    def is_frozen(self, name: str) -> bool:
        """Tell whether a parameter stays as it is."""
        return self._group(name).frozen

    def rule(self, name: str) -> Optimizer:
        """Return the optimizer of a parameter: that of all, with weight decay and learning rate of its group."""
        group = self._group(name)
        changed: dict[str, float] = {"learning_rate": self.optimizer.learning_rate * group.learning_rate_factor}
        if group.weight_decay is not None:
            changed["weight_decay"] = group.weight_decay
        return replace(self.optimizer, **changed)

    def slots(self, name: str, w: TensorType) -> dict[str, tuple[TensorType, float]]:
        """Return for each slot of a parameter its type, and the number that all its elements start with."""
        if self.is_frozen(name):
            return {}
        found = self.rule(name).initial_state(w)
        return found if self.averaging is None else {**found, AVERAGE: (w, 0.0)}

    def apply(
        self,
        parameters: Mapping[str, Value],
        gradients: Mapping[str, Value],
        state: Mapping[str, Mapping[str, Value]],
        limits: Mapping[str, Mapping[str, Value]],
        learning_rate: Value,
        step: Value,
    ) -> dict[str, tuple[Value, Mapping[str, Value]]]:
        """Write the update.

        Args:
            parameters: those that are not frozen, by name.
            gradients: of the loss, by the same names.
            state: for each of them a value for each of its slots.
            limits: for those that have bounds, a value for each of their `sides`, by the name of the side.
            learning_rate: a scalar float64.
            step: number of this update, counted from 1; a scalar float64.

        Returns: for each parameter its new value, and what to remember.
        """
        if self.clipping:
            gradients = self.clipping.clip(gradients)
        updated: dict[str, tuple[Value, Mapping[str, Value]]] = {}
        for name, w in parameters.items():
            rule, factor = self.rule(name), self._group(name).learning_rate_factor
            rate = learning_rate if factor == 1 else learning_rate * factor
            moved, new = rule.update(w, gradients[name], state[name], rate, step)
            if "lower" in limits.get(name, {}):
                moved = maximum(moved, limits[name]["lower"])
            if "upper" in limits.get(name, {}):
                moved = minimum(moved, limits[name]["upper"])
            if self.averaging is not None:
                mean = running_mean(state[name][AVERAGE], moved, self.averaging)
                new = {**new, AVERAGE: where(equal(step, 1), moved, mean)}
            updated[name] = moved, new
        return updated

    def limits(self, parameters: Mapping[str, TensorType]) -> Iterator[tuple[str, str, Array]]:
        """Yield the bounds as arrays of the parameters' element types: name, side, limit."""
        for name, side, _ in self.sides:
            if not self.is_frozen(name):
                yield name, side, np.asarray(self.bounds[name].sides[side], parameters[name].element_type.dtype)

    def _group(self, name: str) -> Group:
        return next((group for group in reversed(self.groups) if name in group), _NO_GROUP)


_NO_GROUP = Group(())


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


def _faults_of_bounds(name: str, bounds: Bounds, parameter: Array | None, known: str) -> Iterable[GradwireError]:
    place = f"optimizer.bounds[{name}]"
    if parameter is None:
        yield HyperparameterError(f"bounds are given for {name!r}, but the parameters are: {known}", field=place)
        return
    sides = bounds.sides
    for side, limit in sides.items():
        shape = list(parameter.shape)
        if limit.shape not in ((), parameter.shape):
            message = f"the {side} bound of {name!r} has shape {list(limit.shape)}, but must be a number or {shape}"
            yield HyperparameterError(message, field=f"{place}.{side}")
            return
        if np.isnan(limit).any():
            message = f"the {side} bound of {name!r} is NaN somewhere; an infinite one is no limit"
            yield HyperparameterError(message, field=f"{place}.{side}")
    if len(sides) == 2 and np.any(sides["lower"] > sides["upper"]):
        yield HyperparameterError(f"the lower bound of {name!r} is above the upper one somewhere", field=place)

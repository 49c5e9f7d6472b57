"""What optimizers and schedules share: hyperparameters that are fields, checked when made, and a name in a registry."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from inspect import getdoc
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin, get_type_hints

from gradwire_service.errors import HyperparameterError, OptimizerUnknownError, raise_all
from gradwire_service.graph import AttributeKind

Setting = float | int | bool | tuple[int, ...] | tuple[float, ...]
"""What a hyperparameter may be."""


@dataclass(frozen=True)
class Range:
    """The finite numbers that a hyperparameter may be.

    Attributes:
        text: the range in words, to follow "must be".
        contains: tells whether a finite number is in it.
    """

    text: str
    contains: Callable[[float], bool]

    def __contains__(self, number: float) -> bool:
        return math.isfinite(number) and self.contains(number)

    def __str__(self) -> str:
        return self.text


NOT_NEGATIVE = Range("0 or more", lambda x: x >= 0)
POSITIVE = Range("more than 0", lambda x: x > 0)
AT_LEAST_ONE = Range("1 or more", lambda x: x >= 1)
SHARE = Range("from 0 up to 1", lambda x: 0 <= x <= 1)
DECAY = Range("at least 0 and below 1", lambda x: 0 <= x < 1)
REDUCTION = Range("above 0 and at most 1", lambda x: 0 < x <= 1)
INNER_SHARE = Range("above 0 and below 1", lambda x: 0 < x < 1)
ABOVE_ONE = Range("more than 1", lambda x: x > 1)
ANY_NUMBER = Range("finite", lambda x: True)


@dataclass(frozen=True)
class Meaning:
    """What stands beside the type of a field: `Annotated[float, Meaning("…", POSITIVE)]`.

    Attributes:
        text: what the hyperparameter does, with its unit.
        range: what it may be; None for what is true or false.
    """

    text: str
    range: Range | None = None


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter, as the catalog lists it.

    Attributes:
        name: its name.
        kind: the type that it must have.
        range: the numbers that it, or each in a list, may be; None for what is true or false.
        default: what holds when it is left out; None when it must be stated.
        documentation: what it does, with unit and range.
    """

    name: str
    kind: AttributeKind
    range: Range | None
    default: Setting | None
    documentation: str

    @property
    def required(self) -> bool:
        """Whether it must be stated."""
        return self.default is None

    @property
    def expected(self) -> str:
        """What it may be, in words."""
        return "true or false" if self.range is None else f"{_ARTICLE[self.kind]} {self.range}"

    @property
    def remedy(self) -> str:
        """What to do about a value that is not taken."""
        return "state one" if self.required else f"leave it out for the default, {self.default}"

    def accepts(self, value: object) -> bool:
        """Tell whether the value is of the kind and in the range."""
        if not self.kind.accepts(value):  # type: ignore[arg-type]  # it takes anything, and accepts attributes
            return False
        numbers = value if isinstance(value, tuple) else (value,)
        return self.range is None or all(x in self.range for x in numbers)


@dataclass(frozen=True)
class CatalogEntry:
    """An optimizer or a schedule, as the catalog lists it.

    Attributes:
        name: what requests call it.
        hyperparameters: in order.
        slots: names of what an optimizer may keep for each parameter.
        documentation: formulas, defaults, source.
        parts: how many schedules a schedule is made of; None: any number.
    """

    name: str
    hyperparameters: tuple[Hyperparameter, ...]
    slots: tuple[str, ...]
    documentation: str
    parts: int | None = 0


class Configured:
    """A frozen dataclass whose fields are hyperparameters. Defining one with a name enters it in the registry.

    Class attributes:
        family: "optimizer" or "schedule", for messages.
        path: where its hyperparameters stand in a request.
        registry: all of the family, by name.
        name: what requests call it.
        part_count: how many others it is made of; None: any number. Those have a field of their own, `parts`.
    """

    family: ClassVar[str]
    path: ClassVar[str]
    registry: ClassVar[dict[str, type[Self]]]
    name: ClassVar[str] = ""
    slots: ClassVar[tuple[str, ...]] = ()
    part_count: ClassVar[int | None] = 0

    def __init_subclass__(cls, name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if name:
            cls.name = name
            cls.registry[name] = cls  # type: ignore[assignment]  # each family has its own registry

    def __post_init__(self) -> None:
        """Check every hyperparameter, and turn whole numbers into real ones where those are meant.

        Raises: HyperparameterError, or one error with all faults.
        """
        faults = []
        for setting in self.hyperparameters():
            value = getattr(self, setting.name)
            if not setting.accepts(value):
                message = f"{setting.name} is {value!r}, but must be {setting.expected}; {setting.remedy}"
                faults.append(self.fault(message, setting.name))
            elif setting.kind is AttributeKind.REAL:
                object.__setattr__(self, setting.name, float(value))
        raise_all(faults)

    @classmethod
    def fault(cls, message: str, hyperparameter: str) -> HyperparameterError:
        """Return the error that says what is wrong with a hyperparameter."""
        return HyperparameterError(
            f"{cls.family} {cls.name}: {message}", field=f"{cls.path}[{hyperparameter}]", hyperparameter=hyperparameter
        )

    @classmethod
    @cache
    def hyperparameters(cls) -> tuple[Hyperparameter, ...]:
        """List the hyperparameters, in order."""
        hints = get_type_hints(cls, include_extras=True)
        found = []
        for field in fields(cls):  # type: ignore[arg-type]  # subclasses are dataclasses
            if field.name == "parts":
                continue
            assert get_origin(hints[field.name]) is Annotated, f"{cls.__name__}.{field.name} needs a Meaning"
            hint, meaning = get_args(hints[field.name])
            text = meaning.text if meaning.range is None else f"{meaning.text}; {meaning.range}"
            default = None if field.default is MISSING else field.default
            found.append(Hyperparameter(field.name, _KINDS[hint], meaning.range, default, text))
        return tuple(found)

    @classmethod
    def named(cls, name: str, values: Mapping[str, Setting], **parts: Any) -> Self:
        """Make the one of that name; what `values` leaves out has its default.

        Args:
            name: its name.
            values: its hyperparameters.
            parts: its fields that are no hyperparameters.

        Raises: OptimizerUnknownError; HyperparameterError, or one error with all faults.
        """
        found = cls.registry.get(name)
        if found is None:
            message = f"there is no {cls.family} {name!r}; there are: {_listed(cls.registry)}"
            raise OptimizerUnknownError(message, field=f"{cls.path.rpartition('.')[0]}.name", name=name)
        known = {setting.name: setting for setting in found.hyperparameters()}
        shown = f"it takes: {_listed(known)}" if known else "it takes none"
        faults = [found.fault(f"there is no hyperparameter {x!r}; {shown}", x) for x in values if x not in known]
        missing = (x for x in known.values() if x.required and x.name not in values)
        faults += [found.fault(f"{x.name} is missing; it must be {x.expected}", x.name) for x in missing]
        raise_all(faults)
        return found(**values, **parts)

    @classmethod
    def catalog(cls) -> tuple[CatalogEntry, ...]:
        """List the family, by name."""
        members = sorted(cls.registry.items())
        return tuple(
            CatalogEntry(name, x.hyperparameters(), x.slots, getdoc(x) or "", x.part_count) for name, x in members
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


_KINDS: Mapping[object, AttributeKind] = {
    bool: AttributeKind.BOOLEAN,
    int: AttributeKind.INTEGER,
    float: AttributeKind.REAL,
    tuple[int, ...]: AttributeKind.INTEGERS,
    tuple[float, ...]: AttributeKind.REALS,
}
_ARTICLE = {
    AttributeKind.INTEGER: "a whole number,",
    AttributeKind.REAL: "a number,",
    AttributeKind.INTEGERS: "a list of whole numbers, each",
    AttributeKind.REALS: "a list of numbers, each",
}

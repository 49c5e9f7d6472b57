"""What takes part: kinds of work, their sizes, and for each library something to call.

Modules of kinds are loaded by interpreters that have no more than NumPy and one library: each contender imports what
it needs when it is prepared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Point = dict[str, Array]

OURS = "ours"
BY_HAND = "NumPy by hand"
IN_C = "C"


class AbsentError(Exception):
    """A contender cannot take part; the message says why."""


def as_arrays(result: Any) -> list[Array]:
    """Return an answer that is a sequence of arrays of any library as arrays of NumPy."""
    return [np.asarray(x) for x in result]


@dataclass(frozen=True)
class Prepared:
    """Something that is ready to be timed.

    Attributes:
        call: does the work once and returns when it is done.
        answer: makes arrays of what a call returned; they are compared with those of the other contenders.
    """

    call: Callable[[], Any]
    answer: Callable[[Any], Sequence[Array]] = as_arrays


@dataclass(frozen=True)
class Size:
    """One size of a kind of work.

    Attributes:
        arguments: what contenders are called with.
        bar: ours ÷ the best peer, at most.
        is_small: whether it is run when only small sizes are asked for.
        is_on_demand: whether it is run only when all sizes are asked for.
    """

    arguments: Mapping[str, Any]
    bar: float
    is_small: bool = False
    is_on_demand: bool = False

    def __str__(self) -> str:
        shown = (f"{x:,}" if isinstance(x, int) else str(x) for x in self.arguments.values())
        return ", ".join(f"{name} = {x}" for name, x in zip(self.arguments, shown, strict=True))


@dataclass(frozen=True)
class Kind:
    """One kind of work.

    Attributes:
        name: what the command line calls it.
        title: what tables call it.
        sizes: from small to large.
        ours: returns what is asked of the engine, an `ours.Request`.
        contenders: the others; they raise AbsentError where they have nothing to offer.
        package: where its module is, which bears its name and holds it as `KIND`.
    """

    name: str
    title: str
    sizes: Sequence[Size]
    ours: Callable[..., Any]
    contenders: Mapping[str, Callable[..., Prepared]] = field(default_factory=dict)
    package: str = "benchmarks.kinds"

    @property
    def module(self) -> str:
        """Name of its module."""
        return f"{self.package}.{self.name}"

    def prepare(self, contender: str, size: Size) -> Prepared:
        """Make a contender ready."""
        if contender == OURS:
            from benchmarks import ours

            return ours.compiled(self.ours(**size.arguments))
        return self.contenders[contender](**size.arguments)

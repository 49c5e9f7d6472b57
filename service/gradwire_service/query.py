"""What can be asked of a graph at a point, and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gradwire_service.backend import Tier
from gradwire_service.graph import Array

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class ValueQuery:
    """Asks for values.

    Attributes:
        of: names of outputs or values; empty: all outputs.
    """

    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class GradientQuery:
    """Asks for a scalar and its gradient.

    Attributes:
        of: name of a scalar; empty: the only output.
        wrt: names of values; empty: all floating variables.
    """

    of: str = ""
    wrt: tuple[str, ...] = ()


@dataclass(frozen=True)
class JvpQuery:
    """Asks how values move when the point does.

    Attributes:
        of: names of outputs or values; empty: all floating outputs.
        along: names of the values that move; their tangents come with the point.
    """

    of: tuple[str, ...] = ()
    along: tuple[str, ...] = ()


@dataclass(frozen=True)
class VjpQuery:
    """Asks how sensitivities go back to what they depend on.

    Attributes:
        of: names of outputs or values whose cotangents come with the point.
        wrt: names of values; empty: all floating variables.
    """

    of: tuple[str, ...] = ()
    wrt: tuple[str, ...] = ()


@dataclass(frozen=True)
class HessianVectorProductQuery:
    """Asks how the gradient of a scalar moves when the point does.

    Attributes:
        of: name of a scalar; empty: the only output.
        along: names of the values that move; their vectors come with the point.
    """

    of: str = ""
    along: tuple[str, ...] = ()


Query = ValueQuery | GradientQuery | JvpQuery | VjpQuery | HessianVectorProductQuery


class ValueResult(NamedTuple):
    """Values by name."""

    values: Arrays


class GradientResult(NamedTuple):
    """A scalar, and its gradients by the names of `wrt`, each of the type of that value."""

    value: Array
    gradients: Arrays


class JvpResult(NamedTuple):
    """Values and their tangents, by the names of `of`."""

    values: Arrays
    tangents: Arrays


class VjpResult(NamedTuple):
    """Values by the names of `of`, and cotangents by the names of `wrt`."""

    values: Arrays
    cotangents: Arrays


class HessianVectorProductResult(NamedTuple):
    """A scalar; its gradients and the products, by the names of `along`."""

    value: Array
    gradients: Arrays
    products: Arrays


Result = ValueResult | GradientResult | JvpResult | VjpResult | HessianVectorProductResult


@dataclass
class Execution:
    """What ran, and what it took.

    Attributes:
        backend: name of the backend that answered.
        tier: interpreted or compiled.
        function_evaluations: how often the function was evaluated; 1 for exact methods.
        seconds: time of the run alone.
        non_finite: whether a result is NaN or infinite.
        non_finite_block: the first block in topological order whose value is not finite; empty when there is none.
        issues: what kept blocks from finite results, a stable word such as SINGULAR, by their names.
        warnings: what the caller should know.
    """

    backend: str
    tier: Tier
    function_evaluations: int
    seconds: float
    non_finite: bool = False
    non_finite_block: str = ""
    issues: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Evaluation(NamedTuple):
    """The answers to all queries of a request, and what they took."""

    results: tuple[Result, ...]
    execution: Execution

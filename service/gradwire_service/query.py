"""What can be asked of a graph at a point, and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gradwire_service.backend import Tier
from gradwire_service.errors import InvalidRequestError
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
        directions: number of tangents, which lie along an axis in front; None: there is one, without that axis.
    """

    of: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    directions: int | None = None


@dataclass(frozen=True)
class VjpQuery:
    """Asks how sensitivities go back to what they depend on.

    Attributes:
        of: names of outputs or values whose cotangents come with the point.
        wrt: names of values; empty: all floating variables.
        directions: number of cotangents, which lie along an axis in front; None: there is one, without that axis.
    """

    of: tuple[str, ...] = ()
    wrt: tuple[str, ...] = ()
    directions: int | None = None


@dataclass(frozen=True)
class HessianVectorProductQuery:
    """Asks how the gradient of a scalar moves when the point does.

    Attributes:
        of: name of a scalar; empty: the only output.
        along: names of the values that move; their vectors come with the point.
    """

    of: str = ""
    along: tuple[str, ...] = ()


@dataclass(frozen=True)
class JacobianQuery:
    """Asks for first derivatives of any values.

    Attributes:
        of: names of outputs or values; empty: all floating outputs.
        wrt: names of values; empty: all floating variables.
        is_dense: whether all entries are returned, not only those that may differ from zero.
    """

    of: tuple[str, ...] = ()
    wrt: tuple[str, ...] = ()
    is_dense: bool = True


@dataclass(frozen=True)
class HessianQuery:
    """Asks for second derivatives of a scalar.

    Attributes:
        of: name of a scalar; empty: the only output.
        wrt: names of values; empty: all floating variables.
        is_dense: whether all entries are returned, not only those that may differ from zero.
    """

    of: str = ""
    wrt: tuple[str, ...] = ()
    is_dense: bool = True


Query = ValueQuery | GradientQuery | JvpQuery | VjpQuery | HessianVectorProductQuery | JacobianQuery | HessianQuery


def direction_count(along: Arrays) -> int:
    """Return the number of directions: the size of the axis in front of batched tangents or cotangents.

    Raises: InvalidRequestError when there is no such axis.
    """
    for name, array in along.items():
        if array.ndim == 0:
            text = f"{name!r} is to be a batch of directions, but has shape []; stack them along an axis in front"
            raise InvalidRequestError(text, block=name)
    return next((len(array) for array in along.values()), 0)


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


class CoordinateMatrix(NamedTuple):
    """The entries of a matrix that may differ from zero, by row, then by column; none comes twice.

    Where they are is the same at every point: results share the arrays that tell it, which can't be written to.

    Attributes:
        shape: number of rows and of columns.
        rows: row of each entry: a row-major place in the value that was differentiated.
        columns: column of each entry: a row-major place in the value that it was differentiated with respect to.
        values: each entry.
    """

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array


Matrices = Mapping[tuple[str, str], Array | CoordinateMatrix]
"""Derivatives of one value with respect to another, by their names; of dense ones the shape is that of both."""


class JacobianResult(NamedTuple):
    """Values by the names of `of`, their derivatives, and the number of directions that were swept along."""

    values: Arrays
    matrices: Matrices
    sweeps: int


class HessianResult(NamedTuple):
    """A scalar, its gradients and second derivatives, and the number of directions that were swept along."""

    value: Array
    gradients: Arrays
    matrices: Matrices
    sweeps: int


Result = (
    ValueResult | GradientResult | JvpResult | VjpResult | HessianVectorProductResult | JacobianResult | HessianResult
)


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

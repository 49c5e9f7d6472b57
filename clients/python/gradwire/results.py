"""What calls return. Arrays are fresh and writable, of the element type and shape that they have in the graph.

The classes are not frozen: making a frozen one takes twice as long, and one is made at every call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwire import v1 as pb
from gradwire.tensors import Array

Arrays = dict[str, Array]


@dataclass(slots=True)
class Execution:
    """What ran, and what it took.

    Attributes:
        backend: name of the backend that answered.
        tier: "interpreted", "compiled" or "instruction_loop".
        function_evaluations: how often the function was evaluated; 1 for exact methods.
        seconds: time of the run alone, on the server.
        non_finite: whether a value that was computed is NaN or infinite.
        non_finite_block: the first block whose value is not finite; empty when there is none.
        issues: what kept blocks from finite results, by their names: "NOT_POSITIVE_DEFINITE" or "SINGULAR", of a
            matrix.
    """

    backend: str
    tier: str
    function_evaluations: int
    seconds: float
    non_finite: bool = False
    non_finite_block: str = ""
    issues: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, message: pb.Execution) -> Execution:
        """Read the message."""
        return cls(
            message.backend,
            TIERS.get(message.tier, "unknown"),
            message.function_evaluations,
            message.seconds,
            message.non_finite,
            message.non_finite_block,
            {issue.block: issue.issue for issue in message.issues},
        )


def enum_names(enum: Any, prefix: str) -> dict[int, str]:
    """Return the words for the values of an enum, by number: its names without the prefix, in lower case."""
    return {number: name.removeprefix(prefix).lower() for name, number in enum.items()}


TIERS = enum_names(pb.ExecutionTier, "EXECUTION_TIER_")


@dataclass(slots=True)
class ValueResult:
    """Values.

    Attributes:
        values: by name.
        execution: what ran.
    """

    values: Arrays
    execution: Execution


@dataclass(slots=True)
class GradientResult:
    """A scalar, and its gradient.

    Attributes:
        value: the scalar.
        gradients: by the names of `wrt`, each of the type of that value.
        execution: what ran.
    """

    value: np.floating[Any]
    gradients: Arrays
    execution: Execution


@dataclass(slots=True)
class JvpResult:
    """Values, and how they move.

    Attributes:
        values: by the names of `of`.
        tangents: by the names of `of`; batched tangents give them a leading axis.
        execution: what ran.
    """

    values: Arrays
    tangents: Arrays
    execution: Execution


@dataclass(slots=True)
class VjpResult:
    """Values, and the sensitivities of what they depend on.

    Attributes:
        values: by the names of the cotangents that were given.
        cotangents: by the names of `wrt`; batched cotangents give them a leading axis.
        execution: what ran.
    """

    values: Arrays
    cotangents: Arrays
    execution: Execution


@dataclass(slots=True)
class HvpResult:
    """A scalar, its gradient, and the product of its Hessian and a vector.

    Attributes:
        value: the scalar.
        gradients: by the names of the vectors.
        products: by the names of the vectors.
        execution: what ran.
    """

    value: np.floating[Any]
    gradients: Arrays
    products: Arrays
    execution: Execution


@dataclass(slots=True)
class CoordinateMatrix:
    """The entries of a matrix that may differ from zero, by row, then by column.

    Attributes:
        shape: number of rows and columns.
        rows, columns: place of each entry, row-major in its value.
        values: each entry.

    >>> scipy.sparse.coo_array((matrix.values, (matrix.rows, matrix.columns)), shape=matrix.shape)
    """

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array

    def to_dense(self) -> Array:
        """Return the matrix with its zeros."""
        dense = np.zeros(self.shape, self.values.dtype)
        dense[self.rows, self.columns] = self.values
        return dense


Matrices = dict[tuple[str, str], Array | CoordinateMatrix]
"""Matrices of derivatives, by the names of the value of the rows and the value of the columns."""


@dataclass(slots=True)
class JacobianResult:
    """First derivatives.

    Attributes:
        values: by the names of `of`.
        matrices: derivatives of a value with respect to another.
        execution: what ran.
        sweeps: number of directions that were swept along: at most that of columns, or of rows; few if it is sparse.
    """

    values: Arrays
    matrices: Matrices
    execution: Execution
    sweeps: int


@dataclass(slots=True)
class HessianResult:
    """Second derivatives of a scalar.

    Attributes:
        value: the scalar.
        gradients: by the names of `wrt`.
        matrices: derivatives with respect to a value and another.
        execution: what ran.
        sweeps: number of Hessian-vector products that were computed.
    """

    value: np.floating[Any]
    gradients: Arrays
    matrices: Matrices
    execution: Execution
    sweeps: int


Answer = ValueResult | GradientResult | JvpResult | VjpResult | HvpResult | JacobianResult | HessianResult
"""What a query is answered with."""


class Evaluation(dict[str, Array]):
    """Values by name, as a dict, and what else was asked.

    Attributes:
        answers: one for each query, in order; a single one for the values when there were no queries.
        execution: what ran.
    """

    def __init__(self, answers: Sequence[Answer], execution: Execution) -> None:
        super().__init__()
        for answer in answers:
            if isinstance(answer, ValueResult):
                self.update(answer.values)
        self.answers = tuple(answers)
        self.execution = execution

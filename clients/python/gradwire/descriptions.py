"""What is told of a graph: its values and cost, its derivative, and how well a gradient is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from gradwire import v1 as pb
from gradwire.errors import GradwireError, from_status
from gradwire.execution import FiniteDifference
from gradwire.graph import Graph
from gradwire.results import Arrays, Execution, enum_names
from gradwire.tensors import decode_scalar, decode_tensors, element_type_of

_KINDS = enum_names(pb.ValueKind, "VALUE_KIND_")


@dataclass(frozen=True)
class Cost:
    """Estimated work.

    Attributes:
        flops: floating-point operations.
        bytes: memory read and written, if every block runs on its own.
    """

    flops: int
    bytes: int


@dataclass(frozen=True)
class ValueDescription:
    """What is known of a value before any run.

    Attributes:
        name: name of the value.
        kind: "variable", "constant" or "block".
        op: op of the block; empty for others.
        inputs: names of what the block takes.
        shape: length of each axis; None when a size is not known.
        element_type: type of the elements; empty when it is not known.
        cost: of the block; None when a size is not known, and for others.
    """

    name: str
    kind: str
    op: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...] | None
    element_type: str
    cost: Cost | None

    @classmethod
    def of(cls, message: pb.ValueDescription) -> Self:
        """Read the message."""
        known = message.HasField("type")
        return cls(
            message.name,
            _KINDS.get(message.kind, "unknown"),
            message.op,
            tuple(message.inputs),
            tuple(message.type.shape) if known else None,
            element_type_of(message.type) if known else "",
            _cost(message),
        )


@dataclass(frozen=True)
class Rendering:
    """A graph, shown in the formats that were asked for; the others are empty.

    Attributes:
        text: the canonical text form.
        latex: formulas.
        dot: a drawing in Graphviz's language.
        svg: a drawing.
    """

    text: str = ""
    latex: str = ""
    dot: str = ""
    svg: str = ""

    @classmethod
    def of(cls, message: pb.GraphRendering) -> Self:
        """Read the message."""
        return cls(message.text, message.latex, message.dot, message.svg)

    def _repr_svg_(self) -> str | None:
        return self.svg or None

    def _repr_latex_(self) -> str | None:
        return f"$$\\begin{{aligned}}{self.latex}\\end{{aligned}}$$" if self.latex else None


@dataclass(frozen=True)
class Description:
    """A graph, described.

    Attributes:
        graph_id: its identity.
        values: every value in topological order, composites expanded.
        cost: of one evaluation of all outputs; None when a size is not known.
        rendering: pictures of it.
    """

    graph_id: str
    values: tuple[ValueDescription, ...]
    cost: Cost | None
    rendering: Rendering

    @classmethod
    def of(cls, message: pb.DescribeGraphResponse) -> Self:
        """Read the message."""
        values = tuple(map(ValueDescription.of, message.values))
        return cls(message.graph_id, values, _cost(message), Rendering.of(message.rendering))


class Derivative(Graph):
    """A derivative as a graph, to print, send, store or run elsewhere.

    Attributes:
        derivatives: name of the output that holds the derivative, by name of the value.
        seeds: name of the variable that takes the cotangent, tangent or vector, by name of the value.
        rendering: pictures of it.
    """

    derivatives: dict[str, str]
    seeds: dict[str, str]
    rendering: Rendering

    @classmethod
    def of(cls, message: pb.DifferentiateGraphResponse) -> Self:
        """Read the message."""
        found = cls.from_message(message.graph)
        found.derivatives = dict(message.derivatives)
        found.seeds = dict(message.seeds)
        found.rendering = Rendering.of(message.rendering)
        return found


@dataclass(frozen=True)
class GradientCheck:
    """How well a gradient agrees with finite differences.

    Attributes:
        wrt: name of the value.
        passed: whether the error is within the tolerance.
        greatest_relative_error: dimensionless.
        worst_element: row-major place of the element with the greatest error.
        exact, numerical: the derivative for that element by the backend, and by finite differences.
    """

    wrt: str
    passed: bool
    greatest_relative_error: float
    worst_element: int
    exact: float
    numerical: float

    @classmethod
    def of(cls, message: pb.GradientCheck) -> Self:
        """Read the message."""
        error, place = message.greatest_relative_error, message.worst_element
        return cls(message.wrt, message.passed, error, place, message.exact, message.numerical)


@dataclass(frozen=True)
class CheckResult:
    """A gradient, held against finite differences.

    Attributes:
        passed: whether every value passed.
        checks: one for each of `wrt`.
        execution: what ran for the gradient that was checked.
        function_evaluations: what the finite differences took.
    """

    passed: bool
    checks: tuple[GradientCheck, ...]
    execution: Execution
    function_evaluations: int

    @classmethod
    def of(cls, message: pb.CheckGradientResponse) -> Self:
        """Read the message."""
        checks = tuple(map(GradientCheck.of, message.checks))
        return cls(message.passed, checks, Execution.of(message.execution), message.function_evaluations)


@dataclass(frozen=True)
class Comparison:
    """One way to differentiate, held against the reference.

    Attributes:
        backend: its name.
        finite_difference: its settings, when it has any.
        value: the scalar; None when the way failed.
        gradients: by the names of `wrt`; empty when the way failed.
        greatest_relative_error: over all elements, dimensionless.
        relative_errors: greatest for each of `wrt`.
        execution: what ran; `seconds` is the fastest of the timed runs.
        first_seconds: time to the first answer.
        error: why the way failed; None when it did not.
    """

    backend: str
    finite_difference: FiniteDifference | None
    value: np.floating[Any] | None
    gradients: Arrays
    greatest_relative_error: float
    relative_errors: Mapping[str, float]
    execution: Execution
    first_seconds: float
    error: GradwireError | None = None

    @classmethod
    def of(cls, message: pb.CompareBackendsResponse, bulk: Sequence[memoryview]) -> Self:
        """Read the message."""
        answered = message.HasField("result")
        return cls(
            message.options.backend,
            FiniteDifference.of(message.options),
            decode_scalar(message.result.value) if answered else None,
            decode_tensors(message.result.gradients, bulk) if answered else {},
            message.greatest_relative_error,
            dict(message.relative_errors),
            Execution.of(message.execution),
            message.first_seconds,
            from_status(message.error) if message.HasField("error") else None,
        )


def _cost(message: pb.ValueDescription | pb.DescribeGraphResponse) -> Cost | None:
    return Cost(message.cost.flops, message.cost.bytes) if message.HasField("cost") else None

"""What calls return. Arrays are fresh and writable, of the element type and shape that they have in the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwire import v1 as pb
from gradwire.errors import GradwireError
from gradwire.execution import FiniteDifference
from gradwire.graph import Graph
from gradwire.tensors import Array

Arrays = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Execution:
    """What ran, and what it took.

    Attributes:
        backend: name of the backend that answered.
        tier: "interpreted", "compiled" or "instruction_loop".
        function_evaluations: how often the function was evaluated; 1 for exact methods.
        seconds: time of the run alone, on the server.
        non_finite: whether a value that was computed is NaN or infinite.
        non_finite_block: the first block whose value is not finite; empty when there is none.
    """

    backend: str
    tier: str
    function_evaluations: int
    seconds: float
    non_finite: bool = False
    non_finite_block: str = ""

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
        )


def enum_names(enum: Any, prefix: str) -> dict[int, str]:
    """Return the words for the values of an enum, by number: its names without the prefix, in lower case."""
    return {number: name.removeprefix(prefix).lower() for name, number in enum.items()}


TIERS = enum_names(pb.ExecutionTier, "EXECUTION_TIER_")


@dataclass(frozen=True, slots=True)
class ValueResult:
    """Values.

    Attributes:
        values: by name.
        execution: what ran.
    """

    values: Arrays
    execution: Execution


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class CoordinateMatrix:
    """The entries of a matrix that may differ from zero, by row, then by column.

    Attributes:
        shape: number of rows and columns.
        rows, columns: place of each entry, row-major in its value.
        values: each entry.
    """

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array


Matrices = dict[tuple[str, str], Array | CoordinateMatrix]
"""Matrices of derivatives, by the names of the value of the rows and the value of the columns."""


@dataclass(frozen=True, slots=True)
class JacobianResult:
    """First derivatives.

    Attributes:
        values: by the names of `of`.
        matrices: derivatives of a value with respect to another.
        execution: what ran.
    """

    values: Arrays
    matrices: Matrices
    execution: Execution


@dataclass(frozen=True, slots=True)
class HessianResult:
    """Second derivatives of a scalar.

    Attributes:
        value: the scalar.
        gradients: by the names of `wrt`.
        matrices: derivatives with respect to a value and another.
        execution: what ran.
    """

    value: np.floating[Any]
    gradients: Arrays
    matrices: Matrices
    execution: Execution


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
        flops: floating-point operations; None when a size is not known.
        bytes: memory read and written; None when a size is not known.
    """

    name: str
    kind: str
    op: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...] | None
    element_type: str
    flops: int | None
    bytes: int | None


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
        flops: of one evaluation of all outputs; None when a size is not known.
        bytes: read and written by one evaluation; None when a size is not known.
        rendering: pictures of it.
    """

    graph_id: str
    values: tuple[ValueDescription, ...]
    flops: int | None
    bytes: int | None
    rendering: Rendering


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


@dataclass(frozen=True)
class Comparison:
    """One way to differentiate, held against the reference.

    Attributes:
        backend: its name.
        finite_difference: its settings, when it is a numerical way; None otherwise.
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


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer remembers between steps: keep it, and give it to the next.

    Attributes:
        optimizer: name of the optimizer.
        step: number of updates so far.
        slots: what is remembered, by name: ``m/w`` is the slot ``m`` of the parameter ``w``.
    """

    optimizer: str
    step: int
    slots: Arrays = field(repr=False)


class StepResult(tuple[Arrays, OptimizerState]):
    """Parameters and state after a step: ``parameters, state = service.step(…)``.

    Attributes:
        loss: before the update.
        learning_rate: of the update.
        gradient_norm: 2-norm of the gradient of all parameters, before clipping.
        skipped: whether the update was left out because something was not finite.
        execution: what ran.
    """

    loss: float
    learning_rate: float
    gradient_norm: float
    skipped: bool
    execution: Execution

    @classmethod
    def of(cls, message: pb.StepResponse, bulk: Bulk) -> Self:
        """Read the message."""
        result = cls((decode_tensors(message.parameters, bulk), OptimizerState.of(message.state, bulk)))
        result.loss = message.loss
        result.learning_rate = message.learning_rate
        result.gradient_norm = message.gradient_norm
        result.skipped = message.skipped
        result.execution = Execution.of(message.execution)
        return result

    @property
    def parameters(self) -> Arrays:
        """The parameters after the update, by name."""
        return self[0]

    @property
    def state(self) -> OptimizerState:
        """What the optimizer remembers."""
        return self[1]


@dataclass(frozen=True)
class Progress:
    """How far a minimization is.

    Attributes:
        step: steps so far, those of an earlier state included.
        epoch: epochs finished so far.
        loss: averaged over the rows since the last report.
        learning_rate: of the last step.
        gradient_norm: 2-norm of the last gradient of all parameters.
        parameter_norm: 2-norm of all parameters.
        validation_loss: of held-out data; None when there are none.
        skipped_steps: left out so far because something was not finite.
        function_evaluations: so far.
        seconds: since the start.
        parameters: by name, when they were asked for.
    """

    step: int
    epoch: int
    loss: float
    learning_rate: float
    gradient_norm: float
    parameter_norm: float
    validation_loss: float | None
    skipped_steps: int
    function_evaluations: int
    seconds: float
    parameters: Arrays = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class MinimizeResult:
    """How a minimization ended.

    Attributes:
        parameters: by name; the last, or the best when they were asked for.
        state: what the optimizer remembers, to go on; None for methods that own their loop.
        loss: at these parameters, over all rows.
        parameters_step: step at which they were reached.
        stop_reason: why it stopped, such as "epochs", "converged" or "patience".
        message: the same in words.
        progress: the last report.
        history: all reports.
        execution: what ran.
    """

    parameters: Arrays
    state: OptimizerState | None
    loss: float
    parameters_step: int
    stop_reason: str
    message: str
    progress: Progress
    history: tuple[Progress, ...] = field(repr=False)
    execution: Execution

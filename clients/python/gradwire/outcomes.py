"""What optimizers return: states, steps, progress, and ends of minimizations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from gradwire import v1 as pb
from gradwire.history import History
from gradwire.plotting.training import training
from gradwire.results import Arrays, Execution, enum_names
from gradwire.tensors import Array, decode_tensor, decode_tensors, encode_tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_REASONS = enum_names(pb.StopReason, "STOP_REASON_")


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer remembers between steps: keep it, and give it to the next.

    Attributes:
        optimizer: name of the optimizer.
        step: number of updates so far.
        slots: what is remembered, by name: ``m/w`` is the slot ``m`` of the parameter ``w``.
        position: number of steps so far, those left out included: where batches go on.
        numbers: what a run has seen of the loss, by name.
    """

    optimizer: str
    step: int
    slots: Arrays = field(repr=False)
    position: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, message: pb.OptimizerState, bulk: Sequence[memoryview]) -> Self:
        """Read the message."""
        slots = decode_tensors(message.slots, bulk)
        return cls(message.optimizer, message.step, slots, message.position, dict(message.numbers))

    def message(self) -> pb.OptimizerState:
        """Return it as a message."""
        slots = {key: encode_tensor(x) for key, x in self.slots.items()}
        return pb.OptimizerState(
            optimizer=self.optimizer, step=self.step, slots=slots, position=self.position, numbers=self.numbers
        )


class StepResult(tuple[Arrays, OptimizerState]):
    """Parameters and state after a step: ``parameters, state = service.step(…)``.

    Attributes:
        loss: before the update.
        learning_rate: of the update.
        gradient_norm: 2-norm of the gradient of all parameters, before clipping.
        skipped: whether the update was left out because something was not finite.
        averaged: running means of the parameters, by name; empty when they were not asked for.
        execution: what ran.
    """

    loss: float
    learning_rate: float
    gradient_norm: float
    skipped: bool
    averaged: Arrays
    execution: Execution

    @classmethod
    def of(cls, message: pb.StepResponse, bulk: Sequence[memoryview]) -> Self:
        """Read the message."""
        result = cls((decode_tensors(message.parameters, bulk), OptimizerState.of(message.state, bulk)))
        result.loss = message.loss
        result.learning_rate = message.learning_rate
        result.gradient_norm = message.gradient_norm
        result.skipped = message.skipped
        result.averaged = decode_tensors(message.averaged_parameters, bulk)
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
        metrics: those that were asked for, by name.
        skipped_steps: left out so far because something was not finite.
        function_evaluations: so far.
        seconds: since the start.
        parameters: by name, when they were asked for.
        candidates: of a search, all candidates of the generation, by name, with an axis of them in front, when
            parameters were asked for.
        candidate_losses: their losses, infinite where one is not finite; empty when they were not asked for.
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
    candidates: Arrays = field(default_factory=dict, repr=False)
    candidate_losses: Array = field(default_factory=lambda: np.empty(0), repr=False, compare=False)
    metrics: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, message: pb.MinimizationProgress, bulk: Sequence[memoryview]) -> Self:
        """Read the message."""
        return cls(
            message.step,
            message.epoch,
            message.loss,
            message.learning_rate,
            message.gradient_norm,
            message.parameter_norm,
            message.validation_loss if message.HasField("validation_loss") else None,
            message.skipped_steps,
            message.function_evaluations,
            message.seconds,
            decode_tensors(message.parameters, bulk),
            decode_tensors(message.candidates, bulk),
            decode_tensor(message.candidate_losses, bulk) if message.HasField("candidate_losses") else np.empty(0),
            dict(message.metrics),
        )


@dataclass(frozen=True)
class LocalMinimum:
    """One of the places where runs from several starts ended.

    Attributes:
        parameters: of the lowest run that ended there, by name.
        loss: at these parameters.
        starts: numbers of the starts that led there, from 0.
    """

    parameters: Arrays
    loss: float
    starts: tuple[int, ...]


@dataclass(frozen=True)
class MinimizeResult:
    """How a minimization ended.

    Attributes:
        parameters: by name; the last, or the best when they were asked for.
        state: what the optimizer remembers, to go on; None for methods that own their loop.
        loss: at these parameters, over all rows.
        parameters_step: step at which they were reached.
        stop_reason: why it stopped, such as "epochs", "converged" or "patience"; "interrupted" when the caller was.
        message: the same in words.
        progress: the last report.
        history: all reports that came: ``history.loss`` is the array of their losses, and so on.
        execution: what ran.
        minima: where runs from several starts ended, the lowest first; empty of one run.
        averaged: running means of the parameters after the last step, by name; empty when they were not asked for.
        last_parameters: by name, where `state` goes on from; the best or not.
    """

    parameters: Arrays
    state: OptimizerState | None
    loss: float
    parameters_step: int
    stop_reason: str
    message: str
    progress: Progress
    history: History = field(repr=False)
    execution: Execution
    minima: tuple[LocalMinimum, ...] = ()
    averaged: Arrays = field(default_factory=dict, repr=False)
    last_parameters: Arrays = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, message: pb.MinimizationResult, history: Sequence[Progress], bulk: Sequence[memoryview]) -> Self:
        """Read the message.

        Args:
            message: the message.
            history: the reports before it.
            bulk: what was cut out of it.
        """
        parameters = decode_tensors(message.parameters, bulk)
        return cls(
            parameters,
            OptimizerState.of(message.state, bulk) if message.HasField("state") else None,
            message.loss,
            message.parameters_step,
            _REASONS.get(message.stop_reason, "unknown"),
            message.message,
            Progress.of(message.progress, bulk),
            History(history),
            Execution.of(message.execution),
            tuple(LocalMinimum(decode_tensors(x.parameters, bulk), x.loss, tuple(x.starts)) for x in message.minima),
            decode_tensors(message.averaged_parameters, bulk),
            decode_tensors(message.last_parameters, bulk) or parameters,
        )

    @classmethod
    def interrupted(cls, history: Sequence[Progress]) -> Self | None:
        """Return what the last report says, of a minimization whose caller was interrupted; None if it says too little.

        The loss is that of the report, and there is no state to go on from.

        Args:
            history: the reports that came.
        """
        if not history or not history[-1].parameters:
            return None
        last = history[-1]
        message = f"interrupted; these are the parameters of the last report, after step {last.step}"
        ran = Execution("", "unknown", last.function_evaluations, last.seconds)
        return cls(
            last.parameters,
            None,
            last.loss,
            last.step,
            "interrupted",
            message,
            last,
            History(history),
            ran,
            last_parameters=last.parameters,
        )

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw loss, learning rate and metrics; `gw.plotting` has more pictures.

        Args:
            path: file to write; its ending tells the form. Default: none.

        Returns: the figure, which a notebook shows.
        Raises: ValueError without a report; ModuleNotFoundError where matplotlib is absent.
        """
        return training(self.history, path)

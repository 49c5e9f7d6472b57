"""The tree of errors that Gradwire raises, each with a stable reason.

A class states three things once: the `reason` that clients switch on (listed in `error_reason.proto`), the canonical
gRPC `code` that it travels under, and, in its docstring, what happened. The message says the fault, then the remedy,
in the words of the caller's graph. Nothing here knows gRPC: the server turns an error into a status.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self


class GradwireError(Exception):
    """Something that Gradwire refuses or could not do.

    Args:
        message: the fault, then the remedy.
        block: id of the block at fault, when there is one.
        field: path of the offending field in the request, such as ``graph.blocks[3].inputs[1]``.
        details: further facts for a program to read, such as a limit and the value that passed it.
    """

    reason: ClassVar[str] = "INTERNAL"
    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, block: str = "", field: str = "", **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.block = block
        self.field = field
        self.details = {name: str(value) for name, value in details.items()}

    @property
    def faults(self) -> Sequence[GradwireError]:
        """The single faults; this error itself unless it gathers several."""
        return (self,)

    def in_block(self, block: str, op: str) -> Self:
        """Say which block is at fault, unless that is known already, or the block has no name; return the error."""
        if block and not self.block:
            self.block = block
            self.message = f"block {block!r} ({op}): {self.message}"
            self.args = (self.message,)
        return self


class InvalidRequestError(GradwireError):
    """The request can't be answered as it stands; sending it again changes nothing."""

    reason = "QUERY_INVALID"
    code = "INVALID_ARGUMENT"


class MalformedMessageError(InvalidRequestError):
    """The bytes are not the message that the method takes."""

    reason = "MALFORMED_MESSAGE"


class MalformedTensorError(InvalidRequestError):
    """The bytes of a tensor do not fit its type and shape."""

    reason = "MALFORMED_TENSOR"


class LimitExceededError(InvalidRequestError):
    """A fixed limit was passed; `details` holds the limit and the value."""

    reason = "LIMIT_EXCEEDED"


class InvalidGraphError(InvalidRequestError):
    """A fault in a graph."""


class SeveralFaultsError(InvalidGraphError):
    """All faults of a graph at once; its reason is that of the first."""

    def __init__(self, faults: Sequence[GradwireError]) -> None:
        super().__init__(
            f"{len(faults)} faults: " + "; ".join(fault.message for fault in faults),
            block=faults[0].block,
            field=faults[0].field,
            **faults[0].details,
        )
        self.reason = faults[0].reason  # type: ignore[misc]  # of this instance: the first fault's
        self._faults = tuple(faults)

    @property
    def faults(self) -> Sequence[GradwireError]:
        """The single faults, in the order of the graph."""
        return self._faults


class GraphCycleError(InvalidGraphError):
    """Blocks feed each other in a circle; the message names them in order."""

    reason = "GRAPH_CYCLE"


class UnknownOpError(InvalidGraphError):
    """A block names an op that neither the catalog nor the graph's composites know."""

    reason = "UNKNOWN_OP"


class UnknownValueError(InvalidGraphError):
    """A name does not belong to any block, variable or constant."""

    reason = "UNKNOWN_VALUE"


class ArityError(InvalidGraphError):
    """A block has fewer or more inputs than its op takes."""

    reason = "WRONG_ARITY"


class DuplicateIdError(InvalidGraphError):
    """Two values bear one name."""

    reason = "DUPLICATE_ID"


class AttributeMissingError(InvalidGraphError):
    """A block lacks an attribute that its op requires."""

    reason = "ATTRIBUTE_MISSING"


class AttributeUnknownError(InvalidGraphError):
    """A block has an attribute that its op does not know."""

    reason = "ATTRIBUTE_UNKNOWN"


class AttributeTypeError(InvalidGraphError):
    """An attribute is of another type than its op takes."""

    reason = "ATTRIBUTE_TYPE"


class AttributeValueError(InvalidGraphError):
    """An attribute is of the right type, but outside what its op takes."""

    reason = "ATTRIBUTE_VALUE"


class OutputMissingError(InvalidGraphError):
    """A graph has no output, or an output names a value that is not there."""

    reason = "OUTPUT_MISSING"


class CompositeRecursionError(InvalidGraphError):
    """A composite block contains itself, directly or through others."""

    reason = "COMPOSITE_RECURSION"


class InvalidNameError(InvalidGraphError):
    """A name has characters that names do not have."""

    reason = "INVALID_NAME"


class ShapeError(InvalidGraphError):
    """The inputs of a block do not fit together."""

    reason = "SHAPE_MISMATCH"


class ElementTypeError(InvalidGraphError):
    """An op was given element types that it does not take, or that do not mix."""

    reason = "ELEMENT_TYPE_MISMATCH"


class DimensionError(InvalidGraphError):
    """One named dimension was bound to two sizes."""

    reason = "DIMENSION_CONFLICT"


class TextSyntaxError(InvalidGraphError):
    """The text form of a graph can't be read; the message tells line and column."""

    reason = "TEXT_SYNTAX"


class InputMissingError(InvalidRequestError):
    """A variable of the graph was not fed."""

    reason = "INPUT_MISSING"


class InputUnknownError(InvalidRequestError):
    """An input was fed that the graph has no variable for."""

    reason = "INPUT_UNKNOWN"


class NotDifferentiableError(InvalidRequestError):
    """A gradient of, or with respect to, a value that is not floating."""

    reason = "NOT_DIFFERENTIABLE"


class NotScalarError(InvalidRequestError):
    """A gradient was asked of a value that is not a scalar."""

    reason = "NOT_SCALAR"


class IndexRangeError(InvalidRequestError):
    """An integer that was fed as an index lies outside the axis that it indexes."""

    reason = "INDEX_OUT_OF_RANGE"


class UnsupportedByBackendError(InvalidRequestError):
    """A backend can't do what was asked, for a block or a query that the message names."""

    reason = "UNSUPPORTED_BY_BACKEND"


class BackendUnknownError(InvalidRequestError):
    """No backend of that name is registered."""

    reason = "BACKEND_UNKNOWN"


class OptimizerUnknownError(InvalidRequestError):
    """No optimizer or schedule of that name exists."""

    reason = "OPTIMIZER_UNKNOWN"


class HyperparameterError(InvalidRequestError):
    """A hyperparameter is unknown, of the wrong type, or outside its range."""

    reason = "HYPERPARAMETER_INVALID"


class OptimizerUnavailableError(GradwireError):
    """An optimizer exists, but the library that it is made of is not installed."""

    reason = "OPTIMIZER_UNAVAILABLE"
    code = "FAILED_PRECONDITION"


class StateMismatchError(InvalidRequestError):
    """An optimizer's state does not belong to these parameters and this optimizer."""

    reason = "STATE_MISMATCH"


class DataMismatchError(InvalidRequestError):
    """Data for training do not have the same number of rows, or none."""

    reason = "DATA_MISMATCH"


class BackendUnavailableError(GradwireError):
    """A backend is registered, but its library is not installed or does not load."""

    reason = "BACKEND_UNAVAILABLE"
    code = "FAILED_PRECONDITION"


class NotFiniteError(GradwireError):
    """A value is NaN or infinite where a finite one is needed."""

    reason = "NOT_FINITE"
    code = "FAILED_PRECONDITION"


class GraphUnknownError(GradwireError):
    """No graph of that id is registered; send the graph itself."""

    reason = "GRAPH_UNKNOWN"
    code = "NOT_FOUND"


class TensorUnknownError(GradwireError):
    """No tensor of that digest is stored; put it again."""

    reason = "TENSOR_UNKNOWN"
    code = "NOT_FOUND"


class TensorDamagedError(GradwireError):
    """The bytes that arrived do not have the digest that was announced."""

    reason = "TENSOR_DAMAGED"
    code = "DATA_LOSS"


class TrainingJobUnknownError(GradwireError):
    """There is no training job of that name."""

    reason = "TRAINING_JOB_UNKNOWN"
    code = "NOT_FOUND"


class TrainingJobStateError(GradwireError):
    """A training job is in a state that does not allow what was asked."""

    reason = "TRAINING_JOB_WRONG_STATE"
    code = "FAILED_PRECONDITION"


class RequestIdConflictError(GradwireError):
    """A request id was used before with another request."""

    reason = "REQUEST_ID_CONFLICT"
    code = "ABORTED"


class CheckpointDamagedError(GradwireError):
    """What is stored of a training job is not what was written."""

    reason = "CHECKPOINT_DAMAGED"
    code = "DATA_LOSS"


class StorageError(GradwireError):
    """What is to be on disk can't be put there."""


class StorageFullError(StorageError):
    """There is no room on the disk on which training jobs are kept."""

    reason = "STORAGE_FULL"
    code = "RESOURCE_EXHAUSTED"


class StorageFailedError(StorageError):
    """The disk on which training jobs are kept can't be read or written."""

    reason = "STORAGE_FAILED"
    code = "UNAVAILABLE"


class NotImplementedByServerError(GradwireError):
    """The contract has it, this server does not serve it."""

    reason = "NOT_IMPLEMENTED"
    code = "UNIMPLEMENTED"


class CancelledError(GradwireError):
    """The caller cancelled; the work was stopped between two blocks."""

    reason = "CANCELLED"
    code = "CANCELLED"


class DeadlineExceededError(GradwireError):
    """The caller's deadline passed; the work was stopped between two blocks."""

    reason = "DEADLINE_EXCEEDED"
    code = "DEADLINE_EXCEEDED"


class OutOfMemoryError(GradwireError):
    """The work needs more memory than there is at this moment."""

    reason = "OUT_OF_MEMORY"
    code = "RESOURCE_EXHAUSTED"


class OverloadedError(GradwireError):
    """More work is queued than the server takes; try again later.

    Class attributes:
        retry_after: seconds after which to try again.
    """

    reason = "OVERLOADED"
    code = "RESOURCE_EXHAUSTED"
    retry_after: ClassVar[float] = 0.5


class ServerStoppingError(GradwireError):
    """The server is shutting down; another one, or the next, will answer."""

    reason = "SERVER_STOPPING"
    code = "UNAVAILABLE"


class InternalError(GradwireError):
    """A bug in Gradwire; the server's log has it under the request's id."""


def raise_all(faults: Sequence[GradwireError]) -> None:
    """Raise the faults as one error, or return when there is none.

    Raises: the single fault, or `SeveralFaultsError`.
    """
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise SeveralFaultsError(faults)

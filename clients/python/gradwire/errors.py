"""The errors that calls raise: a class for every reason, under a class for every canonical code.

Catch by reason (`GraphCycleError`), by code (`InvalidArgumentError`), or all (`GradwireError`). A reason that this
version does not know arrives as the class of its code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from google.rpc import error_details_pb2, status_pb2

DOMAIN = "gradwire"
_DETAILS_KEY = "grpc-status-details-bin"


class Fault(NamedTuple):
    """One of the faults that an error tells.

    Attributes:
        field: path in the request, such as ``graph.blocks[3].inputs[1]``.
        reason: a reason as in `GradwireError.reason`; empty when it is told only of the whole.
        message: the fault, then the remedy.
    """

    field: str
    reason: str
    message: str


class GradwireError(Exception):
    """Something that Gradwire refuses or could not do.

    Attributes:
        message: the fault, then the remedy.
        reason: a stable name for programs to switch on, as `error_reason.proto` lists them.
        code: canonical gRPC code, such as ``INVALID_ARGUMENT``.
        faults: every single fault that was found.
        metadata: further facts, such as ``block``, ``limit`` and ``value``.
    """

    reason: str = ""
    code: ClassVar[str] = ""
    _by_code: ClassVar[dict[str, type[GradwireError]]] = {}
    _by_reason: ClassVar[dict[str, type[GradwireError]]] = {}

    def __init_subclass__(cls, code: str = "", reason: str = "") -> None:
        super().__init_subclass__()
        if code:
            cls.code = code
            GradwireError._by_code[code] = cls
        if reason:
            cls.reason = reason
            GradwireError._by_reason[reason] = cls

    def __init__(
        self, message: str, *, reason: str = "", faults: Iterable[Fault] = (), metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.faults = tuple(faults)
        self.metadata = dict(metadata or {})
        if reason:
            self.reason = reason

    @property
    def block(self) -> str:
        """Id of the block at fault; empty when there is none."""
        return self.metadata.get("block", "")


class TracingError(GradwireError, TypeError):
    """Code does something with a value that a graph can't hold; the message tells what to write instead."""


class EmbeddedServerError(GradwireError):
    """The embedded server can't be started."""


# One class a code.


class InvalidArgumentError(GradwireError, code="INVALID_ARGUMENT"):
    """The request can't be answered as it stands; sending it again changes nothing."""


class NotFoundError(GradwireError, code="NOT_FOUND"):
    """Something that the request names is not there."""


class FailedPreconditionError(GradwireError, code="FAILED_PRECONDITION"):
    """The request is right, but something else has to happen first."""


class UnimplementedError(GradwireError, code="UNIMPLEMENTED"):
    """The server does not serve this."""


class ResourceExhaustedError(GradwireError, code="RESOURCE_EXHAUSTED"):
    """The server has not enough of something at this moment."""


class UnavailableError(GradwireError, code="UNAVAILABLE"):
    """The server can't be reached, or is going away; safe to send again."""


class DataLossError(GradwireError, code="DATA_LOSS"):
    """Bytes were damaged on the way or where they are stored."""


class AbortedError(GradwireError, code="ABORTED"):
    """The request conflicts with an earlier one."""


class UnauthenticatedError(GradwireError, code="UNAUTHENTICATED", reason="UNAUTHENTICATED"):
    """The call bears no token, or one that is not valid."""


class PermissionDeniedError(GradwireError, code="PERMISSION_DENIED", reason="PERMISSION_DENIED"):
    """The token is valid, but lacks the right that the method needs."""


class CallCancelledError(GradwireError, code="CANCELLED", reason="CANCELLED"):
    """The call was cancelled; the work was stopped."""


class DeadlineExceededError(GradwireError, code="DEADLINE_EXCEEDED", reason="DEADLINE_EXCEEDED"):
    """The time that the call was given has passed; the work was stopped. Give it a longer `timeout`."""


class InternalError(GradwireError, code="INTERNAL", reason="INTERNAL"):
    """A bug in Gradwire; the message bears the id under which the server's log has it."""


# Faults of graphs.


class InvalidGraphError(InvalidArgumentError):
    """A fault in a graph."""


class GraphCycleError(InvalidGraphError, reason="GRAPH_CYCLE"):
    """Blocks feed each other in a circle; the message names them in order."""


class UnknownOpError(InvalidGraphError, reason="UNKNOWN_OP"):
    """A block names an op that neither the server nor the graph's composites have."""


class UnknownValueError(InvalidGraphError, reason="UNKNOWN_VALUE"):
    """A name belongs to no block, variable or constant."""


class ArityError(InvalidGraphError, reason="WRONG_ARITY"):
    """A block has more or fewer inputs than its op takes."""


class DuplicateIdError(InvalidGraphError, reason="DUPLICATE_ID"):
    """Two values, outputs or composites bear one name."""


class AttributeMissingError(InvalidGraphError, reason="ATTRIBUTE_MISSING"):
    """A block lacks an attribute that its op requires."""


class AttributeUnknownError(InvalidGraphError, reason="ATTRIBUTE_UNKNOWN"):
    """A block has an attribute that its op does not know."""


class AttributeTypeError(InvalidGraphError, reason="ATTRIBUTE_TYPE"):
    """An attribute is of another type than its op takes."""


class AttributeValueError(InvalidGraphError, reason="ATTRIBUTE_VALUE"):
    """An attribute has the right type, but a value that its op does not take."""


class OutputMissingError(InvalidGraphError, reason="OUTPUT_MISSING"):
    """A graph has no output, or an output shows a value that is not there."""


class CompositeRecursionError(InvalidGraphError, reason="COMPOSITE_RECURSION"):
    """A composite contains itself, directly or through others."""


class InvalidNameError(InvalidGraphError, reason="INVALID_NAME"):
    """A name has characters that names do not have."""


class ShapeError(InvalidGraphError, reason="SHAPE_MISMATCH"):
    """Shapes do not fit together."""


class ElementTypeError(InvalidGraphError, reason="ELEMENT_TYPE_MISMATCH"):
    """Element types do not mix, or are not what an op takes."""


class DimensionError(InvalidGraphError, reason="DIMENSION_CONFLICT"):
    """One named dimension was bound to two sizes, or to none."""


class TextSyntaxError(InvalidGraphError, reason="TEXT_SYNTAX"):
    """The text form of a graph can't be read; the message tells line and column."""


# Faults of requests.


class IndexRangeError(InvalidArgumentError, reason="INDEX_OUT_OF_RANGE"):
    """An index that is data lies outside its axis."""


class InputMissingError(InvalidArgumentError, reason="INPUT_MISSING"):
    """A variable of the graph was not fed."""


class InputUnknownError(InvalidArgumentError, reason="INPUT_UNKNOWN"):
    """An input was fed for which the graph has no variable."""


class NotDifferentiableError(InvalidArgumentError, reason="NOT_DIFFERENTIABLE"):
    """A derivative of, or with respect to, a value that is not floating."""


class NotScalarError(InvalidArgumentError, reason="NOT_SCALAR"):
    """A gradient was asked of a value that is not a scalar."""


class MalformedMessageError(InvalidArgumentError, reason="MALFORMED_MESSAGE"):
    """The bytes are not the message that the method takes."""


class MalformedTensorError(InvalidArgumentError, reason="MALFORMED_TENSOR"):
    """The bytes of a tensor do not fit its element type and shape."""


class QueryError(InvalidArgumentError, reason="QUERY_INVALID"):
    """A query, an option or another part of the request can't be answered as it stands."""


class UnsupportedByBackendError(InvalidArgumentError, reason="UNSUPPORTED_BY_BACKEND"):
    """The backend can't do what was asked; the message names the block or the query."""


class BackendUnknownError(InvalidArgumentError, reason="BACKEND_UNKNOWN"):
    """No backend of that name is registered."""


class OptimizerUnknownError(InvalidArgumentError, reason="OPTIMIZER_UNKNOWN"):
    """No optimizer or schedule of that name exists."""


class OptimizerUnavailableError(FailedPreconditionError, reason="OPTIMIZER_UNAVAILABLE"):
    """The library that an optimizer is made of is not installed on the server; the message says how to install it."""


class HyperparameterError(InvalidArgumentError, reason="HYPERPARAMETER_INVALID"):
    """A hyperparameter is unknown, missing, of the wrong type or out of range."""


class StateMismatchError(InvalidArgumentError, reason="STATE_MISMATCH"):
    """The optimizer's state does not belong to these parameters and this optimizer."""


class DataMismatchError(InvalidArgumentError, reason="DATA_MISMATCH"):
    """The tensors of training data differ in their number of rows, or have none."""


class LimitExceededError(InvalidArgumentError, reason="LIMIT_EXCEEDED"):
    """A fixed limit was passed; `metadata` hold ``limit`` and ``value``."""


# What is not there, not ready, or too much.


class GraphUnknownError(NotFoundError, reason="GRAPH_UNKNOWN"):
    """The server does not know a graph of that id (any more)."""


class TensorUnknownError(NotFoundError, reason="TENSOR_UNKNOWN"):
    """The server does not have a tensor of that digest (any more); put it again."""


class TrainingJobUnknownError(NotFoundError, reason="TRAINING_JOB_UNKNOWN"):
    """There is no training job of that name."""


class BackendUnavailableError(FailedPreconditionError, reason="BACKEND_UNAVAILABLE"):
    """The backend's library is not installed on the server, or does not load."""


class NotFiniteError(FailedPreconditionError, reason="NOT_FINITE"):
    """A value is NaN or infinite where a finite one is needed."""


class TrainingJobStateError(FailedPreconditionError, reason="TRAINING_JOB_WRONG_STATE"):
    """The training job is in a state that does not allow this."""


class NotImplementedByServerError(UnimplementedError, reason="NOT_IMPLEMENTED"):
    """The contract has it, this server does not."""


class OutOfMemoryError(ResourceExhaustedError, reason="OUT_OF_MEMORY"):
    """The work needs more memory than there is at this moment."""


class OverloadedError(ResourceExhaustedError, reason="OVERLOADED"):
    """More is queued than the server takes."""


class ServerStoppingError(UnavailableError, reason="SERVER_STOPPING"):
    """The server is shutting down."""


class StorageFullError(ResourceExhaustedError, reason="STORAGE_FULL"):
    """The disk on which the server keeps training jobs is full."""


class StorageFailedError(UnavailableError, reason="STORAGE_FAILED"):
    """The disk on which the server keeps training jobs can't be read or written."""


class CheckpointDamagedError(DataLossError, reason="CHECKPOINT_DAMAGED"):
    """What is stored of a training job is not what was written."""


class TensorDamagedError(DataLossError, reason="TENSOR_DAMAGED"):
    """Bytes do not have the digest that was announced."""


class RequestIdConflictError(AbortedError, reason="REQUEST_ID_CONFLICT"):
    """A request id was used before with another request."""


def from_rpc(error: Any, address: str) -> GradwireError:
    """Turn what grpc raised into the error that the server meant.

    Args:
        error: what grpc raised, synchronous or asyncio.
        address: where the server is, to be told when it did not answer.
    """
    code = str(getattr(error.code(), "name", "UNKNOWN"))
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY:
            return _build(code, status_pb2.Status.FromString(bytes(value)))
    message = error.details() or ""
    if code == "UNAVAILABLE":
        message = f"no server answers at {address} ({message}); see that it runs and that the address is right"
    return _build(code, status_pb2.Status(message=message))


def from_status(status: status_pb2.Status) -> GradwireError:
    """Turn a status that travelled inside a message into an error."""
    return _build(_CODES.get(status.code, "UNKNOWN"), status)


# google.rpc.Code, whose numbers are gRPC's.
_CODES = dict(
    enumerate(
        "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
        "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
        "UNAUTHENTICATED".split()
    )
)


def _build(code: str, status: status_pb2.Status) -> GradwireError:
    info = error_details_pb2.ErrorInfo()
    request = error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(request)
    ours = info.domain == DOMAIN
    faults = [Fault(violation.field, violation.reason, violation.description) for violation in request.field_violations]
    by_code = GradwireError._by_code.get(code, GradwireError)
    cls = GradwireError._by_reason.get(info.reason, by_code) if ours else by_code
    message = status.message or f"the call failed with {code}"
    return cls(message, reason=info.reason if ours else code, faults=faults, metadata=info.metadata)

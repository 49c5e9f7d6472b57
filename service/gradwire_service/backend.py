"""What a backend is, and where backends come from.

A backend prepares a flat graph: it turns it into something that runs. That one method is all. A backend that
differentiates by itself adds `prepare_gradients`; the others run the gradient graph. Registration is one line of
entry points, in the group ``gradwire.backends``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

from gradwire_service.errors import BackendUnavailableError, BackendUnknownError, NotDifferentiableError, NotScalarError
from gradwire_service.graph import Array
from gradwire_service.ops.flat import FlatGraph

Tensors = Mapping[str, Array]
"""Arrays by the names of the values that they are."""

Interrupt = Callable[[], None]
"""Called between blocks; raises CancelledError or DeadlineExceededError to stop the run."""


def never() -> None:
    """Interrupt nothing."""


class Tier(Enum):
    """What answered: NumPy calls, or compiled code, be it made for the graph or for all graphs."""

    INTERPRETED = "interpreted"
    COMPILED = "compiled"


@dataclass
class RunInfo:
    """What a run cost, filled in by the executable.

    Attributes:
        tier: what answered.
        function_evaluations: how often the graph itself was evaluated; 0 when values and gradients came from one pass.
        warnings: what the caller should know, such as a step size that is below rounding error.
    """

    tier: Tier = Tier.INTERPRETED
    function_evaluations: int = 0
    warnings: list[str] = field(default_factory=list)


class Executable(Protocol):
    """A prepared graph. It may be called from several threads at once."""

    def __call__(self, inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
        """Run.

        Args:
            inputs: an array for every variable of the flat graph, of exactly its type, C-contiguous.
            interrupt: to be called between blocks of more than a millisecond of work.
            info: to be filled in.

        Returns: a fresh array for every output, of its type.
        """
        ...


@runtime_checkable
class DirectExecutable(Executable, Protocol):
    """An executable that checks by itself what it is fed, for calls with the least overhead."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the outputs, in the order in which `direct` returns them, once it has."""
        ...

    def direct(self, inputs: Mapping[str, Any]) -> Sequence[Array] | None:
        """Run the graph once, if that is possible without a conversion.

        Args:
            inputs: anything by name.

        Returns: a fresh array for every output; None when it must be called with inputs that were checked.
        """
        ...


@dataclass(frozen=True)
class Options:
    """What a request may ask of a backend; those that do not know an option ignore it.

    Attributes:
        method: of `finite_difference`: "forward", "central" or "richardson".
        step: of `finite_difference`: the half width h of the stencil over max(1, |x|), dimensionless; None: chosen for
            each element from its type and magnitude.
        executor: of `finite_difference`: name of the backend that evaluates the function.
    """

    method: str = "central"
    step: float | None = None
    executor: str = "numpy"


@runtime_checkable
class Backend(Protocol):
    """A plugin that runs flat graphs.

    Attributes:
        name: what requests call it.
        summary: one line for the catalog.
    """

    name: str
    summary: str

    def prepare(self, graph: FlatGraph) -> Executable:
        """Turn a graph into something that runs."""
        ...


@runtime_checkable
class DifferentiatingBackend(Backend, Protocol):
    """A backend that differentiates by itself."""

    def prepare_gradients(self, graph: FlatGraph, of: str, wrt: Sequence[str], options: Options) -> Executable:
        """Turn a graph into something that differentiates one scalar output.

        Args:
            graph: a flat graph.
            of: name of a scalar output.
            wrt: names of floating variables.
            options: as the request has them.

        Returns: an executable whose results are ``of`` and, for each of `wrt`, the gradient by the variable's name.
        Raises: UnsupportedByBackendError, naming the block.
        """
        ...

    def prepare_jvp(self, graph: FlatGraph, of: Sequence[str], wrt: Sequence[str], options: Options) -> Executable:
        """Turn a graph into something that differentiates outputs along one direction.

        Args:
            graph: a flat graph.
            of: names of floating outputs.
            wrt: names of floating variables that move; their tangents are fed as ``tangent NAME``.
            options: as the request has them.

        Returns: an executable whose results are, for each of `of`, the value by its name and the tangent as
            ``tangent NAME``.
        """
        ...


def check_ends(graph: FlatGraph, of: Sequence[str], wrt: Sequence[str]) -> None:
    """See that there is a derivative of these outputs with respect to these variables.

    Raises: NotDifferentiableError when one of them is not floating.
    """
    ends = [(name, graph.outputs[name]) for name in of] + [(name, graph.variables[name]) for name in wrt]
    for name, value in ends:
        kind = value.element_type
        if not kind.is_floating:
            label = value.name or name
            message = f"the elements of {label!r} are {kind}, not floating: they have no derivative"
            raise NotDifferentiableError(f"{message}; convert with astype(float64) first", block=label)


def check_scalar(graph: FlatGraph, of: str) -> None:
    """See that an output has a gradient.

    Raises: NotScalarError when it is not a scalar.
    """
    value = graph.outputs[of]
    if value.shape != ():
        label = value.name or of
        message = f"the gradient of {label!r} was asked for, but its shape is {[*value.shape]}, not []"
        raise NotScalarError(f"{message}; reduce it with sum or mean, or ask for a vjp", block=label)


@runtime_checkable
class CompilingBackend(Backend, Protocol):
    """A backend that compiles beside the calls: its executables answer at once and get faster when they are ready."""

    def wait(self, executable: Executable, timeout: float) -> bool:
        """Wait until an executable is compiled, or can't be; tell whether it is compiled.

        Args:
            executable: one that this backend prepared.
            timeout: longest time to wait, in seconds.
        """
        ...

    def close(self) -> None:
        """End compilers and free what was loaded."""
        ...

    def report(self) -> Mapping[str, Any]:
        """Tell what became of the compiler's work.

        Returns: what the backend has to tell, among it the numbers of programs as ``compiled``, ``from_cache`` and
            ``compiling``, and why some failed, by any key, as ``failed``.
        """
        ...


@dataclass(frozen=True)
class ExplainedStep:
    """What runs as one.

    Attributes:
        kind: how, in words, such as "loop nest".
        loops: sizes of the dimensions that its loops run over, the outermost first.
        blocks: labels of the blocks that it computes, in topological order.
        reads: labels of the values that it reads from memory.
        writes: labels of the values that it stores.
        reason: why it does not run in a kernel; "" when it does.
        bodies: the steps of each of its bodies.
    """

    kind: str
    loops: tuple[int, ...] = ()
    blocks: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reason: str = ""
    bodies: tuple[tuple[ExplainedStep, ...], ...] = ()


@dataclass(frozen=True)
class Buffer:
    """A value that lies in memory between steps.

    Attributes:
        name: its label.
        bytes: its size, in bytes.
        in_workspace: whether it is a piece of working memory, which others use before and after, or an array.
        first: number, from 0, of the step that stores it.
        last: number of the last step that needs it.
    """

    name: str
    bytes: int
    in_workspace: bool
    first: int
    last: int


@dataclass(frozen=True)
class Explanation:
    """What a backend makes of a graph. Values without a name of the client's are called by op and place, ``exp#7``.

    Attributes:
        route: what runs the graph, in words.
        state: what there is of its object code, in words.
        blocks: number of blocks of the graph that the backend is given.
        steps: in the order in which they run.
        buffers: values that lie in memory between steps.
        workspace: working memory of a run, in bytes.
        functions: source of each function, in the order in which they were written.
    """

    route: str
    state: str
    blocks: int
    steps: tuple[ExplainedStep, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    workspace: int = 0
    functions: Sequence[str] = ()


@runtime_checkable
class ExplainingBackend(Backend, Protocol):
    """A backend that tells what it makes of a graph."""

    def explain(self, graph: FlatGraph) -> Explanation:
        """Tell what would run, without waiting for a compiler."""
        ...


@dataclass(frozen=True)
class Availability:
    """A registered backend, whether it loads or not.

    Attributes:
        name: what requests call it.
        backend: the backend; None when it does not load.
        reason: why it does not load.
    """

    name: str
    backend: Backend | None
    reason: str = ""


@cache
def discover() -> Mapping[str, Availability]:
    """Load every registered backend once; one that does not load is listed with its reason."""
    found: dict[str, Availability] = {}
    for entry in sorted(entry_points(group="gradwire.backends"), key=lambda entry: entry.name):
        try:
            found[entry.name] = Availability(entry.name, entry.load()())
        except Exception as error:  # a plugin may fail in any way, and must not take the others with it
            found[entry.name] = Availability(entry.name, None, f"{type(error).__name__}: {error}")
    return found


def backend(name: str) -> Backend:
    """Return a backend by name.

    Raises: BackendUnknownError, BackendUnavailableError.
    """
    found = discover().get(name)
    if found is None:
        known = ", ".join(discover())
        raise BackendUnknownError(f"there is no backend {name!r}; there are: {known}", backend=name)
    if found.backend is None:
        raise BackendUnavailableError(f"backend {name!r} does not load: {found.reason}", backend=name)
    return found.backend

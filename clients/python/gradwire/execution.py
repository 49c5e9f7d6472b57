"""How a program is to be run: the settings that every call takes, by keyword."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

from gradwire import v1 as pb

_METHODS = {
    "": pb.FINITE_DIFFERENCE_METHOD_UNSPECIFIED,
    "forward": pb.FINITE_DIFFERENCE_METHOD_FORWARD,
    "central": pb.FINITE_DIFFERENCE_METHOD_CENTRAL,
    "richardson": pb.FINITE_DIFFERENCE_METHOD_RICHARDSON,
}


@dataclass(frozen=True)
class FiniteDifference:
    """How finite differences are taken.

    Attributes:
        method: "forward", "central" or "richardson".
        step: h over max(1, |x|), dimensionless; 0: chosen for each element from its type and magnitude.
        executor: name of the backend that evaluates the function; empty: the server's choice.
    """

    method: str = "central"
    step: float = 0.0
    executor: str = ""

    @classmethod
    def of(cls, options: pb.ExecutionOptions) -> FiniteDifference | None:
        """Read the settings of a run; None when it is not by finite differences."""
        if not options.HasField("finite_difference"):
            return None
        found = options.finite_difference
        names = {number: name for name, number in _METHODS.items() if name}
        return cls(names.get(found.method, "central"), found.step, found.executor)

    def __post_init__(self) -> None:
        if self.method not in _METHODS:
            raise ValueError(f"there is no method {self.method!r}; there are {', '.join(filter(None, _METHODS))}")


class Options(TypedDict, total=False):
    """Settings of a run.

    Keys:
        backend: name of a backend. Default: the server's, normally "numba".
        wait_for_compiled: wait for the compiler instead of taking a first answer from a slower tier.
        fast_math: allow simplifications that may change a NaN, an infinity or the sign of a zero.
        strict_nan: let a NaN arise in derivatives where 0 meets an infinity.
        finite_difference: settings of the backend "finite_difference".
        timeout: seconds that the call may take. Default: that of the connection.
    """

    backend: str
    wait_for_compiled: bool
    fast_math: bool
    strict_nan: bool
    finite_difference: FiniteDifference | None
    timeout: float | None


def encode_options(options: Options) -> bytes:
    """Return the settings as a message, without the timeout.

    Raises: TypeError when one is unknown.
    """
    return _encode(tuple(item for item in options.items() if item[0] != "timeout")) if options else b""


def options_message(options: Options) -> pb.ExecutionOptions:
    """Return the settings as a message, without the timeout."""
    return pb.ExecutionOptions.FromString(encode_options(options))


@lru_cache(256)
def _encode(settings: tuple[tuple[str, object], ...]) -> bytes:
    known = dict(settings)
    unknown = known.keys() - Options.__annotations__.keys()
    if unknown:
        raise TypeError(f"there is no setting {min(unknown)!r}; there are {', '.join(Options.__annotations__)}")
    found = known.pop("finite_difference", None)
    message = pb.ExecutionOptions(**known)  # type: ignore[arg-type]  # checked by name above, by type in there
    if isinstance(found, FiniteDifference):
        message.finite_difference.method = _METHODS[found.method]
        message.finite_difference.step = found.step
        message.finite_difference.executor = found.executor
    return message.SerializeToString()

"""Gradwire's service: graphs, ops, differentiation, backends, optimizers, and the server in front of them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradwire_service.engine import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> object:
    """Load the engine when it is first asked for: half a second that `gradwire --help` does without."""
    if name != "Engine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gradwire_service.engine import Engine

    return Engine

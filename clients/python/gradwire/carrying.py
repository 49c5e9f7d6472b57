"""Plans as methods: of a connection that does what they ask for at once, and of one that is awaited."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from gradwire.core import Core, Plan

P = ParamSpec("P")
T = TypeVar("T")


class Driver(Protocol):
    """What carries out plans."""

    _core: Core

    def _carry_out(self, plan: Plan[T]) -> T: ...


class AsyncDriver(Protocol):
    """What carries out plans when it is awaited."""

    _core: Core

    async def _carry_out(self, plan: Plan[T]) -> T: ...


def carried_out(plan: Callable[Concatenate[Core, P], Plan[T]]) -> Callable[Concatenate[Driver, P], T]:
    """Make a method of a plan."""

    def method(self: Driver, /, *arguments: P.args, **options: P.kwargs) -> T:
        return self._carry_out(plan(self._core, *arguments, **options))

    return update_wrapper(method, plan)


def awaited(
    plan: Callable[Concatenate[Core, P], Plan[T]],
) -> Callable[Concatenate[AsyncDriver, P], Coroutine[Any, Any, T]]:
    """Make a method of a plan, to be awaited."""

    def method(self: AsyncDriver, /, *arguments: P.args, **options: P.kwargs) -> Coroutine[Any, Any, T]:
        return self._carry_out(plan(self._core, *arguments, **options))

    return update_wrapper(method, plan)

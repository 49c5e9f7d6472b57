"""Training jobs as a connection offers them, `service.jobs`: the calls about them, and streams that are not lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import grpc

from gradwire import errors
from gradwire.carrying import awaited, carried_out
from gradwire.core import Plan
from gradwire.jobs import JobEvent, Named, Watching
from gradwire.outcomes import MinimizeResult, Progress
from gradwire.plans import jobs
from gradwire.progress import Reporter

if TYPE_CHECKING:
    from gradwire import aio
    from gradwire.service import Service

T = TypeVar("T")


class Jobs:
    """Training jobs: minimizations that go on by themselves, and across restarts of the server.

    >>> job = service.jobs.create(graph, parameters, data, optimizer=gw.optimizers.adam(1e-3), epochs=1000)
    >>> result = service.jobs.wait(job)
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._core = service._core

    def _carry_out(self, plan: Plan[T]) -> T:
        return self._service._carry_out(plan)

    create = carried_out(jobs.create)
    get = carried_out(jobs.get)
    list = carried_out(jobs.list_jobs)
    pause = carried_out(jobs.pause)
    resume = carried_out(jobs.resume)
    cancel = carried_out(jobs.cancel)
    delete = carried_out(jobs.delete)

    def watch(self, job: Named, after: int = 0, *, timeout: float | None = None) -> Iterator[JobEvent]:
        """Yield what happens to a job, to its end; a stream that is lost is taken up again, and nothing is missed.

        Args:
            job: the job, or its name.
            after: number of the last event that is known already; 0: from the first.
            timeout: seconds that it may take; None: no limit.

        Raises: GradwireError, by its reason.
        """
        watching = Watching(job, after)
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            link = self._service._link
            left = None if end is None else max(end - time.monotonic(), 0.001)
            method = link.channel.unary_stream(jobs.WATCH.path)
            call = method(watching.request(), timeout=left, metadata=link.target.metadata)
            try:
                for message in call:
                    yield watching.receive(*jobs.WATCH.read(message))
                return
            except grpc.RpcError as error:
                time.sleep(watching.pause_after(errors.from_rpc(error, link.target.address)))
                self._service._revive()
            finally:
                call.cancel()

    def wait(
        self,
        job: Named,
        *,
        progress: Callable[[Progress], object] | None = None,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> MinimizeResult:
        """Wait until a job ends; return how.

        Args:
            job: the job, or its name.
            progress: is given each report. Default: a progress bar in a terminal, else lines on stderr.
            quiet: show nothing.
            timeout: seconds to wait; None: no limit.

        Raises: why the job failed; GradwireError, by its reason.
        """
        history: list[Progress] = []
        with Reporter(progress, quiet=quiet) as reporter:
            for event in self.watch(job, timeout=timeout):
                if event.progress is not None:
                    history.append(event.progress)
                    reporter.report(event.progress)
        return self.get(job).outcome(history)


class AsyncJobs:
    """The same for asyncio: all methods are awaited, and `watch` is for ``async for``."""

    def __init__(self, service: aio.Service) -> None:
        self._service = service
        self._core = service._core

    async def _carry_out(self, plan: Plan[T]) -> T:
        return await self._service._carry_out(plan)

    create = awaited(jobs.create)
    get = awaited(jobs.get)
    list = awaited(jobs.list_jobs)
    pause = awaited(jobs.pause)
    resume = awaited(jobs.resume)
    cancel = awaited(jobs.cancel)
    delete = awaited(jobs.delete)

    async def watch(self, job: Named, after: int = 0, *, timeout: float | None = None) -> AsyncIterator[JobEvent]:
        """Yield what happens to a job, to its end; a stream that is lost is taken up again, and nothing is missed.

        Args:
            job: the job, or its name.
            after: number of the last event that is known already; 0: from the first.
            timeout: seconds that it may take; None: no limit.

        Raises: GradwireError, by its reason.
        """
        watching = Watching(job, after)
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            link = self._service._link
            left = None if end is None else max(end - time.monotonic(), 0.001)
            method = link.channel.unary_stream(jobs.WATCH.path)
            call = method(watching.request(), timeout=left, metadata=link.target.metadata)
            try:
                async for message in call:
                    yield watching.receive(*jobs.WATCH.read(message))
                return
            except grpc.RpcError as error:
                await asyncio.sleep(watching.pause_after(errors.from_rpc(error, link.target.address)))
                await self._service._revive()
            finally:
                call.cancel()

    async def wait(
        self,
        job: Named,
        *,
        progress: Callable[[Progress], object] | None = None,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> MinimizeResult:
        """Wait until a job ends; return how.

        Args:
            job: the job, or its name.
            progress: is given each report. Default: a progress bar in a terminal, else lines on stderr.
            quiet: show nothing.
            timeout: seconds to wait; None: no limit.

        Raises: why the job failed; GradwireError, by its reason.
        """
        history: list[Progress] = []
        with Reporter(progress, quiet=quiet) as reporter:
            async for event in self.watch(job, timeout=timeout):
                if event.progress is not None:
                    history.append(event.progress)
                    reporter.report(event.progress)
        return (await self.get(job)).outcome(history)

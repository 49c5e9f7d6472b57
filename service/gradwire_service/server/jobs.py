"""The part of OptimizationService that is about training jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire_service.backend import Interrupt
from gradwire_service.errors import GradwireError, InvalidRequestError
from gradwire_service.server.calls import Call, raw, status_error, stopping
from gradwire_service.server.job_work import Minimizing
from gradwire_service.server.reading import Reader
from gradwire_service.server.store import digest_of
from gradwire_service.server.workers import deadline_exceeded
from gradwire_service.training.job import Event, Job, Request, Wish
from gradwire_service.training.jobs import Jobs, Order
from gradwire_service.training.progress import Progress
from gradwire_service.training.running import Ending, Keep
from gradwire_service.training.snapshot import Snapshot
from gradwire_service.training.store import Store
from gradwire_service.wire.jobs import (
    changed,
    changes_of,
    check_text,
    check_texts,
    creation,
    decode_name,
    decode_page,
    encode_checkpoint,
    encode_event,
    encode_job,
    fingerprint,
    whole,
)
from gradwire_service.wire.methods import encode_report
from gradwire_service.wire.tensors import Bulk

_EVENTS = 100
"""Events that a watcher is read at once: what a slow one has not taken waits on disk."""


class JobServicer:
    """Training jobs: made, told about, told what to do.

    Attributes:
        jobs: the jobs.
    """

    def __init__(self, reader: Reader, store: Store) -> None:
        """Begin; jobs run once they are started.

        Args:
            reader: reads requests.
            store: keeps the jobs.
        """
        self._reader, self._minimizing = reader, Minimizing(reader)
        self.jobs = Jobs(store, self._work)
        self._views: Mapping[int, Callable[[Job], pb.TrainingJob]] = {
            pb.TRAINING_JOB_VIEW_BASIC: encode_job,
            pb.TRAINING_JOB_VIEW_FULL: self._full,
            pb.TRAINING_JOB_VIEW_REACHED: partial(self._full, given=False),
        }

    @raw
    async def CreateTrainingJob(self, data: bytes, call: Call) -> bytes:
        return await call.work(lambda _: self._create(data))

    def _create(self, data: bytes) -> bytes:
        request, bulk = self._reader.message(pb.CreateTrainingJobRequest, data)
        check_texts(request.training_job)
        asked = request.training_job.minimization
        known = asked.graph.graph_id
        graph_id = known if known.startswith("sha256:") else self._reader.graph(asked.graph, bulk).id
        same = creation(request, graph_id, digest_of, bulk)

        def order() -> Order:
            if request.training_job.checkpoint_steps < 0:
                text = f"checkpoints every {request.training_job.checkpoint_steps} steps can't be made; 0: each second"
                raise InvalidRequestError(text, field="training_job.checkpoint_steps")
            graph = self._reader.graph(asked.graph, bulk)
            self._minimizing.check(asked, bulk)
            definition = whole(asked, graph, self._reader.store.get, bulk).SerializeToString()
            job = request.training_job
            return Order([definition], job.display_name, dict(job.labels), job.checkpoint_steps)

        return self.jobs.create(order, _request("CreateTrainingJob", request.request_id, same, _created))

    async def GetTrainingJob(self, request: pb.GetTrainingJobRequest, call: Call) -> pb.GetTrainingJobResponse:
        id = decode_name(request.name)
        show = self._views.get(request.view, self._full)
        return await call.work(lambda _: pb.GetTrainingJobResponse(training_job=show(self.jobs.store.job(id))))

    async def ListTrainingJobs(self, request: pb.ListTrainingJobsRequest, call: Call) -> pb.ListTrainingJobsResponse:
        states, before, size = decode_page(request)
        show = self._views.get(request.view, encode_job)

        def page(_: Interrupt) -> pb.ListTrainingJobsResponse:
            jobs = self.jobs.store.jobs(states, before, size + 1)
            token = str(jobs[size - 1].number) if len(jobs) > size else ""
            return pb.ListTrainingJobsResponse(training_jobs=map(show, jobs[:size]), next_page_token=token)

        return await call.work(page)

    def _full(self, job: Job, given: bool = True) -> pb.TrainingJob:
        """Return a job with all that it has reached and, if that is wanted, was given."""
        message = encode_job(job)
        asked, bulk = self._definition(self.jobs.store.files.read(job.definition), job.changes)
        if given:
            graph = self._reader.graph(asked.graph, bulk)
            message.minimization.CopyFrom(whole(asked, graph, self._reader.store.get, bulk))
        reached = self.jobs.reached(job.id)
        if isinstance(reached, Snapshot):
            message.checkpoint.CopyFrom(encode_checkpoint(reached))
        elif reached is not None:
            message.result.CopyFrom(self._minimizing.encode_ending(reached, asked, bulk))
        report = self.jobs.store.latest_report(job.id)
        if report is not None:
            message.progress.CopyFrom(encode_report(report))
        return message

    async def WatchTrainingJob(
        self, request: pb.WatchTrainingJobRequest, call: Call
    ) -> AsyncIterator[pb.WatchTrainingJobResponse]:
        id, after, ended = decode_name(request.name), request.after_event, False
        with self._news(id) as news:
            while not ended:
                if call.desk.stopping:
                    raise stopping()
                news.clear()
                events, is_last = await call.work(partial(self._next_events, id, after), call.next_deadline())
                for event in events:
                    yield pb.WatchTrainingJobResponse(event=encode_event(event))
                    after = event.number
                ended = is_last
                if not ended and not events and not call.desk.stopping:
                    await news.wait()

    def _next_events(self, id: str, after: int, _: Interrupt) -> tuple[list[Event], bool]:
        """Return what happened after an event, and whether nothing else will."""
        job = self.jobs.store.job(id)
        events = self.jobs.store.events(id, after, _EVENTS)
        last = events[-1].number if events else after
        return events, job.state.has_ended and last >= job.event_number

    async def PauseTrainingJob(self, request: pb.PauseTrainingJobRequest, call: Call) -> bytes:
        return await self._tell(Wish.PAUSE, request, call, pb.PauseTrainingJobResponse)

    async def CancelTrainingJob(self, request: pb.CancelTrainingJobRequest, call: Call) -> bytes:
        return await self._tell(Wish.CANCEL, request, call, pb.CancelTrainingJobResponse)

    async def _tell(
        self,
        wish: Wish,
        request: pb.PauseTrainingJobRequest | pb.CancelTrainingJobRequest,
        call: Call,
        response: type[pb.PauseTrainingJobResponse] | type[pb.CancelTrainingJobResponse],
    ) -> bytes:
        """Tell a job what to do, and wait until it is done."""
        id = decode_name(request.name)
        ask = self.jobs.pause if wish is Wish.PAUSE else self.jobs.cancel
        known = _request(call.method.name, request.request_id, request, _answering(response))
        with self._news(id) as news:
            answer = await call.work(lambda _: ask(id, known))
            while answer is None:
                news.clear()
                answer = await call.work(lambda _: self.jobs.settled(id, wish, known))
                if answer is None:
                    try:
                        await asyncio.wait_for(news.wait(), call.deadline - time.monotonic())
                    except TimeoutError:
                        raise deadline_exceeded() from None
        return answer

    async def ResumeTrainingJob(self, request: pb.ResumeTrainingJobRequest, call: Call) -> bytes:
        id = decode_name(request.name)
        known = _request(call.method.name, request.request_id, request, _answering(pb.ResumeTrainingJobResponse))

        def resume(_: Interrupt) -> bytes:
            changes = changes_of(request)
            if changes is None:
                return self.jobs.resume(id, None, known)
            job = self.jobs.store.job(id)
            merged = changed(pb.Minimization.FromString(job.changes), changes.SerializeToString()).SerializeToString()
            asked, bulk = self._definition(self.jobs.store.files.read(job.definition), merged)
            self._minimizing.check(asked, bulk)
            return self.jobs.resume(id, merged, known)

        return await call.work(resume)

    async def DeleteTrainingJob(self, request: pb.DeleteTrainingJobRequest, call: Call) -> bytes:
        id = decode_name(request.name)
        known = _request(call.method.name, request.request_id, request, lambda _: b"")
        return await call.work(lambda _: self.jobs.delete(id, request.allow_missing, known))

    @contextmanager
    def _news(self, id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set, in this loop, when there may be news of a job."""
        news, loop = asyncio.Event(), asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(news.set)

        with self.jobs.listening(id, tell):
            yield news

    # What jobs do

    def _definition(self, definition: memoryview, changes: bytes) -> tuple[pb.Minimization, Bulk]:
        """Read what a job is to do, changes included."""
        asked, bulk = self._reader.message(pb.Minimization, bytes(definition))
        return changed(asked, changes), bulk

    def _work(
        self, definition: memoryview, changes: bytes, resume: Snapshot | None, keep: Keep, interrupt: Interrupt
    ) -> Generator[Progress | Ending]:
        """Minimize as a job was told to."""
        try:
            asked, bulk = self._definition(definition, changes)
            yield from self._minimizing.events(asked, bulk, interrupt, resume, keep)
        except GradwireError:
            raise
        except Exception as error:
            raise status_error(error, "a training job") from None


def _request(method: str, id: str, request: Message, answer: Callable[[Job | None], bytes]) -> Request:
    check_text(id, "request_id")
    return Request(id, fingerprint(method, request), answer)


def _created(job: Job | None) -> bytes:
    return _answering(pb.CreateTrainingJobResponse)(job)


def _answering(response: Callable[..., Message]) -> Callable[[Job | None], bytes]:
    """Return what writes a response that has a job in it."""
    return lambda job: response(training_job=job and encode_job(job)).SerializeToString()

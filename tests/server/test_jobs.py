"""Training jobs over a real channel, and across ends of real servers."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from gradwire import v1 as pb
from gradwire_service.wire import decode_tensor, encode_tensors
from tests.server.calling import Caller, failure
from tests.server.test_optimization import LINE, MINIMIZE, START, X, Y, minimization
from tests.serving import ServerProcess, serving

CREATE, GET, LIST, WATCH, PAUSE, RESUME, CANCEL, DELETE = (
    f"OptimizationService/{verb}TrainingJob{'s' if verb == 'List' else ''}"
    for verb in "Create Get List Watch Pause Resume Cancel Delete".split()
)
BASIC, FULL = pb.TRAINING_JOB_VIEW_BASIC, pb.TRAINING_JOB_VIEW_FULL
ENDLESS = pb.StoppingRule(steps=10**9)
EVERY_STEP = pb.ReportingRule(every_steps=1)


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with training jobs of its own."""
    with serving("--backend", "numpy", "--data-dir", str(tmp_path_factory.mktemp("jobs"))) as process:
        yield process


@pytest.fixture
def caller(keeper: ServerProcess) -> Iterator[Caller]:
    with keeper.channel() as channel:
        yield Caller(channel)


def asked(**parts: Any) -> pb.Minimization:
    return minimization(**{"batching": pb.Batching(batch_size=7), "seed": 5, **parts}).minimization


def creation(request_id: str = "", checkpoint_steps: int = 0, **parts: Any) -> pb.CreateTrainingJobRequest:
    job = pb.TrainingJob(
        display_name="a line",
        labels={"kind": "test"},
        minimization=asked(**parts),
        checkpoint_steps=checkpoint_steps,
    )
    return pb.CreateTrainingJobRequest(training_job=job, request_id=request_id)


def create(caller: Caller, request_id: str = "", **parts: Any) -> str:
    name: str = caller.ask(CREATE, creation(request_id, **parts)).training_job.name
    return name


def get(caller: Caller, name: str, view: pb.TrainingJobView.ValueType = FULL) -> pb.TrainingJob:
    job: pb.TrainingJob = caller.ask(GET, pb.GetTrainingJobRequest(name=name, view=view)).training_job
    return job


def watch(caller: Caller, name: str, after: int = 0) -> list[pb.TrainingJobEvent]:
    request = pb.WatchTrainingJobRequest(name=name, after_event=after)
    return [response.event for response in caller.ask(WATCH, request, timeout=60)]


def ended(caller: Caller, name: str) -> pb.TrainingJob:
    watch(caller, name)
    return get(caller, name)


def refused(caller: Caller, method: str, request: Any) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        caller.ask(method, request)
    found = failure(caught.value)
    return found.code, found.reason


def streaming(channel: Any, name: str, after: int = 0) -> Any:
    """Return the running call of a watcher."""
    request = pb.WatchTrainingJobRequest(name=name, after_event=after).SerializeToString()
    call = channel.unary_stream(f"/gradwire.v1.{WATCH}", response_deserializer=pb.WatchTrainingJobResponse.FromString)
    return call(request, timeout=60)


def begun(caller: Caller, name: str) -> str:
    """Wait until a job runs."""
    call = streaming(caller.channel, name)
    next(response for response in call if response.event.state == pb.TRAINING_JOB_STATE_RUNNING)
    call.cancel()
    return name


def w_of(message: Any) -> bytes:
    return bytes(message.parameters["w"].data)


def test_a_job_comes_to_what_minimize_comes_to_and_tells_the_same(caller: Caller) -> None:
    *reports, last = caller.ask(MINIMIZE, pb.MinimizeRequest(minimization=asked()))
    first = caller.ask(CREATE, creation()).training_job
    assert first.name.startswith("trainingJobs/")
    assert (first.state, first.display_name, dict(first.labels)) == (
        pb.TRAINING_JOB_STATE_PENDING,
        "a line",
        {"kind": "test"},
    )
    events = watch(caller, first.name)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.state for event in events if event.WhichOneof("event") == "state"] == [1, 2, 4]
    told = [event.progress for event in events if event.HasField("progress")]
    assert [(p.step, p.loss) for p in told] == [(r.progress.step, r.progress.loss) for r in reports]
    job = get(caller, first.name)
    assert w_of(job.result) == w_of(last.result)
    assert (job.result.loss, job.result.stop_reason) == (last.result.loss, pb.STOP_REASON_EPOCHS)
    assert (job.result.state.step, job.committed_step) == (160, 160)
    assert job.result.graph_id == last.result.graph_id == job.result.graph_id
    assert job.minimization.parameters["w"].data == START["w"].data
    assert decode_tensor(job.minimization.data["x"]).tolist() == X.tolist()
    assert job.minimization.graph.graph.name == "line"
    assert job.create_time.ToNanoseconds() <= job.end_time.ToNanoseconds()
    reached = get(caller, first.name, pb.TRAINING_JOB_VIEW_REACHED)
    assert not reached.HasField("minimization")
    assert reached.result == job.result
    finished = events[-1].finished
    assert finished == get(caller, first.name, BASIC)
    assert not finished.HasField("minimization")
    assert not finished.HasField("result")


def test_watchers_begin_at_any_event_and_do_not_disturb_each_other(keeper: ServerProcess, caller: Caller) -> None:
    name = create(caller, stopping=pb.StoppingRule(steps=400), reporting=EVERY_STEP)
    with keeper.channel() as one, keeper.channel() as two:
        slow, quick = streaming(one, name), streaming(two, name)
        first = next(slow)  # and does not read on
        heard = [response.event for response in quick]
        assert [first.event, *(response.event for response in slow)] == heard
    assert len(heard) == heard[-1].number == 400 + 4
    assert get(caller, name, BASIC).state == pb.TRAINING_JOB_STATE_SUCCEEDED
    for after in (0, 1, 200, len(heard) - 1):
        assert watch(caller, name, after) == heard[after:]
    assert watch(caller, name, len(heard)) == []


def test_jobs_are_listed_the_latest_first_by_pages_and_states(caller: Caller) -> None:
    names = [create(caller, stopping=pb.StoppingRule(steps=i + 1)) for i in range(5)]
    for name in names:
        watch(caller, name)
    running = create(caller, stopping=ENDLESS)
    pages, token = [], ""
    for _ in range(2):
        page = caller.ask(LIST, pb.ListTrainingJobsRequest(page_size=3, page_token=token))
        pages += [job.name for job in page.training_jobs]
        token = page.next_page_token
    assert pages == [running, *reversed(names)]
    assert all(not job.HasField("minimization") for job in page.training_jobs)
    going = (pb.TRAINING_JOB_STATE_PENDING, pb.TRAINING_JOB_STATE_RUNNING)
    listed = caller.ask(LIST, pb.ListTrainingJobsRequest(states=going, view=FULL))
    assert [job.name for job in listed.training_jobs] == [running]
    assert listed.training_jobs[0].HasField("minimization")
    assert listed.next_page_token == ""
    caller.ask(CANCEL, pb.CancelTrainingJobRequest(name=running))
    assert refused(caller, LIST, pb.ListTrainingJobsRequest(page_size=-1)) == ("INVALID_ARGUMENT", "QUERY_INVALID")


def test_a_request_that_comes_again_is_done_once(caller: Caller) -> None:
    first = caller.ask(CREATE, creation("once", stopping=ENDLESS))
    name = first.training_job.name
    assert caller.ask(CREATE, creation("once", stopping=ENDLESS)) == first
    assert refused(caller, CREATE, creation("once")) == ("ABORTED", "REQUEST_ID_CONFLICT")
    pause = pb.PauseTrainingJobRequest(name=begun(caller, name), request_id="pause once")
    paused = caller.ask(PAUSE, pause)
    assert paused.training_job.state == pb.TRAINING_JOB_STATE_PAUSED
    assert paused.training_job.committed_step > 0
    assert caller.ask(PAUSE, pb.PauseTrainingJobRequest(name=name)).training_job == paused.training_job
    assert refused(caller, RESUME, pb.ResumeTrainingJobRequest(name=name, request_id="pause once"))[0] == "ABORTED"
    caller.ask(RESUME, pb.ResumeTrainingJobRequest(name=name))
    assert caller.ask(PAUSE, pause) == paused
    cancelled = caller.ask(CANCEL, pb.CancelTrainingJobRequest(name=name)).training_job
    assert cancelled.state == pb.TRAINING_JOB_STATE_CANCELLED
    delete = pb.DeleteTrainingJobRequest(name=name, request_id="delete once")
    assert caller.ask(DELETE, delete) == caller.ask(DELETE, delete) == pb.DeleteTrainingJobResponse()
    assert refused(caller, GET, pb.GetTrainingJobRequest(name=name)) == ("NOT_FOUND", "TRAINING_JOB_UNKNOWN")
    assert refused(caller, DELETE, pb.DeleteTrainingJobRequest(name=name))[1] == "TRAINING_JOB_UNKNOWN"
    caller.ask(DELETE, pb.DeleteTrainingJobRequest(name=name, allow_missing=True))


def test_a_cancelled_job_keeps_what_it_reached(caller: Caller) -> None:
    name = begun(caller, create(caller, stopping=ENDLESS))
    caller.ask(PAUSE, pb.PauseTrainingJobRequest(name=name))
    paused = get(caller, name)
    assert paused.checkpoint.step == paused.checkpoint.state.step == paused.committed_step
    assert np.isfinite(decode_tensor(paused.checkpoint.parameters["w"])).all()
    resumed = caller.ask(RESUME, pb.ResumeTrainingJobRequest(name=name)).training_job
    watching = streaming(caller.channel, name, resumed.event_number)
    assert next(watching).event.state == pb.TRAINING_JOB_STATE_RUNNING
    watching.cancel()
    caller.ask(CANCEL, pb.CancelTrainingJobRequest(name=name))
    job = get(caller, name)
    assert job.result.stop_reason == pb.STOP_REASON_CANCELLED
    assert job.result.parameters_step == job.committed_step >= paused.committed_step
    same = asked(stopping=pb.StoppingRule(steps=job.committed_step))
    assert w_of(job.result) == w_of(caller.ask(MINIMIZE, pb.MinimizeRequest(minimization=same))[-1].result)
    for method, request in (
        (PAUSE, pb.PauseTrainingJobRequest(name=name)),
        (RESUME, pb.ResumeTrainingJobRequest(name=name)),
    ):
        assert refused(caller, method, request) == ("FAILED_PRECONDITION", "TRAINING_JOB_WRONG_STATE")


def test_a_failed_job_says_why_and_goes_on_by_another_method(caller: Caller) -> None:
    wild = pb.Optimizer(name="sgd", hyperparameters={"learning_rate": pb.Attribute(real=1e30)})
    name = create(caller, optimizer=wild, stopping=ENDLESS)
    job = ended(caller, name)
    assert job.state == pb.TRAINING_JOB_STATE_FAILED
    assert grpc.StatusCode.FAILED_PRECONDITION.value[0] == job.error.code
    assert "lower the learning rate" in job.error.message
    assert b"NOT_FINITE" in job.error.details[0].value
    assert job.committed_step == job.checkpoint.step > 0
    bad = pb.ResumeTrainingJobRequest(name=name, optimizer=pb.Optimizer(name="magic"))
    assert refused(caller, RESUME, bad) == ("INVALID_ARGUMENT", "OPTIMIZER_UNKNOWN")
    tame = pb.Optimizer(name="sgd", hyperparameters={"learning_rate": pb.Attribute(real=0.1)})
    stopping = pb.StoppingRule(steps=job.committed_step + 800)
    caller.ask(RESUME, pb.ResumeTrainingJobRequest(name=name, optimizer=tame, stopping=stopping))
    events = watch(caller, name, job.event_number)
    assert events[-1].finished.state == pb.TRAINING_JOB_STATE_SUCCEEDED
    job = get(caller, name)
    assert not job.HasField("error")
    assert job.minimization.optimizer == tame
    assert (job.minimization.batching.batch_size, job.minimization.stopping) == (7, stopping)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"graph": pb.GraphSource(text=LINE.replace("square(e)", "magic(e)"))}, "UNKNOWN_OP"),
        ({"data": encode_tensors({"x": X[:, :1], "y": Y})}, "SHAPE_MISMATCH"),
        ({"data": encode_tensors({"x": X, "y": Y[:9]})}, "DATA_MISMATCH"),
        ({"data": encode_tensors({"x": X})}, "INPUT_MISSING"),
        ({"optimizer": pb.Optimizer(name="magic")}, "OPTIMIZER_UNKNOWN"),
        ({"stopping": pb.StoppingRule()}, "HYPERPARAMETER_INVALID"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_job_that_can_not_begin_is_refused_at_once(caller: Caller, parts: Any, reason: str) -> None:
    before = caller.ask(LIST, pb.ListTrainingJobsRequest())
    assert refused(caller, CREATE, creation(**parts)) == ("INVALID_ARGUMENT", reason)
    assert caller.ask(LIST, pb.ListTrainingJobsRequest()) == before


@pytest.mark.parametrize(
    "request_",
    [
        creation("r" * 129),
        pb.CreateTrainingJobRequest(training_job=pb.TrainingJob(display_name="n" * 129, minimization=asked())),
        pb.CreateTrainingJobRequest(
            training_job=pb.TrainingJob(labels={str(i): "" for i in range(65)}, minimization=asked())
        ),
        pb.CreateTrainingJobRequest(training_job=pb.TrainingJob(labels={"a": "b" * 129}, minimization=asked())),
    ],
    ids=["request id", "display name", "number of labels", "label"],
)
def test_texts_have_limits(caller: Caller, request_: pb.CreateTrainingJobRequest) -> None:
    assert refused(caller, CREATE, request_) == ("INVALID_ARGUMENT", "LIMIT_EXCEEDED")


def store_tensor(caller: Caller, array: Any) -> str:
    tensor = encode_tensors({"x": array})["x"]
    parts = [pb.PutTensorRequest(header=pb.PutTensorHeader(type=tensor.type)), pb.PutTensorRequest(data=tensor.data)]
    digest: str = caller.pour("TensorService/PutTensor", parts).digest
    return digest


def test_a_job_survives_kills_of_its_server_and_its_order_to_stop(tmp_path: Path) -> None:
    folder = str(tmp_path / "jobs")
    options = ("--backend", "numpy", "--data-dir", folder)
    heard: list[pb.TrainingJobEvent] = []

    def follow(server: ServerProcess, name: str, end: threading.Event) -> None:
        """Read on from the last event, until the stream is lost."""
        with server.channel() as channel:
            try:
                for response in streaming(channel, name, heard[-1].number if heard else 0):
                    heard.append(response.event)
                    if response.event.progress.step >= 100 * (len(ends) + 1):
                        end.set()
            except grpc.RpcError as lost:
                ends.append(lost.code())

    ends: list[grpc.StatusCode] = []
    request, name = pb.CreateTrainingJobRequest(), ""
    for number in (signal.SIGKILL, signal.SIGTERM):
        with serving(*options) as server, server.channel() as channel:
            caller = Caller(channel)
            if not name:
                # the graph by its id and a tensor by its digest: neither will be known to the next server
                digest = store_tensor(caller, X)
                data = {"x": pb.Tensor(digest=digest), **encode_tensors({"y": Y})}
                graph = pb.GraphSource(graph_id=caller.register(LINE))
                request = creation("once", graph=graph, data=data, stopping=ENDLESS, checkpoint_steps=50)
                name = caller.ask(CREATE, request).training_job.name
            assert caller.ask(CREATE, request).training_job.name == name
            far_enough = threading.Event()
            watcher = threading.Thread(target=follow, args=(server, name, far_enough))
            watcher.start()
            assert far_enough.wait(30)
            server.process.send_signal(number)
            assert server.process.wait(20) == (0 if number == signal.SIGTERM else -number)
            watcher.join(20)
    assert ends == [grpc.StatusCode.UNAVAILABLE] * 2
    with serving(*options) as server, server.channel() as channel:
        caller = Caller(channel)
        paused = caller.ask(PAUSE, pb.PauseTrainingJobRequest(name=name)).training_job
        assert paused.committed_step >= max(event.progress.step for event in heard) >= 200
        steps = pb.StoppingRule(steps=paused.committed_step + 50)
        caller.ask(RESUME, pb.ResumeTrainingJobRequest(name=name, stopping=steps))
        heard += watch(caller, name, heard[-1].number)
        same = asked(stopping=steps)
        *reports, response = caller.ask(MINIMIZE, pb.MinimizeRequest(minimization=same), timeout=60)
        assert w_of(get(caller, name).result) == w_of(response.result)
        told = [event.progress for event in heard if event.HasField("progress")]
        assert [(p.step, p.loss) for p in told] == [(r.progress.step, r.progress.loss) for r in reports]
        assert [event.number for event in heard] == list(range(1, len(heard) + 1))
        assert len(caller.ask(LIST, pb.ListTrainingJobsRequest()).training_jobs) == 1
        for path in itertools.islice((Path(folder) / "files").iterdir(), 5):
            data_bytes = bytearray(path.read_bytes())
            data_bytes[-20] ^= 1
            path.write_bytes(data_bytes)
        assert refused(caller, GET, pb.GetTrainingJobRequest(name=name)) == ("DATA_LOSS", "CHECKPOINT_DAMAGED")
        assert get(caller, name, BASIC).state == pb.TRAINING_JOB_STATE_SUCCEEDED


def test_methods_that_own_their_loop_and_searches_are_jobs_too(caller: Caller) -> None:
    whole: dict[str, Any] = {"batching": pb.Batching(), "stopping": pb.StoppingRule(epochs=30)}
    for name in ("bfgs", "genetic"):
        minimization_ = asked(**whole, optimizer=pb.Optimizer(name=name))
        *reports, last = caller.ask(MINIMIZE, pb.MinimizeRequest(minimization=minimization_))
        job_name = create(caller, **whole, optimizer=pb.Optimizer(name=name))
        events = watch(caller, job_name)
        told = [event.progress for event in events if event.HasField("progress")]
        assert [(p.step, p.loss) for p in told] == [(r.progress.step, r.progress.loss) for r in reports]
        job = get(caller, job_name)
        assert job.state == pb.TRAINING_JOB_STATE_SUCCEEDED
        assert (w_of(job.result), job.result.stop_reason) == (w_of(last.result), last.result.stop_reason)
        assert not job.result.HasField("state")


def test_a_search_that_pauses_starts_over_and_one_that_is_cancelled_keeps_its_best(caller: Caller) -> None:
    genetic = pb.Optimizer(name="genetic")
    name = begun(caller, create(caller, batching=pb.Batching(), optimizer=genetic, stopping=ENDLESS))
    paused = caller.ask(PAUSE, pb.PauseTrainingJobRequest(name=name)).training_job
    assert (paused.state, paused.committed_step) == (pb.TRAINING_JOB_STATE_PAUSED, 0)
    assert not get(caller, name).HasField("checkpoint")
    resumed = caller.ask(RESUME, pb.ResumeTrainingJobRequest(name=name)).training_job
    watching = streaming(caller.channel, name, resumed.event_number)
    assert next(watching).event.state == pb.TRAINING_JOB_STATE_RUNNING
    watching.cancel()
    cancelled = caller.ask(CANCEL, pb.CancelTrainingJobRequest(name=name)).training_job
    assert cancelled.state == pb.TRAINING_JOB_STATE_CANCELLED
    job = get(caller, name)
    assert job.result.stop_reason == pb.STOP_REASON_CANCELLED
    assert np.isfinite(decode_tensor(job.result.parameters["w"])).all()

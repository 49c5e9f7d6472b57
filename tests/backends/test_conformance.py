"""Every backend on every sample; and the suite itself: it finds what is wrong, in a stranger's plugin too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from gradwire_backends.complex_step import ComplexStepBackend
from gradwire_backends.finite_difference import FiniteDifferenceBackend
from gradwire_backends.numpy import NumpyBackend
from gradwire_backends.testing import (
    CHECKS,
    PROMISES,
    SAMPLES,
    Outcome,
    Promise,
    assert_close,
    run_suite,
)
from gradwire_service.backend import Backend, Executable, Interrupt, RunInfo, Tensors, Tier, never
from gradwire_service.errors import UnsupportedByBackendError
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Op
from gradwire_service.ops.body import Control

BACKENDS: tuple[Backend, ...] = (NumpyBackend(), FiniteDifferenceBackend(), ComplexStepBackend())

KINKED = {"abs", "clip", "max", "maximum", "min", "minimum", "norm", "relu"}  # norm: that of order 1 or infinity
KINKED |= {"copysign", "fmax", "fmin", "fmod", "remainder", "i0e", "i1e", "scaled_bessel"}
KINKED |= {"sort", "top_k", "cummax", "cummin", "scatter_max", "scatter_min", "reduce_window_max", "max_pool"}
KINKED |= {"huber", "hinge", "laplace_logpdf", "softsign"}

REAL = {"erfinv", "ndtri", "polygamma", "gammainc", "gammaincc", "gamma_density", "gammainc_by_shape"}
REAL |= {"betainc", "beta_density", "betainc_by_shapes"}
"""Ops that SciPy has no complex continuation of."""

FACTORED = {"eigh", "eigvalsh", "svd", "svdvals", "qr", "pinv", "lstsq", "cofactors", "cofactors_moved"}
FACTORED |= {"matrix_norm", "condition_number"}
"""Ops whose factorization is another one for complex matrices, with conjugates."""


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@pytest.mark.parametrize("promise", PROMISES)
def test_a_backend_keeps_its_promises(promise: Promise, backend: Backend) -> None:
    promise(backend)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@pytest.mark.parametrize("op", sorted({sample.op for sample in SAMPLES}))
def test_a_backend_is_right_on_every_sample_of_an_op(op: str, backend: Backend) -> None:
    for sample in SAMPLES:
        if sample.op == op:
            for check in CHECKS:
                try:
                    check(sample, backend)
                except Exception as fault:
                    fault.add_note(f"{check.__name__} {sample}")
                    raise


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_only_complex_step_refuses_and_only_what_is_not_analytic(backend: Backend) -> None:
    refused = {sample.op for sample in SAMPLES for check in CHECKS if check(sample, backend) is Outcome.REFUSED}
    assert refused == (KINKED | REAL | FACTORED if backend.name == "complex_step" else set())


def test_every_op_has_a_sample() -> None:
    alone = {name for name, op in Op.registry.items() if not op.internal and not issubclass(op, Control)}
    assert {sample.op for sample in SAMPLES} >= alone  # those over bodies are tried in tests/control


# Backends that are wrong in one way each. `change` gets what the interpreter would have answered.


class Wrong:
    """Interprets, and then makes its mistake."""

    summary = "Wrong in one way."

    def __init__(self, name: str, change: Callable[[Tensors, dict[str, np.ndarray]], object]) -> None:
        self.name = name
        self.change = change

    def prepare(self, graph: FlatGraph) -> Executable:
        """Interpret, and spoil the results."""
        run = interpret(graph)

        def spoilt(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
            results = dict(run(inputs, interrupt, info))
            self.change(inputs, results)
            return results

        return spoilt


def off_by_little(inputs: Tensors, results: dict[str, np.ndarray]) -> None:
    for name, array in results.items():
        if array.dtype.kind == "f" and array.size:
            results[name] = np.asarray(array * (1 + 1e-4))


def scalars(inputs: Tensors, results: dict[str, np.ndarray]) -> None:
    results.update({name: array[()] for name, array in results.items()})


def double(inputs: Tensors, results: dict[str, np.ndarray]) -> None:
    results.update({name: array.astype(np.float64) for name, array in results.items()})


def writing(inputs: Tensors, results: dict[str, np.ndarray]) -> None:
    for x in inputs.values():
        x *= 1


def zeros_for_nan(inputs: Tensors, results: dict[str, np.ndarray]) -> None:
    results.update({name: np.nan_to_num(array, posinf=np.inf, neginf=-np.inf) for name, array in results.items()})


def flat(inputs: Tensors, results: dict[str, np.ndarray]) -> None:
    results.update({name: array.reshape(-1) for name, array in results.items()})


MISTAKES: dict[Callable[[Tensors, dict[str, np.ndarray]], object], str] = {
    off_by_little: "which allows ±",
    scalars: "not an array",
    double: "has elements float64, not float32",
    writing: "ValueError: ",
    zeros_for_nan: "not nan",
    flat: "has shape [",
}


@pytest.mark.parametrize(("mistake", "told"), MISTAKES.items(), ids=lambda x: getattr(x, "__name__", ""))
def test_the_suite_finds_a_mistake(mistake: Callable[[Tensors, dict[str, np.ndarray]], object], told: str) -> None:
    samples = [sample for sample in SAMPLES if sample.op in ("sqrt", "add", "sum")]
    report = run_suite(Wrong("wrong", mistake), samples)
    assert not report.ok
    assert any(told in line for line in report.failures)
    assert str(report).splitlines()[-1].endswith(f"{len(report.failures)} failed")


def promise_broken(backend: Backend) -> list[str]:
    return [line.split(":")[0] for line in run_suite(backend, []).failures]


def test_results_that_share_memory_are_found() -> None:
    def share(inputs: Tensors, results: dict[str, np.ndarray]) -> None:
        if "x" in results:
            results["x"] = inputs["x"]

    assert promise_broken(Wrong("sharing", share)) == ["check_results_are_fresh"]


def test_a_backend_that_is_not_safe_with_threads_is_found() -> None:
    class OneWorkspace:
        name, summary = "one_workspace", "Every call writes into the same arrays."

        def prepare(self, graph: FlatGraph) -> Executable:
            run, workspace = interpret(graph), dict[str, np.ndarray]()

            def shared(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
                for name, array in run(inputs, interrupt, info).items():
                    workspace.setdefault(name, np.empty_like(array))[...] = array
                return dict(workspace)

            return shared

    assert "check_repeats_bit_for_bit" in promise_broken(OneWorkspace())


def test_a_backend_that_can_not_be_interrupted_is_found() -> None:
    class Deaf:
        name, summary = "deaf", "Never calls its interrupt."

        def prepare(self, graph: FlatGraph) -> Executable:
            run = interpret(graph)
            return lambda inputs, interrupt=never, info=None: run(inputs, never, info)

    assert promise_broken(Deaf()) == ["check_interrupt"]


class Refusing:
    """Refuses all ops."""

    name, summary = "refusing", "Refuses."

    def __init__(self, message: str) -> None:
        self.message = message

    def prepare(self, graph: FlatGraph) -> Executable:
        """Raise."""
        raise UnsupportedByBackendError(self.message.format(op=graph.outputs["y"].op.name))


def test_a_refusal_must_name_the_op() -> None:
    samples = [sample for sample in SAMPLES if sample.op == "exp"]
    named = run_suite(Refusing("no {op} here"), samples)
    assert named.refused
    assert not [line for line in named.failures if line.startswith("check_value")]
    unnamed = run_suite(Refusing("not here"), samples)
    assert not unnamed.refused
    assert "the refusal names no block: not here" in unnamed.failures[-1]


class Compiling(NumpyBackend):
    """Answers wrongly once it has compiled."""

    def __init__(self, tier: Tier, factor: float) -> None:
        self.tier = tier
        self.factor = factor
        self.compiled = False

    def prepare(self, graph: FlatGraph) -> Executable:
        """Interpret; after `wait`, answer as told."""
        run = interpret(graph)

        def both(inputs: Tensors, interrupt: Interrupt = never, info: RunInfo | None = None) -> Tensors:
            if info is not None:
                info.tier = self.tier
            factor = self.factor if self.compiled else 1.0
            return {
                name: np.asarray(array * array.dtype.type(factor)) for name, array in run(inputs, interrupt).items()
            }

        return both

    def wait(self, executable: Executable, timeout: float) -> bool:
        """Have compiled."""
        self.compiled = True
        return True

    def close(self) -> None:
        """Do nothing."""

    def report(self) -> dict[str, object]:
        """Tell nothing."""
        return {}


def test_compiled_code_is_tried_when_there_is_time_to_wait() -> None:
    sample = next(sample for sample in SAMPLES if sample.op == "exp" and sample.inputs[0].size > 1)
    check = CHECKS[0]
    assert check(sample, Compiling(Tier.COMPILED, 1.0), 1.0) is Outcome.PASSED
    assert check(sample, Compiling(Tier.COMPILED, 2.0)) is Outcome.PASSED  # nobody waited
    with pytest.raises(AssertionError, match="which allows"):
        check(sample, Compiling(Tier.COMPILED, 2.0), 1.0)
    with pytest.raises(AssertionError, match="another tier answered"):
        check(sample, Compiling(Tier.INTERPRETED, 1.0), 1.0)


def test_arrays_are_compared_by_element_and_by_the_greatest() -> None:
    nan, inf = np.nan, np.inf
    assert_close("x", np.array([nan, inf, 1.0, 1e-20]), np.array([nan, inf, 1.0, 0.0]), 1e-12)
    for wrong in ([nan, inf, 1.1, 0], [0, inf, 1, 0], [nan, -inf, 1, 0], [nan, inf, inf, 0], [nan, inf, 1, 1e-9]):
        with pytest.raises(AssertionError, match=r"x\[\d\] is "):
            assert_close("x", np.array(wrong), np.array([nan, inf, 1.0, 0.0]), 1e-12)
    with pytest.raises(AssertionError, match="x is 1, not 2"):
        assert_close("x", np.array(1), np.array(2), 0.0)


PLUGIN = """
    import numpy as np
    from gradwire_service.errors import UnsupportedByBackendError
    from gradwire_service.interpreter import interpret

    class Toy:
        name = "toy"
        summary = "A stranger's backend."

        def prepare(self, graph):
            for value in graph.blocks:
                if value.op.name == "erf":
                    raise UnsupportedByBackendError(f"toy has no erf (block {value.name!r})")
            run = interpret(graph)

            def toy(inputs, interrupt=lambda: None, info=None):
                return {name: BREAK(x) for name, x in run(inputs, interrupt, info).items()}

            return toy
"""


def install(folder: Path, spoil: str) -> None:
    """Put a distribution with an entry point where Python finds it, as pip would."""
    (folder / "toy_backend.py").write_text(dedent(PLUGIN).replace("BREAK", spoil))
    metadata = folder / "toy_backend-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-backend\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[gradwire.backends]\ntoy = toy_backend:Toy\n")


def suite_in_a_process(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    command = [sys.executable, "-m", "gradwire_backends.testing", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_a_strangers_plugin_runs_the_suite(tmp_path: Path) -> None:
    install(tmp_path, "")
    done = suite_in_a_process(tmp_path, "toy", "--refused")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("refused check_value erf-float64") for line in lines)
    assert lines[-1].startswith("toy: ")
    assert lines[-1].endswith(" 0 failed")


def test_a_strangers_plugin_that_is_wrong_fails_the_suite(tmp_path: Path) -> None:
    install(tmp_path, "np.negative")
    done = suite_in_a_process(tmp_path, "toy")
    assert done.returncode == 1
    assert "FAILED check_value add-float64" in done.stdout


def test_a_backend_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = suite_in_a_process(tmp_path, "nowhere")
    assert done.returncode == 2
    assert "there is no backend 'nowhere'" in done.stderr

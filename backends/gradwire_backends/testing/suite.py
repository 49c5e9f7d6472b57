"""The whole suite on one backend, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gradwire_backends.testing.checks import CHECKS, Outcome
from gradwire_backends.testing.contract import PROMISES
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.samples import SAMPLES
from gradwire_service.backend import Backend
from gradwire_service.backend import backend as backend_by_name


@dataclass
class Report:
    """What came of a run of the suite.

    Attributes:
        backend: name of the backend.
        passed: number of checks that passed.
        refused: what the backend said that it can't do, a line each; that is allowed.
        failures: what it did wrong, a line each.
    """

    backend: str
    passed: int = 0
    refused: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def __str__(self) -> str:
        counts = f"{self.backend}: {self.passed} passed, {len(self.refused)} refused, {len(self.failures)} failed"
        return "\n".join([*(f"FAILED {line}" for line in self.failures), counts])


def run_suite(backend: Backend | str, samples: Iterable[Sample] | None = None, wait: float = 0.0) -> Report:
    """Try a backend on everything.

    Args:
        backend: a backend, or the name of a registered one.
        samples: ops at points; None for all.
        wait: seconds to wait, at each check, for a backend that compiles beside the calls; its compiled code is then
            tried too. 0: what answers first is enough.

    Raises: BackendUnknownError, BackendUnavailableError.
    """
    found = backend_by_name(backend) if isinstance(backend, str) else backend
    report = Report(found.name)
    for promise in PROMISES:
        try:
            promise(found)
            report.passed += 1
        except Exception as fault:  # whatever a stranger's code raises is a failure of this check, not of the suite
            report.failures.append(f"{promise.__name__}: {_told(fault)}")
    for sample in SAMPLES if samples is None else samples:
        for check in CHECKS:
            label = f"{check.__name__} {sample}"
            try:
                outcome = check(sample, found, wait)
            except Exception as fault:
                report.failures.append(f"{label}: {_told(fault)}")
                continue
            report.passed += outcome is Outcome.PASSED
            if outcome is Outcome.REFUSED:
                report.refused.append(label)
    return report


def _told(fault: Exception) -> str:
    told = " ".join(str(fault).split())
    return told if isinstance(fault, AssertionError) else f"{type(fault).__name__}: {told}"

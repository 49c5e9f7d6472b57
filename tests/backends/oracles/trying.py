"""What both oracles are tried with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from gradwire_backends.testing import CHECKS, SAMPLES, Outcome, Sample
from gradwire_service.backend import Backend

OPS = sorted({sample.op for sample in SAMPLES})


def samples_of(op: str) -> list[Sample]:
    return [sample for sample in SAMPLES if sample.op == op]


def refused_checks(backend: Backend, samples: Iterable[Sample]) -> set[str]:
    """Try samples, and return the checks that were refused; what is wrong is raised."""
    refused = defaultdict[str, list[Sample]](list)
    for sample in samples:
        for check in CHECKS:
            try:
                if check(sample, backend) is Outcome.REFUSED:
                    refused[check.__name__].append(sample)
            except Exception as fault:
                fault.add_note(f"{check.__name__} {sample}")
                raise
    return set(refused)

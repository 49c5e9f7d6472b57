"""The one table of samples: every op at points of every kind."""

from __future__ import annotations

from gradwire_backends.testing import accumulation, composite, elementwise, positions, sorting, structural
from gradwire_backends.testing.sample import Sample

SAMPLES: tuple[Sample, ...] = (
    *elementwise.SAMPLES,
    *structural.SAMPLES,
    *accumulation.SAMPLES,
    *positions.SAMPLES,
    *sorting.SAMPLES,
    *composite.SAMPLES,
)
"""Every op has at least one."""

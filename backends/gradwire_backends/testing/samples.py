"""The one table of samples: every op at points of every kind."""

from __future__ import annotations

from gradwire_backends.testing import (
    accumulation,
    arranged,
    composite,
    densities,
    elementwise,
    learning,
    linear_algebra,
    pointwise,
    pooled,
    positions,
    sorting,
    special,
    structural,
    windows,
)
from gradwire_backends.testing.sample import Sample

SAMPLES: tuple[Sample, ...] = (
    *elementwise.SAMPLES,
    *special.SAMPLES,
    *structural.SAMPLES,
    *accumulation.SAMPLES,
    *positions.SAMPLES,
    *sorting.SAMPLES,
    *windows.SAMPLES,
    *linear_algebra.SAMPLES,
    *composite.SAMPLES,
    *arranged.SAMPLES,
    *pointwise.SAMPLES,
    *densities.SAMPLES,
    *learning.SAMPLES,
    *pooled.SAMPLES,
)
"""Every op has at least one."""

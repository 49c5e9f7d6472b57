"""The space that a search draws from, in units that suit it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gradwire_service.methods import Box
from gradwire_service.methods.vectors import Vector

Matrix = npt.NDArray[np.float64]
"""Candidates, one a row."""


@dataclass(frozen=True)
class Space:
    """A box, or all space around a start.

    Attributes:
        box: least and greatest values.
        start: where parameters start; in the box.
        spread: how far draws go in elements without two bounds, in their units.
    """

    box: Box
    start: Vector
    spread: float

    @cached_property
    def is_bounded(self) -> npt.NDArray[np.bool_]:
        """Which elements have two bounds."""
        return np.isfinite(self.box.lower) & np.isfinite(self.box.upper)

    @cached_property
    def scale(self) -> Vector:
        """What steps are measured by: the distance of two bounds that differ, elsewhere the spread."""
        with np.errstate(invalid="ignore"):
            width = self.box.upper - self.box.lower
        return np.where(self.is_bounded & (width > 0), width, self.spread)

    def draw(self, random: np.random.Generator, count: int) -> Matrix:
        """Draw candidates: uniform between two bounds, normal around the start elsewhere."""
        size = self.start.size
        uniform, normal = random.random((count, size)), random.standard_normal((count, size))
        lower = np.where(self.is_bounded, self.box.lower, self.start)
        return self.within(lower + self.scale * np.where(self.is_bounded, uniform, normal))

    def within(self, candidates: Matrix) -> Matrix:
        """Return the nearest candidates in the box."""
        return np.clip(candidates, self.box.lower, self.box.upper)

"""Methods of differentiation side by side: one scalar, one point, several backends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gradwire_service.errors import CancelledError, DeadlineExceededError, GradwireError
from gradwire_service.graph import Array
from gradwire_service.query import Arrays, Execution, GradientResult

Run = Callable[[], tuple[GradientResult, Execution]]
"""Differentiates once by one method."""

LONG_ENOUGH = 0.2
"""Time over which a method's runs are repeated, in seconds; the fastest counts."""


class Comparison(NamedTuple):
    """One way to differentiate, held against the reference.

    Attributes:
        candidate: place among the candidates, from 0.
        backend: name of the backend.
        result: value and gradients; None when it failed.
        greatest_relative_error: greatest |g - r| / max |r| over the elements of a gradient, and over the gradients.
        execution: what ran and what the fastest run took; None when it failed.
        error: why it failed.
        relative_errors: the greatest error of each gradient, by name.
        first_seconds: time from asking to the first answer, in seconds, preparation included.
    """

    candidate: int
    backend: str
    result: GradientResult | None
    greatest_relative_error: float
    execution: Execution | None
    error: GradwireError | None = None
    relative_errors: Mapping[str, float] = {}
    first_seconds: float = 0.0


class Check(NamedTuple):
    """A gradient, held against finite differences.

    Attributes:
        wrt: the value that was differentiated with respect to.
        passed: whether the greatest error is within the tolerance; NaN never is.
        greatest_relative_error: greatest |exact - numerical| / max(1, |exact|, |numerical|) over the elements.
        worst_element: row-major place of that element.
        exact: its derivative by the backend.
        numerical: its derivative by finite differences.
    """

    wrt: str
    passed: bool
    greatest_relative_error: float
    worst_element: int
    exact: float
    numerical: float


def compare(candidates: Sequence[tuple[str, Run]], reference: Run, repetitions: int = 0) -> Iterator[Comparison]:
    """Differentiate by every candidate; yield each when it has finished.

    Args:
        candidates: names of backends, and what runs them.
        reference: what errors are measured against.
        repetitions: number of timed runs, after one to warm up; 0: as many as fit in a fifth of a second, at most 50.

    Raises: what the reference raises; CancelledError and DeadlineExceededError of any.
    """
    exact, _ = reference()
    for place, (backend, run) in enumerate(candidates):
        asked = time.perf_counter()
        try:
            result, execution = run()
            first_seconds = time.perf_counter() - asked
            spent, count = 0.0, 0
            while count < (repetitions or 50) and (repetitions or spent < LONG_ENOUGH):
                again, timed = run()
                if not count or timed.seconds < execution.seconds:
                    result, execution = again, timed
                spent, count = spent + timed.seconds, count + 1
        except (CancelledError, DeadlineExceededError):
            raise
        except GradwireError as error:
            yield Comparison(place, backend, None, np.nan, None, error)
            continue
        errors = {name: greatest_relative_error({name: g}, exact.gradients) for name, g in result.gradients.items()}
        greatest = float(np.max(list(errors.values()), initial=0.0))
        yield Comparison(place, backend, result, greatest, execution, None, errors, first_seconds)


def greatest_relative_error(actual: Arrays, expected: Arrays) -> float:
    """Return the greatest error over all arrays, each relative to the largest magnitude that is expected in it.

    Equal infinities, and NaN in both places, are no error.
    """
    greatest = 0.0
    for name, array in actual.items():
        if array.size:
            difference = _difference(array, expected[name])
            scale = float(np.max(np.abs(expected[name]), initial=0.0, where=np.isfinite(expected[name])))
            greatest = float(np.maximum(greatest, difference.max() / (scale or 1.0)))
    return greatest


def check(exact: Arrays, numerical: Arrays, relative_tolerance: float = 0.0) -> list[Check]:
    """Hold gradients against numerical ones, element by element.

    Args:
        exact: gradients by name.
        numerical: the same by finite differences.
        relative_tolerance: greatest error that passes; 0: 1e-6 for float64, 1e-2 for float32.
    """
    rows = []
    for name, array in exact.items():
        tolerance = relative_tolerance or (1e-2 if array.dtype == np.float32 else 1e-6)
        if not array.size:
            rows.append(Check(name, True, 0.0, 0, 0.0, 0.0))
            continue
        scale = np.maximum(1.0, np.maximum(np.abs(array), np.abs(numerical[name])))
        with np.errstate(invalid="ignore"):
            errors = np.where(np.isfinite(scale), _difference(array, numerical[name]) / scale, np.nan).ravel()
        errors[(array == numerical[name]).ravel()] = 0.0
        worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
        greatest = float(errors[worst])
        pair = float(array.flat[worst]), float(numerical[name].flat[worst])
        rows.append(Check(name, greatest <= tolerance, greatest, worst, *pair))
    return rows


def _difference(actual: Array, expected: Array) -> Array:
    with np.errstate(invalid="ignore"):
        same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
        return np.where(same, 0.0, np.abs(actual.astype(np.float64) - expected))

"""What checks are said with; unlike an assert statement, it stays when Python optimizes."""

from __future__ import annotations

import numpy as np

from gradwire_service.graph import Array


def expect(condition: object, message: str) -> None:
    """See that something holds.

    Raises: AssertionError.
    """
    if not condition:
        raise AssertionError(message)


def assert_close(name: str, found: Array, expected: Array, tolerance: float) -> None:
    """See that arrays agree: NaN and infinities in their places, the rest within a tolerance.

    Args:
        name: of the array, for the message.
        found: the array.
        expected: what it should be.
        tolerance: a fraction, of the element and of the greatest element, half of it each.

    Raises: AssertionError, with the first element that is off.
    """
    with np.errstate(all="ignore"):
        truth = np.asarray(expected).astype(found.dtype)  # what float32 can't hold is infinite in both
        least = float(np.finfo(found.dtype).tiny) if found.dtype.kind == "f" else 0.0
        same = (found == truth) | ((found != found) & (truth != truth))
        y, truth = found.astype(np.float64), truth.astype(np.float64)
        greatest = float(np.max(np.abs(truth), initial=0.0, where=np.isfinite(truth)))
        allowed = tolerance / 2 * (np.abs(truth) + greatest) + least
        good = same | (np.abs(y - truth) <= allowed) & np.isfinite(truth)
    if not good.all():
        at = tuple(int(i) for i in np.argwhere(~good)[0])
        place = f"{name}{[*at] if at else ''}"
        raise AssertionError(f"{place} is {y[at]:.17g}, not {truth[at]:.17g}, which allows ±{allowed[at]:.1e}")

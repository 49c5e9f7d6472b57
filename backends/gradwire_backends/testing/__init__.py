"""What a backend, ours or a stranger's, is tried with.

A plugin's author writes these lines, and has every op, at points of every kind, as tests of pytest::

    import pytest
    from gradwire_backends.testing import CHECKS, PROMISES, SAMPLES
    from my_package import MyBackend

    @pytest.mark.parametrize("promise", PROMISES)
    def test_promise(promise): promise(MyBackend())

    @pytest.mark.parametrize("check", CHECKS)
    @pytest.mark.parametrize("sample", SAMPLES, ids=str)
    def test_sample(sample, check): check(sample, MyBackend())

or, once the entry point is installed, runs ``python -m gradwire_backends.testing NAME``, which prints a line for each
failure and exits with 1 if there is one. `run_suite` is the same as a function.

A backend may refuse a graph with UnsupportedByBackendError, whose message names the block: that is an outcome, not a
failure. One that differentiates by itself is compared where ops are smooth; if it is not exact to rounding, it says so
by an attribute ``gradient_tolerance``, such as ``{FLOAT64: 1e-6, FLOAT32: 1e-2}``: fractions of the greatest element.
"""

from gradwire_backends.testing.checks import (
    CHECKS,
    Check,
    Outcome,
    check_gradient,
    check_jvp,
    check_value,
)
from gradwire_backends.testing.contract import PROMISES, Promise
from gradwire_backends.testing.expect import assert_close
from gradwire_backends.testing.sample import Sample
from gradwire_backends.testing.samples import SAMPLES
from gradwire_backends.testing.suite import Report, run_suite

__all__ = [
    "CHECKS",
    "PROMISES",
    "SAMPLES",
    "Check",
    "Outcome",
    "Promise",
    "Report",
    "Sample",
    "assert_close",
    "check_gradient",
    "check_jvp",
    "check_value",
    "run_suite",
]

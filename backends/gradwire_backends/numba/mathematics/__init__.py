"""Functions that generated source calls, mostly without a branch, so that LLVM runs them in vector lanes.

Imported by the compiler alone. Each is within 4 ulp in its precision, with NaN, infinities, subnormals and signed zeros
as NumPy and SciPy have them; functions of float32 bear C's names, with an f at the end. How far the tiers may differ,
function by function, stands in ``docs/mathematics.md``, and tests hold the code to it. Worst errors that were found, in
ulp, float64 and float32:

- exp 1.1 and 1.0, expm1 1.7 and 1.4, log and log1p 0.8 and 0.9, log2 1.7 and 1.7, log10 1.8 and 2.0;
- power 1.3 and 0.5, sigmoid 2.1 and 2.2, softplus and log_sigmoid 2.5 and 2.7;
- sinh and cosh 1.6 and 1.6, tanh 2.7 and 2.5, asinh 1.6 and 1.7, acosh 1.9 and 2.0, atanh 1.8 and 1.8.

The other ones are the C library's, in vectors where the platform has a vector library: found to be within 3.5 ulp.
"""

from gradwire_backends.numba.mathematics import (
    bessel,
    distributions,
    division,
    exponential,
    polygamma,
    powers,
    single,
)

MODULES = (bessel, distributions, division, exponential, polygamma, powers, single)
"""Where the functions are, each by the word that source has for it."""

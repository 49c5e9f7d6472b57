"""NumPy's functions on values: what each of them is in ops. What is not here is refused by name.

A function that NumPy and Gradwire both have under one name, or under the names in `dispatch`, is that op. The others,
and those whose arguments have other names, are written with ops in the modules beside it.
"""

from gradwire.numpy_functions.dispatch import call, find, trace_function, trace_ufunc

__all__ = ["call", "find", "trace_function", "trace_ufunc"]

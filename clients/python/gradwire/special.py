"""The ops that `scipy.special` has, under its names.

Written by `generate_functions.py` from the registries of the service; not to be edited.
"""

__all__ = ()

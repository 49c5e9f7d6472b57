"""Stands in the way of the package of that name, as if nobody had installed it."""

raise ModuleNotFoundError("No module named 'cma'")

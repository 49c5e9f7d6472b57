"""The command line: `gradwire`, and what its commands share.

Results go to stdout, progress and notes to stderr. Every command loads what it computes with when it runs, so that
`gradwire --help` is there at once.
"""

from gradwire_service.cli import catalog, explain, graphs, jobs, matrices, points, running, searching, training
from gradwire_service.cli.app import app, main

__all__ = [
    "app",
    "catalog",
    "explain",
    "graphs",
    "jobs",
    "main",
    "matrices",
    "points",
    "running",
    "searching",
    "training",
]

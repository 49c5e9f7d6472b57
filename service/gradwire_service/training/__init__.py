"""Training: the graph of a step, the order of the rows, and the loop around them.

Nothing here knows how a graph is run: the loop is handed a function from inputs to outputs.
"""

from gradwire_service.training.batches import Batching, BatchingMode, Data
from gradwire_service.training.loop import Recipe, minimize
from gradwire_service.training.progress import (
    NonFinitePolicy,
    Progress,
    ReportingRule,
    Result,
    StoppingRule,
    StopReason,
)
from gradwire_service.training.snapshot import Keep, Point, Snapshot
from gradwire_service.training.step import Run, Step, step_graph, take_step

__all__ = [
    "Batching",
    "BatchingMode",
    "Data",
    "Keep",
    "NonFinitePolicy",
    "Point",
    "Progress",
    "Recipe",
    "ReportingRule",
    "Result",
    "Run",
    "Snapshot",
    "Step",
    "StopReason",
    "StoppingRule",
    "minimize",
    "step_graph",
    "take_step",
]

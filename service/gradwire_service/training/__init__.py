"""Training: the graph of a step, the order of the rows, and the loop around them.

Nothing here knows how a graph is run: the loop is handed a function from inputs to outputs.
"""

from gradwire_service.training.batches import Batching, BatchingMode, Data
from gradwire_service.training.loop import Runner, minimize
from gradwire_service.training.progress import (
    NonFinitePolicy,
    Progress,
    ReportingRule,
    Result,
    StoppingRule,
    StopReason,
)
from gradwire_service.training.recipe import Recipe
from gradwire_service.training.snapshot import Keep, Point, Snapshot
from gradwire_service.training.step import (
    Run,
    Step,
    empty_sums,
    evaluation_graph,
    fed_limits,
    step_graph,
    take_accumulated_step,
    take_step,
)
from gradwire_service.training.stretch import Stretch, stretch_graph, take_stretch

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
    "Runner",
    "Snapshot",
    "Step",
    "StopReason",
    "StoppingRule",
    "Stretch",
    "empty_sums",
    "evaluation_graph",
    "fed_limits",
    "minimize",
    "step_graph",
    "stretch_graph",
    "take_accumulated_step",
    "take_step",
    "take_stretch",
]

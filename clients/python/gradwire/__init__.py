"""Gradients over the wire: the Python client.

>>> import gradwire as gw
>>> x, w = gw.variable("x", ("batch", 30)), gw.variable("w", (30,))
>>> graph = gw.Graph({"loss": gw.mean(gw.softplus(x @ w))})
>>> with gw.connect() as service:
...     r = service.gradient(graph, {"x": X, "w": W}, wrt=["w"])
"""

from gradwire import (
    aio,
    array_api,
    errors,
    functions,
    linalg,
    methods,
    optimizers,
    plotting,
    query,
    schedules,
    searches,
    special,
)
from gradwire.building import constant, name, variable
from gradwire.channel import TLS
from gradwire.composites import composite
from gradwire.control import (
    checkpoint,
    cond,
    custom_derivative,
    fixed_point,
    fori_loop,
    map,
    minimizer,
    rk4_step,
    root,
    scan,
    switch,
    while_loop,
)
from gradwire.descriptions import CheckResult, Comparison, Derivative, Description
from gradwire.errors import GradwireError
from gradwire.execution import FiniteDifference, Options
from gradwire.expressions import expression
from gradwire.functions import *  # noqa: F403 - every op
from gradwire.graph import Graph
from gradwire.history import History
from gradwire.jobs import JobEvent, TrainingJob
from gradwire.optimization import Optimizer, ParameterGroup, Schedule
from gradwire.outcomes import MinimizeResult, OptimizerState, Progress, StepResult
from gradwire.results import (
    CoordinateMatrix,
    Evaluation,
    Execution,
    GradientResult,
    HessianResult,
    HvpResult,
    JacobianResult,
    JvpResult,
    ValueResult,
    VjpResult,
)
from gradwire.service import Service, Stream, connect
from gradwire.symbolic import from_sympy
from gradwire.tensors import TensorRef
from gradwire.tracing import Function, function
from gradwire.values import Value

__all__ = [
    "TLS",
    "CheckResult",
    "Comparison",
    "CoordinateMatrix",
    "Derivative",
    "Description",
    "Evaluation",
    "Execution",
    "FiniteDifference",
    "Function",
    "GradientResult",
    "GradwireError",
    "Graph",
    "HessianResult",
    "History",
    "HvpResult",
    "JacobianResult",
    "JobEvent",
    "JvpResult",
    "MinimizeResult",
    "Optimizer",
    "OptimizerState",
    "Options",
    "ParameterGroup",
    "Progress",
    "Schedule",
    "Service",
    "StepResult",
    "Stream",
    "TensorRef",
    "TrainingJob",
    "Value",
    "ValueResult",
    "VjpResult",
    "aio",
    "array_api",
    "checkpoint",
    "composite",
    "cond",
    "connect",
    "constant",
    "custom_derivative",
    "errors",
    "expression",
    "fixed_point",
    "fori_loop",
    "from_sympy",
    "function",
    "linalg",
    "map",
    "methods",
    "minimizer",
    "name",
    "optimizers",
    "plotting",
    "query",
    "rk4_step",
    "root",
    "scan",
    "schedules",
    "searches",
    "special",
    "switch",
    "variable",
    "while_loop",
]
__all__ += functions.__all__

"""Taylor series along a direction: a derivative of a derivative, as often as is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from math import factorial
from typing import Any, Unpack

import numpy as np

from gradwire.core import Core, Plan, Source
from gradwire.execution import Options
from gradwire.graph import Graph
from gradwire.plans.inspection import differentiate
from gradwire.plans.queries import Inputs, evaluate
from gradwire.query import Names
from gradwire.results import Arrays

GREATEST_ORDER = 8
"""The graph of a derivative grows with every order."""


def taylor(
    core: Core,
    graph: Source,
    inputs: Inputs,
    along: Mapping[str, Any],
    *,
    of: Names = (),
    order: int = 4,
    **options: Unpack[Options],
) -> Plan[Arrays]:
    """Return the Taylor coefficients of values along a direction: f(x + t v) = c[0] + c[1] t + c[2] t² + ….

    Args:
        graph: a graph, its text form, or a function of arrays.
        inputs: an array for each variable, by name.
        along: the direction v, by names of variables.
        of: names of outputs or values. Default: all floating outputs.
        order: the last power of t, at most 8.
        options: see `Options`.

    Returns: by name the coefficients, along an axis in front of those of the value.
    Raises: GradwireError, by its reason; ValueError for another order.
    """
    if not 0 <= order <= GREATEST_ORDER:
        raise ValueError(f"a series to order {order} can't be had; take 0 to {GREATEST_ORDER}")
    current, feeds = core.bind(graph, inputs)
    values = yield from evaluate(core, current, feeds, of=of, **options)
    series = {name: [x] for name, x in values.items() if x.dtype.kind == "f"}
    derived = {name: name for name in series}
    fed = dict(feeds)
    for k in range(1, order + 1):
        moving = [name for name in along if not isinstance(current, Graph) or name in current.variables]
        if not moving:  # what is left of the graph depends on nothing that moves
            series = {name: [*c, *[np.zeros_like(c[0])] * (order + 1 - k)] for name, c in series.items()}
            break
        found = yield from differentiate(
            core, current, fed, of=list(derived.values()), wrt=moving, mode="jvp", timeout=options.get("timeout")
        )
        fed |= {seed: along[name] for name, seed in found.seeds.items()}
        fed = {name: x for name, x in fed.items() if name in found.variables}
        current, derived = found, {name: found.derivatives[value] for name, value in derived.items()}
        values = yield from evaluate(core, current, fed, of=list(derived.values()), **options)
        series = {name: [*c, values[derived[name]] / factorial(k)] for name, c in series.items()}
    return {name: np.stack(coefficients) for name, coefficients in series.items()}

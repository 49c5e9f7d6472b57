"""Loops that are written with `scan`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwire_service.control.derivatives import Traces
from gradwire_service.control.scan import Scan, length_of, scan
from gradwire_service.errors import ArityError, ShapeError
from gradwire_service.graph import INT64, TensorType
from gradwire_service.ops.base import Value, constant
from gradwire_service.ops.body import Body, Rewritten


@final
@dataclass(frozen=True)
class Map(Rewritten, name="map"):
    """A body applied to each element of sequences along their first axis, y[t] = body(x[t], o).

    The first `sequences` inputs are the sequences x, the others values o that all elements see.

    Shapes: sequences are [length, ...]; results are [length, ...].
    Units: those that the bodies give.
    Raises: as `scan` does.
    Source: JAX, `lax.map`.
    """

    body: Body
    sequences: int = 1
    checkpoint: str = "keep"

    @classmethod
    def build(
        cls, traces: Traces, inputs: Sequence[Value], *, sequences: int = 1, checkpoint: str = "keep"
    ) -> tuple[Value, ...]:
        return Scan.build(traces, inputs, sequences=sequences, checkpoint=checkpoint)


@final
@dataclass(frozen=True)
class ForiLoop(Rewritten, name="fori_loop"):
    """A loop over whole numbers, c = body(i, c, o) for i = lower, …, upper - 1.

    The first `carries` inputs are the carries c at the start, the others values o that all trips see. The body takes
    i, an int64 scalar, then them, and returns the carries.

    Shapes: carries are any.
    Units: those that the bodies give.
    Raises: as `scan` does.
    Source: JAX, `lax.fori_loop`.
    """

    lower: int
    upper: int
    body: Body
    carries: int = 1
    checkpoint: str = "keep"

    @classmethod
    def build(
        cls,
        traces: Traces,
        inputs: Sequence[Value],
        *,
        lower: int,
        upper: int,
        carries: int = 1,
        checkpoint: str = "keep",
    ) -> tuple[Value, ...]:
        if not 0 <= carries <= len(inputs):
            raise ArityError(f"fori_loop over {carries} carries has {len(inputs)} inputs")
        starts, outer = inputs[:carries], inputs[carries:]
        trips = max(upper - lower, 0)
        length_of((), trips)
        inner = traces["body"]([TensorType((), INT64), *(x.type for x in inputs)])
        i, *others = inner.variables
        body = Body((*others[:carries], i, *others[carries:]), inner.outputs)
        numbers = constant(np.arange(lower, lower + trips), INT64)
        if len(body.outputs) != carries:
            raise ShapeError(f"the body of fori_loop returns {len(body.outputs)} values; it has {carries} carries")
        return scan(body, starts, [numbers], outer, trips, checkpoint=checkpoint)

"""Loops of known length, whose derivatives are loops over what the steps left behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isqrt
from typing import Any, final

from gradwire_service.control.derivatives import Traces, check_types, floating, like, summed
from gradwire_service.control.residuals import Residuals
from gradwire_service.errors import ArityError, AttributeValueError, LimitExceededError, ShapeError
from gradwire_service.graph import Array, TensorType, TupleType
from gradwire_service.limits import LIMITS
from gradwire_service.ops.base import INTERNAL, Constant, Namespace, Value, full, results_of, variable
from gradwire_service.ops.body import Body, Control, poll
from gradwire_service.ops.flat import ancestors
from gradwire_service.ops.functions import concatenate, reshape
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.transform import jvp, vjp

_MODES = ("keep", "recompute", "sqrt")
_TRIPS_BETWEEN_LOOKS = 64


@final
@dataclass(frozen=True)
class Scan(Control, name="scan"):
    """A loop over the first axis of sequences, c[t+1], y[t] = body(c[t], x[t], o), whose results y are stacked.

    The first `carries` inputs are the carries c at the start, the next `sequences` ones the sequences x, the others
    values o that all steps see. The body takes them in this order, of each sequence one element, and returns the
    carries, then what is stacked. The results are the carries at the end, then the stacks y.

    The reverse pass needs the values of the steps: "keep" keeps them, with memory linear in the length; "recompute"
    keeps the carries alone, and evaluates each step again; "sqrt" keeps the carries of √n steps, and evaluates the
    stretches between them again, with memory of order √n.

    Shapes: carries are any; sequences are [length, ...]; stacks are [length, ...].
    Units: those that the bodies give.
    Raises: ShapeError or ElementTypeError when a carry does not come out as it went in, or lengths differ; ArityError
        for fewer inputs than `carries` and `sequences` say; AttributeValueError for a negative number, an unknown way
        of checkpointing, or without sequences and length; LimitExceededError for more than 1,000,000 trips.
    Source: JAX, `lax.scan`; Griewank & Walther (2008), "Evaluating derivatives", chapter 12.
    """

    body: Body
    carries: int = 0
    sequences: int = 0
    length: int | None = None
    reverse: bool = False
    checkpoint: str = "keep"
    # Whether the values inside are results too, stacked, behind those of the body: derivatives need some of them. Who
    # uses which is known when all rules were applied; then it is closed.
    opened: bool = field(default=False, metadata=INTERNAL)

    def __post_init__(self) -> None:
        if self.carries < 0 or self.sequences < 0 or (self.length or 0) < 0:
            raise AttributeValueError(f"{self.name}: carries, sequences and length are not negative")
        if self.checkpoint not in _MODES:
            known = ", ".join(_MODES)
            raise AttributeValueError(f"{self.name} has no checkpoint {self.checkpoint[:64]!r}; there are: {known}")

    @classmethod
    def build(
        cls,
        traces: Traces,
        inputs: Sequence[Value],
        *,
        carries: int = 0,
        sequences: int = 0,
        length: int | None = None,
        reverse: bool = False,
        checkpoint: str = "keep",
    ) -> tuple[Value, ...]:
        if carries < 0 or sequences < 0 or carries + sequences > len(inputs):
            raise ArityError(f"scan over {carries} carries and {sequences} sequences has {len(inputs)} inputs")
        starts, rows, outer = inputs[:carries], inputs[carries : carries + sequences], inputs[carries + sequences :]
        length = length_of(rows, length)
        slices = [TensorType(x.shape[1:], x.element_type) for x in rows]
        body = traces["body"]([*(x.type for x in starts), *slices, *(x.type for x in outer)])
        return scan(body, starts, rows, outer, length, reverse, checkpoint)

    @cached_property
    def hidden(self) -> Sequence[Value]:
        """The values inside that are results while the scan is open: carries as they come in, and all blocks."""
        if not self.opened:
            return ()
        blocks = (v for v in self.body.blocks if v.op.__class__ is not Constant and not isinstance(v.type, TupleType))
        return (*self.body.variables[: self.carries], *blocks)

    @cached_property
    def step(self) -> Body:
        """The body with what is stacked."""
        return Body(self.body.variables, (*self.body.outputs, *self.hidden)) if self.opened else self.body

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        c = self.carries
        remedy = "a carry keeps its shape and element type; reshape, broadcast or convert where it starts"
        check_types("carry", [x.type for x in self.body.variables[:c]], self.body.types[:c], remedy)
        stacked = (self.stacked(x) for x in self.step.outputs[c:])
        return (*self.body.types[:c], *stacked)

    def stacked(self, x: Value) -> TensorType:
        """Return the type of a value of all steps."""
        return TensorType((self.length or 0, *x.shape), x.element_type)

    def evaluate(self, xp: Namespace, *inputs: Array) -> tuple[Array, ...]:
        own = getattr(xp, "scan", None)
        return tuple(own(self, inputs) if own is not None else self.run(xp, inputs))

    def run(self, xp: Namespace, inputs: Sequence[Any]) -> list[Any]:
        """Loop in Python."""
        c, s, n = self.carries, self.sequences, self.length or 0
        carried, rows, outer = [*inputs[:c]], inputs[c : c + s], inputs[c + s :]
        stacks: list[list[Any]] = [[] for _ in self.step.outputs[c:]]
        for count, t in enumerate(reversed(range(n)) if self.reverse else range(n)):
            if count % _TRIPS_BETWEEN_LOOKS == 0:
                poll()
            found = self.step.run(xp, [*carried, *(x[t] for x in rows), *outer])
            carried = found[:c]
            for stack, y in zip(stacks, found[c:], strict=True):
                stack.append(y)
        results = []
        for stack, y in zip(stacks, self.step.outputs[c:], strict=True):
            kind = self.stacked(y)
            ordered = stack[::-1] if self.reverse else stack
            results.append(xp.stack(ordered) if ordered else xp.zeros(kind.shape, dtype=kind.element_type.dtype))
        return [*carried, *results]

    def vjp(
        self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Value, below_choice: bool = False, **_: Any
    ) -> tuple[Value | None, ...]:
        if not self.opened:
            return self._reopened.vjp(*_padded(y_bar, self._whole(x)), *x, below_choice=below_choice)
        body, c, s = self.body, self.carries, self.sequences
        moving = floating(body.variables)
        carried = [i for i in moving if i < c]
        shared = [i for i in moving if i >= c + s]
        carry_bars = like((body.variables[i] for i in carried), "carry_bar")
        sums = like((body.variables[i] for i in shared), "sum")
        fed = [
            (value, bar, like([value], "bar")[0])
            for value, bar in zip(self.step.outputs[c:], y_bar[c:], strict=True)
            if bar is not None and value.element_type.is_floating
        ]
        outgoing = zip((body.outputs[i] for i in carried), carry_bars, strict=True)
        ends = [_or_zeros(y_bar[i], body.variables[i]) for i in carried]
        cotangents = summed([*outgoing, *((value, inside) for value, _, inside in fed)])
        if not cotangents:
            return (None,) * len(x)
        pulled = vjp(cotangents, [body.variables[i] for i in moving], below_choice=below_choice)
        found = dict(zip(moving, pulled, strict=True))
        totals = [total + found[i] for total, i in zip(sums, shared, strict=True)]
        slices = [found[i] for i in moving if c <= i < c + s]
        residuals = Residuals(self, y, x)
        results = residuals.scan(
            [*(found[i] for i in carried), *totals, *slices],
            carried=[
                *zip(carry_bars, ends, strict=True),
                *((inside, full(inside.type, 0)) for inside in sums),
            ],
            rows=[(inside, bar) for _, bar, inside in fed],
            reverse=not self.reverse,
        )
        order = [*carried, *shared, *(i for i in moving if c <= i < c + s)]
        bars = dict(zip(order, results, strict=True))
        return tuple(bars.get(i) for i in range(len(x)))

    def jvp(
        self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Value | None, ...]
    ) -> tuple[Value | None, ...]:
        if not self.opened:
            whole = self._whole(x)
            return self._reopened.jvp(results_of(whole), x, x_dot)[: len(y)]
        body, c, s = self.body, self.carries, self.sequences
        carried = [i for i in floating(body.variables) if i < c]
        moving = [i for i in floating(body.variables) if i < c or x_dot[i] is not None]
        dots = dict(zip(moving, like((body.variables[i] for i in moving), "dot"), strict=True))
        tangents = {body.variables[i]: dot for i, dot in dots.items()}
        stacked = [(place, value) for place, value in enumerate(self.step.outputs) if place >= c]
        stacked = [(place, value) for place, value in stacked if value.element_type.is_floating]
        wanted = [*(body.outputs[i] for i in carried), *(value for _, value in stacked)]
        residuals = Residuals(self, y, x)
        results = residuals.scan(
            jvp(wanted, tangents),
            carried=[(dots[i], _or_zeros(x_dot[i], body.variables[i])) for i in carried],
            rows=[(dot, x_dot[i]) for i, dot in dots.items() if c <= i < c + s],  # type: ignore[misc]  # none is None
            outer=[(dot, x_dot[i]) for i, dot in dots.items() if i >= c + s],  # type: ignore[misc]
            reverse=self.reverse,
        )
        found = dict(zip([*carried, *(place for place, _ in stacked)], results, strict=True))
        return tuple(found.get(i) for i in range(len(y)))

    def shut(self) -> Scan:
        return replace(self, opened=False)

    @property
    def _reopened(self) -> Scan:
        return replace(self, opened=True)

    def _whole(self, x: Sequence[Value]) -> Value:
        """Return an open block in place of a closed one, which has nothing to show of its steps."""
        op = self._reopened
        return Value(op, tuple(x), TupleType.of_members(op.infer(*(v.type for v in x))))

    def closed(self, used: set[int]) -> tuple[Scan, Sequence[int], Sequence[int]]:
        """Leave out steps' results, carries, sequences and other inputs that do not matter."""
        body, c = self.body, self.carries
        kept = sorted(i for i in used if i >= c)
        alive = {i for i in used if i < c}
        while True:
            wanted = [*(body.outputs[i] for i in sorted(alive)), *(self.step.outputs[i] for i in kept)]
            needed = set(ancestors(wanted))
            more = {i for i in range(c) if body.variables[i] in needed} - alive
            if not more:
                break
            alive |= more
        inputs = [i for i, v in enumerate(body.variables) if (i in alive if i < c else v in needed)]
        results = [*sorted(alive), *kept]
        rows = sum(c <= i < c + self.sequences for i in inputs)
        smaller = Body(tuple(body.variables[i] for i in inputs), tuple(self.step.outputs[i] for i in results))
        op = replace(self, body=smaller, carries=len(alive), sequences=rows, opened=False)
        return op, inputs, results

    def flops(self, y: TensorType, *x: TensorType) -> float:
        return (self.length or 0) * self.body.flops


def scan(
    body: Body,
    carries: Sequence[Value],
    rows: Sequence[Value],
    outer: Sequence[Value],
    length: int,
    reverse: bool = False,
    checkpoint: str = "keep",
) -> tuple[Value, ...]:
    """Loop over a body; see `Scan`."""
    if checkpoint == "sqrt":
        return _in_stretches(body, carries, rows, outer, length, reverse)
    op = Scan(body, len(carries), len(rows), length, reverse, checkpoint, opened=True)
    return op(*carries, *rows, *outer)[: len(body.outputs)]


def _in_stretches(
    body: Body, carries: Sequence[Value], rows: Sequence[Value], outer: Sequence[Value], length: int, reverse: bool
) -> tuple[Value, ...]:
    """Loop over √n stretches of √n steps; the reverse pass has the carries between them, and repeats what is inside."""
    stretch = max(isqrt(length), 1)
    count = length // stretch
    whole = count * stretch
    c, parts = len(carries), (f":{whole}", f"{whole}:")
    if reverse:  # the last steps come first
        whole = length - count * stretch
        parts = (f"{whole}:", f":{whole}")
    chunks = [reshape(slice_(x, index=parts[0]), shape=(count, stretch, *x.shape[1:])) for x in rows]
    inner_rows = [variable("rows", (stretch, *x.shape[1:]), x.element_type) for x in rows]
    starts, others = like(carries, "carry"), like(outer, "outer")
    inside = scan(body, starts, inner_rows, others, stretch, reverse)
    stretches = Body((*starts, *inner_rows, *others), inside)
    found = scan(stretches, carries, chunks, outer, count, reverse, "recompute")
    ends, stacks = found[:c], found[c:]
    flat = [reshape(y, shape=(count * stretch, *y.shape[2:])) for y in stacks]
    rest = length - count * stretch
    if not rest:
        return (*ends, *flat)
    last = scan(body, ends, [slice_(x, index=parts[1]) for x in rows], outer, rest, reverse)
    pairs = zip(last[c:], flat, strict=True) if reverse else zip(flat, last[c:], strict=True)
    return (*last[:c], *(concatenate(a, b, axis=0) for a, b in pairs))


def _padded(y_bar: tuple[Value | None, ...], whole: Value) -> tuple[tuple[Value | None, ...], tuple[Value, ...]]:
    """Return cotangents, and results, of an open block."""
    results = results_of(whole)
    return (*y_bar, *(None,) * (len(results) - len(y_bar))), results


def _or_zeros(sensitivity: Value | None, x: Value) -> Value:
    return full(x.type, 0) if sensitivity is None else sensitivity


def length_of(rows: Iterable[Value], length: int | None) -> int:
    """Return the number of steps that all agree on."""
    for x in rows:
        if not x.shape:
            raise ShapeError("scan over a scalar: a sequence has a first axis; hand on a value that all steps see last")
        if length not in (None, x.shape[0]):
            raise ShapeError(f"scan over sequences of {length} and {x.shape[0]} steps; they must be as long")
        length = x.shape[0]
    if length is None:
        raise AttributeValueError("scan without sequences needs a length: the number of steps")
    if length > LIMITS.trips:
        message = f"scan has {length:,} steps; at most {LIMITS.trips:,} are taken, send several shorter ones"
        raise LimitExceededError(message, limit=LIMITS.trips, value=length)
    return length

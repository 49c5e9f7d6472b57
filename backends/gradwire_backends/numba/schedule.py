"""Which blocks are computed together, what is kept in memory between, and in which order all of it runs.

Element-wise blocks and reductions over the same dimensions share one loop nest. What a later nest needs is stored by
the one that computes it, or computed again where that costs less than memory does. Dimensions that are written out have
no loop: a nest computes all elements along them in each turn.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gradwire_backends.numba.dimensions import Dimension, Dimensions
from gradwire_backends.numba.gathers import GATHERS, gathered
from gradwire_backends.numba.kinds import KERNEL, LOOPS, Kind, body_graph, kind_of
from gradwire_backends.numba.own_ops import Overlay
from gradwire_backends.numba.views import FIRST, Index, Pick, broadcast, fixed, through, traced
from gradwire_service.control.scan import Scan
from gradwire_service.graph import TensorType
from gradwire_service.ops.base import Result, Value, normalized_axes
from gradwire_service.ops.body import Control
from gradwire_service.ops.flat import FlatGraph
from gradwire_service.ops.linear_algebra import MatMul
from gradwire_service.ops.reductions import Reduction

MEMBERS = 100
"""Blocks of one nest at most: LLVM's time grows faster than a function does."""

SCALARS = 400
"""Blocks of one nest without loops, likewise."""

FIXED = 64
"""Size up to which a dimension inside a loop over a body is part of the source."""

WHOLE = frozenset((Kind.ROUTINE, Kind.CONTROL, Kind.HOST))
"""What takes its inputs as wholes, and is a step of its own."""

CHEAP_WORK = 2.0
"""Operations an element that are rather repeated than their result stored and read."""

CHEAP_LOADS = 2
"""Arrays that may be read for it."""


@dataclass(eq=False)
class Step:
    """What runs as one: a loop nest, a product, or a block evaluated by NumPy.

    Attributes:
        kind: POINTWISE for loop nests, whatever is in them; ROUTINE; HOST.
        space: of a nest, the dimensions of its loops, the outermost first.
        members: the blocks that may be computed here, in topological order.
        computed: those of them that are.
        after: steps whose results it reads.
    """

    kind: Kind
    space: tuple[Dimension, ...] = ()
    members: list[Value] = field(default_factory=list)
    computed: set[Value] = field(default_factory=set)
    after: set[Step] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Read:
    """An element that another one is made of.

    Attributes:
        root: what the operand is a view of.
        index: the element of it.
        apart: whether it is read from memory in any case, and only where there is such an element.
    """

    root: Value
    index: Index
    apart: bool = False


class Schedule:
    """The steps of a graph.

    Args:
        graph: the graph, legalized.
        fixed: as for `Dimensions`.
        spare: types of further pieces of memory that are wanted.

    Attributes:
        graph, spare: as they came.
        dimensions: its dimensions.
        kinds: how each value comes about.
        parts: of each block with bodies, the results that are used, by their places.
        bodies: the schedules of its bodies.
        steps: in the order in which they run.
        stored: values that lie in memory between steps.
        readers: the steps that read a value from memory.
        home: the step that computes a value.
    """

    def __init__(self, graph: FlatGraph, fixed: int = 0, spare: Sequence[TensorType] = ()) -> None:
        self.graph = graph
        self.spare = spare
        self.dimensions = Dimensions(graph, fixed)
        self.kinds = {value: self._kind(value) for value in (*graph.variables.values(), *graph.blocks)}
        self.home: dict[Value, Step] = {}
        self.stored: set[Value] = set()
        self.readers: dict[Value, list[Step]] = {}
        self._costs: dict[Value, tuple[float, int]] = {}
        self._elements: dict[Value, list[Index]] = {}
        self.parts: dict[Value, dict[int, Value]] = {}
        for value, kind in self.kinds.items():
            if kind is Kind.PART and isinstance(value.op, Result):
                self.parts.setdefault(value.inputs[0], {}).setdefault(value.op.index, value)
        self.bodies = {value: self._scheduled(value) for value, kind in self.kinds.items() if kind is Kind.CONTROL}
        self._made_of: dict[Value, list[Read]] = {}
        placed = self._place()
        self._demand(placed)
        self.steps = _in_order([step for step in placed if step.computed])

    def elements(self, value: Value) -> list[Index]:
        """Return the indices of a value in a nest over its own dimensions: one for each element that is written out."""
        if value not in self._elements:
            written_out, loops = self.dimensions.written_out(value), itertools.count()
            axes = [
                [FIRST] if size == 1 else fixed(size) if axis in written_out else [Pick(next(loops))]
                for axis, size in enumerate(value.shape)
            ]
            self._elements[value] = [*itertools.product(*axes)]
        return self._elements[value]

    def made_of(self, value: Value) -> list[Read]:
        """Return what the elements of a turn are made of, in a nest over a value's own dimensions."""
        if value not in self._made_of:
            reads = (read for index in self.elements(self.looped(value)) for read in self.operands(value, index))
            self._made_of[value] = [*dict.fromkeys(reads)]
        return self._made_of[value]

    def operands(self, value: Value, index: Index) -> list[Read]:
        """Return what an element of a value is made of: what each input is a view of, with its index there.

        Args:
            value: a block of a loop nest.
            index: the element; of a reduction with loops, that of its input.
        """
        if self.kinds[value] is Kind.REDUCTION:
            return [Read(*traced(value.inputs[0], index))]
        if isinstance(value.op, GATHERS):
            x, indices = value.inputs
            found = gathered(value.op, value, index)
            return [*(Read(*traced(indices, at.index)) for at in found.positions), Read(x, found.index, apart=True)]
        match value.op:
            case Overlay() as op:
                x, base = value.inputs
                place = through(op.picks, index)
                bounded = op.bounded(x.shape, value.shape)
                if any(place[axis].axis is not None for axis in bounded):
                    return [Read(*traced(x, place), apart=True), Read(*traced(base, index))]
                inside = all(0 <= place[axis].start < x.shape[axis] for axis in bounded)
                return [Read(*(traced(x, place) if inside else traced(base, index)))]
            case Reduction() as op:
                return [Read(*traced(value.inputs[0], each)) for each in _terms(value, op, index)]
            case MatMul():
                return [Read(*traced(x, each)) for x, each in _factors(value, index)]
        shape = value.shape
        return [
            Read(*traced(x, index if x.shape == shape else through(broadcast(x.shape, shape), index)))
            for x in value.inputs
        ]

    def memory(self, value: Value) -> Value:
        """Return the value whose memory a value uses: its own unless it is a view or relabelled."""
        while self.kinds[value] in (Kind.VIEW, Kind.RELABELLED):
            (value,) = value.inputs
        if self.kinds[value] is Kind.PART and isinstance(value.op, Result):
            return self.parts[value.inputs[0]][value.op.index]
        return value

    def looped(self, value: Value) -> Value:
        """Return the value that the loops of a block run over."""
        return value.inputs[0] if self.kinds[value] is Kind.REDUCTION else value

    def _scheduled(self, value: Value) -> list[Schedule]:
        """Return the schedules of a block's bodies, without results that nobody uses."""
        op, used = value.op, self.parts[value]
        assert isinstance(op, Control)
        carries = op.carries if isinstance(op, Scan) else 0
        result = []
        for body in op.bodies_inside:
            graph = body_graph(body)
            assert graph is not None
            outputs = {name: y for name, y in graph.outputs.items() if int(name) < carries or int(name) in used}
            smaller = FlatGraph.of(outputs, graph.variables.values())
            result.append(Schedule(smaller, FIXED, [*body.types[:carries]] * 2))
        return result

    def _kind(self, value: Value) -> Kind:
        """Tell how a value comes about: sums along what is written out are no loops."""
        kind = kind_of(value)
        if kind is Kind.REDUCTION or (kind in KERNEL and isinstance(value.op, MatMul)):
            x = value.inputs[0]
            written_out = self.dimensions.written_out(x)
            axes = (len(x.shape) - 1,) if isinstance(value.op, MatMul) else _reduced(value, x)
            if all(axis in written_out or x.shape[axis] == 1 for axis in axes):
                return Kind.POINTWISE
        return kind

    def _place(self) -> list[Step]:
        """Give every block its step, each at the earliest where its inputs are there."""
        steps: list[Step] = []
        position: dict[Step, int] = {}
        nests: dict[tuple[Dimension, ...], list[Step]] = {}
        for value in self.graph.blocks:
            kind = self.kinds[value]
            if kind not in LOOPS:
                if kind in WHOLE:
                    self.home[value] = step = Step(kind, members=[value])
                    position[step] = len(steps)
                    steps.append(step)
                    self.home |= dict.fromkeys(self.parts.get(value, {}).values(), step)
                continue
            over = self.looped(value)
            space = self.dimensions.space(over)
            earliest = 0
            for read in self.made_of(value):
                step_of_root = self.home.get(self.memory(read.root))
                if step_of_root is not None:
                    joins = step_of_root.space == space and self._joins(read)
                    earliest = max(earliest, position[step_of_root] + (not joins))
            candidates = nests.setdefault(space, [])
            most = MEMBERS if space else SCALARS
            open_ = (s for s in candidates if position[s] >= earliest and len(s.members) < most)
            chosen = next(open_, None)
            if chosen is None:
                chosen = Step(Kind.POINTWISE, space)
                position[chosen] = len(steps)
                steps.append(chosen)
                candidates.append(chosen)
            chosen.members.append(value)
            self.home[value] = chosen
            self._costs[value] = self._cost(value)
        return steps

    def _joins(self, read: Read) -> bool:
        """Tell whether a value can be used in the very turn that computes it."""
        if self.kinds[read.root] is not Kind.POINTWISE or read.apart:
            return False
        own = self.elements(read.root)[0]
        written_out = self.dimensions.written_out(read.root)
        pairs = zip(read.index, own, strict=True)
        return all(pick.axis is None if axis in written_out else pick == at for axis, (pick, at) in enumerate(pairs))

    def _cost(self, value: Value) -> tuple[float, int]:
        """Return the work, and the arrays read, for computing an element from what lies in memory in any case."""
        reads = self.operands(value, self.elements(self.looped(value))[0])
        work, loads = max(value.op.work, float(len(reads) - 1)), 0
        for read in reads:
            again = self.kinds[read.root] is Kind.POINTWISE and not read.apart
            more = self._costs.get(read.root) if again else None
            if more is not None:
                work, loads = work + more[0], loads + more[1]
            elif self.kinds[read.root] is not Kind.NUMBER and read.root.type.size != 1:
                loads += 1
        return work, loads

    def repeated(self, value: Value) -> bool:
        """Tell whether a value that is not at hand is computed again where it is needed."""
        if self.kinds[value] is not Kind.POINTWISE or value in self.stored:
            return False
        work, loads = self._costs[value]
        return work <= CHEAP_WORK and loads <= CHEAP_LOADS

    def _lay_out(self) -> None:
        """Find what lies in memory whatever it costs: outputs, and what is not read element by element."""
        whole = list(self.graph.outputs.values())
        for value, kind in self.kinds.items():
            if kind in WHOLE or kind is Kind.RELABELLED:
                whole += value.inputs
            elif kind in LOOPS:
                whole += (read.root for read in self.made_of(value) if read.apart)
        self.stored.update(value for value in map(self.memory, whole) if value in self.home)

    def _demand(self, steps: Sequence[Step]) -> None:
        """Find what must be computed and stored, from the last step to the first."""
        self._lay_out()  # before the first question whether something is repeated
        for step in reversed(steps):
            if step.kind in WHOLE:
                (value,) = step.members
                step.computed.add(value)
                self.stored.update(self.parts[value].values() if step.kind is Kind.CONTROL else (value,))
                for x in value.inputs:
                    self._read(x, step)
                continue
            reductions = (v for v in step.members if self.kinds[v] is Kind.REDUCTION)
            self.stored.update(reductions)
            todo = [value for value in step.members if value in self.stored]
            done: set[Value] = set()
            while todo:
                value = todo.pop()
                if value in done:
                    continue
                done.add(value)
                if self.home[value] is step:
                    step.computed.add(value)
                for read in self.made_of(value):
                    if not read.apart and (self.home.get(read.root) is step or self.repeated(read.root)):
                        todo.append(read.root)
                    else:
                        self._read(read.root, step)

    def _read(self, value: Value, step: Step) -> None:
        """Note that a step reads a value from memory."""
        value = self.memory(value)
        if value in self.home:
            self.stored.add(value)
            step.after.add(self.home[value])
            self.readers.setdefault(value, []).append(step)


def _in_order(steps: Sequence[Step]) -> list[Step]:
    """Order steps so that those of kernels run together, with as few calls of NumPy between as there can be."""
    done: set[Step] = set()
    order: list[Step] = []
    waiting = list(steps)
    while waiting:
        for in_kernel in (True, False):
            later: list[Step] = []
            for step in waiting:
                ready = (step.kind is not Kind.HOST) == in_kernel and step.after <= done
                if ready:
                    order.append(step)
                    if in_kernel:
                        done.add(step)
                else:
                    later.append(step)
            waiting = later
            done.update(order)
    return order


def _reduced(value: Value, x: Value) -> Sequence[int]:
    assert isinstance(value.op, Reduction)
    return normalized_axes(value.op.axis, len(x.shape), value.op.name)


def _terms(value: Value, op: Reduction, index: Index) -> Iterator[Index]:
    """Yield the elements that a reduction along what is written out combines, in order."""
    (x,) = value.inputs
    reduced = _reduced(value, x)
    kept = iter([pick for pick, size in zip(index, value.shape, strict=True) if size != 1])
    axes = [
        [FIRST] if size == 1 else fixed(size) if axis in reduced else [next(kept)] for axis, size in enumerate(x.shape)
    ]
    yield from itertools.product(*axes)


def _factors(value: Value, index: Index) -> Iterator[tuple[Value, Index]]:
    """Yield the elements that a product adds the products of, two by two."""
    a, b = value.inputs
    batch = [*index]
    column = (batch.pop(),) if len(b.shape) > 1 else ()
    row = (batch.pop(),) if len(a.shape) > 1 else ()

    def of(x: Value) -> Index:
        own = x.shape[:-2]
        return tuple(
            FIRST if size == 1 else pick for size, pick in zip(own, batch[len(batch) - len(own) :], strict=True)
        )

    for k in fixed(a.shape[-1]):
        yield a, (*of(a), *row, k)
        yield b, (*of(b), k, *column)

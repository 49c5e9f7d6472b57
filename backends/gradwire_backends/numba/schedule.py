"""Which blocks are computed together, what is kept in memory between, and in which order all of it runs.

Element-wise blocks and reductions over the same dimensions share one loop nest. What a later nest needs is stored by
the one that computes it, or computed again where that costs less than memory does.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradwire_backends.numba.dimensions import Dimension, Dimensions
from gradwire_backends.numba.kinds import KERNEL, LOOPS, Kind, kind_of
from gradwire_backends.numba.own_ops import Overlay
from gradwire_backends.numba.views import FIRST, Index, Pick, broadcast, through, traced
from gradwire_service.ops.base import Value
from gradwire_service.ops.flat import FlatGraph

MEMBERS = 100
"""Blocks of one nest at most: LLVM's time grows faster than a function does."""

CHEAP_WORK = 2.0
"""Operations an element that are rather repeated than their result stored and read."""

CHEAP_LOADS = 2
"""Arrays that may be read for it."""


@dataclass(eq=False)
class Step:
    """What runs as one: a loop nest, a product, or a block evaluated by NumPy.

    Attributes:
        kind: POINTWISE for loop nests, whatever is in them; PRODUCT; HOST.
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


class Schedule:
    """The steps of a graph.

    Attributes:
        graph: the graph, legalized.
        dimensions: its dimensions.
        steps: in the order in which they run.
        stored: values that lie in memory between steps.
        readers: the steps that read a value from memory.
        home: the step that computes a value.
    """

    def __init__(self, graph: FlatGraph) -> None:
        self.graph = graph
        self.dimensions = Dimensions(graph)
        self.kinds = {value: kind_of(value) for value in (*graph.variables.values(), *graph.blocks)}
        self.home: dict[Value, Step] = {}
        self.stored: set[Value] = set()
        self.readers: dict[Value, list[Step]] = {}
        self._costs: dict[Value, tuple[float, int]] = {}
        self._own: dict[Value, Index] = {}
        self._made_of: dict[Value, list[tuple[Value, Index]]] = {}
        placed = self._place()
        self._demand(placed)
        self.steps = _in_order([step for step in placed if step.computed])

    def own_index(self, value: Value) -> Index:
        """Return the index of a value in a nest over its own dimensions."""
        if value not in self._own:
            loops = itertools.count()
            self._own[value] = tuple(FIRST if size == 1 else Pick(next(loops)) for size in value.shape)
        return self._own[value]

    def made_of(self, value: Value) -> list[tuple[Value, Index]]:
        """Return what an element is made of in a nest over its own dimensions: as `operands` does."""
        if value not in self._made_of:
            self._made_of[value] = self.operands(value, self.own_index(self.looped(value)))
        return self._made_of[value]

    def operands(self, value: Value, index: Index) -> list[tuple[Value, Index]]:
        """Return what an element of a value is made of: what each input is a view of, with its index there.

        Args:
            value: a block of a loop nest.
            index: the element; of a reduction, that of its input.
        """
        if self.kinds[value] is Kind.REDUCTION:
            return [traced(value.inputs[0], index)]
        if isinstance(value.op, Overlay):
            x, base = value.inputs
            return [traced(x, through(value.op.picks, index)), traced(base, index)]
        shape = value.shape
        return [
            traced(x, index if x.shape == shape else through(broadcast(x.shape, shape), index)) for x in value.inputs
        ]

    def memory(self, value: Value) -> Value:
        """Return the value whose memory a value uses: its own unless it is a view or relabelled."""
        while self.kinds[value] in (Kind.VIEW, Kind.RELABELLED):
            (value,) = value.inputs
        return value

    def looped(self, value: Value) -> Value:
        """Return the value that the loops of a block run over."""
        return value.inputs[0] if self.kinds[value] is Kind.REDUCTION else value

    def _place(self) -> list[Step]:
        """Give every block its step, each at the earliest where its inputs are there."""
        steps: list[Step] = []
        position: dict[Step, int] = {}
        nests: dict[tuple[Dimension, ...], list[Step]] = {}
        for value in self.graph.blocks:
            kind = self.kinds[value]
            if kind not in LOOPS:
                if kind in (Kind.PRODUCT, Kind.HOST):
                    self.home[value] = step = Step(kind, members=[value])
                    position[step] = len(steps)
                    steps.append(step)
                continue
            over = self.looped(value)
            space = self.dimensions.space(over)
            earliest = 0
            for place, (root, index) in enumerate(self.made_of(value)):
                step_of_root = self.home.get(self.memory(root))
                if step_of_root is not None:
                    joins = step_of_root.space == space and self._joins(value, place, root, index)
                    earliest = max(earliest, position[step_of_root] + (not joins))
            candidates = nests.setdefault(space, [])
            open_ = (s for s in candidates if position[s] >= earliest and len(s.members) < MEMBERS)
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

    def _joins(self, value: Value, place: int, root: Value, index: Index) -> bool:
        """Tell whether a value can be used in the very iteration that computes it."""
        if self.kinds[root] is not Kind.POINTWISE or self._from_memory(value, place):
            return False
        return index == self.own_index(root)

    def _from_memory(self, value: Value, place: int) -> bool:
        """Tell whether an operand must be read from memory: what lies over something else is read only where it is."""
        return place == 0 and isinstance(value.op, Overlay)

    def _cost(self, value: Value) -> tuple[float, int]:
        """Return the work, and the arrays read, for computing an element from what lies in memory in any case."""
        work, loads = value.op.work, 0
        for place, (root, _) in enumerate(self.made_of(value)):
            again = self.kinds[root] is Kind.POINTWISE and not self._from_memory(value, place)
            more = self._costs.get(root) if again else None
            if more is not None:
                work, loads = work + more[0], loads + more[1]
            elif self.kinds[root] is not Kind.NUMBER and root.type.size != 1:
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
            if kind in (Kind.PRODUCT, Kind.HOST, Kind.RELABELLED):
                whole += value.inputs
            elif kind in LOOPS:
                roots = enumerate(root for root, _ in self.made_of(value))
                whole += (root for place, root in roots if self._from_memory(value, place))
        self.stored.update(value for value in map(self.memory, whole) if value in self.home)

    def _demand(self, steps: Sequence[Step]) -> None:
        """Find what must be computed and stored, from the last step to the first."""
        self._lay_out()  # before the first question whether something is repeated
        for step in reversed(steps):
            if step.kind in (Kind.PRODUCT, Kind.HOST):
                (value,) = step.members
                step.computed.add(value)
                self.stored.add(value)
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
                for place, (root, _) in enumerate(self.made_of(value)):
                    if self._from_memory(value, place):
                        self._read(root, step)
                    elif self.home.get(root) is step or self.repeated(root):
                        todo.append(root)
                    else:
                        self._read(root, step)

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


def runs_in_kernels(value: Value) -> bool:
    """Tell whether a kernel computes a value."""
    return kind_of(value) in KERNEL

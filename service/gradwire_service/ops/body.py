"""Bodies: graphs inside ops that repeat, choose or replace them, such as the step of a `scan`.

A body sees its own variables alone; what it uses of the graph around it is handed to it as inputs.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from gradwire_service.graph import AttributeKind, TensorType, TupleType
from gradwire_service.ops.base import MultiOp, Namespace, Value, Variable, define_kind
from gradwire_service.ops.flat import ancestors, rebuilt


@dataclass(frozen=True, eq=False)
class Body:
    """A function of values, written down once.

    Attributes:
        variables: what stands for its inputs, in order.
        outputs: its results, made of the variables and of constants alone.
    """

    variables: tuple[Value, ...]
    outputs: tuple[Value, ...]

    def __call__(self, *inputs: Value) -> tuple[Value, ...]:
        """Return the results for inputs: the body, written out."""
        return tuple(rebuilt(self.outputs, dict(zip(self.variables, inputs, strict=True))))

    @property
    def types(self) -> tuple[TensorType, ...]:
        """Types of the results."""
        return tuple(y.type for y in self.outputs)

    @cached_property
    def blocks(self) -> list[Value]:
        """All values but the variables, in topological order."""
        return [value for value in ancestors(self.outputs) if type(value.op) is not Variable]

    @cached_property
    def flops(self) -> float:
        """Estimate of the floating-point operations of one run."""
        return sum(value.op.flops(value.type, *(x.type for x in value.inputs)) for value in self.blocks)

    def run(self, xp: Namespace, inputs: Sequence[Any]) -> list[Any]:
        """Return the results, computed with an array namespace."""
        values = [*inputs, *[None] * len(self.blocks)]
        asarray = xp.asarray
        for target, (evaluate, sources, dtype, kind) in enumerate(self._instructions, len(inputs)):
            result = evaluate(xp, *[values[slot] for slot in sources])
            values[target] = asarray(result, dtype) if dtype is not None else converted(result, kind, xp)
        return [values[slot] for slot in self._results]

    @cached_property
    def _slots(self) -> Mapping[Value, int]:
        return {value: i for i, value in enumerate([*self.variables, *self.blocks])}

    @cached_property
    def _instructions(self) -> Sequence[tuple[Callable[..., Any], tuple[int, ...], Any, TensorType]]:
        slots = self._slots
        return [(v.op.evaluate, tuple(slots[x] for x in v.inputs), single_dtype(v.type), v.type) for v in self.blocks]

    @cached_property
    def _results(self) -> Sequence[int]:
        return [self._slots[y] for y in self.outputs]


def single_dtype(kind: TensorType) -> Any:
    """Return NumPy's element type of the result of a block, to be known ahead of runs; None if there are several."""
    return None if isinstance(kind, TupleType) else kind.element_type.dtype


def converted(result: Any, kind: TensorType, xp: Namespace) -> Any:
    """Give the result of a block its element type; of a block with several results, each of them."""
    if isinstance(kind, TupleType):
        return tuple([converted(x, member, xp) for x, member in zip(result, kind.members, strict=True)])
    return xp.asarray(result, kind.element_type.dtype)


Trace = Callable[[Sequence[TensorType]], Body]
"""Makes a body of a composite, for inputs of these types. Raises: what is wrong with the composite at these types."""

Rewrite = Callable[[Body], Body]


class Control(MultiOp):
    """An op over bodies. Blocks name composites; `build` has them traced, for only the op knows their inputs' types.

    Class attributes:
        results_like: the attribute whose composite has as many outputs as the op has results; "": there is one result.
        open_ended: whether data decide how long a run takes.
    """

    results_like: ClassVar[str] = "body"
    open_ended: ClassVar[bool] = False

    def vjp(
        self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Any, below_choice: bool = False, **_: Any
    ) -> tuple[Value | None, ...]:
        """Return the cotangents of the inputs; as `MultiOp.vjp`.

        Args:
            y_bar, y, x: as there.
            below_choice: as for `transform.vjp`, which has to be told of what is inside the bodies.
        """
        return (None,) * len(x)

    @classmethod
    @abstractmethod
    def build(cls, traces: Any, inputs: Any, *_: Any, **settings: Any) -> tuple[Value, ...]:
        """Trace the bodies, and apply the op.

        Args:
            traces: a `Trace`, or a tuple of them, for each attribute that names composites.
            inputs: the inputs of the block.
            settings: its other attributes.
        """

    @classmethod
    def is_written_out(cls) -> bool:
        """Tell whether the op gives way to its body once all derivatives are taken."""
        return cls.inlined is not Control.inlined

    def inlined(self, *inputs: Value) -> tuple[Value, ...] | None:
        """Return what the op stands for once all derivatives are taken; None when it stays."""
        return None

    def shut(self) -> Self:
        """Return the op without results beside those of its bodies."""
        return self

    def closed(self, used: set[int]) -> tuple[Self, Sequence[int], Sequence[int]] | None:
        """Leave out what nobody uses.

        Args:
            used: places of the results that are used.

        Returns: the op, the places of the inputs that it still takes, and those of the results that it still has; None
            when nothing can be left out.
        """
        return None

    @property
    def bodies_inside(self) -> Iterator[Body]:
        """All bodies of the op."""
        for field in fields(self):  # type: ignore[arg-type]  # every op is a dataclass
            value = getattr(self, field.name)
            yield from (x for x in (value if isinstance(value, tuple) else (value,)) if isinstance(x, Body))

    def with_bodies(self, rewrite: Rewrite) -> Self:
        """Return the op with other bodies in place of its own."""
        new: dict[str, Any] = {}
        for field in fields(self):  # type: ignore[arg-type]  # every op is a dataclass
            value = getattr(self, field.name)
            if isinstance(value, Body):
                new[field.name] = rewrite(value)
            elif isinstance(value, tuple) and value and isinstance(value[0], Body):
                new[field.name] = tuple(map(rewrite, value))
        return replace(self, **new)  # type: ignore[type-var]


class Rewritten(Control):
    """An op over bodies that blocks may name, and that `build` writes with others: no value is ever made by it."""

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        raise TypeError(f"{self.name} is written with other ops before it is typed")  # pragma: no cover

    def evaluate(self, xp: Namespace, *inputs: Any) -> tuple[Any, ...]:
        raise TypeError(f"{self.name} is written with other ops before it is run")  # pragma: no cover


define_kind(Body, AttributeKind.GRAPH)
define_kind(tuple[Body, ...], AttributeKind.GRAPHS)


def controls(blocks: Iterable[Value]) -> Iterator[Control]:
    """Yield the ops over bodies among blocks, those inside bodies included."""
    todo = [value.op for value in blocks if isinstance(value.op, Control)]
    while todo:
        op = todo.pop()
        yield op
        todo.extend(v.op for body in op.bodies_inside for v in body.blocks if isinstance(v.op, Control))


# Loops look whether they are to stop, although `evaluate` is not told how: whoever runs a graph says it here.

_current = threading.local()


@contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Let loops that run in this thread call a function between trips; it raises to stop them."""
    before = getattr(_current, "interrupt", None)
    _current.interrupt = interrupt
    try:
        yield
    finally:
        _current.interrupt = before


def poll() -> None:
    """Stop here if the run is to stop."""
    interrupt = getattr(_current, "interrupt", None)
    if interrupt is not None:
        interrupt()

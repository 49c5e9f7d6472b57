"""Random graphs of any ops: samples of them at their points, joined by smooth functions.

What an op yields moves the inputs of those behind it, though by nothing at the point, where every op therefore stands
in its sample, and has all derivatives.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from hypothesis import strategies as st

from gradwire_backends.testing import SAMPLES, Sample
from gradwire_service.graph import FLOAT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, constant, variable
from gradwire_service.ops.flat import rebuilt
from gradwire_service.ops.functions import asinh, exp, log, sin, sinh, tanh
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, jvp

Smooth = Callable[[Value], Value]

BEFORE: Sequence[tuple[Smooth, Callable[[Array], Array]]] = (
    (lambda v: v, lambda x: x),
    (lambda v: 2 * v - 0.5, lambda x: (x + 0.5) / 2),
    (sinh, np.arcsinh),
    (asinh, np.sinh),
)
"""What is done to a variable before it enters an op, and the inverse of that."""

BEHIND: Sequence[Smooth] = (
    sin,
    tanh,
    lambda z: z * z,
    lambda z: exp(-z),
    lambda z: log(z + 2),
    lambda z: z / (1 + z * z),
)
"""What is done to what an op yields."""

LARGE = 3.0
"""Elements of which no such function is taken."""


class RandomGraph:
    """A scalar function.

    Attributes:
        variables: what it is a function of, and integers and conditions that ops read, by name.
        point: where it is differentiated.
        start: the first of the variables, a scalar that moves everything, and is zero at the point.
        total: the scalar, zero at the point.
    """

    def __init__(self, samples: Sequence[Sample], seed: int) -> None:
        self._made_of = samples, seed
        self._draw = np.random.default_rng([seed, zlib.crc32(" ".join(map(str, samples)).encode())])
        self.variables: dict[str, Value] = {}
        self.point: dict[str, Array] = {}
        self.start = self.total = moving = self._variable(np.zeros(()))
        for sample in samples:
            y = sample.value()
            inputs = {
                x: self._input(sample.tensors[name], moving) for name, x in FlatGraph.of({"y": y}).variables.items()
            }
            (y,) = rebuilt([y], inputs)
            moving = self._moving(y)
            self.total = self.total * (1 + moving) + moving

    def __repr__(self) -> str:
        samples, seed = self._made_of
        return f"RandomGraph of {', '.join(map(str, samples))}, seed {seed}"

    @property
    def floating(self) -> dict[str, Value]:
        """The variables that move."""
        return {name: x for name, x in self.variables.items() if x.element_type.is_floating}

    def direction(self) -> dict[str, Array]:
        """Return numbers of either sign for what moves."""
        return {name: np.asarray(self._draw.uniform(-1, 1, x.shape)) for name, x in self.floating.items()}

    @cached_property
    def gradient(self) -> dict[str, Value]:
        """Derivatives of the scalar, by the names of what moves."""
        return dict(zip(self.floating, gradient(self.total, list(self.floating.values())), strict=True))

    def _input(self, x: Array, moving: Value) -> Value:
        """Return a value that is x at the point, made of a new variable or of one that is there, and moved."""
        if x.dtype.kind != "f":
            return self._variable(x)
        alike = [old for old in self.floating.values() if old.shape == x.shape]
        small = np.max(np.abs(x), initial=0.0) <= LARGE
        if alike and self._draw.random() < 0.3:
            old = alike[self._choice(alike)]
            value = old + constant(x - self.point[old.name], FLOAT64)
        else:
            function, inverse = BEFORE[self._choice(BEFORE) if small else 0]
            value = function(self._variable(np.asarray(inverse(x))))
        return value + moving * constant(self._draw.uniform(-1, 1, x.shape), FLOAT64)

    def _choice(self, among: Sequence[object]) -> int:
        return int(self._draw.integers(len(among)))

    def _variable(self, x: Array) -> Value:
        name = f"v{len(self.variables)}"
        self.point[name] = np.array(x, order="C")  # as backends take them; samples may lie otherwise
        self.variables[name] = variable(name, x.shape, ElementType.of(x.dtype))
        return self.variables[name]

    def _moving(self, y: Value) -> Value:
        """Return a scalar that moves as y does, about as fast as its variables, and is zero at the point."""
        run, step = interpret(FlatGraph.of({"y": y}, self.variables.values())), 1e-4
        at = run(self.point)["y"]
        near = run({name: x + step if x.dtype.kind == "f" else x for name, x in self.point.items()})["y"]
        scale = max(1.0, np.max(np.abs(at), initial=0.0), np.max(np.abs(near - at), initial=0.0) / step)
        weights = self._draw.uniform(0.5, 1.5, y.shape) * self._draw.choice([-1, 1], y.shape) / max(at.size, 1)
        function, half = BEHIND[self._choice(BEHIND)], constant(0.5, FLOAT64)
        z = (y - constant(at, FLOAT64)) / scale
        return sum_((function(z + half) - function(half)) * constant(weights, FLOAT64))


def derivatives(graph: RandomGraph) -> FlatGraph:
    """Return the scalar, its gradient, and the derivatives of both along ``dot v0``, …, each in two ways."""
    dots = {x: variable(f"dot {name}", x.shape) for name, x in graph.floating.items()}
    (pushed,) = jvp([graph.total], dots)
    pulled = along(list(graph.gradient.values()), list(dots.values()))
    products = jvp(list(graph.gradient.values()), dots)
    again = gradient(pulled, list(dots))
    outputs = {"total": graph.total, "pushed": pushed, "pulled": pulled}
    outputs |= {f"gradient {name}": value for name, value in graph.gradient.items()}
    outputs |= {f"forward {x.name}": value for x, value in zip(dots, products, strict=True)}
    outputs |= {f"reverse {x.name}": value for x, value in zip(dots, again, strict=True)}
    return FlatGraph.of(outputs, [*graph.variables.values(), *dots.values()])


def along(values: Sequence[Value], others: Sequence[Value]) -> Value:
    """Return the inner product of values."""
    first, *more = (sum_(x * y) for x, y in zip(values, others, strict=True))
    for term in more:
        first = first + term
    return first


def is_differentiable(sample: Sample) -> bool:
    floating = [x.dtype == np.float64 for x in sample.inputs if x.dtype.kind == "f"]
    return sample.smooth and bool(floating) and all(floating) and sample.value().element_type is FLOAT64


DIFFERENTIABLE = [sample for sample in SAMPLES if is_differentiable(sample)]
ANALYTIC = [s for s in DIFFERENTIABLE if all(value.op.analytic for value in s.graph().blocks)]


def groups(samples: Sequence[Sample], size: int) -> dict[str, list[list[Sample]]]:
    """Part ops, each with its samples, into groups, and name these; every op is in one."""
    ops = sorted({sample.op for sample in samples})
    count = -(-len(ops) // size)
    parted = [ops[i::count] for i in range(count)]
    return {" ".join(names): [[s for s in samples if s.op == name] for name in names] for names in parted}


@st.composite
def random_graphs(draw: st.DrawFn, group: Sequence[Sequence[Sample]]) -> RandomGraph:
    """Draw a sample of each op of a group, in any order, and join them."""
    ops = draw(st.permutations(group))
    return RandomGraph([draw(st.sampled_from(samples)) for samples in ops], draw(st.integers(0, 2**16)))

"""What a query needs of a graph, and how its answer is put together.

What comes with the point beside the inputs (tangents, cotangents, vectors) is fed to variables of its own, whose names
hold a space, which no client's name does; so do the names of a program's outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from gradwire_service.backend import Tensors
from gradwire_service.errors import InvalidRequestError, LimitExceededError
from gradwire_service.graph import Array
from gradwire_service.limits import Limits
from gradwire_service.ops.base import Value, variable
from gradwire_service.query import (
    GradientQuery,
    GradientResult,
    HessianVectorProductQuery,
    HessianVectorProductResult,
    JvpQuery,
    JvpResult,
    Query,
    Result,
    ValueQuery,
    ValueResult,
    VjpQuery,
    VjpResult,
)
from gradwire_service.transform import TypedGraph, gradient, hessian_vector_product, jvp, vjp


class Plan:
    """One query: the values that it needs, and how its result is put together.

    Attributes:
        typed: the graph at known sizes.
        query: what is asked.
        index: place of the query in the request; it keeps names of one query apart from those of others.
        of: names of the values that are looked at or differentiated.
        wrt: names of the values that are differentiated with respect to.
        directions: variables for the tangents, cotangents or vectors that come with the point, by name.
    """

    def __init__(self, typed: TypedGraph, query: Query, index: int, limits: Limits) -> None:
        """Look up all that the query names.

        Raises: UnknownValueError, InvalidRequestError, LimitExceededError.
        """
        self.typed, self.query, self.index = typed, query, index
        self.directions: dict[str, Value] = {}
        match query:
            case ValueQuery(of):
                self.of = of or tuple(typed.graph.outputs)
                self.wrt: tuple[str, ...] = ()
            case GradientQuery(of, wrt):
                self.of, self.wrt = (of or only_output(typed),), wrt or floating_variables(typed)
            case JvpQuery(of, along):
                self.of, self.wrt = of or floating_outputs(typed), along
                self._direct(along, self.wrt_value)
            case VjpQuery(of, wrt):
                self.of, self.wrt = of, wrt or floating_variables(typed)
                self._direct(of, self.of_value)
            case HessianVectorProductQuery(of, along):
                self.of, self.wrt = (of or only_output(typed),), along
                self._direct(along, self.wrt_value)
        if len(self.wrt) > limits.wrt:
            message = f"a query differentiates with respect to {len(self.wrt)} values; at most {limits.wrt} are taken"
            raise LimitExceededError(message, limit=limits.wrt, value=len(self.wrt))

    def _direct(self, names: Sequence[str], look_up: Callable[[str], Value]) -> None:
        if not names:
            kind = {JvpQuery: "tangents", VjpQuery: "cotangents"}.get(type(self.query), "vectors")
            raise InvalidRequestError(f"query {self.index} has no {kind}; give at least one")
        for name in names:
            value = look_up(name)
            self.directions[name] = variable(f"{self.index} {name}", value.shape, value.element_type)

    def of_value(self, name: str) -> Value:
        """Return a value that is looked at; an output goes before a value of the same name."""
        return self.typed[self.typed.graph.outputs.get(name, name)]

    def wrt_value(self, name: str) -> Value:
        """Return a value that is differentiated with respect to."""
        return self.typed[name]

    def outputs(self) -> dict[str, Value]:
        """Return the values that answer the query, by the names that `result` reads."""
        of = [self.of_value(name) for name in self.of]
        wrt = [self.wrt_value(name) for name in self.wrt]
        found: dict[str, Value] = {self.key("value", name): value for name, value in zip(self.of, of, strict=True)}
        derived: dict[str, Iterable[Value]] = {}
        match self.query:
            case GradientQuery():
                derived["gradient"] = gradient(of[0], wrt)
            case JvpQuery():
                tangents = _summed((value, self.directions[name]) for name, value in zip(self.wrt, wrt, strict=True))
                derived["tangent"] = jvp(of, tangents)
            case VjpQuery():
                cotangents = _summed((value, self.directions[name]) for name, value in zip(self.of, of, strict=True))
                derived["gradient"] = vjp(cotangents, wrt)
            case HessianVectorProductQuery():
                vectors = _summed((value, self.directions[name]) for name, value in zip(self.wrt, wrt, strict=True))
                derived["gradient"] = gradient(of[0], wrt)
                products = dict(zip(vectors, hessian_vector_product(of[0], vectors), strict=True))
                derived["product"] = [products[value] for value in wrt]
        for kind, values in derived.items():
            names = self.of if kind == "tangent" else self.wrt
            found |= {self.key(kind, name): value for name, value in zip(names, values, strict=True)}
        return found

    def key(self, kind: str, name: str) -> str:
        """Name an output of the program."""
        return f"{self.index} {kind} {name}"

    @cached_property
    def result(self) -> Callable[[Tensors], Result]:
        """What puts the result together from a program's outputs; made once, for it is called at every run."""
        values = self._gatherer("value", self.of)
        match self.query:
            case ValueQuery():
                return lambda outputs: ValueResult(values(outputs))
            case JvpQuery():
                tangents = self._gatherer("tangent", self.of)
                return lambda outputs: JvpResult(values(outputs), tangents(outputs))
        gradients = self._gatherer("gradient", self.wrt)
        if isinstance(self.query, VjpQuery):
            return lambda outputs: VjpResult(values(outputs), gradients(outputs))
        value = self.key("value", self.of[0])
        if isinstance(self.query, GradientQuery):
            return lambda outputs: GradientResult(outputs[value], gradients(outputs))
        products = self._gatherer("product", self.wrt)
        return lambda outputs: HessianVectorProductResult(outputs[value], gradients(outputs), products(outputs))

    def _gatherer(self, kind: str, names: Sequence[str]) -> Callable[[Tensors], dict[str, Array]]:
        keys = [(name, self.key(kind, name)) for name in names]
        return lambda outputs: {name: outputs[key] for name, key in keys}


def only_output(typed: TypedGraph) -> str:
    """Return the name of the graph's only output.

    Raises: InvalidRequestError when there are several.
    """
    if len(typed.graph.outputs) > 1:
        names = ", ".join(typed.graph.outputs)
        raise InvalidRequestError(f"the graph has several outputs ({names}); say which one is asked for with `of`")
    return next(iter(typed.graph.outputs))


def floating_outputs(typed: TypedGraph) -> tuple[str, ...]:
    """Return the names of the outputs that can be differentiated."""
    return tuple(n for n, v in typed.graph.outputs.items() if typed.values[v].element_type.is_floating)


def floating_variables(typed: TypedGraph) -> tuple[str, ...]:
    """Return the names of the variables that can be differentiated with respect to."""
    return tuple(v.name for v in typed.variables if v.element_type.is_floating)


def _summed(pairs: Iterable[tuple[Value, Value]]) -> dict[Value, Value]:
    """Gather directions by value; two names of one value add up."""
    result: dict[Value, Value] = {}
    for value, direction in pairs:
        result[value] = result[value] + direction if value in result else direction
    return result

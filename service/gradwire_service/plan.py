"""What a query needs of a graph, and how its answer is put together.

What comes with the point beside the inputs (tangents, cotangents, vectors) is fed to variables of its own, whose names
hold a space, which no client's name does; so do the names of a program's outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter

from gradwire_service.backend import Tensors
from gradwire_service.control.chunks import vectorize_in_chunks
from gradwire_service.errors import InvalidRequestError, LimitExceededError
from gradwire_service.graph import Array
from gradwire_service.limits import Limits
from gradwire_service.ops.base import Value, variable
from gradwire_service.query import (
    CoordinateMatrix,
    GradientQuery,
    GradientResult,
    HessianQuery,
    HessianResult,
    HessianVectorProductQuery,
    HessianVectorProductResult,
    JacobianQuery,
    JacobianResult,
    JvpQuery,
    JvpResult,
    Matrices,
    Query,
    Result,
    ValueQuery,
    ValueResult,
    VjpQuery,
    VjpResult,
)
from gradwire_service.transform import TypedGraph, gradient, hessian_vector_product, jvp, vjp
from gradwire_service.transform.jacobian import Derivatives, Sweeps, parted
from gradwire_service.transform.selection import SelectedSweeps, selected_sweeps


class Plan:
    """One query: the values that it needs, and how its result is put together.

    Attributes:
        typed: the graph at known sizes.
        query: what is asked.
        index: place of the query in the request; it keeps names of one query apart from those of others.
        of: names of the values that are looked at or differentiated.
        wrt: names of the values that are differentiated with respect to.
        directions: variables for the tangents, cotangents or vectors that come with the point, by name.
        count: number of sweeps for a Jacobian or Hessian, once `matrices` was called.
    """

    def __init__(self, typed: TypedGraph, query: Query, index: int, limits: Limits) -> None:
        """Look up all that the query names.

        Raises: UnknownValueError, InvalidRequestError, LimitExceededError.
        """
        self.typed, self.query, self.index, self.limits = typed, query, index, limits
        self.count = 0
        self.places: dict[tuple[str, str], tuple[Array, Array]] = {}
        self.directions: dict[str, Value] = {}
        match query:
            case ValueQuery(of):
                self.of = of or tuple(typed.graph.outputs)
                self.wrt: tuple[str, ...] = ()
            case GradientQuery(of, wrt):
                self.of, self.wrt = (of or only_output(typed),), wrt or floating_variables(typed)
            case JvpQuery(of, along, number):
                self.of, self.wrt = of or floating_outputs(typed), along
                self._direct(along, self.wrt_value, number)
            case VjpQuery(of, wrt, number):
                self.of, self.wrt = of, wrt or floating_variables(typed)
                self._direct(of, self.of_value, number)
            case HessianVectorProductQuery(of, along):
                self.of, self.wrt = (of or only_output(typed),), along
                self._direct(along, self.wrt_value)
            case JacobianQuery(of, wrt):
                self.of, self.wrt = of or floating_outputs(typed), wrt or floating_variables(typed)
            case HessianQuery(of, wrt):
                self.of, self.wrt = (of or only_output(typed),), wrt or floating_variables(typed)
        if len(self.wrt) > limits.wrt:
            message = f"a query differentiates with respect to {len(self.wrt)} values; at most {limits.wrt} are taken"
            raise LimitExceededError(message, limit=limits.wrt, value=len(self.wrt))

    def _direct(self, names: Sequence[str], look_up: Callable[[str], Value], number: int | None = None) -> None:
        if not names:
            kind = {JvpQuery: "tangents", VjpQuery: "cotangents"}.get(type(self.query), "vectors")
            raise InvalidRequestError(f"query {self.index} has no {kind}; give at least one")
        for name in names:
            value = look_up(name)
            shape = value.shape if number is None else (number, *value.shape)
            self.directions[name] = variable(f"{self.index} {name}", shape, value.element_type)

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
                derived["tangent"] = self._along(dict(zip(self.wrt, wrt, strict=True)), lambda dots: jvp(of, dots))
            case VjpQuery():
                derived["gradient"] = self._along(dict(zip(self.of, of, strict=True)), lambda bars: vjp(bars, wrt))
            case HessianVectorProductQuery():
                scalar, points = parted(of[0], wrt)
                vectors = _summed((x, self.directions[name]) for name, x in zip(self.wrt, points, strict=True))
                derived["gradient"] = gradient(scalar, points)
                products = dict(zip(vectors, hessian_vector_product(scalar, vectors), strict=True))
                derived["product"] = [products[x] for x in points]
            case JacobianQuery() | HessianQuery():
                sweeps, slopes = self.sweeps()
                derived |= {"gradient": slopes} if slopes else {}
                fewer = self._selected_sweeps(sweeps)
                found |= self.matrices((fewer or sweeps).derivatives(vectorize_in_chunks))
        for kind, values in derived.items():
            names = self.of if kind == "tangent" else self.wrt
            found |= {self.key(kind, name): value for name, value in zip(names, values, strict=True)}
        return found

    def _along(
        self, values: Mapping[str, Value], differentiate: Callable[[Mapping[Value, Value]], list[Value]]
    ) -> list[Value]:
        """Differentiate along the directions of values, given by name: along one, or along each of many."""
        assert isinstance(self.query, JvpQuery | VjpQuery)
        if self.query.directions is None:
            return differentiate(_summed((value, self.directions[name]) for name, value in values.items()))
        single = {name: variable(name, value.shape, value.element_type) for name, value in values.items()}
        derivatives = differentiate(_summed((value, single[name]) for name, value in values.items()))
        return vectorize_in_chunks(derivatives, {one: self.directions[name] for name, one in single.items()})

    # Jacobians and Hessians

    def sweeps(self, *, only_forward: bool = False) -> tuple[Sweeps, list[Value]]:
        """Return the sweeps that the matrices take; of a Hessian, the gradient too.

        Raises: LimitExceededError, NotScalarError, NotDifferentiableError.
        """
        assert isinstance(self.query, JacobianQuery | HessianQuery)
        count, limit = len(self.rows) * len(self.wrt), self.limits.matrices
        if count > limit:
            message = f"a query asks for {count:,} matrices, one for each pair of values; at most {limit:,} are taken"
            raise LimitExceededError(f"{message}: stack values, or ask for fewer", limit=limit, value=count)
        of, wrt = [self.of_value(name) for name in self.of], [self.wrt_value(name) for name in self.wrt]
        slopes: list[Value] = []
        is_hessian = isinstance(self.query, HessianQuery)
        if is_hessian:
            scalar, wrt = parted(of[0], wrt)
            of = slopes = gradient(scalar, wrt)
        dense, limit = self.query.is_dense, self.limits.derivatives
        return Sweeps(of, wrt, dense=dense, limit=limit, symmetric=is_hessian, only_forward=only_forward), slopes

    def _selected_sweeps(self, sweeps: Sweeps) -> SelectedSweeps | None:
        """Return sweeps with respect to what is picked at fixed positions, if these are fewer."""
        if not isinstance(self.query, JacobianQuery) or self.query.is_dense or sweeps.pattern is None:
            return None
        selected = selected_sweeps(sweeps.of, sweeps.wrt, self.limits.derivatives)
        return selected if selected is not None and selected.count < sweeps.count else None

    def matrices(self, derivatives: Derivatives) -> dict[str, Value]:
        """Return the parts of matrices by the names that `result` reads."""
        self.count = derivatives.sweeps
        found: dict[str, Value] = {}
        for row, matrices in zip(self.rows, derivatives.matrices, strict=True):
            for column, matrix in zip(self.wrt, matrices, strict=True):
                found[self.key("entries", f"{row} {column}")] = matrix.values
                if matrix.places:
                    self.places[row, column] = matrix.places
        return found

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the values whose elements are the rows of matrices."""
        return self.wrt if isinstance(self.query, HessianQuery) else self.of

    def _matrix_gatherer(self) -> Callable[[Tensors], Matrices]:
        assert isinstance(self.query, JacobianQuery | HessianQuery)
        row_value = self.wrt_value if isinstance(self.query, HessianQuery) else self.of_value
        gather: dict[tuple[str, str], Callable[[Tensors], Array | CoordinateMatrix]] = {}
        for row in self.rows:
            for column in self.wrt:
                key = self.key("entries", f"{row} {column}")
                if self.query.is_dense:
                    gather[row, column] = itemgetter(key)
                else:
                    shape = row_value(row).type.size, self.wrt_value(column).type.size
                    gather[row, column] = _coordinates(shape, self.places[row, column], key)
        return lambda outputs: {names: matrix(outputs) for names, matrix in gather.items()}

    # The answer

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
            case JacobianQuery():
                matrices = self._matrix_gatherer()
                return lambda outputs: JacobianResult(values(outputs), matrices(outputs), self.count)
        gradients = self._gatherer("gradient", self.wrt)
        if isinstance(self.query, VjpQuery):
            return lambda outputs: VjpResult(values(outputs), gradients(outputs))
        value = self.key("value", self.of[0])
        if isinstance(self.query, GradientQuery):
            return lambda outputs: GradientResult(outputs[value], gradients(outputs))
        if isinstance(self.query, HessianQuery):
            matrices = self._matrix_gatherer()
            return lambda outputs: HessianResult(outputs[value], gradients(outputs), matrices(outputs), self.count)
        products = self._gatherer("product", self.wrt)
        return lambda outputs: HessianVectorProductResult(outputs[value], gradients(outputs), products(outputs))

    def assembler(self, names: Sequence[str]) -> Callable[[Sequence[Array]], Result]:
        """Return what puts the result together from a program's outputs in the order of their names."""
        result = self.result
        if not isinstance(self.query, GradientQuery):
            return lambda found: result(dict(zip(names, found, strict=True)))
        place = {name: i for i, name in enumerate(names)}
        value = place[self.key("value", self.of[0])]
        gradients = [(name, place[self.key("gradient", name)]) for name in self.wrt]
        if len(gradients) > 1:
            return lambda found: GradientResult(found[value], {name: found[i] for name, i in gradients})
        ((only, i),) = gradients
        new = tuple.__new__  # as the constructor of a named tuple does, without a call between
        return lambda found: new(GradientResult, (found[value], {only: found[i]}))

    def _gatherer(self, kind: str, names: Sequence[str]) -> Callable[[Tensors], dict[str, Array]]:
        keys = [(name, self.key(kind, name)) for name in names]
        return lambda outputs: {name: outputs[key] for name, key in keys}


def _coordinates(
    shape: tuple[int, int], places: tuple[Array, Array], key: str
) -> Callable[[Tensors], CoordinateMatrix]:
    return lambda outputs: CoordinateMatrix(shape, *places, outputs[key])


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

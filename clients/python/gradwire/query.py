"""What can be asked of a graph at a point.

>>> service.evaluate(graph, inputs, queries=[gw.query.gradient(wrt="w"), gw.query.value("u")]).answers

All queries of a call are answered from one program that shares the forward pass. `of` and `wrt` take names of outputs
or values, inner ones of composites (``layer1/u``) included, or the values themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from gradwire import results
from gradwire import v1 as pb
from gradwire.graph import Graph
from gradwire.results import Answer, CoordinateMatrix, Execution
from gradwire.tensors import Feed, decode_scalar, decode_tensor, decode_tensors, encode_tensor
from gradwire.values import Value

Name = str | Value
Names = Name | Sequence[Name]
Source = Graph | str
"""A graph, or its text form."""

Bulk = Sequence[memoryview]


class Query(Protocol):
    """One question."""

    def encode(self, source: Source) -> bytes:
        """Return the question about a graph as a message."""
        ...

    def decode(self, result: pb.QueryResult, bulk: Bulk, execution: Execution) -> Answer:
        """Read the answer."""
        ...


@dataclass(frozen=True)
class ValueQuery:
    """Asks for values; see `value`."""

    of: Names

    def encode(self, source: Source) -> bytes:
        return _value(names(source, self.of))

    def decode(self, result: pb.QueryResult, bulk: Bulk, execution: Execution) -> results.ValueResult:
        return results.ValueResult(decode_tensors(result.value.values, bulk), execution)


@dataclass(frozen=True)
class GradientQuery:
    """Asks for a scalar and its gradient; see `gradient`."""

    of: Name
    wrt: Names

    def encode(self, source: Source) -> bytes:
        return _gradient(name(source, self.of), names(source, self.wrt))

    def decode(self, result: pb.QueryResult, bulk: Bulk, execution: Execution) -> results.GradientResult:
        found = result.gradient
        gradients = decode_tensors(found.gradients, bulk)
        return results.GradientResult(decode_scalar(found.value), gradients, execution)


@dataclass(frozen=True)
class JvpQuery:
    """Asks how values move when the point does; see `jvp`."""

    tangents: Mapping[str, Feed]
    of: Names
    batched: bool

    def encode(self, source: Source) -> bytes:
        tangents = directions(source, self.tangents)
        query = pb.JvpQuery(of=names(source, self.of), tangents=tangents, batched=self.batched)
        return pb.Query(jvp=query).SerializeToString()

    def decode(self, result: pb.QueryResult, bulk: Bulk, execution: Execution) -> results.JvpResult:
        found = result.jvp
        return results.JvpResult(decode_tensors(found.values, bulk), decode_tensors(found.tangents, bulk), execution)


@dataclass(frozen=True)
class VjpQuery:
    """Asks how sensitivities go back; see `vjp`."""

    cotangents: Mapping[str, Feed]
    wrt: Names
    batched: bool

    def encode(self, source: Source) -> bytes:
        cotangents = directions(source, self.cotangents)
        query = pb.VjpQuery(cotangents=cotangents, wrt=names(source, self.wrt), batched=self.batched)
        return pb.Query(vjp=query).SerializeToString()

    def decode(self, result: pb.QueryResult, bulk: Bulk, execution: Execution) -> results.VjpResult:
        found = result.vjp
        return results.VjpResult(decode_tensors(found.values, bulk), decode_tensors(found.cotangents, bulk), execution)


@dataclass(frozen=True)
class HvpQuery:
    """Asks for a Hessian-vector product; see `hvp`."""

    vectors: Mapping[str, Feed]
    of: Name

    def encode(self, source: Source) -> bytes:
        query = pb.HessianVectorProductQuery(of=name(source, self.of), vectors=directions(source, self.vectors))
        return pb.Query(hessian_vector_product=query).SerializeToString()

    def decode(self, result: pb.QueryResult, bulk: Bulk, execution: Execution) -> results.HvpResult:
        found = result.hessian_vector_product
        gradients, products = decode_tensors(found.gradients, bulk), decode_tensors(found.products, bulk)
        return results.HvpResult(decode_scalar(found.value), gradients, products, execution)


@dataclass(frozen=True)
class JacobianQuery:
    """Asks for first derivatives; see `jacobian`."""

    of: Names
    wrt: Names
    sparse: bool

    def encode(self, source: Source) -> bytes:
        query = pb.JacobianQuery(of=names(source, self.of), wrt=names(source, self.wrt), format=_format(self.sparse))
        return pb.Query(jacobian=query).SerializeToString()

    def decode(self, result: pb.QueryResult, bulk: Bulk, execution: Execution) -> results.JacobianResult:
        found = result.jacobian
        values, matrices = decode_tensors(found.values, bulk), _matrices(found.blocks, bulk)
        return results.JacobianResult(values, matrices, execution, found.sweeps)


@dataclass(frozen=True)
class HessianQuery:
    """Asks for second derivatives; see `hessian`."""

    of: Name
    wrt: Names
    sparse: bool

    def encode(self, source: Source) -> bytes:
        query = pb.HessianQuery(of=name(source, self.of), wrt=names(source, self.wrt), format=_format(self.sparse))
        return pb.Query(hessian=query).SerializeToString()

    def decode(self, result: pb.QueryResult, bulk: Bulk, execution: Execution) -> results.HessianResult:
        found = result.hessian
        gradients, matrices = decode_tensors(found.gradients, bulk), _matrices(found.blocks, bulk)
        return results.HessianResult(decode_scalar(found.value), gradients, matrices, execution, found.sweeps)


def value(of: Names = ()) -> ValueQuery:
    """Ask for values, by default all outputs."""
    return ValueQuery(of)


def gradient(of: Name = "", wrt: Names = ()) -> GradientQuery:
    """Ask for a scalar, by default the only output, and its gradient, by default for all floating variables."""
    return GradientQuery(of, wrt)


def jvp(tangents: Mapping[str, Feed], of: Names = (), *, batched: bool = False) -> JvpQuery:
    """Ask how values, by default all floating outputs, move along tangents.

    Args:
        tangents: perturbations of values, by name; of the type of the value.
        of: values.
        batched: whether each tangent has one leading axis more: a product for each entry along it.
    """
    return JvpQuery(tangents, of, batched)


def vjp(cotangents: Mapping[str, Feed], wrt: Names = (), *, batched: bool = False) -> VjpQuery:
    """Ask how sensitivities go back to values, by default to all floating variables.

    Args:
        cotangents: sensitivities of values, by name; of the type of the value. They add up.
        wrt: values.
        batched: whether each cotangent has one leading axis more: a product for each entry along it.
    """
    return VjpQuery(cotangents, wrt, batched)


def hvp(vectors: Mapping[str, Feed], of: Name = "") -> HvpQuery:
    """Ask for the product of the Hessian of a scalar, by default the only output, and a vector given in parts."""
    return HvpQuery(vectors, of)


def jacobian(of: Names = (), wrt: Names = (), *, sparse: bool = False) -> JacobianQuery:
    """Ask for the derivatives of values with respect to values; sparse: only entries that may differ from zero."""
    return JacobianQuery(of, wrt, sparse)


def hessian(of: Name = "", wrt: Names = (), *, sparse: bool = False) -> HessianQuery:
    """Ask for the second derivatives of a scalar; sparse: only entries that may differ from zero."""
    return HessianQuery(of, wrt, sparse)


def name(source: Source, of: Name) -> str:
    """Return the name of a value."""
    if isinstance(of, str):
        return of
    return source.name_of(of) if isinstance(source, Graph) else of.label


def names(source: Source, of: Names) -> tuple[str, ...]:
    """Return the names of values."""
    if isinstance(of, str):
        return (of,) if of else ()
    return (name(source, of),) if isinstance(of, Value) else tuple([name(source, x) for x in of])


def directions(source: Source, feeds: Mapping[str, Feed]) -> dict[str, pb.Tensor]:
    """Write tangents, cotangents or vectors; numbers and lists take the element type of the value, if it is known."""
    known = source.element_types if isinstance(source, Graph) else {}
    return {key: encode_tensor(x, known.get(key, "float64")) for key, x in feeds.items()}


@lru_cache(1024)
def _value(of: tuple[str, ...]) -> bytes:
    return pb.Query(value=pb.ValueQuery(of=of)).SerializeToString()


@lru_cache(1024)
def _gradient(of: str, wrt: tuple[str, ...]) -> bytes:
    return pb.Query(gradient=pb.GradientQuery(of=of, wrt=wrt)).SerializeToString()


def _format(sparse: bool) -> pb.MatrixFormat.ValueType:
    return pb.MATRIX_FORMAT_COORDINATE if sparse else pb.MATRIX_FORMAT_DENSE


def _matrices(blocks: Any, bulk: Bulk) -> results.Matrices:
    return {(block.row, block.column): _matrix(block, bulk) for block in blocks}


def _matrix(block: pb.DerivativeMatrix, bulk: Bulk) -> Any:
    if block.HasField("dense"):
        return decode_tensor(block.dense, bulk)
    found = block.coordinate
    entries = [decode_tensor(x, bulk) for x in (found.rows, found.columns, found.values)]
    return CoordinateMatrix((found.row_count, found.column_count), *entries)

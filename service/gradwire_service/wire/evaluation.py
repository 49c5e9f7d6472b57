"""Queries, options and answers ↔ messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gradwire import v1 as pb
from gradwire_service.backend import Options, Tier
from gradwire_service.engine import Choice
from gradwire_service.errors import InvalidRequestError, NotImplementedByServerError
from gradwire_service.program import Settings
from gradwire_service.query import (
    Arrays,
    Evaluation,
    Execution,
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
from gradwire_service.wire.bulk import Pieces, head, put_message, put_tensor, put_tensors
from gradwire_service.wire.tensors import Stored, decode_tensors, encode_tensor, encode_tensors

QUERY_KINDS = (
    pb.QUERY_KIND_VALUE,
    pb.QUERY_KIND_GRADIENT,
    pb.QUERY_KIND_JVP,
    pb.QUERY_KIND_VJP,
    pb.QUERY_KIND_HESSIAN_VECTOR_PRODUCT,
)
"""The kinds of queries that are answered."""

_TIERS = {
    Tier.INTERPRETED: pb.EXECUTION_TIER_INTERPRETED,
    Tier.COMPILED: pb.EXECUTION_TIER_COMPILED,
}
_METHODS = {
    pb.FINITE_DIFFERENCE_METHOD_UNSPECIFIED: "central",
    pb.FINITE_DIFFERENCE_METHOD_FORWARD: "forward",
    pb.FINITE_DIFFERENCE_METHOD_CENTRAL: "central",
    pb.FINITE_DIFFERENCE_METHOD_RICHARDSON: "richardson",
}
_METHOD_NUMBERS = {name: number for number, name in _METHODS.items()}

_NO_ARRAYS: Arrays = {}
_ALL_OUTPUTS = ((ValueQuery(),), (_NO_ARRAYS,))


class Questions(NamedTuple):
    """What is asked, and the tangents, cotangents or vectors of each query."""

    queries: tuple[Query, ...]
    directions: tuple[Arrays, ...]


def decode_queries(
    messages: Sequence[pb.Query], stored: Stored, bulk: Sequence[memoryview] = ()
) -> Questions:
    """Return the queries; without any, one for the values of all outputs.

    Raises: InvalidRequestError for a query of no kind; NotImplementedByServerError; what is wrong with a tensor.
    """
    if not messages:
        return Questions(*_ALL_OUTPUTS)
    queries: list[Query] = []
    directions: list[Arrays] = []
    for i, message in enumerate(messages):
        along = _NO_ARRAYS
        match message.WhichOneof("kind"):
            case "value":
                queries.append(ValueQuery(tuple(message.value.of)))
            case "gradient":
                gradient = message.gradient
                queries.append(GradientQuery(gradient.of, tuple(gradient.wrt)))
            case "jvp":
                jvp = message.jvp
                _refuse_batches(jvp.batched, i, "jvp")
                along = decode_tensors(jvp.tangents, f"queries[{i}].jvp.tangents", stored, bulk)
                queries.append(JvpQuery(tuple(jvp.of), tuple(along)))
            case "vjp":
                vjp = message.vjp
                _refuse_batches(vjp.batched, i, "vjp")
                along = decode_tensors(vjp.cotangents, f"queries[{i}].vjp.cotangents", stored, bulk)
                queries.append(VjpQuery(tuple(along), tuple(vjp.wrt)))
            case "hessian_vector_product":
                hvp = message.hessian_vector_product
                along = decode_tensors(hvp.vectors, f"queries[{i}].hessian_vector_product.vectors", stored, bulk)
                queries.append(HessianVectorProductQuery(hvp.of, tuple(along)))
            case None:
                text = f"query {i} is of no kind that this server knows; ask for values or derivatives"
                raise InvalidRequestError(text, field=f"queries[{i}]")
            case kind:
                text = f"query {i} asks for a {kind}, which this server does not answer; ask for products (jvp, vjp, hvp)"
                raise NotImplementedByServerError(text, field=f"queries[{i}].{kind}")
        directions.append(along)
    return Questions(tuple(queries), tuple(directions))


def _refuse_batches(batched: bool, query: int, kind: str) -> None:
    if batched:
        text = f"query {query} is batched, which this server does not answer; send a query for each direction"
        raise NotImplementedByServerError(text, field=f"queries[{query}].{kind}.batched")


def decode_query_names(messages: Sequence[pb.Query]) -> tuple[Query, ...]:
    """Return queries of which only the names of tensors count, as `Prepare` has them."""
    named = []
    for message in messages:
        copy = pb.Query()
        copy.CopyFrom(message)
        for tensors in (copy.jvp.tangents, copy.vjp.cotangents, copy.hessian_vector_product.vectors):
            for name in tensors:
                tensors[name].CopyFrom(_EMPTY)
        named.append(copy)
    return decode_queries(named, _nothing).queries

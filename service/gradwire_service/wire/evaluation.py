"""Queries, options and answers ↔ messages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from struct import pack
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire_service.backend import Options, Tier
from gradwire_service.errors import InvalidRequestError
from gradwire_service.graph import Array
from gradwire_service.library import Choice
from gradwire_service.program import Settings
from gradwire_service.query import (
    Arrays,
    CoordinateMatrix,
    Evaluation,
    Execution,
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
    direction_count,
)
from gradwire_service.wire.bulk import Pieces, head, put_message, put_tensor, put_tensors
from gradwire_service.wire.tensors import decode_type, encode_tensor, encode_tensors

QUERY_KINDS = (
    pb.QUERY_KIND_VALUE,
    pb.QUERY_KIND_GRADIENT,
    pb.QUERY_KIND_JVP,
    pb.QUERY_KIND_VJP,
    pb.QUERY_KIND_HESSIAN_VECTOR_PRODUCT,
    pb.QUERY_KIND_JACOBIAN,
    pb.QUERY_KIND_HESSIAN,
)
"""The kinds of queries that are answered."""

TIERS = {
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
_NOTHING = np.zeros(())
_ALL_OUTPUTS = ((ValueQuery(),), (_NO_ARRAYS,))


class Questions(NamedTuple):
    """What is asked, and the tangents, cotangents or vectors of each query."""

    queries: tuple[Query, ...]
    directions: tuple[Arrays, ...]


DecodeTensors = Callable[[Mapping[str, pb.Tensor], str], Arrays]
"""Decodes the entries of a map that stands at a place in the request."""


def names_alone(messages: Mapping[str, pb.Tensor], field: str) -> Arrays:
    """Take the names and types of tensors for `decode_queries`, where their elements do not count."""
    return {name: _of_type(messages[name], f"{field}[{name}]") for name in sorted(messages)}


def _of_type(message: pb.Tensor, field: str) -> Array:
    return np.broadcast_to(_NOTHING, decode_type(message.type, field).shape if message.HasField("type") else ())


def decode_queries(messages: Sequence[pb.Query], decode: DecodeTensors) -> Questions:
    """Return the queries; without any, one for the values of all outputs.

    Args:
        messages: the queries.
        decode: decodes the tensors that come with them.

    Raises: InvalidRequestError for a query of no kind; what `decode` raises.
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
                along = decode(jvp.tangents, f"queries[{i}].jvp.tangents")
                queries.append(JvpQuery(tuple(jvp.of), tuple(along), direction_count(along) if jvp.batched else None))
            case "vjp":
                vjp = message.vjp
                along = decode(vjp.cotangents, f"queries[{i}].vjp.cotangents")
                queries.append(VjpQuery(tuple(along), tuple(vjp.wrt), direction_count(along) if vjp.batched else None))
            case "hessian_vector_product":
                hvp = message.hessian_vector_product
                along = decode(hvp.vectors, f"queries[{i}].hessian_vector_product.vectors")
                queries.append(HessianVectorProductQuery(hvp.of, tuple(along)))
            case "jacobian":
                jacobian = message.jacobian
                is_dense = _is_dense(jacobian.format, f"queries[{i}].jacobian.format")
                queries.append(JacobianQuery(tuple(jacobian.of), tuple(jacobian.wrt), is_dense))
            case "hessian":
                hessian = message.hessian
                is_dense = _is_dense(hessian.format, f"queries[{i}].hessian.format")
                queries.append(HessianQuery(hessian.of, tuple(hessian.wrt), is_dense))
            case _:
                text = f"query {i} is of no kind that this server knows; ask for values or derivatives"
                raise InvalidRequestError(text, field=f"queries[{i}]")
        directions.append(along)
    return Questions(tuple(queries), tuple(directions))


def _is_dense(written: pb.MatrixFormat.ValueType, field: str) -> bool:
    if written not in pb.MatrixFormat.values():
        raise InvalidRequestError(f"{field} is no format that is known; ask for dense or coordinate", field=field)
    return written != pb.MATRIX_FORMAT_COORDINATE


def decode_choice(
    message: pb.ExecutionOptions, default: Choice, field: str = "options", with_differences: bool = False
) -> Choice:
    """Return which backend is to run, and how.

    Args:
        message: the options.
        default: what holds for those that are left out.
        field: their place in the request.
        with_differences: settings of finite differences count with any backend.

    Raises: InvalidRequestError for settings of another backend, or out of range.
    """
    settings = Settings(message.strict_nan, message.fast_math, default.settings.options)
    chosen = message.backend or default.backend
    if message.HasField("finite_difference"):
        settings = replace(settings, options=_decode_options(message.finite_difference, f"{field}.finite_difference"))
        if chosen != "finite_difference" and not with_differences:
            text = f"settings of finite differences were given, but the backend is {chosen}; name finite_difference"
            raise InvalidRequestError(text, field=f"{field}.finite_difference")
    return Choice(chosen, settings, message.wait_for_compiled)


def _decode_options(message: pb.FiniteDifferenceOptions, field: str) -> Options:
    method = _METHODS.get(message.method)
    if method is None:
        raise InvalidRequestError(f"{field}.method is no formula that is known", field=f"{field}.method")
    if not 0 <= message.step < math.inf:
        text = f"the step is {message.step}; give a positive number, or leave it out to have one chosen"
        raise InvalidRequestError(text, field=f"{field}.step")
    return Options(method, message.step or None, message.executor or Options.executor)


def encode_choice(choice: Choice) -> pb.ExecutionOptions:
    """Return options as a message."""
    message = pb.ExecutionOptions(
        backend=choice.backend,
        wait_for_compiled=choice.wait_for_compiled,
        fast_math=choice.settings.fast_math,
        strict_nan=choice.settings.strict_nan,
    )
    if choice.backend == "finite_difference":
        options = choice.settings.options
        message.finite_difference.method = _METHOD_NUMBERS[options.method]
        message.finite_difference.step = options.step or 0.0
        message.finite_difference.executor = options.executor
    return message


def encode_execution(execution: Execution) -> pb.Execution:
    """Return what ran as a message."""
    return pb.Execution(
        backend=execution.backend,
        tier=TIERS[execution.tier],
        function_evaluations=execution.function_evaluations,
        seconds=execution.seconds,
        non_finite=execution.non_finite,
        non_finite_block=execution.non_finite_block,
        issues=_encode_issues(execution),
    )


def _encode_issues(execution: Execution) -> list[pb.BlockIssue]:
    return [pb.BlockIssue(block=block, issue=issue) for block, issue in execution.issues.items()]


def write_evaluation(evaluation: Evaluation, graph_id: str) -> Pieces:
    """Write an `EvaluateResponse` as pieces to be joined: bytes, the arrays of the results, and last what ran."""
    pieces: Pieces = []
    for result in evaluation.results:
        inside: Pieces = []
        length = _WRITERS[type(result)](inside, result)
        kind = head(_RESULT_NUMBERS[type(result)], length)
        pieces += (head(1, len(kind) + length), kind)
        pieces += inside
    put_message(pieces, 3, graph_id.encode())
    pieces.append(write_execution(evaluation.execution))
    return pieces


def write_execution(execution: Execution) -> bytes:
    """Write the field `execution` of a response: what is the same in most runs is written once."""
    written = _execution_start(execution.backend, execution.tier, execution.function_evaluations)
    written += _SECONDS + pack("<d", execution.seconds)
    if execution.non_finite:
        told = pb.Execution(
            non_finite=True, non_finite_block=execution.non_finite_block, issues=_encode_issues(execution)
        )
        written += told.SerializeToString()
    return head(2, len(written)) + written


_SECONDS = bytes([pb.Execution.DESCRIPTOR.fields_by_name["seconds"].number << 3 | 1])


@lru_cache(256)
def _execution_start(backend: str, tier: Tier, function_evaluations: int) -> bytes:
    return pb.Execution(
        backend=backend, tier=TIERS[tier], function_evaluations=function_evaluations
    ).SerializeToString()


def write_call_id(call_id: int) -> bytes:
    """Write the number of a call on a stream as a field."""
    return pb.EvaluateStreamResponse(call_id=call_id).SerializeToString()


def write_answer(number: bytes, pieces: Pieces) -> bytes:
    """Write an `EvaluateStreamResponse`.

    Args:
        number: the field of the call's number, the same as in the request.
        pieces: the `EvaluateResponse`.
    """
    length = sum(len(piece) if isinstance(piece, bytes) else piece.nbytes for piece in pieces)
    return b"".join((number, head(2, length), *pieces))


def _write_gradient(pieces: Pieces, result: GradientResult) -> int:
    return put_tensor(pieces, 1, result.value) + put_tensors(pieces, 2, result.gradients)


def _write_two(pieces: Pieces, result: JvpResult | VjpResult) -> int:
    return put_tensors(pieces, 1, result[0]) + put_tensors(pieces, 2, result[1])


def _write_hvp(pieces: Pieces, result: HessianVectorProductResult) -> int:
    length = put_tensor(pieces, 1, result.value)
    return length + put_tensors(pieces, 2, result.gradients) + put_tensors(pieces, 3, result.products)


def _write_jacobian(pieces: Pieces, result: JacobianResult) -> int:
    length = put_tensors(pieces, 1, result.values) + _put_matrices(pieces, 2, result.matrices)
    return length + _put_bytes(pieces, pb.JacobianResult(sweeps=result.sweeps))


def _write_hessian(pieces: Pieces, result: HessianResult) -> int:
    length = put_tensor(pieces, 1, result.value) + put_tensors(pieces, 2, result.gradients)
    length += _put_matrices(pieces, 3, result.matrices)
    return length + _put_bytes(pieces, pb.HessianResult(sweeps=result.sweeps))


def _put_matrices(pieces: Pieces, number: int, matrices: Matrices) -> int:
    total = 0
    for (row, column), matrix in matrices.items():
        inside: Pieces = []
        length = _put_bytes(inside, pb.DerivativeMatrix(row=row, column=column))
        if isinstance(matrix, CoordinateMatrix):
            entries: Pieces = []
            rows, columns = matrix.shape
            size = _put_bytes(entries, pb.CoordinateMatrix(row_count=rows, column_count=columns))
            for field, array in enumerate(matrix[1:], 3):
                size += put_tensor(entries, field, array)
            length += _put_pieces(inside, 4, entries, size)
        else:
            length += put_tensor(inside, 3, matrix)
        total += _put_pieces(pieces, number, inside, length)
    return total


def _put_bytes(pieces: Pieces, message: Message) -> int:
    """Append the fields of a message that is inside another one already."""
    written = message.SerializeToString()
    pieces.append(written)
    return len(written)


def _put_pieces(pieces: Pieces, number: int, inside: Pieces, length: int) -> int:
    """Append a field whose content is written in pieces; return its length."""
    before = head(number, length)
    pieces.append(before)
    pieces += inside
    return len(before) + length


_WRITERS: Mapping[type[Result], Callable[[Pieces, Any], int]] = {
    ValueResult: lambda pieces, result: put_tensors(pieces, 1, result.values),
    GradientResult: _write_gradient,
    JvpResult: _write_two,
    VjpResult: _write_two,
    HessianVectorProductResult: _write_hvp,
    JacobianResult: _write_jacobian,
    HessianResult: _write_hessian,
}
_RESULT_NUMBERS = {
    result: pb.QueryResult.DESCRIPTOR.fields_by_name[name].number
    for result, name in {
        ValueResult: "value",
        GradientResult: "gradient",
        JvpResult: "jvp",
        VjpResult: "vjp",
        HessianVectorProductResult: "hessian_vector_product",
        JacobianResult: "jacobian",
        HessianResult: "hessian",
    }.items()
}


def encode_gradient(result: GradientResult) -> pb.GradientResult:
    """Return a scalar and its gradients as a message."""
    return pb.GradientResult(value=encode_tensor(result.value), gradients=encode_tensors(result.gradients))

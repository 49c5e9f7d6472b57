"""Factorizations of matrices and systems of linear equations in generated source, each a call for a matrix."""

from __future__ import annotations

from gradwire_backends.numba.own_ops import LU, LUSign, LUSolve, Packed
from gradwire_backends.numba.routines.base import (
    Operand,
    Routine,
    Site,
    Stride,
    distance,
    is_in_memory,
    lies_as_matrices,
    over,
    placed,
    routine,
    stored,
    times,
)
from gradwire_service.ops.base import Op, Value
from gradwire_service.ops.factorizations import QR, SVD, Cholesky, Eigh
from gradwire_service.ops.solving import SolveTriangular

WORDS: dict[type[Op], str] = {Eigh: "symmetric_eigenvectors", SVD: "singular_vectors", QR: "orthonormal_columns"}


@routine.register
def _(op: Cholesky, value: Value) -> Routine:
    return Routine(lambda value, site: _factorization("cholesky_factor", value, site), is_in_memory)


@routine.register
def _(op: LU, value: Value) -> Routine:
    return Routine(lambda value, site: _factorization("lu_factors", value, site), is_in_memory)


@routine.register
def _(op: Packed, value: Value) -> Routine:
    return Routine(_packed, is_in_memory)


@routine.register
def _(op: LUSign, value: Value) -> Routine:
    return Routine(_sign, is_in_memory)


@routine.register
def _(op: LUSolve, value: Value) -> Routine:
    return Routine(_solution, is_in_memory)


@routine.register
def _(op: SolveTriangular, value: Value) -> Routine:
    return Routine(_triangular_solution, lies_as_matrices)


def _factorization(word: str, value: Value, site: Site) -> list[str]:
    y, a = site.operand(value), site.operand(value.inputs[0])
    steps = f"{distance(a.strides[-2])}, {distance(a.strides[-1])}, {times(a.sizes[-1])}"
    return _stacked(f"{word}(@0, @1, {steps})", len(value.shape) - 2, y, a)


def _packed(value: Value, site: Site) -> list[str]:
    assert isinstance(value.op, Packed)
    y, a = site.operand(value), site.operand(value.inputs[0])
    word = WORDS[type(value.op.op)]
    steps = f"{distance(a.strides[-2])}, {distance(a.strides[-1])}, {times(a.sizes[-2])}, {times(a.sizes[-1])}"
    return _stacked(f"{word}(@0, @1, {steps})", len(value.shape) - 1, y, a)


def _sign(value: Value, site: Site) -> list[str]:
    y, lu = site.operand(value), site.operand(value.inputs[0])
    return _stacked(f"lu_sign(@0, @1, {times(lu.sizes[-1])})", len(value.shape), y, lu)


def _solution(value: Value, site: Site) -> list[str]:
    assert isinstance(value.op, LUSolve)
    x, lu, b = (site.operand(each) for each in (value, *value.inputs))
    call = f"lu_solution(@0, @1, @2, {_columns(b, lu)}, {int(value.op.transposed)})"
    return _stacked(call, len(value.shape) - min(len(b.sizes), 2), x, lu, b)


def _triangular_solution(value: Value, site: Site) -> list[str]:
    op = value.op
    assert isinstance(op, SolveTriangular)
    x, a, b = (site.operand(each) for each in (value, *value.inputs))
    flags = f"{int(op.lower)}, {int(op.transpose)}, {int(op.unit_diagonal)}"
    matrix = stored("@1", a.strides[-2], a.strides[-1])
    call = f"triangular_solution(@0, {matrix}, @2, {_columns(b, a)}, {flags})"
    return _stacked(call, len(value.shape) - min(len(b.sizes), 2), x, a, b)


def _columns(b: Operand, a: Operand) -> str:
    """Write how the columns of a right-hand side lie, and how many there are of which length; a vector is one."""
    n = times(a.sizes[-1])
    if len(b.sizes) == 1:
        return f"{distance(b.strides[0])}, 0, {n}, 1"
    return f"{distance(b.strides[-2])}, {distance(b.strides[-1])}, {n}, {times(b.sizes[-1])}"


def _stacked(call: str, batch: int, y: Operand, *x: Operand) -> list[str]:
    """Write a call for every member of a stack.

    Args:
        call: source, in which ``@0`` stands for the result, ``@1``, … for the inputs.
        batch: number of the result's axes that count members.
        y, x: the result, and the inputs, whose stacks stand along the last of those axes.
    """
    counting = [axis for axis in range(batch) if y.strides[axis] is not None]
    members = []
    for operand in (y, *x):
        rank = len(operand.sizes)
        offset = batch - (rank - (len(y.sizes) - batch if operand is y else min(rank, 2)))
        loops: list[Stride] = [operand.strides[axis - offset] if axis >= offset else None for axis in counting]
        members.append((operand.pointer, placed(operand.starts, loops)))
    return [*over([y.sizes[axis] for axis in counting], call, *members).lines()]

"""Matrices of derivatives, dense and in coordinates, held against products along one element after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradwire_service.graph import Array
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, variable
from gradwire_service.transform import jvp, simplify
from gradwire_service.transform.jacobian import Derivatives, jacobian

LIMIT = 2**24
Inputs = dict[str, Array]


def run(outputs: dict[str, Value], inputs: Inputs) -> Inputs:
    graph = simplify(FlatGraph.of(outputs))
    return dict(interpret(graph)({name: inputs[name] for name in graph.variables}))


def numbers(found: Derivatives, inputs: Inputs) -> list[list[Array]]:
    """Return the matrices as arrays; those in coordinates as [3, entries]."""
    pairs = [(i, j) for i, row in enumerate(found.matrices) for j, _ in enumerate(row)]
    arrays = run({f"{i} {j}": found.matrices[i][j].values for i, j in pairs}, inputs)

    def numbers_of(i: int, j: int) -> Array:
        places, values = found.matrices[i][j].places, arrays[f"{i} {j}"]
        return values if places is None else np.stack([*places, values])

    return [[numbers_of(i, j) for j, _ in enumerate(row)] for i, row in enumerate(found.matrices)]


def column_by_column(of: Sequence[Value], wrt: Sequence[Value], inputs: Inputs) -> list[list[Array]]:
    """Return the derivatives by one product for each element of `wrt`."""
    result = [[np.zeros((y.type.size, w.type.size)) for w in wrt] for y in of]
    for j, w in enumerate(wrt):
        w_dot = variable("w_dot", w.shape, w.element_type)
        graph = simplify(FlatGraph.of(dict(zip(map(str, range(len(of))), jvp(of, {w: w_dot}), strict=True)), [w_dot]))
        executable = interpret(graph)
        for column, unit in enumerate(np.eye(w.type.size, dtype=w.element_type.dtype)):
            fed = {**inputs, "w_dot": unit.reshape(w.shape)}
            pushed = executable({name: fed[name] for name in graph.variables})
            for i in range(len(of)):
                result[i][j][:, column] = pushed[str(i)].ravel()
    return [
        [block.reshape(y.shape + w.shape) for w, block in zip(wrt, row, strict=True)]
        for y, row in zip(of, result, strict=True)
    ]


def check(of: Sequence[Value], wrt: Sequence[Value], inputs: Inputs, tolerance: float = 1e-12) -> int:
    """Hold the Jacobian, dense and in coordinates, against single products; return the number of sweeps."""
    expected = column_by_column(of, wrt, inputs)
    dense = jacobian(of, wrt, dense=True, limit=LIMIT)
    listed = jacobian(of, wrt, dense=False, limit=LIMIT)
    assert dense.sweeps == listed.sweeps
    for i, row in enumerate(zip(numbers(dense, inputs), numbers(listed, inputs), strict=True)):
        for j, (full, entries) in enumerate(zip(*row, strict=True)):
            assert full.shape == of[i].shape + wrt[j].shape
            assert full.dtype == of[i].element_type.dtype
            scale = np.max(np.abs(expected[i][j]), initial=1.0)
            np.testing.assert_allclose(full, expected[i][j], rtol=tolerance, atol=tolerance * scale)
            check_listed(entries, full.reshape(of[i].type.size, wrt[j].type.size))
    return dense.sweeps


def check_listed(entries: Array, full: Array) -> None:
    """See that entries are sorted by row, then column, none twice, and that all others are zero."""
    rows, columns = entries[0].astype(int), entries[1].astype(int)
    order = rows * max(full.shape[1], 1) + columns
    assert np.all(np.diff(order) > 0)
    spread = np.zeros_like(full)
    spread[rows, columns] = entries[2]
    np.testing.assert_array_equal(spread, full)

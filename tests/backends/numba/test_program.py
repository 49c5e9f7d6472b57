"""What a graph becomes: which loops, which products, and when two graphs share a kernel."""

from __future__ import annotations

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.numba.program import HostBlock, KernelProgram, kernel_program
from gradwire_service.graph import FLOAT32, FLOAT64, INT64
from gradwire_service.ops import FlatGraph, Value, constant, variable
from gradwire_service.ops.functions import argsort, cumsum, exp, mean, sin, take, tanh, transpose
from gradwire_service.ops.functions import max as max_
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from tests.backends.numba.graphs import (
    assert_same_as_numpy,
    chain,
    compiled,
    logistic_point,
    logistic_regression,
    run_compiled,
)


def program(**outputs: Value) -> KernelProgram:
    return kernel_program(simplify(FlatGraph.of(outputs)))


def loops(source: str) -> int:
    return source.count("for i0 in")


def test_a_model_and_its_gradient_are_two_products_and_one_loop() -> None:
    source = kernel_program(logistic_regression(1000, 30)).source
    assert loops(source) == 1
    assert source.count("matrix_vector_product(") == 2
    assert source.count("sigmoid(") == 1
    assert source.count("log(") == 2


def test_sizes_and_names_do_not_make_another_kernel() -> None:
    keys = {
        kernel_program(logistic_regression(*sizes)).key for sizes in ((1000, 30), (32, 30), (30, 30), (9, 12), (0, 10))
    }
    assert keys == {kernel_program(logistic_regression(15, 14, names="abc")).key}


def test_dimensions_are_written_out_where_their_few_elements_are_told_apart() -> None:
    x, r, t = variable("x", (50, 3)), variable("r", (3, 3)), variable("t", (3,))
    y = x @ r + t
    source = program(z=slice_(y, index=":, 0") / sum_(y * y, axis=(1,)), s=sum_(y, axis=(0,))).source
    assert loops(source) == 1
    assert "matrix_product" not in source
    assert source.count("fma(") == 6
    assert loops(program(y=tanh(x) * 2).source) == 1  # no element differs from the others


def test_constants_do_not_make_another_kernel() -> None:
    x = variable("x", (3,))
    one, other = program(y=tanh(2.5 * x) + 1), program(y=tanh(-3.5 * x) + np.pi)
    assert one.key == other.key
    assert one.reals.tolist() != other.reals.tolist()


def test_axes_of_size_1_and_element_types_make_another_kernel() -> None:
    types = [(shape, kind) for shape in ((3,), (1,), (3, 4)) for kind in (FLOAT64, FLOAT32)]
    assert len({program(y=tanh(variable("x", *kind))).key for kind in types}) == len(types)


def test_two_batch_sizes_run_on_one_kernel(backend: NumbaBackend) -> None:
    before = compiled(backend, logistic_regression(64, 12))
    known = backend.report()["compiled"]
    for rows in (1, 0, 9, 1000, 5000):
        graph, point = logistic_regression(rows, 12), logistic_point(rows, 12)
        assert_same_as_numpy(backend, graph, point)
    assert backend.report()["compiled"] == known + 1  # that of the single row
    assert backend.wait(before, 0)


def test_neighbouring_loops_are_one_where_memory_is_gone_through_in_order() -> None:
    x, y = variable("x", (4, 5, 6)), variable("y", (6,))
    assert "for i1 in" not in program(z=sin(x) * 2).source
    assert "for i1 in" in program(z=sin(x) * y).source
    assert "for i2 in" not in program(z=sin(x) * y).source


def test_what_is_cheap_is_computed_again_and_what_is_not_is_stored() -> None:
    x = variable("x", (1000,))
    cheap, dear = program(y=(x - mean(x + 1)) * (x + 1)), program(y=exp(x) / sum_(exp(x), axis=None))
    assert cheap.layout.workspace == 64  # the mean
    assert dear.layout.workspace > 8000
    assert dear.source.count("exp(") == 1


def test_memory_is_used_again() -> None:
    x = variable("x", (1000,))
    y = x
    for _ in range(10):
        y = exp(y) / sum_(exp(y), axis=None)
    assert program(y=y).layout.workspace < 4 * 8000


def test_transposes_are_folded_into_products() -> None:
    a, b = variable("a", (30, 40)), variable("b", (30, 50))
    source = program(c=transpose(a) @ b).source
    assert "for " not in source
    assert "matrix_product(" in source


def test_a_column_of_a_matrix_is_multiplied_where_it_lies(backend: NumbaBackend) -> None:
    a, b = variable("a", (14, 13)), variable("b", (14, 15))
    column = slice_(a, index=":, 1")
    graph = FlatGraph.of({"c": column @ b, "d": transpose(b) @ column, "e": column @ column})
    assert "for " not in kernel_program(graph).source
    draw = np.random.default_rng(0)
    assert_same_as_numpy(backend, graph, {"a": draw.normal(size=(14, 13)), "b": draw.normal(size=(14, 15))})


@pytest.mark.parametrize("sizes", [(0, 4, 5), (3, 0, 5), (3, 4, 0), (1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1)])
def test_products_of_any_sizes(sizes: tuple[int, int, int], backend: NumbaBackend) -> None:
    m, k, n = sizes
    draw = np.random.default_rng(0)
    point = {
        "a": draw.normal(size=(m, k)),
        "b": draw.normal(size=(k, n)),
        "u": draw.normal(size=m),
        "v": draw.normal(size=k),
    }
    a, b, u, v = (variable(name, array.shape) for name, array in point.items())
    outputs = {"ab": a @ b, "av": a @ v, "vb": v @ b, "vv": v @ v, "ua": u @ a, "atu": transpose(a) @ u}
    outputs |= {"btat": transpose(b) @ transpose(a)}
    assert_same_as_numpy(backend, FlatGraph.of(outputs), point)


def test_a_long_sum_is_as_exact_as_that_of_numpy(backend: NumbaBackend) -> None:
    x = np.full(1_000_003, 0.1)
    run = compiled(backend, FlatGraph.of({"s": sum_(variable("x", x.shape), axis=None)}))
    assert abs(float(run_compiled(run, {"x": x})["s"]) / (x.size * 0.1) - 1) < 1e-14


def test_arithmetic_gives_the_bits_that_numpy_gives(backend: NumbaBackend) -> None:
    x, y = variable("x", (500,)), variable("y", (500,))
    draw = np.random.default_rng(0)
    graph = FlatGraph.of({"z": (x * y - y * x) / (x - 0.3 * y) + x * x * y})
    assert_same_as_numpy(backend, graph, {"x": draw.normal(size=500), "y": draw.normal(size=500)}, 0.0)


def test_blocks_without_a_lowering_run_between_kernels(backend: NumbaBackend) -> None:
    x = variable("x", (6, 4))
    order = argsort(x, axis=0)
    y = cumsum(tanh(x), axis=0)
    picked = take(y * 2, slice_(order, index="0"), axis=0)
    total = sum_(picked, axis=None)
    graph = simplify(FlatGraph.of({"total": total, "slope": gradient(total, [x])[0], "y": y, "order": order}))
    stages = kernel_program(graph).stages
    assert "argsort" in {stage.value.op.name for stage in stages if isinstance(stage, HostBlock)}
    assert_same_as_numpy(backend, graph, {"x": np.random.default_rng(0).normal(size=(6, 4))})


def test_a_graph_of_many_blocks_is_several_functions(backend: NumbaBackend) -> None:
    graph = chain(600)
    assert kernel_program(graph).source.count("def kernel") > 2
    assert_same_as_numpy(backend, graph, {"x": np.array([0.1, -0.2, np.nan])})


def test_outputs_come_in_their_order_and_may_be_anything(backend: NumbaBackend) -> None:
    x = variable("x", (2, 3))
    y = tanh(x)
    outputs = {"same": y, "again": y, "input": x, "view": transpose(x), "number": constant(3, INT64)}
    outputs |= {"fixed": constant(np.arange(6.0).reshape(3, 2).T), "greatest": max_(x, axis=None)}
    point = {"x": np.arange(6.0).reshape(2, 3)}
    found = run_compiled(compiled(backend, FlatGraph.of(outputs)), point)
    assert list(found) == list(outputs)
    assert_same_as_numpy(backend, FlatGraph.of(outputs), point)
    assert not any(np.shares_memory(found["same"], found[other]) for other in found if other != "same")

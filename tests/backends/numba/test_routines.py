"""Blocks that kernels compute as a whole: how operands are read where they lie, and what is one call."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gradwire_backends.numba import NumbaBackend
from gradwire_backends.numba.program import HostBlock, KernelProgram, kernel_program
from gradwire_service.errors import IndexRangeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT32, INT64, Array, ElementType
from gradwire_service.interpreter import interpret
from gradwire_service.ops import FlatGraph, Value, apply, variable
from gradwire_service.ops.functions import (
    broadcast_to,
    cholesky,
    det,
    einsum,
    flip,
    slogdet,
    solve,
    solve_triangular,
    transpose,
)
from gradwire_service.ops.functions import slice as slice_
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.transform import gradient, simplify
from tests.backends.numba.graphs import assert_same_as_numpy, compiled, run_compiled

Shape = tuple[int, ...]

PRODUCTS: list[tuple[Shape, Shape, int]] = [
    ((5, 2, 9), (9, 4), 0),  # one matrix for all: the stack is part of the rows
    ((5, 6, 2, 9), (9,), 0),
    ((5, 1, 9), (9, 4), 0),
    ((2, 9), (5, 9, 1), 0),  # many vectors: the rows of one
    ((5, 2, 9), (5, 9, 4), 1),
    ((6, 5, 2, 9), (6, 5, 9, 4), 1),
    ((6, 1, 2, 9), (5, 9, 4), 2),
    ((2, 9), (5, 9, 4), 1),
    ((9,), (5, 9, 4), 1),
]
"""Shapes of two factors, and how many loops it takes."""


def program(**outputs: Value) -> KernelProgram:
    return kernel_program(FlatGraph.of(outputs))


def point(graph: FlatGraph) -> dict[str, Array]:
    draw = np.random.default_rng(0)
    return {
        name: draw.normal(size=value.shape).astype(value.element_type.dtype) for name, value in graph.variables.items()
    }


def assert_one_kernel(backend: NumbaBackend, graph: FlatGraph, tolerance: float = 1e-12) -> None:
    """See that a graph has no block for NumPy, and is the same by compiled code."""
    stages = kernel_program(graph).stages
    assert not any(isinstance(stage, HostBlock) for stage in stages)
    assert_same_as_numpy(backend, graph, point(graph), tolerance)


@pytest.mark.parametrize(("a", "b", "loops"), PRODUCTS)
def test_stacks_are_folded_into_a_product_or_gone_through(a: Shape, b: Shape, loops: int) -> None:
    source = program(c=variable("a", a) @ variable("b", b)).source
    assert source.count("for ") == loops


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("large", [1, 20], ids=["by loops", "by BLAS"])
def test_products_of_stacks_are_those_of_numpy(kind: ElementType, large: int, backend: NumbaBackend) -> None:
    outputs = {}
    for number, (a, b, _) in enumerate(PRODUCTS):
        left, right = (tuple(size * large if size in (4, 9) else size for size in shape) for shape in (a, b))
        outputs[f"c{number}"] = variable(f"a{number}", left, kind) @ variable(f"b{number}", right, kind)
    assert_one_kernel(backend, FlatGraph.of(outputs), 1e-12 if kind is FLOAT64 else 1e-5)


def test_operands_are_read_where_they_lie(backend: NumbaBackend) -> None:
    a, b = variable("a", (4, 6, 20, 9)), variable("b", (6, 9, 30))
    outputs = {
        "transposed": transpose(a, axes=(0, 1, 3, 2)) @ slice_(a, index=":, :, :, 2:5"),
        "moved": transpose(a, axes=(1, 0, 2, 3)) @ slice_(b, index=":, None"),
        "turned": flip(b, axis=(0,)) @ transpose(slice_(b, index=":"), axes=(0, 2, 1)),
        "part": slice_(a, index="1, 2, 3:, 1:") @ slice_(b, index="3, :-1, 4:7"),
        "repeated": broadcast_to(slice_(b, index="0"), shape=(5, 9, 30)) @ slice_(b, index="1, 0"),
    }
    graph = FlatGraph.of(outputs)
    assert_one_kernel(backend, graph)


def test_what_no_product_can_read_is_copied_first(backend: NumbaBackend) -> None:
    a = variable("a", (6, 8, 10))
    outputs = {
        "stepping": slice_(a, index="0, ::2, ::2") @ slice_(a, index="1, :5"),
        "inside": transpose(a, axes=(2, 0, 1)) @ slice_(a, index="0, :, :3"),
        "backwards": flip(a, axis=(2,)) @ transpose(slice_(a, index="0")),
        "repeated": broadcast_to(slice_(a, index="0, 0"), shape=(6, 10)) @ transpose(slice_(a, index="0")),
    }
    assert_one_kernel(backend, FlatGraph.of(outputs))


@pytest.mark.parametrize("sizes", [(0, 3, 9, 5), (2, 0, 9, 5), (2, 3, 0, 5), (2, 3, 9, 0), (1, 3, 9, 5), (2, 3, 1, 5)])
def test_stacks_of_any_sizes(sizes: Shape, backend: NumbaBackend) -> None:
    stack, m, k, n = sizes
    a, b, u, v = variable("a", (stack, m, k)), variable("b", (stack, k, n)), variable("u", (k, n)), variable("v", (k,))
    assert_one_kernel(backend, FlatGraph.of({"ab": a @ b, "au": a @ u, "av": a @ v, "vb": v @ b}))


def test_a_matrix_times_its_transpose_is_computed_by_half(backend: NumbaBackend) -> None:
    a = variable("a", (30, 20))
    graph = FlatGraph.of({"rows": a @ transpose(a), "columns": transpose(a) @ a})
    assert kernel_program(graph).source.count("gram_matrix(") == 2
    assert_one_kernel(backend, graph)


def test_stacks_of_two_sizes_run_on_one_kernel() -> None:
    def key(stack: int, m: int, k: int, n: int) -> str:
        return program(c=variable("a", (stack, m, k)) @ variable("b", (stack, k, n))).key

    assert key(20, 30, 40, 50) == key(50, 40, 60, 60)


EINSUMS = {
    "ij,jk->ik": ["matrix_product"],
    "ij,kj": ["matrix_product"],
    "ij,kj->ki": ["matrix_product"],
    "bij,bkj->bik": ["matrix_product"],
    "bij,cj->bci": ["matrix_product"],
    "bhid,bhjd->bhij": ["matrix_product"],
    "bihd,bjhd->bhij": ["matrix_product"],
    "i,ij,j->": ["matrix_vector_product", "dot_product"],
    "abij,ijcd->abcd": ["matrix_product"],
    "ij,ij->i": [],
    "i,j->ji": [],
    "ijk->ki": [],
    "ij,k->j": [],
    "iij,ijk->k": ["matrix_vector_product"],
    "ii": [],
}
"""What einsums are made of beside loops."""


@pytest.mark.parametrize("subscripts", EINSUMS)
def test_an_einsum_is_products_and_views(subscripts: str, backend: NumbaBackend) -> None:
    sizes = dict(zip("abcdhijk", (9, 10, 11, 12, 13, 14, 15, 16), strict=True))
    operands = subscripts.partition("->")[0].split(",")
    x = [variable(f"x{i}", tuple(sizes[c] for c in letters)) for i, letters in enumerate(operands)]
    graph = FlatGraph.of({"y": einsum(*x, subscripts=subscripts)})
    found = re.findall(r"(\w+_product)\(", kernel_program(graph).source)
    assert found == EINSUMS[subscripts]
    assert_one_kernel(backend, graph)


def systems(n: int, kind: ElementType = FLOAT64) -> tuple[FlatGraph, dict[str, Array]]:
    """Return what is asked of matrices, of which the second is singular and the third not finite, and the point."""
    draw = np.random.default_rng(0)
    a = draw.normal(size=(4, n, n)) + 3 * np.eye(n)
    s = a @ np.swapaxes(a, -1, -2)
    a[1, :, 0] = 0
    a[2, -1, 0] = np.nan
    s[1, 0, 0] = -1
    s[2, -1, 0] = np.nan
    fed = {"a": a, "s": s, "b": draw.normal(size=(n, 3)), "c": draw.normal(size=n), "d": draw.normal(size=(2, 1, n, 2))}
    xs = {name: variable(name, array.shape, kind) for name, array in fed.items()}
    turned = transpose(xs["a"], axes=(0, 2, 1))
    sign, logabsdet = slogdet(slice_(xs["a"], index=":2"))
    outputs = {
        "lower": cholesky(xs["s"]),
        "upper": cholesky(xs["s"], upper=True),
        "b": solve(xs["a"], xs["b"]),
        "c": solve(xs["a"], xs["c"]),
        "d": solve(turned, xs["d"]),
        "below": solve_triangular(xs["a"], xs["d"], lower=True),
        "above": solve_triangular(turned, xs["b"]),
        "ones": solve_triangular(xs["a"], xs["c"], lower=True, transpose=True, unit_diagonal=True),
        "det": det(xs["a"]),
        "sign": sign,
        "logabsdet": logabsdet,
    }
    return FlatGraph.of(outputs), {name: array.astype(kind.dtype) for name, array in fed.items()}


@pytest.mark.parametrize(("n", "kind"), [(1, FLOAT64), (5, FLOAT64), (60, FLOAT32)], ids=str)
def test_systems_of_equations_are_those_of_numpy(n: int, kind: ElementType, backend: NumbaBackend) -> None:
    graph, inputs = systems(n, kind)
    assert not any(isinstance(stage, HostBlock) for stage in kernel_program(graph).stages)
    assert_same_as_numpy(backend, graph, inputs, 1e-10 if kind is FLOAT64 else 1e-3)


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
@pytest.mark.parametrize("shape", [(3, 40, 40), (2, 9, 5), (2, 0, 0)], ids=str)
def test_factorizations_have_the_signs_that_numpy_has(shape: Shape, kind: ElementType, backend: NumbaBackend) -> None:
    a = variable("a", shape, kind)
    square = transpose(a, axes=(0, 2, 1)) @ a
    results = (*apply("eigh", square), *apply("qr", a), *apply("svd", transpose(a, axes=(0, 2, 1))))
    graph = FlatGraph.of({f"{number}": result for number, result in enumerate(results)})
    assert_one_kernel(backend, graph, 1e-9 if kind is FLOAT64 else 1e-4)


def test_a_matrix_that_is_no_number_has_no_factors_and_spoils_no_other(backend: NumbaBackend) -> None:
    a = variable("a", (3, 6, 6))
    fed = np.random.default_rng(0).normal(size=a.shape)
    fed[1, 0, 0] = np.nan
    results = (*apply("eigh", a), *apply("svd", a))
    graph = FlatGraph.of({f"{number}": result for number, result in enumerate(results)})
    assert_same_as_numpy(backend, graph, {"a": fed})


def test_a_matrix_is_factorized_once_for_all_that_is_asked_of_it() -> None:
    a, b = variable("a", (20, 20)), variable("b", (20,))
    x = solve(a, b)
    a_bar, b_bar = gradient(sum_(x, axis=None) + slogdet(a)[1], [a, b])
    source = kernel_program(simplify(FlatGraph.of({"x": x, "det": det(a), "a_bar": a_bar, "b_bar": b_bar}))).source
    assert source.count("lu_factors(") == 1
    assert source.count("lu_solution(") == 3


def test_an_inverse_is_a_solution() -> None:
    stages = kernel_program(simplify(FlatGraph.of({"y": apply("inv", variable("a", (3, 9, 9)))}))).stages
    assert stages == (0,)


CUMULATIVE = ("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp")


@pytest.mark.parametrize("kind", [FLOAT64, FLOAT32], ids=str)
def test_what_goes_along_an_axis_is_as_numpy_has_it(kind: ElementType, backend: NumbaBackend) -> None:
    x = variable("x", (5, 70, 3), kind)
    outputs = {
        f"{name} {axis} {reverse}": apply(name, x, axis=axis, reverse=reverse)
        for name in CUMULATIVE
        for axis in (1, -1, None)
        for reverse in (False, True)
    }
    outputs |= {f"{name} {axis}": apply(name, x, axis=axis) for name in ("argmax", "argmin") for axis in (1, 2, None)}
    graph = FlatGraph.of(outputs)
    assert_one_kernel(backend, graph, 1e-12 if kind is FLOAT64 else 1e-5)
    fed = point(graph)["x"]
    fed[1, 3, 1] = np.nan
    fed[2:4, 60, 2] = -np.inf, np.inf
    assert_same_as_numpy(backend, graph, {"x": fed}, 1e-12 if kind is FLOAT64 else 1e-5)


def test_truths_are_counted_and_numbers_of_32_bits_stay_so(backend: NumbaBackend) -> None:
    x, b = variable("x", (6, 9), INT32), variable("b", (6, 9), BOOL)
    outputs = {
        f"{name} {each.name}": apply(name, each, axis=1) for name in ("cumsum", "cumprod", "argmax") for each in (x, b)
    }
    outputs |= {
        f"{name} {each.name}": apply(name, each, axis=(0,)) for name in ("any", "all", "max") for each in (x, b)
    }
    draw = np.random.default_rng(0)
    fed = {"x": draw.integers(-3, 3, (6, 9)).astype(np.int32), "b": draw.random((6, 9)) > 0.5}
    assert_same_as_numpy(backend, FlatGraph.of(outputs), fed)


def test_sums_at_positions_are_those_of_numpy(backend: NumbaBackend) -> None:
    draw = np.random.default_rng(0)
    fed = {"x": draw.normal(size=(40, 7)), "i": draw.integers(-40, 40, (3, 50)), "u": draw.normal(size=(3, 50, 7))}
    x, i, u = variable("x", (40, 7)), variable("i", (3, 50), INT64), variable("u", (3, 50, 7))
    at = apply("expand_dims", i, axis=(-1,))
    outputs = {how: apply(f"scatter_{how}", x, at, u) for how in ("add", "set", "max", "min")}
    outputs["transposed"] = apply("take_transpose", transpose(u, axes=(2, 0, 1)), i, axis=1, size=40)
    outputs["part"] = apply("dynamic_update_slice", x, slice_(u, index="0, :9, 1:6"), slice_(i, index="0, :2") * 0 + 2)
    graph = FlatGraph.of(outputs)
    assert not any(isinstance(stage, HostBlock) for stage in kernel_program(graph).stages)
    assert_same_as_numpy(backend, graph, fed, 1e-13)


@pytest.mark.parametrize("wrong", [5, -6, 2**62, -(2**63)])
@pytest.mark.parametrize("op", ["scatter_add", "take_transpose", "dynamic_update_slice"])
def test_a_position_outside_is_told_as_numpy_tells_it(op: str, wrong: int, backend: NumbaBackend) -> None:
    x, i, u = variable("x", (5, 4)), variable("i", (2, 1), INT64), variable("u", (2, 4))
    y = {
        "scatter_add": lambda: apply("scatter_add", x, i, u),
        "take_transpose": lambda: apply("take_transpose", u, apply("reshape", i, shape=(2,)), axis=0, size=5) + x,
        "dynamic_update_slice": lambda: apply("dynamic_update_slice", x, u, apply("reshape", i, shape=(2,))),
    }[op]()
    graph = FlatGraph.of({"y": y}, [x, i, u])
    fed = {"x": np.ones((5, 4)), "i": np.array([[1], [wrong]]), "u": np.ones((2, 4))}
    run = compiled(backend, graph)
    with pytest.raises(IndexRangeError) as found:
        run(fed)
    with pytest.raises(IndexRangeError) as expected:
        interpret(graph)(fed)
    assert str(found.value) == str(expected.value)
    fed["i"] = np.array([[1], [0]])
    assert np.array_equal(run_compiled(run, fed)["y"], interpret(graph)(fed)["y"])

"""Peers at their best: for each library, the way from a function of arrays to a value and a gradient, compiled.

A function takes a namespace first, then arrays: ``def loss(xp, x, y, w)``. Namespaces are those of the libraries, and
have beside `sum`, `exp`, … under these names what NumPy lacks: `sigmoid` and `logsumexp`, over the last axis.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import native
from benchmarks.contender import AbsentError, Point, Prepared, as_arrays

Function = Callable[..., Any]


class Namespace:
    """A library's functions, and those that it has elsewhere."""

    def __init__(self, module: Any, **others: Any) -> None:
        self._module = module
        self.__dict__.update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def library(name: str) -> Any:
    """Import a library.

    Raises: AbsentError, with the reason.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise AbsentError(str(error)) from None


# JAX


def jax() -> Any:
    """Return JAX, set to float64."""
    found = library("jax")
    found.config.update("jax_enable_x64", True)
    found.config.update("jax_cpu_enable_async_dispatch", False)
    return found


def jax_namespace() -> Namespace:
    """Return `jax.numpy`."""
    j = jax()
    return Namespace(j.numpy, sigmoid=j.nn.sigmoid, logsumexp=lambda x: j.scipy.special.logsumexp(x, axis=-1))


def jax_call(f: Function, arguments: Sequence[Any]) -> Prepared:
    """Return a call of a jitted function on arrays of the device."""
    j = jax()
    compiled = j.jit(f)
    placed = [j.numpy.asarray(x) for x in arguments]
    return Prepared(lambda: j.block_until_ready(compiled(*placed)), lambda result: as_arrays(flat(result)))


def jax_gradient(f: Function, point: Point, wrt: Sequence[str]) -> Prepared:
    """Return value and gradient, jitted."""
    xp, names = jax_namespace(), list(point)
    places = tuple(names.index(name) for name in wrt)
    return jax_call(jax().value_and_grad(lambda *xs: f(xp, *xs), places), list(point.values()))


# PyTorch


def torch() -> Any:
    """Return PyTorch, set to float64 and to as many threads as all others have."""
    found = library("torch")
    found.set_default_dtype(found.float64)
    found.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    return found


def torch_namespace() -> Namespace:
    """Return `torch`, with NumPy's names."""
    t = torch()
    return Namespace(t, logsumexp=lambda x: t.logsumexp(x, -1), asarray=t.as_tensor)


def torch_gradient(f: Function, point: Point, wrt: Sequence[str]) -> Prepared:
    """Return value and gradient, eager: `torch.compile` takes some 20 s, and was slower for logistic regression."""
    t, xp = torch(), torch_namespace()
    given = {name: t.tensor(x) for name, x in point.items()}
    moved = [given[name].requires_grad_() for name in wrt]
    inputs = list(given.values())

    def call() -> list[Any]:
        value = f(xp, *inputs)
        return [value.detach(), *t.autograd.grad(value, moved)]

    return Prepared(call)


# autograd


def autograd_namespace() -> Namespace:
    """Return `autograd.numpy`."""
    special = library("autograd.scipy.special")
    return Namespace(
        library("autograd.numpy"), sigmoid=special.expit, logsumexp=lambda x: special.logsumexp(x, axis=-1)
    )


def autograd_gradient(f: Function, point: Point, wrt: Sequence[str]) -> Prepared:
    """Return value and gradient."""
    xp, names, arguments = autograd_namespace(), list(point), list(point.values())
    places = tuple(names.index(name) for name in wrt)
    call = library("autograd").value_and_grad(lambda *xs: f(xp, *xs), places)
    return Prepared(lambda: call(*arguments), lambda result: as_arrays(flat(result)))


# PyTensor


def pytensor(linker: str) -> Any:
    """Return PyTensor and a mode with that linker, "cvm" for C or "numba"."""
    found = library("pytensor")
    if linker == "cvm" and not found.config.cxx:
        raise AbsentError("there is no C++ compiler")
    return found, "NUMBA" if linker == "numba" else found.compile.mode.Mode(linker=linker, optimizer="fast_run")


def pytensor_namespace() -> Namespace:
    """Return `pytensor.tensor`."""
    pt = library("pytensor.tensor")
    return Namespace(pt, logsumexp=lambda x: pt.logsumexp(x, axis=-1), asarray=pt.as_tensor_variable)


def pytensor_function(f: Function, point: Point, linker: str) -> Prepared:
    """Return a call of a compiled function that takes symbols and returns a list of them.

    Args:
        f: takes a symbol for each array.
        point: the arrays; their shapes are known to the compiler.
        linker: "cvm" or "numba".
    """
    found, mode = pytensor(linker)
    symbols = [found.tensor.tensor(name, dtype=x.dtype, shape=x.shape) for name, x in point.items()]
    compiled = found.function(symbols, f(*symbols), mode=mode, on_unused_input="ignore")
    compiled.trust_input = True
    arguments = list(point.values())
    return Prepared(lambda: compiled(*arguments))


def pytensor_gradient(f: Function, point: Point, wrt: Sequence[str], linker: str) -> Prepared:
    """Return value and gradient."""
    found, xp, names = pytensor(linker)[0], pytensor_namespace(), list(point)

    def derived(*xs: Any) -> list[Any]:
        value = f(xp, *xs)
        return [value, *found.grad(value, [xs[names.index(name)] for name in wrt])]

    return pytensor_function(derived, point, linker)


def pytensor_linkers(prepare: Callable[..., Prepared]) -> dict[str, Callable[..., Prepared]]:
    """Return the contenders for both linkers."""
    return {"PyTensor C": partial(prepare, "cvm"), "PyTensor numba": partial(prepare, "numba")}


# CasADi


def casadi() -> Any:
    """Return CasADi."""
    return library("casadi")


def casadi_call(function: Any, inputs: Iterable[Any], shapes: Sequence[tuple[int, ...]]) -> Prepared:
    """Return a call of a CasADi function through its buffer; the results are the caller's own, as everybody's are.

    Args:
        function: with dense inputs and outputs.
        inputs: an array for each input.
        shapes: the shape of each output. CasADi's matrices are column-major.
    """
    buffer, trigger = function.buffer()
    kept = [np.asarray(x, float).ravel(order="F") for x in inputs]
    results = [np.zeros(shape, order="F") for shape in shapes]
    for i, x in enumerate(kept):
        buffer.set_arg(i, x.data)
    for i, y in enumerate(results):
        buffer.set_res(i, y.reshape(-1, order="F").data)

    def copied(_: object = (buffer, kept)) -> list[Any]:  # the buffer has addresses alone
        trigger()
        return [y.copy() for y in results]

    def renewed(_: object = (buffer, kept)) -> list[Any]:
        for i, shape in enumerate(shapes):
            results[i] = np.empty(shape, order="F")
            buffer.set_res(i, results[i].reshape(-1, order="F").data)
        trigger()
        return list(results)

    return Prepared(copied if max(y.size for y in results) < COPIED else renewed)


COPIED = 1_000
"""Elements from which it is slower to copy a result than to name a new place for it."""


def casadi_in_c(function: Any, optimization: str = "-O3") -> Any:
    """Return the function as C code through gcc."""
    generator = casadi().CodeGenerator(f"{function.name()}.c")
    generator.add(function)
    source = Path(generator.generate(f"{native.folder()}/"))
    return casadi().external(function.name(), str(native.shared_library(source, optimization)))


def casadi_forms(prepare: Callable[..., Prepared], *forms: str) -> dict[str, Callable[..., Prepared]]:
    """Return the contenders for several forms of an expression: "SX", of scalars; "MX", of matrices; "C", as C code."""
    return {f"CasADi {form}": partial(prepare, form) for form in forms}


# All


def flat(tree: Any) -> list[Any]:
    """Return the leaves of nested lists and tuples."""
    if isinstance(tree, list | tuple):
        return [leaf for branch in tree for leaf in flat(branch)]
    return [tree]


def gradients(f: Function, point: Callable[..., Point], wrt: Sequence[str]) -> dict[str, Callable[..., Prepared]]:
    """Return the contenders for the gradient of a function that all libraries can run as it is.

    Args:
        f: takes a namespace, then arrays.
        point: returns the arrays of a size.
        wrt: names of the arrays that are differentiated with respect to.
    """
    return {
        "JAX": lambda **size: jax_gradient(f, point(**size), wrt),
        "PyTorch": lambda **size: torch_gradient(f, point(**size), wrt),
        "PyTensor C": lambda **size: pytensor_gradient(f, point(**size), wrt, "cvm"),
        "PyTensor numba": lambda **size: pytensor_gradient(f, point(**size), wrt, "numba"),
        "autograd": lambda **size: autograd_gradient(f, point(**size), wrt),
    }

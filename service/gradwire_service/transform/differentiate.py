"""Differentiation, graph → graph: linear in the blocks, and without recursion over them.

`vjp` walks the topological order in reverse and `jvp` forward; both visit only what lies between the two ends. What
they return are values like any others: they can be differentiated again, simplified, written down or run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gradwire_service.errors import NotDifferentiableError, NotScalarError
from gradwire_service.graph import FLOAT64, TupleType
from gradwire_service.ops.arithmetic import MaskedMultiply, Multiply
from gradwire_service.ops.base import Elementwise, MultiOp, Result, Value, full, results_of
from gradwire_service.ops.body import Control
from gradwire_service.ops.flat import ancestors
from gradwire_service.ops.functions import astype, broadcast_to, masked_multiply, reshape
from gradwire_service.ops.functions import sum as sum_
from gradwire_service.ops.piecewise import Where


def gradient(of: Value, wrt: Sequence[Value]) -> list[Value]:
    """Differentiate a scalar with respect to values of any shape, inner ones included.

    The gradient with respect to an inner value is the sensitivity to a perturbation there; it does not cut the graph,
    so that one pass gives the gradients of a value and of what it is made of.

    Returns: for each of `wrt` a value of its type; zeros when `of` does not depend on it.
    Raises: NotScalarError, NotDifferentiableError.
    """
    if of.shape != ():
        name = _named(of)
        raise NotScalarError(
            f"the gradient of {name} was asked for, but it has shape {list(of.shape)}, not []; "
            "reduce it with sum or mean, or ask for a vjp or the Jacobian",
            block=of.name,
        )
    return vjp({of: full(of.type, 1)}, wrt)


def vjp(cotangents: Mapping[Value, Value], wrt: Sequence[Value], *, below_choice: bool = False) -> list[Value]:
    """Pull cotangents back: for each of `wrt` the sum of cotangent · ∂value/∂wrt.

    Args:
        cotangents: a cotangent of its own type for each value that is differentiated.
        wrt: values to differentiate with respect to.
        below_choice: whether the values may not have been chosen by what uses them, so that zero wins in all products.

    Returns: for each of `wrt` a value of its type.
    Raises: NotDifferentiableError when a value on either side is not floating.
    """
    _check_floating(cotangents, "the gradient of")
    _check_floating(wrt, "the gradient with respect to")
    order = ancestors(cotangents)
    active = _descendants(order, wrt)
    sums: dict[Value, Any] = dict(cotangents)  # of a block with several results: a cotangent, or None, for each
    # What `where` or a masked product may not have taken, and all below it.
    chosen = set(cotangents if below_choice else ())
    for value in reversed(order):
        value_bar = sums.get(value)
        if value_bar is None or active.isdisjoint(value.inputs):
            continue
        masked = value in chosen
        if isinstance(value.op, Result):
            _gather(sums, value)
            chosen.update(value.inputs if masked else ())
            continue
        if masked or isinstance(value.op, Where | MaskedMultiply):
            chosen.update(value.inputs if masked else value.inputs[1:])
        for x, x_bar in zip(value.inputs, _pulled(value, value_bar, masked), strict=True):
            if x_bar is None or x not in active:
                continue
            x_bar = _as(_masked(x_bar, value_bar) if masked else x_bar, x)
            sums[x] = sums[x] + x_bar if x in sums else x_bar
    return [_spread(sums[x], x) if x in sums else full(x.type, 0) for x in wrt]


def jvp(of: Sequence[Value], tangents: Mapping[Value, Value]) -> list[Value]:
    """Push tangents forward: for each of `of` the sum of ∂value/∂x · tangent of x.

    Args:
        of: values to differentiate.
        tangents: a tangent of its own type for each value that moves; that of an inner value adds to what reaches it.

    Returns: for each of `of` a value of its type.
    Raises: NotDifferentiableError when a value on either side is not floating.
    """
    _check_floating(of, "the derivative of")
    _check_floating(tangents, "the derivative along a tangent of")
    dots: dict[Value, Any] = {}  # as `sums` in `vjp`
    for value in ancestors(of):
        value_dot = tangents.get(value)
        if isinstance(value.op, Result):
            whole = dots.get(value.inputs[0])
            pushed = None if whole is None else whole[value.op.index]
            if pushed is not None:
                value_dot = _as(pushed, value) if value_dot is None else value_dot + _as(pushed, value)
            if value_dot is not None:
                dots[value] = value_dot
            continue
        x_dot = tuple(map(dots.get, value.inputs))
        if not isinstance(value.op, Elementwise):  # which alone broadcasts tangents that were kept small
            x_dot = tuple(dot and _spread(dot, x) for dot, x in zip(x_dot, value.inputs, strict=True))
        if value.type.element_type.is_floating and any(x is not None for x in x_dot):
            if isinstance(value.op, MultiOp):
                dots[value] = value.op.jvp(results_of(value), value.inputs, x_dot)
                continue
            pushed = value.op.jvp(value, value.inputs, x_dot)
            if pushed is not None:
                value_dot = pushed if value_dot is None else value_dot + pushed
        if value_dot is not None:
            dots[value] = value_dot
    return [_spread(dots[value], value) if value in dots else full(value.type, 0) for value in of]


def hessian_vector_product(of: Value, vectors: Mapping[Value, Value]) -> list[Value]:
    """Multiply the Hessian of a scalar by a vector, forward over reverse.

    Args:
        of: a scalar.
        vectors: a direction of its own type for each value that is differentiated.

    Returns: for each key of `vectors`, in order, a value of its type.
    """
    return jvp(gradient(of, list(vectors)), vectors)


def _descendants(order: Iterable[Value], sources: Iterable[Value]) -> set[Value]:
    """Return the sources and all floating values of `order` that depend on them."""
    active = set(sources)
    for value in order:
        if value.type.element_type.is_floating and not active.isdisjoint(value.inputs):
            active.add(value)
    return active


def _gather(sums: dict[Value, Any], result: Value) -> None:
    """Add the cotangent of one result to those of its block."""
    (whole,), op, result_bar = result.inputs, result.op, _as(sums[result], result)
    assert isinstance(whole.type, TupleType)
    assert isinstance(op, Result)
    bars = sums.setdefault(whole, [None] * len(whole.type.members))
    bars[op.index] = result_bar if bars[op.index] is None else bars[op.index] + result_bar


def _pulled(value: Value, value_bar: Any, below_choice: bool) -> tuple[Value | None, ...]:
    """Apply the rule of a value's op."""
    if isinstance(value.op, Control):
        results = results_of(value)
        return value.op.vjp(tuple(value_bar), results, *value.inputs, below_choice=below_choice)
    if isinstance(value.op, MultiOp):
        return value.op.vjp(tuple(value_bar), results_of(value), *value.inputs)
    return value.op.vjp(value_bar, value, *value.inputs)


def _masked(x_bar: Value, y_bar: Value) -> Value:
    """Let zero win in the product of a sensitivity and a partial derivative, which may be infinite or NaN."""
    product = isinstance(x_bar.op, Multiply) and x_bar.inputs[0] is y_bar
    return masked_multiply(*x_bar.inputs) if product else x_bar


def _as(x_bar: Value, x: Value) -> Value:
    """Undo broadcasting and promotion: sum a cotangent to the shape of its value, in its element type."""
    if x_bar.type is x.type or x_bar.type == x.type:
        return x_bar
    if x_bar.shape != x.shape:
        extra = len(x_bar.shape) - len(x.shape)
        if extra < 0 or not x_bar.shape:  # a scalar cotangent, still to be spread
            x_bar = _spread(x_bar, x)
        else:
            stretched = [extra + i for i, size in enumerate(x.shape) if size == 1 != x_bar.shape[extra + i]]
            axes = (*range(extra), *stretched)
            x_bar = sum_(x_bar, axis=axes, keepdims=not extra) if axes else _spread(x_bar, x)
            x_bar = x_bar if x_bar.shape == x.shape else reshape(x_bar, shape=x.shape)
    return x_bar if x_bar.element_type is x.element_type else astype(x_bar, element_type=x.element_type)


def _spread(x_bar: Value, x: Value) -> Value:
    """Give a cotangent or tangent that was kept small the full shape of its value."""
    return x_bar if x_bar.shape == x.shape else broadcast_to(x_bar, shape=x.shape)


def _check_floating(values: Iterable[Value], what: str) -> None:
    for value in values:
        if not value.element_type.is_floating:
            message = f"{what} {_named(value)} was asked for, but its elements are {value.element_type}, not floating"
            raise NotDifferentiableError(f"{message}; convert with astype({FLOAT64}) first", block=value.name)


def _named(value: Value) -> str:
    return repr(value.name) if value.name else f"a value made by {value.op.name}"

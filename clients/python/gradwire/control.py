"""Loops, branches, and functions with derivatives of their own: ops that take functions of values.

>>> def step(x, rate):
...     x = x + rate * gw.sin(x)
...     return x, x
>>> end, path = gw.scan(step, start, rates)

The functions are traced once. They may use values of the graph around them; these are handed to the body as inputs.
Arguments and results may be values, numbers and arrays, and dicts, lists and tuples of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import update_wrapper
from typing import Any

from gradwire import shapes
from gradwire.composites import Composite, as_value
from gradwire.errors import TracingError
from gradwire.signatures import Attribute
from gradwire.structures import leaves, replaced
from gradwire.values import Constant, Output, Value, Variable, ancestors

Function = Callable[..., Any]


class ControlBlock(Value):
    """One use of an op over bodies; as a value it is its first result.

    Attributes:
        bodies: for each attribute that names composites, one or several.
    """

    __slots__ = ("bodies",)

    def __init__(
        self,
        op: str,
        inputs: Sequence[Value],
        bodies: Mapping[str, Composite | tuple[Composite, ...]],
        attributes: Mapping[str, Attribute],
        shape: shapes.Shape | None,
        element_type: str | None,
    ) -> None:
        super().__init__(op, tuple(inputs), attributes, shape, element_type)
        self.bodies = dict(bodies)


class _Body:
    """A function, traced.

    Attributes:
        variables: what stands for its arguments.
        result: what it returned.
        outputs: the values in the result, by name.
        outer: values of the graph around it that it uses.
    """

    def __init__(self, function: Function, *arguments: Any) -> None:
        self.title = getattr(function, "__name__", "body").strip("<>")
        self.variables: list[Variable] = []
        given = []
        for i, tree in enumerate(arguments):
            inner = {}
            for n, (key, x) in enumerate(leaves(tree, "x")):
                inner[key] = Variable(f"x{i}_{n}", x.shape, x.dtype.name)
            self.variables += inner.values()
            given.append(replaced(tree, inner, "x"))
        self.result = function(*given)
        self.outputs = {key: as_value(x, self.title) for key, x in leaves(self.result, "y") if x is not None}
        self.outer = _outer(self.outputs.values(), self.variables)

    def composite(self, outer: Sequence[Value]) -> Composite:
        """Return the function as a composite that takes values of the graph around it, too."""
        stand_ins = {x.serial: Variable(f"outer_{i}", x.shape, x.dtype.name) for i, x in enumerate(outer)}
        return Composite(self.title, [*self.variables, *stand_ins.values()], self.outputs, stand_ins)


def _outer(outputs: Iterable[Value], variables: Iterable[Value]) -> list[Value]:
    """Return the values that do not depend on the variables, but that values which do are made of, or outputs are."""
    outputs = list(outputs)
    inner = {x.serial for x in variables}
    found: dict[int, Value] = {}
    for value in ancestors(outputs):
        made_of = [x for x in value.inputs if isinstance(x, Value)]
        if any(x.serial in inner for x in made_of):
            inner.add(value.serial)
            found |= {x.serial: x for x in made_of if x.serial not in inner}
    found |= {x.serial: x for x in outputs if x.serial not in inner}
    return [x for x in found.values() if not isinstance(x, Constant)]


def _values(tree: Any, name: str = "x") -> tuple[Any, list[Value]]:
    """Turn what a tree holds into values; return the tree of them, and the list."""
    found = {key: as_value(x, "an argument") for key, x in leaves(tree, name) if x is not None}
    return replaced(tree, found, name), list(found.values())


def _use(
    op: str,
    bodies: Mapping[str, _Body | Sequence[_Body]],
    inputs: Sequence[Value],
    types: Sequence[tuple[shapes.Shape | None, str | None]],
    **attributes: Attribute | None,
) -> list[Value]:
    """Apply an op over bodies; return its results, which have these shapes and element types."""
    every = [x for body in bodies.values() for x in ([body] if isinstance(body, _Body) else body)]
    outer = list({x.serial: x for body in every for x in body.outer}.values())
    composites = {
        name: body.composite(outer) if isinstance(body, _Body) else tuple(x.composite(outer) for x in body)
        for name, body in bodies.items()
    }
    if not types:
        raise TracingError(f"{op} has no results; let its function return a value")
    stated = {name: value for name, value in attributes.items() if value is not None}
    block = ControlBlock(op, [*inputs, *outer], composites, stated, *types[0])
    return [block, *(Output(block, i, *kind) for i, kind in enumerate(types[1:], 1))]


def _types(values: Iterable[Value]) -> list[tuple[shapes.Shape | None, str | None]]:
    return [(x.known_shape, x.known_element_type) for x in values]


def _stacked(length: int | str, values: Iterable[Value]) -> list[tuple[shapes.Shape | None, str | None]]:
    return [(None if x.known_shape is None else (length, *x.known_shape), x.known_element_type) for x in values]


def _refilled(tree: Any, found: Iterable[Value], name: str = "y") -> Any:
    """Return a tree with other values in place of those that it holds."""
    keys = [key for key, x in leaves(tree, name) if x is not None]
    return replaced(tree, dict(zip(keys, found, strict=True)), name)


def scan(
    f: Function,
    init: Any,
    xs: Any = None,
    *,
    length: int | None = None,
    reverse: bool = False,
    checkpoint: str = "keep",
) -> tuple[Any, Any]:
    """Loop over the first axis of sequences: ``carry, y = f(carry, x)`` at each step.

    Args:
        f: returns the next carry, of the same structure and types, and what is stacked (or None).
        init: the carry at the start.
        xs: sequences of one length; None: there are none, and `length` tells the number of steps.
        length: number of steps.
        reverse: whether the last step comes first.
        checkpoint: what the reverse pass has of the steps: "keep" keeps all values, "recompute" the carries alone,
            "sqrt" the carries of √n steps.

    Returns: the carry at the end; what was stacked.
    Raises: TracingError when the carry changes its structure, or a shape is not known.
    """
    init, carries = _values(init)
    xs, rows = _values(xs)
    if not rows and length is None:
        raise TracingError("scan without sequences needs a length: the number of steps")
    for row in rows:
        if not row.shape:
            raise TracingError(f"scan over {row!r}: a sequence has a first axis; what all steps see needs no xs")
    steps = rows[0].shape[0] if rows else length
    assert steps is not None
    slices = {key: Variable("slice", x.shape[1:], x.dtype.name) for key, x in leaves(xs, "x") if x is not None}
    body = _Body(f, init, replaced(xs, slices, "x")) if rows else _Body(lambda carry: f(carry, None), init)
    body.title = getattr(f, "__name__", "step").strip("<>")
    if not isinstance(body.result, tuple) or len(body.result) != 2:
        raise TracingError(f"{body.title} returned {body.result!r}; a step returns the next carry, and what is stacked")
    following, emitted = body.result
    _check_carry(body.title, init, following)
    outputs = list(body.outputs.values())
    types = [*_types(carries), *_stacked(steps, outputs[len(carries) :])]
    found = _use(
        "scan",
        {"body": body},
        [*carries, *rows],
        types,
        carries=len(carries),
        sequences=len(rows),
        length=None if rows else length,
        reverse=reverse or None,
        checkpoint=checkpoint if checkpoint != "keep" else None,
    )
    return _refilled(init, found[: len(carries)], "x"), _refilled(emitted, found[len(carries) :])


def map(f: Function, xs: Any) -> Any:
    """Apply a function to each element of sequences along their first axis; return what it returns, stacked."""
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


def fori_loop(lower: int, upper: int, f: Function, init: Any) -> Any:
    """Loop over whole numbers, ``carry = f(i, carry)`` for i = lower, …, upper - 1; return the carry at the end.

    Args:
        lower, upper: the bounds, fixed in the graph.
        f: takes i, an int64 scalar, and the carry; returns the next one, of the same structure and types.
        init: the carry at the start.
    """
    init, carries = _values(init)
    body = _Body(f, Variable("i", (), "int64"), init)
    _check_carry(body.title, init, body.result)
    found = _use("fori_loop", {"body": body}, carries, _types(carries), lower=lower, upper=upper, carries=len(carries))
    return _refilled(init, found, "x")


def while_loop(condition: Function, f: Function, init: Any, *, max_trips: int | None = None) -> Any:
    """Loop while a condition holds, ``carry = f(carry)``; return the carry at the end.

    Args:
        condition: returns one truth value.
        f: returns the next carry, of the same structure and types.
        init: the carry at the start.
        max_trips: bound of the number of trips; gradients need one, tangents do not. It is an error to pass it.
    """
    init, carries = _values(init)
    asked, body = _Body(condition, init), _Body(f, init)
    _check_carry(body.title, init, body.result)
    bodies = {"condition": asked, "body": body}
    found = _use("while_loop", bodies, carries, _types(carries), carries=len(carries), max_trips=max_trips)
    return _refilled(init, found, "x")


def cond(condition: Any, on_true: Function, on_false: Function, *operands: Any) -> Any:
    """Return ``on_true(*operands)`` where the condition holds, else ``on_false(*operands)``; only one is evaluated.

    Args:
        condition: one truth value; to choose element by element, there is `where`.
        on_true, on_false: return the same structure of the same types.
        operands: what both take; values around them may be used without.
    """
    given, inputs = _values(operands)
    bodies = [_Body(f, *given) for f in (on_true, on_false)]
    _check_alike(bodies)
    named = dict(zip(("on_true", "on_false"), bodies, strict=True))
    found = _use("cond", named, [as_value(condition, "cond"), *inputs], _types(bodies[0].outputs.values()))
    return _refilled(bodies[0].result, found)


def switch(index: Any, functions: Sequence[Function], *operands: Any) -> Any:
    """Return ``functions[index](*operands)``; only that one is evaluated.

    Args:
        index: an integer scalar; at the run it is an error when there is no such function.
        functions: return the same structure of the same types.
        operands: what all take; values around them may be used without.
    """
    given, inputs = _values(operands)
    bodies = [_Body(f, *given) for f in functions]
    _check_alike(bodies)
    types = _types(bodies[0].outputs.values())
    found = _use("switch", {"bodies": bodies}, [as_value(index, "switch"), *inputs], types)
    return _refilled(bodies[0].result, found)


def rk4_step(f: Function, t: Any, y: Any, h: Any) -> Any:
    """Return y(t + h) for dy/dt = f(t, y), by one step of the classical method of Runge and Kutta.

    Args:
        f: takes t and y; returns the slopes, of the structure and types of y. It may use values around it.
        t: where the step begins, a scalar.
        y: a value, or several in a dict, list or tuple.
        h: its length, a scalar.
    """
    start, step = (as_value(x, "rk4_step") for x in (t, h))
    y, states = _values(y)
    body = _Body(f, start, y)
    _check_carry(body.title, y, body.result)
    found = _use("rk4_step", {"body": body}, [start, step, *states], _types(states), states=len(states))
    return _refilled(y, found, "x")


def custom_derivative(f: Function, *, vjp: Function | None = None, jvp: Function | None = None) -> Function:
    """Give a function of values a derivative of its own, which is used as it is; one of the two is enough.

    Args:
        f: takes values; returns a value, or a tuple of them.
        vjp: takes the inputs, the results, and a cotangent of each floating result; returns a cotangent of each
            floating input.
        jvp: takes the inputs, the results, and a tangent of each floating input; returns a tangent of each floating
            result.

    Returns: a function that is used like `f`; `Service.check` holds its derivative against differences.
    """

    def use(*arguments: Any) -> Any:
        given, inputs = _values(arguments)
        body = _Body(f, *given)
        outputs = list(body.outputs.values())
        bodies = {"body": body}
        for name, rule, moved in (("pullback", vjp, outputs), ("pushforward", jvp, inputs)):
            if rule is not None:
                floating = [x for x in moved if x.dtype.kind == "f"]
                bodies[name] = _Body(rule, *inputs, *(_like(x) for x in outputs), *(_like(x) for x in floating))
        found = _use("custom_derivative", bodies, inputs, _types(outputs))
        return _refilled(body.result, found)

    return update_wrapper(use, f)


def checkpoint(f: Function) -> Function:
    """Let the values inside a function be evaluated again in the reverse pass, instead of being kept until then."""

    def use(*arguments: Any) -> Any:
        given, inputs = _values(arguments)
        body = _Body(f, *given)
        return _refilled(body.result, _use("checkpoint", {"body": body}, inputs, _types(body.outputs.values())))

    return update_wrapper(use, f)


def root(f: Function, start: Any, *, tolerance: float = 1e-12, max_iterations: int = 100) -> Any:
    """Return x with f(x) = 0, by Newton's method from a start; its derivatives are those of the implicit function.

    Args:
        f: returns a residual for each unknown, of its type; it may use values around it, such as parameters.
        start: where to begin; a value, or several in a dict, list or tuple.
        tolerance: of the last step, relative to the greatest unknown.
        max_iterations: steps at most; NaN is returned when they do not suffice.
    """
    return _solved("root", f, start, tolerance, max_iterations)


def fixed_point(f: Function, start: Any, *, tolerance: float = 1e-12, max_iterations: int = 100) -> Any:
    """Return x with f(x) = x; as `root` otherwise."""
    return _solved("fixed_point", f, start, tolerance, max_iterations)


def minimizer(f: Function, start: Any, *, tolerance: float = 1e-12, max_iterations: int = 100) -> Value:
    """Return the x near a start where the scalar f(x) is least (stationary, to be exact); as `root` otherwise.

    Args:
        f: returns a scalar; it may use values around it, such as parameters.
        start: one value, in the basin of the minimum.
        tolerance, max_iterations: see `root`.
    """
    value = as_value(start, "minimizer")
    settings: dict[str, Attribute] = {"tolerance": float(tolerance), "max_iterations": max_iterations}
    (found,) = _use("minimizer", {"body": _Body(f, value)}, [value], _types([value]), **settings)
    return found


def _solved(op: str, f: Function, start: Any, tolerance: float, max_iterations: int) -> Any:
    start, unknowns = _values(start)
    settings: dict[str, Attribute] = {"tolerance": float(tolerance), "max_iterations": max_iterations}
    body = _Body(f, start)
    found = _use(op, {"body": body}, unknowns, _types(unknowns), unknowns=len(unknowns), **settings)
    return _refilled(start, found, "x")


def _like(x: Value) -> Variable:
    return Variable("like", x.shape, x.dtype.name)


def _check_carry(title: str, before: Any, after: Any) -> None:
    """See that a carry comes out as it went in, as far as that is known here.

    Raises: TracingError.
    """
    old = {key: x for key, x in leaves(before, "carry") if x is not None}
    new = {key: as_value(x, title) for key, x in leaves(after, "carry") if x is not None}
    if old.keys() != new.keys():
        raise TracingError(f"{title} turns a carry of {', '.join(old)} into one of {', '.join(new)}; keep it alike")
    for key, x in old.items():
        _check_type(f"{key} of {title}", x, new[key], "comes out")


def _check_alike(bodies: Sequence[_Body]) -> None:
    if not bodies:
        raise TracingError("switch needs at least one function")
    first = bodies[0]
    for body in bodies[1:]:
        if body.outputs.keys() != first.outputs.keys():
            raise TracingError(f"{first.title} and {body.title} return values of different structure")
        for key, x in first.outputs.items():
            _check_type(f"{key} of {first.title} and {body.title}", x, body.outputs[key], "is in the other")


def _check_type(what: str, x: Value, y: Value, how: str) -> None:
    one, other = ((z.known_element_type, *(z.known_shape or ())) for z in (x, y))
    unknown = None in (*one, *other) or None in (x.known_shape, y.known_shape)
    if one != other and not unknown:
        raise TracingError(f"{what} is {x!r}, but {how} as {y!r}; give both one shape and element type")

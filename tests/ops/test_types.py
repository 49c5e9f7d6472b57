"""Element types and shapes of elementwise ops: what is promoted, what is broadcast, what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradwire_service.errors import AttributeValueError, ElementTypeError, GradwireError, ShapeError
from gradwire_service.graph import BOOL, FLOAT32, FLOAT64, INT64, ElementType
from gradwire_service.graph.types import INT32
from gradwire_service.ops import Op, Value, apply, variable
from gradwire_service.ops.base import Elementwise
from gradwire_service.ops.functions import (
    add,
    atan2,
    clip,
    divide,
    equal,
    exp,
    gelu,
    less,
    logical_and,
    maximum,
    negative,
    square,
    where,
)
from gradwire_service.transform import jvp, vjp
from tests.ops.derivatives import numbers, pulled

TYPES: dict[str, tuple[Callable[..., Value], tuple[ElementType | float, ...], ElementType]] = {
    "float32 and float64": (add, (FLOAT32, FLOAT64), FLOAT64),
    "float32 and a number": (add, (FLOAT32, 2.5), FLOAT32),
    "a whole number and float32": (maximum, (0, FLOAT32), FLOAT32),
    "int32 and int64": (add, (INT32, INT64), INT64),
    "int32 and a whole number": (add, (INT32, 7), INT32),
    "two numbers": (atan2, (1, 2.5), FLOAT64),
    "a quotient of integers": (divide, (INT64, INT64), FLOAT64),
    "a quotient of small integers": (divide, (INT32, INT32), FLOAT64),
    "a comparison": (less, (FLOAT32, 0), BOOL),
    "a comparison of truths": (equal, (BOOL, BOOL), BOOL),
    "logic": (logical_and, (BOOL, True), BOOL),
    "a choice": (where, (BOOL, FLOAT32, FLOAT64), FLOAT64),
    "a choice of a number": (where, (BOOL, FLOAT32, 0), FLOAT32),
    "a choice of integers": (where, (BOOL, INT64, INT32), INT64),
    "a choice of two numbers": (where, (BOOL, 0.5, 1), FLOAT64),
    "integers negated": (negative, (INT32,), INT32),
}


def operands(kinds: tuple[ElementType | float, ...]) -> list[Value | float]:
    return [variable(f"x{i}", (2,), x) if isinstance(x, ElementType) else x for i, x in enumerate(kinds)]


@pytest.mark.parametrize("case", TYPES)
def test_result_has_the_type_that_holds_all(case: str) -> None:
    f, kinds, expected = TYPES[case]
    assert f(*operands(kinds)).element_type is expected


MIXTURES: dict[str, tuple[Callable[..., Value], tuple[ElementType | float, ...], str]] = {
    "int and float": (add, (INT64, FLOAT64), r"add can't mix float64 and int64; convert one with astype"),
    "small int and small float": (maximum, (INT32, FLOAT32), r"maximum can't mix float32 and int32; convert one"),
    "int and a fraction": (
        add,
        (INT64, 0.5),
        r"add can't take the number 0.5 beside int64 values; convert with",
    ),
    "bool and float": (equal, (BOOL, FLOAT64), r"equal can't mix bool and float64; convert one with astype"),
    "a function of integers": (exp, (INT64,), r"exp takes floating values, not int64; convert with astype"),
    "a power of integers": (lambda x: x**2, (INT64,), r"power takes floating values, not int64; convert with astype"),
    "a composite of integers": (gelu, (INT32,), r"gelu takes floating values, not int32; convert with astype"),
    "a sum of truths": (add, (BOOL, BOOL), r"add takes numeric values, not bool; convert with astype"),
    "an order of truths": (less, (BOOL, BOOL), r"less takes numeric values, not bool; convert with astype"),
    "logic of numbers": (logical_and, (FLOAT64, FLOAT64), r"logical_and takes bool values, not float64; convert"),
    "a condition that is a number": (
        where,
        (FLOAT64, 1.0, 0.0),
        r"where takes a bool condition, not float64; say not",
    ),
    "branches that do not mix": (where, (BOOL, INT64, FLOAT64), r"where can't mix float64 and int64; convert one"),
}


@pytest.mark.parametrize("case", MIXTURES)
def test_other_types_are_refused_with_the_remedy(case: str) -> None:
    f, kinds, message = MIXTURES[case]
    with pytest.raises(ElementTypeError, match=message):
        f(*operands(kinds))


@pytest.mark.parametrize("op", sorted(name for name, op in Op.registry.items() if issubclass(op, Elementwise)))
def test_every_op_checks_its_domain(op: str) -> None:
    cls = Op.registry[op]
    allowed = {"floating": {FLOAT64, FLOAT32}, "bool": {BOOL}, "any": set(ElementType)}
    numeric = set(ElementType) - {BOOL}
    attributes = {name: 1 for name, attribute in cls.signature().attributes.items() if attribute.required}
    for kind in ElementType:
        own = cls.unpromoted
        inputs = [variable(f"x{i}", (2,), own.get(i, kind)) for i in range(len(cls.signature().inputs))]
        if kind in allowed.get(cls.domain, numeric):
            assert apply(op, *inputs, **attributes).shape == (2,)
        else:
            with pytest.raises(ElementTypeError, match=f"{op} takes {cls.domain} values, not {kind}"):
                apply(op, *inputs, **attributes)


def test_shapes_broadcast_as_in_numpy() -> None:
    a, b = variable("a", (4, 1, 3)), variable("b", (2, 1))
    assert (a + b).shape == (4, 2, 3)
    assert where(variable("c", (5, 1, 1, 1), BOOL), a, b).shape == (5, 4, 2, 3)
    assert (variable("e", (0, 3)) + variable("f", (1, 1))).shape == (0, 3)


def test_shapes_that_do_not_broadcast_are_told() -> None:
    with pytest.raises(ShapeError, match=r"shapes \[2, 3\] and \[4\] do not broadcast: sizes 3 and 4 differ"):
        variable("a", (2, 3)) + variable("b", (4,))
    with pytest.raises(ShapeError, match=r"do not broadcast: sizes 2 and 3 differ"):
        where(variable("c", (2,), BOOL), variable("a", (3,)), 0.0)


@pytest.mark.parametrize(
    "shapes", [((3, 1), (1, 4)), ((), (2, 3)), ((2, 1, 3), (4, 1)), ((1,), (1, 1)), ((0, 2), (1,))]
)
def test_derivatives_have_the_shapes_and_types_of_their_inputs(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    a, b = variable("a", shapes[0], FLOAT32), variable("b", shapes[1])
    for y in (a * b, atan2(a, b), where(a > b, a, b), maximum(a, b), a**b):
        a_bar, b_bar = vjp({y: variable("y_bar", y.shape)}, [a, b])
        assert (a_bar.type, b_bar.type) == (a.type, b.type)
        assert jvp([y], {a: variable("a_dot", a.shape, FLOAT32)})[0].type == y.type


def test_a_gradient_through_a_promotion_is_rounded_to_the_type_of_its_input() -> None:
    a, b = numbers((3,), "a", np.float32), numbers((3,), "b")
    by_a, by_b = pulled(lambda a, b: square(a) * b, a, b)
    assert by_a.dtype == np.float32
    assert by_b.dtype == np.float64
    assert by_a == pytest.approx(2 * a * b, rel=1e-6)
    assert by_b.tolist() == (a * a).astype(np.float64).tolist()


WRONG_ATTRIBUTES: dict[str, tuple[Callable[[], Value], type[GradwireError], str]] = {
    "bounds exchanged": (
        lambda: clip(variable("x"), min=2, max=1),
        AttributeValueError,
        "clip from 2 to 1: exchange min and max",
    ),
    "a bound that is NaN": (lambda: clip(variable("x"), min=float("nan")), AttributeValueError, "the bound nan"),
    "a fraction for integers": (
        lambda: clip(variable("x", (), INT64), min=0.5),
        AttributeValueError,
        "clip of int64 values can't have the bound 0.5; give one that this type holds",
    ),
    "too much for int32": (
        lambda: clip(variable("x", (), INT32), max=1e12),
        AttributeValueError,
        "clip of int32 values can't have the bound 1000000000000.0",
    ),
    "an approximation that there is not": (
        lambda: gelu(variable("x"), approximate="fast"),
        AttributeValueError,
        'gelu is approximate="none" or "tanh", not \'fast\'',
    ),
}


@pytest.mark.parametrize("case", WRONG_ATTRIBUTES)
def test_attributes_that_make_no_sense_are_refused(case: str) -> None:
    make, error, message = WRONG_ATTRIBUTES[case]
    with pytest.raises(error, match=message):
        make()

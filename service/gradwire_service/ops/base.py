"""What an op is: attributes, shape rule, value, derivative; and the values that ops make of values.

Every rule is written with ops, so that derivatives of derivatives come for free. An op is a frozen dataclass whose
fields are its attributes; defining the class enters it in the registry.
"""

from __future__ import annotations

import inspect
import itertools
import types
from abc import ABCMeta, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache, cached_property
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from gradwire_service.errors import ArityError, AttributeValueError, ElementTypeError, ShapeError
from gradwire_service.graph import FLOAT32, FLOAT64, INT64, Array, AttributeKind, AttributeSignature, Signature
from gradwire_service.graph.types import BOOL, ElementType, TensorType, TupleType

Namespace = Any
"""An array namespace: NumPy's functions by their array-API names, and `erf`; a backend brings its own."""

Operand = Union["Value", float, int, bool]
"""A value, or a Python number that takes the element type of the values beside it."""

Partial = Union["Value", float]

Domain = Literal["floating", "numeric", "bool", "any"]

_serial = itertools.count()


class Value:
    """What a block yields: an op applied to values, with its type.

    Values are made in an order in which inputs come before users, and `serial` remembers it: sorting by it is a
    topological order.
    """

    __slots__ = ("inputs", "name", "op", "serial", "type")

    def __init__(self, op: Op, inputs: tuple[Value, ...], value_type: TensorType, name: str = "") -> None:
        self.op = op
        self.inputs = inputs
        self.type = value_type
        self.name = name
        self.serial = next(_serial)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of elements along each axis."""
        return self.type.shape

    @property
    def element_type(self) -> ElementType:
        """Type of the elements."""
        return self.type.element_type

    def __repr__(self) -> str:
        return f"<{self.name or self.op.name}: {self.type}>"

    def __str__(self) -> str:
        """Tell the value as one expression, inputs inside their users; for small expressions."""
        if self.name or not isinstance(self.op, Op):
            return self.name
        return f"{self.op}({', '.join(map(str, self.inputs))})" if self.inputs else str(self.op)

    def __add__(self, other: Operand) -> Value:
        return apply("add", self, other)

    def __radd__(self, other: Operand) -> Value:
        return apply("add", other, self)

    def __sub__(self, other: Operand) -> Value:
        return apply("subtract", self, other)

    def __rsub__(self, other: Operand) -> Value:
        return apply("subtract", other, self)

    def __mul__(self, other: Operand) -> Value:
        return apply("multiply", self, other)

    def __rmul__(self, other: Operand) -> Value:
        return apply("multiply", other, self)

    def __truediv__(self, other: Operand) -> Value:
        return apply("divide", self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return apply("divide", other, self)

    def __pow__(self, other: Operand) -> Value:
        return apply("power", self, other)

    def __rpow__(self, other: Operand) -> Value:
        return apply("power", other, self)

    def __matmul__(self, other: Value) -> Value:
        return apply("matmul", self, other)

    def __neg__(self) -> Value:
        return apply("negative", self)

    def __lt__(self, other: Operand) -> Value:
        return apply("less", self, other)

    def __le__(self, other: Operand) -> Value:
        return apply("less_equal", self, other)

    def __gt__(self, other: Operand) -> Value:
        return apply("greater", self, other)

    def __ge__(self, other: Operand) -> Value:
        return apply("greater_equal", self, other)


class OpType(ABCMeta):
    """The type of ops. `isinstance` looks at inheritance alone: it is asked for every block, several times."""

    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__


class Op(metaclass=OpType):
    """A kind of computation.

    Class attributes:
        name: what blocks call it.
        latex: how `DifferentiateGraph` writes it; ``{0}`` stands for the first input.
        analytic: whether `evaluate` continues to complex numbers, as `complex_step` needs.
        singular: whether a derivative is infinite or NaN somewhere inside the closed domain. Where the sensitivity
            that flows in is zero, the rule then yields zero instead of 0·∞ (unless `strict_nan` is asked for).
        work: floating-point operations for an element of the result, an estimate.
        domain: the element types that it takes; "numeric" is floating and integer.
        internal: made by rules; derivative graphs hold it, the catalog does not list it.
        unpromoted: positions of inputs that keep an element type of their own, such as the condition of `where`, with
            the type that a number takes there.
    """

    registry: ClassVar[dict[str, type[Op]]] = {}
    name: ClassVar[str] = ""
    latex: ClassVar[str] = ""
    analytic: ClassVar[bool] = True
    singular: ClassVar[bool] = False
    work: ClassVar[float] = 1.0
    domain: ClassVar[Domain] = "any"
    internal: ClassVar[bool] = False
    unpromoted: ClassVar[Mapping[int, ElementType]] = {}

    def __init_subclass__(cls, name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if name:
            if name in Op.registry and str(Op.registry[name]) != str(cls):  # a module may be loaded again
                raise TypeError(f"two ops are called {name!r}: {Op.registry[name]} and {cls}")
            cls.name = name
            Op.registry[name] = cls

    @abstractmethod
    def infer(self, *inputs: Any, **_: Any) -> Any:
        """Return the type of the result; a rule names its inputs, which here are any.

        Raises: ShapeError or ElementTypeError when the inputs do not fit; total otherwise.
        """

    @abstractmethod
    def evaluate(self, xp: Namespace, *inputs: Any, **_: Any) -> Any:
        """Return the result, computed with the array namespace `xp`."""

    def vjp(self, y_bar: Any, y: Any, *x: Any, **_: Any) -> tuple[Value | None, ...]:
        """Return the cotangent of every input, of its shape; None for zero.

        Args:
            y_bar: cotangent of the result, of its shape.
            y: the result, at hand.
            x: the inputs.
        """
        return (None,) * len(x)

    def jvp(self, y: Any, x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> Any:
        """Return the tangent of the result; None for zero.

        Args:
            y: the result, at hand.
            x: the inputs.
            x_dot: their tangents; None for zero, though not for all.
        """
        return None

    def simplify(self, *inputs: Any, **_: Any) -> Value | None:
        """Return a simpler value that is the same in every bit, NaN and infinities included; None for "as it is"."""
        return None

    def check_domain(self, element_type: ElementType) -> None:
        """Raise ElementTypeError when the op does not take the element type."""
        if element_type not in _DOMAINS[self.domain]:
            raise ElementTypeError(
                f"{self.name} takes {self.domain} values, not {element_type}; convert with astype", op=self.name
            )

    def flops(self, y: TensorType, *inputs: Any, **_: Any) -> float:
        """Estimate the floating-point operations of one evaluation."""
        return self.work * y.size

    def issue(self, inputs: tuple[Any, ...], result: Any) -> str | None:
        """Return what kept the result from being finite though the inputs are, a stable word such as SINGULAR.

        None when there is nothing to tell: NaN and infinities are mostly as IEEE 754 gives them.

        Args:
            inputs: arrays.
            result: the array that `evaluate` made of them; of an op with several results, all.
        """
        return None

    def __call__(self, *inputs: Value) -> Value:
        """Apply the op.

        Raises: ShapeError or ElementTypeError as `infer` does.
        """
        return Value(self, inputs, self.infer(*[x.type for x in inputs]))

    def __str__(self) -> str:
        arguments = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in attribute_fields(self))
        return f"{self.name}[{arguments}]" if arguments else self.name

    @classmethod
    def signature(cls) -> Signature:
        """Return names and number of the inputs, and the attributes."""
        return _signature(cls)


class Elementwise(Op):
    """An op on one element of each input at a time, broadcast as NumPy does. It states its partial derivatives.

    Class attributes:
        result: the element type of the result: that of the inputs, or bool.
    """

    domain: ClassVar[Domain] = "floating"
    result: ClassVar[ElementType | None] = None

    def infer(self, *inputs: Any, **_: Any) -> TensorType:
        first: TensorType = inputs[0]
        shape = first.shape
        for x in inputs:
            if x.shape != shape:
                shape = broadcast_shapes(*(x.shape for x in inputs))
                break
        self.check_domain(first.element_type)
        element_type = self.result or first.element_type
        if shape is first.shape and element_type is first.element_type:
            return first  # one object for many values: there are many
        return TensorType(shape, element_type)

    def partials(self, y: Value, *x: Any, **_: Any) -> tuple[Partial, ...]:
        """Return ∂y/∂x for every input, as a value that broadcasts with y, or as a number."""
        return (0.0,) * len(x)

    def vjp(self, y_bar: Value, y: Value, *x: Any, **_: Any) -> tuple[Value | None, ...]:
        return tuple(self._scaled(y_bar, partial) for partial in self.partials(y, *x))

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value | None:
        total: Value | None = None
        for partial, tangent in zip(self.partials(y, *x), x_dot, strict=True):
            if tangent is not None and (term := self._scaled(tangent, partial)) is not None:
                total = term if total is None else total + term
        return total

    def _scaled(self, sensitivity: Value, partial: Partial) -> Value | None:
        if isinstance(partial, Value):
            return apply("masked_multiply" if self.singular else "multiply", sensitivity, partial)
        if partial == 0:
            return None
        if partial == 1:
            return sensitivity
        return -sensitivity if partial == -1 else sensitivity * partial


class Linear(Op):
    """An op that is linear in all its inputs together: its pushforward is itself."""

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value | None:
        return self(*(full(a.type, 0) if a_dot is None else a_dot for a, a_dot in zip(x, x_dot, strict=True)))


class Multilinear(Op):
    """An op that is linear in each of its inputs: its pushforward is a sum, one term an input."""

    def jvp(self, y: Value, x: tuple[Value, ...], x_dot: tuple[Value | None, ...]) -> Value | None:
        terms = [self(*x[:i], a_dot, *x[i + 1 :]) for i, a_dot in enumerate(x_dot) if a_dot is not None]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total


class MultiOp(Op):
    """An op with several results: applying it gives a tuple of values.

    A block of it yields all results together; `Result` picks one. In graphs the second result of `eig` is ``eig:1``.

    Class attributes:
        results: their number.
    """

    results: ClassVar[int] = 1

    @abstractmethod
    def infer(self, *inputs: Any, **_: Any) -> tuple[TensorType, ...]:
        """Return the types of the results; otherwise as `Op.infer`."""

    @abstractmethod
    def evaluate(self, xp: Namespace, *inputs: Any, **_: Any) -> tuple[Array, ...]:
        """Return the results, computed with the array namespace `xp`."""

    def vjp(self, y_bar: tuple[Value | None, ...], y: tuple[Value, ...], *x: Any, **_: Any) -> tuple[Value | None, ...]:
        """Return the cotangent of every input, of its shape; None for zero.

        Args:
            y_bar: the cotangent of each result; None for zero, though not for all.
            y: the results, at hand.
            x: the inputs.
        """
        return (None,) * len(x)

    def jvp(self, y: tuple[Value, ...], x: tuple[Value, ...], x_dot: tuple[Any, ...]) -> tuple[Value | None, ...]:
        """Return the tangent of each result; None for zero.

        Args:
            y: the results, at hand.
            x: the inputs.
            x_dot: their tangents; None for zero, though not for all.
        """
        return (None,) * len(y)

    def flops(self, y: TensorType, *inputs: Any, **_: Any) -> float:
        assert isinstance(y, TupleType)
        return self.work * sum(member.size for member in y.members)

    def __call__(self, *inputs: Value) -> tuple[Value, ...]:  # type: ignore[override]
        """Apply the op.

        Raises: ShapeError or ElementTypeError as `infer` does.
        """
        return results_of(Value(self, inputs, TupleType.of_members(self.infer(*(x.type for x in inputs)))))


@dataclass(frozen=True)
class Result(Op):
    """One result of a block that has several."""

    name: ClassVar[str] = "result"
    internal: ClassVar[bool] = True
    index: int

    def infer(self, x: TupleType) -> TensorType:
        return x.members[self.index]

    def evaluate(self, xp: Namespace, x: tuple[Array, ...]) -> Array:
        return x[self.index]

    def flops(self, y: TensorType, x: TensorType) -> float:
        return 0.0


def results_of(whole: Value) -> tuple[Value, ...]:
    """Return the results of a block that has several."""
    assert isinstance(whole.type, TupleType)
    return tuple(Value(Result(i), (whole,), member) for i, member in enumerate(whole.type.members))


class Composite(Op):
    """A composite of the library: a block that is written with ops, and expanded into them.

    Class attributes:
        results: number of its results; where there are several, `expand` returns a tuple of them.
        results_like: the attribute that tells their number, or "inputs"; "": `results` does.
    """

    results: ClassVar[int] = 1
    results_like: ClassVar[str] = ""

    @abstractmethod
    def expand(self, *inputs: Any, **_: Any) -> Any:
        """Return the result, or a tuple of the results, written with ops."""

    def __call__(self, *inputs: Value) -> Any:
        return self.expand(*inputs)

    def infer(self, *inputs: TensorType, **_: Any) -> Any:
        found = self.expand(*(variable(f"x{i}", x.shape, x.element_type) for i, x in enumerate(inputs)))
        return tuple(y.type for y in found) if isinstance(found, tuple) else found.type

    def evaluate(self, xp: Namespace, *inputs: Array, **_: Any) -> Array:
        raise TypeError(f"{self.name} is expanded before it is run")  # pragma: no cover


# Sources: ops without inputs.


@dataclass(frozen=True)
class Variable(Op):
    """A value that is fed at each run."""

    name: ClassVar[str] = "variable"
    internal: ClassVar[bool] = True
    label: str
    type: TensorType

    def infer(self) -> TensorType:
        return self.type

    def evaluate(self, xp: Namespace) -> Array:
        raise TypeError("a variable is fed, not evaluated")  # pragma: no cover


@dataclass(frozen=True, eq=False)
class Constant(Op):
    """A value that is fixed; equal to another of the same type and bits."""

    name: ClassVar[str] = "constant"
    internal: ClassVar[bool] = True
    array: Array

    def infer(self) -> TensorType:
        return TensorType.of(self.array)

    def evaluate(self, xp: Namespace) -> Array:
        return self.array

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What makes two constants the same."""
        return (self.array.shape, self.array.dtype.char, self.array.tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return str(self.array.item()) if self.array.ndim == 0 else f"constant[{self.array.size} elements]"


@dataclass(frozen=True, eq=False)
class Full(Op, name="full"):
    """One number, repeated: y[i] = value; equal to another of the same type and bits.

    Shapes: y has the shape that is asked for.
    Units: those of the value.
    Source: Python array API standard, `full`.
    """

    shape: tuple[int | str, ...]
    value: float
    element_type: ElementType = FLOAT64

    def __post_init__(self) -> None:
        if any(isinstance(size, int) and size < 0 for size in self.shape):
            raise AttributeValueError(f"full of shape {list(self.shape)}: sizes are not negative")

    def infer(self) -> TensorType:
        return TensorType(tuple(int(size) for size in self.shape), self.element_type)

    def evaluate(self, xp: Namespace) -> Array:
        return xp.full(self.shape, self.value, dtype=self.element_type.dtype)

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What makes two of them the same: 0.0 and -0.0 are not."""
        return (self.shape, self.element_type, np.array(self.value, self.element_type.dtype).tobytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Full) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def variable(name: str, shape: Sequence[int] = (), element_type: ElementType = FLOAT64) -> Value:
    """Make a value that is fed at each run."""
    value_type = TensorType(tuple(shape), element_type)
    return Value(Variable(name, value_type), (), value_type, name)


def constant(value: object, element_type: ElementType = FLOAT64) -> Value:
    """Make a value that is fixed, of anything that NumPy takes for an array."""
    array = np.array(value, element_type.dtype)
    array.flags.writeable = False
    return Value(Constant(array), (), TensorType(array.shape, element_type))


def full(value_type: TensorType, value: float) -> Value:
    """Make a value whose elements are all one number; a scalar becomes a constant."""
    if value_type.shape == ():
        return constant(value, value_type.element_type)
    return Full(value_type.shape, value, value_type.element_type)()


def scalar_of(value: Value) -> float | int | bool | None:
    """Return the one number that all elements of a constant are known to be; None when there is none."""
    if isinstance(value.op, Constant) and value.op.array.ndim == 0:
        number: float | int | bool = value.op.array.item()
        return number
    return value.op.value if isinstance(value.op, Full) else None


def apply(name: str, *inputs: Operand, **attributes: Any) -> Any:
    """Apply the op of that name: Python numbers become constants, element types are promoted.

    Returns: a value, or a tuple of them where the op has several results.

    Raises: ArityError, ShapeError, ElementTypeError.
    """
    cls = Op.registry[name]
    op = plain(cls) if not attributes else cls(**attributes)
    signature = _signature(cls)
    if not signature.takes(len(inputs)):
        raise ArityError(f"{name} takes {len(signature.inputs)} inputs, not {len(inputs)}", op=name)
    return op(*promoted(op, inputs))


@cache
def plain(cls: type[Op]) -> Op:
    """Return the op without attributes: one object for many blocks."""
    return cls()


def promoted(op: Op, inputs: Iterable[Operand]) -> tuple[Value, ...]:
    """Give the inputs of an op one element type, as NumPy's promotion has it; Python numbers take that of the others.

    Raises: ElementTypeError when floating, integer and boolean values are mixed.
    """
    inputs = tuple(inputs)
    kinds_of_all = [x.type.element_type if type(x) is Value else None for x in inputs]
    if kinds_of_all and kinds_of_all[0] is not None and kinds_of_all.count(kinds_of_all[0]) == len(kinds_of_all):
        return inputs  # type: ignore[return-value]  # the usual case, and there are many: nothing to do
    own = op.unpromoted
    shared = [x for i, x in enumerate(inputs) if i not in own] if own else inputs
    kinds = {x.type.element_type for x in shared if isinstance(x, Value)}
    if len(kinds) == 1 and all(isinstance(x, Value) for x in inputs):
        return inputs  # type: ignore[return-value]
    if not kinds:
        kinds = {weak_type(x) for x in shared}
        if FLOAT64 in kinds:
            kinds = {FLOAT64}
    common = common_type(op, kinds) if kinds else BOOL
    result: list[Value] = []
    for i, x in enumerate(inputs):
        if not isinstance(x, Value):
            kind = own.get(i, common)
            if isinstance(x, float) and not kind.is_floating:
                raise ElementTypeError(f"{op.name} can't take the number {x} beside {kind} values; convert with astype")
            result.append(constant(x, kind))
        elif i not in own and x.type.element_type is not common:
            result.append(apply("astype", x, element_type=common))
        else:
            result.append(x)
    return tuple(result)


def weak_type(number: object) -> ElementType:
    """Return the element type of a Python number that stands beside no value."""
    return BOOL if isinstance(number, bool) else INT64 if isinstance(number, int) else FLOAT64


def common_type(op: Op, kinds: set[ElementType]) -> ElementType:
    """Return the element type that holds all of these without loss.

    Raises: ElementTypeError when floating, integer and boolean types are mixed.
    """
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {FLOAT32, FLOAT64}:
        return FLOAT64
    if all(kind.is_integer for kind in kinds):
        return INT64
    names = " and ".join(sorted(map(str, kinds)))
    raise ElementTypeError(f"{op.name} can't mix {names}; convert one with astype", op=op.name)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that NumPy broadcasts these to.

    Raises: ShapeError when two sizes differ and neither is 1.
    """
    rank = max(map(len, shapes))
    result = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            if result[axis] == 1:
                result[axis] = size
            elif size not in (1, result[axis]):
                shown = " and ".join(str(list(shape)) for shape in shapes)
                raise ShapeError(f"shapes {shown} do not broadcast: sizes {result[axis]} and {size} differ")
    return tuple(result)


def normalized_axes(axes: Sequence[int] | None, rank: int, op: str) -> tuple[int, ...]:
    """Return axes as sorted non-negative numbers; None stands for all.

    Raises: ShapeError when an axis is out of range or named twice.
    """
    if axes is None:
        return tuple(range(rank))
    result = sorted(axis + rank if axis < 0 else axis for axis in axes)
    if any(not 0 <= axis < rank for axis in result):
        raise ShapeError(f"{op} along axes {list(axes)} of a value with {rank} axes: there is no such axis")
    if len(set(result)) < len(result):
        raise ShapeError(f"{op} names an axis twice: {list(axes)}")
    return tuple(result)


_DOMAINS: Mapping[str, frozenset[ElementType]] = {
    "floating": frozenset(kind for kind in ElementType if kind.is_floating),
    "numeric": frozenset(kind for kind in ElementType if kind is not BOOL),
    "bool": frozenset((BOOL,)),
    "any": frozenset(ElementType),
}

_KINDS: dict[Any, AttributeKind] = {
    bool: AttributeKind.BOOLEAN,
    int: AttributeKind.INTEGER,
    float: AttributeKind.REAL,
    str: AttributeKind.TEXT,
    ElementType: AttributeKind.ELEMENT_TYPE,
    tuple[int, ...]: AttributeKind.INTEGERS,
    tuple[float, ...]: AttributeKind.REALS,
    tuple[int | str, ...]: AttributeKind.DIMENSIONS,
}


@cache
def _signature(cls: type[Op]) -> Signature:
    """Read the inputs off `evaluate` (of a composite: `expand`), the attributes off the fields."""
    rule = cls.expand if issubclass(cls, Composite) else cls.evaluate
    parameters = list(inspect.signature(rule).parameters.values())[1 if issubclass(cls, Composite) else 2 :]
    hints = get_type_hints(cls)
    attributes: dict[str, AttributeSignature] = {}
    for field in attribute_fields(cls):
        hint = hints[field.name]
        if get_origin(hint) in (Union, types.UnionType):  # X | None: may be left unset
            hint = next(option for option in get_args(hint) if option is not type(None))
        required = field.default is MISSING
        default: Any = None if required else field.default
        attributes[field.name] = AttributeSignature(_KINDS[hint], required, default)
    variadic = bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL
    results = getattr(cls, "results", 1)
    like = getattr(cls, "results_like", "")
    return Signature(tuple(parameter.name for parameter in parameters), variadic, attributes, results, like)


def define_kind(hint: object, kind: AttributeKind) -> None:
    """Say which kind of attribute a field of that type is."""
    _KINDS[hint] = kind


def attribute_fields(op: Op | type[Op]) -> list[Field[Any]]:
    """Return the fields of an op that are its attributes: all but those marked `INTERNAL`."""
    return [field for field in fields(op) if not field.metadata.get("internal")]  # type: ignore[arg-type]


INTERNAL: Mapping[str, bool] = {"internal": True}
"""Metadata of a field that rules set, and blocks do not have."""


def catalog(name: str) -> Signature | None:
    """Look up the signature of an op; None when there is none of that name."""
    cls = Op.registry.get(name)
    return None if cls is None else _signature(cls)

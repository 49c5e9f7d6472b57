"""Values: what the user writes formulas with.

A value knows the op and the values that it is made of. Values are made in an order in which inputs come before users,
and `serial` remembers it, so nothing here ever walks a formula by recursion.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np
import numpy.typing as npt

from gradwire import shapes
from gradwire.catalog import OPS
from gradwire.errors import TracingError
from gradwire.signatures import ELEMENT_TYPES, Attribute, OpSignature, element_type_name, read_attributes

if TYPE_CHECKING:
    from gradwire.updates import At

NO_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType({})

_LONGEST_LOOP = 10_000
_METHODS = frozenset(
    "all any argmax argmin argsort clip conj cumprod cumsum diagonal dot repeat round std swapaxes take trace "
    "var".split()
)
"""Methods of arrays that do what NumPy's functions of their names do."""

_serial = itertools.count()


def _unary(op: str) -> Callable[[Value], Value]:
    return lambda x: apply(op, x)


def _binary(op: str) -> Callable[[Value, Any], Value]:
    return lambda x, other: apply(op, x, other)


def _reflected(op: str) -> Callable[[Value, Any], Value]:
    return lambda x, other: apply(op, other, x)


class Value:
    """What a block yields.

    Attributes:
        op: name of an op, or of a composite.
        inputs: values, or numbers as text.
        attributes: settings of the op that differ from their defaults.
        label: the name that it was given; empty when it has none.
        known_shape: length of each axis, as far as it is known before the graph runs; None when not even the rank is.
        known_element_type: type of the elements; None when it is not known before the graph runs.
        serial: a number that grows with every value that is made.
    """

    __slots__ = "__weakref__ attributes inputs known_element_type known_shape label op serial".split()
    __hash__ = object.__hash__

    def __init__(
        self,
        op: str,
        inputs: tuple[Value | str, ...],
        attributes: Mapping[str, Attribute],
        shape: shapes.Shape | None,
        element_type: str | None,
        label: str = "",
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.attributes = attributes
        self.label = label
        self.known_shape = shape
        self.known_element_type = element_type
        self.serial = next(_serial)

    # What is known of it

    @property
    def shape(self) -> tuple[int | str, ...]:
        """Length of each axis: a number, or the name of a dimension.

        Raises: TracingError when it is known only to the server.
        """
        if self.known_shape is None or None in self.known_shape:
            raise TracingError(
                f"the shape of {self!r} is not known before the graph runs; trace with arrays of known shape, "
                "or write an axis's number or name yourself"
            )
        return tuple(size for size in self.known_shape if size is not None)

    @property
    def ndim(self) -> int:
        """Number of axes.

        Raises: TracingError when it is known only to the server.
        """
        return len(self.shape) if self.known_shape is None else len(self.known_shape)

    @property
    def size(self) -> int:
        """Number of elements.

        Raises: TracingError when it is known only to the server.
        """
        total = 1
        for size in self.shape:
            if isinstance(size, str):
                raise TracingError(f"the size of {self!r} depends on dimension {size!r}, which has a size at each run")
            total *= size
        return total

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements.

        Raises: TracingError when it is known only to the server.
        """
        if self.known_element_type is None:
            raise TracingError(f"the element type of {self!r} is not known before the graph runs; set it with astype")
        return np.dtype(self.known_element_type)

    def __repr__(self) -> str:
        shape = "[…]" if self.known_shape is None else shapes.shape_text(self.known_shape)
        return f"<{self.label or self.op}: {self.known_element_type or 'value'}{shape}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as a flat list: a long chain would be a deep recursion."""
        return _restored, (_flattened(self),)

    # Operators

    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _binary("divide"), _reflected("divide")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __mod__, __rmod__ = _binary("remainder"), _reflected("remainder")
    __pow__, __rpow__ = _binary("power"), _reflected("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __and__, __rand__ = _binary("logical_and"), _reflected("logical_and")
    __or__, __ror__ = _binary("logical_or"), _reflected("logical_or")
    __xor__, __rxor__ = _binary("logical_xor"), _reflected("logical_xor")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __eq__ = _binary("equal")  # type: ignore[assignment]  # elementwise, as NumPy's
    __ne__ = _binary("not_equal")  # type: ignore[assignment]
    __neg__, __abs__, __invert__ = _unary("negative"), _unary("abs"), _unary("logical_not")

    def __pos__(self) -> Self:
        return self

    def __divmod__(self, other: Any) -> tuple[Value, Value]:
        return self // other, self % other

    def __round__(self, digits: int = 0) -> Value:
        rounded: Any = np.round
        return rounded(self, digits)  # which traces

    def __getitem__(self, index: object) -> Value:
        """Index as NumPy does: integers, slices, ``None``, ``...``, and integers in arrays, lists or values."""
        from gradwire.selection import select

        return select(self, index)

    @property
    def at(self) -> At:
        """What changes by an index, as JAX writes it: ``x.at[1:, i].add(u)`` is x with u added there."""
        from gradwire.updates import At

        return At(self)

    # What a graph can't hold: every refusal tells the remedy.

    def __bool__(self) -> NoReturn:
        raise TracingError(
            f"{self!r} is neither true nor false before the graph runs, so `if`, `while`, `and`, `or`, `not`, `in` and "
            "chained comparisons can't ask it; choose between values with gw.where(condition, a, b), between "
            "computations with gw.cond, repeat with gw.while_loop, and combine conditions with & and |"
        )

    def __setitem__(self, index: object, value: object) -> NoReturn:
        raise TracingError(
            f"{self!r} can't be assigned to: values never change; instead of x[index] = value take the new value that "
            "x.at[index].set(value) returns"
        )

    def __float__(self) -> NoReturn:
        raise TracingError(
            f"{self!r} is no number before the graph runs: leave float() and int() out, use NumPy's functions or "
            "Gradwire's (np.exp, gw.exp) instead of those of `math`, and gw.stack or x.at[index].set(value) instead of "
            "assigning to elements of an array"
        )

    __int__ = __index__ = __complex__ = __float__

    def __array__(self, dtype: object = None, copy: object = None) -> NoReturn:
        raise TracingError(
            f"{self!r} has no elements before the graph runs, so it can't become an array: leave np.asarray out, put "
            "values together with gw.stack or gw.concatenate, and take from gw.special and gw.linalg what SciPy has as "
            "functions of arrays"
        )

    def __len__(self) -> int:
        size = self.shape[0] if self.ndim else None
        if isinstance(size, int):
            return size
        told = "it is a scalar" if size is None else f"dimension {size!r} has a size at each run only"
        raise TracingError(
            f"{self!r} has no length: {told}; use gw.sum, gw.mean and the like, or gw.scan, instead of a loop"
        )

    def __iter__(self) -> Iterator[Value]:
        if len(self) > _LONGEST_LOOP:
            raise TracingError(
                f"a loop over {self!r} would write {len(self):,} blocks; use operations on whole arrays, such as "
                "gw.sum, or gw.scan"
            )
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return partial(getattr(np, name), self)  # which traces
        message = f"a value has no attribute {name!r}"
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            message += f": the {name} of arrays can't be traced"
        raise AttributeError(message)

    # NumPy's functions, called on a value, trace; so does code for any array namespace.

    def __array_namespace__(self, *, api_version: str | None = None) -> ModuleType:
        """Return the array API standard's functions, for values."""
        from gradwire import array_api

        return array_api

    @property
    def device(self) -> str:
        """Where the elements are, as far as code for any array namespace is concerned."""
        return "cpu"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        from gradwire.numpy_functions import trace_ufunc

        return trace_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: object, arguments: tuple[Any, ...], options: Any) -> Any:
        from gradwire.numpy_functions import trace_function

        return trace_function(function, arguments, options)

    # Methods of arrays

    @property
    def T(self) -> Value:
        """The value with its axes in reverse order."""
        return apply("transpose", self)

    @property
    def mT(self) -> Value:
        """The value with its last two axes exchanged."""
        return apply("matrix_transpose", self)

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Value:
        """Add up; see `gw.sum`."""
        return apply("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Value:
        """Average; see `gw.mean`."""
        return apply("mean", self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Any = None, *, keepdims: bool = False) -> Value:
        """Multiply up; see `gw.prod`."""
        return apply("prod", self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> Value:
        """Take the greatest; see `gw.max`."""
        return apply("max", self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> Value:
        """Take the least; see `gw.min`."""
        return apply("min", self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Value:
        """Give another shape to the same elements; -1 stands for what is left."""
        return apply("reshape", self, shape=shape[0] if len(shape) == 1 else shape)

    def ravel(self) -> Value:
        """Lay the elements out along one axis."""
        return apply("reshape", self, shape=(-1,))

    flatten = ravel

    def transpose(self, *axes: Any) -> Value:
        """Reorder the axes; by default reverse them."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return apply("transpose", self, axes=order or None)

    def squeeze(self, axis: Any = None) -> Value:
        """Leave out axes of length 1."""
        return apply("squeeze", self, axis=axis)

    def astype(self, dtype: object) -> Value:
        """Convert the elements."""
        return apply("astype", self, element_type=dtype)

    def copy(self) -> Self:
        """Return the value itself: values never change."""
        return self


class Variable(Value):
    """A value that is fed at each run.

    Attributes:
        documentation: what it stands for, and its unit.
    """

    __slots__ = ("documentation",)

    def __init__(self, name: str, shape: shapes.Shape, element_type: str, documentation: str = "") -> None:
        super().__init__("variable", (), NO_ATTRIBUTES, shape, element_type, name)
        self.documentation = documentation


class Constant(Value):
    """A value that is fixed in the graph.

    Attributes:
        array: its elements, read-only.
    """

    __slots__ = ("array",)

    def __init__(self, value: npt.ArrayLike, element_type: object = None) -> None:
        array = np.array(value, None if element_type is None else element_type_name(element_type), order="C")
        if array.dtype.name not in ELEMENT_TYPES:
            known = ", ".join(ELEMENT_TYPES)
            raise TypeError(f"an array of {array.dtype} can't be a constant; convert it to one of {known}")
        self.array = array.astype(array.dtype.newbyteorder("="), copy=False)
        self.array.flags.writeable = False
        super().__init__("constant", (), NO_ATTRIBUTES, array.shape, array.dtype.name)


class Output(Value):
    """The second value of a block with several, the third, and so on.

    Attributes:
        index: its place among the values of the block.
    """

    __slots__ = ("index",)

    def __init__(self, block: Value, index: int, shape: shapes.Shape | None, element_type: str | None) -> None:
        super().__init__(block.op, (block,), NO_ATTRIBUTES, shape, element_type)
        self.index = index


Operand = Value | npt.ArrayLike
"""A value; a number of Python, which takes the element type of the values beside it; or an array, which is constant."""


def apply(op: str, /, *operands: Any, **attributes: Any) -> Value:
    """Use an op on values, numbers and arrays.

    Raises: TypeError for operands or attributes that the op does not take; ShapeError when shapes can't fit.
    """
    value: Value = several(op, *operands, **attributes)[0]
    return value


def several(op: str, /, *operands: Any, **attributes: Any) -> Any:
    """Use an op; return all its values as a tuple. The first stands for the block, and is the one to name."""
    signature = OPS.get(op)
    if signature is None:
        raise TracingError(f"there is no op {op!r} in this version of Gradwire")
    inputs = tuple(map(as_input, operands))
    if len(inputs) != len(signature.inputs) and not (signature.variadic and len(inputs) > len(signature.inputs)):
        raise TypeError(f"{op} takes {len(signature.inputs)} inputs ({', '.join(signature.inputs)}), not {len(inputs)}")
    if any(isinstance(x, Constant) for x in inputs):
        inputs = _with_promoted_constants(signature, inputs)
    given, settled = read_attributes(op, signature, attributes) if signature.attributes else (NO_ATTRIBUTES,) * 2
    found = shapes.shapes_of(op, signature, [() if isinstance(x, str) else x.known_shape for x in inputs], settled)
    promoted = [x.known_element_type for _, x in _promoted(signature, inputs)]
    kinds = shapes.element_types_of(signature, promoted, settled, len(found))
    block = Value(op, inputs, given, found[0], kinds[0])
    return (block, *(Output(block, i, found[i], kinds[i]) for i in range(1, len(found))))


def as_input(operand: Any) -> Value | str:
    """Turn an operand into what a block takes: a value, or a number as text.

    Python's numbers, and NumPy's integers, take the element type of the values beside them; NumPy's floating numbers
    have one of their own, as NumPy has it.

    Raises: TypeError when it is neither a value nor a number nor an array.
    """
    if isinstance(operand, Value):
        return operand
    if isinstance(operand, bool | int | np.integer | np.bool_):
        return str(int(operand))
    if type(operand) is float:
        return repr(operand) if operand - operand == 0 else f"{operand:+}"
    if isinstance(operand, np.ndarray | np.floating | list | tuple):
        return Constant(operand)
    raise TypeError(f"{type(operand).__name__} is neither a value nor a number nor an array: {operand!r}")


def _promoted(signature: OpSignature, inputs: Sequence[Value | str]) -> list[tuple[int, Value]]:
    """Return the values that get one element type together, with their places."""
    own = signature.unpromoted
    return [(i, x) for i, x in enumerate(inputs) if isinstance(x, Value) and i not in own]


def _with_promoted_constants(signature: OpSignature, inputs: tuple[Value | str, ...]) -> tuple[Value | str, ...]:
    """Convert integer and boolean constants beside floating values, as NumPy would: nothing is lost, they are fixed.

    Values of different kinds are never mixed silently; the server refuses them.
    """
    together = _promoted(signature, inputs)
    floating = [x.dtype for _, x in together if x.known_element_type in ("float64", "float32")]
    if not floating:
        return inputs
    converted = dict(enumerate(inputs))
    for i, x in together:
        if isinstance(x, Constant) and x.dtype.kind != "f":
            converted[i] = Constant(x.array, np.result_type(x.dtype, *floating))
    return tuple(converted.values())


def ancestors(values: Iterable[Value], ends: Container[int] = ()) -> list[Value]:
    """Return the values and all that they are made of, inputs before users; linear in what it returns.

    Args:
        values: where to begin.
        ends: serials of values to leave out, with what only they are made of.
    """
    found: dict[int, Value] = {}
    todo = list(values)
    while todo:
        value = todo.pop()
        if value.serial not in found and value.serial not in ends:
            found[value.serial] = value
            todo.extend(x for x in value.inputs if isinstance(x, Value))
    return [found[serial] for serial in sorted(found)]


_State = tuple[type[Value], dict[str, Any], tuple[int | str, ...]]


def _flattened(value: Value) -> list[_State]:
    """Write a value and its ancestors as a list in which inputs are places in the list."""
    order = ancestors([value])
    places = {x.serial: place for place, x in enumerate(order)}
    states: list[_State] = []
    for x in order:
        slots = {slot for cls in type(x).__mro__ for slot in getattr(cls, "__slots__", ())}
        state = {slot: getattr(x, slot) for slot in slots - {"__weakref__", "inputs", "serial"}}
        state["attributes"] = dict(x.attributes)  # a mappingproxy can't be pickled
        states.append((type(x), state, tuple(i if isinstance(i, str) else places[i.serial] for i in x.inputs)))
    return states


def _restored(states: Sequence[_State]) -> Value:
    values: list[Value] = []
    for cls, state, inputs in states:
        value = cls.__new__(cls)
        value.serial = next(_serial)
        value.inputs = tuple(i if isinstance(i, str) else values[i] for i in inputs)
        for slot, content in state.items():
            setattr(value, slot, content)
        values.append(value)
    return values[-1]

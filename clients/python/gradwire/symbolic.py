"""SymPy's expressions as values: ``gw.from_sympy(sympy.exp(x) * y, x=("batch",))``.

Common subexpressions are found first (`sympy.cse`), then each expression is walked once, inputs before users, without
recursion. SymPy itself is no part of the client: what it is needed for is loaded when it is used.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from gradwire import functions as F  # noqa: N812 - as one writes it
from gradwire.broadcasting import broadcast
from gradwire.building import variable
from gradwire.errors import TracingError
from gradwire.structures import leaves, replaced
from gradwire.values import Constant, Value

Meaning = Value | npt.NDArray[Any] | int | str | Sequence[int | str]
"""What a symbol stands for: a value, an array that is fixed, or a new variable, told by its shape."""


def from_sympy(expressions: Any, /, **symbols: Meaning) -> Any:
    """Return SymPy's expressions as values.

    >>> x, y = sympy.symbols("x y")
    >>> graph = gw.Graph({"z": gw.from_sympy(sympy.exp(x) * sympy.sin(y), x="batch", y="batch")})

    Args:
        expressions: an expression, a matrix (which gives an array), or several in a list, tuple or dict.
        symbols: for each symbol a value; an array, which is fixed; or the shape of a new float64 variable. A symbol
            that is not among them is a scalar variable; a matrix symbol one of its shape.

    Raises: TracingError for what no op stands for, by name.
    """
    import sympy

    named = dict(leaves(expressions, "y"))
    entries = [entry for tree in named.values() for entry in _entries(tree)]
    try:
        shared, entries = sympy.cse(entries, order="none")
    except RecursionError:  # SymPy walks by recursion; equal subexpressions are found below too
        shared = []
    values = _Values(symbols)
    for symbol, expression in shared:
        values.known[symbol] = values.of(expression)
    found = iter([values.of(entry) for entry in entries])
    result = {name: _gathered(tree, found) for name, tree in named.items()}
    return replaced(expressions, result, "y")


def _entries(tree: Any) -> list[Any]:
    return _flat(tree.tolist()) if _is_dense(tree) else [tree]


def _flat(tree: Any) -> list[Any]:
    return [entry for branch in tree for entry in _flat(branch)] if isinstance(tree, list) else [tree]


def _is_dense(tree: Any) -> bool:
    return hasattr(tree, "tolist") and hasattr(tree, "shape")


def _gathered(tree: Any, found: Any) -> Value:
    """Return the value of an expression, or of a matrix, whose elements lie along the last axes."""
    if not _is_dense(tree):
        return _as_value(next(found))
    parts = [_as_value(next(found)) for _ in range(math.prod(tree.shape))]
    shape: Any = broadcast("a matrix", [part.shape for part in parts])
    spread = [part if part.shape == shape else F.broadcast_to(part, shape) for part in parts]
    return F.reshape(F.stack(spread, -1), (*shape, *tree.shape))


def _as_value(found: Any) -> Value:
    return found if isinstance(found, Value) else Constant(float(found))


class _Values:
    """The values of expressions.

    Attributes:
        known: what was met before, by expression.
        symbols: what symbols stand for, by name.
    """

    def __init__(self, symbols: Mapping[str, Meaning]) -> None:
        self.symbols: dict[str, Any] = dict(symbols)
        self.known: dict[Any, Any] = {}

    def of(self, expression: Any) -> Any:
        """Return the value of an expression; of one without symbols a number."""
        todo = [expression]
        while todo:
            this = todo[-1]
            if this in self.known:
                todo.pop()
                continue
            if _is_leaf(this):
                self.known[this] = self.leaf(this)
                continue
            rule = _rule(this)
            missing = [part for part in this.args if part not in self.known]
            if missing:
                todo.extend(reversed(missing))
                continue
            parts = [self.known[part] for part in this.args]
            fixed = all(isinstance(part, int | float) for part in parts)
            self.known[this] = _number(this) if fixed and this.is_number else rule(this, parts)
        return self.known[expression]

    def leaf(self, expression: Any) -> Any:
        """Return what a symbol, an element of an array, or a truth stands for."""
        kind = type(expression).__name__
        if getattr(expression, "is_number", False):
            return _number(expression)
        if kind in ("BooleanTrue", "BooleanFalse"):
            return bool(expression)
        if kind == "Indexed":
            index = tuple(int(i) for i in expression.indices)
            return self.symbol(str(expression.base), None)[index]
        if kind in ("Symbol", "Dummy", "MatrixSymbol", "Str"):
            return self.symbol(str(expression), expression.shape if kind == "MatrixSymbol" else ())
        raise TracingError(f"{kind} has no value: {_shown(expression)}; a value is a real number or an array of them")

    def symbol(self, name: str, shape: Any) -> Value:
        meaning = self.symbols.get(name, shape)
        if meaning is None:
            raise TracingError(f"give the shape of {name}: from_sympy(…, {name}=…)")
        if isinstance(meaning, np.ndarray):
            meaning = Constant(meaning)
        if not isinstance(meaning, Value):
            meaning = variable(name, meaning if isinstance(meaning, str | int) else [_size(size) for size in meaning])
        self.symbols[name] = meaning
        return meaning


def _size(size: Any) -> int | str:
    return size if isinstance(size, str) else int(size)


def _is_leaf(expression: Any) -> bool:
    return not expression.args or type(expression).__name__ in ("MatrixSymbol", "Indexed")


def _number(expression: Any) -> int | float:
    """Return an expression without symbols as a number.

    Raises: TracingError when it is no real number.
    """
    if expression.is_Integer and abs(int(expression)) < 2**63:
        return int(expression)
    try:
        return float(expression)
    except TypeError:
        raise TracingError(f"{_shown(expression)} is no real number; there are no complex values") from None


def _rule(expression: Any) -> Callable[..., Any]:
    """Return what makes a value of an expression and the values of its arguments.

    Raises: TracingError when nothing does.
    """
    kind = type(expression).__name__
    if kind in _RULES:
        return _RULES[kind]
    if kind in _FUNCTIONS:
        return _of(_FUNCTIONS[kind])
    hint = "; call .doit() first" if kind in ("Integral", "Derivative", "Sum", "Product", "Limit", "Subs") else ""
    raise TracingError(f"no op stands for {kind} in {_shown(expression)}{hint}")


def _shown(expression: Any) -> str:
    try:
        text = str(expression)
    except RecursionError:
        text = type(expression).__name__
    return text if len(text) <= 80 else text[:77] + "…"


# Arithmetic: quotients and differences are written as such, which is exact where reciprocals would round.


def _sum(expression: Any, parts: list[Any]) -> Any:
    total: Any = None
    for term, part in zip(expression.args, parts, strict=True):
        total = part if total is None else _added(total, term, part)
    return total


def _added(total: Any, term: Any, part: Any) -> Any:
    if isinstance(part, int | float) and part < 0:
        return total - -part
    negated = isinstance(part, Value) and part.op == "negative"
    return total - part.inputs[0] if negated else total + part


def _product(expression: Any, parts: list[Any]) -> Any:
    above: list[Any] = []
    below: list[Any] = []
    for factor, part in zip(expression.args, parts, strict=True):
        if factor.is_Rational and not factor.is_Integer:
            above += [int(factor.p)] if factor.p != 1 else []
            below.append(int(factor.q))
        elif isinstance(part, Value) and part.op in ("reciprocal", "rsqrt") and not part.label:
            root = part.inputs[0]
            below.append(root if part.op == "reciprocal" else F.sqrt(root))
        else:
            above.append(part)
    negated = len(above) > 1 and isinstance(above[0], int) and above[0] == -1
    if negated:
        above.pop(0)
    y = reduce(operator.mul, above) if above else 1.0
    y = F.divide(y, reduce(operator.mul, below)) if below else y
    return -y if negated else y


def _power(expression: Any, parts: list[Any]) -> Any:
    base, exponent = parts
    special: Mapping[float, Callable[[Any], Any]] = {
        -1: F.reciprocal, 0.5: F.sqrt, -0.5: F.rsqrt, 2: F.square,
    }  # fmt: skip
    if isinstance(exponent, int | float) and exponent in special:
        return special[exponent](base)
    return F.power(base, exponent)


# Choices and conditions


def _piecewise(expression: Any, parts: list[Any]) -> Any:
    chosen: Any = float("nan")  # where no condition holds, as SymPy has it
    for value, condition in reversed(parts):
        chosen = value if condition is True else chosen if condition is False else F.where(condition, value, chosen)
    return chosen


def _folded(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda expression, parts: reduce(function, parts)


def _of(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda expression, parts: function(*parts)


def _polygamma(expression: Any, parts: list[Any]) -> Any:
    order, x = parts
    if not isinstance(order, int):
        raise TracingError(f"polygamma takes a whole order, not that of {_shown(expression)}")
    return F.polygamma(x, order) if order else F.digamma(x)


def _bessel(expression: Any, parts: list[Any]) -> Any:
    order, x = parts
    if not isinstance(order, int) or order < 0:
        raise TracingError(f"no op stands for {_shown(expression)}; there are those of whole orders from 0 on")
    return F.bessel_i(x, order)


_RULES: Mapping[str, Callable[..., Any]] = {
    "Add": _sum, "Mul": _product, "Pow": _power, "Piecewise": _piecewise, "ExprCondPair": lambda e, parts: tuple(parts),
    "Max": _folded(F.maximum), "Min": _folded(F.minimum), "And": _folded(F.logical_and), "Or": _folded(F.logical_or),
    "Xor": _folded(F.logical_xor), "polygamma": _polygamma, "besseli": _bessel, "MatAdd": _folded(operator.add),
    "MatMul": _folded(lambda a, b: a @ b if _rank(a) and _rank(b) else a * b), "HadamardProduct": _folded(operator.mul),
    "MatrixElement": lambda e, parts: parts[0][int(e.i), int(e.j)], "MatPow": lambda e, parts: F.matrix_power(*parts),
    "Determinant": _of(F.det), "Inverse": lambda e, parts: F.inv(parts[0]), "Trace": _of(F.trace),
    "Transpose": _of(F.matrix_transpose),
}  # fmt: skip
"""By the names of SymPy's classes: an expression, and the values of its arguments."""


def _rank(x: Any) -> int:
    return x.ndim if isinstance(x, Value) else 0


_NAMESAKES = """
    acos acosh asin asinh atan atan2 atanh beta cbrt cos cosh digamma erf erfc erfinv exp exp2 expm1 floor hypot log
    log10 log1p log2 sign sin sinh tan tanh
""".split()

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "Abs": F.abs, "Equality": F.equal, "GreaterThan": F.greater_equal, "Heaviside": F.heaviside,
    "LessThan": F.less_equal, "Mod": F.remainder, "Not": F.logical_not, "StrictGreaterThan": F.greater,
    "StrictLessThan": F.less, "Unequality": F.not_equal, "ceiling": F.ceil, "cot": lambda x: 1 / F.tan(x),
    "coth": lambda x: 1 / F.tanh(x), "csc": lambda x: 1 / F.sin(x), "csch": lambda x: 1 / F.sinh(x),
    "frac": lambda x: x - F.floor(x), "loggamma": F.lgamma, "sec": lambda x: 1 / F.cos(x),
    "sech": lambda x: 1 / F.cosh(x), **{name: getattr(F, name) for name in _NAMESAKES},
}  # fmt: skip
"""By the names of SymPy's functions: what takes their arguments."""

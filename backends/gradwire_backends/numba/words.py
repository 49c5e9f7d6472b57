"""Words of generated source that are written in its own language, as Python functions; imported by the compiler alone.

The emitter turns them into functions of LLVM's, one for each combination of types that a kernel calls them with, and
numba's front end, which would take a second for some of them, sees none.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llvmlite import ir
from numba import types

from gradwire_backends.numba.emitter import emit

unliteral: Any = types.unliteral

I64 = ir.IntType(64)


class Word:
    """A word that returns a status: what it computes goes to where a pointer points.

    Its pointers lead to pieces of memory apart, unless it only reads them. It is made of what kernels are made of, and
    of assignments to elements; the names that it calls are those of its module.
    """

    def __init__(self, function: Callable[..., None], name: str, meanings: Mapping[str, Any]) -> None:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        assert isinstance(tree, ast.FunctionDef)
        self._name, self._parameters = name, [argument.arg for argument in tree.args.args]
        self._body = tree.body[1:]  # behind what it says of itself
        self._vocabulary: Mapping[str, Any] = ChainMap(dict(meanings), function.__globals__)

    def rule(self, typing: Any, *kinds: Any) -> tuple[Any, Any]:
        """Return the signature for given types of arguments, and what emits a call."""
        kinds = tuple(types.int64 if kind is types.boolean else unliteral(kind) for kind in kinds)

        def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
            # Sizes that stand in the source make a function of their own, whose loops LLVM knows the length of.
            known = [x.constant if isinstance(x, ir.Constant) and x.type == I64 else None for x in arguments]
            name = f"{self._name}({', '.join(map(str, kinds))}; {', '.join(map(str, known))})"
            function = builder.module.globals.get(name)
            if function is None:
                form = context.call_conv.get_function_type(types.int64, kinds)
                function = ir.Function(builder.module, form, name)
                self._define(function, typing, context, kinds, known)
            # No word raises anything: numba's own status tells nothing.
            _, status = context.call_conv.call_function(builder, function, types.int64, kinds, arguments)
            return status

        return types.int64(*kinds), generate

    def _define(
        self, function: Any, typing: Any, context: Any, kinds: Sequence[Any], known: Sequence[int | None]
    ) -> None:
        """Emit the function, called as numba calls functions: the compiled words that it calls expect to be in such."""
        function.linkage = "internal"
        function.attributes.add("nounwind")
        arguments = context.call_conv.get_arguments(function)
        for argument in arguments:
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        numbers = {name: (I64(n), types.int64) for name, n in self._vocabulary.items() if type(n) is int}
        values = (x if n is None else I64(n) for x, n in zip(arguments, known, strict=True))
        given = numbers | dict(zip(self._parameters, zip(values, kinds, strict=True), strict=True))
        status = emit(self._body, given, typing, context, builder, self._vocabulary)
        context.call_conv.return_value(builder, status)


def word(function: Callable[..., None], name: str = "", **meanings: Any) -> Any:
    """Make a word of a function.

    Args:
        function: what it does.
        name: what it is called; the function's name where nothing is said.
        meanings: what names mean in it that its module does not know.
    """
    return Word(function, name or function.__name__, meanings)

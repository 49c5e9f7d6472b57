"""Arguments and results that are dicts, lists and tuples of arrays: their leaves, with a name for each.

``{"layers": [{"w": …}, {"w": …}]}`` has the leaves ``layers.0.w`` and ``layers.1.w``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def leaves(tree: object, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what a tree holds, each with its name; a list of numbers, however nested, counts as one array."""
    if isinstance(tree, Mapping):
        for key, child in tree.items():
            yield from leaves(child, _joined(name, key))
    elif isinstance(tree, list | tuple) and not _is_numeric(tree):
        for i, child in enumerate(tree):
            yield from leaves(child, _joined(name, i))
    else:
        yield name, tree


def replaced(tree: object, leaf: Mapping[str, Any], name: str = "") -> Any:
    """Return a tree of the same structure with other leaves; those that `leaf` does not name stay."""
    if isinstance(tree, Mapping):
        return {key: replaced(child, leaf, _joined(name, key)) for key, child in tree.items()}
    if isinstance(tree, list | tuple) and not _is_numeric(tree):
        children = [replaced(child, leaf, _joined(name, i)) for i, child in enumerate(tree)]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)  # a named tuple stays one
    return leaf.get(name, tree)


def _joined(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


def _is_numeric(tree: list[Any] | tuple[Any, ...]) -> bool:
    """Tell whether a list holds numbers alone: then it is an array that somebody wrote down."""
    return bool(tree) and all(
        _is_numeric(x) if isinstance(x, list | tuple) else isinstance(x, int | float) for x in tree
    )

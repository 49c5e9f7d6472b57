"""The order of blocks: inputs before users, by NetworkX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import networkx as nx


def topological_order(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """Order names so that each stands after those that it needs; ties keep the order of `edges`.

    Args:
        edges: for each name, the names that it needs; those that are no keys themselves are left out.

    Returns: the keys of `edges`.
    Raises: nx.NetworkXUnfeasible when there is a cycle; `find_cycle` then names its members.
    """
    if _is_in_order(edges):
        return list(edges)
    position = {name: index for index, name in enumerate(edges)}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(edges)
    graph.add_edges_from((need, name) for name, needs in edges.items() for need in needs if need in position)
    return list(nx.lexicographical_topological_sort(graph, key=position.__getitem__))


def find_cycle(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the members of one cycle in the order in which they feed each other, or [] when there is none.

    Linear in the edges (`networkx.find_cycle` is not, on a long chain): inside a strongly connected component every
    name needs another one of the component, so walking from need to need must come back.
    """
    if _is_in_order(edges):
        return []
    graph = nx.DiGraph((need, name) for name, needs in edges.items() for need in needs if need in edges)
    for component in nx.strongly_connected_components(graph):
        first = min(component)
        if len(component) == 1 and first not in edges[first]:
            continue
        walk: dict[str, None] = {}
        name = first
        while name not in walk:
            walk[name] = None
            name = next(need for need in edges[name] if need in component)
        cycle = list(walk)
        return cycle[cycle.index(name) :][::-1]  # walked from user to need: turned round, it runs with the data
    return []


def _is_in_order(edges: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether each name stands after those that it needs, as in most graphs: there is nothing to order then."""
    later = set(edges)
    for name, needs in edges.items():
        if not later.isdisjoint(needs):
            return False
        later.discard(name)
    return True

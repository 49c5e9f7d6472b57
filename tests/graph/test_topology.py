"""Blocks stand after what they need; ties keep the order of the request."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwire_service.graph import find_cycle, topological_order


def test_ties_keep_the_order_of_the_request() -> None:
    assert topological_order({"c": [], "b": ["a"], "a": [], "d": ["c"]}) == ["c", "a", "b", "d"]


EDGES = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefghx"), max_size=3))


@given(EDGES)
def test_every_graph_is_either_ordered_or_has_a_cycle_that_is_one(edges: dict[str, list[str]]) -> None:
    cycle = find_cycle(edges)
    if not cycle:
        order = topological_order(edges)
        assert sorted(order) == sorted(edges)
        assert all(order.index(need) < order.index(n) for n in edges for need in edges[n] if need in edges)
        return
    assert len(set(cycle)) == len(cycle)
    for member, user in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        assert member in edges[user]
    with pytest.raises(nx.NetworkXUnfeasible):
        topological_order(edges)

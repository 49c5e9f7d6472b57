"""Commands that tell what there is."""

from __future__ import annotations

import json

import pytest

from gradwire_service.backend import discover
from gradwire_service.methods import Method
from gradwire_service.ops.base import Op
from gradwire_service.optimizers import Optimizer, Schedule
from gradwire_service.searches import Search
from tests.cli.samples import Run


def test_ops_lists_every_op_that_graphs_may_use(run: Run) -> None:
    listed = {row["name"] for row in json.loads(run("ops", "--json").stdout)["ops"]}
    assert listed == {name for name, op in Op.registry.items() if not op.internal}
    shown = run("ops").stdout
    assert all(f" {name}(" in shown for name in listed)


def test_ops_go_by_family(run: Run) -> None:
    families = {row["name"]: row["family"] for row in json.loads(run("ops", "--json").stdout)["ops"]}
    assert families["add"] == families["power"] == "arithmetic"
    assert families["sum"] != "arithmetic"


def test_an_op_tells_signature_attributes_and_formula(run: Run) -> None:
    found = json.loads(run("ops", "sum", "--json").stdout)
    assert found["signature"] == "sum(x, *, axis=None, keepdims=False)"
    axis, keepdims = found["attributes"]
    assert (axis["kind"], keepdims["kind"]) == ("ATTRIBUTE_KIND_INTEGERS", "ATTRIBUTE_KIND_BOOLEAN")
    assert "default_value" not in axis
    assert keepdims["default_value"] == {"boolean": False}
    shown = run("ops", "sum").stdout
    assert found["signature"] in shown
    assert "Shapes:" in shown
    assert "3 results; not analytic, so that complex_step refuses it" in run("ops", "svd").stdout


def test_a_variadic_op_shows_it(run: Run) -> None:
    assert json.loads(run("ops", "concatenate", "--json").stdout)["signature"].startswith("concatenate(*")


@pytest.mark.parametrize(("command", "name", "near"), [("ops", "multipy", "multiply"), ("optimizers", "adamm", "adam")])
def test_a_name_that_is_not_there_is_answered_with_those_like_it(run: Run, command: str, name: str, near: str) -> None:
    answer = run(command, name)
    assert answer.code == 3
    assert near in answer.stderr


def test_backends_lists_those_that_load_and_says_why_others_do_not(run: Run) -> None:
    rows = {row["name"]: row for row in json.loads(run("backends", "--json").stdout)["backends"]}
    assert set(rows) == set(discover())
    assert rows["numba"]["default_backend"]
    for name, found in discover().items():
        assert rows[name]["available"] == (found.backend is not None)
        assert bool(rows[name]["unavailable_reason"]) == (found.backend is None)
    assert all(f" {name}" in run("backends").stdout for name in rows)


def test_optimizers_lists_rules_and_schedules_with_their_defaults(run: Run) -> None:
    found = json.loads(run("optimizers", "--json").stdout)
    optimizers = sorted([*Optimizer.registry, *Method.registry, *Search.registry])
    assert [row["name"] for row in found["optimizers"]] == optimizers
    assert [row["name"] for row in found["schedules"]] == [entry.name for entry in Schedule.catalog()]
    shown = run("optimizers").stdout
    assert "beta1=0.9" in shown
    assert "η(t) = η₀ / (1 + k t/T)" in shown


def test_an_optimizer_tells_formulas_and_hyperparameters(run: Run) -> None:
    shown = run("optimizers", "sgd").stdout
    assert "w ← w - η (g + μ b)" in shown
    assert "momentum" in shown
    parameters = json.loads(run("optimizers", "cosine", "--json").stdout)["parameters"]
    assert [x["name"] for x in parameters if x["required"]] == ["steps"]

"""The steps of the demo. Everything goes through the public client and a real server, a child process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.optimize

import gradwire as gw
from gradwire.demo import pictures
from gradwire.demo.data import Array, Data, load
from gradwire.demo.model import accuracy, by_hand, logistic
from gradwire.demo.page import Page, duration, equation, number

Arrays = Mapping[str, Array]

EXACT = ("numba", "numpy", "complex_step")
METHODS = ("forward", "central", "richardson")
"""Backends that are exact to rounding, and methods of finite differences."""

STEPS = np.logspace(-15, 0, 46)
"""Steps of finite differences, over max(1, |x|)."""


class Point(NamedTuple):
    """The graph at one point.

    Attributes:
        values: of every value, by name.
        derivatives: of the loss with respect to every value, by name.
        error_by_hand: greatest difference of ∂L/∂w from what one derives on paper, over its greatest element.
    """

    values: Arrays
    derivatives: Arrays
    error_by_hand: float


class Way(NamedTuple):
    """One way to differentiate.

    Attributes:
        name: what the table calls it.
        error: greatest relative error of the gradient.
        calls: how often the function was evaluated.
        seconds: of the fastest run.
    """

    name: str
    error: float
    calls: int
    seconds: float


class Agreement(NamedTuple):
    """The same fit by two methods.

    Attributes:
        loss: difference of the losses.
        parameters: greatest difference of the weights.
        weights: of the first method.
    """

    loss: float
    parameters: float
    weights: Array


class Outcome(NamedTuple):
    """What the demo found.

    Attributes:
        sample: the graph at one row.
        batch: the graph at all training rows.
        ways: of differentiating.
        curves: errors of finite differences against the step.
        reports: of training.
        held_out: accuracy on rows that training did not see.
        agreement: of gradient descent and L-BFGS.
        pictures: files that were written.
    """

    sample: Point
    batch: Point
    ways: tuple[Way, ...]
    curves: Mapping[str, pictures.Curve]
    reports: tuple[pictures.Report, ...]
    held_out: float
    agreement: Agreement
    pictures: tuple[Path, ...]


def tell(folder: Path, page: Page) -> Outcome:
    """Run all steps.

    Args:
        folder: where pictures go; it is made if need be.
        page: where the steps are told.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = load()
    graph = logistic(len(data.names))
    w = np.random.Generator(np.random.Philox(2)).normal(0, 0.3, len(data.names))
    with gw.connect() as service:
        sample, batch, drawings = blocks(service, graph, data, w, folder, page)
        ways, curves, errors = methods(service, graph, data, w, folder, page)
        trained, reports = training(service, graph, data, page)
        agreement, least = converged(service, graph, data, page)
    picture = folder / "training.png"
    pictures.training(picture, reports, least)
    held_out = accuracy(data.x_held_out, data.y_held_out, trained)
    files = (*drawings, errors, picture)
    return Outcome(sample, batch, ways, curves, reports, held_out, agreement, files)


def blocks(
    service: gw.Service, graph: gw.Graph, data: Data, w: Array, folder: Path, page: Page
) -> tuple[Point, Point, tuple[Path, ...]]:
    """Show every block with its value and the derivative of the loss with respect to it, at a row and at all rows."""
    page.heading("Every block: its value, and the derivative of the loss L with respect to it")
    rows = [row for row in service.describe(graph).values if row.kind != "constant"]
    names = [row.name for row in rows]

    def at(x: Array, y: Array) -> Point:
        queries: list[gw.query.Query] = [gw.query.value(names), gw.query.gradient("loss", names)]
        values, gradient = service.evaluate(graph, {"x": x, "y": y, "w": w}, queries=queries).answers
        assert isinstance(values, gw.ValueResult)
        assert isinstance(gradient, gw.GradientResult)
        expected = by_hand(x, y, w)[1]
        error = float(np.max(np.abs(gradient.gradients["w"] - expected)) / np.max(np.abs(expected)))
        return Point(values.values, gradient.gradients, error)

    sample, batch = at(data.x[:1], data.y[:1]), at(data.x, data.y)
    page.table(
        ["block", "made by", "one row", "∂L/∂block", f"{len(data.y)} rows", "∂L/∂block"],
        [
            (
                row.name,
                f"{row.op}({', '.join(row.inputs)})" if row.op else "given",
                *(number(x[row.name]) for point in (sample, batch) for x in (point.values, point.derivatives)),
            )
            for row in rows
        ],
        left=2,
    )
    page.note("Between double bars stands the 2-norm of what has several elements.")
    error = max(sample.error_by_hand, batch.error_by_hand)
    page.note(f"On paper ∂L/∂w = xᵀ(p - y)/n + λw: the greatest relative difference from that is {error:.0e}.")
    drawings = []
    for name, point in (("one_row", sample), ("all_rows", batch)):
        path = folder / f"graph_{name}.svg"
        notes = {x: f"{equation(x, point.values[x])}\n{equation(f'∂L/∂{x}', point.derivatives[x])}" for x in names}
        path.write_text(service.describe(graph, formats=["svg"], annotations=notes).rendering.svg, encoding="utf-8")
        drawings.append(path)
    return sample, batch, tuple(drawings)


def methods(
    service: gw.Service, graph: gw.Graph, data: Data, w: Array, folder: Path, page: Page
) -> tuple[tuple[Way, ...], dict[str, pictures.Curve], Path]:
    """Compare ways to differentiate, and finite differences at many steps."""
    page.heading(f"The gradient with respect to w, {w.size} weights and {len(data.y)} rows, in several ways")
    inputs = {"x": data.x, "y": data.y, "w": w}

    def differences(method: str, step: float = 0.0) -> gw.Options:
        return {"backend": "finite_difference", "finite_difference": gw.FiniteDifference(method, step)}

    def compared(ways: Sequence[gw.Options], repetitions: int = 0) -> list[gw.Comparison]:
        return service.compare(graph, inputs, of="loss", wrt=["w"], backends=ways, repetitions=repetitions)

    def label(name: str) -> str:
        return name if name in EXACT else f"{name} differences"

    exact: list[gw.Options] = [{"backend": name} for name in EXACT]
    results = compared([*exact, *map(differences, METHODS)])
    ways = tuple(_way(result) for result in results)
    page.table(
        ["way", "value", "relative error", "calls", "time"],
        [
            (label(way.name), f"{result.value:.15f}", f"{way.error:.1e}", str(way.calls), duration(way.seconds))
            for way, result in zip(ways, results, strict=True)
        ],
    )
    page.note("The error is the greatest, over the greatest element of numpy's; the time is that of the fastest run.")

    errors = {way.name: way.error for way in ways}
    curves = {}
    for method in METHODS[:2]:
        found = compared([differences(method, step) for step in STEPS], repetitions=1)
        rows = sorted(found, key=lambda row: row.finite_difference.step if row.finite_difference else 0)
        curve = pictures.Curve(STEPS, np.array([row.greatest_relative_error for row in rows]), errors[method])
        curves[method] = curve
        best = int(np.argmin(curve.errors))
        page.note(f"{method} differences are best at step {STEPS[best]:.0e}, with error {curve.errors[best]:.0e}.")
    path = folder / "finite_differences.png"
    pictures.finite_differences(path, curves, errors["complex_step"])
    return ways, curves, path


def _way(found: gw.Comparison) -> Way:
    """Read a row.

    Raises: GradwireError when the way failed.
    """
    if found.error is not None:
        raise found.error
    settings, execution = found.finite_difference, found.execution
    name = settings.method if settings else found.backend
    return Way(name, found.greatest_relative_error, execution.function_evaluations, execution.seconds)


def training(service: gw.Service, graph: gw.Graph, data: Data, page: Page) -> tuple[Array, tuple[pictures.Report, ...]]:
    """Train by mini-batch gradient descent with a learning rate that falls."""
    page.heading("Training: mini-batch gradient descent with a reduced learning rate")
    rows, start = {"x": data.x, "y": data.y}, {"w": np.zeros(len(data.names))}
    batch_size, rate = 32, 0.2
    steps = -(-len(data.y) // batch_size)
    optimizer = gw.optimizers.sgd(rate, schedule=gw.schedules.exponential(0.95, steps=steps))
    before = float(service.evaluate(graph, {**rows, **start})["loss"])
    result = service.minimize(graph, start, rows, optimizer=optimizer, batch_size=batch_size, epochs=40, seed=1)
    reports = [pictures.Report(x.step, x.loss, x.learning_rate) for x in result.history]
    w = result.parameters["w"]
    page.table(
        ["", "loss", "accuracy"],
        [
            ("training rows", f"{result.loss:.4f}", f"{accuracy(data.x, data.y, w):.1%}"),
            (
                "rows held out",
                f"{by_hand(data.x_held_out, data.y_held_out, w)[0]:.4f}",
                f"{accuracy(data.x_held_out, data.y_held_out, w):.1%}",
            ),
        ],
    )
    page.note(f"{result.progress.step} steps of {batch_size} rows; the loss was {before:.4f} at the start.")
    return w, (pictures.Report(0, before, rate), *reports)


def converged(service: gw.Service, graph: gw.Graph, data: Data, page: Page) -> tuple[Agreement, float]:
    """Fit by full-batch gradient descent on the server and by SciPy's L-BFGS here; the minimum is the only one."""
    page.heading("The same minimum by two methods")
    rows, start = {"x": data.x, "y": data.y}, np.zeros(len(data.names))
    descent = service.minimize(
        graph,
        {"w": start},
        rows,
        optimizer=gw.optimizers.sgd(0.3, momentum=0.9, nesterov=True),
        gradient_norm=1e-9,
        steps=10_000,
        quiet=True,
    )
    f = service.value_and_gradient(graph, inputs=rows, wrt="w")
    found = scipy.optimize.minimize(f, start, jac=True, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-9})
    w = descent.parameters["w"]
    agreement = Agreement(abs(descent.loss - found.fun), float(np.max(np.abs(w - found.x))), w)
    page.table(
        ["", "loss", "calls of the function"],
        [
            (
                "gradient descent, Nesterov's momentum",
                f"{descent.loss:.12f}",
                str(descent.progress.function_evaluations),
            ),
            ("scipy.optimize.minimize, L-BFGS-B", f"{found.fun:.12f}", str(found.nfev)),
        ],
    )
    page.note(f"The losses differ by {agreement.loss:.0e}, the weights by at most {agreement.parameters:.0e}.")
    return agreement, descent.loss

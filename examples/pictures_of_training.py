"""Optimizers at work, in four pictures: ``python examples/pictures_of_training.py FOLDER``.

Loss and learning rate of a logistic regression; a descent, step by step, over the contours of a curved valley; a race
of four optimizers on it; and the generations of a genetic algorithm among many local minima.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import gradwire as gw

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "pictures")
folder.mkdir(parents=True, exist_ok=True)


@gw.function
def logistic(x: gw.Value, y: gw.Value, w: gw.Value, b: gw.Value) -> gw.Value:
    """Mean logistic loss of rows x with answers y, 0 or 1."""
    u = x @ w + b
    return gw.mean(gw.softplus(u) - y * u)


@gw.function
def valley(x: gw.Value) -> gw.Value:
    """Rosenbrock's function: its floor is curved, its minimum 0 at (1, 1)."""
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


@gw.function
def wells(x: gw.Value) -> gw.Value:
    """Rastrigin's function: a local minimum near all whole numbers, the lowest 0 at the origin."""
    return gw.sum(x**2 - 10 * gw.cos(2 * np.pi * x) + 10)


rng = np.random.default_rng(0)
rows = rng.normal(size=(400, 5))
answers = (rng.random(400) < 1 / (1 + np.exp(-rows @ [2.0, -1.0, 0.5, 0.0, 0.0]))).astype(float)
start = np.array([-1.2, 1.0])

with gw.connect() as service:
    trained = service.minimize(
        logistic,
        {"w": np.zeros(5), "b": np.array(0.0)},
        {"x": rows, "y": answers},
        optimizer=gw.optimizers.adam(0.05, schedule=gw.schedules.warmup(gw.schedules.cosine(350), steps=50)),
        batch_size=32,
        epochs=40,
        validation_share=0.2,
        seed=1,
        quiet=True,
    )
    trained.plot(folder / "loss.png")
    print(f"loss.png: {trained.history.loss[0]:.3f} in the first epoch, {trained.history.loss[-1]:.3f} in the last")

    def run(optimizer: gw.Optimizer, steps: int) -> gw.MinimizeResult:
        return service.minimize(
            valley, {"x": start}, optimizer=optimizer, steps=steps, report_every=1, report_parameters=True, quiet=True
        )

    short = run(gw.methods.bfgs(), 60)
    gw.plotting.descent(gw.plotting.surface(service, valley, short, start={"x": start}), short, folder / "descent.png")
    print(f"descent.png: {short.stop_reason} after {short.progress.step} steps")

    racers = {
        "gradient descent": run(gw.optimizers.sgd(0.001), 300),
        "with momentum": run(gw.optimizers.sgd(0.0005, momentum=0.9), 300),
        "Adam": run(gw.optimizers.adam(0.05), 300),
        "RMSprop": run(gw.optimizers.rmsprop(0.01), 300),
    }
    gw.plotting.race(gw.plotting.surface(service, valley, racers, start={"x": start}), racers, folder / "race.png")
    print(f"race.png: {min(racers, key=lambda name: racers[name].loss)} is lowest")

    searched = service.minimize(
        wells,
        {"x": np.array([3.0, 4.0])},
        optimizer=gw.searches.genetic(bounds={"x": (-5.12, 5.12)}),
        steps=25,
        report_parameters=True,
        seed=3,
        quiet=True,
    )
    box = ((-5.12, 5.12), (-5.12, 5.12))
    below = gw.plotting.surface(service, wells, searched, limits=box, cells=100)
    gw.plotting.generations(searched.history, folder / "generations.png", surface=below)
    print(f"generations.png: {searched.loss:.2e} at {searched.parameters['x'].round(6)}")

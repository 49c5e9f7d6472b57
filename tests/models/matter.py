"""Energies, equilibria and fields: particles, springs, magnets, heat, flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.models.either import expm, fixed_point, scan, while_loop
from tests.models.model import model

RNG = np.random.default_rng(5)
PLACES = RNG.normal(size=(4, 3))
PAIRS = np.triu_indices(4, 1)


@model(masses=[1.0, 2.0, 0.5, 1.5], x=PLACES, v=RNG.normal(size=(4, 3)))
def gravity(masses: Any, x: Any, v: Any) -> Any:
    i, j = PAIRS
    distances = np.sqrt(np.sum((x[i] - x[j]) ** 2, axis=1) + 0.01)
    return 0.5 * np.sum(masses * np.sum(v**2, axis=1)) - np.sum(masses[i] * masses[j] / distances)


@model(x=PLACES, depth=0.8, size=1.1)
def lennard_jones(x: Any, depth: Any, size: Any) -> Any:
    """The distance of an atom from itself is masked, not left out."""
    squares = np.sum((x[:, None] - x) ** 2, axis=-1)
    apart = ~np.eye(4, dtype=bool)
    sixth = np.where(apart, (size**2 / np.where(apart, squares, 1.0)) ** 3, 0.0)
    return 2 * depth * np.sum(sixth**2 - sixth)


@model(x=RNG.normal(size=(5, 2)), stiffness=RNG.uniform(1, 2, size=6), rest=RNG.uniform(0.5, 1, size=6))
def spring_network(x: Any, stiffness: Any, rest: Any) -> Any:
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0], [0, 2]])
    stretch = np.linalg.norm(x[ends[:, 0]] - x[ends[:, 1]], axis=1) - rest
    return 0.5 * np.sum(stiffness * stretch**2) + np.sum(x[:, 1])


@model(couplings=RNG.normal(size=(4, 4)) / 5, field=RNG.normal(size=4), temperature=1.5)
def ising_mean_field(couplings: Any, field: Any, temperature: Any) -> Any:
    couplings = (couplings + couplings.T) / 2
    spins = fixed_point(lambda m: np.tanh((couplings @ m + field) / temperature), np.zeros(4))
    return -0.5 * spins @ couplings @ spins - field @ spins


@model(log_conductivity=[0.1, -0.3, 0.2, 0.0, 0.4], start=[0.0, 1.0, 2.0, 1.0], source=[0.1, 0.0, 0.0, 0.2])
def heat_by_implicit_steps(log_conductivity: Any, start: Any, source: Any) -> Any:
    k = np.exp(log_conductivity)
    walls = np.diff(np.pad(np.eye(4), ((1, 1), (0, 0))), axis=0)
    operator = np.eye(4) + 0.1 * walls.T @ (k[:, None] * walls)
    path = scan(lambda u, _: (np.linalg.solve(operator, u + 0.1 * source), u), start, length=5)[1]
    return np.sum(path[-1] ** 2) + np.mean(path)


@model(charge=RNG.normal(size=6), log_permittivity=RNG.normal(size=7) / 3)
def poisson_equation(charge: Any, log_permittivity: Any) -> Any:
    """A tridiagonal system, solved by elimination downwards and substitution upwards."""
    e = np.exp(log_permittivity)
    diagonal, beside = e[:-1] + e[1:], -e[1:-1]
    d, b = [diagonal[0]], [charge[0]]
    for i in range(1, len(charge)):
        factor = beside[i - 1] / d[i - 1]
        d.append(diagonal[i] - factor * beside[i - 1])
        b.append(charge[i] - factor * b[i - 1])
    u = b[-1] / d[-1]
    energy = charge[-1] * u
    for i in range(len(charge) - 2, -1, -1):
        u = (b[i] - beside[i] * u) / d[i]
        energy = energy + charge[i] * u
    return 0.5 * energy


@model(log_stiffness=RNG.normal(size=5) / 4, log_mass=RNG.normal(size=4) / 4)
def natural_frequencies(log_stiffness: Any, log_mass: Any) -> Any:
    springs = np.diff(np.pad(np.eye(4), ((1, 1), (0, 0))), axis=0)
    root_mass = np.exp(0.5 * log_mass)
    matrix = springs.T @ (np.exp(log_stiffness)[:, None] * springs) / np.outer(root_mass, root_mass)
    return np.sum(np.sqrt(np.linalg.eigvalsh(matrix)) * np.array([4.0, 1.0, 0.0, -1.0]))


@model(log_rates=RNG.normal(size=5) / 2, logits=RNG.normal(size=4), length=0.4)
def nucleotide_substitution(log_rates: Any, logits: Any, length: Any) -> Any:
    """The likelihood of two sequences under a reversible Markov process."""
    shares = np.exp(logits) / np.sum(np.exp(logits))
    rates = np.concatenate([np.exp(log_rates), np.ones(1)])
    i, j = PAIRS
    places = np.zeros((6, 4, 4))
    places[np.arange(6), i, j] = places[np.arange(6), j, i] = 1
    q = np.tensordot(rates, places, 1) * shares
    q = q - np.eye(4) * np.sum(q, axis=1)
    chances = shares[:, None] * expm(q * length)
    seen = np.array([[9.0, 1, 2, 0], [0, 7, 1, 1], [1, 0, 8, 0], [0, 2, 0, 6]])
    return -np.sum(seen * np.log(chances))


@model(reynolds=3e4, roughness=1e-3)
def pipe_friction(reynolds: Any, roughness: Any) -> Any:
    """Colebrook's equation, by iterating until nothing moves."""

    def better(x: Any) -> Any:
        return -2 * np.log10(roughness / 3.7 + 2.51 / reynolds * x)

    x = while_loop(lambda x: np.abs(better(x) - x) > 1e-15 * x, better, 6.0 + 0 * reynolds, max_trips=40)
    return 1 / x**2


@model(coordinates=[[0.0, 0.0], [1.0, 0.1], [0.9, 1.1], [-0.1, 1.0]], log_area=RNG.normal(size=5) / 4, load=[0.3, -1.0])
def truss(coordinates: Any, log_area: Any, load: Any) -> Any:
    """The work of a load on one joint of a framework that two joints hold."""
    bars = np.array([[0, 1], [1, 2], [2, 3], [0, 2], [1, 3]])
    along = coordinates[bars[:, 1]] - coordinates[bars[:, 0]]
    length = np.sqrt(np.sum(along**2, axis=1))
    ends = np.zeros((5, 4))
    ends[np.arange(5), bars[:, 1]], ends[np.arange(5), bars[:, 0]] = 1, -1
    b = (ends[:, :, None] * (along / length[:, None])[:, None, :]).reshape(5, 8)[:, np.array([2, 3, 4, 5])]
    stiffness = b.T @ ((np.exp(log_area) / length)[:, None] * b)
    force = np.concatenate([np.zeros(2), load])
    return force @ np.linalg.solve(stiffness, force)

"""A recurrent network with memory cells that guesses the next of 14 characters, in the form of ADBench.

Weights act element by element; a layer has its state and its cell. Source: Šrajer, Kukelova & Fitzgibbon (2018), "A
benchmark of selected algorithmic differentiation tools on some problems in computer vision and machine learning".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, AbsentError, Kind, Point, Prepared, Size

CHARACTERS = 14
UNROLLED = 14
"""Steps up to which loops are tried that Python unrolls for a compiler."""
SHALLOW = 2
"""Layers up to which PyTensor's compilation by numba is tried."""
WRT = ("main", "extra")


def point(layers: int, steps: int) -> Point:
    """Draw parameters, the states at the start, and a text of one-hot characters."""
    rng = np.random.default_rng(0)
    return {
        "main": rng.normal(size=(2 * layers, 4 * CHARACTERS)) / 2,
        "extra": rng.normal(size=(3, CHARACTERS)) / 2,
        "state": rng.normal(size=(2 * layers, CHARACTERS)) / 2,
        "text": np.eye(CHARACTERS)[rng.integers(CHARACTERS, size=steps + 1)],
    }


def predict(xp: Any, main: Any, extra: Any, state: Any, x: Any) -> tuple[Any, list[Any]]:
    """Return scores of the next character, and the states after this one."""
    n = CHARACTERS
    x = x * extra[0]
    following = []
    for i in range(0, len(state), 2):
        h, c = state[i], state[i + 1]
        gates = xp.concatenate([x, h, x, h]) * main[i] + main[i + 1]
        squashed = xp.sigmoid(gates[: 3 * n])
        c = c * squashed[:n] + squashed[n : 2 * n] * xp.tanh(gates[3 * n :])
        x = squashed[2 * n :] * xp.tanh(c)
        following += [x, c]
    return x * extra[1] + extra[2], following


def step(xp: Any, main: Any, extra: Any, state: Any, x: Any, target: Any) -> tuple[Any, Any]:
    """Return the states after a character, and the likelihood of the next one."""
    scores, state = predict(xp, main, extra, state, x)
    return state, xp.sum(target * scores) - xp.logsumexp(scores)


def unrolled(layers: int, steps: int) -> Callable[..., Any]:
    """Return the loss as a loop of Python."""

    def loss(xp: Any, main: Any, extra: Any, state: Any, text: Any) -> Any:
        states, total = [state[i] for i in range(2 * layers)], 0.0
        for t in range(steps):
            states, found = step(xp, main, extra, states, text[t], text[t + 1])
            total = total + found
        return -total / (steps * CHARACTERS)

    return loss


def ours(layers: int, steps: int) -> Any:
    """Ask for value and gradient of a scan."""
    import gradwire as gw
    from benchmarks.ours import Question

    at = point(layers, steps)
    main, extra, state, text = (gw.variable(name, x.shape) for name, x in at.items())

    def one(states: Any, pair: Any) -> Any:
        return step(gw, main, extra, states, *pair)

    _, found = gw.scan(one, [state[i] for i in range(2 * layers)], (text[:-1], text[1:]))
    loss = -gw.sum(found) / (steps * CHARACTERS)
    return Question(gw.Graph({"loss": loss}, name="lstm"), at, wrt=WRT)


def by_hand(layers: int, steps: int) -> Prepared:
    """Derive by hand; what all steps have in common is done for all at once."""
    main, extra, start, text = point(layers, steps).values()
    n, scale = CHARACTERS, -1 / (steps * CHARACTERS)

    def call() -> tuple[Any, ...]:
        state = start.copy()
        inputs = text[:-1] * extra[0]
        kept = []
        tops = np.empty((steps, n))
        for t in range(steps):
            x = inputs[t]
            for i in range(0, 2 * layers, 2):
                h, c = state[i].copy(), state[i + 1].copy()
                both = np.concatenate([x, h, x, h])
                gates = both * main[i] + main[i + 1]
                s = 1 / (1 + np.exp(-gates[: 3 * n]))
                g = np.tanh(gates[3 * n :])
                new = c * s[:n] + s[n : 2 * n] * g
                z = np.tanh(new)
                x = s[2 * n :] * z
                state[i], state[i + 1] = x, new
                kept.append((both, c, s, g, z))
            tops[t] = x
        scores = tops * extra[1] + extra[2]
        most = scores.max(1, keepdims=True)
        e = np.exp(scores - most)
        sums = e.sum(1, keepdims=True)
        value = scale * ((text[1:] * scores).sum() - (np.log(sums) + most).sum())
        scores_bar = scale * (text[1:] - e / sums)
        tops_bar = scores_bar * extra[1]
        main_bar, state_bar, inputs_bar = np.zeros_like(main), np.zeros_like(start), np.empty_like(inputs)
        gates_bar = np.empty(4 * n)
        for t in reversed(range(steps)):
            x_bar = tops_bar[t]
            for i in range(2 * layers - 2, -1, -2):
                both, c, s, g, z = kept[t * layers + i // 2]
                x_bar = x_bar + state_bar[i]
                c_bar = x_bar * s[2 * n :] * (1 - z * z) + state_bar[i + 1]
                gates_bar[:n] = c_bar * c
                gates_bar[n : 2 * n] = c_bar * g
                gates_bar[2 * n : 3 * n] = x_bar * z
                gates_bar[: 3 * n] *= s * (1 - s)
                gates_bar[3 * n :] = c_bar * s[n : 2 * n] * (1 - g * g)
                state_bar[i + 1] = c_bar * s[:n]
                main_bar[i] += gates_bar * both
                main_bar[i + 1] += gates_bar
                both_bar = gates_bar * main[i]
                x_bar = both_bar[:n] + both_bar[2 * n : 3 * n]
                state_bar[i] = both_bar[n : 2 * n] + both_bar[3 * n :]
            inputs_bar[t] = x_bar
        rows = [(inputs_bar * text[:-1]).sum(0), (scores_bar * tops).sum(0), scores_bar.sum(0)]
        return value, main_bar, np.array(rows)

    return Prepared(call)


def in_c(layers: int, steps: int) -> Prepared:
    """Call `lstm.c`."""
    at = point(layers, steps)
    space = [np.empty((steps * layers, 8, CHARACTERS)), np.empty((steps, CHARACTERS)), np.empty_like(at["state"])]
    results = [np.empty(()), *(np.empty_like(at[name]) for name in WRT)]
    return native.prepared("lstm", [layers, steps], [*at.values(), *space], results)


def jax(layers: int, steps: int) -> Prepared:
    """Take `lax.scan`."""
    lax = libraries.jax().lax

    def loss(xp: Any, main: Any, extra: Any, state: Any, text: Any) -> Any:
        def one(states: Any, pair: Any) -> Any:
            return step(xp, main, extra, states, *pair)

        _, found = lax.scan(one, [state[i] for i in range(2 * layers)], (text[:-1], text[1:]))
        return -xp.sum(found) / (steps * CHARACTERS)

    return libraries.jax_gradient(loss, point(layers, steps), WRT)


def pytensor(linker: str, layers: int, steps: int) -> Prepared:
    """Take PyTensor's scan."""
    if linker == "numba" and layers > SHALLOW:
        raise AbsentError(f"compiling takes minutes above {SHALLOW} layers")
    scan = libraries.library("pytensor").scan

    def loss(xp: Any, main: Any, extra: Any, state: Any, text: Any) -> Any:
        def one(x: Any, target: Any, *rest: Any) -> Any:
            *states, main, extra = rest
            states, found = step(xp, main, extra, states, x, target)
            return [*states, found]

        *_, found = scan(
            one,
            sequences=[text[:-1], text[1:]],
            outputs_info=[*(state[i] for i in range(2 * layers)), None],
            non_sequences=[main, extra],
            return_updates=False,
        )
        return -xp.sum(found) / (steps * CHARACTERS)

    return libraries.pytensor_gradient(loss, point(layers, steps), WRT, linker)


def casadi(layers: int, steps: int) -> Prepared:
    """Map the function of one step, of scalars, over the text."""
    ca, at = libraries.casadi(), point(layers, steps)
    n = CHARACTERS
    xp = libraries.Namespace(
        ca,
        concatenate=lambda parts: ca.vertcat(*parts),
        sigmoid=lambda x: 1 / (1 + ca.exp(-x)),
        sum=ca.sum1,
        logsumexp=lambda x: ca.log(ca.sum1(ca.exp(x))),
    )
    shapes = {"main": (4 * n, 2 * layers), "extra": (n, 3), "state": (n, 2 * layers)}
    main, extra, state = (ca.SX.sym(name, *shape) for name, shape in shapes.items())
    x, target = ca.SX.sym("x", n), ca.SX.sym("target", n)

    def columns(a: Any) -> list[Any]:
        return ca.horzsplit(a)

    states, found = step(xp, columns(main), columns(extra), columns(state), x, target)
    one = ca.Function("one", [state, main, extra, x, target], [ca.horzcat(*states), found])
    main, extra, state = (ca.MX.sym(name, *shape) for name, shape in shapes.items())
    text = ca.MX.sym("text", n, steps + 1)
    repeated = [ca.repmat(p, 1, steps) for p in (main, extra)]
    _, likelihoods = one.mapaccum(steps)(state, *repeated, text[:, :-1], text[:, 1:])
    value = -ca.sum2(likelihoods) / (steps * n)
    results = [value, *(ca.densify(ca.gradient(value, p)) for p in (main, extra))]
    f = ca.Function("lstm", [main, extra, state, text], results)
    prepared = libraries.casadi_call(f, [x.T for x in at.values()], [(), shapes["main"], shapes["extra"]])
    return Prepared(prepared.call, lambda result: [np.asarray(x).T for x in result])


def _unrolled(name: str, layers: int, steps: int) -> Prepared:
    if steps > UNROLLED:
        raise AbsentError(f"loops of Python are tried up to {UNROLLED} steps")
    return libraries.gradients(unrolled(layers, steps), point, WRT)[name](layers=layers, steps=steps)


KIND = Kind(
    "lstm",
    "LSTM by scan, gradient",
    [
        Size({"layers": layers, "steps": steps}, 0.3, is_small=steps == 14 and layers == 2, is_on_demand=on_demand)
        for layers, steps, on_demand in ((2, 14, False), (4, 14, True), (2, 200, False), (4, 200, False))
    ],
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        "JAX": jax,
        "CasADi": casadi,
        **libraries.pytensor_linkers(pytensor),
        **{name: partial(_unrolled, name) for name in ("PyTorch", "autograd")},
    },
)

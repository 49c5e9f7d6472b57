"""Bundle adjustment in the form of ADBench: the sparse Jacobian of reprojection errors.

An observation has two errors, and they depend on 11 numbers of its camera, 3 of its point, and its weight. The answer
is all entries that may differ from zero, row by row: for each observation two rows of 11, 3 and 1.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks import libraries, native
from benchmarks.contender import BY_HAND, IN_C, Array, Kind, Point, Prepared, Size, as_arrays

SEED = 3
CAMERA, POINT = 11, 3
WRT = ("camera", "point", "weight")


def places(observations: int) -> tuple[Array, Array]:
    """Draw the camera and the point of each observation."""
    rng = np.random.default_rng(SEED)
    cameras, points = max(observations // 100, 2), max(observations // 5, 3)
    return rng.integers(cameras, size=observations), rng.integers(points, size=observations)


def point(observations: int) -> Point:
    """Draw cameras and points that they see."""
    rng = np.random.default_rng(SEED + 1)
    return {
        "camera": rng.uniform(0.1, 0.5, (max(observations // 100, 2), CAMERA)),
        "point": rng.uniform(1, 2, (max(observations // 5, 3), POINT)) + np.array([0.0, 0.0, 4.0]),
        "weight": rng.uniform(0.5, 1.5, observations),
        "seen": rng.normal(size=(observations, 2)),
    }


def residual(xp: Any, c: Any, x: Any, weight: Any, seen: Any) -> tuple[Any, Any]:
    """Return the two errors of an observation; everything may be a number, or an array with an element for each."""
    t, m = [c[i] for i in range(3)], [x[i] - c[3 + i] for i in range(3)]
    square = t[0] * t[0] + t[1] * t[1] + t[2] * t[2]
    angle = xp.sqrt(square)
    cosine, sine = xp.cos(angle), xp.sin(angle)
    w = [a / angle for a in t]
    along = (w[0] * m[0] + w[1] * m[1] + w[2] * m[2]) * (1 - cosine)
    crossed = [w[i - 2] * m[i - 1] - w[i - 1] * m[i - 2] for i in range(3)]
    turned = [m[i] * cosine + crossed[i] * sine + w[i] * along for i in range(3)]
    u, v = turned[0] / turned[2], turned[1] / turned[2]
    radius = u * u + v * v
    bent = (1 + c[9] * radius + c[10] * radius * radius) * c[6]
    return weight * (u * bent + c[7] - seen[0]), weight * (v * bent + c[8] - seen[1])


def ours(observations: int) -> Any:
    """Ask for the sparse Jacobian; its pattern comes with it."""
    import gradwire as gw
    from benchmarks.ours import Question
    from gradwire_service.query import JacobianQuery

    at, (cameras, points) = point(observations), places(observations)
    camera, place, weight, seen = (gw.variable(name, x.shape) for name, x in at.items())
    c, x = gw.take(camera, cameras, axis=0), gw.take(place, points, axis=0)
    columns = [c[:, i] for i in range(CAMERA)], [x[:, i] for i in range(POINT)]
    errors = gw.stack(residual(gw, *columns, weight, [seen[:, 0], seen[:, 1]]), axis=1)
    graph = gw.Graph({"error": errors}, name="bundle_adjustment")
    return Question(graph, at, JacobianQuery(("error",), WRT, is_dense=False))


def entries(blocks: Any) -> list[Array]:
    """Return the entries of blocks for each observation, without those that are zero everywhere.

    Args:
        blocks: derivatives by camera, point and weight, of shapes [n, 2, 11], [n, 2, 3], [n, 2, 1].
    """
    camera, place, weight = as_arrays(blocks)
    kept = np.ones((2, CAMERA), bool)
    kept[0, 8] = kept[1, 7] = False  # the principal point moves each coordinate by itself
    return [camera[:, kept].ravel(), place.ravel(), weight.ravel()]


def by_hand(observations: int) -> Prepared:
    """Derive by hand, all observations at once."""
    at, (cameras, points) = point(observations), places(observations)
    weight, seen = at["weight"], at["seen"]

    def call() -> list[Array]:
        c, x = at["camera"][cameras].T, at["point"][points].T
        return derived(c, x, weight, seen)

    return Prepared(call, entries)


def derived(c: Array, x: Array, weight: Array, seen: Array) -> list[Array]:
    """Return the Jacobian's entries."""
    t, m = c[:3], x - c[3:6]
    square = (t * t).sum(0)
    angle = np.sqrt(square)
    cosine, sine = np.cos(angle), np.sin(angle)
    w = t / angle
    dot = (w * m).sum(0)
    crossed = np.array([w[1] * m[2] - w[2] * m[1], w[2] * m[0] - w[0] * m[2], w[0] * m[1] - w[1] * m[0]])
    turned = m * cosine + crossed * sine + w * (dot * (1 - cosine))
    u = turned[:2] / turned[2]
    radius = (u * u).sum(0)
    shape = 1 + c[9] * radius + c[10] * radius * radius
    steep = 2 * (c[9] + 2 * c[10] * radius)
    scale = weight * c[6]
    flat_bar = np.empty((2, 2, len(weight)))
    flat_bar[0, 0] = scale * (shape + u[0] * steep * u[0])
    flat_bar[0, 1] = flat_bar[1, 0] = scale * (u[0] * steep * u[1])
    flat_bar[1, 1] = scale * (shape + u[1] * steep * u[1])
    turned_bar = np.empty((2, 3, len(weight)))
    turned_bar[:, :2] = flat_bar / turned[2]
    turned_bar[:, 2] = -(flat_bar * u).sum(1) / turned[2]
    g = turned_bar
    g_dot_w = (g * w).sum(1)
    g_cross_w = np.stack(
        [g[:, 1] * w[2] - g[:, 2] * w[1], g[:, 2] * w[0] - g[:, 0] * w[2], g[:, 0] * w[1] - g[:, 1] * w[0]], 1
    )
    moved_bar = g * cosine + g_cross_w * sine + w * (g_dot_w * (1 - cosine))[:, None]
    g_dot_m = (g * m).sum(1)
    m_cross_g = np.stack(
        [m[1] * g[:, 2] - m[2] * g[:, 1], m[2] * g[:, 0] - m[0] * g[:, 2], m[0] * g[:, 1] - m[1] * g[:, 0]], 1
    )
    axis_bar = m_cross_g * sine + (m * g_dot_w[:, None] + g * dot) * (1 - cosine)
    angle_bar = -g_dot_m * sine + (m_cross_g * w).sum(1) * cosine + g_dot_w * dot * sine
    turn_bar = (axis_bar - w * (axis_bar * w).sum(1)[:, None]) / angle + w * angle_bar[:, None]
    n = len(weight)
    camera = np.zeros((n, 2, CAMERA))
    camera[:, :, :3] = turn_bar.transpose(2, 0, 1)
    camera[:, :, 3:6] = -moved_bar.transpose(2, 0, 1)
    camera[:, :, 6] = (weight * u * shape).T
    camera[:, 0, 7] = camera[:, 1, 8] = weight
    camera[:, :, 9] = (scale * u * radius).T
    camera[:, :, 10] = (scale * u * radius * radius).T
    errors = (u * shape * c[6] + c[7:9]).T - seen
    return [camera, moved_bar.transpose(2, 0, 1), errors[:, :, None]]


def in_c(observations: int) -> Prepared:
    """Call `bundle_adjustment.c`."""
    at, chosen = point(observations), places(observations)
    results = [np.zeros((observations, 2, k)) for k in (CAMERA, POINT, 1)]
    given = [*chosen, *at.values()]
    prepared = native.prepared("bundle_adjustment", [observations], given, results)
    return Prepared(prepared.call, entries)


def jax(observations: int) -> Prepared:
    """Take the Jacobian of one observation, mapped over all."""
    j, xp, (cameras, points) = libraries.jax(), libraries.jax_namespace(), places(observations)

    def one(c: Any, x: Any, weight: Any, seen: Any) -> Any:
        return xp.stack(residual(xp, c, x, weight[0], seen))

    blocks = j.vmap(j.jacrev(one, (0, 1, 2)))

    def call(camera: Any, place: Any, weight: Any, seen: Any) -> Any:
        return blocks(camera[cameras], place[points], weight[:, None], seen)

    return Prepared(libraries.jax_call(call, list(point(observations).values())).call, entries)


def by_columns(derive: Any, xp: Any, camera: Any, place: Any, weight: Any, seen: Any, chosen: Any) -> list[Any]:
    """Return the gradients of both sums of errors with respect to what each observation depends on, by columns.

    Args:
        derive: returns the gradients of a sum with respect to a list.
        xp: a namespace.
        camera, place, weight, seen: the arrays of a point.
        chosen: the camera and the point of each observation.
    """
    c, x = camera[chosen[0]], place[chosen[1]]
    columns = [*(c[:, i] for i in range(CAMERA)), *(x[:, i] for i in range(POINT)), weight]
    found = []
    for i in range(2):
        error = residual(xp, columns[:CAMERA], columns[CAMERA:-1], weight, [seen[:, 0], seen[:, 1]])[i]
        depends = [k for k in range(len(columns)) if k != 8 - i]
        found += derive(xp.sum(error), [columns[k] for k in depends])
    return found


def _columns_as_entries(found: Any) -> list[Array]:
    first, second = (np.array(as_arrays(part)).T for part in (found[:14], found[14:]))
    both = np.stack([first, second], axis=1)  # [n, 2, 14]: 10 of the camera, 3 of the point, 1 of the weight
    return [both[:, :, :10].ravel(), both[:, :, 10:13].ravel(), both[:, :, 13].ravel()]


def torch(observations: int) -> Prepared:
    """Go back twice, by columns."""
    t, xp = libraries.torch(), libraries.torch_namespace()
    camera, place, weight, seen = map(t.tensor, point(observations).values())
    chosen = [t.tensor(x) for x in places(observations)]
    for x in (camera, place, weight):
        x.requires_grad_()

    def derive(total: Any, columns: Any) -> list[Any]:
        return list(t.autograd.grad(total, columns, retain_graph=True))

    return Prepared(lambda: by_columns(derive, xp, camera, place, weight, seen, chosen), _columns_as_entries)


def pytensor(linker: str, observations: int) -> Prepared:
    """Go back twice, by columns."""
    found, xp, chosen = libraries.pytensor(linker)[0], libraries.pytensor_namespace(), places(observations)

    def call(camera: Any, place: Any, weight: Any, seen: Any) -> list[Any]:
        return by_columns(found.grad, xp, camera, place, weight, seen, chosen)

    return Prepared(libraries.pytensor_function(call, point(observations), linker).call, _columns_as_entries)


def autograd(observations: int) -> Prepared:
    """Go back twice, by columns."""
    xp, derivative = libraries.autograd_namespace(), libraries.library("autograd")
    at, (cameras, points) = point(observations), places(observations)
    weight, seen = at["weight"], [*at["seen"].T]

    def error(i: int, *columns: Any) -> Any:
        return xp.sum(residual(xp, columns[:CAMERA], columns[CAMERA:-1], columns[-1], seen)[i])

    depends = [[k for k in range(15) if k != 8 - i] for i in range(2)]
    slopes = [derivative.grad(partial(error, i), depends[i]) for i in range(2)]

    def call() -> list[Any]:
        columns = [*at["camera"][cameras].T, *at["point"][points].T, weight]
        return [x for slope in slopes for x in slope(*columns)]

    return Prepared(call, _columns_as_entries)


def casadi(observations: int) -> Prepared:
    """Map the Jacobian of one observation, of scalars, over all."""
    ca, at, (cameras, points) = libraries.casadi(), point(observations), places(observations)
    c, x, weight, seen = ca.SX.sym("c", CAMERA), ca.SX.sym("x", POINT), ca.SX.sym("weight"), ca.SX.sym("seen", 2)
    errors = ca.vertcat(*residual(ca, [c[i] for i in range(CAMERA)], [x[i] for i in range(POINT)], weight, seen))
    blocks = ca.densify(ca.jacobian(errors, ca.vertcat(c, x, weight)))
    one = ca.Function("one", [c, x, weight, seen], [blocks])
    shapes = {name: value.T.shape if value.ndim > 1 else (1, len(value)) for name, value in at.items()}
    camera, place, weight, seen = symbols = [ca.MX.sym(name, *shape) for name, shape in shapes.items()]
    found = one.map(observations)(camera[:, cameras.tolist()], place[:, points.tolist()], weight, seen)
    f = ca.Function("bundle_adjustment", symbols, [found])
    prepared = libraries.casadi_call(f, [value.T for value in at.values()], [(2, 15 * observations)])

    def answer(result: Any) -> list[Array]:
        every = np.asarray(result[0]).reshape(2, observations, 15).transpose(1, 0, 2)
        return entries([every[:, :, :11], every[:, :, 11:14], every[:, :, 14:]])

    return Prepared(prepared.call, answer)


KIND = Kind(
    "bundle_adjustment",
    "bundle adjustment, sparse Jacobian",
    [
        Size({"observations": n}, 0.4, is_small=n <= 1_000, is_on_demand=n > 100_000)
        for n in (1_000, 10_000, 100_000, 1_000_000)
    ],
    ours,
    {
        BY_HAND: by_hand,
        IN_C: in_c,
        "JAX": jax,
        "PyTorch": torch,
        "autograd": autograd,
        "CasADi": casadi,
        **libraries.pytensor_linkers(pytensor),
    },
)

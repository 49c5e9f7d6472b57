"""Prices, rates, risks."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erf, ndtr

from tests.models.either import root, scan
from tests.models.model import model

RNG = np.random.default_rng(6)
DRAWS = RNG.normal(size=(6, 5))


def call(spot: Any, strike: Any, rate: Any, volatility: Any, time: Any) -> Any:
    """Price a European call as Black and Scholes did."""
    spread = volatility * np.sqrt(time)
    d = (np.log(spot / strike) + rate * time) / spread + spread / 2
    return spot * ndtr(d) - strike * np.exp(-rate * time) * ndtr(d - spread)


@model(spot=100.0, strike=np.array([90.0, 100.0, 110.0]), rate=0.02, volatility=0.25, time=0.7)
def black_scholes(spot: Any, strike: Any, rate: Any, volatility: Any, time: Any) -> Any:
    d = (np.log(spot / strike) + (rate + volatility**2 / 2) * time) / (volatility * np.sqrt(time))
    up, down = (0.5 * (1 + erf(x / np.sqrt(2))) for x in (d, d - volatility * np.sqrt(time)))
    return np.sum(spot * up - strike * np.exp(-rate * time) * down)


@model(price=[18.0, 12.5, 8.0], spot=100.0, strike=np.array([90.0, 100.0, 110.0]), rate=0.02, time=0.7)
def implied_volatility(price: Any, spot: Any, strike: Any, rate: Any, time: Any) -> Any:
    volatility = root(lambda v: call(spot, strike, rate, v, time) - price, np.full(3, 0.2))
    return np.sum(volatility * np.array([1.0, 2.0, -1.0]))


@model(
    spot=1.0, variance=0.04, revert=1.5, level=0.05, wild=0.3, tilt=-0.6, draws=DRAWS, others=RNG.normal(size=(6, 5))
)
def heston(spot: Any, variance: Any, revert: Any, level: Any, wild: Any, tilt: Any, draws: Any, others: Any) -> Any:
    def step(state: Any, noise: Any) -> Any:
        x, v = state
        spread = np.sqrt(np.maximum(v, 1e-4) * 0.1)
        following = v + revert * (level - v) * 0.1 + wild * spread * (tilt * noise[0] + np.sqrt(1 - tilt**2) * noise[1])
        return (x - v * 0.05 + spread * noise[0], following), None

    start = (np.log(spot) + np.zeros(5), variance + np.zeros(5))
    (x, _), _ = scan(step, start, (np.stack([draws, others], axis=1)))
    return np.mean(np.maximum(np.exp(x) - 0.95, 0))


@model(spot=1.0, volatility=0.3, draws=DRAWS)
def asian_option(spot: Any, volatility: Any, draws: Any) -> Any:
    paths = spot * np.exp(np.cumsum(volatility * 0.4 * draws - volatility**2 * 0.08, axis=0))
    return np.mean(np.maximum(np.mean(paths, axis=0) - 1.0, 0))


@model(spot=100.0, strike=105.0, rate=0.03, volatility=0.3)
def american_put(spot: Any, strike: Any, rate: Any, volatility: Any) -> Any:
    steps, h = 6, 1 / 6
    up = np.exp(volatility * np.sqrt(h))
    chance, discount = (np.exp(rate * h) - 1 / up) / (up - 1 / up), np.exp(-rate * h)
    value = np.maximum(strike - spot * up ** np.arange(-steps, steps + 1, 2.0), 0)
    for n in range(steps - 1, -1, -1):
        kept = discount * (chance * value[1:] + (1 - chance) * value[:-1])
        value = np.maximum(kept, strike - spot * up ** np.arange(-n, n + 1, 2.0))
    return value[0]


@model(coupons=[3.0, 3.0, 3.0, 103.0], price=98.0)
def bond_duration(coupons: Any, price: Any) -> Any:
    times = np.arange(1, 5)
    rate = root(lambda rate: np.sum(coupons * np.exp(-rate * times)) - price, 0.05)
    return np.sum(times * coupons * np.exp(-rate * times)) / price


@model(returns=RNG.normal(size=(12, 3)) / 10 + 0.02, aversion=2.0)
def portfolio(returns: Any, aversion: Any) -> Any:
    """The best mix of stocks, its sum held at one by a multiplier."""
    mean, covariance = np.mean(returns, axis=0), np.cov(returns, rowvar=False)
    ones = np.ones((3, 1))
    system = np.block([[aversion * covariance, ones], [ones.T, np.zeros((1, 1))]])
    weights = np.linalg.solve(system, np.concatenate([mean, np.ones(1)]))[:3]
    return weights @ mean - aversion / 2 * weights @ covariance @ weights


@model(
    level=0.03,
    slope=-0.02,
    hump=0.01,
    log_decay=0.5,
    times=[0.5, 1.0, 2.0, 5.0, 10.0],
    seen=[0.012, 0.015, 0.02, 0.026, 0.028],
)
def nelson_siegel(level: Any, slope: Any, hump: Any, log_decay: Any, times: Any, seen: Any) -> Any:
    t = times / np.exp(log_decay)
    load = -np.expm1(-t) / t
    return 1e4 * np.sum((level + slope * load + hump * (load - np.exp(-t)) - seen) ** 2)

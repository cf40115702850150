"""What `popular` knows: sums that take in or let go of ratings, and the figures that follow from them."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines.engine import Arrays
from matinee.engines.weights import sums_by
from matinee.types import UNKNOWN_TIME, BoolVector, FloatVector, IntVector, LongVector

DAY = 86_400
"""Seconds."""


def blank(n_movies: int, scale: tuple[float, float], *, explicit: bool) -> Arrays:
    """Return the sums of no ratings at all."""
    return {
        "count": np.zeros(n_movies, np.int32),
        "total": np.zeros(n_movies),
        "squares": np.zeros(n_movies),
        "recent": np.zeros(n_movies),
        "trend_day": np.zeros(0, np.int64),
        "trend_movie": np.zeros(0, np.int32),
        "trend_count": np.zeros(0, np.int32),
        "last_time": np.array([UNKNOWN_TIME]),
        "scale": np.array(scale, np.float64),
        "explicit": np.array([explicit]),
    }


def absorb(
    sums: Arrays, movies: IntVector, values: FloatVector, times: LongVector, *, sign: int, half_life: float, days: int
) -> Arrays:
    """Return sums that also hold these ratings (`sign` 1), or no longer hold them (-1).

    Args:
        sums: as from `blank`; not changed.
        movies: (n,) movie indices.
        values: (n,) stars, or 1 where people only watched.
        times: (n,) Unix seconds or `UNKNOWN_TIME`.
        sign: 1 or -1.
        half_life: days after which praise counts half.
        days: how many last days keep their daily counts.
    """
    n, stars = len(sums["count"]), values.astype(np.float64)
    before = int(sums["last_time"][0])
    last = max(before, int(times.max(initial=UNKNOWN_TIME)))
    # Without any time all ratings count alike; as soon as one is known, those of unknown time stand back.
    fade = 0.5 ** ((last - before) / DAY / half_life) if before != UNKNOWN_TIME else float(last == UNKNOWN_TIME)
    timed = times != UNKNOWN_TIME if last != UNKNOWN_TIME else np.ones(len(times), np.bool_)
    age = (last - times[timed]) / DAY if last != UNKNOWN_TIME else np.zeros(len(times))
    praise = above_middle(stars, sums)[timed] * 0.5 ** (age / half_life)
    return {
        **sums,
        "count": sums["count"] + sign * np.bincount(movies, minlength=n).astype(np.int32),
        "total": sums["total"] + sign * sums_by(movies, stars, n),
        "squares": sums["squares"] + sign * sums_by(movies, stars**2, n),
        "recent": sums["recent"] * fade + sign * sums_by(movies[timed], praise, n),
        "last_time": np.array([last]),
        **_daily(sums, movies, times, sign, last, days),
    }


def above_middle(stars: NDArray[np.float64], sums: Arrays) -> NDArray[np.float64]:
    """Return the stars above the middle of the scale, or 1 throughout where people only watched."""
    return np.maximum(stars - sums["scale"].mean(), 0) if sums["explicit"][0] else np.ones(len(stars))


def _daily(sums: Arrays, movies: IntVector, times: LongVector, sign: int, last: int, days: int) -> Arrays:
    """Add to the counts of each movie on each of the last days, newest day first."""
    n = max(len(sums["count"]), 1)
    known = times != UNKNOWN_TIME
    day = np.concatenate([sums["trend_day"], times[known] // DAY])
    movie = np.concatenate([sums["trend_movie"], movies[known]])
    amount = np.concatenate([sums["trend_count"], np.full(int(known.sum()), sign)])
    inside = day > last // DAY - days if len(day) else np.zeros(0, np.bool_)
    pairs, place = np.unique(-day[inside] * n + movie[inside], return_inverse=True)
    count = sums_by(place, amount[inside], len(pairs))
    kept = count > 0
    return {
        "trend_day": -(pairs[kept] // n),
        "trend_movie": (pairs[kept] % n).astype(np.int32),
        "trend_count": count[kept].astype(np.int32),
    }


def figures(sums: Arrays, prior_ratings: float | None, credible: float) -> Arrays:
    """Return (n_movies,) float32 `mean` (0 without ratings), `weighted` and its bounds `low` and `high`."""
    count, total = sums["count"].astype(np.float64), sums["total"]
    low, high = sums["scale"]
    prior = prior_by_scale(int(count.sum())) if prior_ratings is None else prior_ratings
    weighted, spread = posterior(count, total, sums["squares"], prior, (low, high))
    margin = NormalDist().inv_cdf(0.5 + credible / 2) * spread
    found = {
        "mean": np.divide(total, count, out=np.zeros_like(total), where=count > 0),
        "weighted": weighted,
        "low": np.clip(weighted - margin, low, high),
        "high": np.clip(weighted + margin, low, high),
    }
    return {name: figure.astype(np.float32) for name, figure in found.items()}


def prior_by_scale(n_ratings: int) -> float:
    """Return m of the weighted rating: 1000 at 25 million ratings, in proportion to the square root of their number.

    The typical film's count grows slower than the catalogue's total, since catalogues grow as well; the root keeps m
    at about the count of a well-known film: 200 at one million ratings, 63 at a hundred thousand.
    """
    return max(1.0, 1000.0 * float(np.sqrt(n_ratings / 25e6)))


def posterior(
    count: NDArray[np.float64],
    total: NDArray[np.float64],
    squares: NDArray[np.float64],
    prior: float,
    scale: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the posterior mean and standard deviation of each film's average star.

    Args:
        count: (n_movies,) ratings.
        total: (n_movies,) sum of stars.
        squares: (n_movies,) sum of squared stars.
        prior: how many ratings everybody's star distribution is worth.
        scale: lowest and highest star; the middle stands in where there is no rating at all.
    """
    everybody = count.sum()
    middle = (scale[0] + scale[1]) / 2
    mean = total.sum() / everybody if everybody else middle
    square = squares.sum() / everybody if everybody else middle**2
    weight = count + prior
    # Without ratings and without a prior there is only everybody's average left.
    safe = np.where(weight > 0, weight, 1.0)
    first = np.where(weight > 0, (total + prior * mean) / safe, mean)
    second = np.where(weight > 0, (squares + prior * square) / safe, square)
    return first, np.sqrt(np.maximum(second - first**2, 0) / (weight + 1))


def best_first(leading: NDArray[Any], second: NDArray[Any], allowed: BoolVector, n: int) -> IntVector:
    """Return up to `n` allowed indices by `leading`, ties by `second`, then by lower index."""
    candidates = np.flatnonzero(allowed)
    order = np.lexsort((-second[candidates], -leading[candidates]))
    return candidates[order[: max(n, 0)]].astype(np.int32)

"""Compiled loops of the simulation; imported only while simulating.

Every person has random numbers of their own, derived from the seed and their number, so that neither threads nor the size
of a chunk change what they do. The generator is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_TINY = 1e-300
_TRIES = 400
"""Draws of one film before any film that is left is taken."""
_RACE_SHARE = 40
"""Who rates more than a 40th of the films draws them by a race of all films instead of one by one."""

SPREAD = 3.2
"""How unequal the tastes of one person are: standard deviation of the logarithm of their shares."""
USER_SD, QUALITY_SD, TASTE_SLOPE, NOISE_SD = 0.45, 0.35, 0.25, 0.75
"""Parts of an opinion: the person, the film, how well it meets their taste, and chance."""
SESSION_RATINGS, SESSION_GAP = 25.0, 40 * 86_400.0
"""Ratings in a session, and seconds to the next, on average."""


@njit(cache=True, nogil=True)
def _mixed(bits: Any) -> Any:
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_A
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_B
    return bits ^ (bits >> np.uint64(31))


@njit(cache=True, nogil=True)
def _uniform(state: Any) -> Any:
    """Return a number in (0, 1) and move the state on."""
    state[0] += _STEP
    return (np.float64(_mixed(state[0]) >> np.uint64(11)) + 0.5) / 9007199254740992.0


@njit(cache=True, nogil=True)
def _normal(state: Any) -> Any:
    return np.sqrt(-2 * np.log(_uniform(state))) * np.cos(2 * np.pi * _uniform(state))


@njit(cache=True)
def alias_tables(weights: NDArray[Any]) -> Any:
    """Return tables (rows, n) that draw column j of a row with probability proportional to its weight."""
    rows, n = weights.shape
    keep = np.ones((rows, n), np.float32)
    other = np.zeros((rows, n), np.int32)
    small, large = np.empty(n, np.int32), np.empty(n, np.int32)
    for row in range(rows):
        scaled = weights[row] * (n / weights[row].sum())
        n_small = n_large = 0
        for j in range(n):
            other[row, j] = j
            if scaled[j] < 1:
                small[n_small] = j
                n_small += 1
            else:
                large[n_large] = j
                n_large += 1
        while n_small and n_large:
            n_small -= 1
            low, high = small[n_small], large[n_large - 1]
            keep[row, low] = scaled[low]
            other[row, low] = high
            scaled[high] -= 1 - scaled[low]
            if scaled[high] < 1:
                n_large -= 1
                small[n_small] = high
                n_small += 1
    return keep, other


@njit(cache=True, nogil=True)
def draw_people(
    first: int,
    indptr: NDArray[Any],
    seed: Any,
    opened: NDArray[Any],
    out_by: NDArray[Any],
    lifts: NDArray[Any],
    quality: NDArray[Any],
    shares: NDArray[Any],
    keep: NDArray[Any],
    other: NDArray[Any],
    span: NDArray[Any],
    movies: NDArray[Any],
    opinions: NDArray[Any],
    times: NDArray[Any],
) -> None:
    """Simulate the people `first, first + 1, …`, person p filling entries `indptr[p]:indptr[p + 1]`.

    `indptr` (n + 1,) starts at 0; the tables from `opened` to `other` are those of `World`; `span` (2,) holds the first
    and last second. Filled in are `movies` with film indices, ascending for each person, `opinions` with what becomes
    stars, and `times` with Unix seconds.
    """
    n_movies, n_tastes = lifts.shape
    state = np.empty(1, np.uint64)
    mine = np.empty(n_tastes, np.float64)
    reach = np.empty(n_tastes + 1, np.float64)
    taken = np.full(n_movies, -1, np.int32)
    for person in range(len(indptr) - 1):
        start, n = indptr[person], indptr[person + 1] - indptr[person]
        state[0] = _mixed(_mixed(seed + _STEP) + np.uint64(first + person) * _STEP)
        total = 0.0
        for k in range(n_tastes):
            mine[k] = np.exp(SPREAD * _normal(state))
            total += mine[k]
        crowd = 0.05 + 0.25 * _uniform(state)
        reach[0] = mine[0] / total
        for k in range(n_tastes):
            mine[k] *= (1 - crowd) / total
            reach[k] = mine[k] + (reach[k - 1] if k else 0.0)
        reach[n_tastes] = 1.0
        chosen, when = movies[start : start + n], times[start : start + n]
        _visit(state, n, out_by, span, when)
        if n * _RACE_SHARE > n_movies:
            _race(state, mine, crowd, lifts, shares, opened, when[0], chosen)
        else:
            for place in range(n):
                chosen[place] = _draw(state, reach, keep, other, opened, when[place], taken, person)
                taken[chosen[place]] = person
        _judge(state, mine, crowd, lifts, quality, chosen, opinions[start : start + n])
        order = np.argsort(chosen)
        chosen[:] = chosen[order]
        when[:] = when[order]
        opinions[start : start + n] = opinions[start : start + n][order]


@njit(cache=True, nogil=True)
def _visit(state: Any, n: int, out_by: Any, span: Any, when: Any) -> None:
    """Fill in when the ratings of a person were made: in sessions, oldest first.

    Nobody joins before three times as many films are out as they are going to rate.
    """
    begin = max(span[0], out_by[min(3 * n, len(out_by) - 1)])
    begin = min(begin, span[1] - 86_400)
    now = begin + np.int64((span[1] - begin) * _uniform(state))
    for place in range(n):
        if place and _uniform(state) * SESSION_RATINGS < 1:
            later = now + np.int64(-SESSION_GAP * np.log(_uniform(state)))
            if later < span[1]:
                now = later
        now = min(now + 4 + np.int64(30 * _uniform(state)), span[1])
        when[place] = now


@njit(cache=True, nogil=True)
def _draw(state: Any, reach: Any, keep: Any, other: Any, opened: Any, now: Any, taken: Any, person: int) -> Any:
    """Draw a film that is out and that the person has not rated: a taste first, then a film of that taste."""
    n = len(opened)
    for _ in range(_TRIES):
        taste = np.searchsorted(reach, _uniform(state))
        place = min(int(_uniform(state) * n), n - 1)
        film = place if _uniform(state) < keep[taste, place] else other[taste, place]
        if taken[film] != person and opened[film] <= now:
            return film
    film = int(_uniform(state) * n)
    while taken[film] == person or opened[film] > now:
        film = (film + 1) % n
    return film


@njit(cache=True, nogil=True)
def _race(state: Any, mine: Any, crowd: float, lifts: Any, shares: Any, opened: Any, now: Any, chosen: Any) -> None:
    """Draw many films at once: exponential arrivals at each film's rate, the first `len(chosen)` win.

    This is drawing one by one without putting back (Efraimidis and Spirakis, 2006), in the order of arrival.
    """
    n_movies, n_tastes = lifts.shape
    arrival = np.empty(n_movies, np.float64)
    for film in range(n_movies):
        rate = crowd
        for k in range(n_tastes):
            rate += mine[k] * lifts[film, k]
        waited = -np.log(_uniform(state)) / max(rate * shares[film], _TINY)
        arrival[film] = waited if opened[film] <= now else np.inf
    chosen[:] = np.argsort(arrival)[: len(chosen)]


@njit(cache=True, nogil=True)
def _judge(state: Any, mine: Any, crowd: float, lifts: Any, quality: Any, chosen: Any, opinions: Any) -> None:
    """Fill in what a person thinks of each film they watched."""
    bias = USER_SD * _normal(state)
    for place in range(len(chosen)):
        film = chosen[place]
        lift = crowd
        for k in range(len(mine)):
            lift += mine[k] * lifts[film, k]
        opinions[place] = bias + QUALITY_SD * quality[film] + TASTE_SLOPE * np.log(lift) + NOISE_SD * _normal(state)

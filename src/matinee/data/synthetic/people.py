"""The simulated people: how much each rates, and their ratings, one stretch of people at a time."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data.synthetic.config import SMALLEST_PROFILE, SyntheticConfig
from matinee.data.synthetic.world import BEGIN, END, World

STARS = np.arange(1, 11) / 2
STAR_SHARES = (0.016, 0.031, 0.017, 0.065, 0.050, 0.196, 0.127, 0.263, 0.088, 0.147)
"""How often each of the ten half stars is given: about as in MovieLens 32M, whole stars more often than halves."""
MEDIAN, SPREAD = np.log(53.0), 1.39
"""Of the logarithm of a person's ratings beyond the first 20."""
PILOT = 1500
"""People simulated first to see which opinions become which star."""
CHUNK_ROWS = 1_000_000
"""Ratings simulated at once by one thread; with the tables of the world it bounds the memory."""


@dataclass(frozen=True)
class Ratings:
    """Ratings of consecutive people: film indices ascending within a person, opinions still on a scale of their own."""

    first: int
    indptr: NDArray[np.int64]
    movies: NDArray[np.int32]
    opinions: NDArray[np.float32]
    times: NDArray[np.int64]


def profile_sizes(config: SyntheticConfig) -> NDArray[np.int64]:
    """Return (n_users + held_out,) ratings of each person; those of the first n_users add up to `config.ratings`.

    20 + a log-normal: half rate up to 73 films, the mean of 159 comes from a long tail.
    """
    rng = np.random.default_rng([config.seed, 2])
    n, most = config.n_users, config.largest_profile
    raw = rng.lognormal(MEDIAN, SPREAD, n)
    low, high = 0.0, 1e6
    wanted = config.ratings - SMALLEST_PROFILE * n
    # The cut at the longest profile makes the sum uneven in the factor: halve until it fits.
    for _ in range(100):
        factor = (low + high) / 2
        total = np.minimum(raw * factor, most - SMALLEST_PROFILE).sum()
        low, high = (factor, high) if total < wanted else (low, factor)
    sizes = SMALLEST_PROFILE + np.minimum(raw * high, most - SMALLEST_PROFILE).astype(np.int64)
    missing = config.ratings - int(sizes.sum())
    while missing:
        room = np.flatnonzero(sizes < most)
        more = rng.permutation(room)[:missing]
        sizes[more] += 1
        missing -= len(more)
    further = np.minimum(rng.lognormal(MEDIAN, SPREAD, config.held_out) * high, most - SMALLEST_PROFILE)
    return np.concatenate([sizes, SMALLEST_PROFILE + further.astype(np.int64)])


def simulate(world: World, sizes: NDArray[np.int64], seed: int, first: int) -> Ratings:
    """Return the ratings of people `first, first + 1, …`, as many as there are sizes."""
    from matinee.data.synthetic.kernels import draw_people

    indptr = np.concatenate([[0], np.cumsum(sizes)])
    n = int(indptr[-1])
    ratings = Ratings(first, indptr, np.empty(n, np.int32), np.empty(n, np.float32), np.empty(n, np.int64))
    draw_people(
        first, indptr, np.uint64(seed), world.opened, world.out_by, world.lifts, world.quality, world.shares,
        world.keep, world.other, np.array([BEGIN, END]), ratings.movies, ratings.opinions, ratings.times,
    )  # fmt: skip
    return ratings


def star_limits(world: World, sizes: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Return (9,) the opinions at which the next half star begins, so that stars come out as often as in MovieLens."""
    pilot = simulate(world, sizes[:PILOT], seed, 0).opinions
    cumulative = np.cumsum(STAR_SHARES)[:-1] / np.sum(STAR_SHARES)
    limits: NDArray[np.float32] = np.quantile(pilot, cumulative).astype(np.float32)
    return limits


def in_chunks(
    world: World, sizes: NDArray[np.int64], seed: int, first: int, threads: int, rows: int
) -> Generator[Ratings]:
    """Yield the ratings of consecutive people, about `rows` at a time, never more than one chunk a thread in waiting."""
    ends = np.cumsum(sizes)
    cuts = np.unique(np.searchsorted(ends, np.arange(rows, ends[-1] + rows, rows), side="left") + 1)
    edges = [0, *(int(cut) for cut in cuts if cut < len(sizes)), len(sizes)]
    spans = list(pairwise(edges))
    one = partial(_span, world, sizes, seed, first)
    with ThreadPoolExecutor(threads) as pool:
        for wave in range(0, len(spans), threads):
            yield from pool.map(one, spans[wave : wave + threads])


def _span(world: World, sizes: NDArray[np.int64], seed: int, first: int, span: tuple[int, int]) -> Ratings:
    return simulate(world, sizes[span[0] : span[1]], seed, first + span[0])


def as_rows(ratings: Ratings, world: World, limits: NDArray[np.float32]) -> pl.DataFrame:
    """Return the columns of ratings.csv; user ids are the numbers of the people, from 1."""
    users = np.repeat(np.arange(1, len(ratings.indptr)) + ratings.first, np.diff(ratings.indptr))
    return pl.DataFrame(
        {
            "userId": users,
            "movieId": world.ids[ratings.movies],
            "rating": STARS[np.searchsorted(limits, ratings.opinions, side="right")],
            "timestamp": ratings.times,
        }
    )

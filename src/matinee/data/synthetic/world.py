"""The simulated films: how popular, how good, of what year and kind, and which hidden tastes they meet.

Legend: M films, K hidden tastes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data.synthetic.config import SyntheticConfig

N_TASTES = 48
"""K: hidden tastes; people are mixtures of them."""
TOP_SHARE = 0.0031
"""Share of all ratings that go to the most rated film: 0.34 % in MovieLens 1M, about the same in 32M."""
HIGHEST_ID = 292_757
"""Highest movie id of MovieLens 32M; ids have gaps there."""
BEGIN, END = 789_652_004, 1_697_164_147
"""January 1995 to October 2023: first and last rating of MovieLens 32M in Unix seconds, the few of early 1995 left out."""
YEAR_SECONDS = 31_556_952
GENRES = (
    "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir",
    "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """The films and everything that chooses among them.

    Attributes:
        ids: (M,) int32 ascending movie ids.
        years: (M,) int32 years of release.
        opened: (M,) int64 Unix seconds before which nobody can have rated a film.
        out_by: (M,) int64 `opened` in ascending order.
        lifts: (M, K) float32, how much more a taste watches a film than everybody does.
        quality: (M,) float32, how good a film is to all; mean 0 and variance 1.
        shares: (M,) float64 popularity, summing to 1.
        keep, other: (K + 1, M) float32 and int32 tables that draw a film of a taste in one step (Walker's alias
            method; Vose 1991); the last row is everybody's.
        genres: one "Drama|Romance" a film.
    """

    ids: NDArray[np.int32]
    years: NDArray[np.int32]
    opened: NDArray[np.int64]
    out_by: NDArray[np.int64]
    lifts: NDArray[np.float32]
    quality: NDArray[np.float32]
    shares: NDArray[np.float64]
    keep: NDArray[np.float32]
    other: NDArray[np.int32]
    genres: list[str]

    def movies(self) -> pl.DataFrame:
        """Return the columns of movies.csv."""
        return pl.DataFrame({"movieId": self.ids, "year": self.years, "genres": self.genres}).select(
            "movieId", pl.format("Simulated Film {} ({})", "movieId", "year").alias("title"), "genres"
        )


def build_world(config: SyntheticConfig) -> World:
    """Make the films of a configuration."""
    from matinee.data.synthetic.kernels import alias_tables

    n = config.n_movies
    rng = np.random.default_rng([config.seed, 1])
    shares = popularity(n)[rng.permutation(n)]
    main = rng.integers(0, N_TASTES, (n, 3))
    main[rng.random(n) < 0.5, 2] = -1
    loadings = 0.6 * rng.standard_normal((n, N_TASTES), np.float32)
    for place in range(3):
        has = np.flatnonzero(main[:, place] >= 0)
        loadings[has, main[has, place]] += 4.5 - 0.8 * place
    lifts = np.exp(loadings)
    lifts /= shares.astype(np.float32) @ lifts
    keep, other = alias_tables(np.vstack([lifts.T * shares, shares]))
    years = np.clip(2023 - rng.gamma(1.1, 18.0, n), 1902, 2023).astype(np.int32)
    opened = (years.astype(np.int64) - 1970) * YEAR_SECONDS + rng.integers(0, YEAR_SECONDS // 2, n)
    quality = 0.35 * np.log(shares * n) + rng.standard_normal(n)
    return World(
        ids=np.sort(rng.choice(max(HIGHEST_ID, 2 * n), n, replace=False) + 1).astype(np.int32),
        years=years,
        opened=opened,
        out_by=np.sort(opened),
        lifts=lifts,
        quality=((quality - quality.mean()) / quality.std()).astype(np.float32),
        shares=shares,
        keep=keep,
        other=other,
        genres=_genres(main),
    )


def popularity(n: int) -> NDArray[np.float64]:
    """Return (n,) shares of all ratings by rank: a power law with a slow head and a steep tail.

    share(r) ∝ (r + 10)^−0.4 · (r + b)^−2.7, with b such that the first film has `TOP_SHARE`.
    """
    rank = np.arange(n)
    head = (rank + 10.0) ** -0.4
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        falling = head * ((rank + np.exp(middle)) / np.exp(middle)) ** -2.7
        low, high = (middle, high) if falling[0] > TOP_SHARE * falling.sum() else (low, middle)
    shares: NDArray[np.float64] = falling / falling.sum()
    return shares


def _genres(main: NDArray[np.int64]) -> list[str]:
    """Name each film's tastes: several tastes share a genre."""
    names = [sorted({GENRES[taste % len(GENRES)] for taste in row if taste >= 0}) for row in main.tolist()]
    return ["|".join(row) for row in names]

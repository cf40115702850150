"""Small made-up worlds in which people have tastes, so that learning pays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
import polars as pl

from matinee.data import TAG_SCHEMA, Catalogue, Dataset, from_columns
from matinee.types import FloatMatrix, Profiles, Progress, silent

GENRES = ["Comedy", "Drama", "Horror", "Western"]


def make_world(
    seed: int = 0,
    *,
    n_users: int = 200,
    n_movies: int = 60,
    most: int = 40,
    with_times: bool = True,
    shuffled: bool = True,
) -> Dataset:
    """People rate 8 to `most` movies, those of their genre higher and sooner, spread over the whole period."""
    rng = np.random.default_rng(seed)
    genre = rng.integers(0, len(GENRES), n_movies)
    taste = rng.integers(0, len(GENRES), n_users)
    appeal = rng.gumbel(size=(n_users, n_movies)) + 1.5 * rng.random(n_movies) + 1.5 * (taste[:, None] == genre)
    counts = rng.integers(8, most, n_users)
    users = np.repeat(np.arange(n_users), counts)
    movies = np.concatenate([np.argsort(-appeal[u])[: counts[u]] for u in range(n_users)])
    opinion = 3.0 + 1.2 * (taste[users] == genre[movies]) + rng.normal(0, 0.5, n_users)[users]
    opinion += rng.normal(0, 0.5, n_movies)[movies] + rng.normal(0, 0.6, len(users))
    stars = np.clip(np.round(2 * opinion) / 2, 0.5, 5)
    times = rng.integers(1_000_000_000, 1_100_000_000, len(users))
    order = rng.permutation(len(users)) if shuffled else np.arange(len(users))
    catalogue = Catalogue.of(
        pl.DataFrame(
            {
                "movie_id": np.arange(n_movies) * 3 + 1,
                "title": [f"Film {i}" for i in range(n_movies)],
                "genres": [[GENRES[g]] for g in genre],
            }
        )
    )
    return from_columns(
        name="world",
        catalogue=catalogue,
        user_ids=users[order] * 7 + 5,
        movie_ids=movies[order] * 3 + 1,
        values=stars[order].astype(np.float32),
        times=times[order] if with_times else None,
    )


def with_tags(dataset: Dataset, rows: Any) -> Dataset:
    """Give some ratings a tag by the same person at the same time."""
    tags = pl.DataFrame(
        {
            "user_id": dataset.user_ids.ids[dataset.users[rows]],
            "movie_id": dataset.catalogue.ids.ids[dataset.movies[rows]],
            "tag": ["seen"] * len(dataset.users[rows]),
            "time": dataset.times[rows],
        },
        schema=TAG_SCHEMA,
    )
    return replace(dataset, tags=tags)


def pairs_of(dataset: Dataset) -> set[tuple[int, int]]:
    """Return the external (user, movie) ids of all ratings."""
    users = dataset.user_ids.ids[dataset.users].tolist()
    return set(zip(users, dataset.catalogue.ids.ids[dataset.movies].tolist(), strict=True))


class CoCounts:
    """An honest small recommender: sums co-occurrence counts over the profile."""

    name = "co-counts"

    def __init__(self, name: str = "co-counts") -> None:
        self.name = name

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:
        seen = dataset.matrix(np.ones(dataset.n_ratings, np.float32))
        self.together = (seen.T @ seen).toarray().astype(np.float32)
        np.fill_diagonal(self.together, 0)
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        return profiles.matrix(np.ones(len(profiles.movies), np.float32)) @ self.together

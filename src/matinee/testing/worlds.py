"""Small made-up data sets for engine tests."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data import Dataset
from matinee.data.dataset import Catalogue, from_columns
from matinee.types import Profiles

GENRES = ["Comedy", "Drama", "Horror", "Thriller"]


def latent(
    n_users: int = 60, n_movies: int = 40, *, per_user: int = 15, width: int = 2, seed: int = 0, noise: float = 0.3
) -> Dataset:
    """Return half-star ratings by people whose tastes lie in `width` dimensions, popular films rated more often."""
    rng = np.random.default_rng(seed)
    tastes, traits = rng.normal(size=(n_users, width)), rng.normal(size=(n_movies, width))
    popularity = 1 / np.arange(2, n_movies + 2)
    users: list[NDArray[np.int64]] = []
    movies: list[NDArray[np.int64]] = []
    for user in range(n_users):
        liking = popularity * np.exp(0.7 * traits @ tastes[user])
        size = int(np.clip(rng.poisson(per_user), 1, n_movies))
        movies.append(rng.choice(n_movies, size, replace=False, p=liking / liking.sum()))
        users.append(np.full(size, user))
    who, what = np.concatenate(users), np.concatenate(movies)
    bias = 0.4 * rng.normal(size=n_movies)
    raw = 3.5 + bias[what] + (tastes[who] * traits[what]).sum(axis=1) * 0.8 + noise * rng.normal(size=len(who))
    return from_columns(
        name="latent",
        catalogue=catalogue(n_movies),
        user_ids=who + 100,
        movie_ids=what + 1,
        values=np.clip(np.round(raw * 2) / 2, 0.5, 5).astype(np.float32),
        times=1_000_000_000 + rng.integers(0, 3 * 365 * 86_400, len(who)),
    )


def catalogue(n_movies: int) -> Catalogue:
    """Return a catalogue of numbered films, ids from 1, genres in turn."""
    return Catalogue.of(
        pl.DataFrame(
            {
                "movie_id": np.arange(1, n_movies + 1),
                "title": [f"Film {i}" for i in range(1, n_movies + 1)],
                "year": [1950 + i % 70 for i in range(n_movies)],
                "genres": [
                    [GENRES[i % 4], GENRES[(i // 4) % 4]] if i % 4 != (i // 4) % 4 else [GENRES[i % 4]]
                    for i in range(n_movies)
                ],
            }
        )
    )


def some(dataset: Dataset, n: int = 10) -> Profiles:
    """Return the profiles of the first users."""
    return dataset.profiles().slice(0, min(n, dataset.n_users))

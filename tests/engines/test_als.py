"""iALS: solves what it says it solves."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.sparse import random_array

from matinee.data import Catalogue, Dataset, from_columns
from matinee.engines.als import Als, AlsConfig
from matinee.engines.conjugate import plain_sums, solve_rows
from matinee.errors import SettingsError
from matinee.types import Profile, Profiles


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Two camps of viewers who like their own half of the films."""
    generator = np.random.default_rng(3)
    users = np.repeat(np.arange(60), 12)
    movies = np.concatenate([generator.permutation(20)[:12] + 20 * (user % 2) for user in range(60)])
    values = np.where(generator.random(len(users)) < 0.8, 4.5, 2.0).astype(np.float32)
    catalogue = Catalogue.of(pl.DataFrame({"movie_id": np.arange(40), "title": [f"Film {n}" for n in range(40)]}))
    return from_columns(name="camps", catalogue=catalogue, user_ids=users, movie_ids=movies, values=values)


@pytest.fixture(scope="module")
def engine(dataset: Dataset) -> Als:
    return Als(AlsConfig(embedding_size=6, unobserved_weight=0.1, l2=0.05)).fit(dataset)


def test_the_plain_sums_agree_with_the_definition() -> None:
    generator = np.random.default_rng(0)
    entries = random_array((7, 9), density=0.4, rng=generator, dtype=np.float32).tocsr()
    vectors = generator.standard_normal((9, 5), dtype=np.float32)
    directions = generator.standard_normal((7, 5), dtype=np.float32)
    dense = entries.toarray()
    expected = [sum(dense[r, i] * vectors[i] * (vectors[i] @ directions[r]) for i in range(9)) for r in range(7)]
    np.testing.assert_allclose(plain_sums(entries, vectors, directions), expected, atol=1e-5)


def test_conjugate_gradients_solve_every_row_like_a_dense_solver() -> None:
    generator = np.random.default_rng(1)
    entries = random_array((8, 12), density=0.3, rng=generator, dtype=np.float32).tocsr()
    vectors = generator.standard_normal((12, 4), dtype=np.float32)
    gram = 0.2 * vectors.T @ vectors
    l2 = generator.uniform(0.5, 2, 8).astype(np.float32)
    right = generator.standard_normal((8, 4), dtype=np.float32)
    start = generator.standard_normal((8, 4), dtype=np.float32)
    expected = [
        np.linalg.solve(gram + (vectors.T * entries.toarray()[r]) @ vectors + l2[r] * np.eye(4), right[r])
        for r in range(8)
    ]
    for first in (None, start):
        solved = solve_rows(
            gram, entries, vectors, l2, right=right, start=first, steps=30, tolerance=1e-6, sums=plain_sums
        )
        np.testing.assert_allclose(solved, expected, atol=1e-4)


def test_a_profile_is_folded_in_by_its_own_system(dataset: Dataset, engine: Als) -> None:
    profile = dataset.profiles()[4]
    factors = engine.arrays["factors"].astype(np.float64)
    rated = factors[profile.movies[profile.values >= 3.5]]
    weight = 0.1
    ridge = 0.05 * (len(rated) + weight * dataset.n_movies)
    expected = np.linalg.solve(weight * factors.T @ factors + rated.T @ rated + ridge * np.eye(6), rated.sum(axis=0))
    np.testing.assert_allclose(engine.fold_in(Profiles.stack([profile], 40))[0], expected, rtol=1e-3, atol=1e-5)


def test_more_epochs_lower_the_loss(dataset: Dataset) -> None:
    def loss(epochs: int) -> float:
        config = AlsConfig(embedding_size=6, unobserved_weight=0.1, l2=0.05, epochs=epochs)
        engine = Als(config).fit(dataset)
        movies = engine.arrays["factors"].astype(np.float64)
        users = engine.fold_in(dataset.profiles()).astype(np.float64)
        likes = (dataset.profiles().matrix().toarray() >= 3.5).astype(float)
        scores = users @ movies.T
        ridge_u = 0.05 * (likes.sum(axis=1) + 0.1 * 40)
        ridge_m = 0.05 * (likes.sum(axis=0) + 0.1 * 60)
        penalty = ridge_u @ (users**2).sum(axis=1) + ridge_m @ (movies**2).sum(axis=1)
        return float((likes * (scores - 1) ** 2).sum() + 0.1 * (scores**2).sum() + penalty)

    losses = [loss(epochs) for epochs in (1, 2, 4, 12)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.95 * losses[0]


def test_unseen_films_of_the_own_camp_come_first(dataset: Dataset, engine: Als) -> None:
    profile = Profile.of([20, 21, 22, 23], [5, 5, 5, 5])
    scores = engine.score(Profiles.stack([profile], 40))[0]
    assert scores[24:40].min() > scores[:20].max()


def test_contributions_add_up_to_the_score(dataset: Dataset, engine: Als) -> None:
    profile = dataset.profiles()[7]
    movies = np.arange(40, dtype=np.int32)
    shares = engine.contributions(profile, movies)
    assert shares is not None
    np.testing.assert_allclose(shares.sum(axis=1), engine.score(Profiles.stack([profile], 40))[0], atol=1e-4)
    assert not shares[:, profile.values < 3.5].any()


@pytest.mark.parametrize("settings", [{"embedding_size": 0}, {"epochs": 0}, {"l2": 0.0}, {"unobserved_weight": 0.0}])
def test_settings_outside_their_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        AlsConfig(**settings)

"""Next: the counts are the counts, the regression is a regression, and order matters."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from matinee.data import Catalogue, Dataset, from_columns
from matinee.engines._next_numba import lagged_counts, recent_gram
from matinee.engines.next import Next, NextConfig
from matinee.errors import SettingsError
from matinee.types import Profile, Profiles

N = 12


@pytest.fixture(scope="module")
def walkers() -> Dataset:
    """People who walk round a circle of films, sometimes skipping one."""
    generator = np.random.default_rng(5)
    users, movies = [], []
    for user in range(80):
        path = (generator.integers(N) + np.cumsum(generator.choice([1, 2], 7, p=[0.8, 0.2]))) % N
        kept = list(dict.fromkeys(path.tolist()))
        users += [user] * len(kept)
        movies += kept
    catalogue = Catalogue.of(pl.DataFrame({"movie_id": np.arange(N), "title": [f"Film {n}" for n in range(N)]}))
    return from_columns(
        name="circle",
        catalogue=catalogue,
        user_ids=np.array(users),
        movie_ids=np.array(movies),
        values=np.full(len(users), 4, np.float32),
        times=np.arange(len(users)),
    )


def histories(dataset: Dataset) -> list[list[int]]:
    return [dataset.profiles()[row].movies.tolist() for row in range(dataset.n_users)]


def test_lagged_counts_equal_the_definition(walkers: Dataset) -> None:
    expected = np.zeros((N, N))
    for history in histories(walkers):
        for place, target in enumerate(history):
            for lag in range(1, min(3, place) + 1):
                expected[history[place - lag], target] += 0.5 ** (lag - 1)
    np.testing.assert_allclose(lagged_counts(walkers.indptr, walkers.movies, N, 0.5, 3), expected, rtol=1e-5)


def test_recent_gram_equals_the_definition(walkers: Dataset) -> None:
    expected = np.zeros((N, N))
    for history in histories(walkers):
        for place in range(1, len(history)):
            x = np.zeros(N)
            for lag in range(1, min(3, place) + 1):
                x[history[place - lag]] += 0.5 ** (lag - 1)
            expected += np.outer(x, x)
    np.testing.assert_allclose(recent_gram(walkers.indptr, walkers.movies, N, 0.5, 3), expected, rtol=1e-5, atol=1e-5)


def test_films_that_take_no_part_keep_their_place() -> None:
    indptr, movies = np.array([0, 3]), np.array([0, -1, 1], np.int32)
    np.testing.assert_allclose(lagged_counts(indptr, movies, 2, 0.5, 5), [[0, 0.5], [0, 0]])
    # Moments before the second place (x = [1, 0]) and before the third (x = [0.5, 0]).
    np.testing.assert_allclose(recent_gram(indptr, movies, 2, 0.5, 5), [[1.25, 0], [0, 0]])


def test_the_regression_is_a_ridge_regression_of_the_next_film(walkers: Dataset) -> None:
    engine = Next(NextConfig(regression_l2=2.0, regression_decay=0.5, regression_lags=3))
    inputs, targets = [], []
    for history in histories(walkers):
        for place in range(1, len(history)):
            x, y = np.zeros(N), np.zeros(N)
            for lag in range(1, min(3, place) + 1):
                x[history[place - lag]] += 0.5 ** (lag - 1)
            y[history[place]] = 1
            inputs.append(x)
            targets.append(y)
    x, y = np.array(inputs), np.array(targets)
    expected = np.linalg.solve(x.T @ x + 2 * np.eye(N), x.T @ y)
    found = engine._regression(walkers.profiles(), walkers.movies, N, lambda *_: None)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_film_after_the_last_one_comes_first(walkers: Dataset) -> None:
    engine = Next(NextConfig(smoothing=1, transitions_decay=0.3, taste_weight=0.1)).fit(walkers)
    for last in range(N):
        profile = Profile.of([(last - 2) % N, (last - 1) % N, last], [4, 4, 4])
        scores = engine.score(Profiles.stack([profile], N))[0]
        scores[profile.movies] = -np.inf
        assert scores.argmax() == (last + 1) % N


def test_order_matters(walkers: Dataset) -> None:
    engine = Next().fit(walkers)
    forth, back = Profile.of([1, 2, 3], [4, 4, 4]), Profile.of([3, 2, 1], [4, 4, 4])
    scores = engine.score(Profiles.stack([forth, back], N))
    assert np.abs(scores[0] - scores[1]).max() > 0.1


def test_contributions_add_up_to_the_score(walkers: Dataset) -> None:
    engine = Next().fit(walkers)
    profile = walkers.profiles()[3]
    shares = engine.contributions(profile, np.arange(N, dtype=np.int32))
    assert shares is not None
    np.testing.assert_allclose(shares.sum(axis=1), engine.score(Profiles.stack([profile], N))[0], atol=1e-4)


@pytest.mark.parametrize(
    "settings", [{"taste_decay": 0.0}, {"transitions_lags": 0}, {"regression_l2": 0.0}, {"smoothing": -1.0}]
)
def test_settings_outside_their_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        NextConfig(**settings)


def test_learning_steps_counts_as_a_new_fit_does(walkers: Dataset) -> None:
    last = walkers.indptr[1:] - 1
    known = np.ones(walkers.n_ratings, np.bool_)
    known[last] = False
    config = NextConfig(transitions_lags=4, smoothing=2.0)
    engine = Next(config).fit(walkers.select(known))
    before = engine.arrays["transitions"].copy()
    learnt = engine.learn(
        walkers.movies[last], walkers.values[last], walkers.times[last], walkers.select(known).profiles()
    )
    again = Next(config).fit(walkers)
    for name in ("mass", "popularity"):
        np.testing.assert_allclose(learnt.arrays[name], again.arrays[name], rtol=1e-5)
    plain = [engine.arrays["transitions"] / engine.arrays["transitions_share"] for engine in (learnt, again)]
    np.testing.assert_allclose(*plain, rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(engine.arrays["transitions"], before)


def test_learning_without_histories_or_steps_changes_nothing(walkers: Dataset) -> None:
    engine = Next().fit(walkers)
    movies, values, times = walkers.movies[:1], walkers.values[:1], walkers.times[:1]
    assert engine.learn(movies, values, times) is engine
    assert engine.learn(movies[:0], values[:0], times[:0], Profiles.stack([], N)) is engine
    stranger = Profiles.stack([Profile.empty()], N)
    after = engine.learn(movies, values, times, stranger)
    np.testing.assert_array_equal(after.arrays["mass"], engine.arrays["mass"])
    assert after.arrays["popularity"].sum() == engine.arrays["popularity"].sum() + 1

"""Baselines: against slow readings and against what probability says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from worlds import make_world

from matinee.errors import DataError
from matinee.evaluation.baselines import Constant, DampedBias, Popular, Random, RecentPopular
from matinee.types import UNKNOWN_TIME, Profile, Profiles

WORLD = make_world()


def test_random_scores_are_uniform_and_unlike_each_other() -> None:
    scores = Random(3).fit(WORLD).score(WORLD.profiles())
    assert scores.shape == (WORLD.n_users, WORLD.n_movies)
    assert scores.dtype == np.float32
    assert 0 <= scores.min() < 0.001
    assert 0.999 < scores.max() < 1
    # The mean of n uniforms has the standard error 1 / √(12 n).
    assert abs(scores.mean() - 0.5) < 4 / np.sqrt(12 * scores.size)
    assert np.abs(np.corrcoef(scores)[np.triu_indices(WORLD.n_users, 1)]).mean() < 0.15
    assert len(np.unique(scores)) > 0.99 * scores.size


def test_random_depends_on_the_profile_and_the_seed_and_on_nothing_else() -> None:
    profiles = WORLD.profiles()
    scores = Random(3).score(profiles)
    backwards = Profiles.stack([profiles[row] for row in reversed(range(len(profiles)))], WORLD.n_movies)
    assert np.array_equal(Random(3).score(backwards), scores[::-1])
    assert not np.array_equal(Random(4).score(profiles), scores)
    assert (Random(3).score(profiles.slice(5, 6)) == scores[5]).all()
    two_empty = Profiles.stack([Profile.empty(), Profile.empty()], WORLD.n_movies)
    assert np.array_equal(*Random().score(two_empty))


def test_popular_counts() -> None:
    scores = Popular().fit(WORLD).score(WORLD.profiles().slice(0, 2))
    assert scores[0].tolist() == [WORLD.movies.tolist().count(movie) for movie in range(WORLD.n_movies)]
    assert np.array_equal(scores[0], scores[1])


def test_recent_counts_the_last_days_and_breaks_ties_by_all_days() -> None:
    days = 100
    last = WORLD.times.max() - days * 86_400
    keys = []
    for movie in range(WORLD.n_movies):
        own = WORLD.times[WORLD.movies == movie]
        keys.append((int((own >= last).sum()), len(own)))
    scores = RecentPopular(days).fit(WORLD).score(WORLD.profiles().slice(0, 1))[0]
    for one in range(WORLD.n_movies):
        for other in range(WORLD.n_movies):
            assert (keys[one] > keys[other]) == (scores[one] > scores[other])


def test_recent_needs_times() -> None:
    with pytest.raises(DataError, match="needs times"):
        RecentPopular().fit(replace(WORLD, times=np.full_like(WORLD.times, UNKNOWN_TIME)))


def test_constant_is_the_mean_of_all_stars() -> None:
    scores = Constant().fit(WORLD).score(WORLD.profiles())
    assert scores.min() == scores.max() == np.float32(WORLD.values.mean(dtype=np.float64))


def test_damped_bias_solves_its_least_squares_problem() -> None:
    """All biases at once from the normal equations, with a column for each user and movie."""
    n_users, n_movies = WORLD.n_users, WORLD.n_movies
    design = np.zeros((WORLD.n_ratings, n_users + n_movies))
    design[np.arange(WORLD.n_ratings), WORLD.users] = 1
    design[np.arange(WORLD.n_ratings), n_users + WORLD.movies] = 1
    mean = WORLD.values.mean(dtype=np.float64)
    damping = np.diag(np.concatenate([np.full(n_users, 5.0), np.full(n_movies, 3.0)]))
    biases = np.linalg.solve(design.T @ design + damping, design.T @ (WORLD.values - mean))
    expected = mean + biases[:n_users, None] + biases[n_users:]
    found = DampedBias(users=5, movies=3, sweeps=200).fit(WORLD).score(WORLD.profiles())
    assert np.abs(found - expected).max() < 1e-4
    usual = DampedBias().fit(WORLD).score(WORLD.profiles())
    assert np.abs(usual - expected).max() < 0.05


def test_damped_bias_knows_new_people_by_their_profile() -> None:
    fitted = DampedBias().fit(WORLD)
    base = fitted.score(Profiles.stack([Profile.empty()], WORLD.n_movies))[0]
    harsh = fitted.score(Profiles.stack([Profile.of([0, 1], [0.5, 0.5])], WORLD.n_movies))[0]
    expected = ((0.5 - base[0]) + (0.5 - base[1])) / (2 + 5)
    assert np.allclose(harsh - base, expected, atol=1e-5)
    assert expected < 0

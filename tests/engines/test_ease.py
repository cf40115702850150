"""EASE: its defining identity, the dual form, weights and exact explanations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.engines import ease
from matinee.engines.ease import Ease, EaseConfig, solve, weigh_users
from matinee.errors import EnvironmentFailure, SettingsError
from matinee.testing.worlds import latent, some
from matinee.types import Profile, Profiles

RNG = np.random.default_rng(5)


def choices(n_users: int, n_movies: int) -> csr_array:
    return csr_array((RNG.random((n_users, n_movies)) < 0.3).astype(np.float32))


def ridge_without_itself(rows: np.ndarray, weights: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Regress each column on all the others, one column at a time."""
    n = rows.shape[1]
    answer = np.zeros((n, n))
    for column in range(n):
        others = np.delete(np.arange(n), column)
        x, y = rows[:, others], rows[:, column]
        normal = x.T @ (weights[:, None] * x) + np.diag(ridge[others])
        answer[others, column] = np.linalg.solve(normal, x.T @ (weights * y))
    return answer


@pytest.mark.parametrize("shape", [(50, 12), (12, 50), (20, 20)])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_each_column_is_a_ridge_regression_without_itself(shape: tuple[int, int], dropout: float, power: float) -> None:
    rows = choices(*shape)
    dense = rows.toarray().astype(np.float64)
    lengths = dense.sum(axis=1)
    users = np.maximum(lengths, 1) ** -power
    users *= lengths.sum() / (users * lengths).sum()
    ridge = 7.0 + dropout / (1 - dropout) * (users[:, None] * dense**2).sum(axis=0)
    found = solve(weigh_users(rows, power), 7.0, dropout)
    assert not found.diagonal().any()
    np.testing.assert_allclose(found, ridge_without_itself(dense, users, ridge), atol=2e-5)


def test_the_dual_form_equals_the_primal() -> None:
    rows = choices(30, 45)
    ridge = np.linspace(5, 50, 45).astype(np.float32)
    primal, dual = ease._primal(rows, ridge), ease._dual(rows, ridge)
    np.fill_diagonal(primal, 0)
    np.fill_diagonal(dual, 0)
    np.testing.assert_allclose(dual, primal, atol=1e-5)


def test_contributions_add_up_to_the_score() -> None:
    dataset = latent()
    engine = Ease(EaseConfig(l2=5.0, min_rating=3.5, dislike_weight=-0.3)).fit(dataset)
    every = np.arange(dataset.n_movies, dtype=np.int32)
    for row in range(5):
        profile = dataset.profiles()[row]
        parts = engine.contributions(profile, every)
        assert parts is not None
        assert parts.shape == (dataset.n_movies, len(profile))
        scores = engine.score(Profiles.stack([profile], dataset.n_movies))[0]
        np.testing.assert_allclose(parts.sum(axis=1), scores, atol=1e-5)
        without = Profile(profile.movies[1:], profile.values[1:], profile.times[1:])
        lowered = engine.score(Profiles.stack([without], dataset.n_movies))[0]
        np.testing.assert_allclose(scores - lowered, parts[:, 0], atol=1e-5)


def test_low_ratings_say_nothing_by_default() -> None:
    dataset = latent()
    engine = Ease(EaseConfig(l2=5.0)).fit(dataset)
    liked, both = Profile.of([1, 2], [5, 4]), Profile.of([1, 2, 3], [5, 4, 3.5])
    scores = engine.score(Profiles.stack([liked, both, Profile.of([3], [1])], dataset.n_movies))
    np.testing.assert_array_equal(scores[0], scores[1])
    assert scores[0].any()
    assert not scores[2].any()


def test_movies_nobody_liked_score_nothing_and_take_no_memory() -> None:
    dataset = latent(n_movies=80)
    engine = Ease(EaseConfig(l2=5.0, min_rating=4.5)).fit(dataset)
    liked = np.unique(dataset.movies[dataset.values >= 4.5])
    assert engine.arrays["columns"].tolist() == liked.tolist()
    assert engine.arrays["weights"].shape == (len(liked), len(liked))
    left_out = np.setdiff1d(np.arange(80), liked)
    assert len(left_out)
    assert not engine.score(some(dataset))[:, left_out].any()
    assert not np.delete(engine.similar(int(left_out[0])), left_out[0]).any()


def test_only_the_most_liked_movies_take_part() -> None:
    dataset = latent()
    engine = Ease(EaseConfig(max_movies=7)).fit(dataset)
    count = np.bincount(dataset.movies[dataset.values >= 4], minlength=dataset.n_movies)
    assert len(engine.arrays["columns"]) == 7
    assert count[engine.arrays["columns"]].min() >= np.delete(count, engine.arrays["columns"]).max()


def test_likeness_is_symmetric_and_a_partial_correlation() -> None:
    dataset = latent()
    engine = Ease(EaseConfig(l2=5.0, dropout=0.2, user_power=0.0)).fit(dataset)
    columns = engine.arrays["columns"]
    rows = (dataset.matrix().toarray() >= 4).astype(np.float64)[:, columns]
    inverse = np.linalg.inv(rows.T @ rows + np.diag(5 + 0.25 * rows.sum(axis=0)))
    scale = np.sqrt(inverse.diagonal())
    wanted = -inverse / np.outer(scale, scale)
    np.fill_diagonal(wanted, 1)
    found = np.stack([engine.similar(int(movie)) for movie in columns])[:, columns]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_too_little_memory_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matinee.engines.memory.available_memory", lambda: 1000)
    with pytest.raises(EnvironmentFailure, match="ease on") as caught:
        Ease().fit(latent())
    assert "max_movies" in str(caught.value.hint)


@pytest.mark.parametrize("wrong", [{"l2": 0.0}, {"dropout": 1.0}, {"dropout": -0.1}, {"max_movies": 0}])
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Ease.configure(wrong)

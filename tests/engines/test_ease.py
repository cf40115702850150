"""EASE: its defining identity, the dual form, weights and exact explanations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.data.dataset import from_columns
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
    liked, both = Profile.of([1, 2], [5, 4]), Profile.of([1, 2, 3], [5, 4, 3])
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
    count = np.bincount(dataset.movies[dataset.values >= 3.5], minlength=dataset.n_movies)
    assert len(engine.arrays["columns"]) == 7
    assert count[engine.arrays["columns"]].min() >= np.delete(count, engine.arrays["columns"]).max()


def test_likeness_is_symmetric_and_a_partial_correlation() -> None:
    dataset = latent()
    engine = Ease(EaseConfig(l2=5.0, dropout=0.2, user_power=0.0)).fit(dataset)
    columns = engine.arrays["columns"]
    rows = (dataset.matrix().toarray() >= 3.5).astype(np.float64)[:, columns]
    inverse = np.linalg.inv(rows.T @ rows + np.diag(5 + 0.25 * rows.sum(axis=0)))
    scale = np.sqrt(inverse.diagonal())
    wanted = -inverse / np.outer(scale, scale)
    np.fill_diagonal(wanted, 1)
    found = np.stack([engine.similar(int(movie)) for movie in columns])[:, columns]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_too_little_memory_is_refused_with_what_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ease, "available_memory", lambda: 6 * 20**2)
    monkeypatch.setattr("matinee.engines.memory.available_memory", lambda: 6 * 20**2)
    with pytest.raises(EnvironmentFailure, match="ease on") as caught:
        Ease().fit(latent())
    assert "max_movies and pairs to 20 in sum" in str(caught.value.hint)
    assert Ease(EaseConfig(max_movies=20)).fit(latent()).arrays["weights"].shape == (20, 20)


def test_too_small_a_ridge_is_refused_with_advice() -> None:
    dataset = latent(n_users=200, n_movies=12)
    twin = dataset.movies // 2 * 2
    rated = dataset.select(twin == dataset.movies)
    both = from_columns(
        name="twins",
        catalogue=dataset.catalogue,
        user_ids=np.tile(rated.users, 2),
        movie_ids=np.concatenate([rated.movies + 1, rated.movies + 2]),
        values=np.full(2 * rated.n_ratings, 5, np.float32),
    )
    with pytest.raises(SettingsError, match="too small"):
        Ease(EaseConfig(l2=1e-12, dropout=0.0)).fit(both)


@pytest.mark.parametrize("n_users", [150, 20])
def test_with_pairs_each_film_is_a_ridge_regression_on_what_does_not_hold_it(n_users: int) -> None:
    dataset = latent(n_users=n_users, n_movies=12, per_user=8)
    config = EaseConfig(l2=4.0, dropout=0.3, user_power=0.5, pairs=9, pair_l2=6.0)
    engine = Ease(config).fit(dataset)
    columns, (first, second) = engine.arrays["columns"], engine.arrays["pairs"]
    films = (dataset.matrix().toarray() >= 3.5)[:, columns].astype(np.float64)
    n = films.shape[1]
    together = np.triu(films.T @ films, 1)
    assert together[first, second].min() >= np.sort(together, axis=None)[-9]
    assert len({(a, b) for a, b in zip(first, second, strict=True)}) == 9

    features = np.hstack([films, films[:, first] * films[:, second]])
    lengths = films.sum(axis=1)
    users = np.maximum(lengths, 1) ** -0.5
    users *= lengths.sum() / (users * lengths).sum()
    ridge = np.repeat([4.0, 6.0], [n, 9]) + 0.3 / 0.7 * (users[:, None] * features**2).sum(axis=0)
    for film in range(n):
        holds = np.concatenate([np.arange(n) == film, (first == film) | (second == film)])
        x = features[:, ~holds]
        normal = x.T @ (users[:, None] * x) + np.diag(ridge[~holds])
        wanted = np.zeros(n + 9)
        wanted[~holds] = np.linalg.solve(normal, x.T @ (users * films[:, film]))
        np.testing.assert_allclose(engine.arrays["weights"][:, film], wanted, atol=2e-5)


def test_with_pairs_scores_and_contributions_still_add_up() -> None:
    dataset = latent(n_movies=30, per_user=15)
    engine = Ease(EaseConfig(l2=4.0, pairs=25, pair_l2=6.0, min_rating=3.5, dislike_weight=-0.2)).fit(dataset)
    every = np.arange(dataset.n_movies, dtype=np.int32)
    columns, (first, second) = engine.arrays["columns"], engine.arrays["pairs"]
    used = 0
    for row in range(8):
        profile = dataset.profiles()[row]
        scores = engine.score(Profiles.stack([profile], dataset.n_movies))[0]
        entries = np.zeros(dataset.n_movies)
        entries[profile.movies] = np.where(profile.values >= 3.5, 1, -0.2)
        entries = entries[columns]
        both = (entries[first] == 1) & (entries[second] == 1)
        used += both.sum()
        wanted = np.concatenate([entries, both]) @ engine.arrays["weights"]
        np.testing.assert_allclose(scores[columns], wanted, atol=1e-5)
        parts = engine.contributions(profile, every)
        assert parts is not None
        np.testing.assert_allclose(parts.sum(axis=1), scores, atol=1e-5)
    assert used > 10


def test_half_of_a_pair_goes_to_either_film() -> None:
    dataset = latent(n_movies=30, per_user=15)
    engine = Ease(EaseConfig(l2=4.0, pairs=5, pair_l2=6.0)).fit(dataset)
    n, (first, second) = len(engine.arrays["columns"]), engine.arrays["pairs"]
    one, two = (engine.arrays["columns"][side[0]] for side in (first, second))
    asked = np.setdiff1d(engine.arrays["columns"], [one, two])[:4].astype(np.int32)
    parts = engine.contributions(Profile.of([one, two], [5.0, 5.0]), asked)
    assert parts is not None
    places = np.searchsorted(engine.arrays["columns"], asked)
    half = engine.arrays["weights"][n, places] / 2
    assert np.abs(half).max() > 1e-4
    alone = engine.arrays["weights"][np.ix_([first[0], second[0]], places)].T
    np.testing.assert_allclose(parts, alone + half[:, None], atol=1e-6)


def test_more_pairs_than_there_are() -> None:
    dataset = latent(n_movies=6, n_users=10, per_user=4)
    engine = Ease(EaseConfig(pairs=1000)).fit(dataset)
    assert engine.arrays["pairs"].shape[1] <= 15
    assert np.isfinite(engine.score(some(dataset))).all()


@pytest.mark.parametrize(
    "wrong", [{"l2": 0.0}, {"dropout": 1.0}, {"dropout": -0.1}, {"max_movies": 0}, {"pairs": -1}, {"pair_l2": 0.0}]
)
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Ease.configure(wrong)

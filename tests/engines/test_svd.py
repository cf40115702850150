"""Svd: its regressions against plain ones, its predictions against a bias model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines.draws import normal_by_id
from matinee.engines.ridge_rows import eliminate, fit_rows, solve_rows
from matinee.engines.stars import EDGE, bend_into
from matinee.engines.svd import Svd, SvdConfig
from matinee.errors import SettingsError
from matinee.testing.worlds import latent
from matinee.types import Profile, Profiles


def damped_bias(train: Dataset, users: np.ndarray, movies: np.ndarray) -> np.ndarray:
    """Predict with damped movie and user averages."""
    mean = train.values.mean()
    count = np.bincount(train.movies, minlength=train.n_movies)
    of_movie = np.bincount(train.movies, train.values - mean, train.n_movies) / (count + 3)
    rest = train.values - mean - of_movie[train.movies]
    of_user = np.bincount(train.users, rest, train.n_users) / (np.diff(train.indptr) + 5)
    return mean + of_movie[movies] + of_user[users]


def rmse(predicted: np.ndarray, true: np.ndarray) -> float:
    return float(np.sqrt(np.mean((np.clip(predicted, 0.5, 5) - true) ** 2)))


def test_it_beats_the_bias_model_where_tastes_differ() -> None:
    dataset = latent(n_users=400, n_movies=120, per_user=35, noise=0.3)
    test = np.random.default_rng(0).random(dataset.n_ratings) < 0.15
    train, users, movies, true = (
        dataset.select(~test),
        dataset.users[test],
        dataset.movies[test],
        dataset.values[test],
    )
    engine = Svd(SvdConfig(embedding_size=3)).fit(train)
    predicted = engine.score(train.profiles())[users, movies]
    assert rmse(predicted, true) < 0.8 * rmse(damped_bias(train, users, movies), true)


def ridge_by_hand(entries: list[tuple[int, float]], theirs: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Minimise over stacked equations, the ridge as further rows."""
    features = np.array([[1, *theirs[other, 1:]] for other, _ in entries])
    targets = np.array([target - theirs[other, 0] for other, target in entries])
    stacked = np.vstack([features, np.diag(np.sqrt(ridge))])
    return np.linalg.lstsq(stacked, np.concatenate([targets, np.zeros(len(ridge))]), rcond=None)[0]


@pytest.mark.parametrize("solver", [solve_rows, fit_rows])
def test_each_row_is_a_ridge_regression(solver: object) -> None:
    rng = np.random.default_rng(3)
    theirs = rng.normal(size=(20, 5)).astype(np.float32)
    lengths = [0, 1, 4, 15, 0, 7]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    others = np.concatenate([rng.permutation(20)[:n] for n in lengths]).astype(np.int32)
    targets = rng.normal(size=len(others)).astype(np.float32)
    ridge = rng.uniform(0.5, 3, size=(6, 5)).astype(np.float32)
    before = [array.copy() for array in (theirs, targets, others, ridge)]
    found = solver(indptr, others, targets, theirs, ridge)  # type: ignore[operator]
    for row, n in enumerate(lengths):
        mine = slice(indptr[row], indptr[row + 1])
        if n:
            wanted = ridge_by_hand(list(zip(others[mine], targets[mine], strict=True)), theirs, ridge[row])
            np.testing.assert_allclose(found[row], wanted, atol=2e-5)
        else:
            assert not found[row].any()
    for array, copy in zip((theirs, targets, others, ridge), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_elimination_solves_a_batch_as_one_by_one() -> None:
    rng = np.random.default_rng(4)
    root = rng.normal(size=(30, 6, 6))
    normal = (root @ root.swapaxes(1, 2) + np.eye(6)).astype(np.float32)
    right = rng.normal(size=(30, 6)).astype(np.float32)
    wanted = np.stack([np.linalg.solve(a, b) for a, b in zip(normal.astype(float), right, strict=True)])
    np.testing.assert_allclose(eliminate(normal.copy(), right.copy()), wanted, atol=1e-3)


def test_folding_in_is_the_regression_of_the_fit() -> None:
    dataset = latent()
    engine = Svd(SvdConfig(embedding_size=4, l2=3.0, l2_power=0.3, user_bias_l2=5.0)).fit(dataset)
    profile = dataset.profiles()[3]
    films = np.column_stack([engine.arrays["bias"], engine.arrays["factors"]])
    ridge = np.array([5.0] + [3.0 * len(profile) ** 0.3] * 4)
    residual = profile.values - engine.arrays["mean"][0]
    wanted = ridge_by_hand(list(zip(profile.movies, residual, strict=True)), films, ridge)
    found = engine.fold_in(Profiles.stack([profile], dataset.n_movies))[0]
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    plain = engine.arrays["mean"][0] + wanted[0] + engine.arrays["bias"] + engine.arrays["factors"] @ wanted[1:]
    scores = engine.score(Profiles.stack([profile], dataset.n_movies))[0]
    inside = (plain > 0.5 + EDGE) & (plain < 5 - EDGE)
    assert inside.sum() > 10
    np.testing.assert_allclose(scores[inside], plain[inside], atol=1e-4)
    np.testing.assert_allclose(scores, np.clip(plain, 0.5, 5), atol=EDGE)


def test_somebody_unknown_gets_the_movies_averages() -> None:
    dataset = latent()
    engine = Svd().fit(dataset)
    scores = engine.score(Profiles.stack([Profile.empty()], dataset.n_movies))[0]
    plain = np.clip(engine.arrays["mean"][0] + engine.arrays["bias"], 0.5, 5)
    np.testing.assert_allclose(scores, plain, atol=EDGE)


def test_where_people_only_watched_there_is_nothing_to_tell_apart() -> None:
    dataset = latent()
    watched = replace(dataset, values=np.ones_like(dataset.values), explicit=False)
    np.testing.assert_allclose(Svd().fit(watched).score(watched.profiles()), 1, atol=1e-5)


def test_likeness_is_the_cosine_shrunk_by_the_number_of_ratings() -> None:
    dataset = latent()
    engine = Svd(SvdConfig(embedding_size=4, similar_l2=10.0)).fit(dataset)
    count, factors = np.bincount(dataset.movies, minlength=dataset.n_movies), engine.arrays["factors"]
    cosine = factors @ factors[2] / (np.linalg.norm(factors, axis=1) * np.linalg.norm(factors[2]))
    wanted = cosine * count / (count + 10)
    wanted[2] = 1
    np.testing.assert_allclose(engine.similar(2), wanted, atol=1e-5)


def test_bending_keeps_order_slope_and_scale() -> None:
    x = np.linspace(-3, 9, 2401, dtype=np.float32)[None]
    bent = bend_into(x.copy(), 0.5, 5.0)
    assert (np.diff(bent) > 0).all()
    assert bent.min() >= 0.5
    assert bent.max() <= 5
    assert np.abs(bent - np.clip(x, 0.5, 5)).max() <= EDGE
    inside = (x >= 0.5 + EDGE) & (x <= 5 - EDGE)
    np.testing.assert_array_equal(bent[inside], x[inside])
    slope = np.diff(bent[0]) / np.diff(x[0])
    assert np.abs(np.diff(slope)).max() < 0.3


def test_random_starts_belong_to_films_not_to_places() -> None:
    ids = np.array([5, 17, 3, 2**40])
    draws = normal_by_id(ids, 8, seed=1)
    np.testing.assert_array_equal(normal_by_id(ids[::-1], 8, seed=1), draws[::-1])
    assert (normal_by_id(ids, 8, seed=2) != draws).all()
    many = normal_by_id(np.arange(5000), 20, seed=0)
    assert abs(many.mean()) < 0.02
    assert abs(many.std() - 1) < 0.02
    assert np.abs(np.corrcoef(many.T) - np.eye(20)).max() < 0.08
    assert np.abs(np.corrcoef(many[:200]) - np.eye(200)).max() < 0.9


@pytest.mark.parametrize("wrong", [{"embedding_size": 0}, {"epochs": 0}, {"l2": 0.0}, {"user_bias_l2": -1.0}])
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Svd.configure(wrong)

"""Explicit ALS: its fixed point against plain regressions, its loss, its dials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines.explicit_als import ExplicitAls, ExplicitAlsConfig
from matinee.engines.stars import EDGE
from matinee.errors import SettingsError
from matinee.evaluation.protocols.rating import Rating
from matinee.testing.worlds import latent
from matinee.training.tune import tune
from matinee.types import Profile, Profiles

SMALL = ExplicitAlsConfig(embedding_size=2, l2=0.05)


@pytest.fixture(scope="module")
def world() -> Dataset:
    return latent(n_users=200, n_movies=60, per_user=20)


def person_by_hand(config: ExplicitAlsConfig, films: np.ndarray, profile: Profile, mean: float) -> np.ndarray:
    """Minimise over stacked equations, the ridge as further rows; a bias that is not wanted has no column."""
    ridge = config.l2 * (len(profile) if config.weighted_l2 else 1)
    rated = films[profile.movies].astype(np.float64)
    columns = rated[:, 1:]
    if config.bias:
        columns = np.column_stack([np.ones(len(rated)), columns])
    width = columns.shape[1]
    stacked = np.vstack([columns, np.sqrt(ridge) * np.eye(width)])
    targets = np.concatenate([profile.values - mean - rated[:, 0], np.zeros(width)])
    person = np.linalg.lstsq(stacked, targets, rcond=None)[0]
    return person if config.bias else np.concatenate([[0.0], person])


@pytest.mark.parametrize(("bias", "weighted"), [(True, True), (True, False), (False, True), (False, False)])
def test_folding_in_solves_the_small_system(world: Dataset, bias: bool, weighted: bool) -> None:
    config = replace(SMALL, bias=bias, weighted_l2=weighted)
    engine = ExplicitAls(config).fit(world)
    mean = float(engine.arrays["mean"][0])
    for row in (0, 7):
        profile = world.profiles()[row]
        batch = Profiles.stack([profile], world.n_movies)
        wanted = person_by_hand(config, engine.arrays["films"], profile, mean)
        np.testing.assert_allclose(engine.fold_in(batch)[0], wanted, atol=1e-3)
        films = engine.arrays["films"]
        plain = np.clip(mean + wanted[0] + films[:, 0] + films[:, 1:] @ wanted[1:], 0.5, 5)
        np.testing.assert_allclose(engine.score(batch)[0], plain, atol=EDGE + 1e-3)
    assert bias or not engine.arrays["films"][:, 0].any()


def loss(engine: ExplicitAls, dataset: Dataset) -> float:
    """Return the sum of squared errors and ridges that ALS minimises."""
    config, films = engine.config, engine.arrays["films"].astype(np.float64)
    people = engine.fold_in(dataset.profiles()).astype(np.float64)
    mine, theirs = people[dataset.users], films[dataset.movies]
    errors = (
        dataset.values - engine.arrays["mean"][0] - mine[:, 0] - theirs[:, 0] - (mine[:, 1:] * theirs[:, 1:]).sum(1)
    )
    counts = np.bincount(dataset.users), np.bincount(dataset.movies, minlength=len(films))
    ridges = [
        config.l2 * ((side**2).sum(axis=1) * (count if config.weighted_l2 else 1)).sum()
        for side, count in zip((people, films), counts, strict=True)
    ]
    return float((errors**2).sum() + sum(ridges))


@pytest.mark.parametrize("bias", [True, False])
def test_every_iteration_lowers_the_loss(world: Dataset, bias: bool) -> None:
    losses = [loss(ExplicitAls(replace(SMALL, bias=bias, epochs=n)).fit(world), world) for n in (1, 2, 4, 8)]
    assert (np.diff(losses) < 0).all()


def test_it_recovers_ratings_made_of_factors() -> None:
    """Low rank, hardly any noise: hidden ratings are found to within the rounding."""
    dataset = latent(n_users=300, n_movies=60, per_user=30, noise=0.05)
    hidden = np.random.default_rng(0).random(dataset.n_ratings) < 0.1
    train, test = dataset.select(~hidden), dataset.select(hidden)
    engine = ExplicitAls(replace(SMALL, l2=0.01, epochs=30)).fit(train)
    predicted = engine.score(train.profiles())[test.users, test.movies]
    assert np.sqrt(np.mean((predicted - test.values) ** 2)) < 0.45 * test.values.std()


def test_the_weighted_ridge_grows_with_the_ratings(world: Dataset) -> None:
    profile = world.profiles()[0]
    twice = Profiles.stack([profile], world.n_movies)
    weighted = ExplicitAls(SMALL).fit(world)
    arrays, settings = weighted.arrays, weighted.settings()
    plain = ExplicitAls.restore({**settings, "weighted_l2": False, "l2": 0.05 * len(profile)}, arrays, world.n_movies)
    np.testing.assert_array_equal(plain.fold_in(twice), weighted.fold_in(twice))
    lighter = ExplicitAls.restore({**settings, "weighted_l2": False}, arrays, world.n_movies)
    assert np.linalg.norm(lighter.fold_in(twice)) > np.linalg.norm(weighted.fold_in(twice))


def test_somebody_unknown_gets_the_films_averages(world: Dataset) -> None:
    engine = ExplicitAls(SMALL).fit(world)
    scores = engine.score(Profiles.stack([Profile.empty()], world.n_movies))[0]
    np.testing.assert_allclose(
        scores, np.clip(engine.arrays["mean"][0] + engine.arrays["films"][:, 0], 0.5, 5), atol=EDGE
    )


def test_the_grid_of_all_four_dials_is_searched(world: Dataset) -> None:
    grid = {"embedding_size": [1, 2], "l2": [0.02, 0.1], "epochs": [2, 5], "bias": [True, False]}
    found = tune(world, Rating(), ExplicitAls, grid)
    assert len(found.trials) == 16
    assert all(set(trial.settings) == set(grid) and np.isfinite(trial.measures["rmse"]) for trial in found.trials)
    figures = [trial.measures["rmse"] for trial in found.trials]
    assert figures == sorted(figures)
    assert found.best.settings["bias"] is True


@pytest.mark.parametrize("wrong", [{"embedding_size": 0}, {"epochs": 0}, {"l2": 0.0}])
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        ExplicitAls.configure(wrong)

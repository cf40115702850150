"""Bayes: its draws against a dense posterior, its fold-in against the plain formula, its doubts against the truth."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import bayes_gibbs, bayes_rows
from matinee.engines.bayes import BayesConfig, BayesianSvd
from matinee.engines.bayes_gibbs import Side, chain, conjugate_gradients, draw_side, normal_wishart, wishart
from matinee.engines.bayes_rows import Pool, Rows
from matinee.engines.bayes_samples import both_sides, content_keys
from matinee.engines.memory import available_memory
from matinee.engines.stars import EDGE
from matinee.engines.svd import Svd, SvdConfig
from matinee.errors import EnvironmentFailure, NotFittedError, SettingsError
from matinee.testing.worlds import latent
from matinee.types import Profile, Profiles

SMALL = BayesConfig(embedding_size=3, epochs=40, burn_in=10, samples=10)


@pytest.fixture(scope="module")
def world() -> Dataset:
    return latent(n_users=250, n_movies=80, per_user=25, noise=0.5)


@pytest.fixture(scope="module")
def engine(world: Dataset) -> BayesianSvd:
    return BayesianSvd(SMALL).fit(world)


# One Gibbs step.


def test_one_step_draws_from_the_exact_conditional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayes_gibbs, "TOLERANCE", 1e-5)
    tiny = latent(n_users=4, n_movies=5, per_user=3, seed=5)
    people, films = both_sides(tiny, 3.0)
    rng = np.random.default_rng(0)
    half = rng.normal(size=(2, 2))
    precision, pull_precision = 2 * np.eye(2) + half @ half.T, 3 * np.eye(2) + half.T @ half
    theirs = rng.normal(size=(5, 2)).astype(np.float32)
    nothing = np.zeros((5, 2), np.float32)
    side = Side(np.zeros((4, 2), np.float32), nothing, np.array([0.3, -0.2]), precision, pull_precision)
    wanted_mean, wanted_covariance = dense_posterior(people, theirs, side, noise_precision=1.7)
    draws = []
    with Pool(1) as pool:
        for _ in range(1000):
            drawn = draw_side(people, films, side, theirs, 1.7, rng, pool, implicit=True)
            draws.append(np.concatenate([drawn.vectors.ravel(), drawn.pulls.ravel()]))
    found = np.array(draws, np.float64)
    spread = np.sqrt(np.diag(wanted_covariance))
    assert np.abs((found.mean(axis=0) - wanted_mean) / spread).max() < 4.5 / np.sqrt(1000)
    off = (np.cov(found.T) - wanted_covariance) / np.outer(spread, spread)
    assert np.abs(off).max() < 5 * np.sqrt(2 / 1000)


def dense_posterior(
    rows: Rows, theirs: np.ndarray, side: Side, noise_precision: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and covariance of all vectors and pulls together, from one dense precision matrix."""
    n_rows, n_others, width = len(rows), len(theirs), theirs.shape[1]
    size = (n_rows + n_others) * width
    precision, right = np.zeros((size, size)), np.zeros(size)

    def add(design: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        nonlocal precision, right
        precision = precision + design.T @ weight @ design
        right = right + design.T @ weight @ target

    def block(place: int) -> np.ndarray:
        design = np.zeros((width, size))
        design[:, place * width : (place + 1) * width] = np.eye(width)
        return design

    for row in range(n_rows):
        mine = slice(rows.indptr[row], rows.indptr[row + 1])
        for other, target in zip(rows.others[mine], rows.targets[mine], strict=True):
            design = np.concatenate([[1.0], theirs[other, 1:]]) @ block(row)
            add(design[None], np.array([target - theirs[other, 0]]), np.array([[noise_precision]]))
        away = block(row) - sum(block(n_rows + other) for other in rows.others[mine]) / np.sqrt(
            max(rows.indptr[row + 1] - rows.indptr[row], 1)
        )
        add(away, side.mean, side.precision)
    for other in range(n_others):
        add(block(n_rows + other), np.zeros(width), side.pull_precision)
    covariance = np.linalg.inv(precision)
    return covariance @ right, covariance


def test_conjugate_gradients_solve_the_system() -> None:
    rng = np.random.default_rng(1)
    root = rng.normal(size=(12, 12)).astype(np.float32)
    system = root @ root.T + 12 * np.eye(12, dtype=np.float32)
    right = rng.normal(size=(4, 3)).astype(np.float32)
    found = conjugate_gradients(
        lambda x: (system @ x.ravel()).reshape(4, 3), right, np.diag(system).reshape(4, 3), np.zeros_like(right)
    )
    away = (system @ found.ravel() - right.ravel()) / np.sqrt(np.diag(system))
    assert np.linalg.norm(away) <= 2 * bayes_gibbs.TOLERANCE * np.linalg.norm(right.ravel() / np.sqrt(np.diag(system)))


def test_precisions_are_drawn_around_their_expectation() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(30, 3)) * [0.5, 1, 2] + [1, 0, -1]
    scatter = rows.T @ rows
    wanted = (30 + 4) * np.linalg.inv(scatter + 0.1 * np.eye(3))
    found = np.mean([wishart(scatter, 30, rng, guess=0.1) for _ in range(3000)], axis=0)
    scale = np.sqrt(np.diag(wanted))
    assert np.abs((found - wanted) / np.outer(scale, scale)).max() < 0.03
    means = np.mean([normal_wishart(rows, rng, guess=0.1)[0] for _ in range(1000)], axis=0)
    np.testing.assert_allclose(means, rows.sum(axis=0) / 31, atol=0.05)


def test_draws_do_not_depend_on_the_threads(world: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bayes_rows, "PIECE", 500)
    people, films = both_sides(world, 3.0)
    states = []
    for threads in (1, 3):
        with Pool(threads) as pool:
            states.append(list(islice(chain(people, films, 4, 7, implicit=True, pool=pool), 4))[-1])
    assert states[0].noise_precision == states[1].noise_precision
    for one, other in ((states[0].people, states[1].people), (states[0].films, states[1].films)):
        np.testing.assert_array_equal(one.vectors, other.vectors)
        np.testing.assert_array_equal(one.pulls, other.pulls)


# Scores.


def test_folding_in_is_the_conditional_mean_of_every_sample(world: Dataset, engine: BayesianSvd) -> None:
    profile, arrays = world.profiles()[3], engine.arrays
    samples, width = arrays["start"].shape
    wanted = []
    for s in range(samples):
        films = arrays["features"].reshape(-1, samples, width)[:, s].astype(np.float64)
        start = arrays["start"][s] + arrays["pulls"].reshape(-1, samples, width)[profile.movies, s].sum(
            axis=0
        ) / np.sqrt(len(profile))
        residual = profile.values - arrays["mean"][0] - arrays["bias"][profile.movies, s]
        # Ratings with variance noise², a prior N(start, I): stacked equations.
        design = np.vstack([films[profile.movies] / arrays["noise"][s], np.eye(width)])
        person = np.linalg.lstsq(design, np.concatenate([residual / arrays["noise"][s], start]), rcond=None)[0]
        wanted.append(arrays["mean"][0] + arrays["bias"][:, s] + films @ person)
    plain = np.mean(wanted, axis=0)
    scores = engine.score(Profiles.stack([profile], world.n_movies))[0]
    np.testing.assert_allclose(scores, np.clip(plain, 0.5, 5), atol=EDGE)
    inside = (plain > 0.5 + EDGE) & (plain < 5 - EDGE)
    np.testing.assert_allclose(scores[inside], plain[inside], atol=1e-3)


def rmse_of(engine: BayesianSvd | Svd, train: Dataset, test: Dataset) -> float:
    predicted = engine.fit(train).score(train.profiles())[test.users, test.movies]
    return float(np.sqrt(np.mean((np.clip(predicted, 0.5, 5) - test.values) ** 2)))


def test_it_beats_the_point_estimate_where_ratings_are_noisy() -> None:
    dataset = latent(n_users=300, n_movies=100, per_user=25, noise=0.8, seed=1)
    hidden = np.random.default_rng(0).random(dataset.n_ratings) < 0.2
    train, test = dataset.select(~hidden), dataset.select(hidden)
    found = rmse_of(BayesianSvd(replace(SMALL, epochs=60)), train, test)
    assert found < min(rmse_of(Svd(SvdConfig(embedding_size=3, l2=l2)), train, test) for l2 in (1.0, 2.0, 4.0))


def test_who_rated_what_counts_whatever_the_stars() -> None:
    """People rate what they like: with one rating each side knows little else."""
    dataset = latent(n_users=400, n_movies=60, per_user=12, noise=0.8, seed=2)
    hidden = np.random.default_rng(0).random(dataset.n_ratings) < 0.2
    train, test = dataset.select(~hidden), dataset.select(hidden)
    settings = replace(SMALL, epochs=60)
    assert rmse_of(BayesianSvd(settings), train, test) < rmse_of(
        BayesianSvd(replace(settings, implicit=False)), train, test
    )


def test_people_are_named_by_what_they_rated(world: Dataset) -> None:
    keys = content_keys(world)
    assert len(np.unique(keys)) == world.n_users
    twins = replace(
        world,
        users=np.concatenate([world.users, np.full(len(world.profiles()[0]), world.n_users, np.int32)]),
        **{
            name: np.concatenate([getattr(world, name), getattr(world, name)[: len(world.profiles()[0])]])
            for name in ("movies", "values", "times", "rows")
        },
        user_ids=type(world.user_ids)(np.arange(world.n_users + 1), "user"),
    )
    again = content_keys(twins)
    np.testing.assert_array_equal(again[:-1], keys)
    assert again[-1] not in keys


# Doubt.


def test_doubt_shrinks_with_every_rating(world: Dataset, engine: BayesianSvd) -> None:
    whole = world.profiles()[int(np.argmax(np.diff(world.indptr)))]
    parts = [Profile.of(whole.movies[:n], whole.values[:n]) for n in (0, 2, 8, len(whole))]
    asked = np.arange(world.n_movies, dtype=np.int32)
    forecast = engine.predict_with_interval(Profiles.stack(parts, world.n_movies), asked)
    assert forecast.mean.shape == forecast.doubt.shape == (4, world.n_movies)
    assert (np.diff(forecast.doubt.mean(axis=1)) < 0).all()
    assert (forecast.spread > forecast.doubt).all()
    assert np.isfinite(forecast.spread).all()
    scores = engine.score(Profiles.stack(parts, world.n_movies))
    np.testing.assert_allclose(forecast.mean, scores, atol=1e-4)


def test_a_stranger_is_taken_for_an_average_person(world: Dataset, engine: BayesianSvd) -> None:
    """Nobody has an empty profile in training; what is expected of one is the mean over everybody."""
    arrays = engine.arrays
    samples, width = arrays["start"].shape
    incidence = world.matrix(np.ones(world.n_ratings, np.float32)).toarray()
    moved = (incidence / np.sqrt(incidence.sum(axis=1, keepdims=True))) @ arrays["pulls"]
    expected = moved.reshape(-1, samples, width) + arrays["start"]
    nobody = Profiles.stack([Profile.empty()], world.n_movies)
    np.testing.assert_allclose(engine.fold_in(nobody)[0], expected.mean(axis=0).ravel(), atol=1e-3)
    films = arrays["features"][5].reshape(samples, width)
    within = [films[s] @ (np.eye(width) + np.cov(expected[:, s].T, bias=True)) @ films[s] for s in range(samples)]
    between = ((expected.mean(axis=0) * films).sum(axis=1) + arrays["bias"][5]).var()
    doubt = engine.predict_with_interval(nobody, np.array([5], np.int32)).doubt[0, 0]
    np.testing.assert_allclose(doubt**2, np.mean(within) + between, rtol=1e-3)


def test_nine_hidden_ratings_in_ten_lie_inside_the_interval() -> None:
    dataset = latent(n_users=300, n_movies=100, per_user=25, noise=0.5, seed=3)
    hidden = np.random.default_rng(0).random(dataset.n_ratings) < 0.2
    train, test = dataset.select(~hidden), dataset.select(hidden)
    engine = BayesianSvd(replace(SMALL, epochs=60)).fit(train)
    forecast = engine.predict_with_interval(train.profiles(), np.arange(100, dtype=np.int32))
    mean, spread = forecast.mean[test.users, test.movies], forecast.spread[test.users, test.movies]
    assert 0.85 < np.mean(np.abs(test.values - mean) <= 1.64 * spread) < 0.96


def test_the_noise_of_ratings_is_found(world: Dataset, engine: BayesianSvd) -> None:
    """Half-star rounding adds a variance of 1/48 to the noise of 0.5."""
    assert abs(engine.arrays["noise"].mean() - np.sqrt(0.25 + 1 / 48)) < 0.06


def test_no_profiles_no_forecast(world: Dataset, engine: BayesianSvd) -> None:
    forecast = engine.predict_with_interval(Profiles.stack([], world.n_movies), np.array([1, 2], np.int32))
    assert forecast.mean.shape == forecast.doubt.shape == forecast.spread.shape == (0, 2)
    with pytest.raises(NotFittedError):
        BayesianSvd().predict_with_interval(world.profiles(), np.array([1], np.int32))


# Settings and means.


def test_the_seed_decides_and_nothing_else(world: Dataset, engine: BayesianSvd) -> None:
    profiles = world.profiles().slice(0, 5)
    scores = engine.score(profiles)
    np.testing.assert_array_equal(BayesianSvd(SMALL).fit(world).score(profiles), scores)
    other = BayesianSvd(replace(SMALL, seed=1)).fit(world).score(profiles)
    assert 0.001 < np.abs(other - scores).mean() < 0.3


def test_samples_are_those_asked_for(world: Dataset) -> None:
    kept = BayesianSvd(replace(SMALL, epochs=12, burn_in=10, samples=8)).fit(world).arrays
    assert kept["start"].shape == (2, 4)
    assert kept["features"].shape == kept["pulls"].shape == (world.n_movies, 8)
    assert kept["features"].dtype == kept["pulls"].dtype == kept["bias"].dtype == np.float32


def test_likeness_shrinks_where_few_rated(world: Dataset, engine: BayesianSvd) -> None:
    count = np.bincount(world.movies, minlength=world.n_movies)
    plain = BayesianSvd.restore({**engine.settings(), "similar_l2": 0.0}, engine.arrays, engine.n_movies).similar(4)
    shrunk = engine.similar(4)
    assert plain is not None
    assert shrunk is not None
    others = np.arange(world.n_movies) != 4
    np.testing.assert_allclose(shrunk[others], (plain * count / (count + 20))[others], atol=1e-6)
    assert shrunk[4] == 1


def test_too_much_memory_is_refused_before_it_is_taken(world: Dataset) -> None:
    if available_memory() is None:
        pytest.skip("the machine does not say how much memory it has")
    with pytest.raises(EnvironmentFailure, match="bayes with 1000000 factors"):
        BayesianSvd(BayesConfig(embedding_size=1_000_000)).fit(world)


@pytest.mark.parametrize(
    "wrong",
    [{"embedding_size": 0}, {"samples": 0}, {"burn_in": -1}, {"epochs": 10, "burn_in": 10}, {"similar_l2": -1.0}],
)
def test_settings_outside_their_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        BayesianSvd.configure(wrong)

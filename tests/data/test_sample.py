"""The simulated viewers of the sample: declared, deterministic, lifelike and learnable."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matinee.data import Dataset
from matinee.data.sample import load_sample
from matinee.data.sample.diary import DAY, DiaryConfig
from matinee.data.sample.films import read_films
from matinee.data.sample.taste import WEIGHTS, affinity, indicators
from matinee.data.sample.viewers import ViewersConfig, simulate

END = int(datetime(2026, 9, 30, tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def films() -> pl.DataFrame:
    return read_films()


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_sample()


def test_two_builds_are_the_same(sample: Dataset) -> None:
    assert load_sample().fingerprint == sample.fingerprint


def test_another_seed_gives_other_viewers(films: pl.DataFrame) -> None:
    one, other = (simulate(films, ViewersConfig(seed=seed, n_viewers=50)) for seed in (1, 2))
    assert not np.array_equal(one.films[:200], other.films[:200])


def test_the_viewers_are_declared_simulated(sample: Dataset) -> None:
    assert sample.simulated
    assert sample.name == "sample"
    assert sample.explicit
    assert sample.ordered
    assert sample.times_known


def test_progress_ends_the_stage_it_began() -> None:
    heard: list[tuple[str, int, int]] = []
    load_sample(lambda *told: heard.append(told))
    assert heard == [("sample", 0, 2), ("sample", 1, 2), ("sample", 2, 2)]


def test_there_are_two_thousand_viewers_and_about_150_000_ratings(sample: Dataset) -> None:
    assert sample.n_users == 2000
    assert sample.user_ids.ids.tolist() == list(range(1, 2001))
    assert abs(sample.n_ratings - 150_000) <= 15_000
    lengths = sample.profiles().lengths()
    assert lengths.min() >= 15
    assert np.percentile(lengths, 95) > 3 * np.median(lengths), "activity has no long tail"
    assert len(np.unique(sample.users.astype(np.int64) * sample.n_movies + sample.movies)) == sample.n_ratings


def test_popularity_has_a_head_and_a_tail(sample: Dataset, films: pl.DataFrame) -> None:
    counts = np.bincount(sample.movies, minlength=sample.n_movies)
    falling = np.sort(counts)[::-1]
    head = falling[: len(falling) // 10].sum() / sample.n_ratings
    assert 0.25 < head < 0.6
    assert falling[-len(falling) // 10 :].mean() < 0.5 * np.median(counts)
    by_fame = [counts[films["fame"].to_numpy() == fame].mean() for fame in range(1, 6)]
    assert by_fame == sorted(by_fame)


def test_stars_look_like_stars(sample: Dataset) -> None:
    stars, counts = np.unique(sample.values, return_counts=True)
    share = dict(zip(stars.tolist(), (counts / sample.n_ratings).tolist(), strict=True))
    assert stars.tolist() == [step / 2 for step in range(1, 11)]
    assert 3.4 < sample.values.mean() < 3.65
    assert 0.95 < sample.values.std() < 1.15
    assert max(share, key=lambda star: share[star]) == 4.0
    assert share[3.0] > share[3.5] < share[4.0] > share[4.5], "whole stars are given more often than halves"
    assert 0.002 < share[0.5] < 0.03
    assert 0.10 < share[5.0] < 0.20


def test_people_watch_what_they_like(films: pl.DataFrame) -> None:
    """The stars a viewer gives rise with the same liking that made them choose: drama fans rate dramas higher."""
    config = ViewersConfig(n_viewers=400)
    ratings = simulate(films, config)
    liking = affinity(films, config.n_viewers, np.random.default_rng(config.seed))
    assert liking[ratings.viewers, ratings.films].mean() > 0.5
    assert np.corrcoef(liking[ratings.viewers, ratings.films], ratings.stars)[0, 1] > 0.3


def test_nothing_is_rated_before_its_year_or_after_the_end(sample: Dataset) -> None:
    assert sample.times.max() < END
    assert sample.times.min() >= END - DiaryConfig().n_days * DAY
    years = sample.catalogue.years
    earliest = np.array([datetime(int(year), 1, 1, tzinfo=UTC).timestamp() for year in years])
    assert (sample.times >= earliest[sample.movies]).all()


def test_ratings_come_in_evening_sessions(sample: Dataset) -> None:
    gaps = np.diff(sample.times)[np.diff(sample.users) == 0]
    assert 0.6 < (gaps < 1800).mean() < 0.95
    assert (gaps > DAY).mean() > 0.05
    hours = (sample.times % DAY) // 3600
    assert ((hours >= 17) & (hours <= 23)).mean() > 0.7


def test_a_few_films_trend_in_the_last_month(sample: Dataset) -> None:
    counts = np.bincount(sample.movies, minlength=sample.n_movies)
    late = np.bincount(sample.movies[sample.times >= END - 30 * DAY], minlength=sample.n_movies)
    share = late / np.maximum(counts, 1)
    assert (share > 0.4).sum() >= 5
    assert np.median(share) < 0.1


def test_sessions_follow_directors(sample: Dataset) -> None:
    """The next film is by the same director more often than in the same profile shuffled."""
    director = sample.catalogue.movies["directors"].list.first().rank("dense").to_numpy()[sample.movies]
    same_user = np.diff(sample.users) == 0
    shuffled = director[np.lexsort((np.random.default_rng(0).random(len(director)), sample.users))]
    by_session = (np.diff(director) == 0)[same_user].mean()
    by_chance = (np.diff(shuffled) == 0)[same_user].mean()
    assert by_session > 3 * by_chance


def test_a_tiny_catalogue_is_watched_within_bounds(films: pl.DataFrame) -> None:
    ratings = simulate(films.head(20), ViewersConfig(n_viewers=30))
    assert np.bincount(ratings.viewers).max() <= 12
    assert set(ratings.films.tolist()) <= set(range(20))


def test_indicators_mark_the_names_a_film_carries() -> None:
    assert indicators([["b"], [], ["a", "b"]]).tolist() == [[0, 1], [0, 0], [1, 1]]


# --- can it be learned? --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def held_out(sample: Dataset) -> np.ndarray:
    """True for the last fifth of every viewer's ratings."""
    place = np.arange(sample.n_ratings) - sample.indptr[sample.users]
    return place >= np.ceil(0.8 * np.diff(sample.indptr)[sample.users])


def recall_at_10(scores: np.ndarray, seen: np.ndarray, wanted: np.ndarray) -> float:
    top = np.argsort(-np.where(seen > 0, -np.inf, scores), axis=1)[:, :10]
    hits = np.take_along_axis(wanted, top, axis=1).sum(axis=1)
    return float((hits / np.minimum(wanted.sum(axis=1), 10)).mean())


def test_item_and_factor_models_beat_popularity_clearly(sample: Dataset, held_out: np.ndarray) -> None:
    ones = np.ones(sample.n_ratings, np.float32)
    seen = sample.select(~held_out).matrix(ones[~held_out]).toarray()
    wanted = sample.select(held_out).matrix(ones[held_out]).toarray()
    gram = seen.T @ seen
    popular = recall_at_10(np.broadcast_to(seen.sum(axis=0), seen.shape), seen, wanted)
    inverse = np.linalg.inv(gram + 200.0 * np.eye(len(gram), dtype=np.float32))
    ridge = recall_at_10(seen @ (np.eye(len(gram)) - inverse / np.diag(inverse)), seen, wanted)
    vectors = np.linalg.eigh(gram)[1][:, -16:]
    factors = recall_at_10(seen @ vectors @ vectors.T, seen, wanted)
    chance = recall_at_10(np.random.default_rng(0).random(seen.shape), seen, wanted)
    assert popular > 3 * chance
    assert ridge > 1.4 * popular
    assert factors > 1.3 * popular


def test_biases_beat_a_constant_and_factors_beat_biases(sample: Dataset, held_out: np.ndarray) -> None:
    train, test = sample.select(~held_out), sample.select(held_out)
    mean = train.values.mean()
    viewer, film = np.zeros(sample.n_users), np.zeros(sample.n_movies)
    for _ in range(5):
        rest = train.values - mean - viewer[train.users]
        film = np.bincount(train.movies, rest, sample.n_movies) / (np.bincount(train.movies, minlength=len(film)) + 5)
        rest = train.values - mean - film[train.movies]
        viewer = np.bincount(train.users, rest, sample.n_users) / (np.bincount(train.users, minlength=len(viewer)) + 5)
    left = (train.values - mean - viewer[train.users] - film[train.movies]).astype(np.float32)
    residual = train.matrix(left).toarray()
    filled = np.zeros_like(residual)
    # Soft-impute (Mazumder et al. 2010): shrunk singular vectors of the residuals, unknown cells filled in by the model.
    for _ in range(8):
        known = np.where(residual != 0, residual, filled)
        squares, vectors = np.linalg.eigh(known.T @ known)
        sizes = np.sqrt(np.maximum(squares[-12:], 1e-9))
        filled = known @ (vectors[:, -12:] * np.maximum(1 - 9.0 / sizes, 0)) @ vectors[:, -12:].T
    base = mean + viewer[test.users] + film[test.movies]

    def rmse(predicted: np.ndarray | float) -> float:
        return float(np.sqrt(((test.values - predicted) ** 2).mean()))

    assert rmse(base) < 0.9 * rmse(mean)
    assert rmse(base + filled[test.users, test.movies]) < 0.98 * rmse(base)


def test_the_documented_equations_carry_the_weights_of_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sample.md").read_text(encoding="utf-8")
    config = ViewersConfig()
    taste = " + ".join(f"{weight:g} {name}" if weight != 1 else f"1.0 {name}" for name, weight in WEIGHTS.items())
    assert f"a_ui = standardise( {taste} )" in page
    assert f"{config.fame_weight:g} fame_i" in page
    assert f"{config.taste_weight:g} a_ui + Gumbel" in page
    assert f"round( {config.mean_stars:g} + {config.deviation_stars:g} (z_ui" in page

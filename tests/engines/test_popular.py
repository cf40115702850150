"""Popular: the formula by hand, the bounds by simulation, trending by the calendar."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from matinee.data import Dataset
from matinee.data.dataset import Catalogue, from_columns
from matinee.engines.popular import Popular, PopularConfig
from matinee.engines.popular_statistics import prior_by_scale
from matinee.errors import SettingsError, ShapeError
from matinee.types import Profile, Profiles

DAY = 86_400


def dataset(ratings: list[tuple[int, int, float, int]], n_movies: int, *, explicit: bool = True) -> Dataset:
    users, movies, values, times = zip(*ratings, strict=True)
    built = from_columns(
        name="tiny",
        catalogue=Catalogue.of(
            pl.DataFrame({"movie_id": range(1, n_movies + 1), "title": [f"Film {i}" for i in range(n_movies)]})
        ),
        user_ids=np.array(users),
        movie_ids=np.array(movies),
        values=np.array(values, np.float32),
        times=np.array(times) * DAY,
    )
    return built if explicit else Dataset(**{**built.__dict__, "explicit": False})


RATINGS = [(1, 1, 5.0, 0), (2, 1, 4.0, 50), (3, 1, 3.0, 99), (1, 2, 2.0, 100), (2, 2, 4.0, 100), (3, 3, 5.0, 10)]


def test_the_weighted_rating_is_the_formula() -> None:
    engine = Popular(PopularConfig(prior_ratings=2)).fit(dataset(RATINGS, 4))
    everybody = 23 / 6
    expected = [
        3 / 5 * 4.0 + 2 / 5 * everybody,
        2 / 4 * 3.0 + 2 / 4 * everybody,
        1 / 3 * 5.0 + 2 / 3 * everybody,
        everybody,
    ]
    np.testing.assert_allclose(engine.arrays["weighted"], expected, rtol=1e-6)
    assert engine.arrays["count"].tolist() == [3, 2, 1, 0]
    np.testing.assert_allclose(engine.arrays["mean"], [4, 3, 5, 0])


def test_the_bounds_are_those_of_the_dirichlet_posterior() -> None:
    config = PopularConfig(prior_ratings=20, credible=0.9)
    rng = np.random.default_rng(1)
    stars = rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], size=300, p=[0.1, 0.1, 0.2, 0.4, 0.2])
    ratings = [(u, 1 if u < 60 else 2, float(s), 0) for u, s in enumerate(stars)]
    engine = Popular(config).fit(dataset(ratings, 2))
    everybody = np.array([(stars == s).mean() for s in range(1, 6)])
    first = np.array([(stars[:60] == s).sum() for s in range(1, 6)])
    draws = rng.dirichlet(20 * everybody + first, size=200_000) @ np.arange(1, 6)
    np.testing.assert_allclose(engine.arrays["weighted"][0], draws.mean(), atol=0.002)
    np.testing.assert_allclose(
        [engine.arrays["low"][0], engine.arrays["high"][0]], np.quantile(draws, [0.05, 0.95]), atol=0.01
    )


def test_more_ratings_make_narrower_bounds() -> None:
    few = [(u, 1, float(1 + u % 5), 0) for u in range(5)]
    many = [(u, 2, float(1 + u % 5), 0) for u in range(200)]
    arrays = Popular().fit(dataset(few + many, 3)).arrays
    width = arrays["high"] - arrays["low"]
    assert width[2] > width[0] > width[1] > 0


def test_the_prior_is_a_thousand_at_25_million() -> None:
    assert prior_by_scale(25_000_000) == pytest.approx(1000)
    assert prior_by_scale(1_000_209) == pytest.approx(200, rel=0.01)
    assert prior_by_scale(0) == 1


def test_top_ranks_by_weighted_rating_inside_the_mask() -> None:
    engine = Popular(PopularConfig(prior_ratings=2)).fit(dataset(RATINGS, 4))
    assert engine.top(10).tolist() == [2, 0, 1]
    assert engine.top(10, np.array([True, True, False, True])).tolist() == [0, 1]
    assert engine.top(1).tolist() == [2]
    with pytest.raises(ShapeError):
        engine.top(1, np.ones(3, np.bool_))


def test_trending_counts_the_last_days_with_decay() -> None:
    engine = Popular().fit(dataset(RATINGS, 4))
    np.testing.assert_allclose(
        engine.trending_scores(window_days=60, half_life_days=10), [2**-0.1 + 2**-5.0, 2, 0, 0], rtol=1e-6
    )
    assert engine.trending(10, window_days=60).tolist() == [1, 0]
    assert engine.trending(10, window_days=1).tolist() == [1]
    assert engine.trending(10, window_days=60, among=np.array([True, False, True, True])).tolist() == [0]
    for wrong in (0, 731):
        with pytest.raises(SettingsError):
            engine.trending(10, window_days=wrong)


def test_recent_adds_up_decayed_stars_above_the_middle() -> None:
    engine = Popular(PopularConfig(recent_half_life_days=10)).fit(dataset(RATINGS, 4))
    middle = 2.75
    first = (5 - middle) * 2**-10.0 + (4 - middle) * 2**-5.0 + (3 - middle) * 2**-0.1
    np.testing.assert_allclose(engine.arrays["recent"], [first, 4 - middle, (5 - middle) * 2**-9.0, 0], rtol=1e-6)


def test_without_times_nothing_trends_and_all_praise_counts_alike() -> None:
    plain = dataset(RATINGS, 4)
    timeless = Dataset(**{**plain.__dict__, "times": np.full(plain.n_ratings, np.iinfo(np.int64).min)})
    engine = Popular(PopularConfig(rank_by="recent")).fit(timeless)
    assert not engine.trending_scores().any()
    np.testing.assert_allclose(engine.arrays["recent"], [3.75, 1.25, 2.25, 0])


def columns(ratings: list[tuple[int, int, float, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    _, movies, values, times = zip(*ratings, strict=True)
    return np.array(movies, np.int32) - 1, np.array(values, np.float32), np.array(times, np.int64) * DAY


def same(found: Popular, wanted: Popular) -> None:
    assert found.arrays.keys() == wanted.arrays.keys()
    for name, array in wanted.arrays.items():
        assert found.arrays[name].dtype == array.dtype, name
        np.testing.assert_allclose(found.arrays[name], array, rtol=1e-6, atol=1e-9, err_msg=name)


MORE = [(4, 1, 1.0, 101), (4, 4, 5.0, 140), (5, 3, 3.5, 90)]


@pytest.mark.parametrize("history_days", [730, 30])
def test_learning_more_equals_a_new_fit(history_days: int) -> None:
    config = PopularConfig(recent_half_life_days=20, history_days=history_days)
    before = Popular(config).fit(dataset(RATINGS, 4))
    kept = {name: array.copy() for name, array in before.arrays.items()}
    same(before.learn(*columns(MORE)), Popular(config).fit(dataset(RATINGS + MORE, 4)))
    for name, array in kept.items():
        np.testing.assert_array_equal(before.arrays[name], array)


def test_forgetting_takes_a_rating_out_again() -> None:
    engine = Popular(PopularConfig(prior_ratings=3)).fit(dataset(RATINGS + MORE[:1], 4))
    gone = engine.learn(*columns(MORE[:1]), forget=True)
    wanted = Popular(PopularConfig(prior_ratings=3)).fit(dataset(RATINGS, 4))
    for name in ("count", "mean", "weighted", "low", "high", "total"):
        np.testing.assert_allclose(gone.arrays[name], wanted.arrays[name], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(gone.trending_scores(window_days=60)[0], 2 ** (-2 / 30) + 2 ** (-51 / 30), rtol=1e-5)


def test_ratings_without_time_stand_back_once_times_are_known() -> None:
    unknown = np.array([np.iinfo(np.int64).min])
    timeless = dataset(RATINGS[:1], 4)
    timeless = Dataset(**{**timeless.__dict__, "times": unknown})
    engine = Popular().fit(timeless).learn(*columns(MORE[1:2]))
    np.testing.assert_allclose(engine.arrays["recent"], [0, 0, 0, 2.25])
    again = engine.learn(np.array([1], np.int32), np.array([5], np.float32), unknown)
    np.testing.assert_allclose(again.arrays["recent"], [0, 0, 0, 2.25])
    assert again.arrays["count"].tolist() == [1, 1, 0, 1]


def test_learning_what_does_not_fit_is_refused() -> None:
    engine = Popular().fit(dataset(RATINGS, 4))
    for movies in ([4], [-1], [0, 1]):
        with pytest.raises(ShapeError):
            engine.learn(np.array(movies, np.int32), np.ones(1, np.float32), np.zeros(1, np.int64))


def test_predict_then_learn_beats_standing_still_when_fashion_moves() -> None:
    """Replay: each month people rate the films that are new; guess what is rated next, then learn it."""
    rng = np.random.default_rng(0)
    months, films = 20, 60
    stream = []
    for month in range(months):
        liked = np.exp(-np.abs(np.arange(films) - 3 * month) / 3)
        chosen = rng.choice(films, 200, p=liked / liked.sum())
        stream += [(1000 * month + i, int(film) + 1, 5.0, 30 * month) for i, film in enumerate(chosen)]
    config = PopularConfig(recent_half_life_days=30)
    still = Popular(config).fit(dataset(stream[:2000], films))
    moving, hits = still, {"still": 0, "moving": 0}
    nobody = Profiles.stack([Profile.empty()], films)
    for month in range(10, months):
        news = columns(stream[200 * month : 200 * (month + 1)])
        for name, engine in (("still", still), ("moving", moving)):
            hits[name] += int(np.isin(news[0], np.argsort(-engine.score(nobody)[0])[:10]).sum())
        moving = moving.learn(*news)
    assert hits["moving"] > 3 * hits["still"]


@pytest.mark.parametrize(
    ("rank_by", "order"), [("count", [0, 1, 2, 3]), ("recent", [1, 0, 2, 3]), ("weighted_rating", [2, 0, 1, 3])]
)
def test_each_ranking_orders_films_its_way(rank_by: str, order: list[int]) -> None:
    engine = Popular(PopularConfig(rank_by=rank_by, prior_ratings=2, recent_half_life_days=20))
    scores = engine.fit(dataset(RATINGS, 4)).score(Profiles.stack([Profile.empty(), Profile.of([1], [5.0])], 4))
    assert np.argsort(-scores[0], kind="stable").tolist() == order
    np.testing.assert_array_equal(scores[0], scores[1])


def test_watching_is_ranked_by_count() -> None:
    watched = dataset([(u, m, 1.0, 0) for u, m, _, _ in RATINGS], 4, explicit=False)
    engine = Popular(PopularConfig(rank_by="weighted_rating")).fit(watched)
    assert np.argsort(-engine.score(Profiles.stack([Profile.empty()], 4))[0], kind="stable").tolist() == [0, 1, 2, 3]
    assert engine.top(2).tolist() == [0, 1]


@pytest.mark.parametrize("wrong", [{"rank_by": "year"}, {"credible": 1.0}, {"prior_ratings": -1}, {"history_days": 0}])
def test_settings_outside_their_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Popular.configure(wrong)

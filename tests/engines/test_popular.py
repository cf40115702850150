"""Popular: the formula by hand, the bounds by simulation, trending by the calendar."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from matinee.data import Dataset
from matinee.data.dataset import Catalogue, from_columns
from matinee.engines.popular import Popular, PopularConfig, prior_by_scale
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

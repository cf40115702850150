"""The replay foretells before it learns, on the same events for every way, and shows what learning is worth."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import polars as pl
import pytest

from matinee.data import Catalogue, Dataset, from_columns
from matinee.engines import create
from matinee.errors import DataError, SettingsError
from matinee.evaluation.replay import ReplayConfig, replay
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector, Profiles, Progress

N = 30


def fashion(n_ratings: int = 1200, seed: int = 1) -> Dataset:
    """Everybody rates what is in fashion, and the fashion moves from film to film as time goes on."""
    draws = np.random.default_rng(seed)
    times = np.arange(n_ratings) * 86_400
    movies = (times * (N - 6) // times[-1] // 1 + draws.integers(0, 6, n_ratings)).astype(np.int64)
    catalogue = Catalogue.of(pl.DataFrame({"movie_id": np.arange(N), "title": [f"Film {n}" for n in range(N)]}))
    return from_columns(
        name="fashion",
        catalogue=catalogue,
        user_ids=draws.integers(0, 300, n_ratings),
        movie_ids=movies,
        values=draws.choice([2.0, 4.0, 5.0], n_ratings).astype(np.float32),
        times=times,
    )


class Witness:
    """Remembers everything it was asked and told."""

    name = "witness"

    def __init__(self) -> None:
        self.told: list[tuple[int, ...]] = []
        self.asked: list[Profiles] = []
        self.train: Dataset | None = None

    def fit(self, dataset: Dataset, progress: Progress) -> Self:
        self.train = dataset
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        self.asked.append(profiles)
        return np.zeros((len(profiles), profiles.n_movies), np.float32)

    def learn(self, movies: IntVector, values: FloatVector, times: LongVector, before: Profiles | None = None) -> Self:
        assert before is not None
        self.told += list(zip(times.tolist(), movies.tolist(), before.lengths().tolist(), strict=True))
        return self


def test_everything_is_foretold_once_and_in_order() -> None:
    data = fashion()
    witness = Witness()
    found = replay(data, lambda: witness, ReplayConfig(train_share=0.6, step=100, refit_every=0))
    assert witness.train is not None
    assert witness.train.n_ratings == found.n_train
    assert found.n_train + found.n_stream == data.n_ratings
    assert [time for time, *_ in witness.told] == sorted(data.times.tolist())[found.n_train :]
    users = {(time, movie): user for time, movie, user in zip(data.times, data.movies, data.users, strict=True)}
    for time, movie, known in witness.told:
        earlier = (data.users == users[time, movie]) & (data.times < time)
        assert known == earlier.sum()
    stream = data.times >= sorted(data.times)[found.n_train]
    assert found.n_events == int((stream & (data.values >= 3.5)).sum())


def test_a_tie_with_everything_counts_against_the_film() -> None:
    found = replay(fashion(), Witness, ReplayConfig(refit_every=0))
    assert all(lived.hit_rate.max() == 0 for lived in found.lived)


def test_learning_along_the_way_beats_standing_still_when_fashion_moves() -> None:
    found = replay(
        fashion(),
        lambda: create("popular", {"rank_by": "recent", "recent_half_life_days": 30}),
        ReplayConfig(step=20, refit_every=5),
    )
    assert [lived.way for lived in found.lived] == ["frozen", "profiles", "learning", "refitting"]
    gain = found.gain_over("learning", "profiles")
    assert gain.low > 0.1
    assert found["learning"].ndcg.mean() >= found["refitting"].ndcg.mean()


def test_next_gains_from_single_steps() -> None:
    found = replay(
        fashion(2400),
        lambda: create("next", {"smoothing": 1.0, "regression_l2": 10.0}),
        ReplayConfig(step=50, refit_every=0, cutoff=5),
    )
    assert found.gain_over("learning", "profiles").low > 0


def test_an_engine_that_learns_by_fits_alone_has_no_learning_row() -> None:
    found = replay(fashion(), lambda: create("ease"), ReplayConfig(step=300, refit_every=1))
    assert [lived.way for lived in found.lived] == ["frozen", "profiles", "refitting"]


@pytest.mark.parametrize("wrong", [{"train_share": 1.0}, {"step": 0}, {"cutoff": 0}, {"refit_every": -1}])
def test_settings_outside_their_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        ReplayConfig(**wrong)


def test_unknown_times_and_streams_without_likes_are_refused() -> None:
    data = fashion(60)
    with pytest.raises(DataError, match="time of every rating"):
        replay(
            from_columns(
                name="timeless",
                catalogue=data.catalogue,
                user_ids=np.arange(3),
                movie_ids=np.arange(3),
                values=np.ones(3, np.float32),
            ),
            Witness,
        )
    with pytest.raises(DataError, match="nothing to foretell"):
        replay(data.select(data.values < 3), Witness)

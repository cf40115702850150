"""Exact counts on the genuine MovieLens files (set MATINEE_TEST_DATA to their folder)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from matinee.data import Reading, read_catalogue, read_dataset
from matinee.errors import DataError
from matinee.types import UNKNOWN_TIME

pytestmark = pytest.mark.real_data

RealData = Callable[[str], Path]


def counts(reading: Reading) -> tuple[int, int, int, int]:
    """Return ratings, users, movies, rated movies."""
    data = reading.dataset
    return data.n_ratings, data.n_users, data.n_movies, len(np.unique(data.movies))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ml-100k.zip", (100_000, 943, 1_682, 1_682)),
        ("ml-latest-small.zip", (100_836, 610, 9_742, 9_724)),
        ("ml-1m", (1_000_209, 6_040, 3_883, 3_706)),
    ],
)
def test_counts(real_data: RealData, name: str, expected: tuple[int, int, int, int]) -> None:
    reading = read_dataset(real_data(name))
    assert counts(reading) == expected
    assert reading.report.n_bad == 0
    assert reading.report.duplicates == 0


def test_first_users_of_1m(real_data: RealData) -> None:
    data = read_dataset(real_data("ml-1m-first2999users.zip")).dataset
    assert (data.n_ratings, data.n_users) == (487_650, 2_999)
    assert data.ordered
    assert data.times_known


def test_head_of_25m(real_data: RealData) -> None:
    data = read_dataset(real_data("ml-25m-head.zip")).dataset
    assert (data.n_ratings, data.n_movies) == (100_000, 62_423)
    assert data.scale == (0.5, 5.0)


def test_folds_of_100k(real_data: RealData) -> None:
    folds = read_dataset(real_data("ml-100k.zip")).dataset.folds
    assert folds is not None
    np.testing.assert_array_equal(np.bincount(folds), [0, 20_000, 20_000, 20_000, 20_000, 20_000])


def test_catalogue_of_2023(real_data: RealData) -> None:
    catalogue = read_catalogue(real_data("ml-latest-2023-head"))
    assert len(catalogue) == 86_537


def test_titles_of_2023(real_data: RealData) -> None:
    movies = read_catalogue(real_data("ml-latest-2023-head")).movies
    titles = movies["title"]
    assert not titles.str.contains(r", (?:The|A|An|La|Le|Les|El|Il|L')$").any()
    assert not titles.str.contains(r"\S \(\d{4}\)$").any()
    assert titles.str.len_chars().min() >= 1
    assert movies["year"].null_count() < 700
    assert movies["year"].min() >= 1870
    assert (movies["alternative_titles"].list.len() > 0).sum() > 4_000
    assert (movies["genres"].list.len() == 0).sum() > 5_000


def test_metadata_of_latest_small(real_data: RealData) -> None:
    metadata = real_data("movie-metadata/ml_movie_metadata.parquet")
    movies = read_dataset(real_data("ml-latest-small.zip"), metadata=metadata).dataset.catalogue.movies
    assert movies["overview"].count() == 5_215
    assert (movies["directors"].list.len() > 0).sum() == 3_524
    assert movies["poster_path"].count() == 2_719
    assert movies["tmdb_id"].null_count() == 8


def test_1m_is_chronological(real_data: RealData) -> None:
    data = read_dataset(real_data("ml-1m")).dataset
    assert data.ordered
    known = data.times != UNKNOWN_TIME
    later = known[1:] & known[:-1] & (data.users[1:] == data.users[:-1])
    assert (data.times[1:][later] >= data.times[:-1][later]).all()
    assert later.sum() > 480_000
    assert data.folds is not None
    assert np.bincount(data.folds)[1:].min() == 200_041


def test_ratings_without_movies_of_10m(real_data: RealData) -> None:
    with pytest.raises(DataError, match="has movies but no ratings"):
        read_dataset(real_data("ml-10m-noratings.zip"))
    assert len(read_catalogue(real_data("ml-10m-noratings.zip"))) == 10_681

"""Exact counts on the genuine MovieLens files (set MATINEE_TEST_DATA to their folder)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from matinee.data import Reading, read_catalogue, read_dataset

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

"""A small data set with everything in it, and a store that holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matinee.data import TAG_SCHEMA, Catalogue, Dataset, from_columns
from matinee.store import Store
from matinee.store.database import connect
from matinee.store.schema import metadata


def small_dataset(name: str = "small") -> Dataset:
    """Six films in an order that is not that of their ids, four users, one of them without times."""
    catalogue = Catalogue.of(
        pl.DataFrame(
            {
                "movie_id": [30, 10, 20, 60, 50, 40],
                "title": ["Ána", "ana", "Ana", "The Long One", "'; DROP TABLE movie; --", "Unrated"],
                "alternative_titles": [["Anna", "Ana"], [], [], ["Le Long"], [], []],
                "year": [1999, None, 1975, 2024, 1920, 2000],
                "genres": [["Drama", "Comedy"], ["Drama"], [], ["War"], ["Comedy", "Drama"], []],
                "imdb_id": [1, None, 3, 4, 5, 6],
                "overview": ["Ein Film.", None, "电影", "…", "", None],
                "directors": [["Zoé", "Zoe"], ["Zoe"], [], ["Bo"], [], []],
                "cast": [["Zoe", "Bo"], [], ["Bo"], ["Bo", "Zoé"], [], []],
                "keywords": [["love"], [], ["love", "war"], [], [], []],
                "country": ["France", None, None, "India", None, None],
                "language": ["fr", None, "en", "hi", None, None],
                "runtime": [90, None, 100, 250, 5, None],
                "popularity": [0.5, None, 1.25, 3.0, None, None],
                "poster_path": ["/a.jpg", None, None, None, None, None],
                "age": [0, None, 16, 6, None, None],
                "franchise": ["Ana", None, "Ana", None, None, None],
            }
        )
    )
    dataset = from_columns(
        name=name,
        catalogue=catalogue,
        user_ids=np.array([7, 7, 7, 3, 3, 9, 9, 9, 9]),
        movie_ids=np.array([20, 10, 30, 60, 50, 10, 20, 30, 60]),
        values=np.array([4.5, 0.5, 5, 3, 3.5, 1, 2, 3, 4], np.float32),
        times=np.array([300, 100, 200, 50, 60, 9, 8, 7, 7]),
    )
    tags = pl.DataFrame(
        {
            "user_id": [7, 88, 7],
            "movie_id": [20, 30, 20],
            "tag": ["slow", "vu 3 fois", "slow"],
            "time": [301, None, 302],
        },
        schema=TAG_SCHEMA,
    )
    return replace(dataset, tags=tags, scale=(0.5, 5.0), simulated=True)


@pytest.fixture
def dataset() -> Dataset:
    return small_dataset()


def _urls() -> list[str]:
    """SQLite always; further databases, which are emptied, as `MATINEE_TEST_DATABASES` names them."""
    return ["sqlite", *os.environ.get("MATINEE_TEST_DATABASES", "").split()]


@pytest.fixture(params=_urls(), ids=lambda url: url.partition(":")[0])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """The address of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "matinee.db"
    engine = connect(request.param)
    metadata.drop_all(engine)
    engine.dispose()
    return str(request.param)


@pytest.fixture
def store(database: str | Path) -> Iterator[Store]:
    """An empty store."""
    store = Store.open(database)
    yield store
    store.close()


@pytest.fixture
def full(store: Store, dataset: Dataset) -> Store:
    """A store that holds the small data set."""
    store.import_dataset(dataset)
    return store

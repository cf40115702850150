"""A small cinema: sixty films of six genres, and people who each love two of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from fastapi import FastAPI

from matinee.config import Settings
from matinee.data import Catalogue, Dataset, from_columns
from matinee.ranking import Hybrid, HybridConfig, Recommender
from matinee.releases import assemble
from matinee.service import Cinema
from matinee.service.app import create_api
from matinee.store import Store

with warnings.catch_warnings():
    # Starlette's client prefers a successor of httpx and says so on import.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

GENRES = ("Comedy", "Crime", "Drama", "Horror", "Musical", "War")
DAY = 86_400
OPERATOR = "a-long-operator-token"


def make_dataset(*, times: bool = True) -> Dataset:
    """Film i has genre i mod 6 and id 100 + i; film 0 of a genre is best known; the last film is unrated."""
    films = np.arange(61)
    catalogue = Catalogue.of(
        pl.DataFrame(
            {
                "movie_id": 100 + films,
                "title": [f"{GENRES[i % 6]} {chr(65 + i // 6)}" for i in films],
                "alternative_titles": [["Le Film"] if i == 3 else [] for i in films],
                "year": [None if i == 5 else 1960 + i for i in films],
                "genres": [[GENRES[i % 6]] for i in films],
                "overview": ["Ein Wagnis — «что?»" if i == 3 else None for i in films],
                "directors": [["Ida Lupino"] if i == 3 else [] for i in films],
                "cast": [["Ann", "Bob"] if i == 3 else [] for i in films],
                "language": ["de" if i == 3 else None for i in films],
                "country": ["Germany" if i == 3 else None for i in films],
                "runtime": [80 if i == 3 else None for i in films],
                "imdb_id": [42 if i == 3 else None for i in films],
                "tmdb_id": [43 if i == 3 else None for i in films],
            }
        )
    )
    rng = np.random.default_rng(7)
    users, movies, values, when = [], [], [], []
    for user in range(120):
        loved = {user % 6, (user // 6) % 6}
        for film in range(60):
            likes = film % 6 in loved
            if rng.random() < (0.75 if likes else 0.25) * (1.0 - film / 90):
                users.append(user + 1)
                movies.append(100 + film)
                values.append(float(np.clip(round((4.5 if likes else 2.0) * 2 + rng.normal()) / 2, 0.5, 5)))
                when.append(1_700_000_000 - int(rng.integers(0, 400)) * DAY)
    dataset = from_columns(
        name="planted",
        catalogue=catalogue,
        user_ids=np.array(users),
        movie_ids=np.array(movies),
        values=np.array(values, np.float32),
        times=np.array(when) if times else None,
    )
    return replace(dataset, simulated=True)


def make_recommender(dataset: Dataset) -> Recommender:
    hybrid = Hybrid.unfitted(HybridConfig(weights={"ease": 0.8, "popular": 0.2})).fit(dataset)
    return Recommender(assemble(dataset, hybrid.engines, ranking=hybrid.config.settings()))


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return make_dataset()


@pytest.fixture(scope="session")
def recommender(dataset: Dataset) -> Recommender:
    return make_recommender(dataset)


@pytest.fixture(scope="session")
def build() -> Callable[[Dataset], Recommender]:
    """Train a recommender of another data set."""
    return make_recommender


@pytest.fixture(scope="session")
def filled(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with the data in it, as a file; copying it is faster than importing again."""
    path = tmp_path_factory.mktemp("service") / "matinee.db"
    store = Store.open(path)
    store.import_dataset(dataset)
    store.close()
    return path.read_bytes()


@pytest.fixture
def store(filled: bytes, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "matinee.db").write_bytes(filled)
    store = Store.open(tmp_path / "matinee.db")
    yield store
    store.close()


@pytest.fixture
def cinema(recommender: Recommender, store: Store) -> Cinema:
    return Cinema(recommender, store)


@pytest.fixture
def newcomer(cinema: Cinema) -> int:
    """Id of a viewer who has told us nothing."""
    return cinema.onboard("Ada").viewer_id


@pytest.fixture
def fan(cinema: Cinema) -> int:
    """Id of a viewer who loves horror and cannot stand the rest, last rated film first in taste."""
    ratings = {101: 1.0, 102: 1.5, 103: 4.5, 109: 5.0, 115: 4.5, 104: 1.0, 121: 4.5}
    return cinema.onboard("Fan", ratings).viewer_id


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, operator_token=OPERATOR)


@pytest.fixture
def app(cinema: Cinema, settings: Settings) -> FastAPI:
    return create_api(cinema, settings)


@pytest.fixture
def browser(app: FastAPI) -> Callable[[], TestClient]:
    """Make a client that keeps cookies, as one person's browser does; mistakes come back as answers."""
    return lambda: TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def as_operator() -> dict[str, str]:
    return {"Authorization": f"Bearer {OPERATOR}"}

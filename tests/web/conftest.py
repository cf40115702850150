"""A small cinema over part of the sample, as an application and as a server."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI

from matinee.config import Settings
from matinee.data.sample import load_sample
from matinee.ranking import Recommender
from matinee.releases import assemble
from matinee.service import Cinema
from matinee.store import Store
from matinee.training.train import DEFAULT_ENGINES, unfitted_hybrid
from matinee.web import create_site

with warnings.catch_warnings():
    # Starlette's client prefers a successor of httpx and says so on import.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient


@dataclass(frozen=True)
class Prepared:
    """What every test begins with; the database is copied before use."""

    recommender: Recommender
    database: Path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    sample = load_sample()
    some = sample.select(sample.users < 500)
    hybrid = unfitted_hybrid(DEFAULT_ENGINES).fit(some)
    database = tmp_path_factory.mktemp("web") / "first.db"
    store = Store.open(f"sqlite:///{database}")
    store.import_dataset(some)
    store.close()
    release = assemble(some, hybrid.engines, ranking=hybrid.config.settings(), metrics={})
    return Prepared(Recommender(release), database)


@pytest.fixture
def cinema(prepared: Prepared, tmp_path: Path) -> Iterator[Cinema]:
    database = tmp_path / "matinee.db"
    shutil.copy(prepared.database, database)
    store = Store.open(f"sqlite:///{database}")
    yield Cinema(prepared.recommender, store)
    store.close()


@pytest.fixture
def site(cinema: Cinema, tmp_path: Path) -> FastAPI:
    return create_site(cinema, Settings(home=tmp_path))


@pytest.fixture
def client(site: FastAPI) -> Iterator[TestClient]:
    with TestClient(site, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def films(cinema: Cinema) -> list[int]:
    """Ids of the best known films, which every test may rate."""
    return [film.id for film in cinema.movies(n=40).films]


@pytest.fixture
def rate(films: list[int]) -> Callable[[TestClient, int], None]:
    """Rate the first so many films, some high, some low."""

    def rate_some(client: TestClient, n: int) -> None:
        for film, stars in zip(films[:n], np.resize([5, 4.5, 2, 3.5], n), strict=True):
            assert client.post(f"/movie/{film}/rate", data={"stars": str(stars)}).status_code == 200

    return rate_some


@pytest.fixture(scope="module")
def address(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a site on a free port and return where; whoever comes with an empty window is a new viewer."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(prepared.database, folder / "matinee.db")
    store = Store.open(f"sqlite:///{folder / 'matinee.db'}")
    site = create_site(Cinema(prepared.recommender, store), Settings(home=folder))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(site, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started, "the server did not start within 20 seconds"
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()
    store.close()


def needs(condition: bool, reason: str) -> None:
    """Skip with a reason, or fail where everything is required."""
    if not condition:
        if os.environ.get("MATINEE_REQUIRE_ALL") == "1":
            pytest.fail(f"MATINEE_REQUIRE_ALL is set, but {reason}")
        pytest.skip(reason)

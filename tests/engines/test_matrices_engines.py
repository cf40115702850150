"""Every engine serves from every encoding that suits its matrices, with nearly the scores of float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import Engine, create, engine_class, engine_names
from matinee.engines.matrices import encode_into, schemes
from matinee.testing.engine_contract import reread, unusual
from matinee.testing.worlds import latent, some
from matinee.types import Profiles

SETTINGS: dict[str, dict[str, Any]] = {
    "ease": {"l2": 5.0, "pairs": 6},
    "svd": {"embedding_size": 4},
    "als": {"embedding_size": 8, "epochs": 4},
    "content": {"model": "lsa"},
    "explicit_als": {"embedding_size": 2},
    "vae": {"hidden_size": 16, "embedding_size": 4, "epochs": 4},
}
SPARSE = {"budget": 40 * (12 + 2 * 40) + 16 + 6 * 92}
"""Room for every entry; what a smaller budget loses is a matter of quality, measured on real data."""

LOSS = {"float16": 2e-3, "int8": 0.04, "int8-tail": 0.2, "pq": 0.02, "sparse8": 0.04}
"""How far scores may drift, as a share of their spread."""


def cases() -> Iterator[tuple[str, str]]:
    for name in engine_names():
        for scheme in dict.fromkeys(s for kind in engine_class(name).matrices.values() for s in schemes(kind)):
            if scheme != "float32":
                yield name, scheme


@cache
def plain(name: str) -> tuple[Engine, Dataset]:
    dataset = latent()
    return create(name, SETTINGS.get(name)).fit(dataset), dataset


def encoded(engine: Engine, scheme: str) -> Engine:
    arrays = dict(engine.arrays)
    for matrix, kind in engine.matrices.items():
        if scheme in schemes(kind):
            arrays = encode_into(arrays, matrix, scheme, **(SPARSE if scheme == "sparse8" else {}))
    found = type(engine).restore(engine.settings(), arrays, engine.n_movies)
    return reread(found)


@pytest.fixture(params=cases(), ids="-".join)
def pair(request: pytest.FixtureRequest, can_train: Callable[[str], bool]) -> tuple[Engine, Engine, Dataset, float]:
    name, scheme = request.param
    if not can_train(name):
        pytest.skip(f"what trains {name} is not installed: see the extras")
    engine, dataset = plain(name)
    return engine, encoded(engine, scheme), dataset, LOSS[scheme]


Pair = tuple[Engine, Engine, Dataset, float]


def near(found: np.ndarray, wanted: np.ndarray, loss: float) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=loss * max(float(np.ptp(wanted)), 1e-6))


def test_scores_are_nearly_those_of_float32(pair: Pair) -> None:
    engine, compressed, dataset, loss = pair
    profiles = dataset.profiles()
    assert not set(compressed.arrays) & set(engine.matrices) - {"vectors", "text"}
    near(compressed.score(profiles), engine.score(profiles), loss)


def test_a_batch_equals_one_by_one(pair: Pair) -> None:
    _, compressed, dataset, _ = pair
    profiles = dataset.profiles().slice(0, 30)
    together = compressed.score(profiles)
    for row in range(len(profiles)):
        near(compressed.score(Profiles.stack([profiles[row]], dataset.n_movies))[0], together[row], 1e-3)


def test_unusual_profiles_and_nobody_are_answered(pair: Pair) -> None:
    _, compressed, dataset, _ = pair
    assert np.isfinite(compressed.score(Profiles.stack(unusual(dataset.n_movies), dataset.n_movies))).all()
    assert compressed.score(Profiles.stack([], dataset.n_movies)).shape == (0, dataset.n_movies)


def test_similar_films_are_nearly_those_of_float32(pair: Pair) -> None:
    engine, compressed, dataset, loss = pair
    for movie in (0, 7, dataset.n_movies - 1):
        wanted, found = engine.similar(movie), compressed.similar(movie)
        assert (wanted is None) == (found is None)
        if wanted is not None and found is not None:
            assert found.dtype == np.float32
            near(found, wanted, 2 * loss)


def test_contributions_still_belong_to_the_scores(pair: Pair) -> None:
    engine, compressed, dataset, loss = pair
    every = np.arange(dataset.n_movies, dtype=np.int32)
    for row in range(4):
        profile = dataset.profiles()[row]
        wanted, found = engine.contributions(profile, every), compressed.contributions(profile, every)
        assert (wanted is None) == (found is None)
        if wanted is not None and found is not None:
            near(found, wanted, 2 * loss)
            if not compressed.predicts_stars:  # stars have a part that is nobody's rating
                scores = compressed.score(Profiles.stack([profile], dataset.n_movies))[0]
                near(found.sum(axis=1), scores, 1e-3)


def test_scoring_changes_nothing_learnt(pair: Pair) -> None:
    _, compressed, dataset, _ = pair
    first = compressed.score(some(dataset))
    compressed.score(some(dataset))[:] = 7
    np.testing.assert_array_equal(compressed.score(some(dataset)), first)


def test_a_new_fit_forgets_the_encoding() -> None:
    engine, dataset = plain("als")
    compressed = encoded(engine, "int8")
    compressed.score(some(dataset))
    near(compressed.fit(dataset).score(some(dataset)), engine.score(some(dataset)), 1e-3)

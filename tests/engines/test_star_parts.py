"""Stars are sums over ratings: given the solved profile, the parts add up to what was predicted before bending."""

from __future__ import annotations

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import Engine, create
from matinee.engines.star_parts import KnowsUsual, rating_parts, regression
from matinee.engines.stars import EDGE
from matinee.testing.worlds import latent
from matinee.types import Profile, Profiles

ENGINES = {
    "svd": {"embedding_size": 3, "epochs": 3},
    "explicit_als": {"embedding_size": 3, "epochs": 3},
    "bayes": {"embedding_size": 3, "epochs": 6, "burn_in": 2, "samples": 3},
}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent()


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(request: pytest.FixtureRequest, dataset: Dataset) -> Engine:
    return create(request.param, ENGINES[request.param]).fit(dataset)


def test_the_parts_add_up_to_the_stars(engine: Engine, dataset: Dataset) -> None:
    assert isinstance(engine, KnowsUsual)
    every = np.arange(dataset.n_movies, dtype=np.int32)
    for row in range(6):
        profile = dataset.profiles()[row]
        stars = engine.score(Profiles.stack([profile], dataset.n_movies))[0]
        parts = engine.contributions(profile, every)
        assert parts is not None
        sums = parts.sum(axis=1, dtype=np.float64) + engine.usual(every)
        if engine.name == "bayes":
            sums += prior_part(engine, profile)
        inside = (stars > 0.5 + EDGE) & (stars < 5 - EDGE)
        assert inside.any()
        np.testing.assert_allclose(sums[inside], stars[inside], atol=2e-4)


def prior_part(engine: Engine, profile: Profile) -> np.ndarray:
    """Return what the prior alone expects, sample by sample, solved the slow way."""
    arrays, (samples, width) = engine.arrays, engine.arrays["start"].shape
    features = arrays["features"].reshape(-1, samples, width).astype(np.float64)
    total = np.zeros(len(features))
    for sample in range(samples):
        rated = features[profile.movies, sample]
        normal = np.eye(width) + rated.T @ rated / arrays["noise"][sample] ** 2
        total += features[:, sample] @ np.linalg.solve(normal, arrays["start"][sample])
    return total / samples


def test_one_rating_has_a_part_that_can_be_worked_out_by_hand() -> None:
    rated = np.array([[0.5, 2.0]], np.float32)
    asked = np.array([[0.0, 3.0]], np.float32)
    system = regression(rated, np.array([1, 1], np.float32))
    found = rating_parts(rated, np.array([1.5], np.float32), system, asked)
    # A = [[2, 2], [2, 5]], A⁻¹ (1, 2) = (1/6, 1/3), times (1, 3) is 7/6, times the 1.0 that is left of 1.5.
    np.testing.assert_allclose(found, [[7 / 6]], rtol=1e-6)

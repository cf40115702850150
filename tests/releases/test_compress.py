"""Compressed releases: which recipe, how many bytes, and that they open and answer like any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import create
from matinee.engines.matrices import open_matrix
from matinee.errors import ReleaseError, SettingsError
from matinee.releases import Release, assemble, load, save
from matinee.releases.compress import (
    LADDER,
    Recipe,
    compressed,
    encodable,
    estimated_bytes,
    fitting,
    recipe,
    require_compressible,
)
from matinee.testing.worlds import latent


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent(n_users=300, n_movies=1500, per_user=40, width=3)


@pytest.fixture(scope="module")
def release(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Release:
    settings = {"ease": {}, "als": {"embedding_size": 64, "epochs": 2}, "popular": {}}
    engines = {name: create(name, given).fit(dataset) for name, given in settings.items()}
    folder = tmp_path_factory.mktemp("releases")
    saved = save(assemble(dataset, engines, ranking={}), folder)
    return load(folder / saved.version)


def test_the_ladder_leads_downwards(release: Release) -> None:
    sizes = [estimated_bytes(release, how) for how in LADDER]
    assert sizes == sorted(sizes, reverse=True)
    assert len({how.name for how in LADDER}) == len(LADDER)
    assert recipe("int8").factors == "int8"
    with pytest.raises(SettingsError, match="no recipe 'nonsense'"):
        recipe("nonsense")


def test_only_matrices_are_encoded(release: Release) -> None:
    assert {(name, matrix) for name, matrix, _ in encodable(release.engines)} == {
        ("ease", "weights"),
        ("als", "factors"),
    }


@pytest.mark.parametrize("how", LADDER, ids=lambda how: how.name)
def test_every_recipe_saves_opens_and_answers(release: Release, dataset: Dataset, tmp_path: Path, how: Recipe) -> None:
    engines, cards = compressed(release.engines, how)
    assert [(card.engine, card.matrix, card.shape) for card in cards] == [
        (name, matrix, open_matrix(release.engines[name].arrays, matrix).shape)
        for name, matrix, _ in encodable(release.engines)
    ]
    assert all(card.after < card.before for card in cards)
    saved = save(replace(release, engines=engines), tmp_path)
    assert saved.manifest.bytes <= estimated_bytes(release, how) * 1.05 + 4096
    opened = load(tmp_path / saved.version)
    profiles = dataset.profiles().slice(0, 20)
    for name, engine in engines.items():
        np.testing.assert_array_equal(opened.engines[name].score(profiles), engine.score(profiles))
    assert "weights" in release.engines["ease"].arrays


@pytest.mark.parametrize("share", [0.6, 0.3, 0.2, 0.12, 0.08])
def test_what_fits_the_budget_does_fit(release: Release, tmp_path: Path, share: float) -> None:
    budget = int(share * release.manifest.bytes)
    how = fitting(release, budget)
    engines, _ = compressed(release.engines, how)
    saved = save(replace(release, engines=engines), tmp_path)
    assert saved.manifest.bytes <= budget
    assert saved.manifest.bytes > budget / 3


def test_a_larger_budget_is_used_for_a_gentler_recipe(release: Release) -> None:
    names = [fitting(release, int(share * release.manifest.bytes)).name for share in (0.6, 0.3, 0.12)]
    assert names[:2] == ["float16", "int8"]
    assert "sparse8" in names[2]


def test_a_budget_that_nothing_meets_is_refused_with_the_closest(release: Release) -> None:
    with pytest.raises(SettingsError, match=r"cannot be compressed to 0\.0 MB") as caught:
        fitting(release, 1000)
    assert LADDER[-1].name in str(caught.value)


def test_what_cannot_be_compressed_says_why(release: Release) -> None:
    popular = replace(release, engines={"popular": release.engines["popular"]})
    with pytest.raises(ReleaseError, match="has a matrix to compress"):
        require_compressible(popular)
    again = replace(release, manifest=replace(release.manifest, receipts={"compression": {"of": "the-first"}}))
    with pytest.raises(ReleaseError, match="compressed already") as caught:
        require_compressible(again)
    assert "matinee compress the-first" in str(caught.value)

"""Releases of real engines: saved, opened, promoted, and replaced by the one before when broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import create
from matinee.errors import ReleaseError, UnknownIdError
from matinee.releases import Registry, Release, assemble, load, save
from matinee.testing.worlds import latent


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent()


@pytest.fixture(scope="module")
def fitted(dataset: Dataset) -> Release:
    engines = {name: create(name).fit(dataset) for name in ("popular", "ease", "svd")}
    return assemble(dataset, engines, ranking={"weights": {"ease": 1.0}, "cold_below": 5}, metrics={"m": 1})


def test_a_release_comes_back_as_it_was(tmp_path: Path, fitted: Release, dataset: Dataset) -> None:
    saved = save(fitted, tmp_path, gate={"passed": True})
    opened = load(tmp_path / saved.version)
    assert opened.manifest == saved.manifest
    assert opened.manifest.data.fingerprint == dataset.fingerprint
    assert opened.catalogue.movies.equals(dataset.catalogue.movies)
    for name, engine in fitted.engines.items():
        np.testing.assert_array_equal(opened.engines[name].score(dataset.profiles()), engine.score(dataset.profiles()))
        assert opened.engines[name].settings() == engine.settings()
        assert not any(array.flags.owndata for array in opened.engines[name].arrays.values())


def test_two_releases_of_one_second_get_two_names(tmp_path: Path, fitted: Release) -> None:
    versions = {save(fitted, tmp_path).version for _ in range(3)}
    assert len(versions) == 3
    assert set(Registry(tmp_path).versions()) == versions


def test_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "releases")
    assert registry.survey() == []
    assert registry.live_version() is None
    with pytest.raises(ReleaseError, match="no release yet") as caught:
        registry.open_live(print)
    assert "matinee train" in str(caught.value)


def test_the_last_promotion_is_live_and_the_history_kept(tmp_path: Path, fitted: Release) -> None:
    registry = Registry(tmp_path)
    first, second = save(fitted, tmp_path), save(fitted, tmp_path)
    registry.promote(first.version, "gate passed")
    registry.promote(second.version, "forced: a test")
    assert registry.open_live(print).version == second.version
    assert [(entry.version, entry.reason) for entry in registry.history()] == [
        (second.version, "forced: a test"),
        (first.version, "gate passed"),
    ]
    assert [each.live for each in registry.survey() if each.version == second.version] == [True]


def test_a_damaged_live_release_is_refused_and_the_one_before_served(tmp_path: Path, fitted: Release) -> None:
    registry = Registry(tmp_path)
    first, second = save(fitted, tmp_path), save(fitted, tmp_path)
    registry.promote(first.version, "a")
    registry.promote(second.version, "b")
    path = tmp_path / second.version / "ease.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    told: list[str] = []
    assert registry.open_live(told.append).version == first.version
    assert len(told) == 1
    assert "ease.safetensors" in told[0]
    (tmp_path / first.version / "manifest.json").unlink()
    with pytest.raises(ReleaseError, match="No release of this home can be opened"):
        registry.open_live(told.append)
    assert any(each.problem for each in registry.survey())


def test_only_whole_releases_are_promoted(tmp_path: Path, fitted: Release) -> None:
    registry = Registry(tmp_path)
    saved = save(fitted, tmp_path)
    with pytest.raises(UnknownIdError, match=saved.version):
        registry.promote("nonsense", "x")
    (tmp_path / saved.version / "popular.safetensors").unlink()
    with pytest.raises(ReleaseError, match=r"lacks its file popular\.safetensors"):
        registry.promote(saved.version, "x")
    assert registry.live_version() is None


def test_a_damaged_record_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "live.json").write_text("{")
    with pytest.raises(ReleaseError, match="cannot be read"):
        Registry(tmp_path).live_version()

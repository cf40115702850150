"""Releases of real engines: saved, opened, promoted, and replaced by the one before when broken."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import create
from matinee.errors import ReleaseError, SettingsError, UnknownIdError
from matinee.releases import Registry, Release, assemble, history, load, save
from matinee.releases.disk import checksum
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


def test_a_damaged_record_is_refused_and_kept_when_a_release_is_named(tmp_path: Path, fitted: Release) -> None:
    registry = Registry(tmp_path)
    saved = save(fitted, tmp_path)
    registry.promote(saved.version, "x")
    whole = (tmp_path / "live.json").read_bytes()
    for bit in range(0, 8 * len(whole), 7):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        (tmp_path / "live.json").write_bytes(broken)
        with pytest.raises(ReleaseError, match=r"live\.json is damaged"):
            registry.live_version()
    registry.promote(saved.version, "mended")
    assert [each.reason for each in registry.history()] == ["mended"]
    kept = list(tmp_path.glob("damaged-*-live.json"))
    assert [path.read_bytes() for path in kept] == [bytes(broken)]


def test_the_record_of_the_first_format_is_read(tmp_path: Path) -> None:
    (tmp_path / "live.json").write_text('[{"version": "a", "at": "2026-01-01T00:00:00+00:00", "reason": "old"}]')
    assert Registry(tmp_path).live_version() == "a"


def test_a_record_of_a_later_format_is_refused(tmp_path: Path) -> None:
    plain = {"schema": history.SCHEMA + 1, "history": []}
    (tmp_path / "live.json").write_text(json.dumps({**plain, "sha256": history._sum(plain)}))
    with pytest.raises(ReleaseError, match="this Matinee reads up to"):
        Registry(tmp_path).live_version()


def test_a_rollback_goes_back_and_a_second_one_further(tmp_path: Path, fitted: Release) -> None:
    registry = Registry(tmp_path)
    with pytest.raises(ReleaseError, match="no release before"):
        registry.rollback()
    a, b, c = (save(fitted, tmp_path).version for _ in range(3))
    for version in (a, b, c):
        registry.promote(version, "x")
    assert registry.standing() == [c, b, a]
    assert registry.rollback("too slow") == b
    assert registry.history()[0].reason == f"rolled back from {c}: too slow"
    assert registry.rollback() == a
    assert registry.live_version() == a
    with pytest.raises(ReleaseError, match="no release before"):
        registry.rollback()
    registry.promote(c, "again")
    assert registry.rollback() == a
    assert len(registry.history()) == 7


def test_a_withdrawn_release_is_not_what_a_broken_one_falls_back_to(tmp_path: Path, fitted: Release) -> None:
    registry = Registry(tmp_path)
    a, b, c = (save(fitted, tmp_path).version for _ in range(3))
    for version in (a, b, c):
        registry.promote(version, "x")
    registry.rollback()
    (tmp_path / b / "manifest.json").unlink()
    assert registry.open_live(lambda text: None).version == a


def test_prune_keeps_the_live_one_its_target_and_the_newest(tmp_path: Path, fitted: Release) -> None:
    registry = Registry(tmp_path)
    assert registry.prune(1) == []
    versions = [save(fitted, tmp_path).version for _ in range(6)]
    registry.promote(versions[1], "x")
    registry.promote(versions[0], "y")
    (tmp_path / ".deleting-old").mkdir()
    assert registry.prunable(2) == [versions[3], versions[2]]
    assert registry.prune(2) == [versions[2], versions[3]]
    assert registry.versions() == [versions[5], versions[4], versions[1], versions[0]]
    assert not (tmp_path / ".deleting-old").exists()
    assert registry.prune(2) == []
    assert registry.prune(0) == [versions[4], versions[5]]
    assert registry.rollback() == versions[1]
    with pytest.raises(SettingsError, match="negative"):
        registry.prune(-1)


def test_a_rollback_passes_over_what_was_deleted(tmp_path: Path, fitted: Release) -> None:
    registry = Registry(tmp_path)
    a, b, c = (save(fitted, tmp_path).version for _ in range(3))
    for version in (a, b, c):
        registry.promote(version, "x")
    shutil.rmtree(tmp_path / b)
    assert registry.rollback() == a


def test_a_release_of_an_engine_nobody_knows_is_refused_with_advice(tmp_path: Path, fitted: Release) -> None:
    manifest = replace(fitted.manifest, engines={**fitted.manifest.engines, "oracle": {}})
    saved = save(replace(fitted, manifest=manifest), tmp_path)
    shutil.copy(tmp_path / saved.version / "popular.safetensors", tmp_path / saved.version / "oracle.safetensors")
    with pytest.raises(ReleaseError, match="oracle") as caught:
        load(tmp_path / saved.version)
    assert "version that made it" in str(caught.value)


def test_a_catalogue_with_other_columns_is_read(tmp_path: Path, fitted: Release) -> None:
    saved = save(fitted, tmp_path)
    path = tmp_path / saved.version / "catalogue.parquet"
    fitted.catalogue.movies.drop("runtime").with_columns(mood=1).write_parquet(path)
    manifest = json.loads((tmp_path / saved.version / "manifest.json").read_text())
    manifest["files"]["catalogue.parquet"] = {"bytes": path.stat().st_size, "sha256": checksum(path)}
    (tmp_path / saved.version / "manifest.json").write_text(json.dumps({**manifest, "schema": 1}))
    (tmp_path / saved.version / "manifest.sha256").unlink()
    assert load(tmp_path / saved.version).catalogue.titles == fitted.catalogue.titles


def test_verifying_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    before = resident()
    checksum(path)
    assert resident() - before < 5_000_000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

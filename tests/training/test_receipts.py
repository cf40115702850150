"""Receipts of compression: right on panels whose answer is known, and stored with the release they speak of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines import create
from matinee.errors import DataError, GateError, SettingsError
from matinee.ranking import HybridConfig
from matinee.releases import Registry, Release, assemble, load, save
from matinee.releases.compress import compressed, recipe
from matinee.releases.format import read_manifest
from matinee.testing.worlds import latent
from matinee.training.compression import Wish, files_within, save_compressed, verdict
from matinee.training.footprint import footprint
from matinee.training.gate import reason_to_promote
from matinee.training.panel import Panel, refit, strangers
from matinee.training.receipts import Kept, choose, quality

RANKING = HybridConfig(weights={"ease": 0.6, "als": 0.4}, cold_below=0).settings()


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent(n_users=300, n_movies=200, per_user=30, noise=0.1, width=3)


@pytest.fixture(scope="module")
def release(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Release:
    settings = {"popular": {}, "ease": {}, "als": {"embedding_size": 16, "epochs": 3}}
    engines = {name: create(name, given).fit(dataset) for name, given in settings.items()}
    folder = tmp_path_factory.mktemp("releases")
    gate = {"passed": True, "summary": "Fine.", "forced": None, "comparisons": []}
    saved = save(assemble(dataset, engines, ranking=RANKING), folder, gate=gate)
    Registry(folder).promote(saved.version, "gate passed")
    return load(folder / saved.version)


@pytest.fixture(scope="module")
def panel(dataset: Dataset, release: Release) -> Panel:
    return refit(dataset, release.manifest, "test")


@pytest.fixture
def others() -> Dataset:
    return replace(latent(n_users=80, n_movies=150, per_user=20, seed=5, noise=0.1, width=3), name="others")


def test_kept_is_the_ratio_of_the_means() -> None:
    rng = np.random.default_rng(0)
    before = (rng.random(400) < 0.4).astype(float)
    after = np.where(rng.random(400) < 0.1, 0.0, before)
    kept = Kept.of(after, before)
    assert kept.kept == pytest.approx(after.mean() / before.mean())
    assert kept.difference == pytest.approx(after.mean() - before.mean())
    ratios = []
    for _ in range(2000):
        drawn = rng.integers(0, 400, 400)
        ratios.append(after[drawn].mean() / before[drawn].mean())
    np.testing.assert_allclose([kept.kept_low, kept.kept_high], np.quantile(ratios, [0.025, 0.975]), atol=0.01)


def test_kept_where_nothing_was_found_before() -> None:
    assert Kept.of(np.zeros(5), np.zeros(5)).kept == 1


def test_nobody_of_the_refit_was_learnt_from_in_the_hidden_part(panel: Panel, dataset: Dataset) -> None:
    seen = panel.profiles.matrix(np.ones(len(panel.profiles.movies), np.float32))
    assert seen.multiply(panel.truth).nnz == 0
    assert int(panel.engines["popular"].arrays["count"].sum()) < dataset.n_ratings
    assert panel.counts["people"] == len(panel) > 50
    assert "test part" in panel.how


def test_strangers_are_cut_at_four_fifths_in_the_release_s_terms(release: Release, others: Dataset) -> None:
    panel = strangers(others, release)
    ids = panel.catalogue.ids.ids
    lengths = np.diff(others.indptr)
    liked = [
        {
            int(others.catalogue.ids.ids[others.movies[place]])
            for place in range(others.indptr[user], others.indptr[user + 1])
            if place - others.indptr[user] >= np.ceil(0.8 * lengths[user]) and others.values[place] >= 3.5
        }
        for user in range(others.n_users)
    ]
    people = [user for user in range(others.n_users) if liked[user]]
    assert len(panel) == len(people)
    for row, user in enumerate(people):
        assert {int(each) for each in ids[panel.truth[[row]].indices]} == liked[user]
        first = others.indptr[user]
        given = others.catalogue.ids.ids[others.movies[first : first + int(np.ceil(0.8 * lengths[user]))]]
        np.testing.assert_array_equal(ids[panel.profiles[row].movies], given)


def test_people_whom_the_release_knows_are_refused(release: Release, dataset: Dataset, others: Dataset) -> None:
    with pytest.raises(DataError, match="learned from these very ratings"):
        strangers(dataset, release)
    with pytest.raises(DataError, match="Nobody in others"):
        strangers(replace(others, values=np.full_like(others.values, 1.0)), release)


def test_engines_as_they_were_keep_everything(panel: Panel) -> None:
    seen = quality(panel, panel.engines, RANKING)
    assert [ranking.name for ranking in seen.rankings] == ["hybrid"]
    assert seen.rankings[0].overlap == 1
    assert seen.worst == 0


def test_a_ruined_matrix_is_seen(panel: Panel) -> None:
    engines, _ = compressed(panel.engines, recipe("int8"))
    gentle = quality(panel, engines, RANKING)
    assert [ranking.name for ranking in gentle.rankings] == ["hybrid", "ease", "als"]
    assert all(ranking.overlap > 0.95 for ranking in gentle.rankings)
    values = engines["ease"].arrays["weights.values"]
    engines["ease"].arrays["weights.values"] = np.random.default_rng(0).permutation(values)
    ruined = type(engines["ease"]).restore({}, engines["ease"].arrays, engines["ease"].n_movies)
    seen = quality(panel, {**engines, "ease": ruined}, RANKING)
    assert seen.worst > 0.2
    assert seen.rankings[1].overlap < 0.5
    assert seen.rankings[2] == gentle.rankings[2]


def test_the_smallest_recipe_within_the_loss_is_chosen(panel: Panel) -> None:
    ladder = [recipe("float16"), recipe("int8"), recipe("sparse8-64")]
    losses = [quality(panel, compressed(panel.engines, how)[0], RANKING).worst for how in ladder]
    assert losses[1] < 0.05 < losses[2]
    assert choose(panel, ladder, 0.05, RANKING) == ladder[1]
    assert choose(panel, ladder, losses[2], RANKING) == ladder[2]
    with pytest.raises(SettingsError, match="No recipe keeps the loss") as caught:
        choose(panel, ladder[2:], 0.05, RANKING)
    assert "sparse8-64" in str(caught.value)


def test_a_compressed_release_carries_its_receipt(release: Release, panel: Panel, tmp_path: Path) -> None:
    folder = release_folder(release, tmp_path)
    wish = Wish(budget=int(0.9 * release.manifest.bytes), memory=10**9)
    made = save_compressed(release, folder, recipe("int8"), panel, wish)
    manifest = read_manifest(folder / made.version)
    assert manifest == made.manifest
    receipt = manifest.receipts["compression"]
    assert receipt["of"] == release.version
    assert receipt["bytes"] == {"before": release.manifest.bytes, "after": manifest.bytes}
    assert sum(each["after"] for each in receipt["arrays"]) < manifest.bytes < (wish.budget or 0)
    for state in ("before", "after"):
        assert receipt["footprint"][state]["answers"] == min(200, len(panel))
        assert receipt["footprint"][state]["answered"]["resident"] > 20e6
        assert not receipt["footprint"][state]["torch"]
    assert receipt["quality"]["counts"] == panel.counts
    assert reason_to_promote(manifest) == "gate passed"
    assert manifest.gate["comparisons"][-1]["against"] == "float32"
    json.dumps(receipt, allow_nan=False)
    Registry(folder).promote(made.version, "gate passed")
    assert Registry(folder).open_live(print).version == made.version


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(budget=1000), "MB of files; at most 0.0 MB"),
        (Wish(max_loss=-1.0), "int8 loses"),
        (Wish(memory=10**7), "MB of resident memory; at most 10.0 MB"),
    ],
)
def test_a_wish_that_is_missed_leaves_nothing(
    release: Release, panel: Panel, tmp_path: Path, wish: Wish, message: str
) -> None:
    folder = release_folder(release, tmp_path)
    with pytest.raises(GateError, match=message):
        save_compressed(release, folder, recipe("int8"), panel, wish)
    assert Registry(folder).versions() == [release.version]
    assert not list(folder.glob(".writing-*"))


def test_a_compressed_release_that_lost_too_much_does_not_pass(release: Release, panel: Panel) -> None:
    engines, _ = compressed(panel.engines, recipe("int8"))
    seen = quality(panel, engines, RANKING)
    worse = replace(seen.rankings[0].metrics["ndcg@10"], difference=-0.1, low=-0.11, high=-0.09)
    ruined = replace(seen, rankings=(replace(seen.rankings[0], metrics={"ndcg@10": worse}),))
    gate = verdict(release.manifest.gate, ruined)
    assert not gate["passed"]
    assert "below float32" in gate["summary"]
    with pytest.raises(GateError, match="below float32"):
        reason_to_promote(replace(release.manifest, gate=gate))
    assert verdict(release.manifest.gate, seen)["passed"]
    assert not verdict({}, seen)["passed"]


def test_a_footprint_is_of_a_process_of_its_own(release: Release, panel: Panel, tmp_path: Path) -> None:
    ballast = np.ones(50_000_000)
    found = footprint(release_folder(release, tmp_path) / release.version, panel.profiles.slice(0, 5))
    assert found["answers"] == 5
    assert found["before"]["resident"] < ballast.nbytes
    assert 0 < found["median_ms"] <= found["p99_ms"]
    assert found["answered"]["resident"] >= found["before"]["resident"]


def test_memory_leaves_room_for_files(release: Release, panel: Panel, tmp_path: Path) -> None:
    folder = release_folder(release, tmp_path)
    assert 0 < files_within(1_000_000_000, release, folder, panel) < 970_000_000
    with pytest.raises(SettingsError, match="MB before any file"):
        files_within(10_000_000, release, folder, panel)


def release_folder(release: Release, parent: Path) -> Path:
    """Write the release once more, under its own name, so that tests do not meet."""
    save(release, parent, gate=release.manifest.gate)
    return parent


def test_part_of_a_panel_keeps_rows_together(panel: Panel) -> None:
    rows = np.array([3, 1], np.int32)
    part = panel.part(rows, "Two of them.")
    assert part.counts["people"] == 2
    np.testing.assert_array_equal(part.profiles[0].movies, panel.profiles[3].movies)
    assert isinstance(part.truth, csr_array)
    assert set(part.truth[[1]].indices) == set(panel.truth[[1]].indices)

"""Training and the gate: what goes live, what is kept back, and what the receipt says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matinee.data import Dataset
from matinee.engines import Engine
from matinee.engines.popular import Popular
from matinee.errors import DataError
from matinee.ranking import Hybrid, HybridConfig
from matinee.releases import Registry
from matinee.testing.worlds import latent
from matinee.training.gate import GateConfig, judge
from matinee.training.train import TrainConfig, train, unfitted_hybrid
from matinee.types import FloatMatrix, Profiles


class Backwards(Popular):
    """Ranks the least popular first."""

    def _score(self, profiles: Profiles) -> FloatMatrix:
        return -super()._score(profiles)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent(n_users=300, n_movies=120, per_user=30, noise=0.1, width=3)


def hybrid_of(**engines: Engine) -> Hybrid:
    return Hybrid(
        {"popular": Popular(), **engines},
        HybridConfig(weights=dict.fromkeys(engines, 1.0) or {"popular": 1.0}, cold_below=0),
    )


def test_a_good_candidate_goes_live_with_its_receipt(tmp_path: Path, dataset: Dataset) -> None:
    trained = train(dataset, tmp_path)
    assert trained.promoted
    registry = Registry(tmp_path)
    assert registry.live_version() == trained.release.version
    manifest = registry.open_live(print).manifest
    assert manifest.gate["passed"]
    assert manifest.gate["comparisons"][0]["against"] == "popular"
    result = manifest.metrics["temporal"]
    assert {row["name"] for row in result["rows"]} >= {"random", "popular", "hybrid"}
    assert result["data"]["fingerprint"] == dataset.fingerprint


def test_the_release_learned_from_everything(tmp_path: Path, dataset: Dataset) -> None:
    trained = train(dataset, tmp_path, TrainConfig(engines=("popular",)))
    np.testing.assert_array_equal(
        trained.release.engines["popular"].arrays["count"], np.bincount(dataset.movies, minlength=dataset.n_movies)
    )


def test_the_release_keeps_its_learned_weights_and_where_they_are_from(tmp_path: Path, dataset: Dataset) -> None:
    trained = train(dataset, tmp_path, TrainConfig(engines=("popular", "ease", "als")))
    ranking = Registry(tmp_path).open_live(print).manifest.ranking
    receipt = ranking["receipt"]
    assert receipt["learned"]
    assert receipt["part"] == "validation"
    assert ranking["weights"] == receipt["weights"] != HybridConfig().weights
    assert ranking["normalisation"] == receipt["normalisation"]
    # The gate judged these very weights, on the part that did not choose them.
    assert trained.verdict.result is not None
    judged = trained.verdict.result["hybrid"].settings
    assert {key: judged[key] for key in ("weights", "by_size", "normalisation")} == {
        key: ranking[key] for key in ("weights", "by_size", "normalisation")
    }
    assert trained.verdict.result.protocol.part == "test"
    assert train(dataset, tmp_path, TrainConfig(engines=("popular", "ease", "als"))).verdict.summary.endswith(
        "the live release has the same settings."
    )


def test_without_learning_the_default_weights_are_kept(tmp_path: Path, dataset: Dataset) -> None:
    ranking = train(dataset, tmp_path, TrainConfig(engines=("ease", "als"), learning=None)).release.manifest.ranking
    assert ranking["weights"] == {name: HybridConfig().weights[name] for name in ("ease", "als")}
    assert ranking["receipt"] == {"learned": False, "because": "default weights were asked for"}


def test_a_candidate_below_popularity_is_kept_back(tmp_path: Path, dataset: Dataset) -> None:
    verdict = judge(dataset, hybrid_of(backwards=Backwards()), Registry(tmp_path))
    assert not verdict.passed
    assert "below popular" in verdict.summary
    assert verdict.comparisons[0].high < 0


def test_a_candidate_below_the_live_release_is_kept_back(tmp_path: Path, dataset: Dataset) -> None:
    assert train(dataset, tmp_path).promoted
    live = Registry(tmp_path).live_version()
    second = train(dataset, tmp_path, TrainConfig(engines=("popular",)))
    assert not second.promoted
    assert "below live" in second.verdict.summary
    assert Registry(tmp_path).live_version() == live
    assert second.release.manifest.gate["passed"] is False
    assert second.release.manifest.gate["forced"] is None


def test_force_is_recorded(tmp_path: Path, dataset: Dataset) -> None:
    train(dataset, tmp_path)
    second = train(dataset, tmp_path, TrainConfig(engines=("popular",), force="we want it simple"))
    assert second.promoted
    assert second.release.manifest.gate["forced"] == "we want it simple"
    assert Registry(tmp_path).history()[0].reason == "forced: we want it simple"


def test_the_tolerance_is_kept_to(dataset: Dataset, tmp_path: Path) -> None:
    train(dataset, tmp_path)
    lenient = GateConfig(tolerance=1.0)
    verdict = judge(dataset, hybrid_of(), Registry(tmp_path), lenient)
    assert [each.passed for each in verdict.comparisons if each.against == "live"] == [True]


def test_too_few_people_to_judge_is_said(tmp_path: Path) -> None:
    tiny = latent(n_users=3, n_movies=10, per_user=3)
    trained = train(tiny, tmp_path)
    assert not trained.promoted
    assert "cannot be judged" in trained.verdict.summary
    assert train(tiny, tmp_path, TrainConfig(force="a household of three")).promoted


def test_nothing_to_learn_from_is_an_error(tmp_path: Path, dataset: Dataset) -> None:
    with pytest.raises(DataError, match="no ratings"):
        train(dataset.select(np.zeros(dataset.n_ratings, np.bool_)), tmp_path)
    assert Registry(tmp_path).versions() == []


def test_simulated_figures_say_so(tmp_path: Path, dataset: Dataset) -> None:
    verdict = train(replace(dataset, simulated=True), tmp_path).verdict
    assert "simulated viewers" in verdict.summary


def test_the_default_blend_holds_for_the_engines_asked_for() -> None:
    default = dict(HybridConfig().weights)
    assert unfitted_hybrid(("popular", "ease", "als", "svd")).config.weights == default
    assert unfitted_hybrid(("ease",)).config.weights == {"ease": default["ease"]}
    assert unfitted_hybrid(("popular",)).config.weights == {"popular": 1.0}
    assert unfitted_hybrid(("svd", "graph")).config.weights == {"svd": default["svd"], "graph": default["svd"]}
    assert "popular" in unfitted_hybrid(("graph",)).engines

"""Learning weights: the search finds what is there, chance is kept out, and the receipt tells the truth."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines import Engine, create
from matinee.engines.popular import Popular
from matinee.errors import DataError
from matinee.evaluation import Temporal
from matinee.evaluation.metrics import Hits, measure
from matinee.evaluation.topn import top_n
from matinee.ranking.blend import NORMALISATIONS, blend
from matinee.ranking.weighting import HybridConfig
from matinee.testing.worlds import latent
from matinee.training.auto import INNER, Auto, Teacher
from matinee.training.pools import pooled
from matinee.training.simplex import STEPS, Search, usual_starts
from matinee.training.weights import LearningConfig, last_ratings, learn
from matinee.types import FloatMatrix, Profile, Profiles


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return latent(n_users=400, n_movies=120, per_user=30, noise=0.1, width=3)


def make() -> dict[str, Engine]:
    return {name: create(name, {"embedding_size": 8} if name == "als" else {}) for name in ("popular", "ease", "als")}


@pytest.fixture(scope="module")
def learned(dataset: Dataset) -> Any:
    return learn(Temporal().split(dataset, "validation"), make())


def random_pool(n: int = 60, n_movies: int = 90, seed: int = 0) -> tuple[dict[str, FloatMatrix], Profiles, csr_array]:
    rng = np.random.default_rng(seed)
    profiles = Profiles.stack(
        [
            Profile.of(rng.choice(n_movies, 6, replace=False), rng.integers(1, 6, 6).astype(np.float32))
            for _ in range(n)
        ],
        n_movies,
    )
    likes = rng.random((n, n_movies)) < 0.08
    likes[profiles.rows(), profiles.movies] = False
    likes[np.arange(n), likes.argmax(axis=1)] |= likes.any(axis=1)
    scores = {name: rng.standard_normal((n, n_movies)).astype(np.float32) + k * likes for k, name in enumerate("abc")}
    return (
        {name: score.astype(np.float32) for name, score in scores.items()},
        profiles,
        csr_array(likes.astype(np.float32)),
    )


@pytest.mark.parametrize("rule", NORMALISATIONS)
def test_pools_measure_what_the_laboratory_measures(rule: Any) -> None:
    scores, profiles, truth = random_pool()
    allowed = np.ones(profiles.n_movies, np.bool_)
    pools = pooled(scores, profiles, profiles, truth, allowed)
    weights = np.array([0.2, 0.3, 0.5])
    by_name = {name: np.full(len(profiles), weight, np.float32) for name, weight in zip(scores, weights, strict=True)}
    blended, _, _ = blend(scores, by_name, profiles, rule)
    lists = top_n(blended, 10, exclude=profiles)
    has = np.diff(truth.indptr) > 0
    expected = measure(Hits.of(lists, truth), ["ndcg@10"])["ndcg@10"][has]
    rows = np.flatnonzero(has)
    np.testing.assert_allclose(pools.ndcg(weights, rule, rows), expected, atol=1e-6)


def test_films_that_may_not_be_recommended_are_in_no_pool() -> None:
    scores, profiles, truth = random_pool()
    allowed = np.zeros(profiles.n_movies, np.bool_)
    allowed[:30] = True
    pools = pooled(scores, profiles, profiles, truth, allowed)
    assert pools.relevant.shape[1] <= 30
    barred = truth.toarray()[:, 30:].sum()
    assert pools.relevant.sum() == truth.sum() - barred


def test_the_search_finds_the_top_of_a_smooth_hill() -> None:
    top = np.array([0.6, 0.1, 0.3, 0.0])
    search = Search(lambda shares: -float(((shares - top) ** 2).sum()))
    found = search.run(usual_starts(4))
    np.testing.assert_allclose(found, top, atol=1.5 / STEPS)
    assert found.sum() == pytest.approx(1)
    assert len(search) < 250


def test_the_search_goes_round_a_corner() -> None:
    best = np.array([0.0, 1.0, 0.0])
    found = Search(lambda shares: float(shares[1])).run(usual_starts(3))
    np.testing.assert_allclose(found, best, atol=2 / STEPS)


def test_weights_add_up_and_follow_what_was_measured(learned: Any) -> None:
    config, receipt = learned.config, learned.receipt
    assert sum(config.weights.values()) == pytest.approx(1, abs=1e-3)
    assert set(config.weights) <= {"popular", "ease", "als"}
    assert receipt["value"] >= max(receipt["alone"].values()) - 0.005
    assert receipt["normalisation"] == config.normalisation
    assert receipt["part"] == "validation"
    assert receipt["counts"]["scored_users"] >= receipt["viewers"] > 0
    assert set(receipt["alone"]) == {"popular", "ease", "als"}
    assert json.loads(json.dumps(receipt, allow_nan=False)) == receipt
    assert HybridConfig.of(json.loads(json.dumps(config.settings()))) == config


def test_the_receipt_tells_each_engines_own_figure(dataset: Dataset, learned: Any) -> None:
    split = Temporal().split(dataset, "validation")
    ease = make()["ease"].fit(split.train)
    lists = top_n(ease.score(split.profiles), 10, exclude=split.profiles, allowed=split.allowed)
    enough = split.profiles.lengths() >= 5
    expected = measure(Hits.of(lists, split.truth), ["ndcg@10"])["ndcg@10"][enough].mean()
    assert learned.receipt["alone"]["ease"] == pytest.approx(expected, abs=2e-5)


def test_learning_twice_gives_the_same(dataset: Dataset, learned: Any) -> None:
    again = learn(Temporal().split(dataset, "validation"), make())
    assert again.config == learned.config
    assert again.receipt == learned.receipt


def test_noise_gets_no_weight_and_sizes_no_weights_of_their_own_by_chance(dataset: Dataset) -> None:
    class Noise(Popular):
        def _score(self, profiles: Profiles) -> FloatMatrix:
            rng = np.random.default_rng(profiles.movies[:3].tolist())
            return rng.standard_normal((len(profiles), profiles.n_movies)).astype(np.float32)

    found = learn(Temporal().split(dataset, "validation"), {"ease": create("ease"), "noise": Noise()})
    assert found.config.weights.get("noise", 0) < 0.25
    for group in found.receipt["by_size"]:
        assert group["adopted"] == (group.get("gain", 0) > group.get("standard_error", 0))


def test_a_group_of_few_viewers_keeps_the_weights_of_everybody(dataset: Dataset) -> None:
    config = LearningConfig(min_viewers=10_000)
    found = learn(Temporal().split(dataset, "validation"), make(), None, config)
    assert found.config.by_size == ()
    assert not any(group["adopted"] for group in found.receipt["by_size"])


def test_newcomers_keep_their_last_ratings() -> None:
    profiles = Profiles.stack([Profile.of([4, 2, 9], [1, 2, 3], [10, 20, 30]), Profile.of([5], [4.0])], 12)
    cut = last_ratings(profiles, 2)
    assert cut.movies.tolist() == [2, 9, 5]
    assert cut.values.tolist() == [2, 3, 4]
    assert cut.lengths().tolist() == [2, 1]


def test_no_engine_is_an_error(dataset: Dataset) -> None:
    with pytest.raises(DataError, match="no engine to weigh"):
        learn(Temporal().split(dataset, "validation"), {})


def test_a_hybrid_that_learns_by_itself_sees_the_protocols_validation_window(dataset: Dataset) -> None:
    outer = Temporal().split(dataset, "test").train
    inner = Temporal(INNER).split(outer, "test")
    validation = Temporal().split(dataset, "validation")
    assert abs(inner.train.n_ratings - validation.train.n_ratings) <= 2


def test_weights_are_learned_once_for_hybrids_that_share_a_teacher(dataset: Dataset) -> None:
    calls = []

    def counted() -> dict[str, Engine]:
        calls.append(1)
        return make()

    teacher = Teacher(counted)
    one, two = Auto(teacher), Auto(teacher, name="flixflow", strategy="flixflow")
    fits = len(calls)
    one.fit(dataset)
    two.fit(dataset)
    assert len(calls) == fits + 1
    assert one.config == two.config != HybridConfig()
    assert two.settings()["strategy"] == "flixflow"
    assert two.settings()["learned"]


def test_where_nothing_can_be_learned_the_default_weights_stay() -> None:
    tiny = latent(n_users=3, n_movies=10, per_user=3)
    base = HybridConfig(weights={"ease": 1.0})
    found = Teacher(make, base).teach(tiny)
    assert found.config == base
    assert found.receipt["learned"] is False
    assert found.receipt["because"]

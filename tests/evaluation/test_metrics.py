"""Accuracy metrics: slow references, scikit-learn, known expectations, and properties."""

from __future__ import annotations

import doctest
from math import comb, log2, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn import metrics as sk

from matinee.errors import SettingsError, ShapeError
from matinee.evaluation import metrics
from matinee.evaluation.metrics import RANKING, Hits, mae, measure, parse, rmse
from matinee.evaluation.topn import ranks, top_n
from matinee.types import Profile, Profiles

# --- slow references: one user, a list of films, a set of true films -------------------------------------------------


def hit_places(found: list[int], truth: set[int], k: int) -> list[int]:
    return [place for place, film in enumerate(found[:k], start=1) if film in truth]


def slow_precision(found: list[int], truth: set[int], k: int) -> float:
    return len(hit_places(found, truth, k)) / k


def slow_recall(found: list[int], truth: set[int], k: int) -> float:
    return len(hit_places(found, truth, k)) / len(truth)


def slow_truncated_recall(found: list[int], truth: set[int], k: int) -> float:
    return len(hit_places(found, truth, k)) / min(k, len(truth))


def slow_ndcg(found: list[int], truth: set[int], k: int) -> float:
    gained = sum(1 / log2(place + 1) for place in hit_places(found, truth, k))
    return gained / sum(1 / log2(place + 1) for place in range(1, min(k, len(truth)) + 1))


def slow_mrr(found: list[int], truth: set[int], k: int) -> float:
    return next((1 / place for place in hit_places(found, truth, k)), 0.0)


def slow_map(found: list[int], truth: set[int], k: int) -> float:
    return sum(slow_precision(found, truth, place) for place in hit_places(found, truth, k)) / min(k, len(truth))


def slow_hit_rate(found: list[int], truth: set[int], k: int) -> float:
    return float(bool(hit_places(found, truth, k)))


SLOW = {
    "precision": slow_precision,
    "recall": slow_recall,
    "truncated_recall": slow_truncated_recall,
    "ndcg": slow_ndcg,
    "mrr": slow_mrr,
    "map": slow_map,
    "hit_rate": slow_hit_rate,
}


def test_every_metric_has_a_slow_reference() -> None:
    assert SLOW.keys() == RANKING.keys()


# --- cases -----------------------------------------------------------------------------------------------------------


@st.composite
def judged(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.bool_], int]:
    """Distinct scores, what is true (some users without truth), and a cut-off."""
    users, movies = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.permuted(np.tile(np.arange(movies, dtype=np.float32), (users, 1)), axis=1)
    return scores, rng.random((users, movies)) < draw(st.sampled_from([0.1, 0.4, 0.9])), draw(st.integers(1, 14))


def all_metrics(scores: NDArray[np.float32], truth: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """Return (metrics, users)."""
    hits = Hits.of(top_n(scores, k), csr_array(truth))
    return np.stack([metric(hits, k) for metric in RANKING.values()])


@settings(max_examples=200, deadline=None)
@given(judged())
def test_every_metric_equals_its_slow_reference(case: Any) -> None:
    scores, truth, k = case
    lists = top_n(scores, k)
    hits = Hits.of(lists, csr_array(truth))
    for name, metric in RANKING.items():
        for user, value in enumerate(metric(hits, k)):
            true = set(np.flatnonzero(truth[user]).tolist())
            expected = SLOW[name](lists[user].tolist(), true, k) if true else np.nan
            assert value == pytest.approx(expected, abs=1e-12, nan_ok=True), name


# --- scikit-learn, where definitions coincide ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores without ties for 300 users and 60 films, with 1 to 25 true films each."""
    rng = np.random.default_rng(11)
    scores = rng.standard_normal((300, 60))
    truth = rng.permuted(np.arange(60) < rng.integers(1, 26, size=(300, 1)), axis=1)
    return scores, truth


@pytest.mark.parametrize("k", [1, 5, 20, 60])
def test_ndcg_equals_scikit_learn(sample: Any, k: int) -> None:
    scores, truth = sample
    values = measure(Hits.of(top_n(scores, k), csr_array(truth)), [f"ndcg@{k}"])[f"ndcg@{k}"]
    theirs = [sk.ndcg_score(t[None], s[None], k=k) for t, s in zip(truth, scores, strict=True)]
    np.testing.assert_allclose(values, theirs, rtol=0, atol=1e-9)
    assert sk.ndcg_score(truth, scores, k=k) == pytest.approx(values.mean(), abs=1e-9)


def test_average_precision_over_the_whole_list_equals_scikit_learn(sample: Any) -> None:
    scores, truth = sample
    values = metrics.average_precision(Hits.of(top_n(scores, 60), csr_array(truth)), 60)
    theirs = [sk.average_precision_score(t, s) for t, s in zip(truth, scores, strict=True)]
    np.testing.assert_allclose(values, theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_precision_and_recall_equal_scikit_learn_on_indicators(sample: Any, k: int) -> None:
    scores, truth = sample
    lists = top_n(scores, k)
    listed = np.zeros_like(truth)
    np.put_along_axis(listed, lists.astype(np.int64), values=True, axis=1)
    hits = Hits.of(lists, csr_array(truth))
    assert metrics.precision(hits, k).mean() == pytest.approx(
        sk.precision_score(truth, listed, average="samples"), abs=1e-9
    )
    assert metrics.recall(hits, k).mean() == pytest.approx(sk.recall_score(truth, listed, average="samples"), abs=1e-9)


@pytest.mark.parametrize("k", [1, 10, 60])
def test_one_true_film_equals_scikit_learn(sample: Any, k: int) -> None:
    scores, _ = sample
    target = np.random.default_rng(5).integers(0, 60, len(scores)).astype(np.int32)
    hits = Hits.of_ranks(ranks(scores, target), k)
    theirs = sk.top_k_accuracy_score(target, scores, k=k, labels=np.arange(60)) if k < 60 else 1.0
    assert metrics.hit_rate(hits, k).mean() == pytest.approx(theirs, abs=1e-9)
    if k == 60:
        only = np.eye(60)[target]
        lrap = sk.label_ranking_average_precision_score(only, scores)
        assert metrics.reciprocal_rank(hits, k).mean() == pytest.approx(lrap, abs=1e-9)


def test_star_errors_equal_scikit_learn_and_a_loop() -> None:
    rng = np.random.default_rng(3)
    actual = rng.choice(np.arange(0.5, 5.5, 0.5), 5000).astype(np.float32)
    predicted = rng.uniform(0.5, 5, 5000).astype(np.float32)
    exact = actual.astype(np.float64), predicted.astype(np.float64)
    assert rmse(predicted, actual) == pytest.approx(sk.root_mean_squared_error(*exact), abs=1e-9)
    assert mae(predicted, actual) == pytest.approx(sk.mean_absolute_error(*exact), abs=1e-9)
    gaps = [float(p) - float(a) for p, a in zip(predicted, actual, strict=True)]
    assert rmse(predicted, actual) == pytest.approx(sqrt(sum(g * g for g in gaps) / 5000), abs=1e-12)
    assert mae(predicted, actual) == pytest.approx(sum(map(abs, gaps)) / 5000, abs=1e-12)


# --- what random scores must give ------------------------------------------------------------------------------------


def expected_at_random(name: str, t: int, m: int, k: int) -> float:
    """Expectation for t true films among m in uniformly random order."""
    reach, share = min(k, t), t / m
    places = range(1, k + 1)
    if name == "ndcg":
        return share * sum(1 / log2(r + 1) for r in places) / sum(1 / log2(r + 1) for r in range(1, reach + 1))
    if name == "mrr":  # the first hit is at r with probability C(m - r, t - 1) / C(m, t)
        return sum(comb(m - r, t - 1) / comb(m, t) / r for r in places)
    if name == "map":  # given a hit at r, each of the r - 1 before it is one with probability (t - 1) / (m - 1)
        return share * sum((1 + (r - 1) * (t - 1) / (m - 1)) / r for r in places) / reach
    return {
        "precision": share,
        "recall": k / m,
        "truncated_recall": k * share / reach,
        "hit_rate": 1 - comb(m - t, k) / comb(m, k),
    }[name]


@pytest.mark.parametrize(("t", "k"), [(1, 10), (4, 10), (30, 5)])
@pytest.mark.parametrize("name", RANKING)
def test_random_scores_approach_the_expectation(name: str, t: int, k: int) -> None:
    m, users = 100, 20_000
    rng = np.random.default_rng(17)
    scores = rng.random((users, m), dtype=np.float32)
    truth = np.arange(m) < np.full((users, 1), t)
    values = RANKING[name](Hits.of(top_n(scores, k), csr_array(truth)), k)
    sampling_error = values.std() / sqrt(users)
    assert abs(values.mean() - expected_at_random(name, t, m, k)) < 4 * sampling_error
    assert sampling_error < 0.06 * values.mean(), "the sample is too small to notice a mistake"


# --- properties ------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(judged(), st.randoms(use_true_random=False))
def test_the_order_of_users_and_films_changes_nothing(case: Any, random: Any) -> None:
    scores, truth, k = case
    users, films = list(range(scores.shape[0])), list(range(scores.shape[1]))
    random.shuffle(users)
    random.shuffle(films)
    shuffled = all_metrics(scores[np.ix_(users, films)], truth[np.ix_(users, films)], k)
    np.testing.assert_allclose(shuffled, all_metrics(scores, truth, k)[:, users], rtol=0, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(judged())
def test_values_lie_between_0_and_1_and_only_empty_truth_is_unscored(case: Any) -> None:
    scores, truth, k = case
    values = all_metrics(scores, truth, k)
    assert np.array_equal(np.isnan(values), np.tile(~truth.any(axis=1), (len(RANKING), 1)))
    known = values[~np.isnan(values)]
    assert ((known >= 0) & (known <= 1 + 1e-12)).all()


@settings(max_examples=100, deadline=None)
@given(judged())
def test_a_perfect_ranking_scores_1_wherever_1_is_reachable(case: Any) -> None:
    scores, truth, k = case
    perfect = np.where(truth, scores + 1000, scores)
    hits = Hits.of(top_n(perfect, k), csr_array(truth))
    true = hits.n_relevant[hits.scored]
    for name, metric in RANKING.items():
        best = {"precision": np.minimum(true / k, 1), "recall": np.minimum(k / np.maximum(true, 1), 1)}
        np.testing.assert_allclose(metric(hits, k)[hits.scored], best.get(name, np.ones(len(true))), atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=10), st.integers(1, 5), st.data())
def test_a_further_hit_or_a_higher_hit_never_lowers_a_metric(places: list[bool], unlisted: int, data: Any) -> None:
    row = np.array([places])
    truth = np.array([row.sum() + unlisted])
    k = data.draw(st.integers(1, len(places)))
    before = [metric(Hits(row, truth), k)[0] for metric in RANKING.values()]
    if not row.all():
        more = row.copy()
        more[0, data.draw(st.sampled_from(np.flatnonzero(~row[0]).tolist()))] = True
        after = [metric(Hits(more, truth), k)[0] for metric in RANKING.values()]
        assert all(a >= b - 1e-12 for a, b in zip(after, before, strict=True)), "a miss became a hit"
    steps = np.flatnonzero(~row[0, :-1] & row[0, 1:])
    if len(steps):
        up = data.draw(st.sampled_from(steps.tolist()))
        moved = row.copy()
        moved[0, [up, up + 1]] = True, False
        after = [metric(Hits(moved, truth), k)[0] for metric in RANKING.values()]
        assert all(a >= b - 1e-12 for a, b in zip(after, before, strict=True)), "a hit moved up"


def test_a_metric_notices_a_hit_at_the_cut_off() -> None:
    inside = Hits(np.array([[False, True, False]]), np.array([2]))
    outside = Hits(np.array([[False, False, True]]), np.array([2]))
    for metric in RANKING.values():
        assert metric(inside, 2)[0] > metric(outside, 2)[0] == 0


# --- the struct and its messages -------------------------------------------------------------------------------------


def test_hits_look_up_profiles_and_matrices_alike() -> None:
    truth = Profiles.stack([Profile.of([4, 0], [0.0, 5.0]), Profile.empty(), Profile.of([2], [1.0])], 5)
    lists = np.array([[0, 1, 4], [0, 1, 2], [4, -1, -1]], np.int32)
    for given_truth in (truth, truth.matrix()):
        hits = Hits.of(lists, given_truth)
        assert hits.relevant.tolist() == [[True, False, True], [False] * 3, [False] * 3]
        assert hits.n_relevant.tolist() == [2, 0, 1]
        assert hits.scored.tolist() == [True, False, True]


def test_no_truth_at_all_scores_nobody() -> None:
    hits = Hits.of(np.array([[0, 1]], np.int32), csr_array((1, 3)))
    assert all(np.isnan(metric(hits, 2)).all() for metric in RANKING.values())


def test_a_film_listed_twice_is_refused() -> None:
    with pytest.raises(ShapeError, match="twice"):
        Hits.of(np.array([[1, 1]], np.int32), csr_array(np.array([[0, 1, 0]])))


def test_misfits_are_named() -> None:
    with pytest.raises(ShapeError, match="2 rows and 1 lists"):
        Hits.of(np.array([[0]], np.int32), csr_array((2, 3)))
    hits = Hits(np.array([[True, False]]), np.array([1]))
    for k in (0, 3):
        with pytest.raises(SettingsError, match=f"1…2.*got {k}"):
            metrics.ndcg(hits, k)
    for name in ("ndcg", "ndcg@0", "ndcg@x", "auc@10", "@5"):
        with pytest.raises(SettingsError, match="precision, recall, truncated_recall"):
            parse(name)
    with pytest.raises(ShapeError, match="one prediction a rating"):
        rmse(np.zeros(2), np.zeros(3))
    with pytest.raises(ShapeError, match="no ratings"):
        mae(np.zeros(0), np.zeros(0))


def test_every_metric_is_explained_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| `")}
    assert {f"`{name}@k`" for name in RANKING} <= rows
    assert all(f"`{name}`" in text for name in ("rmse", "mae"))


def test_examples_in_the_docstrings() -> None:
    failed, attempted = doctest.testmod(metrics)
    assert failed == 0
    assert attempted >= len(RANKING) + 4

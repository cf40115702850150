"""The comparison as a whole: rows, figures, differences, JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import CoCounts, make_world

from matinee.data import Catalogue, Dataset, IdMap
from matinee.errors import DataError, LeakError, SettingsError, UnknownIdError
from matinee.evaluation import Popular, Rating, Result, Sequential, Strong, Temporal, evaluate
from matinee.evaluation.intervals import paired_interval
from matinee.evaluation.protocols import RatingConfig, StrongConfig
from matinee.types import FloatMatrix, Profiles, Progress, silent

WORLD = make_world()
RANKINGS = [Temporal(), Strong(StrongConfig(held_out_users=30)), Sequential()]


class Stars(CoCounts):
    """Predicts 3.7 stars for everything, and 9 for even movies."""

    predicts_stars = True

    def score(self, profiles: Profiles) -> FloatMatrix:
        scores = np.full((len(profiles), profiles.n_movies), 3.7, np.float32)
        scores[:, ::2] = 9
        return scores


def figures(result: Result, name: str) -> dict[str, float | None]:
    return {key: found.value for key, found in result[name].measures.items()}


@pytest.mark.parametrize("protocol", RANKINGS)
def test_random_and_popular_are_always_there_and_first(protocol: Any) -> None:
    result = evaluate(WORLD, protocol, [CoCounts()])
    expected = ["random", "popular", *(["recent"] if result.protocol.name == "temporal" else []), "co-counts"]
    assert [row.name for row in result.rows] == expected
    assert [row.is_baseline for row in result.rows] == [True] * (len(expected) - 1) + [False]
    for row in result.rows:
        assert list(row.measures) == list(protocol.measures)


def test_popular_is_measured_as_a_slow_reading_says() -> None:
    split = Temporal().split(WORLD)
    counts = np.bincount(split.train.movies, minlength=WORLD.n_movies)
    order = sorted(np.flatnonzero(split.allowed).tolist(), key=lambda movie: (-counts[movie], movie))
    precision, recall, hit = [], [], []
    for row in range(len(split)):
        seen = set(split.profiles[row].movies.tolist())
        top = [movie for movie in order if movie not in seen][:10]
        found = len(set(top) & set(split.truth[[row]].indices.tolist()))
        precision.append(found / 10)
        recall.append(found / split.truth[[row]].nnz)
        hit.append(float(found > 0))
    result = evaluate(WORLD, Temporal(), [])
    for key, values in {"precision@10": precision, "recall@10": recall, "hit_rate@10": hit}.items():
        found = result["popular"].measures[key]
        assert found.value == pytest.approx(np.mean(values), abs=1e-12)
        assert found.standard_error == pytest.approx(np.std(values, ddof=1) / np.sqrt(len(values)), abs=1e-12)
        assert found.n == len(values)
        assert found.against_baseline is None


def test_sequential_ranks_count_ties_against_the_hidden_movie() -> None:
    class Flat(CoCounts):
        def score(self, profiles: Profiles) -> FloatMatrix:
            return np.zeros((len(profiles), profiles.n_movies), np.float32)

    assert set(figures(evaluate(WORLD, Sequential(), [Flat()]), "co-counts").values()) == {0.0}


def test_random_reaches_what_probability_says() -> None:
    """Precision of random lists: the share of the candidates that are hidden likes, averaged over viewers."""
    world = make_world(3, n_users=800)
    split = Temporal().split(world)
    candidates = split.allowed.sum() - np.array(
        [split.allowed[split.profiles[row].movies].sum() for row in range(len(split))]
    )
    expected = np.mean(np.diff(split.truth.indptr) / candidates)
    found = evaluate(world, Temporal(), [])["random"].measures["precision@10"]
    assert found.value is not None
    assert found.standard_error is not None
    assert abs(found.value - expected) < 4 * found.standard_error
    assert found.standard_error < expected / 8


def test_views_measure_the_people_they_name() -> None:
    result = evaluate(WORLD, Temporal(), [CoCounts()])
    split = Temporal().split(WORLD)
    wanted = split.profiles.lengths() > 20
    values = result["co-counts"].values
    inside = result["co-counts"].measures["over_20_seen/precision@10"]
    assert inside.n == wanted.sum() < len(split)
    assert inside.value == pytest.approx(values["precision@10"][wanted].mean(), abs=1e-12)


def test_differences_are_the_paired_intervals() -> None:
    result = evaluate(WORLD, Temporal(), [CoCounts()], seed=5)
    mine, popular = (result[name].values["ndcg@10"] for name in ("co-counts", "popular"))
    expected = paired_interval(mine, popular, seed=5)
    gap = result["co-counts"].measures["ndcg@10"].against_baseline
    assert gap is not None
    assert (gap.difference, gap.low, gap.high) == pytest.approx((expected.difference, expected.low, expected.high))
    assert result.difference("co-counts", "popular", "ndcg@10") == expected
    assert result.difference("popular", "co-counts", "ndcg@10").difference == -expected.difference


def test_another_baseline_and_part_can_be_chosen() -> None:
    result = evaluate(WORLD, Temporal(), [CoCounts()], baseline="co-counts", part="validation")
    assert result.protocol.part == "validation"
    assert result["co-counts"].measures["ndcg@10"].against_baseline is None
    assert result["popular"].measures["ndcg@10"].against_baseline is not None
    assert figures(result, "popular") != figures(evaluate(WORLD, Temporal(), []), "popular")


def test_learning_pays_in_a_world_with_tastes() -> None:
    result = evaluate(make_world(1, n_users=400, n_movies=300), Strong(StrongConfig(held_out_users=100)), [CoCounts()])
    gap = result["co-counts"].measures["ndcg@100"].against_baseline
    assert gap is not None
    assert gap.verdict == "above"
    assert result["random"].measures["ndcg@100"].against_baseline.verdict == "below"  # type: ignore[union-attr]


def test_names_are_distinct_and_baselines_keep_theirs() -> None:
    class Mine(CoCounts):
        name = "popular"

    result = evaluate(WORLD, Temporal(), [Mine("popular")])
    assert [row.name for row in result.rows][-1] == "popular (engine)"
    with pytest.raises(SettingsError, match="co-counts came more than once"):
        evaluate(WORLD, Temporal(), [CoCounts(), CoCounts()])


def test_an_unknown_baseline_row_or_figure_is_an_error() -> None:
    with pytest.raises(SettingsError, match="there is none"):
        evaluate(WORLD, Temporal(), [], baseline="nobody")
    result = evaluate(WORLD, Temporal(), [])
    with pytest.raises(UnknownIdError, match="no row 'nobody'"):
        result.value("nobody", "ndcg@10")
    with pytest.raises(UnknownIdError, match="no figure 'ndcg@11'"):
        result.value("popular", "ndcg@11")
    with pytest.raises(UnknownIdError, match="per-user figures 'gini@10'"):
        result.difference("popular", "random", "gini@10")


def test_the_same_seed_gives_the_same_result() -> None:
    one, other, third = (evaluate(WORLD, Temporal(), [CoCounts()], seed=seed).to_json() for seed in (1, 1, 2))
    for result in (one, other, third):
        for row in result["rows"]:
            del row["fit_seconds"], row["score_seconds"]
    assert one == other
    assert one["rows"] != third["rows"]


def test_work_is_told_of() -> None:
    told: list[tuple[str, int, int]] = []
    evaluate(WORLD, Temporal(), [CoCounts()], progress=lambda *step: told.append(step))
    assert ("judge co-counts", len(Temporal().split(WORLD)), len(Temporal().split(WORLD))) in told


def test_profiles_sent_in_small_batches_give_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate(WORLD, Temporal(), [CoCounts()])
    monkeypatch.setattr("matinee.evaluation.judge._CELLS", 7 * WORLD.n_movies)
    parts = evaluate(WORLD, Temporal(), [CoCounts()])
    assert figures(whole, "co-counts") == figures(parts, "co-counts")


# --- permutations ----------------------------------------------------------------------------------------------------------


class Untied(CoCounts):
    """Co-counts with ties broken by the movie's id, so that an order of indices decides nothing."""

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Untied:
        super().fit(dataset, progress)
        self.tie = dataset.catalogue.ids.ids.astype(np.float32) / 1e4
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        return super().score(profiles) + self.tie


def renumbered(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """The same facts with users and movies in another order."""
    people, films = rng.permutation(dataset.n_users), rng.permutation(dataset.n_movies)
    users, movies = np.argsort(people)[dataset.users], np.argsort(films)[dataset.movies]
    order = np.lexsort((dataset.rows, dataset.times, users))
    return replace(
        dataset,
        catalogue=Catalogue(dataset.catalogue.movies[films]),
        user_ids=IdMap(dataset.user_ids.ids[people], "user"),
        users=users[order].astype(np.int32),
        movies=movies[order].astype(np.int32),
        values=dataset.values[order],
        times=dataset.times[order],
        rows=dataset.rows[order],
    )


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(RANKINGS))
def test_the_order_of_users_and_movies_changes_nothing(seed: int, protocol: Any) -> None:
    one = evaluate(WORLD, protocol, [Untied()])
    other = evaluate(renumbered(WORLD, np.random.default_rng(seed)), protocol, [Untied()])
    assert one.splits[0].counts == other.splits[0].counts
    for key, value in figures(one, "co-counts").items():
        assert figures(other, "co-counts")[key] == pytest.approx(value, abs=1e-9), key


# --- stars -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["holdout", "folds"])
def test_stars_are_clipped_and_errors_are_over_all_hidden_ratings(method: Any) -> None:
    protocol = Rating(RatingConfig(method=method))
    result = evaluate(WORLD, protocol, [Stars("stars")])
    squared, absolute = [], []
    for split in protocol.splits(WORLD):
        for movie, star in zip(split.movies.tolist(), split.stars.tolist(), strict=True):
            error = (5.0 if movie % 2 == 0 else float(np.float32(3.7))) - star
            squared.append(error**2)
            absolute.append(abs(error))
    assert result.value("stars", "rmse") == pytest.approx(np.sqrt(np.mean(squared)), rel=1e-9)
    assert result.value("stars", "mae") == pytest.approx(np.mean(absolute), rel=1e-9)
    assert [row.name for row in result.rows] == ["constant", "bias", "stars"]
    assert result.baseline == "bias"
    assert len(result.splits) == (1 if method == "holdout" else 5)


def test_the_bias_beats_the_constant_and_the_interval_says_so() -> None:
    result = evaluate(make_world(2, n_users=400), Rating(), [])
    gap = result["constant"].measures["rmse"].against_baseline
    assert gap is not None
    assert gap.verdict == "above"
    again = result.difference("constant", "bias", "rmse")
    assert (again.low, again.high) == (gap.low, gap.high)


def test_the_error_of_an_rmse_is_about_its_spread_over_samples() -> None:
    """Standard error from one world against the spread of the figure over many worlds of the same kind."""
    results = [evaluate(make_world(seed, n_users=150), Rating(RatingConfig(method="folds")), []) for seed in range(12)]
    found = [result["bias"].measures["rmse"] for result in results]
    spread = np.std([one.value for one in found], ddof=1)
    told = np.mean([one.standard_error for one in found])
    assert 0.4 < told / spread < 2.5


def test_an_engine_without_stars_is_refused_by_the_rating_protocol() -> None:
    result = evaluate(WORLD, Rating(), [CoCounts(), Stars("stars")])
    assert "does not predict stars" in str(result["co-counts"].refused)
    assert result["stars"].refused is None


# --- JSON ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [*RANKINGS, Rating()])
def test_a_result_survives_json(protocol: Any) -> None:
    result = evaluate(WORLD, protocol, [CoCounts()])
    text = json.dumps(result.to_json(), allow_nan=False)
    again = Result.from_json(json.loads(text))
    assert again.to_json() == result.to_json()
    assert again.rows[0] == replace(result.rows[0], settings=dict(result.rows[0].settings))
    assert again["co-counts"].refused == result["co-counts"].refused


def test_a_result_from_json_has_figures_but_no_users_to_compare() -> None:
    again = Result.from_json(evaluate(WORLD, Temporal(), []).to_json())
    assert again.value("popular", "ndcg@10") > 0
    with pytest.raises(UnknownIdError, match="no per-user figures"):
        again.difference("popular", "random", "ndcg@10")


def test_other_json_is_refused() -> None:
    whole = evaluate(WORLD, Temporal(), []).to_json()
    with pytest.raises(DataError, match="not an evaluation result of form 1"):
        Result.from_json({**whole, "schema": 2})
    with pytest.raises(DataError, match="incomplete"):
        Result.from_json({key: value for key, value in whole.items() if key != "rows"})


def test_refusals_of_the_whole_run_show_nothing() -> None:
    class Liar(Popular):
        name = "liar"
        fitted_on = "0123456789abcdef"

    with pytest.raises(LeakError):
        evaluate(WORLD, Temporal(), [Liar()])

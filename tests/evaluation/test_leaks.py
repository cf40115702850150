"""Cheats: each is caught, and honest contestants are left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from worlds import CoCounts, make_world

from matinee.data import Dataset
from matinee.errors import LeakError, NotFittedError, SettingsError
from matinee.evaluation import Result, Sequential, Strong, Temporal, evaluate
from matinee.evaluation.protocols import RankingSplit, StrongConfig
from matinee.types import FloatMatrix, Profile, Profiles, Progress, silent

WORLD = make_world()
BIG = make_world(1, n_users=400)


class Bent(Temporal):
    """The temporal protocol with one thing done wrong."""

    def __init__(self, bend: Callable[[Dataset, RankingSplit], RankingSplit]) -> None:
        super().__init__()
        self.bend = bend

    def splits(self, dataset: Dataset, part: Any = "test") -> Any:
        yield self.bend(dataset, self.split(dataset, part))


def hidden_in_training(dataset: Dataset, split: RankingSplit) -> RankingSplit:
    user, movie = int(split.users[3]), int(split.truth[[3]].indices[0])
    row = (dataset.users == user) & (dataset.movies == movie)
    trained = {(int(u), int(m)) for u, m in zip(split.train.users, split.train.movies, strict=True)}
    keep = [(int(u), int(m)) in trained for u, m in zip(dataset.users, dataset.movies, strict=True)]
    return replace(split, train=dataset.select(np.array(keep) | row), cut=None)


def future_in_training(dataset: Dataset, split: RankingSplit) -> RankingSplit:
    assert split.cut is not None
    late = dataset.times >= split.cut
    hidden = split.truth.toarray() > 0
    row_of = np.full(dataset.n_users, -1)
    row_of[split.users] = np.arange(len(split))
    harmless = late & ~((row_of[dataset.users] >= 0) & hidden[row_of[dataset.users], dataset.movies])
    first = np.flatnonzero(harmless)[:7]
    keep = ~late
    keep[first] = True
    return replace(split, train=dataset.select(keep))


def hidden_in_profile(dataset: Dataset, split: RankingSplit) -> RankingSplit:
    rows = [split.profiles[row] for row in range(len(split))]
    movie = int(split.truth[[0]].indices[0])
    rows[0] = Profile.of([*rows[0].movies, movie], [*rows[0].values, 5], [*rows[0].times, int(rows[0].times[-1])])
    return replace(split, profiles=Profiles.stack(rows, dataset.n_movies))


@pytest.mark.parametrize(
    ("bend", "message"),
    [
        (hidden_in_training, "1 hidden ratings are also in the training data"),
        (future_in_training, "hold 7 ratings from the future"),
        (hidden_in_profile, "1 hidden ratings are also in the profiles"),
    ],
)
def test_a_leaking_split_ends_the_run(bend: Any, message: str) -> None:
    assert evaluate(WORLD, Temporal(), []).rows
    with pytest.raises(LeakError, match=message):
        evaluate(WORLD, Bent(bend), [])


def test_an_engine_fitted_on_other_data_ends_the_run() -> None:
    class Trained(CoCounts):
        """Keeps what it learned from everything, and says so."""

        fitted_on = BIG.fingerprint

        def fit(self, dataset: Dataset, progress: Progress = silent) -> Trained:
            return super().fit(BIG, progress)

    with pytest.raises(LeakError, match="co-counts was fitted on the data"):
        evaluate(BIG, Temporal(), [Trained()])


def test_an_engine_that_says_truly_what_it_was_fitted_on_is_welcome() -> None:
    class Honest(CoCounts):
        def fit(self, dataset: Dataset, progress: Progress = silent) -> Honest:
            self.fitted_on = dataset.fingerprint
            return super().fit(dataset, progress)

    assert evaluate(BIG, Temporal(), [Honest()])["co-counts"].refused is None


def test_writing_on_the_training_data_ends_the_run() -> None:
    class Vandal(CoCounts):
        def fit(self, dataset: Dataset, progress: Progress = silent) -> Vandal:
            dataset.values[0] = 0.5 if dataset.values[0] != 0.5 else 1.0
            return super().fit(dataset, progress)

    with pytest.raises(LeakError, match="co-counts changed the training data"):
        evaluate(make_world(), Temporal(), [Vandal()])


# --- one contestant's conduct ----------------------------------------------------------------------------------------------


class Twisted(CoCounts):
    """Honest scores, spoiled on the way out."""

    def __init__(self, twist: Callable[[FloatMatrix], Any]) -> None:
        super().__init__("twisted")
        self.twist = twist

    def score(self, profiles: Profiles) -> Any:
        return self.twist(np.array(super().score(profiles)))


def one_nan(scores: FloatMatrix) -> FloatMatrix:
    scores[0, 2] = np.nan
    return scores


def one_infinity(scores: FloatMatrix) -> FloatMatrix:
    scores[-1, 2] = -np.inf
    return scores


def by_place(scores: FloatMatrix) -> FloatMatrix:
    scores += np.arange(len(scores))[:, None] * np.arange(scores.shape[1])
    return scores


@pytest.mark.parametrize(
    ("twist", "reason"),
    [
        (one_nan, "not finite numbers: 1 of"),
        (one_infinity, "not finite numbers: 1 of"),
        (lambda scores: scores[:, 1:], r"shape \(\d+, 59\)"),
        (lambda scores: scores[:-1], "shape"),
        (lambda scores: None, "shape None"),
        (lambda scores: scores.astype(np.int64), "type int64"),
        (by_place, "in another order"),
    ],
)
def test_bad_scores_are_refused_by_name_and_the_others_shown(twist: Any, reason: str) -> None:
    result = evaluate(WORLD, Temporal(), [Twisted(twist), CoCounts()])
    refused = result["twisted"].refused
    assert refused is not None
    assert re.search(reason, refused), refused
    assert result["twisted"].measures == {}
    assert result["co-counts"].measures
    with pytest.raises(LeakError, match="twisted has no figures"):
        result.value("twisted", "ndcg@10")


class Peeker(CoCounts):
    """Holds everybody's whole history and looks up whose profile it is given."""

    def __init__(self, everything: Dataset, *, boost: float = 1.0, share: float = 1.0, exact: bool = True) -> None:
        super().__init__("peeker")
        self.everything = everything
        self.boost, self.share, self.exact = boost, share, exact

    def score(self, profiles: Profiles) -> FloatMatrix:
        scores = np.array(super().score(profiles), np.float32)
        scores /= np.maximum(scores.max(axis=1, keepdims=True), 1)
        histories = [
            set(own.movies.tolist())
            for own in map(self.everything.profiles().__getitem__, range(self.everything.n_users))
        ]
        for row in range(len(profiles)):
            told = set(profiles[row].movies.tolist())
            owners = [history for history in histories if told <= history and self._is_owner(told, history)]
            for history in sorted(owners, key=len)[:1]:
                hidden = sorted(history - told)
                scores[row, hidden[: max(1, round(self.share * len(hidden)))]] += self.boost
        return scores

    def _is_owner(self, told: set[int], history: set[int]) -> bool:
        if not self.exact:
            return True
        return hash(frozenset(told)) in self.known

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Peeker:
        profiles = dataset.profiles()
        self.known = {hash(frozenset(profiles[row].movies.tolist())) for row in range(len(profiles))}
        super().fit(dataset, progress)
        return self


def test_a_perfect_peeker_is_refused() -> None:
    result = evaluate(BIG, Sequential(), [Peeker(BIG, boost=10, exact=False)])
    assert "its scores know the hidden movies" in str(result["peeker"].refused)


@pytest.mark.parametrize("protocol", [Sequential(), Temporal()])
def test_a_peeker_that_recognises_histories_is_refused(protocol: Any) -> None:
    result = evaluate(BIG, protocol, [Peeker(BIG, boost=10, share=0.5), CoCounts()])
    assert result["peeker"].refused is not None
    assert result["co-counts"].refused is None


def test_a_moderate_peeker_is_refused_for_recognising_people() -> None:
    class Moderate(Peeker):
        """Uses what it knows for about half of the people only, so that no figure looks too good."""

        def _is_owner(self, told: set[int], history: set[int]) -> bool:
            return len(told) % 2 == 0 and super()._is_owner(told, history)

    result = evaluate(BIG, Sequential(), [Moderate(BIG, boost=10)])
    assert "recognises people" in str(result["peeker"].refused)


def test_a_peeker_by_place_in_the_batch_is_refused() -> None:
    split = Strong(StrongConfig(held_out_users=40)).split(BIG)

    class Indexed(CoCounts):
        def score(self, profiles: Profiles) -> FloatMatrix:
            scores = np.array(super().score(profiles), np.float32)
            hidden = split.truth.toarray()[: len(profiles)]
            scores[: len(hidden)] += 1e4 * hidden
            return scores

    result = evaluate(BIG, Strong(StrongConfig(held_out_users=40)), [Indexed()])
    assert "in another order" in str(result["co-counts"].refused)


@pytest.mark.parametrize("protocol", [Temporal(), Sequential(), Strong()])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_honest_contestants_are_left_alone(protocol: Any, seed: int) -> None:
    result = evaluate(make_world(seed, n_users=250), protocol, [CoCounts()])
    assert [row.refused for row in result.rows] == [None] * len(result.rows)


# --- lists instead of scores ---------------------------------------------------------------------------------------------


class Lister:
    """Lists the best by co-counts, and spoils the lists."""

    name = "lister"

    def __init__(self, spoil: Callable[[Any, Profiles], Any] = lambda lists, profiles: lists) -> None:
        self.inner = CoCounts()
        self.spoil = spoil

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Lister:
        self.inner.fit(dataset)
        return self

    def recommend(self, profiles: Profiles, n: int) -> Any:
        scores = np.array(self.inner.score(profiles), np.float32)
        scores[profiles.rows(), profiles.movies] = -np.inf
        lists = np.argsort(-scores, axis=1, kind="stable")[:, :n].astype(np.int32)
        lists[np.take_along_axis(scores, lists, axis=1) == -np.inf] = -1
        return self.spoil(lists, profiles)


def first_seen(lists: Any, profiles: Profiles) -> Any:
    lists[:5, 0] = [profiles[row].movies[0] for row in range(5)]
    return lists


def doubled(lists: Any, profiles: Profiles) -> Any:
    lists[2, 1] = lists[2, 0]
    return lists


def beyond_the_catalogue(lists: Any, profiles: Profiles) -> Any:
    lists[0, 0] = profiles.n_movies
    return lists


def shortened(lists: Any, profiles: Profiles) -> Any:
    lists[:4, 3:] = -1
    return lists


def judged(lister: Lister) -> Result:
    return evaluate(WORLD, Temporal(), [lister, CoCounts()])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (first_seen, "returned 5 movies their viewers have already seen, to 5 viewers"),
        (doubled, "a movie twice"),
        (beyond_the_catalogue, "outside 0…59"),
        (lambda lists, profiles: lists[:, :3], "shape"),
        (lambda lists, profiles: lists.astype(np.float32), "integers"),
    ],
)
def test_bad_lists_are_refused_by_name(spoil: Any, reason: str) -> None:
    assert reason in str(judged(Lister(spoil))["lister"].refused)


def test_short_lists_are_reported_and_count_as_misses() -> None:
    whole, short = judged(Lister()), judged(Lister(shortened))
    assert whole["lister"].short_lists == 0
    assert short["lister"].short_lists == 4
    assert short["lister"].refused is None
    assert short.value("lister", "recall@10") < whole.value("lister", "recall@10")


def test_good_lists_measure_like_the_scores_they_come_from() -> None:
    result = judged(Lister())
    for key, measure in result["co-counts"].measures.items():
        assert result["lister"].measures[key].value == pytest.approx(measure.value, abs=1e-12), key


# --- failures --------------------------------------------------------------------------------------------------------------


def test_an_engine_that_says_why_it_cannot_is_refused_with_its_reason() -> None:
    class Unable(CoCounts):
        def score(self, profiles: Profiles) -> FloatMatrix:
            raise NotFittedError("The engine was asked too early.")

    assert evaluate(WORLD, Temporal(), [Unable()])["co-counts"].refused == "failed: The engine was asked too early."


def test_a_crash_names_the_contestant() -> None:
    class Broken(CoCounts):
        def score(self, profiles: Profiles) -> FloatMatrix:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        evaluate(WORLD, Temporal(), [Broken()])
    assert any("co-counts was being evaluated" in note for note in caught.value.__notes__)


def test_a_refused_row_cannot_be_the_baseline() -> None:
    with pytest.raises(SettingsError, match="cannot be the row to compare with: it returned"):
        evaluate(WORLD, Temporal(), [Twisted(one_nan)], baseline="twisted")

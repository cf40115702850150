"""One contestant on one split: batches of profiles in, figures of every viewer out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from matinee.data import Dataset
from matinee.evaluation import beyond, leaks
from matinee.evaluation.leaks import Misconduct
from matinee.evaluation.metrics import RANKING, Hits, PerUser
from matinee.evaluation.metrics import measure as measure_hits
from matinee.evaluation.protocols.split import EvaluationProtocol, RankingSplit, RatingSplit
from matinee.evaluation.scorer import Contestant, Scorer
from matinee.evaluation.topn import Lists, ranks, top_n
from matinee.types import FloatMatrix, LongVector, Profiles, Progress

_CELLS = 24_000_000
"""Scores asked for at once: 96 MB."""


@dataclass(kw_only=True)
class Judged:
    """What one contestant achieved.

    Attributes:
        values: (P,) per viewer by metric key, NaN where a viewer is not scored; of ratings, totals by user of the data set.
        totals: whether values of several splits are added up instead of put one after the other.
        system: figures of the whole, by metric key.
        short_lists: viewers who got fewer movies than the protocol asks for while there were more.
        seconds: spent on scoring and ranking.
    """

    values: dict[str, PerUser] = field(default_factory=dict)
    totals: bool = False
    system: dict[str, float] = field(default_factory=dict)
    short_lists: int = 0
    seconds: float = 0.0

    def add(self, other: Judged) -> None:
        """Take in what was achieved on another split."""
        for key, found in other.values.items():
            if key not in self.values:
                self.values[key] = found
            else:
                self.values[key] = self.values[key] + found if other.totals else np.append(self.values[key], found)
        self.system |= other.system
        self.short_lists += other.short_lists
        self.seconds += other.seconds


def judge_ranking(
    contestant: Contestant, split: RankingSplit, protocol: EvaluationProtocol, progress: Progress
) -> Judged:
    """Rank, look up the hidden movies, and measure.

    Raises:
        Misconduct: if the contestant's answers cannot stand in a table.
    """
    started = time.perf_counter()
    ranker = _Ranker(contestant, split, protocol)
    lists, hits = ranker.everybody(progress)
    judged = Judged(seconds=time.perf_counter() - started)
    judged.values = _accuracy(hits, split, protocol.measures)
    telling = _telling(protocol.measures)
    leaks.check_plausible(telling, judged.values[telling])

    def measure(given: Profiles, rows: LongVector) -> PerUser:
        _, found = ranker.some(given, rows)
        return measure_hits(found, [telling])[telling]

    leaks.check_recognition(measure, split.profiles, judged.values[telling])
    if lists is not None:
        judged.short_lists = _short(lists, split)
        _beyond(judged, lists, split, protocol.measures)
    return judged


def judge_ratings(scorer: Scorer, split: RatingSplit, dataset: Dataset, progress: Progress) -> Judged:
    """Predict the hidden stars, and add up the errors of every user of the data set.

    Raises:
        Misconduct: if the scorer's answers cannot stand in a table.
    """
    started = time.perf_counter()
    predicted = np.empty(len(split.stars))
    ends = np.searchsorted(split.rows, np.arange(len(split) + 1))
    for start, stop, scores in _batches(scorer, split.profiles, progress):
        span = slice(int(ends[start]), int(ends[stop]))
        predicted[span] = scores[split.rows[span] - start, split.movies[span]]
    errors = np.clip(predicted, *dataset.scale) - split.stars
    users = split.users[split.rows]
    columns = {"squared_error": errors**2, "absolute_error": np.abs(errors), "ratings": np.ones_like(errors)}
    totals: dict[str, PerUser] = {
        name: np.bincount(users, column, dataset.n_users).astype(np.float64) for name, column in columns.items()
    }
    return Judged(totals=True, values=totals, seconds=time.perf_counter() - started)


class _Ranker:
    """Turns profiles into lists or ranks by the rule of the protocol."""

    def __init__(self, contestant: Contestant, split: RankingSplit, protocol: EvaluationProtocol) -> None:
        self.contestant = contestant
        self.split = split
        self.pessimistic = protocol.ties == "pessimistic"
        self.depth = max(_cut(key) for key in protocol.measures)
        if not isinstance(contestant, Scorer) and split.candidates is not None:
            raise Misconduct(f"gives lists only; the protocol {protocol.name} ranks given candidates and needs scores")

    def everybody(self, progress: Progress) -> tuple[Lists | None, Hits]:
        """Rank for all viewers."""
        found = []
        for start, stop, answer in self._answers(progress):
            found.append(self._rank(answer, np.arange(start, stop)))
        lists = [part for part, _ in found if part is not None]
        hits = Hits(
            np.concatenate([hit.relevant for _, hit in found]), np.concatenate([hit.n_relevant for _, hit in found])
        )
        return (np.concatenate(lists) if lists else None), hits

    def some(self, given: Profiles, rows: LongVector) -> tuple[Lists | None, Hits]:
        """Rank for some viewers who are sent with other profiles than their own."""
        if isinstance(self.contestant, Scorer):
            return self._rank(self.contestant.score(given), rows)
        return self._rank(self.contestant.recommend(given, self.depth), rows)

    def _answers(self, progress: Progress) -> Iterator[tuple[int, int, NDArray[np.generic]]]:
        if isinstance(self.contestant, Scorer):
            yield from _batches(self.contestant, self.split.profiles, progress)
            return
        for start, stop in _spans(self.split.profiles):
            batch = self.split.profiles.slice(start, stop)
            lists = self.contestant.recommend(batch, self.depth)
            leaks.check_lists(lists, batch, self.depth)
            yield start, stop, lists
            progress(f"judge {self.contestant.name}", stop, len(self.split))

    def _rank(self, answer: NDArray[np.generic], rows: LongVector) -> tuple[Lists | None, Hits]:
        split = self.split
        truth = split.truth[rows]
        if not np.issubdtype(answer.dtype, np.floating):
            lists: Lists = answer.astype(np.int32)
            return lists, Hits.of(lists, truth)
        scores: FloatMatrix = answer.astype(np.float32, copy=False)
        if split.candidates is not None:
            among = np.take_along_axis(scores, split.candidates[rows].astype(np.int64), axis=1)
            return None, Hits.of_ranks(ranks(among, np.zeros(len(rows), np.int32)), self.depth)
        seen = split.profiles if len(rows) == len(split) else _rows(split.profiles, rows)
        if self.pessimistic:
            targets = truth.indices.astype(np.int32)
            place = ranks(scores, targets, exclude=seen, allowed=split.allowed)
            return None, Hits.of_ranks(place, self.depth)
        lists = top_n(scores, self.depth, exclude=seen, allowed=split.allowed)
        return lists, Hits.of(lists, truth)


def _batches(scorer: Scorer, profiles: Profiles, progress: Progress) -> Iterator[tuple[int, int, FloatMatrix]]:
    for start, stop in _spans(profiles):
        batch = profiles.slice(start, stop)
        scores = scorer.score(batch)
        leaks.check_scores(scores, batch)
        if start == 0:
            leaks.check_order(scorer.score, batch, scores)
        yield start, stop, scores
        progress(f"judge {scorer.name}", stop, len(profiles))


def _spans(profiles: Profiles) -> Iterator[tuple[int, int]]:
    step = max(1, _CELLS // max(1, profiles.n_movies))
    for start in range(0, len(profiles), step):
        yield start, min(len(profiles), start + step)


def _rows(profiles: Profiles, rows: LongVector) -> Profiles:
    if len(rows) and (np.diff(rows) == 1).all():
        return profiles.slice(int(rows[0]), int(rows[-1]) + 1)
    return Profiles.stack([profiles[int(row)] for row in rows], profiles.n_movies)


def _telling(keys: Sequence[str]) -> str:
    """Return the metric by which cheats are looked for: NDCG, which rewards the very first place most."""
    return next((key for key in keys if key.startswith("ndcg@")), keys[0])


def _cut(key: str) -> int:
    return int(key.rpartition("@")[2])


def _metric(key: str) -> str:
    return key.rpartition("/")[2].partition("@")[0]


def _accuracy(hits: Hits, split: RankingSplit, keys: Sequence[str]) -> dict[str, PerUser]:
    values: dict[str, PerUser] = {}
    for key in keys:
        if _metric(key) not in RANKING:
            continue
        view, _, plain = key.rpartition("/")
        everybody = measure_hits(hits, [plain])[plain]
        values[key] = np.where(split.views[view], everybody, np.nan) if view else everybody
    return values


def _beyond(judged: Judged, lists: Lists, split: RankingSplit, keys: Sequence[str]) -> None:
    """Add what is asked for beside accuracy, of a catalogue without genres only what needs none."""
    train = split.train
    popularity = np.bincount(train.movies, minlength=train.n_movies)
    genres = train.catalogue.genres
    n_users = int((np.diff(train.indptr) > 0).sum())
    per_viewer: dict[str, Callable[[Lists], PerUser]] = {
        "novelty": lambda shown: beyond.novelty(shown, popularity, n_users),
        "popularity_lift": lambda shown: beyond.popularity_lift(shown, split.profiles, popularity),
    }
    if genres.size:
        per_viewer["diversity"] = lambda shown: beyond.intra_list_diversity(shown, genres)
        per_viewer["calibration"] = lambda shown: beyond.calibration(shown, split.profiles, genres)
    whole = {"coverage": beyond.coverage, "gini": beyond.gini}
    for key in keys:
        shown = lists[:, : _cut(key)]
        if _metric(key) in per_viewer:
            judged.values[key] = per_viewer[_metric(key)](shown)
        elif _metric(key) in whole:
            judged.system[key] = whole[_metric(key)](beyond.exposure(shown, train.n_movies)[split.allowed])


def _short(lists: Lists, split: RankingSplit) -> int:
    """Count viewers whose list ended although unseen movies were left."""
    seen = np.bincount(split.profiles.rows(), split.allowed[split.profiles.movies], len(split))
    possible = np.minimum(lists.shape[1], split.allowed.sum() - seen)
    return int(((lists >= 0).sum(axis=1) < possible).sum())

"""Splits: what a protocol hands to the runner, and the steps several protocols share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.errors import DataError, SettingsError
from matinee.types import BoolVector, FloatVector, IntVector, LongVector, Profiles

Part = Literal["validation", "test"]
"""Which held-out ratings are scored: settings are chosen on one, claims are made on the other."""


@dataclass(frozen=True, kw_only=True)
class RankingSplit:
    """One training set and the people whose hidden movies must be found.

    Attributes:
        train: what contestants learn from.
        users: (P,) int32 indices of the scored users in the data set.
        profiles: (P) what each scored user has told; these movies are never candidates.
        truth: (P, M) the hidden movies, stored entries only; every row has at least one.
        allowed: (M,) movies that can be candidates at all.
        candidates: (P, C) the candidates of each user where the protocol lists them; else every allowed unseen movie.
        cut: first Unix second that belongs to the future; None where the protocol has no global cut.
        views: named groups of the scored users, (P,) bool, measured separately too.
        counts: what the split holds, for the report.
        remarks: what the reader must know about this split.
    """

    train: Dataset
    users: IntVector
    profiles: Profiles
    truth: csr_array
    allowed: BoolVector
    candidates: NDArray[np.int32] | None = None
    cut: int | None = None
    views: Mapping[str, BoolVector] = field(default_factory=dict)
    counts: Mapping[str, int]
    remarks: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True, kw_only=True)
class RatingSplit:
    """One training set and the ratings whose stars must be predicted.

    Attributes:
        train: what contestants learn from.
        users: (P,) int32 indices of the users who have hidden ratings.
        profiles: (P) their training ratings; a profile may be empty.
        rows: (n,) int64 profile each hidden rating belongs to, ascending.
        movies: (n,) int32 the movie it is about.
        stars: (n,) float32 the hidden stars.
        counts: what the split holds, for the report.
        remarks: what the reader must know about this split.
    """

    train: Dataset
    users: IntVector
    profiles: Profiles
    rows: LongVector
    movies: IntVector
    stars: FloatVector
    counts: Mapping[str, int]
    remarks: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.users)


Split = RankingSplit | RatingSplit


class EvaluationProtocol(Protocol):
    """A rule that divides a data set and says what is measured.

    Attributes:
        measures: metric keys such as "ndcg@10", in the order they are shown.
    """

    @property
    def name(self) -> str:
        """What people call it on the command line."""

    @property
    def config(self) -> Any:
        """Its frozen settings."""

    @property
    def measures(self) -> Sequence[str]:
        """Metric keys such as "ndcg@10", in the order they are shown."""

    @property
    def ties(self) -> Literal["index", "pessimistic"]:
        """Who wins where scores are equal: the lower movie index, or everybody but the hidden movie."""

    def definition(self) -> str:
        """Say in a few sentences, with the settings filled in, what is trained on, hidden, ranked and measured."""

    def splits(self, dataset: Dataset, part: Part = "test") -> Iterator[Split]:
        """Yield the splits; several only where the protocol cross-validates.

        Raises:
            DataError: if the data set cannot be divided by this rule.
        """


def training_part(dataset: Dataset, keep: BoolVector, *, before: int | None = None) -> Dataset:
    """Return the data set with the kept ratings only, and without tags that would give the others away.

    With a cut in time, tags given at or after it (or at an unknown time) go; without one, every tag on a pair of
    user and movie that is not among the kept ratings goes.
    """
    part = dataset.select(keep)
    if before is not None:
        return replace(part, tags=dataset.tags.filter(pl.col("time") < before))
    pairs = pl.DataFrame({"user_id": part.user_ids.ids[part.users], "movie_id": part.catalogue.ids.ids[part.movies]})
    return replace(part, tags=dataset.tags.join(pairs, on=["user_id", "movie_id"], how="semi"))


def profiles_of(dataset: Dataset, users: IntVector) -> Profiles:
    """Return the profiles of some users, in the order asked for."""
    lengths = np.diff(dataset.indptr)[users]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    entries = np.repeat(dataset.indptr[users] - indptr[:-1], lengths) + np.arange(indptr[-1])
    return Profiles(indptr, dataset.movies[entries], dataset.values[entries], dataset.times[entries], dataset.n_movies)


def truth_of(dataset: Dataset, hidden: BoolVector, users: IntVector) -> csr_array:
    """Return the (len(users), n_movies) matrix of hidden ratings, one row a user, as ones."""
    rows = np.full(dataset.n_users, -1, np.int64)
    rows[users] = np.arange(len(users))
    chosen = hidden & (rows[dataset.users] >= 0)
    return csr_array(
        (np.ones(int(chosen.sum()), np.float32), (rows[dataset.users[chosen]], dataset.movies[chosen])),
        shape=(len(users), dataset.n_movies),
    )


def likes(dataset: Dataset, threshold: float) -> BoolVector:
    """Return (n_ratings,) which ratings say "I liked it": at least `threshold` stars, or all of an implicit data set."""
    if not dataset.explicit:
        return np.ones(dataset.n_ratings, np.bool_)
    positive: BoolVector = dataset.values >= threshold
    return positive


def places_from_end(dataset: Dataset) -> LongVector:
    """Return (n_ratings,) how many later ratings the same user has: 0 for each user's last."""
    return dataset.indptr[1:][dataset.users] - 1 - np.arange(dataset.n_ratings)


def rated_movies(dataset: Dataset) -> BoolVector:
    """Return (n_movies,) which movies have a rating."""
    return np.bincount(dataset.movies, minlength=dataset.n_movies) > 0


def require_people(n: int, name: str, dataset: Dataset, needed: str) -> None:
    """Refuse a split in which nobody can be scored.

    Raises:
        DataError: saying what a scored user needs.
    """
    if not n:
        raise DataError(
            f"Nobody in {dataset.name} can be scored by the protocol {name}: a user needs {needed}.",
            hint="Use a data set with more ratings, or another protocol.",
        )


def require_share(name: str, value: float) -> None:
    """Refuse a share outside (0, 1).

    Raises:
        SettingsError: naming the setting.
    """
    if not 0 < value < 1:
        raise SettingsError(f"{name} must lie between 0 and 1; got {value}.")


def ranking_counts(train: Dataset, profiles: Profiles, truth: csr_array, allowed: BoolVector) -> dict[str, int]:
    """Return the counts every ranking split reports."""
    return {
        "training_users": int((np.diff(train.indptr) > 0).sum()),
        "training_events": train.n_ratings,
        "scored_users": len(profiles),
        "profile_events": len(profiles.movies),
        "hidden_events": int(truth.nnz),
        "candidate_movies": int(allowed.sum()),
    }

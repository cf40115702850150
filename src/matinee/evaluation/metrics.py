"""Accuracy of ranked lists and of predicted stars.

One rule holds for every ranking metric. It looks at the first k places of a list; with rel(r) = 1 where place r holds a
film the user was found to like (the truth T) and 0 elsewhere, it gives one float64 a user. **A user with empty truth is
not scored**: the value is NaN, `intervals.estimate` leaves it out of the mean and counts it. A list shorter than k is
filled with misses. Ties were settled when the list was made (`topn`): a metric sees places, not scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.errors import SettingsError, ShapeError
from matinee.evaluation.topn import Lists, pairs
from matinee.types import BoolVector, IntVector, LongVector, Profiles

PerUser = NDArray[np.float64]
"""(P,) one value a user; NaN where the user is not scored."""


@dataclass(frozen=True)
class Hits:
    """Which places of which lists hold a relevant film.

    Attributes:
        relevant: (P, n) bool, place r of user p's list, best first.
        n_relevant: (P,) int64 |T|: how many relevant films there were to find.
    """

    relevant: NDArray[np.bool_]
    n_relevant: LongVector

    def __post_init__(self) -> None:
        if self.relevant.ndim != 2 or self.n_relevant.shape != self.relevant.shape[:1]:
            raise ShapeError(
                f"Hits need (P, n) places and (P,) counts; got {self.relevant.shape}, {self.n_relevant.shape}."
            )
        if (self.relevant.sum(axis=1) > self.n_relevant).any():
            raise ShapeError("A list holds more relevant films than there are; is a film listed twice?")

    @classmethod
    def of(cls, lists: Lists, truth: Profiles | csr_array) -> Hits:
        """Look up lists of film indices (-1 for an empty place) in each user's true films.

        Args:
            lists: (P, n) int, from `topn.top_n`.
            truth: one row a list; every stored entry is a relevant film.
        """
        rows, movies = pairs(truth)
        n_rows, n_movies = (len(truth), truth.n_movies) if isinstance(truth, Profiles) else truth.shape
        if n_rows != len(lists):
            raise ShapeError(f"There must be one row of truth a list; got {n_rows} rows and {len(lists)} lists.")
        known = np.sort(rows * n_movies + movies)
        wanted = np.where(lists < 0, -1, np.arange(len(lists))[:, None] * n_movies + lists)
        place = np.searchsorted(known, wanted)
        found = np.concatenate([known, [-2]])[place] == wanted
        return cls(found, np.bincount(rows, minlength=n_rows))

    @classmethod
    def of_ranks(cls, ranks: IntVector, depth: int) -> Hits:
        """Build hits from the rank, counted from 1, of each user's only relevant film; rank 0 means "no truth".

        Example:
            >>> Hits.of_ranks(np.array([2, 9], np.int32), 3).relevant.astype(int)
            array([[0, 1, 0],
                   [0, 0, 0]])
        """
        return cls(ranks[:, None] == np.arange(1, depth + 1), (ranks > 0).astype(np.int64))

    @property
    def scored(self) -> BoolVector:
        """(P,) whether the user has any truth."""
        return self.n_relevant > 0

    def first(self, k: int) -> NDArray[np.bool_]:
        """Return the (P, k) first places.

        Raises:
            SettingsError: if k is below 1 or beyond the lists.
        """
        if not 1 <= k <= self.relevant.shape[1]:
            raise SettingsError(
                f"The cut-off must lie in 1…{self.relevant.shape[1]}, the length of the lists; got {k}."
            )
        return self.relevant[:, :k]


def precision(hits: Hits, k: int) -> PerUser:
    """Precision@k = hits in the first k / k; a list shorter than k is still divided by k.

    Example:
        >>> hits = Hits(np.array([[True, False, True, False]]), np.array([3]))
        >>> precision(hits, 4)
        array([0.5])
    """
    return _scored(hits, hits.first(k).sum(axis=1) / k)


def recall(hits: Hits, k: int) -> PerUser:
    """Recall@k = hits in the first k / |T|; it cannot reach 1 for a user with |T| > k.

    Example:
        >>> hits = Hits(np.array([[True, False, True, False]]), np.array([3]))
        >>> recall(hits, 2).round(4)
        array([0.3333])
    """
    return _scored(hits, hits.first(k).sum(axis=1) / np.maximum(hits.n_relevant, 1))


def truncated_recall(hits: Hits, k: int) -> PerUser:
    """Truncated recall@k = hits in the first k / min(k, |T|) (Liang et al., WWW 2018); 1 is always reachable.

    Example:
        >>> hits = Hits(np.array([[True, False, True, False]]), np.array([3]))
        >>> truncated_recall(hits, 2)
        array([0.5])
    """
    return _scored(hits, hits.first(k).sum(axis=1) / _reachable(hits, k))


def ndcg(hits: Hits, k: int) -> PerUser:
    """NDCG@k = Σ_{r≤k} rel(r) / log2(r + 1), divided by the same sum for min(k, |T|) hits in a row.

    Binary gains (Järvelin and Kekäläinen 2002 with the log2(r + 1) discount; the truncated ideal of Liang et al. 2018).

    Example:
        >>> hits = Hits(np.array([[True, False, True, False]]), np.array([3]))
        >>> ndcg(hits, 4).round(4)  # (1 + 1/2) / (1 + 1/log2(3) + 1/2)
        array([0.7039])
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discounts)
    return _scored(hits, hits.first(k) @ discounts / ideal[_reachable(hits, k) - 1])


def reciprocal_rank(hits: Hits, k: int) -> PerUser:
    """MRR@k, before the mean: 1 / rank of the first hit, 0 where the first k places hold none.

    Example:
        >>> hits = Hits(np.array([[False, True, True], [False, False, True]]), np.array([2, 1]))
        >>> reciprocal_rank(hits, 2)
        array([0.5, 0. ])
    """
    first = hits.first(k)
    return _scored(hits, first.any(axis=1) / (first.argmax(axis=1) + 1))


def average_precision(hits: Hits, k: int) -> PerUser:
    """MAP@k, before the mean: Σ_{r≤k} rel(r) · precision@r / min(k, |T|).

    The normaliser min(k, |T|) makes 1 reachable; dividing by |T| instead gives the value of the full-list definition cut
    at k, and the two agree once k ≥ |T|.

    Example:
        >>> hits = Hits(np.array([[True, False, True, False]]), np.array([3]))
        >>> average_precision(hits, 4).round(4)  # (1/1 + 2/3) / 3
        array([0.5556])
    """
    first = hits.first(k)
    precisions = np.cumsum(first, axis=1) / np.arange(1, k + 1)
    return _scored(hits, (precisions * first).sum(axis=1) / _reachable(hits, k))


def hit_rate(hits: Hits, k: int) -> PerUser:
    """Hit rate@k, before the mean: 1 where the first k places hold any hit, else 0.

    Example:
        >>> hits = Hits(np.array([[False, True, True], [False, False, True]]), np.array([2, 1]))
        >>> hit_rate(hits, 2)
        array([1., 0.])
    """
    return _scored(hits, np.minimum(hits.first(k).sum(axis=1), 1.0))


RANKING: dict[str, Callable[[Hits, int], PerUser]] = {
    "precision": precision,
    "recall": recall,
    "truncated_recall": truncated_recall,
    "ndcg": ndcg,
    "mrr": reciprocal_rank,
    "map": average_precision,
    "hit_rate": hit_rate,
}
"""The ranking metrics by the name reports use; `ndcg@10` is "ndcg" with k = 10."""


def measure(hits: Hits, names: Iterable[str]) -> dict[str, PerUser]:
    """Compute metrics by name, such as "ndcg@10", in the order given.

    Raises:
        SettingsError: for a name that is not `metric@k`, naming the known metrics.

    Example:
        >>> measure(Hits(np.array([[True, False]]), np.array([1])), ["hit_rate@1", "precision@2"])
        {'hit_rate@1': array([1.]), 'precision@2': array([0.5])}
    """
    values = {}
    for name in names:
        metric, k = parse(name)
        values[name] = RANKING[metric](hits, k)
    return values


def parse(name: str) -> tuple[str, int]:
    """Split "ndcg@10" into ("ndcg", 10).

    Raises:
        SettingsError: for anything else, naming the known metrics.
    """
    metric, _, cut = name.partition("@")
    if metric not in RANKING or not cut.isdecimal() or int(cut) < 1:
        raise SettingsError(
            f"There is no ranking metric {name!r}.", hint=f"Write one of {', '.join(RANKING)} as metric@k."
        )
    return metric, int(cut)


def rmse(predicted: NDArray[Any], actual: NDArray[Any]) -> float:
    """Root mean squared error over all ratings (not a mean over users), in stars.

    Example:
        >>> rmse(np.array([3.0, 5.0]), np.array([4.0, 4.0]))
        1.0
    """
    return float(np.sqrt(np.mean(np.square(_errors(predicted, actual)))))


def mae(predicted: NDArray[Any], actual: NDArray[Any]) -> float:
    """Mean absolute error over all ratings (not a mean over users), in stars.

    Example:
        >>> mae(np.array([3.0, 5.0]), np.array([4.0, 4.5]))
        0.75
    """
    return float(np.mean(np.abs(_errors(predicted, actual))))


def _errors(predicted: NDArray[Any], actual: NDArray[Any]) -> NDArray[np.float64]:
    if predicted.shape != actual.shape or predicted.ndim != 1:
        raise ShapeError(f"There must be one prediction a rating; got {predicted.shape} and {actual.shape}.")
    if not len(actual):
        raise ShapeError("There are no ratings to compare with.")
    errors: NDArray[np.float64] = predicted.astype(np.float64) - actual
    return errors


def _reachable(hits: Hits, k: int) -> LongVector:
    """min(k, |T|), and 1 for users without truth, who are not scored anyway."""
    return np.clip(hits.n_relevant, 1, k)


def _scored(hits: Hits, values: PerUser) -> PerUser:
    return np.where(hits.scored, values, np.nan)

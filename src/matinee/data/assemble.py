"""Turn rating columns in file order into a `Dataset`: users indexed, each user's ratings oldest first, no pair twice.

The work goes in stretches of whole users that fit the processor's cache: user, time and place are packed into one
64-bit key and sorted by numpy's vectorised sort, which is faster here than any general sort of a large table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matinee.data.ratings import RatingColumns
from matinee.data.rowcheck import Numbers
from matinee.types import UNKNOWN_TIME, BoolVector, FloatVector, IntVector, LongVector

_STRETCH_ROWS = 1 << 16


@dataclass(frozen=True)
class SortedRatings:
    """Ratings as a `Dataset` keeps them.

    Attributes:
        user_ids: (n_users,) external ids, ascending.
        users, movies, values, times, rows, folds: as in `Dataset`.
        dropped: (n_dropped,) rows of ratings that the same person gave again later, ascending.
        ordered: whether every user's rows are known to be chronological.
    """

    user_ids: LongVector
    users: IntVector
    movies: IntVector
    values: FloatVector
    times: LongVector
    rows: IntVector
    folds: NDArray[np.int8] | None
    dropped: IntVector
    ordered: bool


def assemble(ratings: RatingColumns, n_movies: int) -> SortedRatings:
    """Sort the ratings by user, then oldest first, and keep the latest of each (user, movie) pair.

    Ties in time keep the file's order, and the last of a tied pair counts. An order column decides among ratings of
    one user where not all their times are known; ratings without a place in it come first. The arrays of `ratings`
    are reused and must not be used afterwards.

    Args:
        ratings: columns with movies as indices below `n_movies`.
        n_movies: size of the catalogue.
    """
    user_ids, users = index_users(ratings.users)
    columns = _Columns(ratings)
    if len(users) and (users[1:] < users[:-1]).any():
        order = grouping_order(users)
        users = users[order]
        columns.take(order)
    indptr = np.searchsorted(users, np.arange(len(user_ids) + 1)).astype(np.int64)
    keep: BoolVector | None = None
    for first, last in user_stretches(indptr):
        span = slice(int(indptr[first]), int(indptr[last]))
        local = users[span] - np.int32(first)
        order = columns.chronological(span, local)
        columns.reorder(span, order)
        repeated = repeated_pairs(local, columns.movies[span], n_movies)
        if repeated is not None:
            keep = np.ones(len(users), np.bool_) if keep is None else keep
            keep[span] = ~repeated
    dropped = np.empty(0, np.int32)
    if keep is not None:
        dropped = np.sort(columns.rows[~keep])
        users = users[keep]
        columns.take(keep)
    return SortedRatings(
        user_ids=user_ids,
        users=users,
        movies=columns.movies,
        values=columns.values,
        times=columns.times,
        rows=columns.rows,
        folds=columns.folds,
        dropped=dropped,
        ordered=ratings.order is not None or not (columns.times == UNKNOWN_TIME).any(),
    )


class _Columns:
    """The columns that are sorted together, changed in place."""

    def __init__(self, ratings: RatingColumns) -> None:
        self.movies: IntVector = ratings.movies.astype(np.int32, copy=False)
        self.values = ratings.values
        self.times = np.full(len(self.movies), UNKNOWN_TIME, np.int64) if ratings.times is None else ratings.times
        self.rows = ratings.rows
        self.order = ratings.order
        self.folds = ratings.folds

    def _names(self) -> list[str]:
        return [name for name, column in vars(self).items() if column is not None]

    def take(self, chosen: Numbers) -> None:
        """Replace every column by its chosen rows."""
        for name in self._names():
            setattr(self, name, getattr(self, name)[chosen])

    def reorder(self, span: slice, order: LongVector) -> None:
        """Put the rows of a span into another order."""
        for name in self._names():
            column = getattr(self, name)[span]
            column[:] = column[order]

    def chronological(self, span: slice, users: IntVector) -> LongVector:
        """Return the order that puts the span's rows by user, oldest first."""
        times = self.times[span]
        if self.order is None:
            return packed_order(users, times)
        known = times != UNKNOWN_TIME
        complete = np.ones(int(users[-1]) + 1, np.bool_)
        complete[users[~known]] = False
        place = np.nan_to_num(self.order[span], nan=-np.inf)
        return np.lexsort((place, np.where(complete[users], times, 0), users))


def packed_order(users: IntVector, times: LongVector) -> LongVector:
    """Return the order by user, time and place for ascending `users` from 0; unknown times count as oldest."""
    n = len(users)
    known = times != UNKNOWN_TIME
    all_known = bool(known.all())
    earliest = int(times.min() if all_known else times.min(where=known, initial=np.iinfo(np.int64).max))
    latest = int(times.max())
    place_bits = max(n - 1, 1).bit_length()
    time_bits = (max(latest - earliest, 0) + 1).bit_length()
    user_bits = int(users[-1]).bit_length()
    if place_bits + time_bits + user_bits > 63:
        return np.lexsort((times, users))
    since = times - earliest + 1 if all_known else np.where(known, times - earliest + 1, 0)
    keys = users.astype(np.int64) << (time_bits + place_bits)
    keys |= since << place_bits
    keys |= np.arange(n)
    keys.sort()
    keys &= (1 << place_bits) - 1
    return keys


def repeated_pairs(users: IntVector, movies: IntVector, n_movies: int) -> BoolVector | None:
    """Say which rows name a (user, movie) pair that a later row names again; None where none does."""
    pairs = users.astype(np.int64) * n_movies + movies
    ordered = np.sort(pairs)
    if not (ordered[1:] == ordered[:-1]).any():
        return None
    _, from_behind = np.unique(pairs[::-1], return_index=True)
    repeated = np.ones(len(pairs), np.bool_)
    repeated[len(pairs) - 1 - from_behind] = False
    return repeated


def user_stretches(indptr: LongVector, n_rows: int = _STRETCH_ROWS) -> Iterator[tuple[int, int]]:
    """Yield ranges of users that together have about `n_rows` rows, at least one user each."""
    first, n_users = 0, len(indptr) - 1
    while first < n_users:
        last = int(np.searchsorted(indptr, indptr[first] + n_rows, side="right")) - 1
        last = min(max(last, first + 1), n_users)
        yield first, last
        first = last


def grouping_order(users: IntVector) -> LongVector:
    """Return the stable order by user: index and place in one key, since numpy sorts numbers faster than places."""
    keys = users.astype(np.int64) << 32
    keys |= np.arange(len(users))
    keys.sort()
    keys &= (1 << 32) - 1
    return keys


def index_ids(ids: Numbers) -> tuple[LongVector, IntVector]:
    """Return the distinct ids, ascending, and the (n,) int32 index of each; ids of moderate size go through a table."""
    if len(ids) and ids.min() >= 0 and ids.max() < max(4 * len(ids), _STRETCH_ROWS):
        seen = np.zeros(int(ids.max()) + 1, np.bool_)
        seen[ids] = True
        places = np.cumsum(seen, dtype=np.int32) - np.int32(1)
        return np.flatnonzero(seen).astype(np.int64), places[ids]
    distinct, indices = np.unique(ids, return_inverse=True)
    return distinct.astype(np.int64), indices.astype(np.int32)


def index_users(ids: Numbers) -> tuple[LongVector, IntVector]:
    """Do as `index_ids`, in small steps and with little memory where the ids ascend."""
    indices = np.empty(len(ids), np.int32)
    known: list[Numbers] = []
    n_known = 0
    for start in range(0, len(ids), _STRETCH_ROWS):
        stretch = ids[start : start + _STRETCH_ROWS]
        before = ids[start - 1] if start else stretch[0] - 1
        new = np.diff(stretch, prepend=before)
        if (new < 0).any():
            return index_ids(ids)
        changes = new > 0
        indices[start : start + len(stretch)] = np.cumsum(changes, dtype=np.int32) + np.int32(n_known - 1)
        known.append(stretch[changes])
        n_known += len(known[-1])
    return np.concatenate([np.empty(0, np.int64), *known]).astype(np.int64), indices

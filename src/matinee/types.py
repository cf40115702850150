"""The words every layer shares: array types, profiles, progress.

Shapes are written (n_profiles, n_movies); a suffix such as `scores_PM` names the axes of an array:
P profiles, U users, M movies, F factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.errors import ShapeError

FloatVector = NDArray[np.float32]
FloatMatrix = NDArray[np.float32]
IntVector = NDArray[np.int32]
LongVector = NDArray[np.int64]
BoolVector = NDArray[np.bool_]

UNKNOWN_TIME = np.iinfo(np.int64).min
"""Stands in a time column where nobody knows when."""


class Progress(Protocol):
    """Told how far a piece of long work has come."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report `done` of `total` steps of the named stage; `done == total` ends it."""


def silent(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Profile:
    """What one person has told us, as of now, oldest first.

    Attributes:
        movies: (n,) int32 movie indices, each at most once.
        values: (n,) float32 stars 0.5-5, or 1.0 throughout where people only watched.
        times: (n,) int64 Unix seconds, or `UNKNOWN_TIME`.
    """

    movies: IntVector
    values: FloatVector
    times: LongVector

    @classmethod
    def of(
        cls,
        movies: Sequence[int] | IntVector,
        values: Sequence[float] | FloatVector,
        times: Sequence[int] | LongVector | None = None,
    ) -> Self:
        """Build a profile from plain sequences, which must have one length."""
        movies_ = np.asarray(movies, dtype=np.int32)
        values_ = np.asarray(values, dtype=np.float32)
        times_ = np.full(len(movies_), UNKNOWN_TIME, np.int64) if times is None else np.asarray(times, dtype=np.int64)
        if not len(movies_) == len(values_) == len(times_):
            raise ShapeError(
                f"A profile needs as many values and times as movies; got {len(movies_)} movies, {len(values_)} values, {len(times_)} times."
            )
        return cls(movies_, values_, times_)

    @classmethod
    def empty(cls) -> Self:
        """Return the profile of somebody we have never met."""
        return cls.of([], [])

    def __len__(self) -> int:
        return len(self.movies)


@dataclass(frozen=True)
class Profiles:
    """A batch of profiles in compressed rows: profile p owns entries `indptr[p]:indptr[p + 1]`, oldest first.

    Attributes:
        indptr: (n_profiles + 1,) int64, starting at 0.
        movies: (n_entries,) int32 movie indices below `n_movies`, each at most once in a profile.
        values: (n_entries,) float32.
        times: (n_entries,) int64 Unix seconds or `UNKNOWN_TIME`.
        n_movies: size of the catalogue the indices point into.
    """

    indptr: LongVector
    movies: IntVector
    values: FloatVector
    times: LongVector
    n_movies: int

    def __post_init__(self) -> None:
        if (
            self.indptr[0] != 0
            or self.indptr[-1] != len(self.movies)
            or not len(self.movies) == len(self.values) == len(self.times)
        ):
            raise ShapeError(
                f"indptr must run from 0 to the number of entries; got {self.indptr[0]}…{self.indptr[-1]} "
                f"with {len(self.movies)} movies, {len(self.values)} values, {len(self.times)} times."
            )
        if len(self.movies) and not (self.movies.min() >= 0 and self.movies.max() < self.n_movies):
            raise ShapeError(
                f"Movie indices must lie in [0, {self.n_movies}); got {self.movies.min()}…{self.movies.max()}."
            )

    @classmethod
    def stack(cls, profiles: Iterable[Profile], n_movies: int) -> Self:
        """Put single profiles into one batch; of one alone the arrays are shared."""
        rows = list(profiles)
        if len(rows) == 1:
            [row] = rows
            return cls(np.array([0, len(row)], np.int64), row.movies, row.values, row.times, n_movies)
        indptr = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=indptr[1:])
        empty = Profile.empty()
        return cls(
            indptr,
            np.concatenate([row.movies for row in [empty, *rows]]),
            np.concatenate([row.values for row in [empty, *rows]]),
            np.concatenate([row.times for row in [empty, *rows]]),
            n_movies,
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def lengths(self) -> LongVector:
        """Return (n_profiles,) how many films each profile holds."""
        return self.indptr[1:] - self.indptr[:-1]

    def rows(self) -> LongVector:
        """Return (n_entries,) the profile each entry belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths())

    def __getitem__(self, row: int) -> Profile:
        span = slice(int(self.indptr[row]), int(self.indptr[row + 1]))
        return Profile(self.movies[span], self.values[span], self.times[span])

    def slice(self, start: int, stop: int) -> Profiles:
        """Return profiles `start:stop` as views of the same arrays."""
        first, last = int(self.indptr[start]), int(self.indptr[stop])
        return Profiles(
            self.indptr[start : stop + 1] - first,
            self.movies[first:last],
            self.values[first:last],
            self.times[first:last],
            self.n_movies,
        )

    def matrix(self, weights: FloatVector | None = None) -> csr_array:
        """Return a (n_profiles, n_movies) sparse matrix of `weights`, one per entry (default: the values).

        Its arrays are its own: scipy changes matrices in place.
        """
        data = self.values if weights is None else weights
        return csr_array((data, self.movies, self.indptr), shape=(len(self), self.n_movies), copy=True)

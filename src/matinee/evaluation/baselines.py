"""The rows every comparison needs before its other rows mean anything."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from matinee.data import Dataset
from matinee.errors import DataError
from matinee.types import UNKNOWN_TIME, FloatMatrix, FloatVector, Profiles, Progress, silent


class Random:
    """Scores by a hash of seed, profile and movie: the same profile gets the same list wherever it stands in a batch."""

    name: ClassVar[str] = "random"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:  # noqa: ARG002 - nothing to learn
        """Learn nothing."""
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, n_movies) float32 uniform in [0, 1)."""
        entries = _mix(profiles.movies.astype(np.uint64) + np.uint64(1) + (np.uint64(self.seed) << np.uint64(32)))
        # Sums wrap around; a profile is known by the set of its movies.
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(entries, dtype=np.uint64)])
        people = _mix(sums[profiles.indptr[1:]] - sums[profiles.indptr[:-1]] + np.uint64(self.seed))
        movies = _mix(np.arange(profiles.n_movies, dtype=np.uint64))
        scores = np.empty((len(profiles), profiles.n_movies), np.float32)
        step = max(1, 4_000_000 // max(1, profiles.n_movies))
        for start in range(0, len(people), step):
            mixed = _mix(people[start : start + step, None] ^ movies)
            scores[start : start + step] = (mixed >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
        return scores

    def settings(self) -> dict[str, Any]:
        """Return the seed."""
        return {"seed": self.seed}


class Popular:
    """Scores by how many training users have the movie."""

    name: ClassVar[str] = "popular"

    def __init__(self) -> None:
        self.counts: FloatVector = np.empty(0, np.float32)

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:  # noqa: ARG002 - too quick to report
        """Count."""
        self.counts = np.bincount(dataset.movies, minlength=dataset.n_movies).astype(np.float32)
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Return the same row for everybody."""
        return np.broadcast_to(self.counts, (len(profiles), len(self.counts)))


class RecentPopular:
    """Scores by how many people had the movie in the last days of training; older counts only break ties."""

    name: ClassVar[str] = "recent"

    def __init__(self, days: float = 30) -> None:
        self.days = days
        self.places: FloatVector = np.empty(0, np.float32)

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:  # noqa: ARG002 - too quick to report
        """Count.

        Raises:
            DataError: if no rating has a time.
        """
        known = dataset.times[dataset.times != UNKNOWN_TIME]
        if not len(known):
            raise DataError(f"The baseline {self.name} needs times; {dataset.name} has none.")
        late = dataset.times >= known.max() - round(self.days * 86_400)
        recent, ever = (
            np.bincount(movies, minlength=dataset.n_movies) for movies in (dataset.movies[late], dataset.movies)
        )
        _, place = np.unique(recent * (ever.max() + 1) + ever, return_inverse=True)
        self.places = place.astype(np.float32)
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Return the same row for everybody."""
        return np.broadcast_to(self.places, (len(profiles), len(self.places)))

    def settings(self) -> dict[str, Any]:
        """Return the length of the window in days."""
        return {"days": self.days}


class Constant:
    """Predicts the mean of all training stars."""

    name: ClassVar[str] = "constant"
    predicts_stars: ClassVar[bool] = True

    def __init__(self) -> None:
        self.mean = 0.0

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:  # noqa: ARG002 - too quick to report
        """Take the mean."""
        self.mean = float(dataset.values.mean(dtype=np.float64))
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Return the mean everywhere."""
        return np.full((len(profiles), profiles.n_movies), self.mean, np.float32)


class DampedBias:
    """Predicts mean + movie bias + user bias, least squares with each bias damped (Koren, KDD 2008, equation 1).

    Minimises Σ (r_ui - μ - b_u - b_i)² + d_users Σ b_u² + d_movies Σ b_i² by turns: b_i = Σ_u (r_ui - μ - b_u) / (n_i + d_movies),
    then b_u likewise. The user's bias is taken from the profile, by the last of these steps, so new people have one too.

    Args:
        users: d_users, in ratings.
        movies: d_movies, in ratings.
        sweeps: how often the biases take turns; ten leave less than 1e-4 of RMSE to gain.
    """

    name: ClassVar[str] = "bias"
    predicts_stars: ClassVar[bool] = True

    def __init__(self, users: float = 5.0, movies: float = 3.0, sweeps: int = 10) -> None:
        self.users = users
        self.movies = movies
        self.sweeps = sweeps
        self.base: NDArray[np.float64] = np.empty(0)

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:  # noqa: ARG002 - too quick to report
        """Solve for the biases; those of movies are kept."""
        mean = dataset.values.mean(dtype=np.float64)
        people = np.zeros(dataset.n_users)
        per_movie = np.bincount(dataset.movies, minlength=dataset.n_movies) + self.movies
        per_user = np.diff(dataset.indptr) + self.users
        for _ in range(self.sweeps):
            left = dataset.values - mean - people[dataset.users]
            self.base = mean + np.bincount(dataset.movies, left, dataset.n_movies) / per_movie
            people = np.bincount(dataset.users, dataset.values - self.base[dataset.movies], dataset.n_users) / per_user
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Return predicted stars, not clipped."""
        surprise = np.bincount(profiles.rows(), profiles.values - self.base[profiles.movies], len(profiles))
        bias = surprise / (profiles.lengths() + self.users)
        scores: FloatMatrix = (self.base + bias[:, None]).astype(np.float32)
        return scores

    def settings(self) -> dict[str, Any]:
        """Return the damping and the sweeps."""
        return {"users": self.users, "movies": self.movies, "sweeps": self.sweeps}


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit words (the finaliser of splitmix64)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scrambled: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return scrambled

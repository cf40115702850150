"""iALS: implicit matrix factorisation by alternating least squares.

Hu, Koren and Volinsky (ICDM 2008) with the frequency-scaled regularisation and unobserved weight of Rendle, Krichene,
Zhang and Koren ("Revisiting the performance of iALS", RecSys 2022). With S the liked pairs, the loss is

    Σ_{(u,i)∈S} (x_u·y_i - 1)² + a Σ_{u,i} (x_u·y_i)² + l2 (Σ_u (n_u + a n_movies)^v |x_u|² + the same for movies).

A profile is folded in by solving its own system, so nobody's factors are stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines.conjugate import plain_sums, solve_rows
from matinee.engines.draws import normal_by_id
from matinee.engines.engine import Arrays, Engine
from matinee.engines.kernels.cholesky import Cholesky, ridge_system
from matinee.engines.matrices import Kind
from matinee.engines.memory import require_memory
from matinee.engines.weights import interactions, liking
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, Profile, Profiles, Progress

FEW = 8
"""Up to so many profiles are solved one by one, exactly; more by conjugate gradients together."""


@dataclass(frozen=True, kw_only=True)
class AlsConfig:
    """How the factors are learned."""

    embedding_size: int = 128
    """Factors of each user and movie."""
    unobserved_weight: float = 0.3
    """a: weight of every (user, movie) pair, watched or not."""
    l2: float = 0.006
    """Ridge before it is scaled with frequency."""
    frequency_exponent: float = 1.0
    """v: how strongly the ridge grows with the number of likes; 0 is one ridge for all."""
    epochs: int = 8
    """Sweeps over users and movies."""
    steps: int = 4
    """Conjugate gradient steps a row and sweep."""
    init_std: float = 0.1
    """Standard deviation of the first factors, before division by √embedding_size."""
    min_rating: float = 3.5
    """Stars from which a rating is a like; others are ignored."""
    seed: int = 0
    """Of the first factors."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        for name in ("embedding_size", "epochs", "steps"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1; got {getattr(self, name)}.")
        if self.l2 <= 0 or self.unobserved_weight <= 0:
            raise SettingsError(
                f"l2 and unobserved_weight must be above 0; got {self.l2} and {self.unobserved_weight}."
            )


class Als(Engine):
    """Score movies by the factors of those who liked the same.

    Learns `factors` (n_movies, embedding_size), their `gram` scaled by the unobserved weight, and `explicit`.
    """

    name = "als"
    config_class = AlsConfig
    config: AlsConfig
    matrices: ClassVar[Mapping[str, Kind]] = {"factors": "factors"}

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        config = self.config
        likes = self._likes(dataset.profiles(), explicit=dataset.explicit)
        size = config.embedding_size
        require_memory(
            4.0 * size * (sum(likes.shape) + max(likes.shape)) + 16.0 * likes.nnz,
            f"als with {size} factors for {likes.shape[0]:,} users and {likes.shape[1]:,} movies",
            "Choose a smaller embedding_size.",
        )
        watched_by = likes.T.tocsr()
        spread = np.float32(config.init_std / np.sqrt(size))
        users = np.zeros((likes.shape[0], size), np.float32)
        movies = spread * normal_by_id(dataset.catalogue.ids.ids, size, config.seed)
        for epoch in range(config.epochs):
            users = self._sweep(likes, movies, users)
            movies = self._sweep(watched_by, users, movies)
            progress("als", epoch + 1, config.epochs)
        return {
            "factors": movies,
            "gram": np.float32(config.unobserved_weight) * (movies.T @ movies),
            "explicit": np.array([dataset.explicit]),
        }

    def _likes(self, profiles: Profiles, *, explicit: bool) -> csr_array:
        return interactions(profiles, liking(profiles.values, explicit=explicit, min_rating=self.config.min_rating))

    def _sweep(self, likes: csr_array, fixed: FloatMatrix, moving: FloatMatrix) -> FloatMatrix:
        """Improve every row of one side with the other side fixed."""
        from matinee.engines._conjugate_numba import fit_rows

        gram = np.float32(self.config.unobserved_weight) * (fixed.T @ fixed)
        return fit_rows(gram, likes, fixed, self._ridge(likes), start=moving, steps=self.config.steps)

    def _ridge(self, likes: csr_array) -> FloatVector:
        scaled = np.diff(likes.indptr) + self.config.unobserved_weight * likes.shape[1]
        ridge: FloatVector = (self.config.l2 * scaled**self.config.frequency_exponent).astype(np.float32)
        return ridge

    def fold_in(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, embedding_size) factors, each the solution of the profile's own system."""
        explicit = bool(self.arrays["explicit"][0])
        if len(profiles) <= FEW:
            found = np.empty((len(profiles), self.config.embedding_size), np.float32)
            likes_it = liking(profiles.values, explicit=explicit, min_rating=self.config.min_rating) > 0
            for row in range(len(profiles)):
                own = slice(profiles.indptr[row], profiles.indptr[row + 1])
                rated, system = self._system(profiles.movies[own][likes_it[own]])
                found[row] = system.solve(rated.sum(axis=0)[:, None])[:, 0]
            return found
        likes = self._likes(profiles, explicit=explicit)
        # Only films that somebody here likes are decoded.
        used, place = np.unique(likes.indices, return_inverse=True)
        factors = self.matrix("factors").rows(used)
        entries = csr_array((likes.data, place.astype(np.int32), likes.indptr), shape=(len(profiles), len(used)))
        return solve_rows(
            self.arrays["gram"],
            entries,
            factors,
            self._ridge(likes),
            right=entries @ factors,
            start=None,
            steps=100,
            tolerance=1e-5,
            sums=plain_sums,
        )

    def _system(self, liked: IntVector) -> tuple[FloatMatrix, Cholesky]:
        """Return the (n, embedding_size) factors of the films somebody likes, and that person's own system.

        The last one asked for is kept, so that a list and its explanation solve one system.
        """

        def solve() -> tuple[FloatMatrix, Cholesky]:
            rated = self.matrix("factors").rows(liked)
            ridge = self.config.l2 * (len(liked) + self.config.unobserved_weight * self.n_movies) ** (
                self.config.frequency_exponent
            )
            return rated, ridge_system(rated, np.float32(ridge), self.arrays["gram"])

        return self._lately("system", (liked,), solve)

    def _score(self, profiles: Profiles) -> FloatMatrix:
        return self.matrix("factors").dot(self.fold_in(profiles))

    def _similar(self, movie: int) -> FloatVector:
        return self.matrix("factors").cosines(movie)

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        """Return y_j A⁻¹ y_i for each liked i: exact given the profile's own system A, which depends on the profile."""
        weights = liking(profile.values, explicit=bool(self.arrays["explicit"][0]), min_rating=self.config.min_rating)
        liked = np.flatnonzero(weights)
        rated, system = self._system(profile.movies[liked])
        shares = np.zeros((len(movies), len(profile)), np.float32)
        if len(liked):
            asked = self.matrix("factors").rows(movies)
            # A is symmetric: the shorter of the two sides is solved for.
            given = asked @ system.solve(rated.T) if len(liked) < len(asked) else system.solve(asked.T).T @ rated.T
            shares[:, liked] = given
        return shares

"""iALS: implicit matrix factorisation by alternating least squares.

Hu, Koren and Volinsky (ICDM 2008) with the frequency-scaled regularisation and unobserved weight of Rendle, Krichene,
Zhang and Koren ("Revisiting the performance of iALS", RecSys 2022). With S the liked pairs, the loss is

    Σ_{(u,i)∈S} (x_u·y_i - 1)² + a Σ_{u,i} (x_u·y_i)² + l2 (Σ_u (n_u + a n_movies)^v |x_u|² + the same for movies).

A profile is folded in by solving its own system, so nobody's factors are stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines.conjugate import plain_sums, solve_rows
from matinee.engines.draws import normal_by_id
from matinee.engines.engine import Arrays, Engine, cosine_similar
from matinee.engines.memory import require_memory
from matinee.engines.weights import interactions, liking
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, Profile, Profiles, Progress


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
        likes = self._likes(profiles, explicit=bool(self.arrays["explicit"][0]))
        factors = self.arrays["factors"]
        return solve_rows(
            self.arrays["gram"],
            likes,
            factors,
            self._ridge(likes),
            right=likes @ factors,
            start=None,
            steps=100,
            tolerance=1e-5,
            sums=plain_sums,
        )

    def _score(self, profiles: Profiles) -> FloatMatrix:
        scores: FloatMatrix = self.fold_in(profiles) @ self.arrays["factors"].T
        return scores

    def _similar(self, movie: int) -> FloatVector:
        return cosine_similar(self.arrays["factors"], movie)

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        """Return y_j A⁻¹ y_i for each liked i: exact given the profile's own system A, which depends on the profile."""
        batch = Profiles.stack([profile], self.n_movies)
        likes = self._likes(batch, explicit=bool(self.arrays["explicit"][0]))
        factors, d = self.arrays["factors"], self.config.embedding_size
        rated = factors[profile.movies] * (likes.toarray()[0, profile.movies][:, None] > 0)
        system = self.arrays["gram"] + rated.T @ rated + self._ridge(likes)[0] * np.eye(d, dtype=np.float32)
        shares: FloatMatrix = factors[movies] @ np.linalg.solve(system, rated.T)
        return shares

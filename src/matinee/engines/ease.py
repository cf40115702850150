"""EASE: closed-form linear item autoencoder with a dropout-scaled ridge and user weights.

Minimises ||D^½ (X − XB)||² + ||Λ^½ B||² with a zero diagonal of B, where D weighs users by n_u^−β and
Λ = λ + p/(1−p) · diag(XᵀDX). With P = (XᵀDX + Λ)⁻¹ the answer is B_ij = −P_ij / P_jj (Steck, WWW 2019,
arXiv:1905.03375; the dropout term: EDLAE, Steck, NeurIPS 2020).

Keeps one dense (n, n) float32 matrix over the n movies with an interaction: 49 MB at 3,500 movies, 1.6 GB at 20,000.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines.engine import Arrays, Engine
from matinee.engines.linear import gram, invert
from matinee.engines.memory import require_memory
from matinee.engines.weights import interactions, liking
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, Profile, Profiles, Progress


@dataclass(frozen=True, kw_only=True)
class EaseConfig:
    """How ratings become choices, and how strongly the regression is held back."""

    l2: float = 300.0
    """λ, added to the Gram diagonal, in interactions; > 0."""
    dropout: float = 0.5
    """p, the share of a history the regression must do without; 0 gives plain EASE; in [0, 1)."""
    user_power: float = 0.5
    """β: a user with n interactions weighs n^−β, so that long histories do not drown short ones; 0 weighs all alike."""
    min_rating: float = 4.0
    """Stars from which a rating is an interaction; ignored where people only watched."""
    dislike_weight: float = 0.0
    """Weight of a profile's lower ratings when scoring; 0 leaves them out, below 0 holds them against a film."""
    max_movies: int = 20_000
    """At most so many movies take part, those with the most interactions."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.l2 <= 0:
            raise SettingsError(f"l2 must be above 0; got {self.l2}.")
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout must lie in [0, 1); got {self.dropout}.")
        if self.max_movies < 1:
            raise SettingsError(f"max_movies must be at least 1; got {self.max_movies}.")


class Ease(Engine):
    """Score movies by how well the rest of a history predicts them.

    Learns `columns` (n,), the movies that take part, and `weights` (n, n): row i holds what a like of column i's movie
    adds to the score of every other. Movies that do not take part score 0.
    """

    name = "ease"
    config_class = EaseConfig
    config: EaseConfig

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        liked = liking(dataset.values, explicit=dataset.explicit, min_rating=self.config.min_rating)
        rows_UM = interactions(dataset.profiles(), liked)
        columns = most_used(rows_UM, self.config.max_movies)
        n = len(columns)
        require_memory(
            3 * 4.0 * n * n, f"ease on {n:,} movies", f"Set max_movies below {n:,}, or run it on a larger machine."
        )
        rows_UM = weigh_users(csr_array(rows_UM[:, columns]), self.config.user_power)
        progress("ease", 1, 3)
        weights = solve(rows_UM, self.config.l2, self.config.dropout)
        progress("ease", 3, 3)
        return {"columns": columns, "weights": weights, "explicit": np.array([dataset.explicit])}

    def _score(self, profiles: Profiles) -> FloatMatrix:
        rows = interactions(profiles, self._entry_weights(profiles.values))[:, self.arrays["columns"]]
        scores = np.zeros((len(profiles), self.n_movies), np.float32)
        scores[:, self.arrays["columns"]] = rows @ self.arrays["weights"]
        return scores

    def _entry_weights(self, values: FloatVector) -> FloatVector:
        return liking(
            values,
            explicit=bool(self.arrays["explicit"][0]),
            min_rating=self.config.min_rating,
            dislike_weight=self.config.dislike_weight,
        )

    def _places(self) -> IntVector:
        """Return (n_movies,) the column of each movie, -1 for those that do not take part."""
        places = np.full(self.n_movies, -1, np.int32)
        places[self.arrays["columns"]] = np.arange(len(self.arrays["columns"]))
        return places

    def _similar(self, movie: int) -> FloatVector:
        """Return partial correlations: −P_ij / √(P_ii P_jj), what two movies share beyond all others."""
        likeness = np.zeros(self.n_movies, np.float32)
        place = self._places()[movie]
        if place >= 0:
            given, taken = self.arrays["weights"][place], self.arrays["weights"][:, place]
            likeness[self.arrays["columns"]] = np.sign(given) * np.sqrt(np.maximum(given * taken, 0))
        likeness[movie] = 1
        return likeness

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        places = self._places()
        asked, rated = places[movies], places[profile.movies]
        parts: FloatMatrix = self.arrays["weights"][np.ix_(rated, asked)].T * self._entry_weights(profile.values)
        parts[asked < 0] = 0
        parts[:, rated < 0] = 0
        return parts


def most_used(rows_UM: csr_array, most: int) -> IntVector:
    """Return the ascending indices of the columns with an entry, only the `most` fullest if there are more."""
    count = np.bincount(rows_UM.indices, minlength=rows_UM.shape[1])
    fullest = np.argsort(-count, kind="stable")[:most]
    return np.sort(fullest[count[fullest] > 0]).astype(np.int32)


def weigh_users(rows_UM: csr_array, power: float) -> csr_array:
    """Scale each row by the root of its user weight n_u^−power; weights average 1 over all entries."""
    lengths = np.diff(rows_UM.indptr)
    weights = np.power(np.maximum(lengths, 1).astype(np.float64), -power)
    weights *= lengths.sum() / max((weights * lengths).sum(), 1e-12)
    scaled = rows_UM.astype(np.float32)
    scaled.data *= np.repeat(np.sqrt(weights), lengths).astype(np.float32)
    return scaled


def solve(rows_UM: csr_array, l2: float, dropout: float) -> FloatMatrix:
    """Return B (M, M) with zero diagonal minimising ||X − XB||² + ||Λ^½ B||², Λ = l2 + p/(1−p)·diag(XᵀX).

    With fewer users than movies the inverse is taken over users (Woodbury), which gives the same B.
    """
    squares = np.asarray(rows_UM.multiply(rows_UM).sum(axis=0), np.float64)
    ridge = (l2 + dropout / (1 - dropout) * squares).astype(np.float32)
    weights = _dual(rows_UM, ridge) if rows_UM.shape[0] < rows_UM.shape[1] else _primal(rows_UM, ridge)
    np.fill_diagonal(weights, 0)
    return weights


def _primal(rows_UM: csr_array, ridge: FloatVector) -> FloatMatrix:
    inverse = gram(rows_UM)
    np.fill_diagonal(inverse, inverse.diagonal() + ridge)
    invert(inverse)
    inverse /= -inverse.diagonal()
    return inverse


def _dual(rows_UM: csr_array, ridge: FloatVector) -> FloatMatrix:
    """Use P = Λ⁻¹ − ZᵀZ with Z = L⁻¹XΛ⁻¹ and LLᵀ = 1 + XΛ⁻¹Xᵀ, which is only (U, U)."""
    scaled = rows_UM.multiply(1 / ridge).tocsr()
    small = (scaled @ rows_UM.T).toarray()
    small[np.diag_indices_from(small)] += 1
    z_UM = solve_triangular(cholesky(small, lower=True), scaled.toarray(), lower=True, overwrite_b=True)
    weights: FloatMatrix = z_UM.T @ z_UM
    weights /= 1 / ridge - weights.diagonal()
    return weights

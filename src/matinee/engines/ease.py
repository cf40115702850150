"""EASE: closed-form linear item autoencoder with a dropout-scaled ridge and user weights.

Minimises ||D^½ (X − XB)||² + ||Λ^½ B||² with a zero diagonal of B, where D weighs users by n_u^−β and
Λ = λ + p/(1−p) · diag(XᵀDX). With P = (XᵀDX + Λ)⁻¹ the answer is B_ij = −P_ij / P_jj (Steck, WWW 2019,
arXiv:1905.03375; the dropout term: EDLAE, Steck, NeurIPS 2020). Pairs of films may be inputs too: `linear_pairs`.

Keeps one dense (n, n) float32 matrix over the n movies with an interaction: 49 MB at 3,500 movies, 1.6 GB at 20,000.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines.engine import Arrays, Engine
from matinee.engines.linear import gram, invert
from matinee.engines.linear_pairs import commonest_pairs, solve_with_pairs, with_pairs
from matinee.engines.matrices import Kind
from matinee.engines.memory import available_memory, require_memory
from matinee.engines.weights import among, interactions, liking, places_of
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, Profile, Profiles, Progress, silent

MATRICES, MATRICES_WITH_PAIRS = 1.5, 3.0
"""Matrices of the final size that a fit holds at its peak; pairs are solved beside the inverse."""
DUAL_BELOW = 0.4
"""Users a movie under which the inverse over users is cheaper: U³/3 + U²M + 2UM² against M³ operations."""
COUNTING, INVERTING = "ease: who likes both", "ease: inverting"
"""Stages of a fit."""

NEAREST = 512
"""Films that a compressed model compares both ways to find similar ones."""


@dataclass(frozen=True, kw_only=True)
class EaseConfig:
    """How ratings become choices, and how strongly the regression is held back."""

    l2: float = 300.0
    """λ, added to the Gram diagonal, in interactions; > 0."""
    dropout: float = 0.5
    """p, the share of a history the regression must do without; 0 gives plain EASE; in [0, 1)."""
    user_power: float = 0.5
    """β: a user with n interactions weighs n^−β, so that long histories do not drown short ones; 0 weighs all alike."""
    min_rating: float = 3.5
    """Stars from which a rating is an interaction; ignored where people only watched."""
    dislike_weight: float = 0.0
    """Weight of a profile's lower ratings when scoring; 0 leaves them out, below 0 holds them against a film."""
    pairs: int = 0
    """How many of the commonest pairs of liked films are inputs of their own."""
    pair_l2: float = 5000.0
    """λ of the pairs; > 0."""
    max_movies: int = 20_000
    """At most so many movies take part, those with the most interactions."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.l2 <= 0:
            raise SettingsError(f"l2 must be above 0; got {self.l2}.")
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout must lie in [0, 1); got {self.dropout}.")
        if self.max_movies < 1 or self.pairs < 0 or self.pair_l2 <= 0:
            raise SettingsError(
                f"max_movies must be at least 1, pairs at least 0 and pair_l2 above 0; "
                f"got {self.max_movies}, {self.pairs} and {self.pair_l2}."
            )


class Ease(Engine):
    """Score movies by how well the rest of a history predicts them.

    Learns `columns` (n,), the movies that take part, and `weights` (n, n): row i holds what a like of column i's movie
    adds to the score of every other. Movies that do not take part score 0. With `pairs` (2, n_pairs), the columns of
    each pair, `weights` has a further row a pair, added where both are liked.
    """

    name = "ease"
    config_class = EaseConfig
    config: EaseConfig
    matrices: ClassVar[Mapping[str, Kind]] = {"weights": "item-item"}

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        liked = liking(dataset.values, explicit=dataset.explicit, min_rating=self.config.min_rating)
        rows_UM = interactions(dataset.profiles(), liked)
        columns = most_used(rows_UM, self.config.max_movies)
        n, n_pairs = len(columns), self.config.pairs
        matrices = MATRICES_WITH_PAIRS if n_pairs else MATRICES
        require_square(n + n_pairs, f"ease on {n:,} movies and {n_pairs:,} pairs", matrices)
        rows_UM = csr_array(rows_UM[:, columns])
        try:
            learnt = self._solve_pairs(rows_UM, progress) if n_pairs else {"weights": self._solve(rows_UM, progress)}
        except np.linalg.LinAlgError as error:
            raise SettingsError(
                f"l2={self.config.l2} is too small for this data in single precision.", hint="Try l2 = 100 or more."
            ) from error
        return {"columns": columns, "explicit": np.array([dataset.explicit]), **learnt}

    def _solve(self, rows_UM: csr_array, progress: Progress) -> FloatMatrix:
        return solve(weigh_users(rows_UM, self.config.user_power), self.config.l2, self.config.dropout, progress)

    def _solve_pairs(self, rows_UM: csr_array, progress: Progress) -> Arrays:
        n = rows_UM.shape[1]
        pairs = commonest_pairs(rows_UM, self.config.pairs)
        features = scale_rows(with_pairs(rows_UM, pairs), user_weights(rows_UM, self.config.user_power))
        l2 = np.repeat([self.config.l2, self.config.pair_l2], [n, len(pairs[0])])
        inverse = inverted(features, dropout_ridge(features, l2, self.config.dropout), progress)
        return {"weights": solve_with_pairs(inverse, n, pairs), "pairs": np.stack(pairs)}

    def _score(self, profiles: Profiles) -> FloatMatrix:
        columns, weights = self.arrays["columns"], self._entry_weights(profiles.values)
        if len(profiles) == 1 and "pairs" not in self.arrays:
            places = self._places()[profiles.movies]
            keep = (weights != 0) & (places >= 0)
            sums = self.matrix("weights").weighted_sum(places[keep], weights[keep])[None]
        else:
            rows = among(profiles, weights, self._places(), len(columns))
            if "pairs" in self.arrays:
                rows = with_pairs(rows, (self.arrays["pairs"][0], self.arrays["pairs"][1]))
            sums = self.matrix("weights").row_sums(rows)
        if len(columns) == self.n_movies:
            return sums  # ascending columns that are as many as the movies are the movies
        scores = np.zeros((len(profiles), self.n_movies), np.float32)
        scores[:, columns] = sums
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
        return self._once("places", lambda: places_of(self.arrays["columns"], self.n_movies))

    def _similar(self, movie: int) -> FloatVector:
        """Return partial correlations: −P_ij / √(P_ii P_jj), what two movies share beyond all others.

        In a compressed model only the `NEAREST` strongest are compared both ways; the others have likeness 0.
        """
        likeness = np.zeros(self.n_movies, np.float32)
        place = self._places()[movie]
        if place >= 0:
            matrix, columns = self.matrix("weights"), self.arrays["columns"]
            given = matrix.rows(np.array([place]))[0]
            if "weights" in self.arrays:
                near, taken = np.arange(len(columns)), matrix.column(int(place))[: len(columns)]
            else:
                near = np.argsort(-np.abs(given), kind="stable")[:NEAREST]
                taken = matrix.entries(near, np.array([place]))[:, 0]
            likeness[columns[near]] = np.sign(given[near]) * np.sqrt(np.maximum(given[near] * taken, 0))
        likeness[movie] = 1
        return likeness

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        places = self._places()
        asked, rated = places[movies], places[profile.movies]
        weights = self._entry_weights(profile.values)
        parts = np.zeros((len(movies), len(profile)), np.float32)
        # The rows that `score` reads. Films asked about that do not take part get another's column; it is blanked below.
        read = np.flatnonzero((weights != 0) & (rated >= 0))
        parts[:, read] = self.matrix("weights").entries(rated[read], np.maximum(asked, 0)).T * weights[read]
        if "pairs" in self.arrays:
            self._add_pairs(parts, asked, rated, weights)
        parts[asked < 0] = 0
        return parts

    def _add_pairs(self, parts: FloatMatrix, asked: IntVector, rated: IntVector, weights: FloatVector) -> None:
        """Add the pairs of a profile, half to either film: the Shapley share of a product of two."""
        n = len(self.arrays["columns"])
        entry = np.full(n, -1)
        entry[rated[rated >= 0]] = np.flatnonzero(rated >= 0)
        first, second = entry[self.arrays["pairs"][0]], entry[self.arrays["pairs"][1]]
        active = np.flatnonzero((first >= 0) & (second >= 0))
        shares = self.matrix("weights").entries(n + active, np.maximum(asked, 0)) / 2
        likes = np.maximum(weights, 0)
        shares *= (likes[first[active]] * likes[second[active]])[:, None]
        for side in (first[active], second[active]):
            np.add.at(parts.T, side, shares)


def require_square(n: int, what: str, matrices: float) -> None:
    """Refuse a solve for whose (n, n) float32 matrices there is no memory, naming the largest that fit."""
    free = available_memory()
    fits = n if free is None else int((free / matrices / 4) ** 0.5)
    advice = f"Set max_movies and pairs to {fits:,} in sum at most, or use a larger machine."
    require_memory(matrices * 4.0 * n**2, what, advice)


def most_used(rows_UM: csr_array, most: int) -> IntVector:
    """Return the ascending indices of the columns with an entry, only the `most` fullest if there are more."""
    count = np.bincount(rows_UM.indices, minlength=rows_UM.shape[1])
    fullest = np.argsort(-count, kind="stable")[:most]
    return np.sort(fullest[count[fullest] > 0]).astype(np.int32)


def user_weights(rows_UM: csr_array, power: float) -> FloatVector:
    """Return (n_users,) n_u^−power, scaled to average 1 over all entries."""
    lengths = np.diff(rows_UM.indptr)
    weights = np.power(np.maximum(lengths, 1).astype(np.float64), -power)
    weights *= lengths.sum() / max((weights * lengths).sum(), 1e-12)
    scaled: FloatVector = weights.astype(np.float32)
    return scaled


def scale_rows(rows: csr_array, weights: FloatVector) -> csr_array:
    """Return D^½ X: each row times the root of its weight."""
    scaled = rows.astype(np.float32)
    scaled.data *= np.repeat(np.sqrt(weights), np.diff(rows.indptr))
    return scaled


def weigh_users(rows_UM: csr_array, power: float) -> csr_array:
    """Scale each row by the root of its user weight."""
    return scale_rows(rows_UM, user_weights(rows_UM, power))


def dropout_ridge(rows: csr_array, l2: float | NDArray[np.float64], dropout: float) -> FloatVector:
    """Return the diagonal Λ = l2 + p/(1−p) · diag(XᵀX)."""
    squares = np.asarray(rows.multiply(rows).sum(axis=0), np.float64)
    ridge: FloatVector = (l2 + dropout / (1 - dropout) * squares).astype(np.float32)
    return ridge


def solve(rows_UM: csr_array, l2: float, dropout: float, progress: Progress = silent) -> FloatMatrix:
    """Return B (M, M) with zero diagonal minimising ||X − XB||² + ||Λ^½ B||², Λ = l2 + p/(1−p)·diag(XᵀX).

    With far fewer users than movies the inverse is taken over users (Woodbury), which gives the same B.
    """
    ridge = dropout_ridge(rows_UM, l2, dropout)
    if rows_UM.shape[0] < DUAL_BELOW * rows_UM.shape[1]:
        progress(INVERTING, 0, 1)
        weights = _dual(rows_UM, ridge)
        progress(INVERTING, 1, 1)
    else:
        weights = _primal(rows_UM, ridge, progress)
    np.fill_diagonal(weights, 0)
    return weights


def inverted(rows: csr_array, ridge: FloatVector, progress: Progress = silent) -> FloatMatrix:
    """Return P = (XᵀX + Λ)⁻¹."""
    inverse = gram(rows, progress, COUNTING)
    np.fill_diagonal(inverse, inverse.diagonal() + ridge)
    invert(inverse, progress, INVERTING)
    return inverse


def _primal(rows_UM: csr_array, ridge: FloatVector, progress: Progress = silent) -> FloatMatrix:
    inverse = inverted(rows_UM, ridge, progress)
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

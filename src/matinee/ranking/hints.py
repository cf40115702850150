"""Hints: what a few ratings say of genres, for people who are ranked by popularity.

With c the middle of the scale (people rate above it on average: having chosen a film is a sign by itself), a genre gets

    a_g = Σ_i (r_i − c) [g ∈ genres(i)] / |genres(i)|  /  (Σ_i [g ∈ genres(i)] / |genres(i)| + 1),

the average liking of its films, drawn towards 0 by one film that says nothing. Popularity is multiplied by
exp(strength · mean of a_g over a film's genres), clipped to [¼, 4].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matinee.types import BoolVector, FloatMatrix, FloatVector, IntVector, Profiles

STRENGTH = 0.2
"""How far one star of liking lifts a film; chosen on validation profiles cut to one to four ratings."""
LARGEST = 4.0
"""No film is lifted further, nor pushed down by more."""


class GenreHints:
    """Lifts films of the genres a few ratings speak for.

    Args:
        genres: (n_movies, n_genres) bool.
        middle: stars that are neither good nor bad; 0 where people only watched, whose entries are ones.
        strength: how far one star of liking lifts a film; 0 lifts nothing.
    """

    def __init__(self, genres: BoolVector, *, middle: float, strength: float = STRENGTH) -> None:
        counts = genres.sum(axis=1, keepdims=True)
        self._shares: FloatMatrix = (genres / np.maximum(counts, 1)).astype(np.float32)
        self._middle, self._strength = middle, strength

    def liking(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, n_genres) a_g of the module's formula, in stars."""
        weights: FloatVector = (profiles.values - self._middle).astype(np.float32)
        told = profiles.matrix(np.ones(len(weights), np.float32)) @ self._shares
        liking: FloatMatrix = (profiles.matrix(weights) @ self._shares) / (told + 1)
        return liking

    def pulls(self, profiles: Profiles, movies: IntVector) -> NDArray[np.float32]:
        """Return (n_profiles, m, n_genres) what each genre of m films adds to the logarithm of their lift, unclipped."""
        pulls: NDArray[np.float32] = (self._strength * self.liking(profiles))[:, None, :] * self._shares[movies]
        return pulls

    def lift(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, n_movies) factors of popularity; 1 throughout for an empty profile."""
        lift: FloatMatrix = np.exp(self._strength * (self.liking(profiles) @ self._shares.T))
        return np.clip(lift, 1 / LARGEST, LARGEST, out=lift)

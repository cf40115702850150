"""Which film to ask somebody about whom we hardly know: the one whose rating would teach us most.

A factor engine believes of a person with ratings X that their vector is normal with covariance C = (P + XᵀX)⁻¹, in units
of the noise, P its prior precision. A rating of film i changes it by one rank, and takes off the variance of everything we
would predict

    Σ_j s_j (x_jᵀ C x_i)² / (1 + x_iᵀ C x_i),      s_j the share of ratings that film j has,

whatever the answer (Rubens, Kaplan and Sugiyama, "Active learning in recommender systems", 2011). Times the chance that
the person knows the film at all, it is the worth of the question. Where no factor engine is there, films that many know and
few agree about are asked (Rashid et al., "Getting to know you", IUI 2002), spread over genres.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from matinee.engines.engine import Engine
from matinee.errors import ShapeError
from matinee.types import BoolVector, FloatMatrix, FloatVector, Profile

POOL = 300
"""Candidates among which genres are spread."""
REPEATED = 0.8
"""What one more film of the same genre is worth."""


@dataclass(frozen=True)
class Question:
    """One film to ask about.

    Attributes:
        movie: its index.
        learned: share of what we do not know that the answer is expected to take away, the chance to get one included.
        known: the chance that the person knows the film.
    """

    movie: int
    learned: float
    known: float


@dataclass(frozen=True)
class Questions:
    """What a factor engine would learn from each film's rating.

    Attributes:
        vectors: (n_movies, d) float32 x_i; a bias is one more dimension that is 1 for every film.
        prior: (d, d) precision of what is believed before the first rating, in units of the noise.
        counts: (n_movies,) ratings of each film.
        n_people: people those are from.
    """

    vectors: FloatMatrix
    prior: NDArray[np.float64]
    counts: NDArray[Any]
    n_people: int

    def __post_init__(self) -> None:
        width = self.vectors.shape[1]
        if self.prior.shape != (width, width) or len(self.counts) != len(self.vectors):
            raise ShapeError(
                f"Vectors {self.vectors.shape}, prior {self.prior.shape} and {len(self.counts)} counts do not fit together."
            )

    @classmethod
    def of(cls, engines: Mapping[str, Engine], counts: NDArray[Any], n_people: int) -> Self | None:
        """Take what the engine `svd` has learned; None where it is not there."""
        svd = engines.get("svd")
        if svd is None or not svd.arrays or svd.n_movies != len(counts):
            return None
        factors = svd.matrix("factors").dense()
        vectors = np.column_stack([np.ones(len(factors), np.float32), factors])
        ridge = np.full(vectors.shape[1], float(svd.config.l2))
        ridge[0] = svd.config.user_bias_l2
        return cls(vectors, np.diag(ridge), counts, n_people)

    @cached_property
    def known(self) -> FloatVector:
        """(n_movies,) chance that somebody knows each film, from how many people rated it."""
        return np.minimum(self.counts / max(self.n_people, 1), 1).astype(np.float32)

    @cached_property
    def spread(self) -> NDArray[np.float64]:
        """(d, d) Σ_j s_j x_j x_jᵀ: what predictions are made of."""
        shares = self.counts / max(float(self.counts.sum()), 1.0)
        wide = self.vectors.astype(np.float64)
        return np.asarray((wide * shares[:, None]).T @ wide)

    def covariance(self, profile: Profile) -> NDArray[np.float64]:
        """Return (d, d) what is still uncertain of a person."""
        rated = self.vectors[profile.movies].astype(np.float64)
        return np.asarray(np.linalg.inv(self.prior + rated.T @ rated))

    def informative(self, profile: Profile) -> FloatVector:
        """Return (n_movies,) share of the variance of predictions that a rating of each film takes away; 0…1."""
        covariance = self.covariance(profile)
        turned = self.vectors @ covariance.astype(np.float32)
        own = np.einsum("nd,nd->n", turned, self.vectors)
        shared = np.einsum("nd,nd->n", turned @ self.spread.astype(np.float32), turned)
        whole = float(np.trace(self.spread @ covariance))
        gain: FloatVector = (shared / (1 + own) / max(whole, 1e-12)).astype(np.float32)
        return gain

    def ask(self, profile: Profile, allowed: BoolVector) -> Question | None:
        """Return the film whose rating would teach most; None where nothing may be asked.

        Args:
            profile: what the person has told us so far; may be empty.
            allowed: (n_movies,) which films may be asked about: not rated, not asked before, not barred.
        """
        worth = np.where(allowed, self.informative(profile) * self.known, -1)
        movie = int(worth.argmax()) if len(worth) else -1
        if movie < 0 or worth[movie] <= 0:
            return None
        return Question(movie, float(worth[movie]), float(self.known[movie]))


def divisive(counts: NDArray[Any], spread: NDArray[Any]) -> FloatVector:
    """Return (n_movies,) float32: log of the number of ratings times their standard deviation; 0 without ratings."""
    score: FloatVector = (np.log1p(counts.astype(np.float64)) * spread).astype(np.float32)
    return score


def over_genres(score: FloatVector, genres: NDArray[np.bool_], exclude: Collection[int], n: int) -> list[int]:
    """Return up to `n` movie indices to ask about, best first, spread over genres.

    Args:
        score: (n_movies,) what an opinion of each film tells; films at 0 are not asked about.
        genres: (n_movies, n_genres) bool.
        exclude: movie indices that were rated or shown already.
        n: how many at most.
    """
    open_to = score > 0
    open_to[np.fromiter(exclude, np.int64, len(exclude))] = False
    pool = np.flatnonzero(open_to)
    pool = pool[np.argsort(-score[pool], kind="stable")][: max(POOL, n)]
    of_pool, worth = genres[pool].astype(np.float64), score[pool].astype(np.float64)
    seen = np.zeros(of_pool.shape[1])
    per_film = np.maximum(of_pool.sum(axis=1), 1.0)
    chosen: list[int] = []
    for _ in range(min(n, len(pool))):
        best = int(np.argmax(worth * REPEATED ** (of_pool @ seen / per_film)))
        chosen.append(int(pool[best]))
        seen += of_pool[best]
        worth[best] = -np.inf
    return chosen

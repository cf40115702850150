"""Svd: biased matrix factorisation on stars by alternating least squares (Koren, Bell, Volinsky, Computer 2009).

Predicts r = μ + b_u + b_i + p_u · q_i. Given the films, a person's (b_u, p_u) is one small ridge regression, and given
the people so is a film's (b_i, q_i); both are solved exactly in turn. The same regression answers for any profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matinee.data import Dataset
from matinee.engines.draws import normal_by_id
from matinee.engines.engine import Arrays, Engine
from matinee.engines.kernels.cholesky import Cholesky
from matinee.engines.matrices import Kind
from matinee.engines.ridge_rows import fit_rows, solve_profiles
from matinee.engines.star_parts import rating_parts, regression
from matinee.engines.stars import bend_into
from matinee.engines.weights import sums_by
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector, Profile, Profiles, Progress


@dataclass(frozen=True, kw_only=True)
class SvdConfig:
    """Size and restraint of the factor model."""

    embedding_size: int = 16
    """Length of p_u and q_i."""
    l2: float = 2.0
    """Ridge of the factors of somebody with one rating, in squared stars."""
    l2_power: float = 0.4
    """The ridge of the factors grows with the number of ratings to this power; 0 keeps it alike for all, 1 is ALS-WR."""
    user_bias_l2: float = 5.0
    """Ridge of the user bias: how many average ratings it starts from."""
    movie_bias_l2: float = 3.0
    """Ridge of the movie bias."""
    similar_l2: float = 20.0
    """A film with so many ratings is half as like another as its factors say; ≥ 0."""
    epochs: int = 10
    """Rounds over people and films."""
    seed: int = 0
    """Where the films' first factors come from."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.embedding_size < 1 or self.epochs < 1:
            raise SettingsError(
                f"embedding_size and epochs must be at least 1; got {self.embedding_size} and {self.epochs}."
            )
        if min(self.l2, self.user_bias_l2, self.movie_bias_l2) <= 0:
            raise SettingsError("l2, user_bias_l2 and movie_bias_l2 must be above 0.")


class Svd(Engine):
    """Predict the stars a person would give.

    Learns `mean` (1,), `bias` and `count` (n_movies,), `factors` (n_movies, embedding_size) and `scale` (2,). Where people
    only watched, every value is 1 and nothing can be learnt of opinions: all scores are then 1.
    """

    name = "svd"
    config_class = SvdConfig
    predicts_stars = True
    config: SvdConfig
    matrices: ClassVar[Mapping[str, Kind]] = {"factors": "factors"}

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        low, high = dataset.scale
        mean = float(dataset.values.mean(dtype=np.float64)) if dataset.n_ratings else (low + high) / 2
        by_movie = np.argsort(dataset.movies, kind="stable")
        count = np.bincount(dataset.movies, minlength=dataset.n_movies)
        indptr_M = np.concatenate([[0], np.cumsum(count)])
        residual = (dataset.values - np.float32(mean)).astype(np.float32)
        users_M, residual_M = dataset.users[by_movie], residual[by_movie]
        ridge_U = self._ridge(dataset.indptr, self.config.user_bias_l2)
        ridge_M = self._ridge(indptr_M, self.config.movie_bias_l2)
        films = np.empty((dataset.n_movies, 1 + self.config.embedding_size), np.float32)
        films[:, 0] = sums_by(dataset.movies, residual, dataset.n_movies) / (count + self.config.movie_bias_l2)
        films[:, 1:] = 0.1 * normal_by_id(dataset.catalogue.ids.ids, self.config.embedding_size, self.config.seed)
        for epoch in range(self.config.epochs):
            progress("svd", epoch, self.config.epochs)
            people = fit_rows(dataset.indptr, dataset.movies, residual, films, ridge_U)
            films = fit_rows(indptr_M, users_M, residual_M, people, ridge_M)
        progress("svd", self.config.epochs, self.config.epochs)
        return {
            "mean": np.array([mean], np.float32),
            "bias": np.ascontiguousarray(films[:, 0]),
            "factors": np.ascontiguousarray(films[:, 1:]),
            "count": count.astype(np.int32),
            "scale": np.array(dataset.scale, np.float32),
        }

    def _ridge(self, indptr: LongVector, bias_l2: float) -> FloatMatrix:
        """Return (n_rows, 1 + embedding_size) the ridge of each row's bias and factors."""
        lengths = np.maximum(np.diff(indptr), 1)
        ridge = np.empty((len(lengths), 1 + self.config.embedding_size), np.float32)
        ridge[:] = self.config.l2 * np.power(lengths, self.config.l2_power)[:, None]
        ridge[:, 0] = bias_l2
        return ridge

    def fold_in(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, 1 + embedding_size): each profile's bias and factors, 0 for empty ones."""
        self._require_fitted()
        residual = (profiles.values - self.arrays["mean"][0]).astype(np.float32)
        if len(profiles) == 1:
            films, system = self._system(profiles.movies)
            wanted = residual - films[:, 0]
            right = wanted @ films
            right[0] = wanted.sum()
            return system.solve(right[:, None]).T
        ridge = self._ridge(profiles.indptr, self.config.user_bias_l2)
        return solve_profiles(profiles.indptr, profiles.movies, residual, self._films, ridge)

    def _system(self, rated: IntVector) -> tuple[FloatMatrix, Cholesky]:
        """Return the (n, 1 + embedding_size) films of a profile and the system of its regression."""

        def solve() -> tuple[FloatMatrix, Cholesky]:
            films = self._films(rated)
            ridge = self._ridge(np.array([0, len(rated)]), self.config.user_bias_l2)[0]
            return films, regression(films, ridge)

        return self._lately("system", (rated,), solve)

    def _films(self, movies: IntVector) -> FloatMatrix:
        """Return (n, 1 + embedding_size) the bias and factors of some films."""
        films = np.empty((len(movies), 1 + self.config.embedding_size), np.float32)
        films[:, 0] = self.arrays["bias"][movies]
        films[:, 1:] = self.matrix("factors").rows(movies)
        return films

    def _score(self, profiles: Profiles) -> FloatMatrix:
        people = self.fold_in(profiles)
        stars = self.matrix("factors").dot(people[:, 1:])
        stars += self._once("usual", lambda: self.usual(np.arange(self.n_movies, dtype=np.int32)))
        stars += people[:, :1]
        return bend_into(stars, *self.arrays["scale"])

    def _similar(self, movie: int) -> FloatVector:
        """Return cosines of factors, shrunk where few people rated: chance makes a rarity resemble anything."""
        count = self.arrays["count"]
        likeness = self.matrix("factors").cosines(movie) * (count / (count + self.config.similar_l2))
        likeness[movie] = 1
        return likeness.astype(np.float32)

    def usual(self, movies: IntVector) -> FloatVector:
        """Return (n,) the stars that films get of an average person."""
        usual: FloatVector = self.arrays["bias"][movies] + self.arrays["mean"][0]
        return usual

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        """Return what each rating adds to the stars beyond `usual`, before they are bent into the scale."""
        films, system = self._system(profile.movies)
        return rating_parts(films, profile.values - self.arrays["mean"][0], system, self._films(movies))

"""Explicit ALS: the classic factorisation of stars, with rank, regularisation, iterations and bias as its four dials.

Predicts r = μ + b_u + b_i + x_u · y_i, or without biases r = μ + x_u · y_i, by alternating ridge regressions. With
`weighted_l2` the ridge grows with the number of ratings (ALS-WR: Zhou, Wilkinson, Schreiber, Pan, AAIM 2008). A profile
is folded in by solving its own system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matinee.data import Dataset
from matinee.engines.draws import normal_by_id
from matinee.engines.engine import Arrays, Engine, cosine_similar
from matinee.engines.matrices import Kind
from matinee.engines.memory import require_memory
from matinee.engines.ridge_rows import fit_rows, solve_profiles
from matinee.engines.star_parts import rating_parts, regression
from matinee.engines.stars import bend_into
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector, Profile, Profiles, Progress

_NO_BIAS = 1e9
"""A ridge that leaves nothing of a bias."""


@dataclass(frozen=True, kw_only=True)
class ExplicitAlsConfig:
    """The grid that people search."""

    embedding_size: int = 8
    """Rank: factors of each user and film."""
    l2: float = 0.1
    """Ridge of factors and biases, in squared stars; > 0."""
    epochs: int = 15
    """Iterations over people and films."""
    bias: bool = True
    """Whether people and films have averages of their own beside the factors."""
    weighted_l2: bool = True
    """Whether the ridge of a row is l2 times its number of ratings (ALS-WR) or l2 alone."""
    seed: int = 0
    """Of the films' first factors."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.embedding_size < 1 or self.epochs < 1:
            raise SettingsError(
                f"embedding_size and epochs must be at least 1; got {self.embedding_size} and {self.epochs}."
            )
        if self.l2 <= 0:
            raise SettingsError(f"l2 must be above 0; got {self.l2}.")


class ExplicitAls(Engine):
    """Predict the stars a person would give.

    Learns `mean` (1,), `films` (n_movies, 1 + embedding_size) with the bias in front, and `scale` (2,).
    """

    name = "explicit_als"
    config_class = ExplicitAlsConfig
    predicts_stars = True
    config: ExplicitAlsConfig
    matrices: ClassVar[Mapping[str, Kind]] = {"films": "factors"}

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        config = self.config
        require_memory(
            4 * ((dataset.n_users + dataset.n_movies) * 3 * (config.embedding_size + 1) + 4 * dataset.n_ratings),
            f"explicit_als with {config.embedding_size} factors for {dataset.n_users:,} users and {dataset.n_movies:,} movies",
            "Choose a smaller embedding_size.",
        )
        mean = float(dataset.values.mean(dtype=np.float64)) if dataset.n_ratings else sum(dataset.scale) / 2
        residual = (dataset.values - np.float32(mean)).astype(np.float32)
        by_movie = np.argsort(dataset.movies, kind="stable")
        indptr_M = np.concatenate([[0], np.cumsum(np.bincount(dataset.movies, minlength=dataset.n_movies))])
        users_M, residual_M = dataset.users[by_movie], residual[by_movie]
        ridge_U, ridge_M = self._ridge(dataset.indptr), self._ridge(indptr_M)
        films = np.zeros((dataset.n_movies, 1 + config.embedding_size), np.float32)
        films[:, 1:] = 0.1 * normal_by_id(dataset.catalogue.ids.ids, config.embedding_size, config.seed)
        for epoch in range(config.epochs):
            progress("explicit_als", epoch, config.epochs)
            people = self._without_bias(fit_rows(dataset.indptr, dataset.movies, residual, films, ridge_U))
            films = self._without_bias(fit_rows(indptr_M, users_M, residual_M, people, ridge_M))
        progress("explicit_als", config.epochs, config.epochs)
        return {"mean": np.array([mean], np.float32), "films": films, "scale": np.array(dataset.scale, np.float32)}

    def _ridge(self, indptr: LongVector) -> FloatMatrix:
        """Return (n_rows, 1 + embedding_size) the ridge of each row's bias and factors."""
        lengths = np.maximum(np.diff(indptr), 1)
        ridge = np.empty((len(lengths), 1 + self.config.embedding_size), np.float32)
        ridge[:] = self.config.l2 * (lengths[:, None] if self.config.weighted_l2 else 1)
        if not self.config.bias:
            ridge[:, 0] = _NO_BIAS
        return ridge

    def _without_bias(self, rows: FloatMatrix) -> FloatMatrix:
        if not self.config.bias:
            rows[:, 0] = 0
        return rows

    def fold_in(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, 1 + embedding_size): each profile's bias and factors, 0 for empty ones."""
        self._require_fitted()
        residual = (profiles.values - self.arrays["mean"][0]).astype(np.float32)
        ridge = self._ridge(profiles.indptr)
        films = self.matrix("films").rows
        return self._without_bias(solve_profiles(profiles.indptr, profiles.movies, residual, films, ridge))

    def _score(self, profiles: Profiles) -> FloatMatrix:
        people = self.fold_in(profiles)
        # A film's own bias counts once, whoever is asked about it.
        asked = np.column_stack([np.ones(len(people), np.float32), people[:, 1:]])
        stars = self.matrix("films").dot(asked)
        stars += people[:, :1] + self.arrays["mean"][0]
        return bend_into(stars, *self.arrays["scale"])

    def _similar(self, movie: int) -> FloatVector:
        films = self._once("factors", lambda: np.ascontiguousarray(self.matrix("films").dense()[:, 1:]))
        return cosine_similar(films, movie)

    def usual(self, movies: IntVector) -> FloatVector:
        """Return (n,) the stars that films get of an average person."""
        usual: FloatVector = self.matrix("films").rows(movies)[:, 0] + self.arrays["mean"][0]
        return usual

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        """Return what each rating adds to the stars beyond `usual`, before they are bent into the scale."""
        films = self.matrix("films")
        rated = films.rows(profile.movies)
        system = regression(rated, self._ridge(np.array([0, len(profile)]))[0])
        return rating_parts(rated, profile.values - self.arrays["mean"][0], system, films.rows(movies))

"""Next: what people watch right after what you watched last, in three linear parts.

1. *Transitions*: how often j followed i within a few places, near places weighing more, smoothed towards rare-film
   caution and damped by popularity (a first-order Markov chain with skips).
2. *Regression*: a ridge regression of the next film on the decayed last films, W = (Σ x xᵀ + l2 I)⁻¹ Σ x yᵀ, which
   tells films that lead on from films that merely stand beside those that do.
3. *Taste*: the item-item weights of `ease`, over the whole history with a slow decay.

Each part is a matrix applied to the profile's films, the newest weighing most, so the score adds up over the profile.
Keeps three dense (n, n) float32 matrices over the n films that occur: 140 MB at 3,400 films.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines.ease import most_used, solve, weigh_users
from matinee.engines.engine import Arrays, Engine
from matinee.engines.matrices import Kind
from matinee.engines.memory import require_memory
from matinee.engines.weights import among, places_of
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector, Profile, Profiles, Progress

PARTS = ("transitions", "regression", "taste")
_SAMPLED = 512
"""Histories that the parts' scales are measured on."""


@dataclass(frozen=True, kw_only=True)
class NextConfig:
    """How far back each part looks, and how much it counts."""

    transitions_weight: float = 1.0
    """Share of the transitions."""
    transitions_decay: float = 0.55
    """Weight of one place further back."""
    transitions_lags: int = 40
    """Places a transition may skip."""
    smoothing: float = 500.0
    """Added to a film's outgoing transitions, so that rare films promise little."""
    damping: float = 0.2
    """Transitions are divided by the target's popularity to this power."""
    regression_weight: float = 0.8
    """Share of the regression."""
    regression_decay: float = 0.9
    """Weight of one place further back."""
    regression_lags: int = 30
    """Places the regression looks back."""
    regression_l2: float = 300.0
    """Ridge of the regression, in weighted films."""
    taste_weight: float = 0.9
    """Share of the item-item weights."""
    taste_decay: float = 0.9
    """Weight of one place further back."""
    taste_l2: float = 200.0
    """Ridge of the item-item weights."""
    taste_dropout: float = 0.5
    """Dropout of the item-item weights."""
    max_movies: int = 12_000
    """At most so many movies take part, those watched most."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        for name in ("transitions_decay", "regression_decay", "taste_decay"):
            if not 0 < getattr(self, name) <= 1:
                raise SettingsError(f"{name} must lie in (0, 1]; got {getattr(self, name)}.")
        for name in ("transitions_lags", "regression_lags", "max_movies"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1; got {getattr(self, name)}.")
        if self.regression_l2 <= 0 or self.taste_l2 <= 0 or self.smoothing < 0:
            raise SettingsError("regression_l2 and taste_l2 must be above 0, smoothing not below.")


class Next(Engine):
    """Score what comes next, from the order of the profile.

    Learns `columns` (n,), the movies that take part, and one (n, n) matrix for each part, its weight and scale
    included: row i holds what film i adds to the score of every other. `mass` and `popularity` (n,) and
    `transitions_share` (1,) are what new steps are counted on to (see `learn`).
    """

    name = "next"
    config_class = NextConfig
    config: NextConfig
    matrices: ClassVar[Mapping[str, Kind]] = dict.fromkeys(PARTS, "item-item")

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        from matinee.engines._next_numba import lagged_counts

        profiles = dataset.profiles()
        columns = most_used(profiles.matrix(), self.config.max_movies)
        n = len(columns)
        require_memory(5 * 4.0 * n * n, f"next on {n:,} movies", f"Set max_movies below {n:,}.")
        places = np.full(dataset.n_movies, -1, np.int32)
        places[columns] = np.arange(n, dtype=np.int32)
        movies = places[profiles.movies]
        config = self.config
        counts = lagged_counts(profiles.indptr, movies, n, config.transitions_decay, config.transitions_lags)
        mass = counts.sum(axis=1)
        popularity = np.bincount(movies[movies >= 0], minlength=n).astype(np.float32)
        scale_transitions(counts, mass, popularity, config)
        parts = {
            "transitions": counts,
            "regression": self._regression(profiles, movies, n, progress),
            "taste": self._taste(profiles, columns),
        }
        progress("next", 3, 3)
        shares = {
            name: getattr(config, f"{name}_weight") / self._spread(profiles, columns, name, matrix)
            for name, matrix in parts.items()
        }
        for name, matrix in parts.items():
            matrix *= shares[name]
        return {
            "columns": columns,
            **parts,
            "mass": mass,
            "popularity": popularity,
            "transitions_share": np.array([shares["transitions"]], np.float32),
        }

    def learn(
        self,
        movies: IntVector,
        values: FloatVector,  # noqa: ARG002 - a step is a step, liked or not
        times: LongVector,  # noqa: ARG002 - the order says enough
        before: Profiles | None = None,
    ) -> Self:
        """Return an engine whose transitions also hold these steps, as a new fit would count them.

        The regression and the item-item weights wait for the next fit, and so do films that did not take part in the
        last one.

        Args:
            movies: (n,) movie indices, one a step.
            values: not needed.
            times: not needed.
            before: what each person had watched just before the step; without it nothing is learnt.

        Raises:
            SettingsError: if the transitions are compressed, and so cannot be counted on.
        """
        self._require_fitted()
        if before is None or not len(movies):
            return self
        if "transitions" not in self.arrays:
            raise SettingsError("next learns only in full precision.", hint="Learn first, compress afterwards.")
        learnt = add_steps(
            self.arrays, self._places()[before.movies], before.indptr, self._places()[movies], self.config
        )
        return type(self).restore(self.settings(), {**self.arrays, **learnt}, self.n_movies)

    def _places(self) -> IntVector:
        """Return (n_movies,) the column of each movie, -1 for those that do not take part."""
        return self._once("places", lambda: places_of(self.arrays["columns"], self.n_movies))

    def _regression(self, profiles: Profiles, movies: IntVector, n: int, progress: Progress) -> FloatMatrix:
        from matinee.engines._next_numba import lagged_counts, recent_gram

        config = self.config
        progress("next", 1, 3)
        gram = recent_gram(profiles.indptr, movies, n, config.regression_decay, config.regression_lags)
        gram[np.diag_indices(n)] += np.float32(config.regression_l2)
        targets = lagged_counts(profiles.indptr, movies, n, config.regression_decay, config.regression_lags)
        solved: FloatMatrix = cho_solve(cho_factor(gram, overwrite_a=True), targets, overwrite_b=True)
        progress("next", 2, 3)
        return np.ascontiguousarray(solved)

    def _taste(self, profiles: Profiles, columns: IntVector) -> FloatMatrix:
        watched = profiles.matrix(np.ones(len(profiles.movies), np.float32))[:, columns]
        return solve(weigh_users(csr_array(watched), 0.5), self.config.taste_l2, self.config.taste_dropout)

    def _spread(self, profiles: Profiles, columns: IntVector, part: str, matrix: FloatMatrix) -> float:
        """Return how far the tenth best score stands above the two-hundredth in typical histories.

        The parts speak in different units; divided by this, their heads are equally long.
        """
        sample = profiles.slice(0, min(_SAMPLED, len(profiles)))
        scores = -np.sort(-(self._recency(sample, part)[:, columns] @ matrix), axis=1)
        last = scores.shape[1] - 1
        spread = float(np.mean(scores[:, min(9, last)] - scores[:, min(199, last)])) if scores.size else 0.0
        return spread if spread > 0 else 1.0

    def _recency(self, profiles: Profiles, part: str) -> csr_array:
        """Return (n_profiles, n_movies) decay^(films rated since), 0 beyond the lags the part looks back."""
        return profiles.matrix(self._weights(profiles, part))

    def _weights(self, profiles: Profiles, part: str) -> FloatVector:
        """Return (n_entries,) the same, entry by entry."""
        ages = np.repeat(profiles.indptr[1:], profiles.lengths()) - 1 - np.arange(len(profiles.movies))
        weights: FloatVector = (getattr(self.config, f"{part}_decay") ** ages.astype(np.float32)).astype(np.float32)
        if part != "taste":
            weights[ages >= getattr(self.config, f"{part}_lags")] = 0
        return weights

    def _score(self, profiles: Profiles) -> FloatMatrix:
        columns = self.arrays["columns"]
        total = np.zeros((len(profiles), len(columns)), np.float32)
        for part in PARTS:
            weights, matrix = self._weights(profiles, part), self.matrix(part)
            if len(profiles) == 1:
                places = self._places()[profiles.movies]
                used = np.flatnonzero((weights != 0) & (places >= 0))
                total[0] += matrix.weighted_sum(places[used], weights[used])
            else:
                total += matrix.row_sums(among(profiles, weights, self._places(), len(columns)))
        scores = np.zeros((len(profiles), self.n_movies), np.float32)
        scores[:, columns] = total
        return scores

    def _similar(self, movie: int) -> FloatVector:
        """Return what one film just watched would lead to."""
        likeness: FloatVector = self._score(Profiles.stack([Profile.of([movie], [1.0])], self.n_movies))[0]
        return likeness

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        batch = Profiles.stack([profile], self.n_movies)
        places = self._places()
        asked, rated = places[movies], places[profile.movies]
        shares = np.zeros((len(movies), len(profile)), np.float32)
        for part in PARTS:
            weights = self._weights(batch, part)
            used = np.flatnonzero((weights != 0) & (rated >= 0))
            shares[:, used] += self.matrix(part).entries(rated[used], np.maximum(asked, 0)).T * weights[used]
        shares[asked < 0] = 0
        return shares


def scale_transitions(counts: FloatMatrix, mass: FloatVector, popularity: FloatVector, config: NextConfig) -> None:
    """Divide lagged counts, in place, by mass_i + smoothing and by popularity_j^damping."""
    counts /= np.maximum(mass + np.float32(config.smoothing), np.float32(1e-12))[:, None]
    counts *= _damping(popularity, config)


def add_steps(arrays: Arrays, before: IntVector, indptr: LongVector, movies: IntVector, config: NextConfig) -> Arrays:
    """Return transitions, mass and popularity that also hold new steps.

    Args:
        arrays: of the engine; not changed.
        before: (n_entries,) columns of the films before each step, oldest first, -1 where they do not take part.
        indptr: (n_steps + 1,) the entries of each step.
        movies: (n_steps,) column each step led to, or -1.
        config: decay, lags, smoothing and damping.
    """
    lags = np.repeat(indptr[1:], np.diff(indptr)) - np.arange(len(before))
    targets = np.repeat(movies, np.diff(indptr))
    counted = (lags <= config.transitions_lags) & (before >= 0) & (targets >= 0)
    rows, columns = before[counted], targets[counted]
    weights = (config.transitions_decay ** (lags[counted] - 1.0)).astype(np.float32)
    mass = arrays["mass"] + np.bincount(rows, weights, minlength=len(arrays["mass"])).astype(np.float32)
    news = np.bincount(movies[movies >= 0], minlength=len(mass)).astype(np.float32)
    popularity = arrays["popularity"] + news
    smoothing = np.float32(config.smoothing)
    transitions = arrays["transitions"].copy()
    touched = np.unique(rows)
    transitions[touched] *= ((arrays["mass"] + smoothing) / np.maximum(mass + smoothing, 1e-12))[touched, None]
    taken = np.flatnonzero(news)
    transitions[:, taken] *= (_damping(popularity, config) / _damping(arrays["popularity"], config))[taken]
    share = arrays["transitions_share"][0] * weights / np.maximum(mass[rows] + smoothing, 1e-12)
    np.add.at(transitions, (rows, columns), share * _damping(popularity, config)[columns])
    return {"transitions": transitions, "mass": mass, "popularity": popularity}


def _damping(popularity: FloatVector, config: NextConfig) -> FloatVector:
    damped: FloatVector = np.maximum(popularity, 1) ** np.float32(-config.damping)
    return damped

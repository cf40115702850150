"""The hybrid ranker: a routed blend of engines, measured by the same code that serves.

Profiles with few ratings say too little for the personal engines and are ranked by popularity; the others by the
weighted blend. An engine that is absent gives its weight to the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from matinee.data import Dataset
from matinee.engines import Engine, create
from matinee.errors import SettingsError, UnknownIdError
from matinee.ranking.blend import blend
from matinee.types import BoolVector, FloatMatrix, FloatVector, Profiles, Progress, silent

COLD = "popular"
"""The engine that answers for people we hardly know."""


@dataclass(frozen=True, kw_only=True)
class HybridConfig:
    """How the engines are mixed."""

    weights: Mapping[str, float] = field(default_factory=lambda: {"ease": 0.45, "als": 0.35, "svd": 0.2})
    """Share of each engine in the blend; scaled to sum to 1 over the engines present."""

    cold_below: int = 5
    """Profiles with fewer ratings than this are ranked by popularity alone."""

    def __post_init__(self) -> None:
        if any(weight < 0 for weight in self.weights.values()):
            raise SettingsError(f"Blend weights must not be negative; got {dict(self.weights)}.")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Build from plain values, as a release manifest keeps them."""
        return cls(weights=dict(settings["weights"]), cold_below=int(settings["cold_below"]))

    def settings(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"weights": dict(self.weights)}


@dataclass(frozen=True)
class Blended:
    """Scores and where they come from.

    Attributes:
        scores: (n_profiles, n_movies) float32, higher is better.
        shares: each engine's additive part of `scores`.
        raw: each engine's own scores, in its own units.
    """

    scores: FloatMatrix
    shares: dict[str, FloatMatrix]
    raw: dict[str, FloatMatrix]


class Hybrid:
    """Engines behind one ranking.

    Args:
        engines: by name; `popular` must be among them.
        config: weights and the routing rule.
        name: what a report calls it.
    """

    def __init__(
        self, engines: Mapping[str, Engine], config: HybridConfig | None = None, *, name: str = "hybrid"
    ) -> None:
        if COLD not in engines:
            raise SettingsError(
                f"The hybrid needs the engine {COLD!r} for people it does not know; got {', '.join(engines) or 'none'}."
            )
        self.name = name
        self.engines = dict(engines)
        self.config = config or HybridConfig()

    @classmethod
    def unfitted(cls, config: HybridConfig | None = None) -> Self:
        """Return a hybrid of fresh engines, one for each weight, with their default settings."""
        config = config or HybridConfig()
        return cls({name: create(name) for name in {**config.weights, COLD: 0.0}}, config)

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:
        """Fit every engine on the data set."""
        for engine in self.engines.values():
            engine.fit(dataset, progress)
        return self

    def settings(self) -> dict[str, Any]:
        """Return the blend's settings and each engine's, as plain values."""
        return self.config.settings() | {"engines": {name: engine.settings() for name, engine in self.engines.items()}}

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Score every movie for each profile: (n_profiles, n_movies) float32 in [0, 1]."""
        return self.explained(profiles).scores

    def explained(self, profiles: Profiles, strategy: str = "hybrid") -> Blended:
        """Score every movie and keep each engine's share.

        Args:
            profiles: whom to score for.
            strategy: "hybrid", or the name of one engine to use alone.

        Raises:
            UnknownIdError: if there is no such strategy.
        """
        weights = self._weights(profiles.lengths(), strategy)
        scores = {name: self.engines[name].score(profiles) for name, weight in weights.items() if weight.any()}
        blended, shares = blend(scores, {name: weights[name] for name in scores}, candidates(profiles))
        return Blended(blended, shares, scores)

    def strategies(self) -> list[str]:
        """Return what `explained` accepts."""
        return ["hybrid", *self.engines]

    def missing(self) -> list[str]:
        """Return the engines that have a weight but are not here."""
        return [name for name, weight in self.config.weights.items() if weight > 0 and name not in self.engines]

    def is_cold(self, n_ratings: int) -> bool:
        """Whether a profile of this size is ranked by popularity."""
        return n_ratings < self.config.cold_below

    def _weights(self, lengths: np.ndarray, strategy: str) -> dict[str, FloatVector]:
        everybody = np.ones(len(lengths), np.float32)
        if strategy in self.engines:
            return {strategy: everybody}
        if strategy != "hybrid":
            raise UnknownIdError(
                f"There is no strategy {strategy!r}.", hint=f"Strategies: {', '.join(self.strategies())}."
            )
        warm = (lengths >= self.config.cold_below).astype(np.float32)
        weights = {name: warm * self.config.weights.get(name, 0.0) for name in self.engines}
        total = np.sum(list(weights.values()), axis=0)
        weights[COLD] = np.where(total > 0, weights[COLD], everybody).astype(np.float32)
        return weights


def candidates(profiles: Profiles) -> BoolVector:
    """Return (n_profiles, n_movies) bool: the films each person has not told us about."""
    unseen: BoolVector = np.ones((len(profiles), profiles.n_movies), np.bool_)
    unseen[profiles.rows(), profiles.movies] = False
    return unseen

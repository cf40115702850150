"""The weights of the blend: one set for everybody, or several by profile size with straight lines between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from matinee.errors import SettingsError
from matinee.ranking.blend import NORMALISATIONS, Normalisation


@dataclass(frozen=True, kw_only=True)
class SizedWeights:
    """Weights that hold for profiles of one size."""

    n_ratings: int
    """The size at which they hold exactly; between two sizes they follow the logarithm of the number of ratings."""

    weights: Mapping[str, float]
    """Share of each engine."""


@dataclass(frozen=True, kw_only=True)
class HybridConfig:
    """How the engines are mixed."""

    weights: Mapping[str, float] = field(default_factory=lambda: {"ease": 0.45, "als": 0.35, "svd": 0.2})
    """Share of each engine in the blend; scaled to sum to 1 over the engines present."""

    by_size: Sequence[SizedWeights] = ()
    """Weights for profiles of some sizes, in place of `weights`; ascending."""

    normalisation: Normalisation = "min_max"
    """How scores come to one scale: min_max, z_score or rank."""

    cold_below: int = 5
    """Profiles with fewer ratings than this are ranked by popularity, lifted by the genres they rated."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        for weights in (self.weights, *(sized.weights for sized in self.by_size)):
            if any(not 0 <= weight < np.inf for weight in weights.values()):
                raise SettingsError(f"Blend weights must not be negative; got {dict(weights)}.")
        sizes = [sized.n_ratings for sized in self.by_size]
        if sizes != sorted(set(sizes)) or (sizes and sizes[0] < 1):
            raise SettingsError(f"by_size needs ascending sizes from 1 on; got {sizes}.")
        if self.normalisation not in NORMALISATIONS:
            raise SettingsError(f"normalisation must be {', '.join(NORMALISATIONS)}; got {self.normalisation!r}.")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Build from plain values, as a release manifest keeps them; what a release before 0.2 lacks is the default."""
        sized = [
            SizedWeights(n_ratings=int(entry["n_ratings"]), weights=dict(entry["weights"]))
            for entry in settings.get("by_size", ())
        ]
        return cls(
            weights=dict(settings["weights"]),
            by_size=tuple(sized),
            normalisation=settings.get("normalisation", "min_max"),
            cold_below=int(settings["cold_below"]),
        )

    def settings(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "weights": dict(self.weights),
            "by_size": [{"n_ratings": one.n_ratings, "weights": dict(one.weights)} for one in self.by_size],
            "normalisation": self.normalisation,
            "cold_below": self.cold_below,
        }

    def weights_at(self, n_ratings: int) -> dict[str, float]:
        """Return each engine's weight for a profile of this size, in the order of the settings."""
        if not self.by_size:
            return dict(self.weights)
        names = dict.fromkeys([*self.weights, *(name for one in self.by_size for name in one.weights)])
        sizes = np.log([one.n_ratings for one in self.by_size])
        at = np.log(max(n_ratings, 1))
        return {
            name: float(np.interp(at, sizes, [one.weights.get(name, 0.0) for one in self.by_size])) for name in names
        }

    def members(self) -> list[str]:
        """Return the engines that have a weight at some size."""
        every = [self.weights] if not self.by_size else [one.weights for one in self.by_size]
        return list(dict.fromkeys(name for weights in every for name, weight in weights.items() if weight > 0))

"""So that tomorrow's page differs: films shown on earlier days without a click sink, and every day is shuffled a little.

With s the score brought to 0…1 over the candidates and t how many days a film was shown in vain, a film is ranked by
s − tiredness (1 − 2^(−t / half)) + shuffle u, u in 0…1 a hash of day and film: the same all day, another one tomorrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matinee.errors import SettingsError
from matinee.ranking.diversity import to_unit
from matinee.types import FloatVector, IntVector


@dataclass(frozen=True, kw_only=True)
class RotationConfig:
    """How much a page changes from day to day."""

    tiredness: float = 0.5
    """What a film loses that was shown for ever in vain, in units of the candidates' reach of scores."""
    half: float = 3.0
    """After so many days in vain it has lost half of that; above 0."""
    shuffle: float = 0.03
    """Reach of the daily shuffle, in the same units; 0 for none."""

    def __post_init__(self) -> None:
        if self.tiredness < 0 or self.shuffle < 0 or self.half <= 0:
            raise SettingsError(
                "tiredness and shuffle must not be below 0, half must be above; "
                f"got {self.tiredness}, {self.shuffle} and {self.half}."
            )


def rotated(
    scores: FloatVector, movies: IntVector, shown: Mapping[int, int], seed: int, config: RotationConfig
) -> FloatVector:
    """Return (n,) what to rank candidates by on one day.

    Args:
        scores: (n,) of the candidates.
        movies: (n,) who they are.
        shown: days on which a film was shown without a click, by movie index.
        seed: the day.
        config: how much changes.
    """
    days = np.array([shown.get(movie, 0) for movie in movies.tolist()], np.float32) if shown else np.float32(0)
    lost = np.float32(config.tiredness) * (1 - np.exp2(-days / np.float32(config.half)))
    ranked: FloatVector = to_unit(scores) - lost + np.float32(config.shuffle) * chance(movies, seed)
    return ranked


def chance(movies: IntVector, seed: int) -> FloatVector:
    """Return (n,) float32 in [0, 1), a hash (SplitMix64) of film and seed: no film's number depends on another's."""
    mixed = movies.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    numbers: FloatVector = ((mixed >> np.uint64(40)).astype(np.float64) / 2**24).astype(np.float32)
    return numbers

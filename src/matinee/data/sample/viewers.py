"""Simulated viewers: who watches what, and what they think of it. No person's data went into them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data.sample.diary import DiaryConfig, times_of
from matinee.data.sample.taste import affinity, verdict
from matinee.types import FloatVector

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ViewersConfig:
    """How many viewers there are and how they behave."""

    seed: int = 1895
    """Starts the random numbers; the same seed and films give the same ratings."""
    n_viewers: int = 2000
    """Number of viewers."""
    mean_ratings: float = 75.0
    """Mean number of films a viewer rates."""
    least_ratings: int = 15
    """Nobody rates fewer films than this."""
    most_share: float = 0.6
    """Nobody rates more than this share of the films."""
    activity_spread: float = 0.9
    """Standard deviation of the logarithm of how much viewers rate."""
    fame_weight: float = 0.8
    """What one more step of fame adds to the logarithm of a film's popularity."""
    taste_weight: float = 2.0
    """How strongly taste steers what is watched, in units of the Gumbel noise."""
    mean_stars: float = 3.55
    """Mean of the stars before rounding."""
    deviation_stars: float = 1.05
    """Standard deviation of the stars before rounding."""
    whole_share: float = 0.4
    """Share of viewers who only give whole stars."""
    diary: DiaryConfig = field(default_factory=DiaryConfig)
    """When they do it."""


@dataclass(frozen=True)
class SimulatedRatings:
    """Ratings in columns, in no particular order of time.

    Attributes:
        viewers: (n_ratings,) int64 viewer, from 0.
        films: (n_ratings,) int64 row of the film table.
        stars: (n_ratings,) float32 half stars 0.5-5.
        times: (n_ratings,) int64 Unix seconds.
    """

    viewers: Longs
    films: Longs
    stars: FloatVector
    times: Longs


def simulate(films: pl.DataFrame, config: ViewersConfig) -> SimulatedRatings:
    """Simulate viewers of a film table (columns as `read_films` returns them)."""
    rng = np.random.default_rng(config.seed)
    affinity_UM = affinity(films, config.n_viewers, rng)
    quality_M = rng.standard_normal(films.height)
    counts_U = _activity(films.height, config, rng)
    viewers, watched = _watch(films, affinity_UM, quality_M, counts_U, config, rng)
    liking_UM = 0.75 * affinity_UM + 0.5 * verdict(films, config.n_viewers, rng)
    stars = _stars(viewers, watched, liking_UM, quality_M, config, rng)
    return SimulatedRatings(viewers, watched, stars, times_of(viewers, watched, films, config.diary, rng))


def _activity(n_films: int, config: ViewersConfig, rng: np.random.Generator) -> Longs:
    """Return how many films each viewer rates: log-normal, within bounds, with the mean asked for."""
    shape_U = np.exp(config.activity_spread * rng.standard_normal(config.n_viewers))
    most = int(config.most_share * n_films)
    least = min(config.least_ratings, most)
    scale = config.mean_ratings
    counts_U = np.zeros(config.n_viewers)
    # Clipping moves the mean, so the scale is corrected until the mean is right (or the bounds forbid it).
    for _ in range(20):
        counts_U = np.clip(least + scale * shape_U, least, most)
        scale *= min((config.mean_ratings - least) / max(counts_U.mean() - least, 1.0), 4.0)
    return counts_U.astype(np.int64)


def _watch(
    films: pl.DataFrame,
    affinity_UM: Floats,
    quality_M: Floats,
    counts_U: Longs,
    config: ViewersConfig,
    rng: np.random.Generator,
) -> tuple[Longs, Longs]:
    """Return who watched what: without replacement, with odds popularity × exp(taste).

    The n best of (log odds + Gumbel noise) are a sample of n without replacement (Efraimidis and Spirakis 2006).
    """
    fame_M = films["fame"].fill_null(3).to_numpy()
    popularity_M = config.fame_weight * fame_M + 0.2 * quality_M + 0.5 * rng.standard_normal(films.height)
    odds_UM = popularity_M + config.taste_weight * affinity_UM + rng.gumbel(size=affinity_UM.shape)
    ranked_UM = np.argsort(-odds_UM, axis=1, kind="stable")
    chosen_UM = np.arange(films.height) < counts_U[:, None]
    return np.repeat(np.arange(len(counts_U)), counts_U), ranked_UM[chosen_UM].astype(np.int64)


def _stars(
    viewers: Longs,
    watched: Longs,
    liking_UM: Floats,
    quality_M: Floats,
    config: ViewersConfig,
    rng: np.random.Generator,
) -> FloatVector:
    """Return stars: generosity of the viewer + quality of the film + liking + mood, rounded as the viewer rounds.

        z_ui = standardise( 0.45 b_u + 0.45 q_i + l_ui + 0.6 ε ),   r_ui = round( μ + σ (z_ui − 0.1 (z_ui² − 1)) )

    The quadratic term makes disappointment reach further than delight, as it does in real ratings.
    """
    generosity_U = rng.standard_normal(len(liking_UM))
    raw = (
        0.45 * generosity_U[viewers]
        + 0.45 * quality_M[watched]
        + liking_UM[viewers, watched]
        + 0.6 * rng.standard_normal(len(viewers))
    )
    z = (raw - raw.mean()) / max(float(raw.std()), 1e-9)
    level = config.mean_stars + config.deviation_stars * (z - 0.1 * (z**2 - 1.0))
    whole_U = rng.random(len(liking_UM)) < config.whole_share
    step = np.where(whole_U[viewers], 1.0, 0.5)
    stars: FloatVector = np.clip(np.floor(level / step + 0.5) * step, step, 5.0).astype(np.float32)
    return stars

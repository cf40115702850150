"""Popular: Bayesian averages with credible bounds, plain counts, and what people rate lately.

The stars of a film are multinomial draws under a Dirichlet prior worth `m` ratings spread like everybody's stars. The
posterior mean of its average is then the weighted rating that IMDb publishes for its charts,

    WR = v / (v + m) · R + m / (v + m) · C

(v ratings with mean R, mean C of all ratings), and the posterior variance gives honest bounds beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from matinee.data import Dataset
from matinee.engines.engine import Arrays, Engine
from matinee.engines.weights import sums_by
from matinee.errors import SettingsError, ShapeError
from matinee.types import UNKNOWN_TIME, BoolVector, FloatMatrix, FloatVector, IntVector, Profiles, Progress

DAY = 86_400
"""Seconds."""

RankBy = Literal["weighted_rating", "count", "recent"]


@dataclass(frozen=True, kw_only=True)
class PopularConfig:
    """How films are averaged and ranked for everybody."""

    rank_by: RankBy = "recent"
    """What the score follows; the weighted rating is kept and shown whichever ranks. "recent" adds up the stars
    above the middle of the scale, newer ones heavier; where no time is known all alike."""
    prior_ratings: float | None = None
    """m of the weighted rating; None takes `prior_by_scale`."""
    credible: float = 0.9
    """Probability that the bounds hold the film's true average."""
    recent_half_life_days: float = 365.0
    """After this many days a rating counts half in the score of `rank_by="recent"`."""
    history_days: int = 730
    """How many last days keep their daily counts; no trending window may be longer."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.rank_by not in ("weighted_rating", "count", "recent"):
            raise SettingsError(f"rank_by must be weighted_rating, count or recent; got {self.rank_by!r}.")
        if not 0 < self.credible < 1:
            raise SettingsError(f"credible must lie between 0 and 1; got {self.credible}.")
        if self.prior_ratings is not None and self.prior_ratings < 0:
            raise SettingsError(f"prior_ratings must not be negative; got {self.prior_ratings}.")
        if self.recent_half_life_days <= 0 or self.history_days < 1:
            raise SettingsError("recent_half_life_days must be above 0 and history_days at least 1.")


class Popular(Engine):
    """Score every film alike for everybody.

    Learns `count`, `mean`, `weighted`, `low`, `high` and `recent`, each (n_movies,); `mean` is 0 without ratings. Daily
    counts of the last `history_days` lie in `trend_age` (whole days before the last rating, ascending),
    `trend_movie` and `trend_count`.
    """

    name = "popular"
    config_class = PopularConfig
    config: PopularConfig

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        progress("popular", 0, 1)
        values = dataset.values.astype(np.float64)
        prior = prior_by_scale(dataset.n_ratings) if self.config.prior_ratings is None else self.config.prior_ratings
        count, total, squares = (sums_by(dataset.movies, values**power, dataset.n_movies) for power in range(3))
        weighted, spread = posterior(count, total, squares, prior, dataset.scale)
        margin = NormalDist().inv_cdf(0.5 + self.config.credible / 2) * spread
        arrays: dict[str, NDArray[Any]] = {
            "count": count.astype(np.int32),
            "mean": np.divide(total, count, out=np.zeros_like(total), where=count > 0),
            "weighted": weighted,
            "low": np.clip(weighted - margin, *dataset.scale),
            "high": np.clip(weighted + margin, *dataset.scale),
            "recent": decayed_praise(dataset, self.config.recent_half_life_days),
            "explicit": np.array([dataset.explicit]),
        }
        arrays |= daily_counts(dataset, self.config.history_days)
        progress("popular", 1, 1)
        return {
            name: array.astype(np.float32) if array.dtype == np.float64 else array for name, array in arrays.items()
        }

    def _score(self, profiles: Profiles) -> FloatMatrix:
        return np.tile(self._ranking(), (len(profiles), 1))

    def _ranking(self) -> FloatVector:
        rank_by = self.config.rank_by
        if rank_by == "recent":
            return np.log1p(self.arrays["recent"])
        if rank_by == "count" or not self.arrays["explicit"][0]:
            return np.log1p(self.arrays["count"]).astype(np.float32)
        scores: FloatVector = np.where(self.arrays["count"] > 0, self.arrays["weighted"], 0).astype(np.float32)
        return scores

    def top(self, n: int, among: BoolVector | None = None) -> IntVector:
        """Return up to `n` rated movies by weighted rating, best first; where people only watched, by count.

        Args:
            n: how many at most.
            among: (n_movies,) bool, the movies that may appear, such as those of one genre; None allows all.
        """
        self._require_fitted()
        count = self.arrays["count"]
        leading = self.arrays["weighted"] if self.arrays["explicit"][0] else count
        return best_first(leading, count, self._among(among) & (count > 0), n)

    def trending(
        self, n: int, *, window_days: int = 90, half_life_days: float | None = None, among: BoolVector | None = None
    ) -> IntVector:
        """Return up to `n` movies that people rated in the window, most (decayed) ratings first.

        Arguments and errors are those of `trending_scores` and `top`.
        """
        scores = self.trending_scores(window_days=window_days, half_life_days=half_life_days)
        return best_first(scores, self.arrays["count"], self._among(among) & (scores > 0), n)

    def trending_scores(self, *, window_days: int = 90, half_life_days: float | None = None) -> FloatVector:
        """Count the ratings of the last days before the data set's last rating, the newer the heavier.

        Args:
            window_days: how far back to look; ratings exactly that old are outside.
            half_life_days: after this many days a rating counts half; None takes half the window.

        Returns:
            (n_movies,) float32; all zero where no time is known.

        Raises:
            SettingsError: if the window is longer than the days kept, or a length is not above 0.
        """
        self._require_fitted()
        if not 0 < window_days <= self.config.history_days:
            raise SettingsError(
                f"A trending window must have 1 to {self.config.history_days} days; got {window_days}.",
                hint="A longer one needs a fit with a larger history_days.",
            )
        half_life = window_days / 2 if half_life_days is None else half_life_days
        if half_life <= 0:
            raise SettingsError(f"half_life_days must be above 0; got {half_life_days}.")
        age = self.arrays["trend_age"]
        inside = slice(0, int(np.searchsorted(age, window_days)))
        weights = self.arrays["trend_count"][inside] * 0.5 ** (age[inside] / half_life)
        return sums_by(self.arrays["trend_movie"][inside], weights, self.n_movies).astype(np.float32)

    def _among(self, among: BoolVector | None) -> BoolVector:
        if among is None:
            return np.ones(self.n_movies, np.bool_)
        if among.shape != (self.n_movies,):
            raise ShapeError(f"`among` must have shape ({self.n_movies},); got {among.shape}.")
        return among


def prior_by_scale(n_ratings: int) -> float:
    """Return m of the weighted rating: 1000 at 25 million ratings, in proportion to the square root of their number.

    The typical film's count grows slower than the catalogue's total, since catalogues grow as well; the root keeps m
    at about the count of a well-known film: 200 at one million ratings, 63 at a hundred thousand.
    """
    return max(1.0, 1000.0 * float(np.sqrt(n_ratings / 25e6)))


def posterior(
    count: NDArray[np.float64],
    total: NDArray[np.float64],
    squares: NDArray[np.float64],
    prior: float,
    scale: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the posterior mean and standard deviation of each film's average star.

    Args:
        count: (n_movies,) ratings.
        total: (n_movies,) sum of stars.
        squares: (n_movies,) sum of squared stars.
        prior: how many ratings everybody's star distribution is worth.
        scale: lowest and highest star; the middle stands in where there is no rating at all.
    """
    everybody = count.sum()
    middle = (scale[0] + scale[1]) / 2
    mean = total.sum() / everybody if everybody else middle
    square = squares.sum() / everybody if everybody else middle**2
    weight = count + prior
    # Without ratings and without a prior there is only everybody's average left.
    safe = np.where(weight > 0, weight, 1.0)
    first = np.where(weight > 0, (total + prior * mean) / safe, mean)
    second = np.where(weight > 0, (squares + prior * square) / safe, square)
    return first, np.sqrt(np.maximum(second - first**2, 0) / (weight + 1))


def decayed_praise(dataset: Dataset, half_life_days: float) -> NDArray[np.float64]:
    """Return (n_movies,) the stars above the middle of the scale, halved every `half_life_days` before the last rating.

    Where people only watched, each entry counts 1. Ratings of unknown time do not count, unless no time is known at
    all: then every rating counts fully.
    """
    praise = np.maximum(dataset.values - sum(dataset.scale) / 2, 0) if dataset.explicit else dataset.values
    known = dataset.times != UNKNOWN_TIME
    if not known.any():
        return sums_by(dataset.movies, praise, dataset.n_movies)
    age = (dataset.times[known].max() - dataset.times[known]) / DAY
    return sums_by(dataset.movies[known], praise[known] * 0.5 ** (age / half_life_days), dataset.n_movies)


def daily_counts(dataset: Dataset, days: int) -> Arrays:
    """Return how often each movie was rated on each of the last days, newest day first."""
    known = dataset.times != UNKNOWN_TIME
    times, movies = dataset.times[known], dataset.movies[known]
    age = (times.max(initial=0) - times) // DAY
    inside = age < days
    pairs, count = np.unique(age[inside] * max(dataset.n_movies, 1) + movies[inside], return_counts=True)
    return {
        "trend_age": (pairs // max(dataset.n_movies, 1)).astype(np.int32),
        "trend_movie": (pairs % max(dataset.n_movies, 1)).astype(np.int32),
        "trend_count": count.astype(np.int32),
    }


def best_first(leading: NDArray[Any], second: NDArray[Any], allowed: BoolVector, n: int) -> IntVector:
    """Return up to `n` allowed indices by `leading`, ties by `second`, then by lower index."""
    candidates = np.flatnonzero(allowed)
    order = np.lexsort((-second[candidates], -leading[candidates]))
    return candidates[order[: max(n, 0)]].astype(np.int32)

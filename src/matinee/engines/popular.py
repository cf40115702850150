"""Popular: Bayesian averages with credible bounds, plain counts, and what people rate lately.

The stars of a film are multinomial draws under a Dirichlet prior worth `m` ratings spread like everybody's stars. The
posterior mean of its average is then the weighted rating that IMDb publishes for its charts,

    WR = v / (v + m) · R + m / (v + m) · C

(v ratings with mean R, mean C of all ratings), and the posterior variance gives honest bounds beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from matinee.data import Dataset
from matinee.engines.engine import Arrays, Engine
from matinee.engines.popular_statistics import DAY, absorb, best_first, blank, figures
from matinee.engines.weights import sums_by
from matinee.errors import SettingsError, ShapeError
from matinee.types import BoolVector, FloatMatrix, FloatVector, IntVector, LongVector, Profiles, Progress

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
    recent_half_life_days: float = 3000.0
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

    Learns `count`, `mean`, `weighted`, `low`, `high` and `recent`, each (n_movies,); `mean` is 0 without ratings. Counts
    of the last `history_days` lie in `trend_day` (UTC days since 1970, descending), `trend_movie` and `trend_count`.
    The rest are the sums from which `learn` goes on.
    """

    name = "popular"
    config_class = PopularConfig
    config: PopularConfig

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        progress("popular", 0, 1)
        nothing = blank(dataset.n_movies, dataset.scale, explicit=dataset.explicit)
        arrays = self._absorb(nothing, dataset.movies, dataset.values, dataset.times, 1)
        progress("popular", 1, 1)
        return arrays

    def _absorb(self, sums: Arrays, movies: IntVector, values: FloatVector, times: LongVector, sign: int) -> Arrays:
        config = self.config
        half_life, days = config.recent_half_life_days, config.history_days
        sums = absorb(sums, movies, values, times, sign=sign, half_life=half_life, days=days)
        return sums | figures(sums, config.prior_ratings, config.credible)

    def learn(
        self,
        movies: IntVector,
        values: FloatVector,
        times: LongVector,
        before: Profiles | None = None,  # noqa: ARG002 - popularity asks nobody who they are
        *,
        forget: bool = False,
    ) -> Self:
        """Return an engine that also knows these ratings, as a new fit would; this one stays as it is.

        A changed rating is forgotten with its old value and learnt with its new one. Forgetting is exact but for days
        that have left the daily counts.

        Args:
            movies: (n,) movie indices.
            values: (n,) stars, or 1 where people only watched.
            times: (n,) Unix seconds or `UNKNOWN_TIME`.
            before: not needed.
            forget: take these ratings out instead.

        Raises:
            ShapeError: if the columns differ in length or name a movie outside the catalogue.
        """
        self._require_fitted()
        if not len(movies) == len(values) == len(times):
            raise ShapeError(
                f"Ratings need one value and time each; got {len(movies)}, {len(values)} and {len(times)}."
            )
        if len(movies) and not 0 <= movies.min() <= movies.max() < self.n_movies:
            raise ShapeError(f"Movie indices must lie in [0, {self.n_movies}); got {movies.min()}…{movies.max()}.")
        arrays = self._absorb(self.arrays, movies, values, times, -1 if forget else 1)
        return type(self).restore(self.settings(), arrays, self.n_movies)

    def _score(self, profiles: Profiles) -> FloatMatrix:
        return np.tile(self._once("ranking", self._ranking), (len(profiles), 1))

    def _ranking(self) -> FloatVector:
        rank_by = self.config.rank_by
        if rank_by == "recent":
            return np.log1p(np.maximum(self.arrays["recent"], 0)).astype(np.float32)
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
            window_days: how many UTC days to look back, that of the last rating included.
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
        age = int(self.arrays["last_time"][0]) // DAY - self.arrays["trend_day"]
        inside = slice(0, int(np.searchsorted(age, window_days)))
        weights = self.arrays["trend_count"][inside] * 0.5 ** (age[inside] / half_life)
        return sums_by(self.arrays["trend_movie"][inside], weights, self.n_movies).astype(np.float32)

    def _among(self, among: BoolVector | None) -> BoolVector:
        if among is None:
            return np.ones(self.n_movies, np.bool_)
        if among.shape != (self.n_movies,):
            raise ShapeError(f"`among` must have shape ({self.n_movies},); got {among.shape}.")
        return among

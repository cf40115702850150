"""How sure a figure is: standard errors, and paired bootstrap intervals of differences.

Users are the unit that is resampled: their errors belong together, and two engines judged on the same users differ far
more surely than two figures side by side suggest. A bootstrap sample is a weight per user (how often they were drawn),
so every replicate of every column is one matrix product.

Catalogue coverage and Gini have no interval here on purpose. A sample drawn with replacement holds only 63 % of the users,
and the union of their lists is smaller than that of all lists: the interval would not even contain the figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.errors import SettingsError, ShapeError
from matinee.evaluation.metrics import PerUser

_DRAWS = 4_000_000
"""Users drawn at once; bounds the memory of a block of replicates."""


@dataclass(frozen=True)
class Estimate:
    """A mean over users and how sure it is.

    Attributes:
        mean: over the scored users; NaN if there are none.
        error: standard error, s / √n with the n - 1 form of s; NaN below two users.
        n_users: users scored.
        n_unscored: users left out because their value is NaN (no truth).
    """

    mean: float
    error: float
    n_users: int
    n_unscored: int


@dataclass(frozen=True)
class Difference:
    """A figure of one engine minus that of another on the same users.

    Attributes:
        difference: candidate minus baseline.
        low: lower end of the percentile interval.
        high: upper end.
        error: standard deviation of the bootstrap replicates.
        effect: difference of the means / standard deviation of the users' differences (Cohen's d for pairs); 0 where both
            are 0. NaN for figures that are not means over users.
        confidence: probability the interval was made for.
        n_users: users compared.
    """

    difference: float
    low: float
    high: float
    error: float
    effect: float
    confidence: float
    n_users: int

    @property
    def above(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.low > 0

    @property
    def below(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.high < 0


def estimate(values: PerUser) -> Estimate:
    """Return the mean of one value a user and its standard error; NaN values are left out and counted.

    Example:
        >>> estimate(np.array([0.0, 1.0, np.nan, 0.5]))
        Estimate(mean=0.5, error=0.2886751345948129, n_users=3, n_unscored=1)
    """
    known = values[~np.isnan(values)]
    n = len(known)
    mean = float(known.mean()) if n else float("nan")
    error = float(known.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Estimate(mean, error, n, len(values) - n)


def paired_interval(
    candidate: PerUser, baseline: PerUser, *, confidence: float = 0.95, replicates: int = 2000, seed: int = 0
) -> Difference:
    """Return the difference of two means over the same users with its percentile bootstrap interval.

    Users who are NaN (not scored) in either are left out of both.

    Args:
        candidate: (P,) one value a user.
        baseline: (P,) the other engine's, in the same order.
        confidence: between 0 and 1.
        replicates: bootstrap samples.
        seed: the same seed draws the same samples, so intervals of many metrics are comparable.

    Raises:
        ShapeError: if the two differ in length, or no user is scored in both.
        SettingsError: if the confidence or the replicates are out of range.
    """
    if candidate.shape != baseline.shape or candidate.ndim != 1:
        raise ShapeError(f"Paired values must be of one length; got {candidate.shape} and {baseline.shape}.")
    found = paired_intervals((candidate - baseline)[:, None], confidence=confidence, replicates=replicates, seed=seed)[
        0
    ]
    if found is None:
        raise ShapeError("No user is scored by both engines, so there is nothing to compare.")
    return found


def paired_intervals(
    differences: NDArray[np.float64], *, confidence: float = 0.95, replicates: int = 2000, seed: int = 0
) -> list[Difference | None]:
    """Return what `paired_interval` says of every column, drawing the samples once for all that score the same users.

    Args:
        differences: (P, C) candidate minus baseline, one column a comparison; NaN where a user is not scored in both.
        confidence: between 0 and 1.
        replicates: bootstrap samples.
        seed: as in `paired_interval`.

    Returns:
        One difference a column; None where no user is scored.

    Raises:
        SettingsError: if the confidence or the replicates are out of range.
    """
    scored = ~np.isnan(differences)
    alike: dict[bytes, list[int]] = {}
    for column in range(differences.shape[1]):
        alike.setdefault(scored[:, column].tobytes(), []).append(column)
    found: list[Difference | None] = [None] * differences.shape[1]
    for columns in alike.values():
        values = differences[scored[:, columns[0]]][:, columns]
        if not len(values):
            continue
        means = _resampled_totals(values, replicates, seed) / len(values)
        for place, column in enumerate(columns):
            own = values[:, place]
            found[column] = _difference(float(own.mean()), means[:, place], confidence, _effect(own), len(own))
    return found


def paired_total_interval(
    candidate: NDArray[Any],
    baseline: NDArray[Any],
    counts: NDArray[Any],
    figure: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda mean: mean,
    *,
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> Difference:
    """Return the difference of two figures over all ratings, such as RMSE, with users resampled whole.

    The figure is `figure(Σ totals / Σ counts)`: for RMSE the totals are each user's squared errors and `figure` is
    `np.sqrt`; for MAE they are absolute errors.

    Args:
        candidate: (P,) one total a user.
        baseline: (P,) the other engine's.
        counts: (P,) how many ratings each total is over.
        figure: applied to the overall mean.
        confidence: between 0 and 1.
        replicates: bootstrap samples.
        seed: as in `paired_interval`.

    Raises:
        ShapeError: if the three differ in length or hold no rating.
        SettingsError: if the confidence or the replicates are out of range.
    """
    if not candidate.shape == baseline.shape == counts.shape or candidate.ndim != 1:
        raise ShapeError(f"Totals must be of one length; got {candidate.shape}, {baseline.shape}, {counts.shape}.")
    some = counts > 0
    columns = np.stack([candidate[some], baseline[some], counts[some]], axis=1).astype(np.float64)
    if not len(columns):
        raise ShapeError("No user has a rating to compare.")

    def gap(totals: NDArray[np.float64]) -> NDArray[np.float64]:
        return figure(totals[:, 0] / totals[:, 2]) - figure(totals[:, 1] / totals[:, 2])

    point = float(gap(columns.sum(axis=0, keepdims=True))[0])
    return _difference(point, gap(_resampled_totals(columns, replicates, seed)), confidence, float("nan"), len(columns))


def _resampled_totals(columns: NDArray[np.float64], replicates: int, seed: int) -> NDArray[np.float64]:
    """Return (replicates, C) column sums over users drawn with replacement from the (P, C) rows."""
    if replicates < 1:
        raise SettingsError(f"A bootstrap needs 1 replicate or more; got {replicates}.")
    n = len(columns)
    rng = np.random.default_rng(seed)
    totals = np.empty((replicates, columns.shape[1]))
    step = max(1, _DRAWS // n)
    for start in range(0, replicates, step):
        rows = min(step, replicates - start)
        drawn = rng.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
        # How often each user was drawn: a multinomial weight.
        weights = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        totals[start : start + rows] = weights.astype(np.float64) @ columns
    return totals


def _effect(differences: PerUser) -> float:
    spread = float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
    mean = float(differences.mean())
    if spread > 0:
        return mean / spread
    return 0.0 if mean == 0 else float(np.copysign(np.inf, mean))


def _difference(point: float, resampled: NDArray[np.float64], confidence: float, effect: float, n: int) -> Difference:
    if not 0 < confidence < 1:
        raise SettingsError(f"A confidence must lie between 0 and 1; got {confidence}.")
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Difference(point, float(low), float(high), float(resampled.std()), effect, confidence, n)

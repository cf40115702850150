"""What another policy would have earned, from the log of the one that ran: IPS, SNIPS and doubly robust estimates.

Each logged impression has a context, the action taken, its propensity p under the logging policy, and the reward r. With
w = π(a|x) / p the weight of the new policy π,

    IPS    mean of w r                                          unbiased; noisy where policies differ (Horvitz–Thompson 1952)
    SNIPS  Σ w r / Σ w                                          bias O(1/n), bounded by the rewards (Swaminathan and Joachims, NIPS 2015)
    DR     mean of Σ_a π(a|x) q(x, a) + w (r − q(x, a_taken))   unbiased, and little noise where q is good (Dudík et al., ICML 2011)

The effective sample size (Σ w)² / Σ w² says how many impressions the estimate really rests on. Intervals are those of the
normal approximation; for SNIPS by the delta method. Below about a hundred effective impressions none of them is to be believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from matinee.errors import DataError, SettingsError, ShapeError

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Value:
    """An estimated mean reward.

    Attributes:
        method: "ips", "snips" or "dr".
        value: the estimate.
        error: its standard error; NaN below two impressions.
        low: lower end of the interval.
        high: upper end.
        effective: effective number of impressions.
        n: impressions in the log.
    """

    method: str
    value: float
    error: float
    low: float
    high: float
    effective: float
    n: int


def ips(
    rewards: Numbers, propensities: Numbers, target: Numbers, *, clip: float | None = None, confidence: float = 0.95
) -> Value:
    """Estimate by inverse propensity weights.

    Args:
        rewards: (n,) of the actions taken.
        propensities: (n,) their chance under the policy that took them, in (0, 1].
        target: (n,) their chance under the policy asked about, in [0, 1].
        clip: weights above this are cut to it, which trades noise for a bias downwards; None cuts none.
        confidence: of the interval.

    Raises:
        ShapeError: if the columns differ in length.
        DataError: if there is no impression, or a chance is out of range: without true propensities there is no estimate.
        SettingsError: if clip or confidence is out of range.
    """
    weights = _weights(rewards, propensities, target, clip)
    return _mean("ips", weights * rewards, weights, confidence)


def snips(
    rewards: Numbers, propensities: Numbers, target: Numbers, *, clip: float | None = None, confidence: float = 0.95
) -> Value:
    """Estimate by self-normalised weights; arguments and errors are those of `ips`. NaN where every weight is 0."""
    weights = _weights(rewards, propensities, target, clip)
    total = weights.sum()
    value = float(weights @ rewards / total) if total > 0 else float("nan")
    # Delta method for a ratio of means.
    spread = np.sqrt((weights**2 * (rewards - value) ** 2).sum()) / total if total > 0 and len(weights) > 1 else np.nan
    return _value("snips", value, float(spread), weights, confidence)


def doubly_robust(
    rewards: Numbers,
    propensities: Numbers,
    taken: Sequence[int] | NDArray[np.integer],
    policy: Numbers,
    predicted: Numbers,
    *,
    clip: float | None = None,
    confidence: float = 0.95,
) -> Value:
    """Estimate by a model of the rewards, corrected by weighted residuals.

    Args:
        rewards: (n,) of the actions taken.
        propensities: (n,) as for `ips`.
        taken: (n,) place of the action taken among the columns below.
        policy: (n, A) chance of every action under the policy asked about; rows add up to 1.
        predicted: (n, A) reward expected of every action; must not be learned from the same impressions.
        clip: as for `ips`.
        confidence: as for `ips`.

    Raises:
        As `ips`.
    """
    chosen = np.asarray(taken, np.int64)
    n = len(rewards)
    if policy.shape != predicted.shape or policy.ndim != 2 or len(policy) != n or chosen.shape != (n,):
        raise ShapeError(
            f"Policy and predictions must be ({n}, n_actions) and taken ({n},); got {policy.shape}, {predicted.shape}, {chosen.shape}."
        )
    if n and (chosen.min() < 0 or chosen.max() >= policy.shape[1]):
        raise ShapeError(f"Actions taken must lie in [0, {policy.shape[1]}); got {chosen.min()}…{chosen.max()}.")
    if not np.allclose(policy.sum(axis=1), 1, atol=1e-6):
        raise DataError("The chances of the actions must add up to 1 in every row.")
    rows = np.arange(n)
    weights = _weights(rewards, propensities, policy[rows, chosen], clip)
    terms = (policy * predicted).sum(axis=1) + weights * (rewards - predicted[rows, chosen])
    return _mean("dr", terms, weights, confidence)


def effective_size(weights: Numbers) -> float:
    """Return (Σ w)² / Σ w²; 0 where every weight is 0.

    >>> effective_size(np.array([1.0, 1.0, 0.0, 0.0]))
    2.0
    """
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def _weights(rewards: Numbers, propensities: Numbers, target: Numbers, clip: float | None) -> Numbers:
    if not rewards.shape == propensities.shape == target.shape or rewards.ndim != 1:
        raise ShapeError(
            f"Rewards, propensities and target need one length; got {rewards.shape}, {propensities.shape}, {target.shape}."
        )
    if not len(rewards):
        raise DataError(
            "There is no impression to estimate from.", hint="Log impressions with their propensities first."
        )
    if not ((propensities > 0) & (propensities <= 1)).all() or not np.isfinite(rewards).all():
        raise DataError("Every impression needs a finite reward and a propensity in (0, 1].")
    if not ((target >= 0) & (target <= 1 + 1e-9)).all():
        raise DataError("The chances under the policy asked about must lie in [0, 1].")
    if clip is not None and clip <= 0:
        raise SettingsError(f"clip must be above 0; got {clip}.")
    weights: Numbers = target / propensities
    return weights if clip is None else np.minimum(weights, clip)


def _mean(method: str, terms: Numbers, weights: Numbers, confidence: float) -> Value:
    error = float(terms.std(ddof=1) / np.sqrt(len(terms))) if len(terms) > 1 else float("nan")
    return _value(method, float(terms.mean()), error, weights, confidence)


def _value(method: str, value: float, error: float, weights: Numbers, confidence: float) -> Value:
    if not 0 < confidence < 1:
        raise SettingsError(f"confidence must lie in (0, 1); got {confidence}.")
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return Value(method, value, error, value - reach, value + reach, effective_size(weights), len(weights))

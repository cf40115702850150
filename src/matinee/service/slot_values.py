"""What each strategy would have earned in the place that is given away to learn, from the log of whoever had it.

An impression's action is the strategy that was drawn, its propensity the chance of that draw, and its reward whether the
film was wanted. A strategy is asked about as if it had always had the place. The rewards that the doubly robust estimate
expects are learned by cross-fitting: for one half of the log from the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matinee.errors import DataError
from matinee.evaluation.offpolicy import Numbers, Value, doubly_robust, ips, snips
from matinee.store import SlotOutcome

ENOUGH = 100
"""Below so many effective impressions no figure is to be believed."""


@dataclass(frozen=True)
class SlotValue:
    """What one strategy would have earned.

    Attributes:
        strategy: its name.
        shown: how often it had the place.
        wanted: how often what it showed was wanted.
        estimates: "ips", "snips" and "dr".
    """

    strategy: str
    shown: int
    wanted: int
    estimates: tuple[Value, ...]

    @property
    def believable(self) -> bool:
        """Whether the log says enough about it."""
        return self.estimates[0].effective >= ENOUGH


def slot_values(outcomes: Sequence[SlotOutcome], strategies: Sequence[str] = ()) -> list[SlotValue]:
    """Estimate the mean reward of strategies.

    Args:
        outcomes: the log.
        strategies: whom to ask about; empty for all that ever had the place, in alphabetical order.

    Raises:
        DataError: if the log is empty.
    """
    if not outcomes:
        raise DataError(
            "No page with a place to learn has been shown yet.",
            hint="It takes viewers with enough ratings, a release of several engines, and a day that is over.",
        )
    arms = sorted({each.strategy for each in outcomes} | set(strategies))
    taken = np.array([arms.index(each.strategy) for each in outcomes])
    rewards = np.array([each.wanted for each in outcomes], np.float64)
    propensities = np.array([each.propensity for each in outcomes])
    predicted = _cross_fitted(taken, rewards, len(arms))
    found = []
    for name in strategies or arms:
        arm = arms.index(name)
        always = np.zeros((len(outcomes), len(arms)))
        always[:, arm] = 1.0
        target = (taken == arm).astype(np.float64)
        found.append(
            SlotValue(
                name,
                int(target.sum()),
                int(rewards[taken == arm].sum()),
                (
                    ips(rewards, propensities, target),
                    snips(rewards, propensities, target),
                    doubly_robust(rewards, propensities, taken, always, predicted),
                ),
            )
        )
    return found


def _cross_fitted(taken: np.ndarray, rewards: Numbers, n_arms: int) -> Numbers:
    """Return (n, n_arms) the reward expected of every arm, by Laplace's rule from the other half of the log."""
    half = np.arange(len(taken)) % 2
    predicted: Numbers = np.empty((len(taken), n_arms))
    for side in (0, 1):
        other = half != side
        shown = np.bincount(taken[other], minlength=n_arms)
        wanted = np.bincount(taken[other], weights=rewards[other], minlength=n_arms)
        predicted[half == side] = (wanted + 1) / (shown + 2)
    return predicted

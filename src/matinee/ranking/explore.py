"""Thompson sampling: which strategy gets the exploration slot, and how likely each was to get it.

Each strategy is an arm with a Beta posterior of the chance that a film it shows is clicked (Thompson 1933; Chapelle and Li,
NIPS 2011). A slot draws one number from each posterior and shows the arm with the highest. The chance of being chosen,
its propensity, is what an impression must be logged with for off-policy estimates (`matinee.evaluation.offpolicy`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from matinee.errors import SettingsError, UnknownIdError

POINTS = 2048
"""Four times the points at which each posterior is looked at around its mean, and all of 0…1 besides."""


@dataclass(frozen=True)
class Choice:
    """What a slot was given to.

    Attributes:
        strategy: the chosen arm.
        propensity: how likely it was to be chosen; above 0.
    """

    strategy: str
    propensity: float


@dataclass(frozen=True)
class Thompson:
    """Beta posteriors of the strategies; a value, so that whoever stores it decides what is remembered.

    Attributes:
        strategies: names of the arms.
        clicks: weighted impressions that were clicked, by arm; decayed ones count less.
        misses: impressions that were not.
        prior: clicks and misses every arm is thought to have had before the first; both above 0.
        floor: least share of slots every arm gets: estimates from the log divide by it, so it bounds their weights.
    """

    strategies: tuple[str, ...]
    clicks: tuple[float, ...]
    misses: tuple[float, ...]
    prior: tuple[float, float] = (1.0, 1.0)
    floor: float = 0.02

    def __post_init__(self) -> None:
        n = len(self.strategies)
        if not n or len(set(self.strategies)) != n or not len(self.clicks) == len(self.misses) == n:
            raise SettingsError(
                f"Arms need distinct names and one count each; got {n} names, {len(self.clicks)} and {len(self.misses)} counts."
            )
        if min(*self.clicks, *self.misses) < 0 or min(self.prior) <= 0:
            raise SettingsError("Counts must not be below 0, and the prior must be above 0.")
        if not 0 <= self.floor <= 1 / n:
            raise SettingsError(f"floor must lie in [0, {1 / n:g}] for {n} arms; got {self.floor}.")

    @classmethod
    def fresh(cls, strategies: Sequence[str], *, floor: float = 0.02) -> Self:
        """Start with arms nobody has seen."""
        zeros = (0.0,) * len(strategies)
        return cls(tuple(strategies), zeros, zeros, floor=floor)

    def choose(self, seed: int) -> Choice:
        """Return whom to give one slot; the same seed makes the same choice."""
        chances = self.propensities()
        rng = np.random.default_rng(seed)
        n = len(self.strategies)
        # With chance n·floor anybody, else by the posteriors: together exactly the propensities.
        if rng.random() < n * self.floor:
            chosen = int(rng.integers(n))
        else:
            chosen = int(np.argmax(rng.beta(*self._posteriors())))
        return Choice(self.strategies[chosen], float(chances[chosen]))

    def learn(self, strategy: str, *, clicked: bool, decay: float = 1.0) -> Thompson:
        """Return the posteriors after one impression.

        Args:
            strategy: whose film was shown.
            clicked: whether somebody wanted it.
            decay: what everything before counts from now on, in (0, 1]: below 1, tastes may change.

        Raises:
            UnknownIdError: if there is no such arm.
            SettingsError: if the decay is out of range.
        """
        if strategy not in self.strategies:
            raise UnknownIdError(f"No arm is called {strategy!r}.", hint=f"Arms: {', '.join(self.strategies)}.")
        if not 0 < decay <= 1:
            raise SettingsError(f"decay must lie in (0, 1]; got {decay}.")
        place = self.strategies.index(strategy)
        clicks, misses = ([decay * count for count in counts] for counts in (self.clicks, self.misses))
        (clicks if clicked else misses)[place] += 1.0
        return replace(self, clicks=tuple(clicks), misses=tuple(misses))

    def propensities(self) -> NDArray[np.float64]:
        """Return (n_arms,) the chance of each arm to be chosen; they add up to 1.

        P(arm a is best) = ∫ f_a(x) Π_{b≠a} F_b(x) dx, by the midpoint rule on a grid of equal steps in x that is dense
        enough for posteriors of some ten thousand impressions.
        """
        a, b = self._posteriors()
        edges = _edges(a, b)
        below = np.stack([betainc(one, other, edges) for one, other in zip(a, b, strict=True)])
        mass = np.diff(below, axis=1)
        middle = (below[:, 1:] + below[:, :-1]) / 2
        best = np.array([(mass[arm] * np.delete(middle, arm, axis=0).prod(axis=0)).sum() for arm in range(len(a))])
        best /= best.sum()
        chances: NDArray[np.float64] = self.floor + (1 - len(a) * self.floor) * best
        return chances

    def means(self) -> NDArray[np.float64]:
        """Return (n_arms,) the expected share of clicks."""
        a, b = self._posteriors()
        shares: NDArray[np.float64] = a / (a + b)
        return shares

    def _posteriors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.array(self.clicks) + self.prior[0], np.array(self.misses) + self.prior[1]


def _edges(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ascending points of [0, 1], dense where the posteriors are: around each mean, and everywhere a little."""
    mean = a / (a + b)
    spread = np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))
    steps = np.linspace(-8, 8, POINTS // 4)
    near = (mean[:, None] + spread[:, None] * steps).ravel()
    return np.unique(np.clip(np.concatenate([near, np.linspace(0, 1, POINTS // 4)]), 0, 1))

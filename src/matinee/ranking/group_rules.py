"""Rules that pick films for several people at once.

A rule sees what each candidate is worth to each member: `worths` (G members, C candidates), the blended score above that of
the member's lowest candidate. A blend brings every engine to one scale for each person, so the scores of two people can be
compared, and how far a favourite stands out counts; rules that want places instead (Borda's, and the floor of
`WithoutMisery`) count them.

`PowerMean` covers the classics (Masthoff, "Group Recommender Systems", Recommender Systems Handbook): power 1 is the
average, 0 the product or Nash welfare, minus infinity least misery. `Proportional` chooses one film after the other, each
for those who got least so far, as rank-sensitive balancing does (Kaya, Bridge and Tintarev, RecSys 2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from matinee.errors import SettingsError, UnknownIdError
from matinee.types import FloatMatrix, LongVector

Values = NDArray[np.float64]

SMALLEST = 1e-9
"""Worths are not smaller, so that powers below 0 and logarithms exist."""


class Rule(Protocol):
    """How a group decides."""

    def welfare(self, worths: Values) -> Values:
        """Return (C,) what each candidate is worth to the group on its own, higher is better."""

    def choose(self, worths: Values, n: int) -> LongVector:
        """Return up to n columns, best first; equals by the lower column."""


class Independent:
    """A rule that values each film whatever else is chosen; subclasses say how."""

    def welfare(self, worths: Values) -> Values:
        """Return (C,) what each candidate is worth to the group."""
        raise NotImplementedError

    def choose(self, worths: Values, n: int) -> LongVector:
        """Return the n candidates of most worth, best first, ties by the lower column."""
        return highest(self.welfare(worths), n)


@dataclass(frozen=True)
class PowerMean(Independent):
    """The generalised mean M_p(w) = (mean of w^p)^(1/p); the lower the power, the more the least satisfied counts."""

    power: float = 1.0

    def welfare(self, worths: Values) -> Values:
        """Return (C,) the power mean over the members."""
        bounded = np.maximum(worths, SMALLEST)
        if self.power == 0:
            product: Values = np.exp(np.log(bounded).mean(axis=0))
            return product
        if np.isneginf(self.power):
            # Of equals by the least satisfied, the better one for all.
            worst: Values = bounded.min(axis=0) + SMALLEST * bounded.mean(axis=0)
            return worst
        mean: Values = np.mean(bounded**self.power, axis=0) ** (1 / self.power)
        return mean


@dataclass(frozen=True)
class WithoutMisery(Independent):
    """The average over films that nobody ranks too low (O'Connor, Cosley, Konstan and Riedl, ECSCW 2001, PolyLens)."""

    worst_place: int = 500
    """A film at a later place in anybody's list comes after all others."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.worst_place < 1:
            raise SettingsError(f"worst_place must be at least 1; got {self.worst_place}.")

    def welfare(self, worths: Values) -> Values:
        """Return (C,) the average; below every other film where somebody would be miserable."""
        miserable = np.stack([places_of(row) for row in worths]).max(axis=0) > self.worst_place
        value: Values = worths.mean(axis=0) - miserable * (1 + float(worths.max(initial=0)))
        return value


@dataclass(frozen=True)
class Borda(Independent):
    """Everybody gives a film as many points as candidates they rank below it."""

    def welfare(self, worths: Values) -> Values:
        """Return (C,) the average points, as a share of the highest possible."""
        places = np.stack([places_of(row) for row in worths])
        points: Values = 1 - (places.mean(axis=0) - 1) / max(worths.shape[1] - 1, 1)
        return points


@dataclass(frozen=True)
class Proportional:
    """Choose one film after the other; each is worth most to those who got least so far.

    With what a member has got a_m = Σ over the films before, at place r, of w_m / log2(r + 1), the next film maximises
    Σ_m log(start + a_m + w_m / log2(r + 1)): proportional fairness along the list.
    """

    start: float = 0.1
    """What everybody is thought to have before the first film; the smaller, the more even the list; > 0."""

    reach: int = 200
    """Only so many films of most worth by themselves are looked at."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.start <= 0 or self.reach < 1:
            raise SettingsError(f"start must be above 0 and reach at least 1; got {self.start} and {self.reach}.")

    def welfare(self, worths: Values) -> Values:
        """Return (C,) what each candidate is worth as the first of a list."""
        value: Values = np.log(self.start + worths).mean(axis=0)
        return value

    def choose(self, worths: Values, n: int) -> LongVector:
        """Return up to n columns, in the order in which they were chosen."""
        shortlist = highest(self.welfare(worths), max(self.reach, n))
        near = worths[:, shortlist]
        got = np.full((len(near), 1), float(self.start))
        left = np.ones(len(shortlist), np.bool_)
        chosen: list[int] = []
        for place in range(1, min(n, len(shortlist)) + 1):
            value = np.log(got + near / np.log2(place + 1)).sum(axis=0)
            best = int(np.argmax(np.where(left, value, -np.inf)))
            left[best] = False
            got[:, 0] += near[:, best] / np.log2(place + 1)
            chosen.append(int(shortlist[best]))
        return np.array(chosen, np.int64)


RULES: Mapping[str, Rule] = {
    "average": PowerMean(1.0),
    "without-misery": WithoutMisery(),
    "least-misery": PowerMean(-np.inf),
    "product": PowerMean(0.0),
    "borda": Borda(),
    "proportional": Proportional(),
}
"""Rules by the name people choose them by."""


DEFAULT = "proportional"
"""The rule that `tonight` follows unless told otherwise: what it gives the least satisfied is in docs/tonight.md."""


def rule_named(name: str) -> Rule:
    """Return a rule by its name.

    Raises:
        UnknownIdError: naming the rules there are.
    """
    if name not in RULES:
        raise UnknownIdError(f"There is no group rule {name!r}.", hint=f"Rules: {', '.join(RULES)}.")
    return RULES[name]


def worths_of(scores: FloatMatrix) -> Values:
    """Return (G, C) scores from 0 on: each member's lowest candidate is worth nothing to them.

    Args:
        scores: (G, C) finite; of all members in one unit.
    """
    values = scores.astype(np.float64)
    worths: Values = values - values.min(axis=1, keepdims=True) if values.size else values
    return worths


def utilities_of(scores: FloatMatrix) -> Values:
    """Return (G, C) 1 / log2(place + 1) for each member's place of each candidate; equals share their middle place.

    Args:
        scores: (G, C) finite; higher is better.
    """
    return np.stack([1 / np.log2(places_of(row) + 1) for row in scores]) if len(scores) else np.zeros(scores.shape)


def places_of(scores: NDArray[Any]) -> Values:
    """Return (C,) places from 1 on; films with equal scores share the middle of their places."""
    ordered = np.sort(scores)
    above = len(scores) - np.searchsorted(ordered, scores, side="right")
    below = np.searchsorted(ordered, scores, side="left")
    places: Values = (above + (len(scores) - below) + 1) / 2
    return places


def highest(values: Values, n: int) -> LongVector:
    """Return up to n places of the highest values, best first, ties by the lower place."""
    if n <= 0 or not len(values):
        return np.empty(0, np.int64)
    places = np.arange(len(values))
    if len(values) > n:
        places = np.flatnonzero(values >= np.partition(values, len(values) - n)[len(values) - n])
    order: LongVector = places[np.lexsort((places, -values[places]))][:n].astype(np.int64)
    return order

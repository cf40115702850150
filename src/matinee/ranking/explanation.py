"""What an explanation is: a score taken apart into amounts that add up to it.

A list is explained as a whole, in arrays; `Part` objects are made for the films somebody looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.types import IntVector

Kind = Literal["rating", "genre", "person", "popularity", "taste", "model", "baseline"]
Amounts = NDArray[np.float64]

OWN: tuple[Kind, ...] = ("rating", "genre", "person", "taste")
"""The kinds of parts that come from the person."""

EXACT = "exact"
"""The method of amounts that hold whatever else is asked."""


@dataclass(frozen=True)
class Part:
    """One amount of a score.

    Attributes:
        kind: what it comes from: a rating of the profile, a genre or person of the film, what everybody thinks of it, a
            slider, what a model adds that belongs to no rating, or where the scale begins.
        label: what to call it, such as a title or a name.
        amount: what it adds to the score, in the score's units; below 0 it speaks against the film.
        movie: index of the rated film, for ratings.
        exact: whether the amount follows from the engines' equations; an estimate otherwise.
        method: how it was worked out.
    """

    kind: Kind
    label: str
    amount: float
    movie: int | None = None
    exact: bool = True
    method: str = EXACT


@dataclass(frozen=True)
class Column:
    """What the amounts in one place of `Explanation.others` are."""

    kind: Kind
    label: str
    exact: bool = True
    method: str = EXACT


class Digest(NamedTuple):
    """What a card needs of an explanation, worked out for a whole list at once.

    Attributes:
        own: what the ratings, genres, people and sliders add together.
        popularity: what popularity adds.
        strongest: places in the profile of the ratings that add most, strongest first, ties by the newer rating.
        amounts: what each of those adds.
    """

    own: float
    popularity: float
    strongest: Sequence[int]
    amounts: Sequence[float]


@dataclass(frozen=True, eq=False)
class Explanation:
    """One film's score and its parts.

    Attributes:
        movie: index of the film.
        score: what it was ranked by.
        rated: (n,) films of the profile.
        rating_amounts: (n,) what each of them adds.
        titles: of the catalogue, for labels.
        rating_exact: whether those amounts are exact.
        rating_method: how they were worked out.
        named: genres and people of the film, and sliders.
        named_amounts: what each of those adds.
        columns: what `others` are; the last is the baseline.
        others: what remains.
        digest: what a card needs; None where it has not been worked out.
    """

    movie: int
    score: float
    rated: IntVector
    rating_amounts: Amounts
    titles: Sequence[str] = field(repr=False)
    rating_exact: bool
    rating_method: str
    named: Sequence[Column]
    named_amounts: Amounts
    columns: Sequence[Column]
    others: Amounts
    digest: Digest | None = field(default=None, repr=False, compare=False)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Every part, the largest amounts first, whichever their sign; parts of 0 are left out. They sum to `score`."""
        found = [self._rating(int(place)) for place in np.flatnonzero(self.rating_amounts)]
        pairs = [*zip(self.named, self.named_amounts, strict=True), *zip(self.columns, self.others, strict=True)]
        found += [
            Part(column.kind, column.label, float(amount), None, column.exact, column.method)
            for column, amount in pairs
            if amount or column.kind == "baseline"
        ]
        return tuple(sorted(found, key=lambda part: -abs(part.amount)))

    def ratings(self, n: int) -> list[Part]:
        """Return up to n ratings that speak for the film, strongest first, ties by the newer rating."""
        return [self._rating(place) for place in self.strongest(n)]

    def strongest(self, n: int) -> list[int]:
        """Return the places in the profile of up to n ratings that speak for the film, in the order of `ratings`."""
        amounts = self.rating_amounts
        if n < 1 or not len(amounts):
            return []
        if self.digest is not None and n <= len(self.digest.strongest):
            known = zip(self.digest.strongest[:n], self.digest.amounts, strict=False)
            return [place for place, amount in known if amount > 0]
        least = max(float(np.partition(amounts, -n)[-n]), 0.0) if n < len(amounts) else 0.0
        places = np.flatnonzero((amounts >= least) & (amounts > 0))
        order: list[int] = places[np.lexsort((-places, -amounts[places]))][:n].tolist()
        return order

    @property
    def own(self) -> float:
        """What the person's ratings and tastes add: ratings, genres, people and sliders."""
        if self.digest is not None:
            return self.digest.own
        return sum(self.total(kind) for kind in OWN)

    @property
    def popularity(self) -> float:
        """What popularity adds."""
        return self.total("popularity") if self.digest is None else self.digest.popularity

    def features(self, n: int, least: float = 0.0) -> list[Part]:
        """Return up to n genres, people and sliders that speak for the film, strongest first, ties by their place.

        Args:
            n: how many at most.
            least: those that add less are left out.
        """
        speaking = [pair for pair in enumerate(self.named_amounts.tolist()) if pair[1] > 0 and pair[1] >= least]
        if len(speaking) > 1:
            speaking.sort(key=lambda pair: -pair[1])
        return [
            Part(column.kind, column.label, amount, None, column.exact, column.method)
            for column, amount in ((self.named[place], amount) for place, amount in speaking[:n])
        ]

    def total(self, kind: Kind) -> float:
        """Return what all parts of a kind add together."""
        amount = float(self.rating_amounts.sum()) if kind == "rating" else 0.0
        amount += sum(
            float(value) for one, value in zip(self.named, self.named_amounts, strict=True) if one.kind == kind
        )
        return amount + sum(
            float(value) for one, value in zip(self.columns, self.others, strict=True) if one.kind == kind
        )

    def _rating(self, place: int) -> Part:
        movie = int(self.rated[place])
        amount = float(self.rating_amounts[place])
        return Part("rating", self.titles[movie], amount, movie, self.rating_exact, self.rating_method)

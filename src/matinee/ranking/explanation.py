"""What an explanation is: a score taken apart into amounts that add up to it.

A list is explained as a whole, in arrays; `Part` objects are made for the films somebody looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector

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


SPEAKING = 3
"""So many of the strongest ratings are found for a whole list at once: what a card names."""


class Contribution(NamedTuple):
    """How much one film of the profile adds to a score.

    Attributes:
        movie: index of the rated film.
        amount: what it adds, in the units of the score.
    """

    movie: int
    amount: float


@dataclass(frozen=True, eq=False)
class Explained:
    """A list of m films, explained as a whole for a profile of n ratings.

    Attributes:
        movies: (m,) indices of the films.
        scores: (m,) what they were ranked by.
        rated: (n,) films of the profile.
        rating_amounts: (m, n) what each of them adds.
        titles: of the catalogue, for labels.
        rating_exact: whether those amounts are exact.
        rating_method: how they were worked out.
        named: genres and people of each film, and sliders.
        named_amounts: what each of those adds.
        own: (m,) what ratings, genres, people and sliders add together.
        columns: what `others` are; the last is the baseline.
        others: (m, len(columns)) what remains.
    """

    movies: Sequence[int]
    scores: Sequence[float]
    rated: IntVector
    rating_amounts: FloatMatrix
    titles: Sequence[str] = field(repr=False)
    rating_exact: bool
    rating_method: str
    named: Sequence[Sequence[Column]]
    named_amounts: Sequence[Amounts]
    own: Sequence[float]
    columns: Sequence[Column]
    others: Amounts

    def __len__(self) -> int:
        return len(self.movies)

    def __iter__(self) -> Iterator[Explanation]:
        return (Explanation(self, place) for place in range(len(self)))

    @cached_property
    def popularity(self) -> Sequence[float]:
        """(m,) what popularity adds."""
        places = [place for place, column in enumerate(self.columns) if column.kind == "popularity"]
        told: list[float] = self.others[:, places].sum(axis=1).tolist()
        return told

    @cached_property
    def leading(self) -> Sequence[tuple[Contribution, ...]]:
        """(m,) up to `SPEAKING` ratings that speak for each film, strongest first, ties by the newer rating."""
        places = self._strongest
        amounts = np.take_along_axis(self.rating_amounts, places, axis=1)
        told = zip(self.rated[places].tolist(), amounts.tolist(), self._speaking, strict=True)
        return [tuple(map(Contribution, films[:n], given[:n])) for films, given, n in told]

    @cached_property
    def leading_places(self) -> Sequence[list[int]]:
        """(m,) where in the profile the ratings of `leading` are."""
        return [places[:n] for places, n in zip(self._strongest.tolist(), self._speaking, strict=True)]

    @cached_property
    def _strongest(self) -> LongVector:
        return strongest(self.rating_amounts, SPEAKING)

    @cached_property
    def _speaking(self) -> list[int]:
        found: list[int] = np.count_nonzero(self.rating_amounts > 0, axis=1).tolist()
        return found


@dataclass(frozen=True, eq=False)
class Explanation:
    """One film's score and its parts.

    Attributes:
        whole: the list it was explained with.
        place: its place there, from 0.
    """

    whole: Explained = field(repr=False)
    place: int

    @property
    def movie(self) -> int:
        """Index of the film."""
        return self.whole.movies[self.place]

    @property
    def score(self) -> float:
        """What it was ranked by."""
        return self.whole.scores[self.place]

    @property
    def rating_amounts(self) -> FloatVector:
        """(n,) what each rating of the profile adds."""
        amounts: FloatVector = self.whole.rating_amounts[self.place]
        return amounts

    @property
    def leading(self) -> tuple[Contribution, ...]:
        """Up to `SPEAKING` ratings that speak for the film, strongest first, ties by the newer rating."""
        return self.whole.leading[self.place]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Every part, the largest amounts first, whichever their sign; parts of 0 are left out. They sum to `score`."""
        found = [self._rating(int(place)) for place in np.flatnonzero(self.rating_amounts)]
        found += [
            _part(column, amount)
            for column, amount in [*self._named, *self._others]
            if amount or column.kind == "baseline"
        ]
        return tuple(sorted(found, key=lambda part: -abs(part.amount)))

    def ratings(self, n: int) -> list[Part]:
        """Return up to n ratings that speak for the film, strongest first, ties by the newer rating."""
        return [self._rating(place) for place in self.strongest(n)]

    def strongest(self, n: int) -> list[int]:
        """Return the places in the profile of up to n ratings that speak for the film, in the order of `ratings`."""
        if n <= SPEAKING:
            return self.whole.leading_places[self.place][: max(n, 0)]
        amounts = self.rating_amounts
        least = max(float(np.partition(amounts, -n)[-n]), 0.0) if n < len(amounts) else 0.0
        places = np.flatnonzero((amounts >= least) & (amounts > 0))
        order: list[int] = places[np.lexsort((-places, -amounts[places]))][:n].tolist()
        return order

    @property
    def own(self) -> float:
        """What the person's ratings and tastes add: ratings, genres, people and sliders."""
        return self.whole.own[self.place]

    @property
    def popularity(self) -> float:
        """What popularity adds."""
        return self.whole.popularity[self.place]

    def features(self, n: int, least: float = 0.0) -> list[Part]:
        """Return up to n genres, people and sliders that speak for the film, strongest first, ties by their place.

        Args:
            n: how many at most.
            least: those that add less are left out.
        """
        speaking = [pair for pair in self._named if pair[1] > 0 and pair[1] >= least]
        speaking.sort(key=lambda pair: -pair[1])
        return [_part(column, amount) for column, amount in speaking[:n]]

    def total(self, kind: Kind) -> float:
        """Return what all parts of a kind add together."""
        amount = float(self.rating_amounts.sum(dtype=np.float64)) if kind == "rating" else 0.0
        return amount + sum(value for one, value in [*self._named, *self._others] if one.kind == kind)

    @property
    def _named(self) -> list[tuple[Column, float]]:
        return list(zip(self.whole.named[self.place], self.whole.named_amounts[self.place].tolist(), strict=True))

    @property
    def _others(self) -> list[tuple[Column, float]]:
        return list(zip(self.whole.columns, self.whole.others[self.place].tolist(), strict=True))

    def _rating(self, place: int) -> Part:
        whole = self.whole
        movie = int(whole.rated[place])
        amount = float(whole.rating_amounts[self.place, place])
        return Part("rating", whole.titles[movie], amount, movie, whole.rating_exact, whole.rating_method)


def _part(column: Column, amount: float) -> Part:
    return Part(column.kind, column.label, amount, None, column.exact, column.method)


def strongest(amounts: FloatMatrix, n: int) -> LongVector:
    """Return (m, min(n, k)) the places of the largest amounts in each of m rows of k, largest first, ties by the later place."""
    left = amounts[:, ::-1].copy()
    n, last = min(n, left.shape[1]), left.shape[1] - 1
    found, rows = np.empty((len(left), n), np.int64), np.arange(len(left))
    for rank in range(n):
        top = left.argmax(axis=1)
        found[:, rank] = last - top
        left[rows, top] = -np.inf
    return found

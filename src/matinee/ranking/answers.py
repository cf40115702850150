"""What the ranking answers with."""

from __future__ import annotations

from dataclasses import dataclass, field

from matinee.ranking.explanation import Contribution, Explanation


@dataclass(frozen=True)
class Recommendation:
    """One film of a list.

    Attributes:
        movie: movie index.
        score: what it was ranked by; comparable within one list only.
        reason: one plain sentence.
        because: the rated films that speak most for it, strongest first; may be empty.
        explanation: its score taken apart; None where a list is not personal.
        namesake: what to say of an earlier film of the same title, such as that this is its remake.
    """

    movie: int
    score: float
    reason: str
    because: tuple[Contribution, ...] = ()
    explanation: Explanation | None = field(default=None, compare=False, repr=False)
    namesake: str | None = None


@dataclass(frozen=True)
class Answer:
    """A personal list and how it came about.

    Attributes:
        strategy: the strategy that was used, which may differ from the one asked for.
        because: why that strategy, in one sentence.
        items: best first.
    """

    strategy: str
    because: str
    items: list[Recommendation]


@dataclass(frozen=True)
class MovieStatistics:
    """What everybody's ratings say of one film.

    Attributes:
        count: number of ratings.
        mean: plain average, 0 without ratings.
        weighted: Bayesian average, which shrinks films with few ratings towards the average of all.
    """

    count: int
    mean: float
    weighted: float

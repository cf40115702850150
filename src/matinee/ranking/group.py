"""Tonight: a few films for people who watch together.

Everybody is scored on their own, a rule of `group_rules` weighs the scores against each other, and what anybody's policy
bars or vetoes is never picked: the strictest age limit and the shortest evening hold for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from matinee.errors import InputError, ShapeError
from matinee.ranking.filters import Filters
from matinee.ranking.group_rules import DEFAULT, Rule, Values, rule_named, utilities_of, worths_of
from matinee.ranking.policy import Policy
from matinee.types import BoolVector, FloatMatrix, IntVector, LongVector, Profile, Profiles

Scorer = Callable[[Profiles], FloatMatrix]
"""Returns (n_profiles, n_movies) scores, higher is better."""

Confidence = Literal["sure", "likely", "compromise"]

SURE, LIKELY = 50, 200
"""A pick is sure when it stands in everybody's own list up to the first place, likely up to the second."""

MOST_MEMBERS = 20
"""People in a group at most."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One person of the group.

    Attributes:
        name: what the answer calls them; unlike everybody else's.
        profile: their history; may be empty.
        policy: what they do not want to see, or must not.
        vetoes: movie indices they refuse for tonight.
    """

    name: str
    profile: Profile
    policy: Policy = field(default_factory=Policy)
    vetoes: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Opinion:
    """What one pick is to one member.

    Attributes:
        name: the member's.
        score: their own score of the film.
        place: its place in their own list of the films that everybody may watch, from 1.
        reason: one plain sentence.
    """

    name: str
    score: float
    place: int
    reason: str


@dataclass(frozen=True)
class Pick:
    """One film for the group.

    Attributes:
        movie: movie index.
        worth: what the rule thinks of it; comparable within one answer.
        margin: how much more it is worth than the best film that was not picked, as a share of what the best film is
            worth; below 0 where a rule gave up worth for a fairer list.
        confidence: sure, likely or a compromise, by the place in the list of the person who likes it least.
        opinions: one a member, in their order.
    """

    movie: int
    worth: float
    margin: float
    confidence: Confidence
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True)
class GroupAnswer:
    """The picks, and how fair they are.

    Attributes:
        picks: best first; fewer than asked for where few films pass everybody's limits.
        rule: the rule's name, or what it is.
        n_candidates: films that everybody may watch.
        satisfaction: by member, what the picks are worth to them as a share of what their own best films would be; in
            [0, 1], by the discounts of NDCG.
        because: how the picks came about, in one sentence.
    """

    picks: tuple[Pick, ...]
    rule: str
    n_candidates: int
    satisfaction: dict[str, float]
    because: str

    @property
    def mean(self) -> float:
        """The average satisfaction; 0 without picks."""
        return float(np.mean(list(self.satisfaction.values()))) if self.picks else 0.0

    @property
    def least(self) -> float:
        """The satisfaction of the least satisfied member; 0 without picks."""
        return min(self.satisfaction.values()) if self.picks else 0.0

    @property
    def gap(self) -> float:
        """How much better off the most satisfied member is than the least."""
        return max(self.satisfaction.values()) - self.least if self.picks else 0.0


def tonight(
    score: Scorer,
    filters: Filters,
    members: Sequence[Member],
    n: int = 3,
    *,
    rule: Rule | str = DEFAULT,
    once: Callable[[BoolVector, IntVector], BoolVector] | None = None,
    reasons: Callable[[Member, IntVector], Sequence[str]] | None = None,
) -> GroupAnswer:
    """Pick a few films that a group can agree on.

    Args:
        score: how each member's profile is scored.
        filters: of the catalogue; bar what anybody's policy bars.
        members: 1 to `MOST_MEMBERS` people with names of their own.
        n: how many picks at most.
        rule: how the group decides: a name of `RULES` or a rule.
        once: given what may be shown and what is known, returns what may be shown when every work is shown once.
        reasons: a sentence for a member about each film; by default the film's place in their own list.

    Raises:
        InputError: without members, with too many, or with two of one name.
        UnknownIdError: if there is no rule of that name.
        ShapeError: if a policy or veto lies beyond the catalogue, or the scores do not fit it.
    """
    _check(members)
    decide = rule_named(rule) if isinstance(rule, str) else rule
    allowed = allowed_for_all(filters, members)
    if once is not None:
        allowed = once(allowed, np.unique(np.concatenate([member.profile.movies for member in members])))
    films = np.flatnonzero(allowed)
    name = rule if isinstance(rule, str) else repr(rule)
    if not len(films) or n < 1:
        because = "No film passes everybody's limits." if not len(films) else "No picks were asked for."
        return GroupAnswer((), name, len(films), dict.fromkeys((member.name for member in members), 0.0), because)
    scores = score(Profiles.stack([member.profile for member in members], len(allowed)))
    if scores.shape != (len(members), len(allowed)):
        raise ShapeError(f"Scores of shape {scores.shape} do not fit {len(members)} members and {len(allowed)} movies.")
    own = scores[:, films]
    worths = worths_of(own)
    chosen = decide.choose(worths, n)
    return GroupAnswer(
        _picks(members, films, chosen, own, decide.welfare(worths), reasons),
        name,
        len(films),
        _satisfaction(members, utilities_of(own), chosen),
        f"{len(films):,} films pass everybody's limits; chosen by the rule {name} for {len(members)}.",
    )


def allowed_for_all(filters: Filters, members: Sequence[Member]) -> BoolVector:
    """Return (n_movies,) bool: the films that nobody's policy bars and nobody vetoes."""
    allowed: BoolVector = np.ones(len(filters.catalogue), np.bool_)
    for member in members:
        policy = replace(member.policy, excluded=member.policy.excluded | member.vetoes)
        allowed &= filters.allowed(policy, member.profile)
    return allowed


def _check(members: Sequence[Member]) -> None:
    if not 1 <= len(members) <= MOST_MEMBERS:
        raise InputError(f"A group has 1 to {MOST_MEMBERS} people; got {len(members)}.")
    names = [member.name for member in members]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"Two people of the group are called {twice!r}.", hint="Give everybody a name of their own.")


def _picks(
    members: Sequence[Member],
    films: LongVector,
    chosen: LongVector,
    own: FloatMatrix,
    welfare: Values,
    reasons: Callable[[Member, IntVector], Sequence[str]] | None,
) -> tuple[Pick, ...]:
    # A place counts the films that somebody likes better, so that equals share the first of their places.
    places = 1 + np.stack([(row[:, None] > row[chosen]).sum(axis=0) for row in own])
    movies = films[chosen].astype(np.int32)
    told = [
        _by_place(member, row, len(films)) if reasons is None else reasons(member, movies)
        for member, row in zip(members, places, strict=True)
    ]
    left = np.delete(welfare, chosen)
    runner_up = float(left.max()) if len(left) else 0.0
    scale = max(abs(float(welfare.max())), 1e-12)
    return tuple(
        Pick(
            int(movie),
            float(welfare[column]),
            (float(welfare[column]) - runner_up) / scale,
            confidence_of(int(places[:, rank].max())),
            tuple(
                Opinion(member.name, float(own[row, column]), int(places[row, rank]), told[row][rank])
                for row, member in enumerate(members)
            ),
        )
        for rank, (movie, column) in enumerate(zip(movies, chosen, strict=True))
    )


def confidence_of(worst_place: int) -> Confidence:
    """Return how sure a pick is whose place in the list of whoever likes it least is this."""
    if worst_place <= SURE:
        return "sure"
    return "likely" if worst_place <= LIKELY else "compromise"


def _satisfaction(members: Sequence[Member], utilities: Values, chosen: LongVector) -> dict[str, float]:
    discounts = 1 / np.log2(np.arange(2, len(chosen) + 2))
    best = -np.partition(-utilities, len(chosen) - 1, axis=1)[:, : len(chosen)]
    ideal = -np.sort(-best, axis=1) @ discounts
    got = utilities[:, chosen] @ discounts
    return {member.name: float(min(value, 1.0)) for member, value in zip(members, got / ideal, strict=True)}


def _by_place(member: Member, places: LongVector, n_films: int) -> list[str]:
    return [f"{_ordinal(int(place))} of {n_films:,} films for {member.name}" for place in places]


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number:,}th"
    return f"{number:,}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"

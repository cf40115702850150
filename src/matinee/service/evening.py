"""Tonight: three films for people who watch together, of whom we may know some and the others say what they love."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from matinee.errors import InputError
from matinee.ranking.group import Member, tonight
from matinee.ranking.policy import EVERYTHING, Policy
from matinee.service.answers import Film
from matinee.types import IntVector, Profile, Profiles

if TYPE_CHECKING:
    from matinee.service.person import Person
    from matinee.service.programme import Programme

PICKS = 3
"""A group wants a decision, not a catalogue."""
GUESTS = 9
LOVED = 1.0
"""What a film that a guest names without stars counts, as a part of the scale: its top."""


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Somebody who watches tonight and has no account here; nothing of them is stored.

    Attributes:
        name: what the answer calls them.
        ratings: stars by movie id; None for a film they simply love.
        hidden_genres: genres they do not want.
        max_age: youngest age that films must be fit for, such as their own.
    """

    name: str
    ratings: Mapping[int, float | None] = field(default_factory=dict)
    hidden_genres: Collection[str] = ()
    max_age: int | None = None


@dataclass(frozen=True, kw_only=True)
class Say:
    """What one pick is to one of the group.

    Attributes:
        name: whose.
        place: its place among everything the group may watch, in this person's own order.
        reason: one plain sentence.
    """

    name: str
    place: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class GroupPick:
    """One film for the group.

    Attributes:
        film: the film.
        confidence: "sure", "likely" or "compromise", by whoever likes it least.
        says: one a person, in their order.
    """

    film: Film
    confidence: str
    says: tuple[Say, ...]


@dataclass(frozen=True, kw_only=True)
class Evening:
    """What to watch together.

    Attributes:
        picks: best first; fewer than asked for where few films pass everybody's limits.
        rule: how the group was weighed.
        because: how the picks came about.
        n_candidates: films that everybody may watch.
        satisfaction: by name, what the picks are worth to them as a share of what their own best would be.
    """

    picks: tuple[GroupPick, ...]
    rule: str
    because: str
    n_candidates: int
    satisfaction: Mapping[str, float]


class Evenings:
    """The use case of an evening together, for a viewer whose identity the caller has proven."""

    if TYPE_CHECKING:

        def _ask(self, viewer_id: int | None) -> tuple[Programme, Person]: ...

        def _check_stars(self, value: float) -> None: ...

    def tonight(
        self,
        viewer_id: int,
        guests: Sequence[Guest] = (),
        *,
        name: str = "You",
        narrowed: Policy = EVERYTHING,
        vetoes: Collection[int] = (),
        n: int = PICKS,
    ) -> Evening:
        """Pick a few films for a viewer and their guests.

        Args:
            viewer_id: who asks; their history, sliders and limits count.
            guests: the others.
            name: what the answer calls the viewer.
            narrowed: limits of this evening, such as how long it is; the strictest of everybody's hold.
            vetoes: ids of films that somebody refuses for tonight.
            n: how many picks.

        Raises:
            InputError: if there are too many guests, two people share a name, or a value is no rating.
            UnknownIdError: if there is no such viewer, film or genre.
        """
        if len(guests) > GUESTS:
            raise InputError(f"An evening has up to {GUESTS} guests; got {len(guests)}.")
        if not 1 <= n <= 10:
            raise InputError(f"An evening has 1 to 10 picks; got {n}.")
        now, person = self._ask(viewer_id)
        recommender = now.recommender
        refused = frozenset(now.films.index(movie_id) for movie_id in vetoes)
        members = [Member(name=name, profile=person.profile, policy=person.rules & narrowed, vetoes=refused)]
        members += [self._member(now, guest) for guest in guests]

        # A guest who names one film has said more of themselves than popularity knows.
        hybrid = recommender.hybrid.knowing(from_ratings=1)

        def sentences(member: Member, movies: IntVector) -> list[str]:
            blended = hybrid.explained(Profiles.stack([member.profile], len(recommender.catalogue)))
            return [reason for reason, _ in recommender.explain_all(member.profile, movies, blended=blended)]

        found = tonight(
            hybrid.score,
            recommender.filters,
            members,
            n,
            once=lambda allowed, known: recommender.works.without_doubles(allowed, known),
            reasons=sentences,
        )
        picks = tuple(
            GroupPick(
                film=now.films.film(pick.movie, person),
                confidence=pick.confidence,
                says=tuple(Say(name=one.name, place=one.place, reason=one.reason) for one in pick.opinions),
            )
            for pick in found.picks
        )
        return Evening(
            picks=picks,
            rule=found.rule,
            because=found.because,
            n_candidates=found.n_candidates,
            satisfaction={name: round(value, 4) for name, value in found.satisfaction.items()},
        )

    def _member(self, now: Programme, guest: Guest) -> Member:
        data = now.recommender.info.data
        top = data.scale[1] * LOVED if data.explicit else 1.0
        for value in guest.ratings.values():
            if value is not None:
                self._check_stars(value)
        movies = [now.films.index(movie_id) for movie_id in guest.ratings]
        values = [top if value is None else value for value in guest.ratings.values()]
        genres = frozenset(now.films.genre_name(genre) for genre in guest.hidden_genres)
        policy = replace(Policy(), hidden_genres=genres, max_age=guest.max_age)
        return Member(name=guest.name, profile=Profile.of(movies, np.array(values, np.float32)), policy=policy)

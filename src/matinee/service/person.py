"""One person in the terms of a release: the profile that is scored, the policy that bars, the sliders that lift.

Thumbs count like stars where no stars were given: up near the top of the scale, down near its bottom (4.5 and 1 of 0.5-5).
Where the data only know "watched", a thumb up and "watched" count as that, and a thumb down teaches nothing.
"Don't learn from this" takes a film out of the profile and leaves it seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from matinee.data import Catalogue
from matinee.ranking.diversity import DEFAULT_DIAL
from matinee.ranking.policy import Policy
from matinee.ranking.taste import Slider, Taste
from matinee.releases import DataCard
from matinee.store import Account
from matinee.store.schema import DISLIKE, DONT_LEARN, HIDDEN, LIKE, NOT_FOR_ME, WATCHED
from matinee.types import UNKNOWN_TIME, Profile

THUMB = 1 / 9
"""How far from the ends of the scale a thumb points, as a part of the scale."""


@dataclass(frozen=True)
class Person:
    """What bears on one person's lists, in movie indices of one release.

    Attributes:
        profile: what is scored, oldest first.
        policy: what may be shown.
        taste: sliders; those at "never" bar through `rules`.
        stars: the stars they gave, by movie, whether learnt from or not.
        feedback: what else they said of a film, by movie, oldest first.
        discovery: where they set the dial from relevance (0) to discovery (1); None leaves it to the ranking.
    """

    profile: Profile
    policy: Policy
    taste: Taste = field(default_factory=Taste)
    stars: Mapping[int, float] = field(default_factory=dict)
    feedback: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    discovery: float | None = None

    @property
    def dial(self) -> float:
        """The dial of their lists."""
        return DEFAULT_DIAL if self.discovery is None else self.discovery

    @cached_property
    def rules(self) -> Policy:
        """The policy with what stands at "never" on the sliders."""
        return self.taste.barring(self.policy)

    @cached_property
    def limits(self) -> Policy:
        """Only what the household allows, for places where people look up what they know: seen and hidden films stay."""
        held = self.policy
        return Policy(
            seen=False,
            max_age=held.max_age,
            max_runtime=held.max_runtime,
            min_year=held.min_year,
            max_year=held.max_year,
            languages=held.languages,
            available=held.available,
        )

    @cached_property
    def thumbed(self) -> frozenset[int]:
        """Films whose value in the profile comes from a thumb and not from stars."""
        return frozenset(self.profile.movies.tolist()) - self.stars.keys()

    @cached_property
    def values(self) -> dict[int, float]:
        """What each film of the profile counts, and the stars of the others they rated, by movie."""
        learnt = dict(zip(self.profile.movies.tolist(), self.profile.values.tolist(), strict=True))
        return {**self.stars, **learnt}


STRANGER = Person(Profile.empty(), Policy())
"""Somebody who told us nothing."""


def person_of(account: Account, catalogue: Catalogue, data: DataCard) -> Person:
    """Return a person in the terms of a release; films that it lacks are left out."""
    rated = catalogue.ids.find([each.movie_id for each in account.ratings]).tolist()
    stars = {place: each.value for place, each in zip(rated, account.ratings, strict=True) if place >= 0}
    said: dict[int, tuple[str, ...]] = {}
    for place, each in zip(
        catalogue.ids.find([each.movie_id for each in account.feedback]), account.feedback, strict=True
    ):
        if place >= 0:
            said[int(place)] = (*said.get(int(place), ()), each.kind)
    return Person(
        profile=_profile(account, rated, said, catalogue, data),
        policy=_policy(account, stars.keys(), said, catalogue),
        taste=Taste.of(Slider(kind, name, level) for kind, name, level in account.sliders),  # type: ignore[arg-type]
        stars=stars,
        feedback=said,
        discovery=account.limits.discovery,
    )


def _profile(
    account: Account,
    rated: list[int],
    said: Mapping[int, tuple[str, ...]],
    catalogue: Catalogue,
    data: DataCard,
) -> Profile:
    """Return what is scored: stars, thumbs where there are none, without what is not to be learnt from."""
    rows = [
        (each.position, place, each.value, each.rated_at) for place, each in zip(rated, account.ratings, strict=True)
    ]
    if account.feedback:
        values, known = thumb_values(data), set(rated)
        thumbs = {each.movie_id: each for each in account.feedback[::-1] if each.kind in values}
        places = catalogue.ids.find(list(thumbs)).tolist()
        rows += [
            (each.position, place, values[each.kind], each.given_at)
            for place, each in zip(places, thumbs.values(), strict=True)
            if place not in known
        ]
        rows = sorted(row for row in rows if DONT_LEARN not in said.get(row[1], ()))
    rows = [row for row in rows if row[1] >= 0]
    return Profile.of(
        [row[1] for row in rows],
        [row[2] for row in rows],
        [UNKNOWN_TIME if row[3] is None else row[3] for row in rows],
    )


def thumb_values(data: DataCard) -> dict[str, float]:
    """Return what each kind of feedback counts in a profile of this data; kinds that are absent count nothing."""
    if not data.explicit:
        return {LIKE: 1.0, WATCHED: 1.0}
    low, high = data.scale
    inset = (high - low) * THUMB
    return {LIKE: round((high - inset) * 2) / 2, DISLIKE: round((low + inset) * 2) / 2}


def _policy(
    account: Account, rated: Iterable[int], said: Mapping[int, tuple[str, ...]], catalogue: Catalogue
) -> Policy:
    def told(*kinds: str) -> frozenset[int]:
        return frozenset(place for place, given in said.items() if not set(kinds).isdisjoint(given))

    limits = account.limits
    available = None if account.available is None else catalogue.ids.find(account.available)
    return Policy(
        also_seen=told(LIKE, DISLIKE, WATCHED).union(rated),
        hidden=told(NOT_FOR_ME, HIDDEN, DISLIKE),
        max_age=limits.max_age,
        max_runtime=limits.max_runtime,
        min_year=limits.min_year,
        max_year=limits.max_year,
        languages=None if limits.languages is None else frozenset(limits.languages),
        available=None if available is None else frozenset(available[available >= 0].tolist()),
    )

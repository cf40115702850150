"""One plain sentence for each recommended film, made from what the engines say and never invented."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matinee.ranking.answers import Contribution, MovieStatistics
from matinee.ranking.explanation import Explanation, Part
from matinee.ranking.named import NamedFilms
from matinee.types import Profile

MOST_SPEAKING = 3
"""How many rated films are named behind a recommendation."""

AMONG_THE_TOP = 0.5
"""A genre, person or slider is named beside the strongest rating when it adds at least this share of what that adds."""

OFTEN = 3
"""Films of a genre that somebody must have rated well before we say that they often like it."""
TWICE = 2
"""Films with a person that somebody must have rated well before we say that they like films with them."""
WELL = 3.5
"""Stars from which a film was rated well."""


def because(explanation: Explanation, profile: Profile, named: NamedFilms, *, explicit: bool) -> str | None:
    """Say in one sentence what speaks most for a film: a rating, and a genre, person or slider that matters as much.

    Only amounts of the explanation are named, and what is said of a genre or person is counted in the profile first.

    Args:
        explanation: of the film.
        profile: whose history was explained.
        named: the films of each genre and person.
        explicit: whether people gave stars.

    Returns:
        The sentence; None where nothing of the person's own speaks for the film.
    """
    rated = explanation.ratings(1)
    least = AMONG_THE_TOP * rated[0].amount if rated else 0.0
    telling = (part for part in explanation.features(MOST_SPEAKING) if part.amount >= least)
    feature = next((part for part in telling if _holds(part, profile, named, explicit=explicit)), None)
    if not rated:
        return None if feature is None else f"Because you {_liking(feature, explicit=explicit)}"
    strongest = Contribution(int(rated[0].movie or 0), rated[0].amount)
    start = because_of(strongest, profile, explanation.titles, explicit=explicit)
    return start if feature is None else f"{start} and {_liking(feature, explicit=explicit)}"


def _holds(part: Part, profile: Profile, named: NamedFilms, *, explicit: bool) -> bool:
    """Whether the profile itself bears out what would be said of a genre or person; a slider always does."""
    if part.kind not in ("genre", "person"):
        return part.kind == "taste"
    liked = profile.movies[profile.values >= WELL] if explicit else profile.movies
    films = named.of("genre" if part.kind == "genre" else "person", part.label)
    # Ascending films are searched: there are many of a genre and few in a profile.
    places = np.searchsorted(films, liked)
    inside = places < len(films)
    return int((films[places[inside]] == liked[inside]).sum()) >= (OFTEN if part.kind == "genre" else TWICE)


def _liking(part: Part, *, explicit: bool) -> str:
    verb = "like" if explicit else "watch"
    if part.kind == "genre":
        return f"often {verb} {part.label if part.label.isupper() else part.label.lower()}"
    if part.kind == "person":
        return f"{verb} films with {part.label}"
    return f"asked for more of {part.label}"


def contributions(explanation: Explanation) -> tuple[Contribution, ...]:
    """Return the rated films that speak most for a film, strongest first, ties by the newer rating."""
    return tuple(Contribution(int(part.movie or 0), part.amount) for part in explanation.ratings(MOST_SPEAKING))


def because_of(rated: Contribution, profile: Profile, titles: Sequence[str], *, explicit: bool) -> str:
    """Name the rated film that speaks most for a recommendation."""
    title = titles[rated.movie]
    if not explicit:
        return f"Because you watched {title}"
    value = float(profile.values[np.flatnonzero(profile.movies == rated.movie)[0]])
    return f"Because you gave {title} {stars(value)}"


def because_popular(statistics: MovieStatistics, *, viewers: str, explicit: bool) -> str:
    """Say what everybody's ratings say."""
    if not statistics.count:
        return "Nobody has rated it yet"
    people = viewers if statistics.count != 1 else viewers.removesuffix("s")
    if not explicit:
        return f"Watched by {statistics.count:,} {people}"
    return f"Rated {statistics.mean:.1f} on average by {statistics.count:,} {people}"


def stars(value: float) -> str:
    """Write a rating in words: 1 star, 4.5 stars."""
    return f"{value:g} star{'' if value == 1 else 's'}"

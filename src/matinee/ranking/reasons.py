"""One plain sentence for each recommended film, made from what the engines say and never invented."""

from __future__ import annotations

import numpy as np

from matinee.ranking.answers import MovieStatistics
from matinee.ranking.explanation import Explanation, Part
from matinee.ranking.named import NamedFilms
from matinee.types import Profile

TRIED = 3
"""So many of a film's strongest genres, people and sliders are held against the profile."""

AMONG_THE_TOP = 0.5
"""A genre, person or slider is named beside the strongest rating when it adds at least this share of what that adds."""

OFTEN = 3
"""Films of a genre that somebody must have rated well before we say that they often like it."""
TWICE = 2
"""Films with a person that somebody must have rated well before we say that they like films with them."""
WELL = 3.5
"""Stars from which a film was rated well."""


def because(explanation: Explanation, profile: Profile, named: NamedFilms, *, explicit: bool) -> str | None:
    """Say in one sentence what speaks most for a film; who explains a list keeps `Sentences`."""
    return Sentences(profile, named, explicit=explicit).because(explanation)


class Sentences:
    """The sentences of one list; what is counted in the profile for one film is kept for the others.

    Args:
        profile: whose history was explained.
        named: the films of each genre and person.
        explicit: whether people gave stars.
    """

    def __init__(self, profile: Profile, named: NamedFilms, *, explicit: bool) -> None:
        self._profile, self._named, self._explicit = profile, named, explicit
        self._liked = profile.movies[profile.values >= WELL] if explicit else profile.movies
        self._borne_out: dict[tuple[str, str], bool] = {}
        self._starts: dict[int, str] = {}

    def because(self, explanation: Explanation) -> str | None:
        """Say what speaks most for a film: a rating, and a genre, person or slider that matters as much.

        Only amounts of the explanation are named, and what is said of a genre or person is counted in the profile first.

        Returns:
            The sentence; None where nothing of the person's own speaks for the film.
        """
        leading = explanation.leading
        least = AMONG_THE_TOP * leading[0].amount if leading else 0.0
        telling = (part for part in explanation.features(TRIED, least) if self._holds(part))
        feature = next(telling, None)
        liking = None if feature is None else _liking(feature, explicit=self._explicit)
        if not leading:
            return None if liking is None else f"Because you {liking}"
        start = self._start(explanation)
        return start if liking is None else f"{start} and {liking}"

    def _start(self, explanation: Explanation) -> str:
        movie = explanation.leading[0].movie
        if movie not in self._starts:
            value = self._profile.values.item(explanation.strongest(1)[0])
            self._starts[movie] = because_of(explanation.whole.titles[movie], value, explicit=self._explicit)
        return self._starts[movie]

    def _holds(self, part: Part) -> bool:
        """Whether the profile itself bears out what would be said of a genre or person; a slider always does."""
        if part.kind not in ("genre", "person"):
            return part.kind == "taste"
        key = (part.kind, part.label)
        if key not in self._borne_out:
            films = self._named.of("genre" if part.kind == "genre" else "person", part.label)
            # Ascending films are searched: there are many of a genre and few in a profile.
            places = np.searchsorted(films, self._liked)
            inside = places < len(films)
            found = int(np.count_nonzero(films[places[inside]] == self._liked[inside]))
            self._borne_out[key] = found >= (OFTEN if part.kind == "genre" else TWICE)
        return self._borne_out[key]


def _liking(part: Part, *, explicit: bool) -> str:
    verb = "like" if explicit else "watch"
    if part.kind == "genre":
        return f"often {verb} {part.label if part.label.isupper() else part.label.lower()}"
    if part.kind == "person":
        return f"{verb} films with {part.label}"
    return f"asked for more of {part.label}"


def because_of(title: str, value: float, *, explicit: bool) -> str:
    """Name the rated film that speaks most for a recommendation."""
    return f"Because you gave {title} {stars(value)}" if explicit else f"Because you watched {title}"


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

"""The kinds of rows: each knows when it makes sense, what it is called, and which films it is about.

A kind's `find` yields, for one evening, the subjects it could show (a film, a genre) in the order of preference; `fill`
lists films for one subject. Titles are facts about the row: a genre trends only where its ratings say so, and "Because you
gave …" names a film that was rated so.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from matinee.ranking.reasons import stars
from matinee.ranking.recommender import SIMILAR_ENGINES
from matinee.ranking.shelves.rotation import chance
from matinee.ranking.shelves.screen import Evening
from matinee.types import FloatVector, IntVector

RECENT = 30
"""A row is built on a film among this many latest ratings."""
LIKED = 0.7
"""Share of the scale from which a rating is a like."""
LOVED = 0.8
"""Share of the scale from which a film is worth a second evening."""
SEEDS = 2
"""Rows that name a film of the person's, at most."""
GENRES = 4
"""Genres that are tried, at most."""
SHORT = 95
"""Minutes of a film for a short evening, at most."""
GEM_FAME = 0.5
"""Hidden gems have so few ratings that this share of the rated films has more."""
WINDOW = 30
"""Days that are "this month"."""


@dataclass(frozen=True)
class Draft:
    """A row as it is found, before it is cut to length.

    Attributes:
        title: heading.
        note: how the row came about, in one sentence.
        movies: in the order to show them.
        scores: (n_movies,) what they were ranked by.
        reasons: one a film; None where those of the person's strategy are asked for, for all rows at once.
    """

    title: str
    note: str
    movies: IntVector
    scores: FloatVector
    reasons: tuple[str, ...] | None


class Kind(ABC):
    """One kind of row."""

    name: ClassVar[str]

    def find(self, evening: Evening) -> Iterator[str]:
        """Yield subjects, the most wanted first; "" where there is nothing to choose."""
        return self._find(evening)

    def fill(self, evening: Evening, subject: str, n: int) -> Draft | None:
        """Return up to `n` films of a subject; None where there is nothing true to say."""
        return self._fill(evening, subject, n)

    def _find(self, evening: Evening) -> Iterator[str]:  # noqa: ARG002 - the default asks nobody
        yield ""

    @abstractmethod
    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None: ...


class ForYou(Kind):
    """What the person's strategy ranks first; for somebody we do not know yet, what most people rated, and says so."""

    name = "for-you"

    def _find(self, evening: Evening) -> Iterator[str]:
        yield "" if evening.known else "popular"

    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None:
        everything = np.ones_like(evening.open)
        if subject == "" and evening.known:
            movies = evening.ranked(evening.scores, everything, n)
            note = f"Made from your {len(evening.person.profile)} ratings."
            return Draft("For you", note, movies, evening.scores, None)
        if evening.known:
            return None
        known = evening.screen.counts.astype(np.float32)
        movies = evening.ranked(known, known > 0, n, dial=0.0)
        given = len(evening.person.profile)
        needed = evening.recommender.hybrid.config.cold_below - given
        note = (
            f"Not personal yet: {given} of the {given + needed} ratings it takes are there."
            if given
            else f"We do not know you yet, so this is what most {evening.recommender.viewers} rated."
        )
        return Draft("Popular with everybody", note, movies, known, evening.popular(movies))


class Because(Kind):
    """Films close to one the person liked lately; another one every day."""

    name = "because"

    def _find(self, evening: Evening) -> Iterator[str]:
        profile = evening.person.profile
        movies, values = profile.movies[-RECENT:], profile.values[-RECENT:]
        low, high = evening.recommender.info.data.scale
        threshold = low + LIKED * (high - low) if evening.recommender.info.data.explicit else 0.0
        liked = np.flatnonzero(values >= threshold)
        # The best liked and latest lead; the day decides among those close to one another.
        place = (liked + 1) / max(len(values), 1)
        worth = values[liked] / max(high, 1) + 0.3 * place + 0.5 * chance(movies[liked], evening.person.day)
        for entry in np.argsort(-worth, kind="stable")[:SEEDS]:
            yield str(movies[liked[entry]])

    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None:
        profile = evening.person.profile
        own = dict(zip(profile.movies.tolist(), profile.values.tolist(), strict=True))
        seed = int(subject) if subject.isdecimal() else -1
        if seed not in own:
            return None
        title = evening.screen.catalogue.titles[seed]
        if seed in evening.person.thumbed:
            heading = f"Because you liked {title}"
        elif evening.recommender.info.data.explicit:
            heading = f"Because you gave {title} {stars(own[seed])}"
        else:
            heading = f"Because you watched {title}"
        likeness = _likeness(evening, seed)
        if likeness is None:
            return None
        movies = evening.ranked(likeness, likeness > 0, n, dial=0.0)
        reason = f"People who liked {title} liked it too"
        note = f"Films close to {title}, one of your favourites among your latest ratings."
        return Draft(heading, note, movies, likeness, (reason,) * len(movies))


class Trending(Kind):
    """What people rated most lately: altogether for newcomers, in a genre of theirs for everybody else."""

    name = "trending"

    def _find(self, evening: Evening) -> Iterator[str]:
        if not evening.known:
            yield ""
        yield from favourite_genres(evening)

    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None:
        engine = evening.recommender.release.engines["popular"]
        scores: FloatVector = engine.trending_scores(window_days=WINDOW)  # type: ignore[attr-defined]
        among = scores > 0
        if subject:
            names = evening.screen.catalogue.genre_names
            if subject not in names:
                return None
            among &= evening.screen.catalogue.genres[:, names.index(subject)]
        movies = evening.ranked(scores, among, n, dial=0.0)
        note = f"Rated most by {evening.recommender.viewers} in the last {WINDOW} days of the data."
        title = f"Trending in {subject.lower()} this month" if subject else "Trending this month"
        return Draft(title, note, movies, scores, evening.popular(movies))


class Gems(Kind):
    """Films few people know and those who do rate high, the person's taste deciding among them."""

    name = "gems"

    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None:  # noqa: ARG002 - there is one subject
        screen = evening.screen
        rated = screen.counts > 0
        if not rated.any():
            return None
        little_known = rated & (screen.counts <= np.quantile(screen.counts[rated], GEM_FAME))
        loved = screen.weighted >= np.quantile(screen.weighted[rated], 0.5)
        scores = evening.scores if evening.known else screen.weighted
        movies = evening.ranked(scores, little_known & loved, n)
        most = int(screen.counts[little_known].max(initial=0))
        note = f"Well rated, by no more than {most} {evening.recommender.viewers} each."
        return Draft("Hidden gems", note, movies, scores, None if evening.known else evening.popular(movies))


class Different(Kind):
    """Good films of the genres a person has rated least: the way out of a bubble."""

    name = "different"

    def _find(self, evening: Evening) -> Iterator[str]:
        if evening.known:
            yield ""

    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None:  # noqa: ARG002 - there is one subject
        if not evening.known:
            return None
        features, profile = evening.screen.features, evening.person.profile
        habits = features.genre_shares[profile.movies].mean(axis=0)
        usual = features.genre_shares @ habits
        described = features.genres.any(axis=1)
        good = (
            evening.screen.weighted >= np.quantile(evening.screen.weighted[described], 0.5)
            if described.any()
            else described
        )
        candidates = evening.open & described & good
        if not candidates.any():
            return None
        strange = described & good & (usual <= np.quantile(usual[candidates], 0.3))
        movies = evening.ranked(evening.scores, strange, n)
        head = evening.explored(strange)
        if head is not None:
            movies = np.concatenate([np.array([head], movies.dtype), movies[movies != head]])[:n]
        note = "The best for you among genres you rarely watch."
        return Draft("Something different", note, movies, evening.scores, None)


class Short(Kind):
    """Films for an evening that is short already."""

    name = "short"

    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None:  # noqa: ARG002 - there is one subject
        minutes = evening.screen.catalogue.runtimes
        among = (minutes > 0) & (minutes <= SHORT)
        scores = evening.scores if evening.known else evening.screen.weighted
        movies = evening.ranked(scores, among, n)
        note = f"None takes more than {SHORT} minutes."
        return Draft("Short tonight", note, movies, scores, None if evening.known else evening.popular(movies))


class NextInSeries(Kind):
    """The next film of each series the person has begun."""

    name = "series"

    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None:  # noqa: ARG002 - there is one subject
        series = evening.screen.series
        seen = np.zeros_like(evening.open)
        seen[evening.person.profile.movies] = True
        begun = np.unique(series.series[seen[series.movies]])
        upcoming = series.upcoming(evening.done)
        of_movie = evening.screen.catalogue.franchises
        among = np.zeros_like(evening.open)
        among[upcoming[np.isin(of_movie[upcoming], begun)]] = True
        scores = evening.scores if evening.known else evening.screen.weighted
        movies = evening.ranked(scores, among, n, dial=0.0)
        names = evening.screen.catalogue.franchise_names
        reasons = tuple(f"Next in the series {names[of_movie[movie]]}" for movie in movies.tolist())
        return Draft("Next in your series", "You have seen another film of each.", movies, scores, reasons)


class Again(Kind):
    """Films the person rated high and has not seen for longest, where times are known."""

    name = "again"

    def _fill(self, evening: Evening, subject: str, n: int) -> Draft | None:  # noqa: ARG002 - there is one subject
        profile = evening.person.profile
        data = evening.recommender.info.data
        if not data.explicit or not len(profile):
            return None
        low, high = data.scale
        least = low + LOVED * (high - low)
        may = evening.again[profile.movies]
        loved = np.flatnonzero((profile.values >= least) & may)
        # Profiles run from the oldest on: the earlier half is not fresh in memory.
        chosen = loved[: (len(loved) + 1) // 2]
        order = np.argsort(-chance(profile.movies[chosen], evening.person.day), kind="stable")[:n]
        movies = profile.movies[chosen[order]]
        given = np.zeros(len(evening.open), np.float32)
        given[profile.movies] = profile.values
        thumbed = evening.person.thumbed
        reasons = tuple(
            "You liked it" if movie in thumbed else f"You gave it {stars(value)}"
            for movie, value in zip(movies.tolist(), given[movies].tolist(), strict=True)
        )
        least = math.ceil(least * 2) / 2
        note = f"Of the films you gave {stars(least)} or more, those you rated longest ago."
        return Draft("Watch again", note, movies, given, reasons)


KINDS: tuple[Kind, ...] = (
    ForYou(), Because(), Trending(), NextInSeries(), Gems(), Short(), Different(), Again(),
)  # fmt: skip
"""Every kind, in the order in which rows stand on a page."""


def favourite_genres(evening: Evening) -> list[str]:
    """Return genres, those the person prefers over everybody first; those they named, where we know nothing better."""
    catalogue, profile = evening.screen.catalogue, evening.person.profile
    names = catalogue.genre_names
    everybody = evening.screen.counts @ catalogue.genres.astype(np.float64)
    if not evening.known and evening.person.genres:
        return [name for name in evening.person.genres if name in names][:GENRES]
    lift = everybody
    if evening.known:
        weights = np.maximum(profile.values - profile.values.mean() + 1.0, 0)
        # Square root: a genre must be frequent in the profile, not only rare elsewhere.
        lift = (weights @ catalogue.genres[profile.movies]) / np.sqrt(everybody + everybody.mean() + 1.0)
    return [names[place] for place in np.argsort(-lift, kind="stable")[:GENRES]]


def _likeness(evening: Evening, movie: int) -> FloatVector | None:
    for name in SIMILAR_ENGINES:
        engine = evening.recommender.release.engines.get(name)
        likeness = None if engine is None else engine.similar(movie)
        if likeness is not None and np.any(np.delete(likeness, movie) > 0):
            return likeness
    return None

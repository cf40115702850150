"""What the live release makes of one film for one viewer: a predicted rating, and what speaks for the film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matinee.ranking import Recommender
from matinee.ranking.reasons import strongest
from matinee.service import Cinema
from matinee.types import Profile, Profiles


@dataclass(frozen=True)
class Because:
    """One rated film that speaks for another.

    Attributes:
        movie_id: the rated film.
        title: its display title.
        stars: what the viewer gave it; None where people only watch.
        amount: its share in the score, in units comparable within one film.
    """

    movie_id: int
    title: str
    stars: float | None
    amount: float


@dataclass(frozen=True)
class Insight:
    """What is known of a viewer and a film.

    Attributes:
        predicted: stars we expect, from the viewer's other ratings; None where they say too little.
        because: what speaks most for the film, strongest first; may be empty.
        n_ratings: how many films the viewer has rated.
    """

    predicted: float | None
    because: tuple[Because, ...]
    n_ratings: int


def insight(cinema: Cinema, movie_id: int, viewer_id: int | None) -> Insight:
    """Look at one film with a viewer's other ratings; their rating of the film itself is left out.

    Raises:
        UnknownIdError: if there is no such viewer or film.
    """
    if viewer_id is None:
        return Insight(None, (), 0)
    recommender = cinema.recommender
    catalogue = recommender.catalogue
    profile = cinema.store.profile(viewer_id, catalogue)
    movie = catalogue.ids.index(movie_id)
    others = profile.movies != movie
    rest = Profile(profile.movies[others], profile.values[others], profile.times[others])
    if recommender.hybrid.is_cold(len(rest)):
        return Insight(None, (), len(profile))
    stars = dict(zip(rest.movies.tolist(), rest.values.tolist(), strict=True))
    return Insight(_predicted(recommender, rest, movie), _because(recommender, rest, movie, stars), len(profile))


def _predicted(recommender: Recommender, profile: Profile, movie: int) -> float | None:
    if not recommender.info.data.explicit:
        return None
    low, high = recommender.info.data.scale
    for engine in recommender.hybrid.engines.values():
        if engine.predicts_stars:
            score = float(engine.score(Profiles.stack([profile], len(recommender.catalogue)))[0, movie])
            return min(max(score, low), high)
    return None


def _because(recommender: Recommender, profile: Profile, movie: int, stars: Mapping[int, float]) -> tuple[Because, ...]:
    ids, titles, explicit = recommender.catalogue.ids.ids, recommender.catalogue.titles, recommender.info.data.explicit
    for engine in recommender.hybrid.engines.values():
        (found,) = strongest(engine, profile, np.array([movie], np.int32))
        if found:
            return tuple(
                Because(int(ids[one.movie]), titles[one.movie], stars[one.movie] if explicit else None, one.amount)
                for one in found
            )
    return ()

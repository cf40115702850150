"""One plain sentence for each recommended film, made from what the engines say and never invented."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matinee.engines import Engine
from matinee.ranking.answers import Contribution, MovieStatistics
from matinee.types import IntVector, Profile

MOST_SPEAKING = 3
"""How many rated films are named behind a recommendation."""


def strongest(engine: Engine, profile: Profile, movies: IntVector) -> list[tuple[Contribution, ...]]:
    """Return, for each movie, the profile's films that add most to the engine's score of it.

    Only films that speak for the movie are named, strongest first, ties by the newer rating. All empty where the
    engine does not score by adding.
    """
    amounts = engine.contributions(profile, movies) if len(profile) else None
    if amounts is None:
        return [() for _ in movies]
    newest_first = amounts[:, ::-1]
    order = np.argsort(-newest_first, axis=1, kind="stable")[:, :MOST_SPEAKING]
    place = amounts.shape[1] - 1 - order
    return [
        tuple(Contribution(int(profile.movies[entry]), float(row[entry])) for entry in entries if row[entry] > 0)
        for row, entries in zip(amounts, place, strict=True)
    ]


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


def because_predicted(value: float) -> str:
    """Say what a rating engine expects."""
    return f"We expect you to give it {value:.1f} stars"


def stars(value: float) -> str:
    """Write a rating in words: 1 star, 4.5 stars."""
    return f"{value:g} star{'' if value == 1 else 's'}"

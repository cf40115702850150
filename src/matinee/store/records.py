"""What the store answers with."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """What was imported.

    Attributes:
        name: what people call the data.
        fingerprint: changes whenever the data do.
        simulated: whether a program made the ratings.
        movies: number of films.
        viewers: number of users of the data.
        ratings: number of their ratings on that day.
        imported_at: Unix seconds.
    """

    name: str
    fingerprint: str
    simulated: bool
    movies: int
    viewers: int
    ratings: int
    imported_at: int


@dataclass(frozen=True)
class StoredRating:
    """One rating as it is stored.

    Attributes:
        movie_id: the film.
        value: stars.
        rated_at: Unix seconds, None where nobody knows.
    """

    movie_id: int
    value: float
    rated_at: int | None


@dataclass(frozen=True)
class Counts:
    """How much the database holds.

    Attributes:
        movies: films.
        viewers: people, those of the site included.
        site_viewers: people who introduced themselves on the site.
        ratings: ratings of everybody.
        site_ratings: ratings that were given here.
    """

    movies: int
    viewers: int
    site_viewers: int
    ratings: int
    site_ratings: int


@dataclass(frozen=True)
class Ticket:
    """A session just opened.

    Attributes:
        viewer_id: whose.
        token: the secret; the database keeps its SHA-256 only.
        expires: Unix seconds.
    """

    viewer_id: int
    token: str = field(repr=False)
    expires: int

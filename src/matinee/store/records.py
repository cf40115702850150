"""What the store answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


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


class Feedback(NamedTuple):
    """What a person said of a film beside stars.

    Attributes:
        movie_id: the film.
        kind: one of `schema.FEEDBACK_KINDS`.
        given_at: Unix seconds.
        position: place among everything the person said, as `Opinion.position`.
    """

    movie_id: int
    kind: str
    given_at: int
    position: int


@dataclass(frozen=True)
class Limits:
    """What a person's household allows.

    Attributes:
        max_age: years; only films known to be fit for people of this age.
        max_runtime: minutes; only films known to be no longer.
        min_year: only films of this year or later.
        max_year: only films of this year or earlier.
        languages: ISO 639-1 codes in alphabetical order; None where every language will do.
        only_available: whether only films on the list of available ones are shown.
        discovery: the dial from relevance (0) to discovery (1); None leaves it to the ranking.
    """

    max_age: int | None = None
    max_runtime: int | None = None
    min_year: int | None = None
    max_year: int | None = None
    languages: tuple[str, ...] | None = None
    only_available: bool = False
    discovery: float | None = None


class Opinion(NamedTuple):
    """One rating and its place among everything the person said.

    Attributes:
        movie_id: the film.
        value: stars.
        rated_at: Unix seconds, None where nobody knows.
        position: 0, 1, … as imported, then the clock in nanoseconds.
    """

    movie_id: int
    value: float
    rated_at: int | None
    position: int


@dataclass(frozen=True)
class Account:
    """Everything one person told us that bears on their lists, read at one moment.

    Attributes:
        ratings: oldest first.
        feedback: oldest first.
        sliders: (kind, name, level), sorted.
        limits: of the household.
        available: ids of films that can be watched, ascending; None unless `limits.only_available`.
    """

    ratings: tuple[Opinion, ...]
    feedback: tuple[Feedback, ...]
    sliders: tuple[tuple[str, str, int], ...]
    limits: Limits
    available: tuple[int, ...] | None


class Shown(NamedTuple):
    """One film on a page.

    Attributes:
        shelf: the kind of row, at most 32 letters; `schema.EXPLORE` and `schema.QUESTION` have a meaning of their own.
        movie_id: the film.
        place: its place in the row, from 0.
    """

    shelf: str
    movie_id: int
    place: int


@dataclass(frozen=True)
class Slot:
    """To whom the place of a viewer's page that is there to learn was given on one day.

    Attributes:
        strategy: the strategy that chose its film.
        propensity: how likely that was, in (0, 1].
    """

    strategy: str
    propensity: float


@dataclass(frozen=True)
class Memory:
    """What we remember of a viewer's pages.

    Attributes:
        in_vain: on how many earlier days a film was shown without being opened, by movie id.
        asked: ids of films they were asked about on earlier days.
        slot: to whom the place of this day was given; None before it was.
    """

    in_vain: dict[int, int] = field(default_factory=dict)
    asked: tuple[int, ...] = ()
    slot: Slot | None = None


class SlotOutcome(NamedTuple):
    """What came of one place that was given away to learn.

    Attributes:
        viewer_id: whose page it was on.
        day: when, in days since 1970.
        strategy: who was given it.
        propensity: how likely that was.
        wanted: whether its film was opened, or rated that day or the next.
    """

    viewer_id: int
    day: int
    strategy: str
    propensity: float
    wanted: bool


@dataclass(frozen=True)
class Undone:
    """An action that was taken back.

    Attributes:
        what: "feedback", "taste" or "settings".
        movie_id: the film it was about, if it was feedback.
        left: how many more can be undone.
    """

    what: str
    movie_id: int | None
    left: int

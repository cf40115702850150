"""What the use cases answer with: plain frozen values that the API turns into JSON and the pages into HTML.

Ids are those of the data (MovieLens ids and the like), never indices.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Film:
    """One film and what is known of it.

    Attributes:
        id: movie id of the data.
        title: display title, without the year.
        alternative_titles: other titles.
        year: year of release, if known.
        genres: genre names.
        overview: a description, if there is one.
        directors: names.
        cast: names, leads first.
        language: ISO 639-1 code of the original language, if known.
        country: English name, if known.
        runtime: minutes, if known.
        age: youngest age in years it is fit for, if known.
        franchise: series of films it belongs to, if any.
        imdb_id: number of the IMDb title, without "tt".
        tmdb_id: number of the TMDB film.
        rating_mean: plain average of everybody's stars in the live release; None without ratings.
        rating_count: number of those ratings.
        your_rating: stars the asking viewer gave, None without one or without a viewer.
        your_feedback: what else they said of it ("like", "watchlist" …), oldest first.
    """

    id: int
    title: str
    alternative_titles: tuple[str, ...] = ()
    year: int | None = None
    genres: tuple[str, ...] = ()
    overview: str | None = None
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    language: str | None = None
    country: str | None = None
    runtime: int | None = None
    age: int | None = None
    franchise: str | None = None
    imdb_id: int | None = None
    tmdb_id: int | None = None
    rating_mean: float | None = None
    rating_count: int = 0
    your_rating: float | None = None
    your_feedback: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A film of the viewer's own that speaks for a recommendation.

    Attributes:
        movie_id: the rated film.
        title: its display title.
        your_rating: stars the viewer gave it, or what their thumb counts as.
        amount: its share in the score, in units comparable within one card.
    """

    movie_id: int
    title: str
    your_rating: float
    amount: float


@dataclass(frozen=True, kw_only=True)
class Card:
    """One film of a list.

    Attributes:
        film: the film.
        score: what it was ranked by, higher is better; comparable within one list only.
        reason: one plain sentence.
        because: rated films that speak most for it, strongest first; may be empty.
        namesake: what to say of an earlier film of the same title, such as that this is its remake.
    """

    film: Film
    score: float
    reason: str
    because: tuple[Evidence, ...] = ()
    namesake: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """One titled row of films.

    Attributes:
        key: kind and subject, unique on a page: for-you, for-you/popular, because/{movie id}, trending, trending/{genre},
            series, gems, short, different or again.
        title: heading.
        note: one sentence that says how the row came about.
        cards: best first, never empty.
        next_cursor: give it back for the next films of the row; None where there are none.
        start: how many films of the row came before.
    """

    key: str
    title: str
    note: str
    cards: tuple[Card, ...]
    next_cursor: str | None = None
    start: int = 0

    @property
    def kind(self) -> str:
        """The kind of row, without its subject."""
        return self.key.partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The one question of a page.

    Attributes:
        film: the film whose rating would teach us most.
        learned: share of what we do not know that it is expected to take away, the chance of an answer included.
        known: the chance that somebody knows the film.
    """

    film: Film
    learned: float
    known: float


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A film that is on the page to learn what people like of it.

    Attributes:
        movie_id: the film; it heads the row "different".
        strategy: who chose it.
        propensity: how likely that strategy was to be given the place.
    """

    movie_id: int
    strategy: str
    propensity: float


@dataclass(frozen=True, kw_only=True)
class Home:
    """The first page.

    Attributes:
        shelves: titled rows; no film twice, none that the viewer has rated but in the row "again".
        known: whether the first row is personal.
        n_ratings: how many ratings the viewer gave.
        n_needed: how many ratings are missing until the first row is personal; 0 when it is.
        day: days since 1970 (UTC): the page is that of one day.
        question: what to ask somebody we do not know yet; None for others.
        tried: the film that is there to learn from; None where no row has room for one.
        data_label: name of the data behind the page, with "simulated viewers" where that is so.
        simulated: whether the ratings were made by a program.
    """

    shelves: tuple[Shelf, ...]
    known: bool
    n_ratings: int
    n_needed: int
    day: int
    question: Asked | None
    tried: Tried | None
    data_label: str
    simulated: bool


@dataclass(frozen=True, kw_only=True)
class PersonalList:
    """One viewer's recommendations.

    Attributes:
        viewer_id: whose.
        n_ratings: how many ratings it is made from.
        strategy: what ranked it, which may differ from what was asked for.
        because: why that strategy, in one sentence.
        release: version of the release that answered.
        data_label: name of the data, with "simulated viewers" where that is so.
        cards: best first.
    """

    viewer_id: int
    n_ratings: int
    strategy: str
    because: str
    release: str
    data_label: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, kw_only=True)
class FilmPage:
    """A part of the catalogue.

    Attributes:
        films: in the order asked for.
        next_cursor: give it back for the next part; None at the end.
        total: how many films the whole list has.
    """

    films: tuple[Film, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, kw_only=True)
class Rated:
    """A rating that is safely stored.

    Attributes:
        movie_id: the film.
        value: the stars now on record; None when the rating was taken back.
        n_ratings: how many ratings the viewer has now.
    """

    movie_id: int
    value: float | None
    n_ratings: int


@dataclass(frozen=True, kw_only=True)
class OwnRating:
    """A film the viewer rated.

    Attributes:
        film: the film, with `your_rating`.
        rated_at: Unix seconds, if known.
    """

    film: Film
    rated_at: int | None


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a viewer says of a film beside stars, safely stored.

    Attributes:
        movie_id: the film.
        kinds: everything they say of it now, oldest first.
        can_undo: whether there is an action to take back.
    """

    movie_id: int
    kinds: tuple[str, ...]
    can_undo: bool


@dataclass(frozen=True, kw_only=True)
class OwnFeedback:
    """One thing a viewer said of a film.

    Attributes:
        film: the film.
        kind: "like", "dislike", "not_for_me", "hidden", "dont_learn", "watchlist" or "watched".
        given_at: Unix seconds.
    """

    film: Film
    kind: str
    given_at: int


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """An action that was undone.

    Attributes:
        what: "feedback", "taste" or "settings".
        movie_id: the film it was about, if it was feedback.
        left: how many more can be undone.
    """

    what: str
    movie_id: int | None
    left: int


@dataclass(frozen=True, kw_only=True)
class SliderState:
    """Where one slider of a taste stands.

    Attributes:
        kind: "genre", "person", "decade", "theme" or "franchise".
        name: as the viewer's program wrote it.
        level: -2 never, -1 less, 1 more, 2 much more.
        films: how many films of the live release it is about.
    """

    kind: str
    name: str
    level: int
    films: int


@dataclass(frozen=True, kw_only=True)
class TasteState:
    """A viewer's sliders, and what there is to make sliders of.

    Attributes:
        sliders: those that were moved, sorted by kind and name.
        genres: names of every genre of the live release.
        decades: every decade, newest first.
    """

    sliders: tuple[SliderState, ...]
    genres: tuple[str, ...]
    decades: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class HouseholdSettings:
    """What a viewer's household allows.

    Attributes:
        max_age: years; only films known to be fit for people of this age.
        max_runtime: minutes; only films known to be no longer.
        min_year: only films known to be of this year or later.
        max_year: only films known to be of this year or earlier.
        languages: ISO 639-1 codes of the original languages that will do; None for all.
        only_available: whether only films of the list below are shown.
        discovery: the dial from relevance (0) to discovery (1); None leaves it to the ranking.
        available: ids of the films that can be watched; kept while the switch is off.
    """

    max_age: int | None
    max_runtime: int | None
    min_year: int | None
    max_year: int | None
    languages: tuple[str, ...] | None
    only_available: bool
    discovery: float | None
    available: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One rule that keeps a film out.

    Attributes:
        rule: its name, such as "seen", "genre" or "age".
        text: one plain sentence.
    """

    rule: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Why a film is not shown.

    Attributes:
        film: the film.
        shown: whether it may be shown at all.
        bars: the rules that keep it out; empty where it may be shown.
        place: its place in the viewer's whole list, from 1; None where it is barred.
        n_allowed: how many films may be shown.
        answer: all of it in one sentence.
    """

    film: Film
    shown: bool
    bars: tuple[Bar, ...]
    place: int | None
    n_allowed: int
    answer: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing a viewer did.

    Attributes:
        film: the film it was about, as it stands now.
        what: "rating", or a kind of feedback.
        value: the stars of a rating.
        at: Unix seconds, if known.
    """

    film: Film
    what: str
    value: float | None
    at: int | None


@dataclass(frozen=True, kw_only=True)
class History:
    """A part of what a viewer did, newest first.

    Attributes:
        items: the events.
        next_cursor: give it back for the part before; None at the beginning.
    """

    items: tuple[Event, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Preference:
    """What a viewer's stars say of one genre, decade or person.

    Attributes:
        name: of what.
        count: how many films of it they rated.
        mean: the average of their stars.
        level: where its slider stands, 0 where it was not moved.
    """

    name: str
    count: int
    mean: float
    level: int


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What a viewer's stars say, most rated first.

    Attributes:
        n_ratings: how many films they rated.
        mean: the average of their stars; None without any.
        genres: every genre they rated.
        decades: every decade they rated.
        people: directors and leads of at least two films they rated, twenty at most.
    """

    n_ratings: int
    mean: float | None
    genres: tuple[Preference, ...]
    decades: tuple[Preference, ...]
    people: tuple[Preference, ...]


@dataclass(frozen=True, kw_only=True)
class Session:
    """A viewer who is signed in.

    Attributes:
        viewer_id: who.
        name: what they call themselves, if they said.
        token: the secret that proves it; only its digest is kept by us.
        expires: Unix seconds.
    """

    viewer_id: int
    name: str | None
    token: str = field(repr=False)
    expires: int

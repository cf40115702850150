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
        imdb_id: number of the IMDb title, without "tt".
        tmdb_id: number of the TMDB film.
        rating_mean: plain average of everybody's stars in the live release; None without ratings.
        rating_count: number of those ratings.
        your_rating: stars the asking viewer gave, None without one or without a viewer.
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
    imdb_id: int | None = None
    tmdb_id: int | None = None
    rating_mean: float | None = None
    rating_count: int = 0
    your_rating: float | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A film of the viewer's own that speaks for a recommendation.

    Attributes:
        movie_id: the rated film.
        title: its display title.
        your_rating: stars the viewer gave it.
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
    """

    film: Film
    score: float
    reason: str
    because: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """One titled row of films.

    Attributes:
        key: what kind of row it is: for-you, popular, because, trending, trending-genre, best-rated or best-rated-genre.
        title: heading.
        note: one sentence that says how the row came about.
        cards: best first, never empty.
    """

    key: str
    title: str
    note: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, kw_only=True)
class Home:
    """The first page.

    Attributes:
        shelves: up to three rows; no film twice, none that the viewer has rated.
        known: whether the first row is personal.
        n_ratings: how many ratings the viewer gave.
        n_needed: how many ratings are missing until the first row is personal; 0 when it is.
        data_label: name of the data behind the page, with "simulated viewers" where that is so.
        simulated: whether the ratings were made by a program.
    """

    shelves: tuple[Shelf, ...]
    known: bool
    n_ratings: int
    n_needed: int
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

"""Finding films: search with filters, and everything in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from matinee.errors import InputError, UnknownIdError
from matinee.service import Card, Cinema, Film, Shelf
from matinee.service.films import SORTS
from matinee.service.paging import StaleCursorError
from matinee.web.forms import with_query, year_in
from matinee.web.visit import Visiting
from matinee.web.words import films as films_in_words

router = APIRouter(include_in_schema=False)

PAGE = 48
FOUND = 100
PARTS = 20
"""How many parts of a hundred films are looked through when there are filters but no words."""

SORT_NAMES = {"popular": "Best known", "rating": "Best rated", "newest": "Newest", "title": "Title A–Z"}


@router.get("/search")
def show_search(
    visit: Visiting,
    q: str = "",
    genre: str = "",
    from_: Annotated[str, Query(alias="from")] = "",
    to: str = "",
) -> HTMLResponse:
    """Search by title, people and words of the story, within a genre and years."""
    words = " ".join(q.split())[:200]
    years = (year_in(from_), year_in(to))
    asked = bool(words or genre or any(years))
    found = _find(visit.cinema, words, genre, years, visit.viewer_id) if asked else []
    well_known = visit.cinema.movies(n=30, viewer_id=visit.viewer_id).films
    return visit.page(
        "search.html",
        query=words,
        genre=genre,
        genres=visit.cinema.genres,
        from_year=years[0],
        to_year=years[1],
        asked=asked,
        cards=_cards(found[:FOUND]),
        count_text=_count(found, words),
        suggestions=_people(well_known),
        liked=_shelf(well_known),
    )


@router.get("/browse")
def show_browse(visit: Visiting, genre: str = "", sort: str = "popular", cursor: str | None = None) -> Response:
    """Show all films, part by part; a cursor that is no good any more leads back to the first part."""
    here = with_query("/browse", genre=genre or None, sort=None if sort == "popular" else sort)
    try:
        page = visit.cinema.movies(cursor, PAGE, genre or None, sort, visit.viewer_id)
    except (StaleCursorError, InputError) as error:
        if cursor is None or isinstance(error, UnknownIdError):
            raise
        return visit.back(here)

    def link(**change: str) -> str:
        return with_query(here, **{name: value or None for name, value in change.items()})

    return visit.page(
        "browse.html",
        cards=_cards(page.films),
        genre=genre,
        genres=visit.cinema.genres,
        sort=sort,
        sorts=[(name, SORT_NAMES[name]) for name in SORTS],
        link=link,
        count_text=f"{films_in_words(page.total)}.",
        more=with_query(here, cursor=page.next_cursor) if page.next_cursor else None,
    )


def _find(
    cinema: Cinema, words: str, genre: str, years: tuple[int | None, int | None], viewer_id: int | None
) -> list[Film]:
    """Return up to `FOUND` + 1 films, best first; one too many says that there are more."""

    def fits(film: Film) -> bool:
        low, high = years
        in_years = not any(years) or (film.year is not None and (low or 0) <= film.year <= (high or 9999))
        return in_years and (not genre or genre in film.genres)

    if genre and genre not in cinema.genres:
        raise InputError(f"There is no genre {genre!r}.", hint=f"Genres: {', '.join(cinema.genres) or 'none'}.")
    if words:
        return [film for film in cinema.search(words, FOUND, viewer_id, seen=True) if fits(film)]
    found: list[Film] = []
    cursor = None
    for _ in range(PARTS):
        part = cinema.movies(cursor, 100, genre or None, viewer_id=viewer_id)
        found += filter(fits, part.films)
        cursor = part.next_cursor
        if cursor is None or len(found) > FOUND:
            break
    return found[: FOUND + 1]


def _count(found: Sequence[Film], words: str) -> str:
    number = f"The {FOUND} best known films" if len(found) > FOUND else films_in_words(len(found))
    return f"{number} for “{words}”." if words else f"{number}."


def _cards(films: Sequence[Film]) -> list[Card]:
    return [Card(film=film, score=0.0, reason="") for film in films]


def _people(films: Sequence[Film]) -> list[str]:
    """Return a few names worth searching for."""
    return list(dict.fromkeys(name for film in films for name in film.directors[:1]))[:6]


def _shelf(films: Sequence[Film]) -> Shelf | None:
    if not films:
        return None
    return Shelf(key="liked", title="Meanwhile", note="The best known films.", cards=tuple(_cards(films[:14])))

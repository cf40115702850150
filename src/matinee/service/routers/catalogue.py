"""The catalogue: lists, one film, search, what is similar, what trends."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from matinee.service.access import LARGEST_ID, Anyone, TheCinema
from matinee.service.answers import Film, FilmPage
from matinee.service.bodies import CardList, FilmList, answers
from matinee.service.films import Sort
from matinee.service.use_cases import MOST

router = APIRouter(prefix="/api", tags=["catalogue"])

Count = Annotated[int, Query(ge=1, le=MOST, description="How many films, at most.")]
Genre = Annotated[str | None, Query(max_length=100, description="Keep one genre only.", examples=["Drama"])]
Movie = Annotated[int, Path(ge=0, le=LARGEST_ID, description="Id of a movie.", examples=[1])]


@router.get("/movies", responses=answers("FILM_PAGE", 401, 404, 410, 422))
def list_movies(
    cinema: TheCinema,
    caller: Anyone,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the part before.")] = None,
    limit: Count = 20,
    genre: Genre = None,
    sort: Annotated[Sort, Query(description="The order of the list.")] = "popular",
) -> FilmPage:
    """List the catalogue in parts; following the cursors shows every film exactly once."""
    return cinema.movies(cursor, limit, genre, sort, caller.viewer_id)


@router.get("/movies/{movie_id}", responses=answers("FILM", 401, 404, 422))
def show_movie(cinema: TheCinema, caller: Anyone, movie_id: Movie) -> Film:
    """Show one film, with the caller's stars where they have a session."""
    return cinema.movie(movie_id, caller.viewer_id)


@router.get("/movies/{movie_id}/similar", responses=answers("SIMILAR", 401, 404, 422))
def list_similar(cinema: TheCinema, caller: Anyone, movie_id: Movie, n: Count = 10) -> CardList:
    """List the films most like one film; what may not be shown to the caller is left out."""
    return CardList(items=cinema.similar(movie_id, n, caller.viewer_id))


@router.get("/trending", responses=answers("TRENDING", 401, 404, 422))
def list_trending(cinema: TheCinema, caller: Anyone, genre: Genre = None, n: Count = 10) -> CardList:
    """List what was rated most in the last 90 days of the data; empty where no times are known."""
    return CardList(items=cinema.trending(n, genre, caller.viewer_id))


@router.get("/search", responses=answers("FILMS", 401, 422))
def search(
    cinema: TheCinema,
    caller: Anyone,
    query: Annotated[str, Query(min_length=1, max_length=200, description="Words of titles, people, genres, years.")],
    n: Count = 20,
    seen: Annotated[bool, Query(description="Find what the caller has seen or hidden, too.")] = False,
) -> FilmList:
    """Find films in which every word occurs, best first; limits of the caller's household hold always."""
    return FilmList(items=cinema.search(query, n, caller.viewer_id, seen=seen))

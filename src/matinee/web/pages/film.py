"""One film, and what people tell us about films."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.background import BackgroundTask

from matinee.errors import UnknownIdError
from matinee.service import Shelf
from matinee.web.forms import Fields, local, stars_in, with_query
from matinee.web.visit import Visiting

router = APIRouter(include_in_schema=False)

SIMILAR = 14
SHELVES = ("/", "/row")
"""Addresses of the first page and of more of its rows: who comes from there has opened what was shown."""


@router.get("/movie/{film}")
def show_film(film: int, visit: Visiting) -> HTMLResponse:
    """Show one film: its facts, the viewer's stars, what we expect, and films like it."""
    found = visit.cinema.movie(film, visit.viewer_id)
    near = visit.cinema.similar(film, SIMILAR, visit.viewer_id)
    similar = Shelf(key="similar", title=f"Films like {found.title}", note=near[0].reason, cards=near) if near else None
    page = visit.page(
        "movie.html",
        film=found,
        insight=visit.cinema.insight(visit.viewer_id, film),
        similar=similar,
        audit=None if visit.viewer_id is None else visit.cinema.why_not(visit.viewer_id, film),
        rated=visit.rated(),
    )
    if urlsplit(visit.request.headers.get("referer", "")).path in SHELVES:
        page.background = BackgroundTask(visit.cinema.opened, visit.viewer_id, found.id)
    return page


@router.post("/movie/{film}/rate")
def rate(film: int, fields: Fields, visit: Visiting) -> Response:
    """Store or clear a rating, then return to the page it came from, or answer a script."""
    stars = stars_in(fields)
    before = visit.cinema.movie(film, visit.viewer_id)
    answer, session = visit.rate(film, stars)
    if "application/json" in visit.request.headers.get("accept", ""):
        response: Response = JSONResponse(
            {"movie": film, "stars": stars, "n_ratings": answer, "needed": visit.needed, "before": before.your_rating}
        )
    else:
        response = visit.back(with_query(local(fields.get("next")), rated=film, was=before.your_rating))
    visit.remember(response, session)
    return response


@router.get("/movie/{film}/without")
def show_without(film: int, visit: Visiting) -> HTMLResponse:
    """Show what the viewer's rating of a film does to their list."""
    if visit.viewer_id is None:
        raise UnknownIdError("You have not rated this film.", hint="Rate it first; then this page shows what that did.")
    return visit.page("without.html", change=visit.cinema.without(visit.viewer_id, film))


@router.get("/watchlist")
def show_watchlist(visit: Visiting) -> HTMLResponse:
    """Show what the viewer put aside for later, newest first."""
    put = () if visit.viewer_id is None else visit.cinema.said(visit.viewer_id, "watchlist")
    return visit.page("watchlist.html", films=[each.film for each in put])


@router.get("/my-ratings")
def show_ratings(visit: Visiting) -> HTMLResponse:
    """Show everything the viewer rated, newest first, to change or clear."""
    own = () if visit.viewer_id is None else visit.cinema.ratings(visit.viewer_id)
    films = [each.film for each in own]
    stars = [film.your_rating for film in films if film.your_rating is not None]
    counts = Counter(stars)
    return visit.page(
        "ratings.html",
        films=films,
        mean=sum(stars) / len(stars) if stars else 0.0,
        curve=[(value, counts[value]) for value in visit.cinema.star_values],
        tallest=max(counts.values(), default=1),
        rated=visit.rated(),
    )

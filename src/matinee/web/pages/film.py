"""One film, and what people tell us about films."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from matinee.service import Shelf
from matinee.web.forms import Fields, local, stars_in, with_query
from matinee.web.insight import insight
from matinee.web.visit import Visiting

router = APIRouter(include_in_schema=False)

SIMILAR = 14


@router.get("/movie/{film}")
def show_film(film: int, visit: Visiting) -> HTMLResponse:
    """Show one film: its facts, the viewer's stars, what we expect, and films like it."""
    found = visit.cinema.movie(film, visit.viewer_id)
    near = visit.cinema.similar(film, SIMILAR, visit.viewer_id)
    similar = Shelf(key="similar", title=f"Films like {found.title}", note=near[0].reason, cards=near) if near else None
    return visit.page(
        "movie.html",
        film=found,
        insight=insight(visit.cinema, film, visit.viewer_id),
        similar=similar,
        rated=visit.rated(),
    )


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

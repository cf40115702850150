"""The first visit: rate five films, then see a personal list."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from matinee.web.forms import Fields, stars_in, with_query
from matinee.web.visit import Visit, Visiting
from matinee.web.words import whole

router = APIRouter(include_in_schema=False)

ASKED_ABOUT = 24
FIELD = "stars-"


@router.get("/welcome")
def show_welcome(visit: Visiting, q: str = "") -> HTMLResponse:
    """Show films to rate: well known and divisive ones, or those searched for."""
    asked = " ".join(q.split())[:200]
    if asked:
        films = visit.cinema.search(asked, ASKED_ABOUT, visit.viewer_id, seen=True)
    else:
        films = visit.cinema.onboarding(visit.viewer_id, n=ASKED_ABOUT)
    return visit.page("welcome.html", films=films, asked=asked, n_ratings=visit.n_ratings())


@router.post("/welcome")
def save_welcome(fields: Fields, visit: Visiting) -> Response:
    """Store every film that was given stars; go on to the list once there are enough, or on searching."""
    ratings = {int(name.removeprefix(FIELD)): stars_in(fields, name) for name in fields if _names_film(name)}
    changed = {film: stars for film, stars in ratings.items() if stars is not None and _differs(visit, film, stars)}
    session = visit.rate_all(changed)
    if fields.get("action") == "search":
        response: Response = visit.back(with_query("/welcome", q=fields.get("q") or None))
    else:
        response = visit.back("/")
    visit.remember(response, session)
    return response


def _names_film(name: str) -> bool:
    number = name.removeprefix(FIELD)
    return name.startswith(FIELD) and number.isascii() and number.isdigit() and len(number) < 16


def _differs(visit: Visit, film: int, stars: float) -> bool:
    """Whether stars say something new; half stars are shown rounded here and must survive a form sent unchanged."""
    before = visit.cinema.movie(film, visit.viewer_id).your_rating
    return before is None or whole(before) != stars

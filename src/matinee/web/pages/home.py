"""The first page, more of its rows, and what trends."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.background import BackgroundTask

from matinee.service import Card, Film, Home, Shelf
from matinee.web.visit import Visiting

router = APIRouter(include_in_schema=False)

TRENDING = 60
FAN = 5
MORE = 24
"""Films that join a row at once, or stand on a page of their own where scripts are off."""
SKIPPED_MOST = 50


@router.get("/")
def show_home(visit: Visiting) -> HTMLResponse:
    """Show a top pick and the rows of the day, each with its reason; ask newcomers one question."""
    skipped = visit.ids("skip", SKIPPED_MOST)
    home = visit.cinema.home(visit.viewer_id, skipped=skipped)
    hero, shelves = _open(home)
    page = visit.page(
        "home.html",
        home=home,
        hero=hero,
        shelves=shelves,
        fan=_fan(home),
        rated=visit.rated(),
        skipped=skipped,
    )
    # After the page is out: remembering it neither delays nor breaks it.
    page.background = BackgroundTask(visit.cinema.remember_page, visit.viewer_id, home)
    return page


@router.get("/row")
def show_more(visit: Visiting, cursor: str = "") -> HTMLResponse:
    """Show the next films of a row of the first page."""
    shelf = visit.cinema.more(cursor, MORE, visit.viewer_id, exclude=visit.ids("exclude", 500))
    page = visit.page("row.html", shelf=shelf)
    page.background = BackgroundTask(visit.cinema.remember_row, visit.viewer_id, shelf)
    return page


@router.get("/trending")
def show_trending(visit: Visiting, genre: str = "") -> HTMLResponse:
    """Show what was rated most lately."""
    cards = visit.cinema.trending(TRENDING, genre or None, visit.viewer_id)
    return visit.page("trending.html", cards=cards, genre=genre, genres=visit.cinema.genres)


@router.get("/help")
def show_help(visit: Visiting) -> HTMLResponse:
    """Show the keys."""
    return visit.page("help.html")


def _open(home: Home) -> tuple[Card | None, tuple[Shelf, ...]]:
    """Lift the best film out of the first row, so that no film is on the page twice."""
    if not home.n_ratings or not home.shelves or len(home.shelves[0].cards) < 2:
        return None, home.shelves
    first, *rest = home.shelves
    return first.cards[0], (replace(first, cards=first.cards[1:]), *rest)


def _fan(home: Home) -> list[Film]:
    """Pick the films whose posters greet a stranger, the best known on top."""
    return [card.film for shelf in home.shelves for card in shelf.cards][:FAN][::-1]

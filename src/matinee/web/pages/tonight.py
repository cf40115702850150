"""Tonight: three films for people who watch together."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from matinee.errors import InputError, MatineeError
from matinee.ranking import Policy
from matinee.service.evening import Evening, Guest
from matinee.web.pages.taste import AGES
from matinee.web.visit import Visit, Visiting

router = APIRouter(include_in_schema=False)

GUEST_ROWS = 3
OFFERED = 100
"""Best known films that the fields complete."""


@dataclass(frozen=True)
class GuestRow:
    """What the form holds of one guest."""

    name: str
    loves: str


@router.get("/tonight")
def show_tonight(visit: Visiting) -> HTMLResponse:
    """Show the form, and the picks where it was filled in; nothing is stored, so asking again is harmless."""
    query = visit.request.query_params
    names, loves = query.getlist("guest"), query.getlist("loves")
    rows = [GuestRow(" ".join(name.split()), love.strip()) for name, love in zip(names, loves, strict=False)]
    evening: Evening | None = None
    problem: MatineeError | None = None
    asked = "ask" in query or "veto" in query
    if asked and visit.viewer_id is not None:
        try:
            evening = _ask(visit, rows)
        except MatineeError as error:
            problem = error
    known = visit.cinema.movies(n=OFFERED).films
    return visit.page(
        "tonight.html",
        status=422 if problem is not None else 200,
        evening=evening,
        problem=problem,
        rows=[*rows, *[GuestRow("", "")] * max(GUEST_ROWS - len(rows), 0)],
        max_age=query.get("max_age", ""),
        max_runtime=query.get("max_runtime", ""),
        ages=AGES,
        offered=[f"{film.title} ({film.year})" if film.year else film.title for film in known],
        asked=asked,
        vetoes=query.getlist("veto"),
        n_ratings=visit.n_ratings(),
    )


def _ask(visit: Visit, rows: list[GuestRow]) -> Evening:
    assert visit.viewer_id is not None  # noqa: S101 - the caller has looked
    query = visit.request.query_params
    narrowed = Policy(
        seen=False, max_age=_number(query.get("max_age")), max_runtime=_number(query.get("max_runtime")) or None
    )
    guests = [_guest(visit, place, row) for place, row in enumerate(rows, start=1) if row.name or row.loves]
    vetoes = [int(text) for text in query.getlist("veto") if text.isascii() and text.isdigit() and len(text) < 16]
    return visit.cinema.tonight(visit.viewer_id, guests, narrowed=narrowed, vetoes=vetoes)


def _guest(visit: Visit, place: int, row: GuestRow) -> Guest:
    recommender = visit.cinema.recommender
    loved = [recommender.resolve(title) for title in row.loves.split(";") if title.strip()]
    ids = recommender.catalogue.ids.ids
    return Guest(name=row.name or f"Guest {place}", ratings={int(ids[movie]): None for movie in loved})


def _number(text: str | None) -> int | None:
    if not text or not text.strip():
        return None
    if not (text.strip().isascii() and text.strip().isdigit() and len(text.strip()) < 6):
        raise InputError(f"A limit is a whole number; got {text[:40]!r}.", hint="Leave the field empty for no limit.")
    return int(text)

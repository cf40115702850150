"""Taste and limits: the sliders from never to much more, what the household allows, and taking steps back."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from matinee.errors import InputError
from matinee.ranking.diversity import DEFAULT_DIAL
from matinee.ranking.taste import Slider, SliderKind
from matinee.service import Session
from matinee.service.steering import SLIDERS_MOST, NothingToUndoError
from matinee.store import Limits
from matinee.web.forms import Fields, local, with_query
from matinee.web.visit import Visit, Visiting
from matinee.web.words import language

router = APIRouter(include_in_schema=False)

AGES = ((0, "Everybody"), (8, "Children of 8"), (13, "Teenagers of 13"), (17, "People of 17"))
"""Ages a household can choose as its limit; a film counts by the youngest age it is fit for."""
PEOPLE_OFFERED = 8
SLIDER = "slider "


@dataclass(frozen=True)
class Row:
    """One slider of the page."""

    kind: str
    name: str
    level: int

    @property
    def field(self) -> str:
        """What its form field is called."""
        return f"{SLIDER}{self.kind} {self.name}"


@router.get("/taste")
def show_taste(visit: Visiting) -> HTMLResponse:
    """Show the sliders and the limits."""
    cinema, viewer = visit.cinema, visit.viewer_id
    catalogue = cinema.recommender.catalogue
    if viewer is None:
        moved, limits, people, can_undo = {}, Limits(), [], False
    else:
        moved = {(each.kind, each.name): each.level for each in cinema.taste(viewer).sliders}
        held = cinema.settings(viewer)
        limits = Limits(
            held.max_age,
            held.max_runtime,
            held.min_year,
            held.max_year,
            held.languages,
            held.only_available,
            held.discovery,
        )
        people = [each.name for each in cinema.preferences(viewer).people[:PEOPLE_OFFERED]]
        can_undo = cinema.store.n_actions(viewer) > 0
    decades = sorted({f"{year // 10 * 10}s" for year in catalogue.years.tolist() if year}, reverse=True)
    offered = {"genre": catalogue.genre_names, "decade": decades, "person": people, "theme": [], "franchise": []}
    groups = {kind: _rows(kind, names, moved) for kind, names in offered.items()}
    codes = catalogue.movies["language"].drop_nulls().value_counts(sort=True)["language"].to_list()
    return visit.page(
        "taste.html",
        groups=groups,
        limits=limits,
        dial=DEFAULT_DIAL if limits.discovery is None else limits.discovery,
        usual_dial=DEFAULT_DIAL,
        ages=AGES,
        languages=sorted(((code, language(code)) for code in codes), key=lambda pair: pair[1]),
        can_undo=can_undo,
        done=visit.request.query_params.get("done"),
    )


@router.post("/taste")
def save_taste(fields: Fields, visit: Visiting) -> Response:
    """Store every slider and limit of the form, in place of the former."""
    sliders = [_slider(name, level) for name, level in fields.items() if name.startswith(SLIDER)]
    added = " ".join(fields.get("add", "").split())
    if added:
        sliders.append(_slider(f"{SLIDER}{fields.get('add-kind') or 'person'} {added}", "1"))
    limits = _limits(fields)
    if len(sliders) > SLIDERS_MOST:
        raise InputError(f"A taste has up to {SLIDERS_MOST} sliders; got {len(sliders)}.")
    viewer, session = _viewer(visit)
    # Limits first: they can still be refused, and then nothing has changed.
    visit.cinema.set_settings(viewer, limits)
    visit.cinema.set_taste(viewer, sliders)
    response = visit.back(with_query("/taste", done="saved"))
    visit.remember(response, session)
    return response


@router.post("/movie/{film}/say")
def say(film: int, fields: Fields, visit: Visiting) -> Response:
    """Store what somebody says of a film beside stars, or take it back."""
    viewer, session = _viewer(visit)
    said = visit.cinema.say(viewer, film, fields.get("kind", ""), given=fields.get("given", "1") != "0")
    if "application/json" in visit.request.headers.get("accept", ""):
        response: Response = JSONResponse({"movie": film, "kinds": list(said.kinds)})
    else:
        response = visit.back(local(fields.get("next"), f"/movie/{film}"))
    visit.remember(response, session)
    return response


@router.post("/undo")
def undo(fields: Fields, visit: Visiting) -> Response:
    """Take back the latest feedback, change of taste or change of limits."""
    what, left = None, 0
    if visit.viewer_id is not None:
        with suppress(NothingToUndoError):
            undone = visit.cinema.undo(visit.viewer_id)
            what, left = undone.what, undone.left
    if "application/json" in visit.request.headers.get("accept", ""):
        return JSONResponse({"what": what, "left": left})
    return visit.back(with_query(local(fields.get("next")), done="undone" if what else "nothing"))


def _rows(kind: str, names: Iterable[str], moved: dict[tuple[str, str], int]) -> list[Row]:
    """Return a row for every name offered, and for every other name that has a slider."""
    offered = list(names)
    others = [name for of_kind, name in moved if of_kind == kind and name not in offered]
    return [Row(kind, name, moved.get((kind, name), 0)) for name in [*offered, *others]]


def _slider(field: str, level: str) -> Slider:
    kind, _, name = field.removeprefix(SLIDER).partition(" ")
    try:
        return Slider(cast(SliderKind, kind), name, int(level))  # a Slider refuses other kinds itself
    except ValueError:
        raise InputError(f"A slider stands at -2 to 2; got {level!r}.") from None


def _limits(fields: dict[str, str]) -> Limits:
    codes = sorted(name.removeprefix("language ") for name in fields if name.startswith("language "))
    return Limits(
        max_age=_number(fields, "max_age", "An age"),
        max_runtime=_number(fields, "max_runtime", "A length in minutes"),
        min_year=_number(fields, "min_year", "A year"),
        max_year=_number(fields, "max_year", "A year"),
        languages=tuple(codes) or None,
        only_available=fields.get("only_available") == "1",
        discovery=_dial(fields.get("discovery", "")),
    )


def _dial(text: str) -> float | None:
    """Return where the dial was put; None where it stands as usual, so that a better default reaches everybody."""
    try:
        dial = float(text or DEFAULT_DIAL)
    except ValueError:
        raise InputError(f"The dial is a number from 0 to 1; got {text[:40]!r}.") from None
    return None if dial == DEFAULT_DIAL else dial


def _number(fields: dict[str, str], name: str, what: str) -> int | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InputError(f"{what} is a whole number; got {text[:40]!r}.", hint="Leave the field empty for no limit.")
    return int(text)


def _viewer(visit: Visit) -> tuple[int, Session | None]:
    """Return who asks; somebody we do not know yet becomes a viewer."""
    if visit.viewer_id is not None:
        return visit.viewer_id, None
    session = visit.cinema.onboard()
    return session.viewer_id, session

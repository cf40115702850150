"""Control: what a viewer says beside stars, their sliders and limits, undo, and why a film is not shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from matinee.service.access import LARGEST_ID, TheCinema, ViewerId
from matinee.service.answers import Audit, HouseholdSettings, Said, TakenBack, TasteState
from matinee.service.bodies import FeedbackBody, FeedbackKind, FeedbackList, SettingsBody, TasteBody, answers

router = APIRouter(prefix="/api", tags=["control"])

Movie = Annotated[int, Path(ge=0, le=LARGEST_ID, description="Id of a movie.", examples=[1])]


@router.post("/feedback", responses=answers("SAID", 401, 403, 404, 413, 422))
def say(cinema: TheCinema, viewer_id: ViewerId, body: FeedbackBody) -> Said:
    """Store one thing said of a film beside stars, or take it back with `value` false; the next list counts it."""
    return cinema.say(viewer_id, body.movie_id, body.kind, given=body.value)


@router.get("/feedback", responses=answers("OWN_FEEDBACK", 401, 403, 422))
def list_feedback(
    cinema: TheCinema,
    viewer_id: ViewerId,
    kind: Annotated[FeedbackKind | None, Query(description="Keep one kind only, such as `watchlist`.")] = None,
) -> FeedbackList:
    """List what the caller said of films, newest first."""
    return FeedbackList(items=cinema.said(viewer_id, kind))


@router.post("/undo", responses=answers("TAKEN_BACK", 401, 403, 409))
def undo(cinema: TheCinema, viewer_id: ViewerId) -> TakenBack:
    """Take back the caller's latest feedback, change of taste or change of settings; again takes back the one before."""
    return cinema.undo(viewer_id)


@router.get("/taste", responses=answers("TASTE", 401, 403))
def show_taste(cinema: TheCinema, viewer_id: ViewerId) -> TasteState:
    """Show the caller's sliders, and what there is to make sliders of."""
    return cinema.taste(viewer_id)


@router.put("/taste", responses=answers("TASTE", 401, 403, 413, 422))
def set_taste(cinema: TheCinema, viewer_id: ViewerId, body: TasteBody) -> TasteState:
    """Let these be the caller's sliders, in place of the former; the next list follows them."""
    return cinema.set_taste(viewer_id, [each.slider() for each in body.sliders])


@router.get("/settings", responses=answers("SETTINGS", 401, 403))
def show_settings(cinema: TheCinema, viewer_id: ViewerId) -> HouseholdSettings:
    """Show what the caller's household allows."""
    return cinema.settings(viewer_id)


@router.put("/settings", responses=answers("SETTINGS", 401, 403, 404, 413, 422))
def set_settings(cinema: TheCinema, viewer_id: ViewerId, body: SettingsBody) -> HouseholdSettings:
    """Let these be the limits of the caller's household, in place of the former; every list keeps them from now on."""
    return cinema.set_settings(viewer_id, body.limits(), body.available)


@router.get("/movies/{movie_id}/why-not", responses=answers("AUDIT", 401, 403, 404, 422))
def audit(
    cinema: TheCinema,
    viewer_id: ViewerId,
    movie_id: Movie,
    strategy: Annotated[str, Query(max_length=50, description="As for `/api/recommendations`.")] = "hybrid",
) -> Audit:
    """Say why a film is not shown to the caller: every rule that bars it, or its place in their whole list."""
    return cinema.why_not(viewer_id, movie_id, strategy)

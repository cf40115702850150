"""Explanations: a score taken apart, and what one rating does to a list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from matinee.service.access import LARGEST_ID, TheCinema, ViewerId
from matinee.service.bodies import answers
from matinee.service.insights import LISTED, Insight, ListChange
from matinee.service.use_cases import MOST

router = APIRouter(prefix="/api", tags=["explanations"])

Movie = Annotated[int, Path(ge=0, le=LARGEST_ID, description="Id of a movie.", examples=[1])]


@router.get("/movies/{movie_id}/explanation", responses=answers("INSIGHT", 401, 403, 404, 422))
def explain(cinema: TheCinema, viewer_id: ViewerId, movie_id: Movie) -> Insight:
    """Take a film's score for the caller apart: amounts of their ratings, of genres, people and fame that add up to it."""
    return cinema.insight(viewer_id, movie_id)


@router.get("/movies/{movie_id}/without", responses=answers("LIST_CHANGE", 401, 403, 404, 422))
def without(
    cinema: TheCinema,
    viewer_id: ViewerId,
    movie_id: Movie,
    n: Annotated[int, Query(ge=1, le=MOST, description="Length of the list.")] = LISTED,
) -> ListChange:
    """Say what one of the caller's ratings does to their list, by making the list anew without it."""
    return cinema.without(viewer_id, movie_id, n)

"""Feedback: what a viewer rates, what they have rated and done, and what that says of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from matinee.service.access import TheCinema, ViewerId
from matinee.service.answers import History, Preferences, Rated
from matinee.service.bodies import RateBody, RatingList, answers
from matinee.service.use_cases import MOST

router = APIRouter(prefix="/api", tags=["feedback"])


@router.post("/rate", responses=answers("RATED", 401, 403, 404, 413, 422))
def rate(cinema: TheCinema, viewer_id: ViewerId, body: RateBody) -> Rated:
    """Store a rating in place of a former one, or take it back with null.

    When this answers, the rating is on the disk and the next list counts it.
    """
    return cinema.rate(viewer_id, body.movie_id, body.value)


@router.get("/ratings", responses=answers("OWN_RATINGS", 401, 403))
def list_ratings(cinema: TheCinema, viewer_id: ViewerId) -> RatingList:
    """List the caller's own ratings, newest first."""
    return RatingList(items=cinema.ratings(viewer_id))


@router.get("/history", responses=answers("HISTORY", 401, 403, 422))
def show_history(
    cinema: TheCinema,
    viewer_id: ViewerId,
    n: Annotated[int, Query(ge=1, le=MOST, description="How many events, at most.")] = 50,
    cursor: Annotated[str | None, Query(max_length=40, description="`next_cursor` of the part before.")] = None,
) -> History:
    """List what the caller did, newest first: ratings and everything else they said of films."""
    return cinema.history(viewer_id, n, cursor)


@router.get("/preferences", responses=answers("PREFERENCES", 401, 403))
def show_preferences(cinema: TheCinema, viewer_id: ViewerId) -> Preferences:
    """Say what the caller's stars say of genres, decades and people, most rated first."""
    return cinema.preferences(viewer_id)

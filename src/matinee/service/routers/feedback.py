"""Feedback: what a viewer rates, and what they have rated."""

from __future__ import annotations

from fastapi import APIRouter

from matinee.service.access import TheCinema, ViewerId
from matinee.service.answers import Rated
from matinee.service.bodies import RateBody, RatingList, answers

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

"""Recommendations: personal lists, for their owner and for the operator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from matinee.service.access import Owner, TheCinema, ViewerId
from matinee.service.answers import PersonalList
from matinee.service.bodies import RecommendBody, answers
from matinee.service.use_cases import MOST

router = APIRouter(prefix="/api", tags=["recommendations"])


@router.get("/recommendations/{user_id}", responses=answers("PERSONAL_LIST", 401, 403, 404, 422))
def recommend(
    cinema: TheCinema,
    user_id: Owner,
    n: Annotated[int, Query(ge=1, le=MOST, description="How many films, at most.")] = 10,
    strategy: Annotated[str, Query(max_length=50, description="`hybrid`, a preset, or one engine's name.")] = "hybrid",
) -> PersonalList:
    """List films that may be shown to a viewer, best first, each with its reason."""
    return cinema.recommendations(user_id, n, strategy)


@router.post("/recommend", responses=answers("PERSONAL_LIST", 401, 403, 404, 413, 422))
def recommend_within(cinema: TheCinema, viewer_id: ViewerId, body: RecommendBody) -> PersonalList:
    """List films for the caller within limits of this one list, which add to those of their household.

    Nothing is stored. `exclude` names films to leave out, such as those on the page already.
    """
    return cinema.recommendations(
        viewer_id,
        body.n,
        body.strategy,
        narrowed=body.narrowed(),
        exclude=body.exclude,
        discovery=body.discovery,
    )

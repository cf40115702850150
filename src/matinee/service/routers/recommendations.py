"""Recommendations: personal lists, for their owner and for the operator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from matinee.service.access import Owner, TheCinema
from matinee.service.answers import PersonalList
from matinee.service.bodies import answers
from matinee.service.use_cases import MOST

router = APIRouter(prefix="/api", tags=["recommendations"])


@router.get("/recommendations/{user_id}", responses=answers("PERSONAL_LIST", 401, 403, 404, 422))
def recommend(
    cinema: TheCinema,
    user_id: Owner,
    n: Annotated[int, Query(ge=1, le=MOST, description="How many films, at most.")] = 10,
    strategy: Annotated[str, Query(max_length=50, description="`hybrid`, or one engine's name.")] = "hybrid",
) -> PersonalList:
    """List films a viewer has not rated, best first, each with its reason."""
    return cinema.recommendations(user_id, n, strategy)

"""Together: what a group watches tonight."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from matinee.ranking.policy import Policy
from matinee.service.access import TheCinema, ViewerId
from matinee.service.bodies import TonightBody, answers
from matinee.service.evening import PICKS, Evening

router = APIRouter(prefix="/api", tags=["together"])


@router.get("/tonight", responses=answers("EVENING", 401, 403, 422))
def tonight_alone(
    cinema: TheCinema,
    viewer_id: ViewerId,
    max_runtime: Annotated[int | None, Query(ge=1, le=10_000, description="Minutes.")] = None,
    max_age: Annotated[int | None, Query(ge=0, le=120, description="Years: known to be fit for this age.")] = None,
    n: Annotated[int, Query(ge=1, le=10, description="How many picks.")] = PICKS,
) -> Evening:
    """Pick a few films for the caller alone: a decision instead of a list."""
    narrowed = Policy(seen=False, max_runtime=max_runtime, max_age=max_age)
    return cinema.tonight(viewer_id, narrowed=narrowed, n=n)


@router.post("/tonight", responses=answers("EVENING", 401, 403, 404, 413, 422))
def tonight(cinema: TheCinema, viewer_id: ViewerId, body: TonightBody) -> Evening:
    """Pick a few films for the caller and their guests, who say what they love; nothing of them is stored."""
    return cinema.tonight(
        viewer_id,
        [each.guest() for each in body.guests],
        name=body.name,
        narrowed=body.narrowed(),
        vetoes=body.vetoes,
        n=body.n,
    )

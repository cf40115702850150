"""People: the first visit, what to ask a newcomer, and the end of a session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from matinee.service.access import LARGEST_ID, Anyone, TheCinema, ViewerId, hand_over, take_back
from matinee.service.answers import Session
from matinee.service.bodies import FilmList, OnboardBody, answers
from matinee.service.use_cases import MOST

router = APIRouter(prefix="/api", tags=["people"])


@router.post("/onboard", status_code=201, responses=answers("SESSION", 401, 403, 404, 413, 422, status=201))
def onboard(request: Request, response: Response, cinema: TheCinema, caller: Anyone, body: OnboardBody) -> Session:
    """Welcome a person: store what they tell and open a session, all or nothing.

    Without a session a new viewer is made; with one, what they tell is added to what they told before. The token comes
    in the answer and as a cookie that scripts cannot read.
    """
    ratings = {each.movie_id: each.value for each in body.ratings}
    session = cinema.onboard(body.name, ratings, body.genres, caller.viewer_id)
    hand_over(response, session, request.app.state.settings)
    return session


@router.get("/onboarding", responses=answers("FILMS", 401, 422))
def list_telling_films(
    cinema: TheCinema,
    caller: Anyone,
    n: Annotated[int, Query(ge=1, le=MOST, description="How many films, at most.")] = 12,
    exclude: Annotated[
        list[Annotated[int, Query(ge=0, le=LARGEST_ID)]] | None,
        Query(max_length=500, description="Ids of films shown already; may be repeated."),
    ] = None,
) -> FilmList:
    """List films worth asking a newcomer about: well known, divisive, of different genres."""
    return FilmList(items=cinema.onboarding(caller.viewer_id, exclude or (), n))


@router.delete("/session", status_code=204, responses=answers(None, 401, 403))
def sign_out(
    request: Request,
    response: Response,
    cinema: TheCinema,
    caller: Anyone,
    _viewer_id: ViewerId,
) -> None:
    """End the session that the request was made with."""
    cinema.sign_out(caller.token or "")
    take_back(response, request.app.state.settings)

"""Who asks, and what they may reach: everybody the catalogue, a viewer their own data, the operator everybody's.

A viewer proves who they are by the session token, in a cookie or as a bearer token; the operator by the operator token.
No user id in a body is ever believed.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.concurrency import run_in_threadpool

from matinee.config import Settings
from matinee.service.answers import Session
from matinee.service.use_cases import Cinema

SESSION_COOKIE = "matinee_session"
LARGEST_ID = 2**63 - 1

UserId = Annotated[int, Path(ge=0, le=LARGEST_ID, description="Id of a viewer.", examples=[2001])]

_bearer = HTTPBearer(
    auto_error=False, scheme_name="bearer", description="The token of a session, or the operator's token."
)
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    scheme_name="cookie",
    description="The token of a session, set by /api/onboard.",
)


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        viewer_id: the viewer, None for guests and the operator.
        operator: whether it is the operator.
        token: the session's token, None for guests and the operator.
    """

    viewer_id: int | None = None
    operator: bool = False
    token: str | None = None


async def _cinema(request: Request) -> Cinema:
    cinema: Cinema = request.app.state.cinema
    return cinema


async def _caller(
    request: Request, _declared: Annotated[object, Depends(_bearer)], token: Annotated[str | None, Depends(_cookie)]
) -> Caller:
    """Find out who asks; a bearer token that opens nothing is a mistake, an old cookie a guest."""
    cinema: Cinema = request.app.state.cinema
    header = request.headers.get("authorization")
    if header is None:
        viewer_id = await run_in_threadpool(cinema.viewer_of, token) if token else None
        return Caller(viewer_id, token=token if viewer_id is not None else None)
    scheme, _, bearer = header.partition(" ")
    bearer = bearer.strip()
    if scheme.casefold() == "bearer" and bearer:
        if _is_operator(bearer, request.app.state.settings):
            return Caller(operator=True)
        viewer_id = await run_in_threadpool(cinema.viewer_of, bearer)
        if viewer_id is not None:
            return Caller(viewer_id, token=bearer)
    raise _sign_in("The bearer token is unknown or has expired.")


def _is_operator(token: str, settings: Settings) -> bool:
    expected = settings.operator_token
    if expected is None:
        return False
    return hmac.compare_digest(token.encode(), expected.get_secret_value().encode())


async def _viewer(caller: Anyone) -> int:
    if caller.operator:
        raise HTTPException(403, "The operator has no ratings; this needs the session of a viewer.")
    if caller.viewer_id is None:
        raise _sign_in("This needs the session of a viewer.")
    return caller.viewer_id


async def _owner(user_id: UserId, caller: Anyone) -> int:
    if caller.operator or caller.viewer_id == user_id:
        return user_id
    if caller.viewer_id is None:
        raise _sign_in("This needs the session of the viewer, or the operator's token.")
    raise HTTPException(403, "These data belong to another viewer.")


def _sign_in(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})


def hand_over(response: Response, session: Session, settings: Settings) -> None:
    """Let the browser keep a session, out of reach of scripts and of other sites."""
    response.set_cookie(
        SESSION_COOKIE,
        session.token,
        max_age=int(settings.session_days * 86_400),
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


def take_back(response: Response, settings: Settings) -> None:
    """Let the browser forget its session."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax", secure=settings.secure_cookies)


TheCinema = Annotated[Cinema, Depends(_cinema)]
"""The use cases."""
Anyone = Annotated[Caller, Depends(_caller)]
"""Whoever asks, guests included."""
ViewerId = Annotated[int, Depends(_viewer)]
"""The viewer whose session it is; others are refused with 401 or 403."""
Owner = Annotated[int, Depends(_owner)]
"""The viewer id of the path, where the caller may reach it; others are refused with 401 or 403."""

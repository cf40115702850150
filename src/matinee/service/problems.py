"""One shape for every mistake: problem details (RFC 9457), never a traceback."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from matinee.errors import InputError, MatineeError, UnknownIdError
from matinee.ranking.shelves import StalePageError
from matinee.service.paging import StaleCursorError
from matinee.service.steering import NothingToUndoError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
URN = "urn:matinee:problem:"

KINDS = {
    400: "bad-request",
    401: "sign-in-required",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    409: "nothing-to-undo",
    410: "stale-cursor",
    413: "too-large",
    422: "invalid-request",
    500: "internal",
    503: "unavailable",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A mistake as the client sees it.

    Attributes:
        status: HTTP status.
        detail: what was given and what was expected, in one sentence.
        kind: last part of the `type` URN; by the status where empty.
        hint: the next step, if there is one.
        errors: for invalid requests, where and what, one each.
        headers: further response headers.
    """

    status: int
    detail: str
    kind: str = ""
    hint: str | None = None
    errors: tuple[dict[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, path: str, request_id: str) -> Response:
        """Return the response for a request."""
        kind = self.kind or KINDS.get(self.status)
        body: dict[str, Any] = {
            "type": f"{URN}{kind}" if kind else "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": path,
            "request_id": request_id,
        }
        if self.hint:
            body["hint"] = self.hint
        if self.errors:
            body["errors"] = self.errors
        # Plain ASCII: what the client sent may hold characters that no encoding carries.
        return Response(json.dumps(body), self.status, dict(self.headers), MEDIA_TYPE)


class RefusedError(HTTPException):
    """A request that is refused before any handler sees it.

    Args:
        problem: why.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status, problem.detail)
        self.problem = problem


def problem_of(error: Exception) -> Problem:
    """Say what a mistake means to the client."""
    match error:
        case RefusedError():
            return error.problem
        case StaleCursorError() | StalePageError():
            return Problem(status=410, detail=error.message, hint=error.hint)
        case NothingToUndoError():
            return Problem(status=409, detail=error.message, hint=error.hint)
        case UnknownIdError():
            return Problem(status=404, detail=error.message, kind="unknown-id", hint=error.hint)
        case InputError():
            return Problem(status=422, detail=error.message, hint=error.hint)
        case MatineeError():
            # What a database or a file said is for the log; it may name hosts and folders.
            return Problem(
                status=503,
                detail="A part of this service does not answer.",
                hint="Try again in a moment.",
                headers={"Retry-After": "2"},
            )
        case RequestValidationError():
            return _invalid(error)
        case HTTPException(status_code=404):
            return Problem(status=404, detail="There is nothing at this address.")
        case HTTPException(status_code=405):
            return Problem(status=405, detail="This address does not take that method.", headers=error.headers or {})
        case HTTPException(status_code=400):
            return Problem(status=400, detail="The request cannot be read.")
        case HTTPException():
            return Problem(status=error.status_code, detail=str(error.detail), headers=error.headers or {})
    return Problem(status=500, detail="Something went wrong on our side; nothing acknowledged was lost.")


def _invalid(error: RequestValidationError) -> Problem:
    # The values are not repeated: they may be secrets.
    errors = tuple({"where": ".".join(map(str, each["loc"])), "what": str(each["msg"])} for each in error.errors())
    broken_json = any(each["type"] == "json_invalid" for each in error.errors())
    detail = "The body is not JSON." if broken_json else "The request does not have the form that is expected."
    return Problem(status=422, detail=detail, errors=errors)


def answer(request: Request, error: Exception) -> Response:
    """Return the response that explains a mistake; those on our side are logged with the request's id."""
    problem = problem_of(error)
    request_id = getattr(request.state, "request_id", "")
    if problem.status >= 500:
        log.error("%s %s failed (request %s)", request.method, request.url.path, request_id, exc_info=error)
    return problem.response(request.url.path, request_id)


async def explain(app: FastAPI, request: Request, error: Exception) -> Response:
    """Return the response of the handler that an application has for an exception of this kind."""
    handlers = app.exception_handlers
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    made = handler(request, error)
    return made if isinstance(made, Response) else await made


def install(app: FastAPI) -> None:
    """Let an application answer every mistake in the one shape."""
    for kind in (HTTPException, RequestValidationError, MatineeError, Exception):
        app.add_exception_handler(kind, answer)

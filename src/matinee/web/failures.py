"""Error pages: what happened, in the look of the site and with a way on; scripts get the same in JSON."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from matinee.errors import InputError, MatineeError, UnknownIdError
from matinee.web.visit import Visit

log = logging.getLogger(__name__)

NOT_PAGES = ("/api", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")
"""Where the addresses of the API begin; it answers for its own mistakes."""

HEADLINES = {
    400: "That cannot be done",
    403: "That is not allowed",
    404: "This reel is missing",
    405: "Not that way",
    413: "That is too much",
    415: "That cannot be read",
    422: "That cannot be read",
    500: "The projector stopped",
    503: "The projector stopped",
}


def install(app: FastAPI) -> None:
    """Answer mistakes on pages with pages; everything else keeps the handlers it has."""
    for kind in (HTTPException, RequestValidationError, MatineeError, Exception):
        _wrap(app, kind)


def _wrap(app: FastAPI, kind: type[Exception]) -> None:
    before = app.exception_handlers.get(kind)

    async def answer(request: Request, error: Exception) -> Response:
        if before is None or is_page(request):
            return page_of(request, error)
        made = before(request, error)
        return made if isinstance(made, Response) else await made

    app.add_exception_handler(kind, answer)


def is_page(request: Request) -> bool:
    """Whether an address belongs to the site rather than to the API."""
    path = request.url.path
    return not any(path == start or path.startswith(f"{start}/") for start in NOT_PAGES)


def page_of(request: Request, error: Exception) -> Response:
    """Return the page that explains a mistake."""
    status, detail, hint = explain(error)
    if status >= 500:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"status": status, "detail": detail}, status)
    visit = Visit(request, request.app.state.cinema, None)
    headline = HEADLINES.get(status, HTTPStatus(status).phrase)
    return visit.page("error.html", status, headline=headline, detail=detail, hint=hint, number=status)


def explain(error: Exception) -> tuple[int, str, str | None]:
    """Return the HTTP status, one sentence, and the next step if there is one."""
    match error:
        case UnknownIdError():
            return 404, error.message, error.hint
        case InputError():
            return 400, error.message, error.hint
        case MatineeError():
            return 503, error.message, error.hint
        case RequestValidationError():
            return 404, "There is no such page.", None
        case HTTPException(status_code=404):
            return 404, "There is no page at this address.", None
        case HTTPException():
            return error.status_code, str(error.detail), None
    return 500, "Something went wrong on our side. What you rated before is safe.", None

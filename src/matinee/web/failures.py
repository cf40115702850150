"""Error pages: what happened, in the look of the site and with a way on; scripts get the same in JSON."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from matinee.errors import MatineeError
from matinee.service.problems import Problem, answer, problem_of
from matinee.web.visit import Visit

NOT_PAGES = ("/api", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""Where the addresses of the API begin; it answers for its own mistakes."""

HEADLINES = {
    401: "Who are you?",
    403: "That is not allowed",
    404: "This reel is missing",
    410: "The page has changed",
    422: "That cannot be done",
    500: "The projector stopped",
    503: "The projector stopped",
}


def install(app: FastAPI) -> None:
    """Answer mistakes on pages with pages; everything else keeps the problem details of the API."""
    for kind in (HTTPException, RequestValidationError, MatineeError, Exception):
        app.add_exception_handler(kind, _answer)


def _answer(request: Request, error: Exception) -> Response:
    logged = answer(request, error)
    wants_json = "application/json" in request.headers.get("accept", "")
    return page_of(request, error) if is_page(request) and not wants_json else logged


def is_page(request: Request) -> bool:
    """Whether an address belongs to the site rather than to the API."""
    path = request.url.path
    return not any(path == start or path.startswith(f"{start}/") for start in NOT_PAGES)


def page_of(request: Request, error: Exception) -> Response:
    """Return the page that explains a mistake."""
    problem = _problem(error)
    visit = Visit(request, request.app.state.cinema, None)
    headline = HEADLINES.get(problem.status, HTTPStatus(problem.status).phrase)
    return visit.page("error.html", problem.status, headline=headline, problem=problem)


def _problem(error: Exception) -> Problem:
    if isinstance(error, RequestValidationError):
        # Addresses are all that pages take apart: a film that is no number is a page that does not exist.
        return Problem(status=404, detail="There is nothing at this address.")
    return problem_of(error)

"""The API as one application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from threadpoolctl import threadpool_limits

from matinee import __version__
from matinee.config import Settings
from matinee.service import examples, problems
from matinee.service.bodies import ProblemBody
from matinee.service.frame import Frame, FrameConfig
from matinee.service.routers import (
    catalogue,
    control,
    explanations,
    feedback,
    health,
    home,
    people,
    recommendations,
    together,
)
from matinee.service.use_cases import Cinema

DESCRIPTION = """Personal film recommendations with reasons.

A viewer proves who they are by the token of their session, as a cookie or as `Authorization: Bearer TOKEN`; the operator
by the operator's token. Every mistake is answered with problem details (RFC 9457)."""


def create_api(cinema: Cinema, settings: Settings) -> FastAPI:
    """Return the JSON API; pages may be added to it and inherit its headers, limits and error handlers.

    Args:
        cinema: the use cases; kept as `app.state.cinema`.
        settings: how this installation runs; kept as `app.state.settings`.
    """
    app = FastAPI(
        title="Matinee",
        version=__version__,
        description=DESCRIPTION,
        # Their pages load scripts from elsewhere, which this site never does.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.cinema, app.state.settings = cinema, settings
    for each in (recommendations, home, feedback, control, explanations, together, people, catalogue, health):
        app.include_router(each.router)
    problems.install(app)
    _complete_description(app)
    _surround(app, settings)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = app.state.settings.threads
    # Requests run side by side already; threads of the linear algebra on top of them only get in the way.
    with threadpool_limits(limits=1):
        yield


def _surround(app: FastAPI, settings: Settings) -> None:
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID"],
        )
    config = FrameConfig(
        max_body_bytes=settings.max_body_bytes,
        foreign_origins=frozenset(settings.cors_origins),
        https_only=settings.secure_cookies,
    )
    app.add_middleware(Frame, config=config, explain=partial(problems.explain, app))


def _complete_description(app: FastAPI) -> None:
    """Add the shape of mistakes and the examples to the OpenAPI description.

    The examples come last because FastAPI drops every null from what it describes.
    """
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = original()
            problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
            described["components"]["schemas"] |= problem.pop("$defs") | {"ProblemBody": problem}
            for operation in (each for methods in described["paths"].values() for each in methods.values()):
                for response in operation["responses"].values():
                    shown = response.get("content", {}).get("application/json", {})
                    if "example" in shown:
                        shown["example"] = getattr(examples, shown["example"])
        return original()

    app.openapi = openapi  # type: ignore[method-assign]

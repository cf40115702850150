"""The site: pages, pictures and static files, together with the API in one application."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from matinee.config import Settings
from matinee.service import Cinema
from matinee.service.app import create_api
from matinee.web import failures
from matinee.web.pages import drawings, film, find, home, taste, theme, tonight, welcome
from matinee.web.rendering import STATIC, static_version


class Immutable(StaticFiles):
    """Static files under an address that changes with them, so that browsers need not ask twice."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with leave to keep it for ever."""
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = drawings.FOR_EVER
        return response


def create_site(cinema: Cinema, settings: Settings) -> FastAPI:
    """Return the whole site over the use cases.

    Args:
        cinema: the live release and the store.
        settings: how this installation runs.
    """
    app = create_api(cinema, settings)
    app.mount(f"/static/{static_version()}", Immutable(directory=STATIC), name="static")
    for pages in (home, film, taste, tonight, welcome, find, theme, drawings):
        app.include_router(pages.router)
    failures.install(app)
    return app

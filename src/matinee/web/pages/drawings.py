"""Pictures: posters and wide drawings, made on request."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from matinee.service import Film
from matinee.web.posters import backdrop, poster, version
from matinee.web.rendering import STATIC
from matinee.web.visit import Visiting

router = APIRouter(include_in_schema=False)

FOR_EVER = "public, max-age=31536000, immutable"
SVG = "image/svg+xml"


@router.get("/poster/{film}.svg")
def show_poster(film: int, visit: Visiting) -> Response:
    """Draw a film's poster."""
    found = visit.cinema.movie(film)
    return _picture(visit.request, found, poster(found.id, found.title, found.year, found.genres))


@router.get("/backdrop/{film}.svg")
def show_backdrop(film: int, visit: Visiting) -> Response:
    """Draw a film's wide picture."""
    found = visit.cinema.movie(film)
    return _picture(visit.request, found, backdrop(found.id, found.title, found.genres))


@router.get("/icon.svg")
@router.get("/favicon.ico")
def show_icon() -> Response:
    """Return the site's mark."""
    return Response((STATIC / "logo.svg").read_bytes(), media_type=SVG, headers={"Cache-Control": "max-age=86400"})


@router.get("/manifest.webmanifest")
def show_manifest() -> Response:
    """Say how the site looks when it is installed."""
    return Response(
        (STATIC / "manifest.webmanifest").read_bytes(),
        media_type="application/manifest+json",
        headers={"Cache-Control": "max-age=86400"},
    )


def _picture(request: Request, film: Film, svg: str) -> Response:
    """Answer with a picture that browsers keep while its address names this very version."""
    mark = version(film.title, film.year, film.genres)
    headers = {
        "Cache-Control": FOR_EVER if request.query_params.get("v") == mark else "no-cache",
        "ETag": f'"{mark}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(svg, media_type=SVG, headers=headers)

"""How the site looks to one browser."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from matinee.web.forms import Fields, local
from matinee.web.visit import THEME, Visiting

router = APIRouter(include_in_schema=False)


@router.post("/theme")
def choose_theme(fields: Fields, visit: Visiting) -> Response:
    """Keep the colours a person chose."""
    response = visit.back(local(fields.get("next")))
    if fields.get("theme") in ("light", "dark"):
        response.set_cookie(THEME, fields["theme"], max_age=31_536_000, samesite="lax")
    else:
        response.delete_cookie(THEME)
    return response

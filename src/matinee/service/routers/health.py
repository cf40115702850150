"""Signs of life for whoever watches the service."""

from __future__ import annotations

from fastapi import APIRouter

from matinee.service.access import TheCinema
from matinee.service.bodies import Health, Readiness, answers

router = APIRouter(tags=["health"])


@router.get("/healthz", responses=answers("HEALTH"))
async def healthz() -> Health:
    """Say that the process answers."""
    return Health(status="ok")


@router.get("/readyz", responses=answers("READINESS"))
def readyz(cinema: TheCinema) -> Readiness:
    """Say whether requests can be answered, and which release answers them."""
    cinema.require_ready()
    return Readiness(status="ready", release=cinema.recommender.info.version, data=cinema.data_label)

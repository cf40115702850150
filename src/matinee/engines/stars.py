"""Predicted stars stay inside the scale."""

from __future__ import annotations

from matinee.types import FloatMatrix

EDGE = 0.05
"""Stars from an end of the scale at which predictions start to be bent towards it."""


def bend_into(stars: FloatMatrix, low: float, high: float) -> FloatMatrix:
    """Bring predictions into the scale without making the extremes equal, in place.

    Inside the scale, `EDGE` from its ends, nothing changes; beyond, high − EDGE² / (x − high + 2 EDGE) keeps the order
    and a continuous slope, where clipping would tie every favourite.
    """
    over, under = stars > high - EDGE, stars < low + EDGE
    stars[over] = high - EDGE**2 / (stars[over] - high + 2 * EDGE)
    stars[under] = low + EDGE**2 / (low - stars[under] + 2 * EDGE)
    return stars

"""Predicted stars stay inside the scale."""

from __future__ import annotations

import numpy as np

from matinee.types import FloatMatrix

EDGE = 0.05
"""Stars from an end of the scale at which predictions start to be bent towards it."""


def bend_into(stars: FloatMatrix, low: float, high: float) -> FloatMatrix:
    """Bring predictions into the scale without making the extremes equal, in place.

    Inside the scale, `EDGE` from its ends, nothing changes; beyond, high − EDGE² / (x − high + 2 EDGE) keeps the order
    and a continuous slope, where clipping would tie every favourite.
    """
    flat = stars.reshape(-1)
    # Few predictions lie out there: finding them once is most of the work.
    over, under = np.flatnonzero(flat > high - EDGE), np.flatnonzero(flat < low + EDGE)
    flat[over] = high - EDGE**2 / (flat[over] - high + 2 * EDGE)
    flat[under] = low + EDGE**2 / (low - flat[under] + 2 * EDGE)
    return flat.reshape(stars.shape)

"""Blending: bring engines' scores to one scale, then add them up.

Engines speak in different units (stars, sums of weights, counts); within the candidates of one profile each is mapped
to [0, 1] before the weights apply.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from matinee.errors import ShapeError
from matinee.types import BoolVector, FloatMatrix, FloatVector


def min_max(scores_PM: FloatMatrix, candidates_PM: BoolVector) -> FloatMatrix:
    """Map each row to [0, 1] over its candidates: `(s - min) / (max - min)`.

    Scores that are not finite count as the row's lowest. A row that is constant over its candidates says nothing and
    becomes 0. Values outside the candidates are clipped to [0, 1].

    Returns:
        (n_profiles, n_movies) float32.
    """
    usable = candidates_PM & np.isfinite(scores_PM)
    low = np.min(scores_PM, axis=1, where=usable, initial=np.inf, keepdims=True)
    high = np.max(scores_PM, axis=1, where=usable, initial=-np.inf, keepdims=True)
    span = high - low
    says_something = np.isfinite(span) & (span > 0)
    low = np.where(says_something, low, 0)
    span = np.where(says_something, span, 1)
    scaled = (np.where(np.isfinite(scores_PM), scores_PM, low) - low) / span
    result: FloatMatrix = np.where(says_something, np.clip(scaled, 0, 1), 0).astype(np.float32)
    return result


def blend(
    scores: Mapping[str, FloatMatrix], weights_P: Mapping[str, FloatVector], candidates_PM: BoolVector
) -> tuple[FloatMatrix, dict[str, FloatMatrix]]:
    """Add up engines' min-max scores with per-profile weights that are scaled to sum to 1.

    Args:
        scores: (n_profiles, n_movies) by engine.
        weights_P: (n_profiles,) by engine, not negative; engines absent from `scores` must not occur.
        candidates_PM: (n_profiles, n_movies) which films could be recommended.

    Returns:
        The blended (n_profiles, n_movies) float32 scores, and each engine's share of them.

    Raises:
        ShapeError: if a profile has no positive weight.
    """
    total = np.sum([weights_P[name] for name in scores], axis=0)
    if np.any(total <= 0):
        raise ShapeError("Every profile needs at least one engine with a positive weight.")
    shares = {
        name: (min_max(score, candidates_PM) * (weights_P[name] / total)[:, None]).astype(np.float32)
        for name, score in scores.items()
    }
    blended: FloatMatrix = np.sum(list(shares.values()), axis=0, dtype=np.float32)
    return blended, shares

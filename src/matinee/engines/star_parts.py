"""What each rating adds to stars that a ridge regression predicts.

The regression of `ridge_rows` answers (b, p) = A⁻¹ Σ_i f_i t_i, with f_i = (1, q_i), t_i what film i got beyond its own
bias, and A the profile's normal matrix. A prediction is linear in that answer, so rating i adds f_j A⁻¹ f_i t_i to film j.
Given A this is exact; but A holds the whole profile, so taking a rating out changes more than its own part.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from matinee.types import FloatMatrix, FloatVector, IntVector


@runtime_checkable
class KnowsUsual(Protocol):
    """An engine that says what it expects of a film before it knows anything of a person."""

    def usual(self, movies: IntVector) -> FloatVector:
        """Return (n,) the part of the scores of `movies` that is alike for everybody."""


def rating_parts(rated: FloatMatrix, targets: FloatVector, ridge: FloatVector, asked: FloatMatrix) -> FloatMatrix:
    """Split predictions by the ratings behind them.

    Args:
        rated: (n, width) rows of the profile's films, bias first.
        targets: (n,) stars less the mean of all stars.
        ridge: (width,) positive.
        asked: (m, width) rows of the films that are asked about.

    Returns:
        (m, n) float32; each row adds up to b + p · q of that film.
    """
    wanted = (targets - rated[:, 0]).astype(np.float64)
    known, wished = rated.astype(np.float64), asked.astype(np.float64)
    known[:, 0] = wished[:, 0] = 1
    normal = known.T @ known + np.diag(ridge.astype(np.float64))
    weights = np.linalg.solve(normal, wished.T)
    parts: FloatMatrix = ((weights.T @ known.T) * wanted).astype(np.float32)
    return parts

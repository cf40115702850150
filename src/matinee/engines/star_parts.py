"""What each rating adds to stars that a ridge regression predicts.

The regression of `ridge_rows` answers (b, p) = A⁻¹ Σ_i f_i t_i, with f_i = (1, q_i), t_i what film i got beyond its own
bias, and A the profile's normal matrix. A prediction is linear in that answer, so rating i adds f_j A⁻¹ f_i t_i to film j.
Given A this is exact; but A holds the whole profile, so taking a rating out changes more than its own part.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from matinee.engines.kernels.cholesky import Cholesky, ridge_system
from matinee.types import FloatMatrix, FloatVector, IntVector


@runtime_checkable
class KnowsUsual(Protocol):
    """An engine that says what it expects of a film before it knows anything of a person."""

    def usual(self, movies: IntVector) -> FloatVector:
        """Return (n,) the part of the scores of `movies` that is alike for everybody."""


def regression(rated: FloatMatrix, ridge: FloatVector) -> Cholesky:
    """Factor A of one profile.

    Args:
        rated: (n, width) rows of the profile's films, bias first.
        ridge: (width,) positive.
    """
    return ridge_system(_features(rated), ridge)


def rating_parts(rated: FloatMatrix, targets: FloatVector, system: Cholesky, asked: FloatMatrix) -> FloatMatrix:
    """Split predictions by the ratings behind them.

    Args:
        rated: (n, width) float32 rows of the profile's films, bias first.
        targets: (n,) stars less the mean of all stars.
        system: what `regression` made of them.
        asked: (m, width) float32 rows of the films that are asked about.

    Returns:
        (m, n) float32; each row adds up to b + p · q of that film.
    """
    known, wished = _features(rated), _features(asked)
    # A is symmetric: the shorter of the two sides is solved for.
    if len(known) < len(wished):
        parts: FloatMatrix = wished @ system.solve(known.T)
    else:
        parts = system.solve(wished.T).T @ known.T
    parts *= targets - rated[:, 0]
    return parts


def _features(films: FloatMatrix) -> FloatMatrix:
    """Return what the regression meets of films: 1 in place of the bias."""
    features = films.copy()
    features[:, 0] = 1
    return features

"""One small ridge system, factored once and solved for as many right sides as are asked: a single profile's fold-in."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from matinee.types import FloatMatrix


class Cholesky:
    """The factor of a positive definite system.

    Args:
        system: (d, d) float32, symmetric; used up.

    Raises:
        numpy.linalg.LinAlgError: if it is not positive definite.
    """

    def __init__(self, system: FloatMatrix) -> None:
        # LAPACK reads columns: the lower triangle of the transposed view is the upper one of ours, the same numbers.
        self._lower, wrong = lapack.spotrf(system.T, lower=True, overwrite_a=True, clean=False)
        if wrong:
            raise np.linalg.LinAlgError(f"the system is not positive definite (leading minor {wrong})")

    def solve(self, right: FloatMatrix) -> FloatMatrix:
        """Return (d, k) the solutions for right sides (d, k)."""
        solution: FloatMatrix = lapack.spotrs(self._lower, right, lower=True)[0]
        return solution


def ridge_system(rated: FloatMatrix, ridge: FloatMatrix | np.float32, gram: FloatMatrix | None = None) -> Cholesky:
    """Factor RᵀR + diag(ridge) + gram.

    Args:
        rated: (n, d) float32, one row an entry of the profile.
        ridge: (d,) or one number, > 0.
        gram: (d, d) symmetric, what all profiles share; none by default.
    """
    system: FloatMatrix = rated.T @ rated
    if gram is not None:
        system += gram
    system.flat[:: len(system) + 1] += ridge
    return Cholesky(system)

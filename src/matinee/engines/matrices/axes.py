"""Principal axes of a matrix: most of what its rows say stands in the first few columns, once it is turned that way."""

from __future__ import annotations

import numpy as np

from matinee.engines.matrices.matrix import TILE
from matinee.types import FloatMatrix


def principal_axes(matrix: FloatMatrix) -> FloatMatrix:
    """Return (n_columns, n_columns) float32 orthogonal R, so that the columns of M R have falling sums of squares.

    Dot products are the same after a turn, (x R) · (y R) = x · y, so that whoever multiplies needs only turn the vector.
    """
    n_columns = matrix.shape[1]
    gram = np.zeros((n_columns, n_columns))
    for first in range(0, len(matrix), TILE):
        tile = matrix[first : first + TILE].astype(np.float64)
        gram += tile.T @ tile
    _, vectors = np.linalg.eigh(gram)
    return np.ascontiguousarray(vectors[:, ::-1], np.float32)

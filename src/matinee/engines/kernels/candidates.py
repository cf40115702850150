"""What a search hands to the ranking: rows that may be among the best, and how they are scored in the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines.matrices.matrix import TILE, Matrix
from matinee.types import FloatMatrix, FloatVector

Candidates = tuple[NDArray[Any], NDArray[Any]]
"""(n,) vectors and (n,) rows: for every vector the best k of the rows that are allowed, and perhaps others."""


def groups_of(n: int, k: int) -> int:
    """Return how many groups n scores are divided into; more than k, so that the k-th best of their maxima says something."""
    share = max(16, int(n**0.5) // 4)
    return max(n // max(min(share, n // (2 * k)), 1), 1)


def exact(who: NDArray[Any], rows: NDArray[Any], vectors: FloatMatrix, matrix: Matrix) -> FloatVector:
    """Return (n,) products of vectors and decoded rows; what stands beside them has no say in any."""
    scores = np.empty(len(who), np.float32)
    for first in range(0, len(who), TILE):
        part = slice(first, first + TILE)
        np.einsum("nf,nf->n", matrix.rows(rows[part]), vectors[who[part]], out=scores[part])
    return scores

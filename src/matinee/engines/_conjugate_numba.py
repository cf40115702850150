"""The sparse part of `conjugate`, compiled; imported by training only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from scipy.sparse import csr_array

from matinee.types import FloatMatrix


def fast_sums(entries: csr_array, vectors: FloatMatrix, directions: FloatMatrix) -> FloatMatrix:
    """Return (n, d) Σ_i w_ri y_i (y_i · p_r), each y_i read once."""
    product = np.zeros_like(directions)
    _accumulate(entries.indptr, entries.indices, entries.data, vectors, directions, product)
    return product


@njit(parallel=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _accumulate(indptr: Any, indices: Any, weights: Any, vectors: Any, directions: Any, product: Any) -> None:
    factors = vectors.shape[1]
    for row in prange(len(indptr) - 1):
        direction = directions[row]
        total = product[row]
        for entry in range(indptr[row], indptr[row + 1]):
            vector = vectors[indices[entry]]
            dot = np.float32(0)
            for f in range(factors):
                dot += vector[f] * direction[f]
            dot *= weights[entry]
            for f in range(factors):
                total[f] += dot * vector[f]

"""Compiled loops of `ridge_rows`; imported only while fitting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

GATHERED = 256
"""Entries of a row that are multiplied at once; so few that BLAS keeps to one thread."""


@njit(cache=True, nogil=True, fastmath=True)
def solve_span(
    first: int,
    last: int,
    indptr: NDArray[Any],
    others: NDArray[Any],
    targets: NDArray[Any],
    theirs: NDArray[Any],
    ridge: NDArray[Any],
    answer: NDArray[Any],
) -> None:
    """Solve rows `first:last` into `answer`.

    With F the features of a row's entries and t their targets, one product [F t]ᵀ[F t] holds both sides of its system.
    """
    width = ridge.shape[1]
    gathered = np.empty((GATHERED, width + 1), np.float32)
    product = np.empty((width + 1, width + 1), np.float32)
    sums = np.empty((width + 1, width + 1), np.float32)
    for row in range(first, last):
        sums[:] = 0
        for part in range(indptr[row], indptr[row + 1], GATHERED):
            n = min(GATHERED, indptr[row + 1] - part)
            for place in range(n):
                other, feature = theirs[others[part + place]], gathered[place]
                for a in range(width):
                    feature[a] = other[a]
                feature[0] = 1
                feature[width] = targets[part + place] - other[0]
            np.dot(gathered[:n].T, gathered[:n], product)
            sums += product
        right = answer[row]
        for a in range(width):
            right[a] = sums[width, a]
            sums[a, a] += ridge[row, a]
        _cholesky_solve(sums, right)


@njit(cache=True, nogil=True, fastmath=True)
def _cholesky_solve(lower: NDArray[Any], right: NDArray[Any]) -> None:
    """Solve with the lower triangle of a positive definite matrix, in place."""
    width = len(right)
    for a in range(width):
        for b in range(a + 1):
            rest = lower[a, b]
            for k in range(b):
                rest -= lower[a, k] * lower[b, k]
            lower[a, b] = np.sqrt(rest) if a == b else rest / lower[b, b]
    for a in range(width):
        for k in range(a):
            right[a] -= lower[a, k] * right[k]
        right[a] /= lower[a, a]
    for a in range(width - 1, -1, -1):
        for k in range(a + 1, width):
            right[a] -= lower[k, a] * right[k]
        right[a] /= lower[a, a]

"""Compiled loops of `ridge_rows`; imported only while fitting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


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
    """Solve rows `first:last` into `answer`."""
    width = ridge.shape[1]
    normal = np.empty((width, width), np.float32)
    feature = np.empty(width, np.float32)
    for row in range(first, last):
        normal[:] = 0
        right = answer[row]
        right[:] = 0
        for entry in range(indptr[row], indptr[row + 1]):
            other = theirs[others[entry]]
            target = targets[entry] - other[0]
            feature[:] = other
            feature[0] = 1
            for a in range(width):
                right[a] += target * feature[a]
                for b in range(a + 1):
                    normal[a, b] += feature[a] * feature[b]
        for a in range(width):
            normal[a, a] += ridge[row, a]
        _cholesky_solve(normal, right)


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

"""Many small ridge regressions at once: the two sides of a biased factor model.

Both sides are rows (bias, factors). Given the other side y, row r with entries (j, t) wants

    argmin_(b, x) Σ (t − y_j0 − b − x · y_j,1:)² + Σ_k ridge_rk · (b, x)_k²

`solve_rows` is plain numpy and serves requests; `fit_rows` is compiled, threaded and takes no memory an entry.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from matinee.engines.kernels.cholesky import ridge_system
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector

BATCH = 1024
"""Rows solved together; bounds the memory at BATCH · width² floats."""

FEW = 8
"""Up to so many rows are solved one by one: side by side, many small steps cost more than the arithmetic."""


def solve_rows(
    indptr: LongVector, others: IntVector, targets: FloatVector, theirs: FloatMatrix, ridge: FloatMatrix
) -> FloatMatrix:
    """Solve one ridge regression a row.

    Args:
        indptr: (n_rows + 1,) row r owns entries `indptr[r]:indptr[r + 1]`; rows may be empty.
        others: (n_entries,) row of `theirs` that each entry meets.
        targets: (n_entries,) float32.
        theirs: (n_others, width) float32, bias first.
        ridge: (n_rows, width) float32, positive.

    Returns:
        (n_rows, width) float32, bias first; 0 for empty rows.
    """
    return solve_profiles(indptr, others, targets, lambda index: theirs[index], ridge)


def solve_profiles(
    indptr: LongVector,
    others: IntVector,
    targets: FloatVector,
    theirs: Callable[[IntVector], FloatMatrix],
    ridge: FloatMatrix,
) -> FloatMatrix:
    """Do the same where the rows of the other side are decoded on demand: `theirs` returns (n, width) for n indices."""
    n_rows, width = ridge.shape
    answer = np.empty((n_rows, width), np.float32)
    if n_rows <= FEW:
        for row in range(n_rows):
            features, wanted = _features(theirs, others, targets, slice(indptr[row], indptr[row + 1]))
            answer[row] = ridge_system(features, ridge[row]).solve((wanted @ features)[:, None])[:, 0]
        return answer
    diagonal = np.arange(width)
    for first in range(0, n_rows, BATCH):
        last = min(first + BATCH, n_rows)
        normal = np.empty((last - first, width, width), np.float32)
        right = np.empty((last - first, width), np.float32)
        for row in range(first, last):
            mine = slice(indptr[row], indptr[row + 1])
            features, wanted = _features(theirs, others, targets, mine)
            normal[row - first] = features.T @ features
            right[row - first] = wanted @ features
        normal[:, diagonal, diagonal] += ridge[first:last]
        answer[first:last] = eliminate(normal, right)
    return answer


def _features(
    theirs: Callable[[IntVector], FloatMatrix], others: IntVector, targets: FloatVector, mine: slice
) -> tuple[FloatMatrix, FloatVector]:
    """Return what one row is regressed on, 1 in front for its bias, and what remains to be explained."""
    features = theirs(others[mine])
    wanted = targets[mine] - features[:, 0]
    features[:, 0] = 1
    return features, wanted


def eliminate(normal: FloatMatrix, right: FloatMatrix) -> FloatMatrix:
    """Solve many small positive definite systems side by side; the arguments are used up.

    LAPACK takes them one by one and wakes its threads for each, which costs more than the arithmetic.

    Args:
        normal: (n, width, width).
        right: (n, width).

    Returns:
        (n, width).
    """
    width = right.shape[1]
    for k in range(width):
        factor = normal[:, k + 1 :, k] / normal[:, k, k, None]
        normal[:, k + 1 :, k + 1 :] -= factor[:, :, None] * normal[:, None, k, k + 1 :]
        right[:, k + 1 :] -= factor * right[:, k, None]
    for k in reversed(range(width)):
        right[:, k] -= (normal[:, k, k + 1 :] * right[:, k + 1 :]).sum(axis=1)
        right[:, k] /= normal[:, k, k]
    return right


def fit_rows(
    indptr: LongVector, others: IntVector, targets: FloatVector, theirs: FloatMatrix, ridge: FloatMatrix
) -> FloatMatrix:
    """Do the same as `solve_rows` for whole data sets."""
    from matinee.engines.ridge_kernels import solve_span

    n_rows = len(ridge)
    answer = np.empty_like(ridge)
    threads = os.cpu_count() or 1
    # Pieces of like work: rows of popular films are long.
    cuts = np.searchsorted(indptr, np.linspace(0, indptr[-1], 8 * threads + 1)[1:-1])
    edges = np.concatenate([[0], np.minimum(cuts, n_rows), [n_rows]])

    def solve(first: int, last: int) -> None:
        solve_span(first, last, indptr, others, targets, theirs, ridge, answer)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(solve, edges[:-1], edges[1:]))
    return answer

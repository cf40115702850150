"""`conjugate` for whole data sets: each row solved on its own, its vectors gathered once; imported by training only."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.types import FloatMatrix, FloatVector

_NEAR_BYTES = 512 * 1024
"""Vectors of one row that are gathered into one place, so that all steps find them in the processor's cache."""
_TINY = np.float32(1e-30)


def fit_rows(
    gram: FloatMatrix, entries: csr_array, vectors: FloatMatrix, l2: FloatVector, *, start: FloatMatrix, steps: int
) -> FloatMatrix:
    """Take conjugate gradient steps in one system a row: (G + Σ w y yᵀ + l2 I) x = Σ w y.

    The same steps as `conjugate.solve_rows` with `right = entries @ vectors`, without its intermediate matrices.

    Args:
        gram: (d, d) symmetric float32, the part all rows share.
        entries: (n, m) sparse weights w, not negative.
        vectors: (m, d) float32, the y.
        l2: (n,) ridge of each row, > 0.
        start: (n, d) first guess.
        steps: conjugate gradient steps.

    Returns:
        (n, d) float32.
    """
    n_rows, width = start.shape
    answer = np.ascontiguousarray(start, np.float32).copy()
    near = max(8, _NEAR_BYTES // (4 * width))
    threads = os.cpu_count() or 1
    # Pieces of like work: rows of popular films are long, and every row pays for the shared part.
    work = entries.indptr.astype(np.int64) + width * np.arange(n_rows + 1, dtype=np.int64)
    edges = np.searchsorted(work, np.linspace(0, work[-1], 8 * threads + 1))
    edges[-1] = n_rows

    def solve(first: int, last: int) -> None:
        solve_span(
            first, last, entries.indptr, entries.indices, entries.data, vectors, gram, l2, steps, near, answer
        )  # fmt: skip

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(solve, edges[:-1], edges[1:]))
    return answer


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def solve_span(
    first: int,
    last: int,
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[Any],
    vectors: NDArray[Any],
    gram: NDArray[Any],
    l2: NDArray[Any],
    steps: int,
    near: int,
    answer: NDArray[Any],
) -> None:
    """Improve rows `first:last` of `answer`, at most `near` vectors gathered at once."""
    width = vectors.shape[1]
    gathered = np.empty((near, width), np.float32)
    residual, direction = np.empty(width, np.float32), np.empty(width, np.float32)
    product, diagonal = np.empty(width, np.float32), np.empty(width, np.float32)
    nothing = np.empty(0, np.float32)
    zero, one = np.float32(0), np.float32(1)
    for row in range(first, last):
        begin, end = indptr[row], indptr[row + 1]
        solution = answer[row]
        once = end - begin <= near
        if once:
            _gather(begin, end, indices, vectors, gathered)
        for f in range(width):
            diagonal[f] = gram[f, f] + l2[row]
        _missing(begin, end, indices, weights, vectors, gathered, near, once, one, solution, residual, diagonal)
        product[:] = 0
        _add_shared(gram, l2[row], solution, product)
        energy = zero
        for f in range(width):
            residual[f] -= product[f]
            direction[f] = residual[f] / diagonal[f]
            energy += residual[f] * direction[f]
        for _ in range(steps):
            if energy <= _TINY:
                break
            _missing(begin, end, indices, weights, vectors, gathered, near, once, zero, direction, product, nothing)
            for f in range(width):
                product[f] = -product[f]
            _add_shared(gram, l2[row], direction, product)
            curvature = zero
            for f in range(width):
                curvature += direction[f] * product[f]
            length = energy / curvature
            renewed = zero
            for f in range(width):
                solution[f] += length * direction[f]
                residual[f] -= length * product[f]
                renewed += residual[f] * residual[f] / diagonal[f]
            turn = renewed / energy
            for f in range(width):
                direction[f] = residual[f] / diagonal[f] + turn * direction[f]
            energy = renewed


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _gather(begin: int, end: int, indices: Any, vectors: Any, gathered: Any) -> None:
    width = vectors.shape[1]
    for entry in range(begin, end):
        vector = vectors[indices[entry]]
        place = gathered[entry - begin]
        for f in range(width):
            place[f] = vector[f]


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _missing(
    begin: int,
    end: int,
    indices: Any,
    weights: Any,
    vectors: Any,
    gathered: Any,
    near: int,
    once: Any,
    aim: Any,
    point: Any,
    total: Any,
    diagonal: Any,
) -> None:
    """Set `total` to Σ w (aim − y · point) y over the entries of a row; add Σ w y² to `diagonal` unless it is empty."""
    total[:] = 0
    for part in range(begin, end, near):
        stop = min(part + near, end)
        if not once:
            _gather(part, stop, indices, vectors, gathered)
        _add_missing(gathered, weights[part:stop], aim, point, total)
        if len(diagonal):
            _add_squares(gathered, weights[part:stop], diagonal)


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _add_squares(rows: Any, weights: Any, diagonal: Any) -> None:
    for entry in range(len(weights)):
        vector, weight = rows[entry], weights[entry]
        for f in range(len(diagonal)):
            diagonal[f] += weight * vector[f] * vector[f]


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _add_missing(rows: Any, weights: Any, aim: Any, point: Any, total: Any) -> None:
    """Add Σ w (aim − y · point) y, four y at a time so that `point` and `total` are read once for all four."""
    n, width = len(weights), len(total)
    whole = n - n % 4
    for entry in range(0, whole, 4):
        a, b, c, d = rows[entry], rows[entry + 1], rows[entry + 2], rows[entry + 3]
        dot_a = dot_b = dot_c = dot_d = np.float32(0)
        for f in range(width):
            x = point[f]
            dot_a += a[f] * x
            dot_b += b[f] * x
            dot_c += c[f] * x
            dot_d += d[f] * x
        dot_a = weights[entry] * (aim - dot_a)
        dot_b = weights[entry + 1] * (aim - dot_b)
        dot_c = weights[entry + 2] * (aim - dot_c)
        dot_d = weights[entry + 3] * (aim - dot_d)
        for f in range(width):
            total[f] += (dot_a * a[f] + dot_b * b[f]) + (dot_c * c[f] + dot_d * d[f])
    for entry in range(whole, n):
        a = rows[entry]
        dot_a = np.float32(0)
        for f in range(width):
            dot_a += a[f] * point[f]
        dot_a = weights[entry] * (aim - dot_a)
        for f in range(width):
            total[f] += dot_a * a[f]


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
def _add_shared(gram: Any, l2: Any, point: Any, total: Any) -> None:
    """Add (G + l2 I) point to `total`; G is symmetric, so its rows serve as columns."""
    width = len(total)
    whole = width - width % 4
    for row in range(0, whole, 4):
        a, b, c, d = gram[row], gram[row + 1], gram[row + 2], gram[row + 3]
        at_a, at_b, at_c, at_d = point[row], point[row + 1], point[row + 2], point[row + 3]
        for f in range(width):
            total[f] += (at_a * a[f] + at_b * b[f]) + (at_c * c[f] + at_d * d[f])
    for row in range(whole, width):
        a, at_a = gram[row], point[row]
        for f in range(width):
            total[f] += at_a * a[f]
    for f in range(width):
        total[f] += l2 * point[f]

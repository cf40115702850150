"""The linear algebra of the item-item engines: Gram matrices of sparse rows, and inverses in place.

U users, M movies.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array

from matinee.types import FloatMatrix, Progress, silent

Matrix = NDArray[np.floating[Any]]

BASE = 256
"""Matrices up to this size are inverted by LAPACK; larger ones are halved."""
PANEL = 1024
"""Columns of a symmetric product that are made at once."""


def gram(rows_UM: csr_array, progress: Progress = silent, stage: str = "counting") -> FloatMatrix:
    """Return the dense (M, M) float32 matrix XᵀX of sparse rows X, taking no other matrix of that size.

    Work is the sum of squared row lengths, so that 32 million ratings need no dense (U, M) product. `progress` is told
    the rows of the result that are done.
    """
    from matinee.engines.linear_kernels import add_gram_upper

    n = rows_UM.shape[1]
    out = np.zeros((n, n), np.float32)
    rows = csr_array(rows_UM, dtype=np.float32, copy=True)
    rows.sum_duplicates()  # and puts every row into ascending order
    by_column = csr_array((np.arange(rows.nnz), rows.indices, rows.indptr), shape=rows.shape).tocsc()

    def fill_piece(first: int, last: int) -> int:
        add_gram_upper(
            first,
            last,
            by_column.indptr,
            by_column.indices,
            by_column.data,
            rows.indptr,
            rows.indices,
            rows.data,
            out,
        )
        return last - first

    pieces = np.linspace(0, n, 64 * _threads() + 1).astype(np.int64)
    done = 0
    with ThreadPoolExecutor(_threads()) as pool:
        for finished in pool.map(fill_piece, pieces[:-1], pieces[1:]):
            done += finished
            progress(stage, done, n)
    _mirror(out)
    return out


def _mirror(matrix: Matrix) -> None:
    """Copy the upper triangle over the lower one, panel by panel."""
    for first in range(0, len(matrix), PANEL):
        last = min(first + PANEL, len(matrix))
        matrix[last:, first:last] = matrix[first:last, last:].T
        corner = matrix[first:last, first:last]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T


def gram_blocks(rows_UM: csr_array, size: int = 512) -> Iterator[tuple[int, FloatMatrix]]:
    """Yield XᵀX in blocks of up to `size` rows, each with the index of its first row, never holding the whole."""
    fill = _filler(rows_UM)
    n = rows_UM.shape[1]

    def block(first: int) -> tuple[int, FloatMatrix]:
        out = np.zeros((min(size, n - first), n), np.float32)
        fill(first, first + len(out), out)
        return first, out

    starts = range(0, n, size)
    with ThreadPoolExecutor(_threads()) as pool:
        # A window of tasks bounds the blocks that wait to be fetched.
        for wave in range(0, len(starts), 2 * _threads()):
            yield from pool.map(block, starts[wave : wave + 2 * _threads()])


def _filler(rows_UM: csr_array) -> Callable[[int, int, FloatMatrix], None]:
    """Return a function that adds rows `first:last` of XᵀX to its third argument."""
    from matinee.engines.linear_kernels import add_gram_rows

    by_row = csr_array(rows_UM, dtype=np.float32)
    by_column = by_row.tocsc()

    def fill(first: int, last: int, out: FloatMatrix) -> None:
        add_gram_rows(
            first,
            last,
            by_column.indptr,
            by_column.indices,
            by_column.data,
            by_row.indptr,
            by_row.indices,
            by_row.data,
            out,
        )

    return fill


def invert(matrix: Matrix, progress: Progress = silent, stage: str = "inverting") -> None:
    """Replace a symmetric positive definite matrix by its inverse, in place.

    Halves the matrix by Schur complements, so that nearly all work is matrix products, several times faster than
    LAPACK's potri. Symmetric products are made panel by panel and mirrored, which saves a quarter of all work. A third of
    a further matrix of the same size is allocated at the peak, and a panel.

    Args:
        matrix: (n, n), C-contiguous rows; both triangles are read and written.
        progress: told the share of the work that is done, in rows.
        stage: what it is told.

    Raises:
        numpy.linalg.LinAlgError: if it is not positive definite.
    """
    if len(matrix):
        _invert(matrix, _Work(len(matrix), progress, stage))


def _invert(matrix: Matrix, work: _Work) -> None:
    n = len(matrix)
    if n <= BASE:
        matrix[:] = _invert_base(matrix)
        work.add(n, n, n)
        return
    half = n // 2
    a, b, d = matrix[:half, :half], matrix[half:, :half], matrix[half:, half:]
    _invert(a, work)
    product = b @ a
    work.add(n - half, half, half)
    _add_symmetric(d, product, b, -1, work)
    _invert(d, work)
    np.matmul(d, product, out=b)
    work.add(n - half, n - half, half)
    _add_symmetric(a, product.T, b.T, 1, work)
    np.negative(b, out=b)
    matrix[:half, half:] = b.T


def _add_symmetric(target: Matrix, left: Matrix, right: Matrix, sign: int, work: _Work) -> None:
    """Add sign · left · rightᵀ, known to be symmetric, to a symmetric matrix."""
    n = len(target)
    for first in range(0, n, PANEL):
        last = min(first + PANEL, n)
        panel = left[first:] @ right[first:last].T
        below = target[first:, first:last]
        if sign > 0:
            below += panel
        else:
            below -= panel
        target[first:last, last:] = target[last:, first:last].T
        work.add(n - first, last - first, left.shape[1])


class _Work:
    """Counts the multiplications of an inversion for the progress bar."""

    def __init__(self, n: int, progress: Progress, stage: str) -> None:
        self.n, self.progress, self.stage = n, progress, stage
        self.done, self.total = 0.0, _multiplications(n)

    def add(self, rows: int, columns: int, depth: int) -> None:
        self.done += float(rows) * columns * depth
        self.progress(self.stage, min(round(self.n * self.done / self.total), self.n), self.n)


def _multiplications(n: int) -> float:
    """Return what `_Work.add` is told in sum."""
    if n <= BASE:
        return float(n) ** 3
    half, rest = n // 2, n - n // 2
    products = float(rest) * half * (half + rest) + _panels(rest) * half + _panels(half) * rest
    return _multiplications(half) + _multiplications(rest) + products


def _panels(n: int) -> float:
    """Return how many numbers of a symmetric (n, n) product are computed."""
    starts = np.arange(0, n, PANEL, dtype=np.float64)
    return float(((n - starts) * (np.minimum(starts + PANEL, n) - starts)).sum())


def _invert_base(matrix: Matrix) -> Matrix:
    potrf, potri = lapack.get_lapack_funcs(("potrf", "potri"), (matrix,))
    factor, wrong = potrf(matrix, lower=True)
    if wrong:
        raise np.linalg.LinAlgError(f"the matrix is not positive definite (leading minor {wrong})")
    lower, _ = potri(factor, lower=True)
    lower = np.tril(lower)
    full: Matrix = lower + np.tril(lower, -1).T
    return full


def _threads() -> int:
    return max(1, min(os.cpu_count() or 1, 16))

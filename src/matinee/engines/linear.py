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

from matinee.types import FloatMatrix

Matrix = NDArray[np.floating[Any]]

BASE = 256
"""Matrices up to this size are inverted by LAPACK; larger ones are halved."""


def gram(rows_UM: csr_array) -> FloatMatrix:
    """Return the dense (M, M) float32 matrix XᵀX of sparse rows X, taking no other matrix of that size.

    Work is the sum of squared row lengths, so that 32 million ratings need no dense (U, M) product.
    """
    n = rows_UM.shape[1]
    out = np.zeros((n, n), np.float32)
    fill = _filler(rows_UM)

    def fill_piece(first: int, last: int) -> None:
        fill(first, last, out[first:last])

    pieces = np.linspace(0, n, 8 * _threads() + 1).astype(np.int64)
    with ThreadPoolExecutor(_threads()) as pool:
        list(pool.map(fill_piece, pieces[:-1], pieces[1:]))
    return out


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


def invert(matrix: Matrix) -> None:
    """Replace a symmetric positive definite matrix by its inverse, in place.

    Halves the matrix by Schur complements, so that nearly all work is matrix products, several times faster than
    LAPACK's potri. Half of a further matrix of the same size is allocated at the peak.

    Args:
        matrix: (n, n), C-contiguous rows; both triangles are read and written.

    Raises:
        numpy.linalg.LinAlgError: if it is not positive definite.
    """
    n = len(matrix)
    if n <= BASE:
        matrix[:] = _invert_base(matrix)
        return
    half = n // 2
    a, b, d = matrix[:half, :half], matrix[half:, :half], matrix[half:, half:]
    invert(a)
    product = b @ a
    d -= product @ b.T
    invert(d)
    np.matmul(d, product, out=b)
    a += product.T @ b
    np.negative(b, out=b)
    matrix[:half, half:] = b.T


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

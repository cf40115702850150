"""Many small ridge systems at once, by conjugate gradients that share one dense matrix.

Alternating least squares solves, for every row r of a sparse matrix with entries (r, i, w_ri),

    (G + Σ_i w_ri y_i y_iᵀ + l2_r I) x_r = b_r

where G is common to all rows. G times all directions is one matrix product; the sparse part touches each y_i once a
step. Warm-started, few steps a sweep suffice (Takács, Pilászy and Tikk, RecSys 2011), and 512 factors stay affordable.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from matinee.types import FloatMatrix, FloatVector

RankOneSums = Callable[[csr_array, FloatMatrix, FloatMatrix], FloatMatrix]
"""(entries (n, m), vectors (m, d), directions (n, d)) -> (n, d): Σ_i w_ri y_i (y_i · p_r)."""

_GATHERED = 8_000_000
"""Numbers gathered at once by the plain version of the sparse part; bounds its memory."""


def solve_rows(
    gram: FloatMatrix,
    entries: csr_array,
    vectors: FloatMatrix,
    l2: FloatVector,
    *,
    right: FloatMatrix,
    start: FloatMatrix | None,
    steps: int,
    tolerance: float = 0.0,
    sums: RankOneSums,
) -> FloatMatrix:
    """Solve one system a row.

    Args:
        gram: (d, d) symmetric, the part all rows share.
        entries: (n, m) sparse weights w, not negative.
        vectors: (m, d) the y_i.
        l2: (n,) ridge of each row, > 0.
        right: (n, d) the b_r.
        start: (n, d) first guess; None is zero.
        steps: conjugate gradient steps at most.
        tolerance: stop when every residual is below this share of its right side.
        sums: how the sparse part is computed.

    Returns:
        (n, d) float32.
    """

    def times(directions: FloatMatrix) -> FloatMatrix:
        product: FloatMatrix = directions @ gram
        product += sums(entries, vectors, directions)
        product += l2[:, None] * directions
        return product

    solution = np.zeros_like(right) if start is None else start.copy()
    residual = right.copy() if start is None else right - times(solution)
    # Jacobi preconditioning: the diagonal of each system.
    squares = entries @ (vectors * vectors)
    diagonal = np.maximum(np.diagonal(gram) + squares + l2[:, None], np.float32(1e-12))
    adjusted = residual / diagonal
    direction = adjusted.copy()
    energy = np.einsum("nd,nd->n", residual, adjusted)
    target = tolerance**2 * np.einsum("nd,nd->n", right, right / diagonal)
    for _ in range(steps):
        # A row that is solved stays as it is, so that its answer does not depend on the rows beside it.
        open_still = energy > target
        if not open_still.any():
            break
        product = times(direction)
        curvature = np.einsum("nd,nd->n", direction, product)
        length = np.divide(energy, curvature, out=np.zeros_like(energy), where=open_still & (curvature > 0))[:, None]
        solution += length * direction
        residual -= length * product
        adjusted = residual / diagonal
        renewed = np.einsum("nd,nd->n", residual, adjusted)
        turn = np.divide(renewed, energy, out=np.zeros_like(energy), where=energy > 0)[:, None]
        direction = adjusted + turn * direction
        energy = renewed
    return solution.astype(np.float32, copy=False)


def plain_sums(entries: csr_array, vectors: FloatMatrix, directions: FloatMatrix) -> FloatMatrix:
    """Compute the sparse part with numpy and scipy alone; serving uses it."""
    rows = np.repeat(np.arange(entries.shape[0]), np.diff(entries.indptr))
    dots = np.empty(len(rows), np.float32)
    step = max(1, _GATHERED // max(vectors.shape[1], 1))
    for first in range(0, len(rows), step):
        part = slice(first, first + step)
        np.einsum("nd,nd->n", directions[rows[part]], vectors[entries.indices[part]], out=dots[part])
    weighted = csr_array((entries.data * dots, entries.indices, entries.indptr), shape=entries.shape)
    product: FloatMatrix = weighted @ vectors
    return product

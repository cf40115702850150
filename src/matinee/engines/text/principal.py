"""Principal components of rows that are part sparse, part dense, without ever writing the sparse part out.

Randomised subspace iteration (Halko, Martinsson & Tropp, SIAM Review 2011): a fixed seed and six passes; exact up to
rounding where a side of the matrix is no longer than the subspace.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from matinee.types import FloatMatrix, FloatVector

_SPARE = 30
_PASSES = 6
_SMALLEST = 1e-3
"""Components whose singular value is a smaller share of the largest are rounding, and left out."""


@dataclass(frozen=True)
class Rows:
    """The matrix [sparse, dense] (n, width), less `mean` in each row.

    Attributes:
        sparse: (n, s) float32.
        dense: (n, d) float32.
        mean: (s + d,) float32.
    """

    sparse: csr_array
    dense: FloatMatrix
    mean: FloatVector

    @classmethod
    def centred(cls, sparse: csr_array, dense: FloatMatrix) -> Rows:
        """Return the rows less their mean."""
        n = max(sparse.shape[0], 1)
        mean = np.concatenate([np.asarray(sparse.sum(axis=0)).ravel() / n, dense.sum(axis=0) / n])
        return cls(sparse, dense, mean.astype(np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """(n, width)."""
        return self.sparse.shape[0], self.sparse.shape[1] + self.dense.shape[1]

    def times(self, right: FloatMatrix) -> FloatMatrix:
        """Return (n, k): these rows times (width, k)."""
        cut = self.sparse.shape[1]
        product: FloatMatrix = self.sparse @ right[:cut] + self.dense @ right[cut:] - self.mean @ right
        return product

    def transposed_times(self, right: FloatMatrix) -> FloatMatrix:
        """Return (width, k): the transpose times (n, k)."""
        parts = np.concatenate([self.sparse.T @ right, self.dense.T @ right])
        product: FloatMatrix = parts - np.outer(self.mean, right.sum(axis=0))
        return product


def principal(rows: Rows, n: int, seed: int) -> FloatMatrix:
    """Return (width, k ≤ n) orthonormal directions along which the rows vary most, the strongest first."""
    height, width = rows.shape
    size = min(n + _SPARE, height, width)
    if not size:
        return np.zeros((width, 0), np.float32)
    start = np.random.default_rng(seed).standard_normal((width, size), dtype=np.float32)
    with threadpool_limits(1):  # so narrow, the factorisations lose more to waiting threads than they gain
        directions, strength = _iterate(rows, start)
    keep = int((strength[:n] > max(_SMALLEST * float(strength[0]), 1e-6)).sum())
    return np.ascontiguousarray(directions[:, :keep])


def _iterate(rows: Rows, start: FloatMatrix) -> tuple[FloatMatrix, FloatVector]:
    reached = rows.times(start)
    for _ in range(_PASSES):
        back, _ = np.linalg.qr(rows.transposed_times(np.linalg.qr(reached)[0]))
        reached = rows.times(back)
    basis, _ = np.linalg.qr(reached)
    directions, strength, _ = np.linalg.svd(rows.transposed_times(basis), full_matrices=False)
    return directions, strength


def unit_rows(x: FloatMatrix) -> FloatMatrix:
    """Return each row at length 1; rows of length 0 stay."""
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    unit: FloatMatrix = np.divide(x, lengths, out=np.zeros_like(x), where=lengths > 1e-6)
    return unit

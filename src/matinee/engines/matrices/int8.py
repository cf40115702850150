"""Symmetric int8 with one float32 scale a row: a quarter of the bytes.

Row i is q_i · s_i with s_i = max|row i| / 127 and whole numbers q in −127…127, so no number is off by more than s_i / 2.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy.sparse import csr_array

from matinee.engines.kernels.by_scale import ByScale
from matinee.engines.kernels.digits import Int8Matrix as Int8Values
from matinee.engines.kernels.int8_dots import Int8Dots
from matinee.engines.matrices.matrix import TILE, Arrays, Index, Matrix
from matinee.types import FloatMatrix, FloatVector

FEW = 16
"""Up to so many vectors, integer dot products beat decoding the matrix."""

_DECODED = 8192
"""Rows decoded at a time for many vectors: longer runs of scores are quicker to write."""

_LEAST = 1e-37


class Int8(Matrix):
    """Rows of whole numbers with a scale.

    Args:
        values: (n_rows, n_columns) int8; may be memory-mapped.
        scale: (n_rows,) float32.
    """

    scheme: ClassVar[str] = "int8"

    def __init__(self, values: Int8Values, scale: FloatVector) -> None:
        self._values, self.scale = values, scale
        self.shape = (values.shape[0], values.shape[1])
        self.nbytes = values.nbytes + scale.nbytes

    @classmethod
    def opened(cls, parts: Arrays) -> Int8:
        """Open what `encoded` returned."""
        return cls(parts["values"], parts["scale"])

    @staticmethod
    def encoded(matrix: FloatMatrix) -> Arrays:
        """Return the parts of a matrix."""
        values, scale = quantised(matrix, 127)
        return {"values": values, "scale": scale}

    def rows(self, index: Index) -> FloatMatrix:
        """Return some rows decoded."""
        found: FloatMatrix = self._values.take(index, axis=0).astype(np.float32)
        found *= self.scale.take(index)[:, None]
        return found

    def span(self, first: int, last: int) -> FloatMatrix:
        """Return consecutive rows decoded."""
        found: FloatMatrix = self._values[first:last].astype(np.float32)
        found *= self.scale[first:last, None]
        return found

    def dot(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return (P, n_rows) products: in integers for few vectors, with decoded tiles for many."""
        if len(vectors) <= FEW:
            scores = self.dots.dot(vectors)
            scores *= self.scale
            return scores
        scores = np.empty((len(vectors), self.shape[0]), np.float32)
        for first in range(0, self.shape[0], _DECODED):
            last = min(first + _DECODED, self.shape[0])
            np.matmul(vectors, self.span(first, last).T, out=scores[:, first:last], casting="same_kind")
        return scores

    def row_sums(self, weights: csr_array) -> FloatMatrix:
        """Return (P, n_columns) W M; for one row of weights as one product with the integers."""
        if weights.shape[0] != 1:
            return super().row_sums(weights)
        scaled = weights.data * self.scale[weights.indices]
        total: FloatMatrix = scaled[None].astype(np.float32) @ self._values[weights.indices].astype(np.float32)
        return total

    def entries(self, rows: Index, columns: Index) -> FloatMatrix:
        """Return the entries where rows and columns meet, decoding no others."""
        found: FloatMatrix = self._values[np.ix_(rows, columns)] * self.scale[rows, None]
        return found

    def column(self, column: int) -> FloatVector:
        """Return one column."""
        found: FloatVector = self._values[:, column] * self.scale
        return found

    @cached_property
    def by_scale(self) -> ByScale:
        """The rows in falling order of their scale; a copy."""
        return ByScale(self._values, self.scale, self.lengths)

    @cached_property
    def dots(self) -> Int8Dots:
        """The rows as integers, ready to be multiplied; worth `scale` each."""
        return Int8Dots(self._values)


def quantised(matrix: FloatMatrix, steps: int, scale: FloatVector | None = None) -> tuple[Int8Values, FloatVector]:
    """Round each row to whole multiples of a scale, by default of its largest number over `steps`.

    Args:
        matrix: (n_rows, n_columns) finite; a few rows are read at a time.
        steps: whole numbers on either side of 0, at most 127.
        scale: (n_rows,) other scales to use.

    Returns:
        (n_rows, n_columns) int8 in −steps…steps and (n_rows,) float32 scales, 0 for rows of zeros.
    """
    values, scales = np.zeros(matrix.shape, np.int8), np.zeros(len(matrix), np.float32)
    for first in range(0, len(matrix), TILE):
        part = slice(first, first + TILE)
        tile = matrix[part]
        unit = (np.abs(tile).max(axis=1, initial=0) / steps).astype(np.float32) if scale is None else scale[part].copy()
        # Below this a number cannot be divided by; such rows are zeros for every purpose.
        unit[unit < _LEAST] = 0
        quotients = np.divide(tile, unit[:, None], out=np.zeros(tile.shape, np.float32), where=unit[:, None] > 0)
        values[part] = np.clip(np.rint(quotients), -steps, steps)
        scales[part] = unit
    return values, scales

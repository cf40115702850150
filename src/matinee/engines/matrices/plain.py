"""Matrices of floating point numbers: float32 as engines learn them, float16 at half the bytes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import saxpy
from scipy.sparse import csr_array

from matinee.engines.matrices.matrix import Arrays, Index, Matrix
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector

WIDE = 96
"""Columns from which one vector is multiplied row by row: OpenBLAS reads a matrix more slowly than its rows."""


class Float32(Matrix):
    """The matrix as it was learnt.

    Args:
        values: (n_rows, n_columns) float32; may be memory-mapped.
    """

    scheme: ClassVar[str] = "float32"

    def __init__(self, values: FloatMatrix) -> None:
        self._values = values
        self.shape = (values.shape[0], values.shape[1])
        self.nbytes = values.nbytes

    def rows(self, index: Index) -> FloatMatrix:
        """Return a copy of some rows."""
        found: FloatMatrix = self._values[index]
        return found

    def span(self, first: int, last: int) -> FloatMatrix:
        """Return a view of consecutive rows."""
        return self._values[first:last]

    def dot(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return (P, n_rows) products, by the linear algebra library."""
        if len(vectors) == 1 and self.shape[1] >= WIDE:
            one: FloatMatrix = np.vecdot(self._values, vectors[0])[None]
            return one
        scores: FloatMatrix = vectors @ self._values.T
        return scores

    def row_sums(self, weights: csr_array) -> FloatMatrix:
        """Return (P, n_columns) W M without copying a row."""
        total: FloatMatrix = weights @ self._values
        return total

    def weighted_sum(self, rows: Index, weights: FloatVector) -> FloatVector:
        """Return (n_columns,) Σ_j weights_j · row rows_j, a row at a time as it lies in memory."""
        total = np.zeros(self.shape[1], np.float32)
        if self.shape[1]:
            for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
                saxpy(self._values[row], total, a=weight)
        return total

    def entries(self, rows: Index, columns: Index) -> FloatMatrix:
        """Return the entries where rows and columns meet."""
        found: FloatMatrix = self._values[np.ix_(rows, columns)]
        return found

    def column(self, column: int) -> FloatVector:
        """Return a view of one column."""
        found: FloatVector = self._values[:, column]
        return found


class Float16(Matrix):
    """Half the bytes, 11 bits of precision.

    Args:
        values: (n_rows, n_columns) float16; may be memory-mapped.
    """

    scheme: ClassVar[str] = "float16"

    def __init__(self, values: NDArray[np.float16]) -> None:
        self._values = values
        self.shape = (values.shape[0], values.shape[1])
        self.nbytes = values.nbytes

    @classmethod
    def opened(cls, parts: Arrays) -> Float16:
        """Open what `encoded` returned."""
        return cls(parts["values"])

    @staticmethod
    def encoded(matrix: FloatMatrix) -> Arrays:
        """Return the parts of a matrix.

        Raises:
            SettingsError: if a number is too large for float16.
        """
        largest = float(np.abs(matrix).max(initial=0))
        if largest > float(np.finfo(np.float16).max):
            raise SettingsError(
                f"float16 holds numbers up to 65,504; this matrix has {largest:,.0f}.", hint="Choose int8."
            )
        return {"values": matrix.astype(np.float16)}

    def rows(self, index: Index) -> FloatMatrix:
        """Return some rows in float32."""
        found: FloatMatrix = self._values[index].astype(np.float32)
        return found

    def span(self, first: int, last: int) -> FloatMatrix:
        """Return consecutive rows in float32."""
        found: FloatMatrix = self._values[first:last].astype(np.float32)
        return found

    def entries(self, rows: Index, columns: Index) -> FloatMatrix:
        """Return the entries where rows and columns meet, decoding no others."""
        found: FloatMatrix = self._values[np.ix_(rows, columns)].astype(np.float32)
        return found

    def column(self, column: int) -> FloatVector:
        """Return one column."""
        found: FloatVector = self._values[:, column].astype(np.float32)
        return found

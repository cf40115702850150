"""What a compressed matrix can be asked, whatever its encoding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.types import FloatMatrix, FloatVector

Index = NDArray[np.integer[Any]]
Arrays = dict[str, NDArray[Any]]

TILE = 2048
"""Rows decoded at a time where all are needed."""


class Matrix(ABC):
    """A matrix of n_rows × n_columns numbers in some encoding; reading it changes nothing.

    Subclasses decode some rows; whatever they can do faster than by decoding, they override.

    Attributes:
        scheme: the encoding's name.
        shape: (n_rows, n_columns).
        nbytes: bytes it takes in a release.
    """

    scheme: ClassVar[str]
    shape: tuple[int, int]
    nbytes: int

    @abstractmethod
    def rows(self, index: Index) -> FloatMatrix:
        """Return (len(index), n_columns) float32, the rows asked for; indices may repeat."""

    def span(self, first: int, last: int) -> FloatMatrix:
        """Return rows `first:last` as float32; they must not be written to."""
        return self.rows(np.arange(first, last))

    def dense(self) -> FloatMatrix:
        """Return the whole matrix as float32."""
        return self.span(0, self.shape[0])

    def dot(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return (P, n_rows) float32, the product of each of the vectors (P, n_columns) with every row."""
        scores = np.empty((len(vectors), self.shape[0]), np.float32)
        for first in range(0, self.shape[0], TILE):
            last = min(first + TILE, self.shape[0])
            scores[:, first:last] = vectors @ self.span(first, last).T
        return scores

    def row_sums(self, weights: csr_array) -> FloatMatrix:
        """Return (P, n_columns) float32, W M for sparse weights (P, n_rows); only rows that have a weight are decoded."""
        used, place = np.unique(weights.indices, return_inverse=True)
        total = np.zeros((weights.shape[0], self.shape[1]), np.float32)
        if len(used) <= TILE:
            part = csr_array((weights.data, place, weights.indptr), shape=(weights.shape[0], len(used)))
            total += part @ self.rows(used)
            return total
        by_row = weights.tocsc()
        for first in range(0, len(used), TILE):
            tile = used[first : first + TILE]
            total += by_row[:, tile] @ self.rows(tile)
        return total

    def weighted_sum(self, rows: Index, weights: FloatVector) -> FloatVector:
        """Return (n_columns,) float32 Σ_j weights_j · row rows_j, for one profile; no row stands there twice."""
        indptr = np.array([0, len(rows)], np.int32)
        total: FloatVector = self.row_sums(csr_array((weights, rows, indptr), shape=(1, self.shape[0])))[0]
        return total

    def entries(self, rows: Index, columns: Index) -> FloatMatrix:
        """Return (len(rows), len(columns)) float32, the entries where these rows and columns meet."""
        return self.rows(rows)[:, columns]

    def column(self, column: int) -> FloatVector:
        """Return (n_rows,) float32, one column."""
        found = np.empty(self.shape[0], np.float32)
        for first in range(0, self.shape[0], TILE):
            last = min(first + TILE, self.shape[0])
            found[first:last] = self.span(first, last)[:, column]
        return found

    @cached_property
    def lengths(self) -> FloatVector:
        """(n_rows,) the Euclidean length of every row."""
        found = np.empty(self.shape[0], np.float32)
        for first in range(0, self.shape[0], TILE):
            last = min(first + TILE, self.shape[0])
            found[first:last] = np.linalg.norm(self.span(first, last), axis=1)
        return found

    def cosines(self, row: int) -> FloatVector:
        """Return (n_rows,) the cosine of every row with one of them; 0 for rows of zero length."""
        products = self.dot(self.rows(np.array([row])))[0]
        scale = self.lengths * self.lengths[row]
        cosines: FloatVector = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
        return cosines

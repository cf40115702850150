"""Item-item matrices by the strongest entries of every row: two bytes an entry, ascending columns, one scale a row.

An entry is its distance from the entry before it (uint8; before the first stands column −1) and an int8 value. Where
the next entry is more than 255 columns away, entries of value 0 stand in between. Row i is q · s_i with s_i = max|row i| / 127;
what rounds to 0 is not kept.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.engines.kernels.sparse_rows import columns_from_gaps, joined, weighted_sum
from matinee.engines.matrices.int8 import quantised
from matinee.engines.matrices.matrix import Arrays, Index, Matrix
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector, IntVector, LongVector

BYTES_AN_ENTRY = 2
BYTES_A_ROW = 12
"""Start and scale."""
BYTES_MORE = 16
"""The last start and the number of columns."""

Entries = tuple[IntVector, NDArray[np.int8], NDArray[np.int32]]
"""Columns, values and row pointers of some rows."""

_FARTHEST = 255
_ROWS = 256
"""Rows encoded or decoded to full length at a time."""
_TOGETHER = 4096
"""Rows whose entries are read at a time: as many as a long profile has, so that its list and their explanation share them."""
_FEW = 64
"""Up to so many profiles are summed one by one, without decoding rows to full length."""


class Sparse8(Matrix):
    """The strongest entries of every row.

    Args:
        gaps: (n_entries,) uint8.
        values: (n_entries,) int8.
        starts: (n_rows + 1,) int64, row i owns entries `starts[i]:starts[i + 1]`.
        scale: (n_rows,) float32.
        n_columns: length of a row.
    """

    scheme: ClassVar[str] = "sparse8"

    def __init__(
        self, gaps: NDArray[np.uint8], values: NDArray[np.int8], starts: LongVector, scale: FloatVector, n_columns: int
    ) -> None:
        self._gaps, self._values, self._starts, self._scale = gaps, values, starts, scale
        self.shape = (len(scale), n_columns)
        self.nbytes = gaps.nbytes + values.nbytes + starts.nbytes + scale.nbytes + 8
        nothing = (np.zeros(0, np.int32), np.zeros(0, np.int8), np.zeros(1, np.int32))
        self._last: tuple[tuple[str, bytes], Entries] = (("", b""), nothing)

    @classmethod
    def opened(cls, parts: Arrays) -> Sparse8:
        """Open what `encoded` returned."""
        return cls(parts["gaps"], parts["values"], parts["starts"], parts["scale"], int(parts["columns"][0]))

    @staticmethod
    def encoded(matrix: FloatMatrix, *, budget: int | None = None) -> Arrays:
        """Return the parts of a matrix.

        Args:
            matrix: (n_rows, n_columns); a few rows are read at a time.
            budget: bytes to take at most; by default a sixteenth of the matrix in float32, or what is needed at least.

        Raises:
            SettingsError: if the budget does not hold one entry a row.
        """
        n_rows, n_columns = matrix.shape
        least = least_bytes(n_rows, n_columns)
        budget = max(4 * n_rows * n_columns // 16, least) if budget is None else budget
        if budget < least:
            raise SettingsError(
                f"sparse8 takes {least:,} bytes at least for {n_rows:,} × {n_columns:,} numbers; the budget is {budget:,}."
            )
        keep = (budget - n_rows * BYTES_A_ROW - BYTES_MORE) // (BYTES_AN_ENTRY * max(n_rows, 1))
        pieces = [_encode(matrix[first : first + _ROWS], keep) for first in range(0, n_rows, _ROWS)]
        nothing = (np.zeros(0, np.uint8), np.zeros(0, np.int8), np.zeros(0, np.int64), np.zeros(0, np.float32))
        gaps, values, lengths, scale = (np.concatenate(part) for part in zip(nothing, *pieces, strict=True))
        starts = np.zeros(n_rows + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        if not len(gaps):
            # An array of nothing cannot be kept in a release; no row owns this entry.
            gaps, values = np.ones(1, np.uint8), np.zeros(1, np.int8)
        columns = np.array([n_columns], np.int64)
        return {"gaps": gaps, "values": values, "starts": starts, "scale": scale, "columns": columns}

    def rows(self, index: Index) -> FloatMatrix:
        """Return some rows at full length."""
        found = np.zeros((len(index), self.shape[1]), np.float32)
        for first in range(0, len(index), _ROWS):
            part = index[first : first + _ROWS]
            columns, values, indptr = self._entries(part)
            place = np.repeat(np.arange(first, first + len(part)), np.diff(indptr))
            found[place, columns] = values * np.repeat(self._scale[part], np.diff(indptr))
        return found

    def dot(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return (P, n_rows) products with every row."""
        scores = np.empty((len(vectors), self.shape[0]), np.float32)
        for first in range(0, self.shape[0], _ROWS):
            last = min(first + _ROWS, self.shape[0])
            scores[:, first:last] = vectors @ self.span(first, last).T
        return scores

    def weighted_sum(self, rows: Index, weights: FloatVector) -> FloatVector:
        """Return (n_columns,) Σ_j weights_j · row rows_j from the entries of these rows alone."""
        return self._sum(rows, weights)

    def row_sums(self, weights: csr_array) -> FloatMatrix:
        """Return (P, n_columns) W M; a few profiles from the entries of their own rows alone."""
        total = np.zeros((weights.shape[0], self.shape[1]), np.float32)
        if weights.shape[0] <= _FEW:
            for profile in range(weights.shape[0]):
                own = slice(weights.indptr[profile], weights.indptr[profile + 1])
                total[profile] = self._sum(weights.indices[own], weights.data[own])
            return total
        used = np.unique(weights.indices)
        by_row = weights.tocsc()
        for first in range(0, len(used), _ROWS):
            tile = used[first : first + _ROWS]
            total += by_row[:, tile] @ self.rows(tile)
        return total

    def entries(self, rows: Index, columns: Index) -> FloatMatrix:
        """Return the entries where rows and columns meet."""
        wanted, place = np.unique(columns, return_inverse=True)
        found = np.zeros((len(rows), len(wanted)), np.float32)
        # A byte a column: the table of all columns stays in the processor's cache while entries are looked up.
        is_wanted = np.zeros(self.shape[1], np.bool_)
        is_wanted[wanted] = True
        for first in range(0, len(rows), _TOGETHER):
            part = rows[first : first + _TOGETHER]
            stored, values, indptr = self._entries(part)
            hit = np.flatnonzero(is_wanted[stored])
            row = np.searchsorted(indptr, hit, side="right") - 1
            found[first + row, np.searchsorted(wanted, stored[hit])] = values[hit] * self._scale[part[row]]
        return found[:, place]

    def column(self, column: int) -> FloatVector:
        """Return one column; reads the whole matrix."""
        return self.entries(np.arange(self.shape[0]), np.array([column]))[:, 0]

    def _sum(self, rows: Index, weights: FloatVector) -> FloatVector:
        columns, values, indptr = self._entries(rows)
        scaled = (weights * self._scale[rows]).astype(np.float32)
        return weighted_sum(columns, values.astype(np.float32), indptr, scaled, self.shape[1])

    def _entries(self, rows: Index) -> Entries:
        """Return columns, values and row pointers of some rows, fillers included.

        The last ones asked for are kept, so that a list and its explanation decode a profile's rows once.
        """
        known, entries = self._last
        asked = (rows.dtype.char, rows.tobytes())
        if known != asked:
            entries = self._decoded(rows)
            self._last = asked, entries
        return entries

    def _decoded(self, rows: Index) -> Entries:
        begins, ends = self._starts[rows], self._starts[rows + 1]
        indptr = np.zeros(len(rows) + 1, np.int32)
        np.cumsum(ends - begins, out=indptr[1:])
        where = begins.tolist(), ends.tolist()
        return columns_from_gaps(joined(self._gaps, *where), indptr), joined(self._values, *where), indptr


def least_bytes(n_rows: int, n_columns: int) -> int:
    """Return the bytes that one entry a row takes at most."""
    return n_rows * (BYTES_A_ROW + BYTES_AN_ENTRY * (1 + n_columns // _FARTHEST)) + BYTES_MORE


def _encode(block: FloatMatrix, keep: int) -> tuple[NDArray[np.uint8], NDArray[np.int8], LongVector, FloatVector]:
    """Return gaps, values, lengths and scales of some rows, none longer than `keep` entries, fillers included."""
    quantities, scale = quantised(block, 127)
    pieces = _strongest(block, quantities, keep)
    if pieces[2].max(initial=0) > keep:
        # Fillers took more than the budget; with room for the most there can be, they do not.
        pieces = _strongest(block, quantities, keep - block.shape[1] // _FARTHEST)
    return *pieces, scale


def _strongest(
    block: FloatMatrix, quantities: NDArray[np.int8], keep: int
) -> tuple[NDArray[np.uint8], NDArray[np.int8], LongVector]:
    n_rows, n_columns = block.shape
    if keep < n_columns:
        chosen = np.sort(np.argpartition(-np.abs(block), keep - 1, axis=1)[:, :keep], axis=1)
    else:
        chosen = np.tile(np.arange(n_columns), (n_rows, 1))
    kept = np.take_along_axis(quantities, chosen, axis=1)
    row, place = np.nonzero(kept)
    column, value = chosen[row, place], kept[row, place]
    gap = np.diff(column, prepend=-1)
    new = np.diff(row, prepend=-1) > 0
    gap[new] = column[new] + 1
    fillers = (gap - 1) // _FARTHEST
    end = np.cumsum(fillers + 1) - 1
    size = int(end[-1]) + 1 if len(end) else 0
    gaps, values = np.full(size, _FARTHEST, np.uint8), np.zeros(size, np.int8)
    gaps[end] = gap - _FARTHEST * fillers
    values[end] = value
    lengths = np.bincount(row, fillers + 1, n_rows).astype(np.int64)
    return gaps, values, lengths

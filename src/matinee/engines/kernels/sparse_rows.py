"""Weighted sums of sparse rows: what an item-item model does for every profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.types import FloatVector, IntVector


def joined(pieces: NDArray[Any], begins: Sequence[int], ends: Sequence[int]) -> NDArray[Any]:
    """Return the entries `pieces[begins[r]:ends[r]]`, row after row."""
    # Slices are copied whole; gathering the same entries by index takes several times as long.
    return np.concatenate([pieces[:0], *[pieces[first:last] for first, last in zip(begins, ends, strict=True)]])


def columns_from_gaps(gaps: NDArray[np.uint8], indptr: NDArray[np.int32]) -> IntVector:
    """Return (n_entries,) columns from distances, each row counting from column −1.

    Args:
        gaps: (n_entries,) distance of each entry from the one before it in its row.
        indptr: (n_rows + 1,) row r owns entries `indptr[r]:indptr[r + 1]`.
    """
    reached = np.zeros(len(gaps) + 1, np.int32)
    np.cumsum(gaps, out=reached[1:])
    columns: IntVector = reached[1:] - np.repeat(reached[indptr[:-1]] + 1, np.diff(indptr)).astype(np.int32)
    return columns


def weighted_sum(
    columns: IntVector,
    values: FloatVector,
    indptr: NDArray[np.int32],
    weights: FloatVector,
    n_columns: int,
) -> FloatVector:
    """Return (n_columns,) Σ_r weights_r · row_r, for rows given as compressed sparse rows.

    Args:
        columns: (n_entries,) in [0, n_columns).
        values: (n_entries,) float32.
        indptr: (n_rows + 1,) row r owns entries `indptr[r]:indptr[r + 1]`.
        weights: (n_rows,) float32.
        n_columns: length of a row.
    """
    rows = csr_array((values, columns, indptr), shape=(len(weights), n_columns))
    total: FloatVector = rows.T @ weights
    return total

"""Whole-number products of an int8 matrix with vectors, and the scores that follow from them.

The integers come from numkong where it is installed and from numpy where it is not; sums of integers have no rounding,
so both give the same scores to the last bit. The matrix is read as it lies: it is neither decoded nor copied.
"""

from __future__ import annotations

import importlib
import math
from functools import cached_property
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from matinee.engines.kernels.digits import BASE, Int8Matrix, two_digits
from matinee.types import FloatMatrix

_EXACT = 1024
"""Columns whose int8 products float32 adds up without rounding: 1024 · 127² < 2²⁴."""

_WHOLE = 520
"""Columns of which both digits together fit int32: 520 · 127² · 255 < 2³¹."""

_TILE = 2048
"""Rows that numpy converts at a time, so that they stay in the processor's cache."""

_AT_ONCE = 65_536
"""Products that become scores at a time."""

_STRIDE = 64
"""Columns that numkong reads at a step; narrower rows cost it as much."""


def _numkong() -> ModuleType | None:
    try:
        return importlib.import_module("numkong")
    except ImportError:
        return None


NUMKONG: ModuleType | None = _numkong()
"""The library of int8 dot products, None where it is not installed."""


def vectors_at_once() -> int:
    """Return how many vectors numkong multiplies in about the time of one: a tile of AMX where there is one, else a register."""
    capabilities = NUMKONG.get_capabilities() if NUMKONG else {}
    return 16 if any(name.endswith("amx") and there for name, there in capabilities.items()) else 4


AT_ONCE = vectors_at_once()
"""What `vectors_at_once` said at the start."""


class Int8Dots:
    """The rows of one int8 matrix, ready to be multiplied.

    Args:
        values: (n_rows, n_columns) int8 in −127…127; may be memory-mapped.
    """

    def __init__(self, values: Int8Matrix) -> None:
        self._values = np.ascontiguousarray(values)

    @cached_property
    def longest(self) -> float:
        """The length of the longest row."""
        squares = 0.0
        for first in range(0, len(self._values), _TILE):
            tile = self._values[first : first + _TILE].astype(np.float32)
            squares = max(squares, float(np.einsum("nf,nf->n", tile, tile).max()))
        return math.sqrt(squares) * (1 + 1e-4)

    def products(self, digits: Int8Matrix) -> NDArray[np.int32]:
        """Return (n_rows, n) int32 dot products of every row of the matrix with each of the digits' n rows (n, n_columns).

        A few rows that lie one after the other are read as one wide row, which is met by the digits shifted to each
        place: numkong takes several vectors in the time of one, and wide rows quicker than narrow ones.
        """
        n_rows, n_columns = self._values.shape
        n = len(digits)
        if not n or not n_rows or not n_columns:
            return np.zeros((n_rows, n), np.int32)
        if NUMKONG is None:
            return plain_products(self._values, digits)
        abreast = min(max(AT_ONCE // n, _STRIDE // n_columns, 1), n_rows)
        shifted = np.zeros((abreast, n, abreast, n_columns), np.int8)
        places = np.arange(abreast)
        shifted[places, :, places] = digits
        found = np.empty((n_rows, n), np.int32)
        whole = n_rows // abreast * abreast
        for rows, width, packed in (
            (slice(0, whole), abreast, shifted.reshape(abreast * n, -1)),
            (slice(whole, n_rows), 1, np.ascontiguousarray(digits)),
        ):
            if rows.stop > rows.start:
                height = (rows.stop - rows.start) // width
                out = NUMKONG.from_dlpack(found[rows].reshape(height, -1))
                NUMKONG.dots_packed(self._values[rows].reshape(height, -1), NUMKONG.dots_pack(packed), out=out)
        return found

    def dot(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return (P, n_rows) float32 products of float32 vectors (P, n_columns) with the integers of every row.

        Vectors are written with two digits each: the error is below 1.6e-5 of a vector's largest number.
        """
        digits, unit = two_digits(vectors)
        n_rows, n_columns = self._values.shape
        both = self.products(digits.reshape(2 * len(vectors), n_columns)).reshape(n_rows, len(vectors), 2)
        base = BASE if n_columns <= _WHOLE else np.float32(BASE)
        scores = np.empty((len(vectors), n_rows), np.float32)
        step = max(_AT_ONCE // max(len(vectors), 1), 1)
        for first in range(0, n_rows, step):
            part = slice(first, first + step)
            whole_numbers = both[part, :, 0] * base
            whole_numbers += both[part, :, 1]
            scores[:, part] = whole_numbers.T
        scores *= unit[:, None]
        return scores


def plain_products(values: Int8Matrix, digits: Int8Matrix) -> NDArray[np.int32]:
    """Return (n_rows, n) the same integers by numpy: tiles in float32, whose products of whole numbers are exact."""
    found = np.zeros((len(values), len(digits)), np.int32)
    for first in range(0, values.shape[1], _EXACT):
        columns = slice(first, first + _EXACT)
        right = digits[:, columns].astype(np.float32).T
        for row in range(0, len(values), _TILE):
            tile = values[row : row + _TILE, columns].astype(np.float32)
            found[row : row + _TILE] += (tile @ right).astype(np.int32)
    return found

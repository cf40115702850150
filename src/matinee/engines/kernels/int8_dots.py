"""Dot products of int8 rows with float32 vectors, exact to about 16 bits of the vector.

A vector v is written with two digits, v ≈ s (254 a + b) with a, b in −127…127 and s = max|v| / (127 · 254), which leaves an
error of at most s/2 a number, or 1.6e-5 of the largest. Both digits meet the int8 matrix in integers; the matrix is never decoded.
The integers come from numkong where it is installed and from numpy where it is not; sums of integers have no rounding,
so both give the same scores to the last bit.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.types import FloatMatrix, FloatVector

Int8Matrix = NDArray[np.int8]

BASE = 254
"""What the first digit counts in units of the second: the two ranges of 127 on either side meet without a gap."""

_EXACT = 1024
"""Columns whose int8 products float32 adds up without rounding: 1024 · 127² < 2²⁴."""

_WHOLE = 520
"""Columns of which both digits together fit int32: 520 · 127² · 255 < 2³¹."""

_TILE = 2048
"""Rows that numpy converts at a time, so that they stay in the processor's cache."""

_ABREAST = 4
"""Rows that lie one after the other and are read as one, for a single vector of digits."""

_STRIDE = 64
"""Columns that numkong reads at a step; what remains beyond a multiple of it takes several times as long a column."""


def _numkong() -> ModuleType | None:
    try:
        return importlib.import_module("numkong")
    except ImportError:
        return None


NUMKONG: ModuleType | None = _numkong()
"""The library of int8 dot products, None where it is not installed."""


class Int8Dots:
    """The rows of one int8 matrix, ready to be multiplied.

    Args:
        values: (n_rows, n_columns) int8 in −127…127; may be memory-mapped.
    """

    def __init__(self, values: Int8Matrix) -> None:
        self._values = np.ascontiguousarray(values)
        self._wide: Int8Matrix | None = None

    @cached_property
    def longest(self) -> float:
        """The length of the longest row."""
        squares = 0.0
        for first in range(0, len(self._values), _TILE):
            tile = self._values[first : first + _TILE].astype(np.float32)
            squares = max(squares, float(np.einsum("nf,nf->n", tile, tile).max()))
        return math.sqrt(squares) * (1 + 1e-4)

    def one(self, digits: NDArray[np.int8]) -> NDArray[np.int32]:
        """Return (n_rows,) int32 dot products of one vector of digits (n_columns,) with every row of the matrix.

        Rows are read as they lie, a few side by side as one wide row, which is met by the digits shifted to each place:
        numkong takes four vectors in the time of one.
        """
        n_rows, n_columns = self._values.shape
        wide = n_rows // _ABREAST
        if NUMKONG is None or not wide or not n_columns:
            plain: NDArray[np.int32] = plain_products(digits[None], self._values)[0]
            return plain
        shifted = np.zeros((_ABREAST, _ABREAST, n_columns), np.int8)
        shifted[np.arange(_ABREAST), np.arange(_ABREAST)] = digits
        packed = NUMKONG.dots_pack(shifted.reshape(_ABREAST, -1))
        whole = wide * _ABREAST
        found: NDArray[np.int32] = np.asarray(
            NUMKONG.dots_packed(self._values[:whole].reshape(wide, -1), packed)
        ).reshape(whole)
        if whole < n_rows:
            found = np.concatenate([found, plain_products(digits[None], self._values[whole:])[0]])
        return found

    def products(self, digits: Int8Matrix) -> NDArray[np.int32]:
        """Return (P, n_rows) int32 dot products of each of the digits' rows with every row of the matrix."""
        n_rows, n_columns = self._values.shape
        if not len(digits) or not n_rows or not n_columns:
            return np.zeros((len(digits), n_rows), np.int32)
        if NUMKONG is None:
            return plain_products(digits, self._values)
        if self._wide is None:
            self._wide = side_by_side(self._values)
        folds = folds_of(n_columns)
        shifted = np.zeros((len(digits), folds, self._wide.shape[1]), np.int8)
        for fold in range(folds):
            shifted[:, fold, fold * n_columns : (fold + 1) * n_columns] = digits
        packed = NUMKONG.dots_pack(shifted.reshape(len(digits) * folds, -1))
        found = np.asarray(NUMKONG.dots_packed(self._wide, packed))
        products: NDArray[np.int32] = np.ascontiguousarray(found.T).reshape(len(digits), -1)[:, :n_rows]
        return products

    def dot(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return (P, n_rows) float32 products of float32 vectors (P, n_columns) with the integers of every row."""
        digits, unit = two_digits(vectors)
        n_rows, n_columns = self._values.shape
        products = self.products(digits.reshape(2 * len(vectors), n_columns)).reshape(len(vectors), 2, n_rows)
        if n_columns <= _WHOLE:
            whole = products[:, 0]
            whole *= BASE
            whole += products[:, 1]
            return np.multiply(whole, unit[:, None], dtype=np.float32, casting="unsafe")
        scores: FloatMatrix = products[:, 0].astype(np.float32)
        scores *= np.float32(BASE)
        scores += products[:, 1]
        scores *= unit[:, None]
        return scores


def folds_of(n_columns: int) -> int:
    """Return how many rows of so many columns stand side by side for numkong.

    Two at least: the two digits of one vector, shifted to each place, are then four vectors, and numkong takes four at
    once in half the time of two.
    """
    return max(2, _STRIDE // n_columns)


def side_by_side(values: Int8Matrix) -> Int8Matrix:
    """Return (⌈n_rows / k⌉, width) int8 for numkong: k rows one after the other, and zeros up to a full stride.

    Row r stands in row r mod ⌈n_rows / k⌉, so that products with a vector shifted to each of the k places lie in order.
    """
    n_rows, n_columns = values.shape
    folds = folds_of(n_columns)
    height = -(-n_rows // folds)
    wide = np.zeros((height, -(-folds * n_columns // _STRIDE) * _STRIDE), np.int8)
    for fold in range(folds):
        part = values[fold * height : (fold + 1) * height]
        wide[: len(part), fold * n_columns : (fold + 1) * n_columns] = part
    return wide


def two_digits(vectors: FloatMatrix) -> tuple[Int8Matrix, FloatVector]:
    """Write vectors (P, F) with two int8 digits.

    Returns:
        (P, 2, F) int8 digits, the larger first, and (P,) the unit of the second, so that
        vectors ≈ unit · (BASE · digits[:, 0] + digits[:, 1]).
    """
    largest = np.abs(vectors).max(axis=1, initial=0).astype(np.float32)
    unit = largest / np.float32(127 * BASE)
    # A vector of zeros, or of numbers too small to divide by, has digits 0.
    steps = np.divide(vectors, unit[:, None], out=np.zeros(vectors.shape, np.float32), where=unit[:, None] > 1e-38)
    digits = np.empty((len(vectors), 2, vectors.shape[1]), np.int8)
    first = np.rint(steps / BASE)
    digits[:, 0] = first
    digits[:, 1] = np.rint(steps - BASE * first)
    return digits, unit


def plain_products(digits: Int8Matrix, values: Int8Matrix) -> NDArray[np.int32]:
    """Return (P, n_rows) the same integers by numpy: tiles in float32, whose products of whole numbers are exact."""
    found = np.zeros((len(digits), len(values)), np.int32)
    for first in range(0, values.shape[1], _EXACT):
        columns = slice(first, first + _EXACT)
        left = digits[:, columns].astype(np.float32)
        for row in range(0, len(values), _TILE):
            tile = values[row : row + _TILE, columns].astype(np.float32)
            found[:, row : row + _TILE] += (left @ tile.T).astype(np.int32)
    return found


class ByScale:
    """The rows of an int8 matrix in falling order of their scale, for searches that stop early.

    Args:
        values: (n_rows, n_columns) int8.
        scale: (n_rows,) float32.
        lengths: (n_rows,) float32, of the decoded rows.

    Attributes:
        order: (n_rows,) the row that stands in each place.
        scale: (n_rows,) in that order.
        lengths: (n_rows,) in that order.
        longest: (n_rows,) the longest row from each place on.
    """

    def __init__(self, values: Int8Matrix, scale: FloatVector, lengths: FloatVector) -> None:
        self.order = np.argsort(-scale, kind="stable")
        self.scale = scale[self.order]
        self.lengths = lengths[self.order]
        self.longest: FloatVector = np.maximum.accumulate(self.lengths[::-1])[::-1]
        self._values = values[self.order]

    def products(self, digits: Int8Matrix) -> Callable[[int, int], NDArray[np.int32]]:
        """Return a function that gives the (last − first, P) products of rows in places `first:last` with digits (P, n_columns).

        Its answers share memory: each call may overwrite the one before.
        """
        values = self._values
        if NUMKONG is None or not digits.size:
            return lambda first, last: np.ascontiguousarray(plain_products(digits, values[first:last]).T)
        library, packed = NUMKONG, NUMKONG.dots_pack(np.ascontiguousarray(digits))
        out: Any = None

        def products(first: int, last: int) -> NDArray[np.int32]:
            # New memory for every tile costs a good part of what the products cost.
            nonlocal out
            if out is None or out.shape[0] != last - first:
                out = library.empty((last - first, len(digits)), dtype="int32")
            library.dots_packed(values[first:last], packed, out=out)
            return np.asarray(out)

        return products

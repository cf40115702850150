"""Int8 where it matters and 4 bits where it does not: a quarter of the bytes or less, scales and all.

The matrix is turned to its principal axes. The first columns, the head, are int8 as in `int8`; the others, the tail,
vary little and have 15 steps, two numbers a byte. Head and tail of a row have a scale each, float16 in units of the largest.
The axes are kept with the matrix, so that an engine need not know that anything was turned.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from matinee.engines.kernels.int8_dots import Int8Dots
from matinee.engines.matrices.axes import principal_axes
from matinee.engines.matrices.int8 import FEW, quantised
from matinee.engines.matrices.matrix import Arrays, Index, Matrix
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector

_STEPS = 7
"""Whole numbers of the tail on either side of 0."""
_BYTES_A_ROW = 4
"""Two float16 scales."""


class Int8Tail(Matrix):
    """Rows of a head in int8 and a tail in 4 bits, along principal axes.

    Args:
        axes: (n_columns, n_columns) float16, one axis a column, the most telling first.
        scales: (n_rows, 2) float16, of head and tail.
        units: (2,) float32, what the scales count in.
        head: (n_rows, k) int8, None where k is 0.
        tail: (n_rows, ⌈(n_columns − k) / 2⌉) uint8, the even column in the lower half; None where all is head.
    """

    scheme: ClassVar[str] = "int8-tail"

    def __init__(
        self,
        axes: NDArray[np.float16],
        scales: NDArray[np.float16],
        units: FloatVector,
        head: NDArray[np.int8] | None,
        tail: NDArray[np.uint8] | None,
    ) -> None:
        self._axes = axes.astype(np.float32)
        self._scales = scales.astype(np.float32) * units
        self.shape = (len(scales), len(axes))
        self._head = np.zeros((len(scales), 0), np.int8) if head is None else head
        self._packed = np.zeros((len(scales), 0), np.uint8) if tail is None else tail
        self.nbytes = axes.nbytes + scales.nbytes + units.nbytes + self._head.nbytes + self._packed.nbytes

    @classmethod
    def opened(cls, parts: Arrays) -> Int8Tail:
        """Open what `encoded` returned."""
        return cls(parts["axes"], parts["scales"], parts["units"], parts.get("head"), parts.get("tail"))

    @staticmethod
    def encoded(matrix: FloatMatrix, *, budget: int | None = None) -> Arrays:
        """Return the parts of a matrix, with the longest head that the budget holds.

        Args:
            matrix: (n_rows, n_columns).
            budget: bytes to take at most; by default a quarter of the matrix in float32, or what no head takes.

        Raises:
            SettingsError: if the budget does not even hold tails.
        """
        n_rows, n_columns = matrix.shape
        least = size_of(n_rows, n_columns, 0)
        budget = max(matrix.size, least) if budget is None else budget
        if budget < least:
            raise SettingsError(
                f"int8-tail takes {least:,} bytes at least for {n_rows:,} × {n_columns:,} numbers; the budget is {budget:,}."
            )
        k = max(k for k in range(n_columns + 1) if size_of(n_rows, n_columns, k) <= budget)
        axes = principal_axes(matrix).astype(np.float16)
        turned = np.asarray(matrix, np.float32) @ axes.astype(np.float32)
        head, head_scale, head_unit = _coarse(turned[:, :k], 127)
        tail, tail_scale, tail_unit = _coarse(turned[:, k:], _STEPS)
        parts: Arrays = {
            "axes": axes,
            "scales": np.column_stack([head_scale, tail_scale]),
            "units": np.array([head_unit, tail_unit], np.float32),
        }
        # An array of nothing cannot be kept in a release.
        return parts | ({"head": head} if k else {}) | ({"tail": packed(tail)} if k < n_columns else {})

    def rows(self, index: Index) -> FloatMatrix:
        """Return some rows decoded and turned back."""
        scales = self._scales[index]
        head = self._head[index] * scales[:, :1]
        tail = unpacked(self._packed[index], self.shape[1] - self._head.shape[1]) * scales[:, 1:]
        found: FloatMatrix = np.concatenate([head, tail], axis=1) @ self._axes.T
        return found

    def dot(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return (P, n_rows) products: in integers for few vectors, with decoded tiles for many."""
        if len(vectors) > FEW:
            return super().dot(vectors)
        turned = vectors @ self._axes
        k = self._head.shape[1]
        scores = self._head_dots.dot(turned[:, :k])
        scores *= self._scales[:, 0]
        rest = self._tail_dots.dot(turned[:, k:])
        rest *= self._scales[:, 1]
        scores += rest
        return scores

    @cached_property
    def _head_dots(self) -> Int8Dots:
        return Int8Dots(self._head)

    @cached_property
    def _tail_dots(self) -> Int8Dots:
        return Int8Dots(unpacked(self._packed, self.shape[1] - self._head.shape[1]))


def size_of(n_rows: int, n_columns: int, k: int) -> int:
    """Return the bytes a matrix takes with a head of k columns."""
    return n_rows * (k + (n_columns - k + 1) // 2 + _BYTES_A_ROW) + 2 * n_columns**2 + 8


def packed(values: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Put two numbers of −8…7 into each byte, the first into its lower half; an odd last column stands alone."""
    shifted = (values + 8).astype(np.uint8)
    if shifted.shape[1] % 2:
        shifted = np.concatenate([shifted, np.full((len(shifted), 1), 8, np.uint8)], axis=1)
    return np.bitwise_or(shifted[:, ::2], np.left_shift(shifted[:, 1::2], 4), dtype=np.uint8)


def unpacked(pairs: NDArray[np.uint8], width: int) -> NDArray[np.int8]:
    """Return the (n, width) numbers that `packed` took."""
    values = np.empty((len(pairs), 2 * pairs.shape[1]), np.int8)
    values[:, ::2] = pairs & 15
    values[:, 1::2] = pairs >> 4
    values -= 8
    return np.ascontiguousarray(values[:, :width])


def _coarse(matrix: FloatMatrix, steps: int) -> tuple[NDArray[np.int8], NDArray[np.float16], float]:
    """Round rows to whole multiples of a float16 scale; return the numbers, the scales and what those count in."""
    scale = np.abs(matrix).max(axis=1, initial=0) / steps
    unit = float(scale.max(initial=0)) or 1.0
    # Rounded up, so that the largest number of a row stays within the steps.
    coarse = np.nextafter((scale / unit).astype(np.float16), np.float16(2))
    coarse[scale == 0] = 0
    values, _ = quantised(matrix, steps, scale=coarse.astype(np.float32) * np.float32(unit))
    return values, coarse, unit

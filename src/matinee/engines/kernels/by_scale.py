"""The rows of an int8 matrix in falling order of their scale, in tiles whose scales are alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines.kernels import int8_dots
from matinee.engines.kernels.digits import Int8Matrix
from matinee.types import FloatVector

GROUP = 16
"""Tiles are made of so many rows or a multiple of it, rows of zeros at the end included."""

STEP = 1024
"""Rows of a tile at most: their products with 256 vectors stay in the cache, and their memory in the process."""

_START = 64
"""Rows of the first tile at most: each of them is looked at."""

_ALIKE = 1.5
"""Scales are alike where the highest is at most so many times the lowest."""


class ByScale:
    """The rows of an int8 matrix in falling order of their scale, for searches that stop early.

    Rows of zeros stand at the end, up to a whole group.

    Args:
        values: (n_rows, n_columns) int8.
        scale: (n_rows,) float32.
        lengths: (n_rows,) float32, of the decoded rows.

    Attributes:
        n_rows: without what was added.
        order: (n,) the row that stands in each place; 0 for what was added.
        scale: (n,) in that order.
        lengths: (n,) in that order.
        longest: (n,) the longest row from each place on.
    """

    def __init__(self, values: Int8Matrix, scale: FloatVector, lengths: FloatVector) -> None:
        self.n_rows = n_rows = len(values)
        more = -n_rows % GROUP
        falling = np.argsort(-scale, kind="stable")
        self.order = np.concatenate([falling, np.zeros(more, np.intp)])
        self.scale = np.concatenate([scale[falling], np.zeros(more, np.float32)])
        self.lengths = np.concatenate([lengths[falling], np.zeros(more, np.float32)])
        self.longest: FloatVector = np.maximum.accumulate(self.lengths[::-1])[::-1]
        self._values = np.zeros((n_rows + more, values.shape[1]), np.int8)
        np.take(values, falling, axis=0, out=self._values[:n_rows])

    @cached_property
    def tiles(self) -> list[tuple[int, int]]:
        """Where tiles begin and end: whole groups, no more than stand before them, and their scales alike where a group allows it."""
        found, first = [], 0
        while first < len(self.order):
            last = min(first + min(max(first, _START), STEP), len(self.order))
            alike = int(np.count_nonzero(self.scale[first:last] * _ALIKE >= self.scale[first]))
            last = min(last, first + max(alike // GROUP, 1) * GROUP)
            found.append((first, last))
            first = last
        return found

    def products(self, digits: Int8Matrix) -> Callable[[int, int], NDArray[np.int32]]:
        """Return a function that gives the (last − first, n) products of rows in places `first:last` with digits (n, n_columns).

        Its answers share memory: each call may overwrite the one before.
        """
        values, library = self._values, int8_dots.NUMKONG
        if library is None or not digits.size:
            return lambda first, last: int8_dots.plain_products(values[first:last], digits)
        packed = library.dots_pack(np.ascontiguousarray(digits))
        out: Any = None

        def products(first: int, last: int) -> NDArray[np.int32]:
            # New memory for every tile costs a good part of what the products cost.
            nonlocal out
            if out is None or out.shape[0] != last - first:
                out = library.empty((last - first, len(digits)), dtype="int32")
            library.dots_packed(values[first:last], packed, out=out)
            return np.asarray(out)

        return products

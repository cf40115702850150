"""Product quantisation: a row is its length and, for every few columns, the nearest of 256 patterns; one byte a pattern.

Jégou, Douze and Schmid (PAMI 2011), with lengths kept apart from directions as inner products ask for (Dai et al., AAAI 2020):
patterns are learnt from rows of length 1, and the scale of a row is the one that brings the row back best.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from matinee.engines.matrices.axes import principal_axes
from matinee.engines.matrices.matrix import TILE, Arrays, Index, Matrix
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, FloatVector

_ROUNDS = 15
_LEARNT_FROM = 20_000
"""Rows that patterns are learnt from, at most."""


class ProductQuantised(Matrix):
    """Rows of codes.

    Args:
        codes: (n_parts, n_rows) uint8, the pattern of each part of each row.
        patterns: (n_parts, n_patterns, width) float16; part p stands for columns p · width … of the turned matrix.
        scale: (n_rows,) float16, in units of `unit`.
        unit: (1,) float32.
        axes: (n_columns, n_parts · width) float16, from the matrix's columns to the turned ones.
    """

    scheme: ClassVar[str] = "pq"

    def __init__(
        self,
        codes: NDArray[np.uint8],
        patterns: NDArray[np.float16],
        scale: NDArray[np.float16],
        unit: FloatVector,
        axes: NDArray[np.float16],
    ) -> None:
        self._codes, self._patterns = codes, patterns.astype(np.float32)
        self._scale, self._axes = scale.astype(np.float32) * unit, axes.astype(np.float32)
        self.shape = (len(scale), len(axes))
        self.nbytes = codes.nbytes + patterns.nbytes + scale.nbytes + unit.nbytes + axes.nbytes

    @classmethod
    def opened(cls, parts: Arrays) -> ProductQuantised:
        """Open what `encoded` returned."""
        return cls(parts["codes"], parts["patterns"], parts["scale"], parts["unit"], parts["axes"])

    @staticmethod
    def encoded(matrix: FloatMatrix, *, width: int = 2, seed: int = 0) -> Arrays:
        """Return the parts of a matrix.

        Args:
            matrix: (n_rows, n_columns).
            width: columns that share one byte.
            seed: of the first patterns.

        Raises:
            SettingsError: if width is below 1.
        """
        if width < 1:
            raise SettingsError(f"width must be at least 1; got {width}.")
        matrix = np.asarray(matrix, np.float32)
        n_rows, n_columns = matrix.shape
        n_parts = max(-(-n_columns // width), 1)
        axes = _dealt(principal_axes(matrix), n_parts, width).astype(np.float16)
        turned = matrix @ axes.astype(np.float32)
        lengths = np.linalg.norm(turned, axis=1)
        directions = np.divide(turned, lengths[:, None], out=np.zeros_like(turned), where=lengths[:, None] > 0)
        generator = np.random.default_rng(seed)
        sample = np.flatnonzero(lengths > 0)
        if len(sample) > _LEARNT_FROM:
            sample = np.sort(generator.choice(sample, _LEARNT_FROM, replace=False))
        codes, patterns = np.zeros((n_parts, n_rows), np.uint8), []
        for part in range(n_parts):
            columns = directions[:, part * width : (part + 1) * width]
            learnt = means(columns[sample], 256, generator).astype(np.float16)
            codes[part] = nearest(columns, learnt.astype(np.float32))
            patterns.append(learnt)
        stacked = np.stack(patterns)
        decoded = _decoded(codes, stacked.astype(np.float32))
        squares = (decoded * decoded).sum(axis=1)
        scale = np.divide((turned * decoded).sum(axis=1), squares, out=np.zeros_like(squares), where=lengths > 0)
        unit = float(np.abs(scale).max(initial=0)) or 1.0
        return {
            "codes": codes,
            "patterns": stacked,
            "scale": (scale / unit).astype(np.float16),
            "unit": np.array([unit], np.float32),
            "axes": axes,
        }

    def rows(self, index: Index) -> FloatMatrix:
        """Return some rows decoded and turned back."""
        found: FloatMatrix = (_decoded(self._codes[:, index], self._patterns) @ self._axes.T) * self._scale[index, None]
        return found

    def dot(self, vectors: FloatMatrix) -> FloatMatrix:
        """Return (P, n_rows) products, looked up part by part: every pattern meets every vector once."""
        n_parts, _, width = self._patterns.shape
        turned = (vectors @ self._axes).reshape(len(vectors), n_parts, width)
        scores = np.zeros((len(vectors), self.shape[0]), np.float32)
        for profile in range(len(vectors)):
            table = np.einsum("pcw,pw->pc", self._patterns, turned[profile])
            for part in range(n_parts):
                scores[profile] += table[part].take(self._codes[part])
        scores *= self._scale
        return scores


def means(points: FloatMatrix, n: int, generator: np.random.Generator) -> FloatMatrix:
    """Return (n, width) float32 means of groups of near points (Lloyd); with fewer points than n some repeat."""
    if not len(points):
        return np.zeros((n, points.shape[1]), np.float32)
    centres: FloatMatrix = points[generator.choice(len(points), n, replace=len(points) < n)].copy()
    for _ in range(_ROUNDS):
        label = nearest(points, centres)
        count = np.bincount(label, minlength=n)
        total = np.stack([np.bincount(label, column, n) for column in points.T], axis=1)
        filled = count > 0
        centres[filled] = (total[filled] / count[filled, None]).astype(np.float32)
        # An empty group starts anew at a point of the largest one.
        if not filled.all():
            crowded = np.flatnonzero(label == np.argmax(count))
            centres[~filled] = points[generator.choice(crowded, int((~filled).sum()))]
    return centres


def nearest(points: FloatMatrix, centres: FloatMatrix) -> NDArray[np.uint8]:
    """Return (n_points,) uint8 the index of the nearest of at most 256 centres, the lowest among equals."""
    half = 0.5 * (centres * centres).sum(axis=1)
    label = np.empty(len(points), np.uint8)
    for first in range(0, len(points), TILE):
        label[first : first + TILE] = np.argmin(half - points[first : first + TILE] @ centres.T, axis=1)
    return label


def _dealt(axes: FloatMatrix, n_parts: int, width: int) -> FloatMatrix:
    """Deal principal axes out to the parts in turn, so that each part has its share of large and small ones.

    Returns:
        (n_columns, n_parts · width), with columns of zeros where the axes run out.
    """
    n_columns = len(axes)
    dealt = np.zeros((n_columns, n_parts * width), np.float32)
    for rank in range(n_columns):
        turn, seat = divmod(rank, n_parts)
        # Back and forth, as teams are picked.
        part = seat if turn % 2 == 0 else n_parts - 1 - seat
        dealt[:, part * width + turn] = axes[:, rank]
    return dealt


def _decoded(codes: NDArray[np.uint8], patterns: FloatMatrix) -> FloatMatrix:
    """Return (n, n_parts · width) the patterns of each row side by side."""
    n_parts, n_rows = codes.shape
    found = np.empty((n_rows, n_parts, patterns.shape[2]), np.float32)
    for part in range(n_parts):
        found[:, part] = patterns[part, codes[part]]
    return found.reshape(n_rows, n_parts * patterns.shape[2])

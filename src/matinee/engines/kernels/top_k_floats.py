"""Candidates from float32 scores, for matrices in any encoding: groups are reduced to maxima, and few of them looked into."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines.kernels.candidates import Candidates, groups_of
from matinee.engines.kernels.digits import ROUNDING
from matinee.engines.matrices.int8 import FEW
from matinee.engines.matrices.matrix import TILE, Matrix
from matinee.types import FloatMatrix, FloatVector


def candidates(vectors: FloatMatrix, matrix: Matrix, k: int, allowed: NDArray[np.bool_] | None) -> Candidates:
    """Find the rows that may be among the best k of each vector (P, F), of those that are allowed (n_rows,) or (P, n_rows).

    Few vectors are scored all at once, many tile by tile.
    """
    n_rows = matrix.shape[0]
    # Two digits of a vector, turned or not, miss it by at most half a unit a number; float32 by less.
    error = np.linalg.norm(vectors.astype(np.float64), axis=1) * (vectors.shape[1] ** 0.5 / (2 * 127 * 254) + ROUNDING)
    best = _Best(k, len(vectors))
    size = n_rows if len(vectors) <= FEW else TILE
    for first in range(0, n_rows, size):
        last = min(first + size, n_rows)
        scores = matrix.dot(vectors).T if size == n_rows else matrix.span(first, last) @ vectors.T
        if allowed is not None:
            mask = allowed[..., first:last].T if allowed.ndim == 2 else allowed[first:last, None]
            scores = np.where(mask, scores, -np.inf)
        best.look(scores, first, (error * matrix.lengths[first:last].max()).astype(np.float32))
    return best.candidates()


class _Best:
    """The k-th best score of each vector so far, and every row that may yet be among its best.

    Args:
        k: how many are wanted.
        n_vectors: for how many vectors.
    """

    def __init__(self, k: int, n_vectors: int) -> None:
        self._k = k
        self._values = np.full((k, n_vectors), -np.inf, np.float32)
        self._limit: FloatVector = self._values.min(axis=0)
        self._kept: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []

    def look(self, scores: FloatMatrix, first: int, off: FloatVector) -> None:
        """Learn from the scores (n, P) of rows from `first` on, off by at most `off` (P,), and keep what may matter."""
        groups = groups_of(len(scores), self._k)
        whole = len(scores) // groups * groups
        maxima = scores[:whole].reshape(-1, groups, len(off)).max(axis=0)
        self._learn(maxima - off)
        limit = self._limit - off
        rows, who = _members(maxima >= limit, whole, len(scores))
        found = scores[rows, who]
        good = np.flatnonzero((found >= limit[who]) & (found > -np.inf))
        rows, who = rows[good], who[good]
        self._kept.append((who, rows + first, found[good] + off[who]))

    def _learn(self, reached: FloatMatrix) -> None:
        """Take note of (n, P) scores that as many different rows reach at least."""
        news = np.flatnonzero(reached.max(axis=0) > self._limit)
        if len(news):
            both = np.concatenate([self._values[:, news], reached[:, news]])
            best = np.partition(both, len(both) - self._k, axis=0)[len(both) - self._k :]
            self._values[:, news] = best
            self._limit[news] = best.min(axis=0)

    def candidates(self) -> Candidates:
        """Return all that may be among the best, now that every score was seen."""
        who, rows, at_most = (np.concatenate(part) for part in zip(*self._kept, strict=True))
        open_still = np.flatnonzero(at_most >= self._limit[who])
        return who[open_still], rows[open_still]


def _members(wanted: NDArray[np.bool_], whole: int, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return rows and vectors of the groups (n_groups, P) that are wanted, and of all rows from `whole` on, in no group."""
    groups, n_vectors = wanted.shape
    group, who = np.nonzero(wanted)
    rows = group[:, None] + np.arange(0, whole, groups)
    rest = np.arange(whole, n)
    return (
        np.concatenate([rows.ravel(), np.repeat(rest, n_vectors)]),
        np.concatenate([np.repeat(who, whole // groups), np.tile(np.arange(n_vectors), len(rest))]),
    )

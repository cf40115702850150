"""The best rows for each vector, without building the table of all scores.

Scores of a tile of rows are made cheaply, with a known bound on their error; groups of them are reduced to their maxima,
and only what may still be among the best k is kept. The few that remain are scored exactly and put in order, so that
neither the batch nor the way a tile was multiplied has a say in the answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines.matrices.int8 import FEW, Int8
from matinee.engines.matrices.matrix import Matrix
from matinee.types import BoolVector, FloatMatrix, FloatVector

TILE = 2048
"""Rows scored at a time."""
BATCH = 256
"""Vectors scored at a time."""

_GROUP = 32
"""Scores that share a maximum."""
_ROUNDING = 1e-5
"""What float32 may add to the error of a product, as a share of the two lengths."""


def top_k(
    vectors: FloatMatrix, matrix: Matrix, k: int, allowed: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int32], FloatMatrix]:
    """Find the rows with the highest products.

    Args:
        vectors: (P, n_columns) float32, finite.
        matrix: (n_rows, n_columns) in any encoding; its decoded rows are what counts.
        k: how many rows for each vector.
        allowed: (n_rows,) or (P, n_rows), the rows that may be returned; all by default.

    Returns:
        (P, k) int32 row indices, best first, ties by the lower index, and their (P, k) float32 products. Where fewer than
        k rows are allowed, index −1 and product −inf stand at the end.
    """
    indices = np.full((len(vectors), max(k, 0)), -1, np.int32)
    products = np.full(indices.shape, -np.inf, np.float32)
    if k < 1 or not matrix.shape[0]:
        return indices, products
    for first in range(0, len(vectors), BATCH):
        part = slice(first, first + BATCH)
        mine = allowed[part] if allowed is not None and allowed.ndim == 2 else allowed
        batch = np.ascontiguousarray(vectors[part], np.float32)
        if isinstance(matrix, Int8) and len(batch) > FEW:
            found = _integers(batch, matrix, k, mine)
        else:
            found = _floats(batch, matrix, k, mine)
        _rank(*found, batch, matrix, indices[part], products[part])
    return indices, products


class _Best:
    """The k-th best score of each vector so far, and every row that may yet be among its best.

    Args:
        k: how many are wanted.
        n_vectors: for how many vectors.
    """

    def __init__(self, k: int, n_vectors: int) -> None:
        self._k = k
        self._values = np.full((k, n_vectors), -np.inf, np.float32)
        self._kept: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []

    @property
    def limit(self) -> FloatVector:
        """(P,) what k rows are known to reach."""
        limit: FloatVector = self._values.min(axis=0)
        return limit

    def learn(self, reached: FloatMatrix, who: NDArray[Any]) -> None:
        """Take note of (n, len(who)) scores that as many different rows reach at least."""
        news = np.flatnonzero(reached.max(axis=0) > self._values[:, who].min(axis=0))
        if len(news):
            both = np.concatenate([self._values[:, who[news]], reached[:, news]])
            self._values[:, who[news]] = np.partition(both, len(both) - self._k, axis=0)[len(both) - self._k :]

    def keep(self, who: NDArray[Any], rows: NDArray[Any], at_most: NDArray[Any]) -> None:
        """Keep rows (n,) of vectors `who` (n,), whose scores are at most so much."""
        self._kept.append((who, rows, at_most))

    def candidates(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return vectors and rows of all that may be among the best, now that every score was seen."""
        who, rows, at_most = (np.concatenate(part) for part in zip(*self._kept, strict=True))
        open_still = at_most >= self.limit[who]
        return who[open_still], rows[open_still]


def _groups(n: int, k: int) -> int:
    """Return how many groups n scores are divided into; more than k, so that the k-th best of their maxima says something."""
    return max(n // max(min(_GROUP, n // (2 * k)), 1), 1)


def _floats(
    vectors: FloatMatrix, matrix: Matrix, k: int, allowed: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Find candidates from float32 scores: of few vectors all at once, of many tile by tile."""
    n_rows = matrix.shape[0]
    # Two digits of a vector, turned or not, miss it by at most half a unit a number; float32 by less.
    error = np.linalg.norm(vectors, axis=1) * (vectors.shape[1] ** 0.5 / (2 * 127 * 254) + _ROUNDING)
    best = _Best(k, len(vectors))
    everybody = np.arange(len(vectors))
    size = n_rows if len(vectors) <= FEW else TILE
    for first in range(0, n_rows, size):
        last = min(first + size, n_rows)
        scores = matrix.dot(vectors).T if size == n_rows else matrix.span(first, last) @ vectors.T
        if allowed is not None:
            scores = np.where(
                allowed[..., first:last].T if allowed.ndim == 2 else allowed[first:last, None], scores, -np.inf
            )
        off = (error * matrix.lengths[first:last].max()).astype(np.float32)
        groups = _groups(last - first, k)
        whole = (last - first) // groups * groups
        maxima = scores[:whole].reshape(-1, groups, len(vectors)).max(axis=0)
        best.learn(maxima - off, everybody)
        limit = best.limit - off
        group, who = np.nonzero(maxima >= limit)
        rows = group[:, None] + np.arange(0, whole, groups)
        rows = np.concatenate([rows.ravel(), np.repeat(np.arange(whole, last - first), len(vectors))])
        who = np.concatenate([np.repeat(who, whole // groups), np.tile(everybody, last - first - whole)])
        found = scores[rows, who]
        good = (found >= limit[who]) & (found > -np.inf)
        best.keep(who[good], rows[good] + first, (found + off[who])[good])
    return best.candidates()


def _integers(
    vectors: FloatMatrix, matrix: Int8, k: int, allowed: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Find candidates from integer products with one digit of each vector, rows in falling order of their scale.

    Within a tile scales are nearly alike, so integers are compared as they are. Where no row that is left is long enough
    to matter to a vector, that vector is done.
    """
    search = matrix.by_scale
    largest = np.abs(vectors).max(axis=1).astype(np.float32)
    unit = np.where(largest > 1e-37, largest / 127, 1).astype(np.float32)
    digits = np.rint(vectors / unit[:, None]).astype(np.int8)
    lengths = np.linalg.norm(vectors, axis=1)
    error = np.linalg.norm(vectors - digits * unit[:, None], axis=1) + _ROUNDING * lengths
    best = _Best(k, len(vectors))
    active = np.arange(len(vectors))
    products = search.products(digits)
    for first in range(0, matrix.shape[0], TILE):
        open_still = lengths * search.longest[first] >= best.limit
        if not open_still[active].all() and open_still[active].mean() < 0.75:
            active = active[open_still[active]]
            if not len(active):
                break
            products = search.products(digits[active])
        last = min(first + TILE, matrix.shape[0])
        whole_numbers = products(first, last)
        order, scale = search.order[first:last], search.scale[first:last]
        if allowed is not None:
            mask = allowed[np.ix_(active, order)].T if allowed.ndim == 2 else allowed[order, None]
            whole_numbers = np.where(mask, whole_numbers, _NEVER)
        high, low = scale[0], scale[-1]
        groups = _groups(last - first, k)
        whole = (last - first) // groups * groups
        maxima = whole_numbers[:whole].reshape(-1, groups, len(active)).max(axis=0)
        reached = np.where(maxima >= 0, maxima * low, maxima * high) * unit[active]
        reached[maxima == _NEVER] = -np.inf
        off = (error[active] * search.longest[first]).astype(np.float32)
        best.learn((reached - off).astype(np.float32), active)
        # An integer is worth at most itself times the highest scale, or the lowest where it is negative.
        wanted = (best.limit[active] - off).astype(np.float64) / unit[active]
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.where(wanted >= 0, wanted / high, wanted / low) * (1 - 1e-6 * np.sign(wanted))
        least = np.clip(np.nan_to_num(least, nan=_NEVER + 1), _NEVER + 1, -(_NEVER + 1)).astype(np.int32)
        group, who = np.nonzero(maxima >= least)
        rows = group[:, None] + np.arange(0, whole, groups)
        rows = np.concatenate([rows.ravel(), np.repeat(np.arange(whole, last - first), len(active))])
        who = np.concatenate([np.repeat(who, whole // groups), np.tile(np.arange(len(active)), last - first - whole)])
        found = whole_numbers[rows, who]
        good = np.flatnonzero(found >= least[who])
        rows, who = rows[good], who[good]
        best.keep(active[who], order[rows], found[good] * scale[rows] * unit[active[who]] + off[who])
    return best.candidates()


_NEVER = -(2**31) + 1
"""Stands for the product of a row that is not allowed."""


def _rank(
    who: NDArray[Any], rows: NDArray[Any], vectors: FloatMatrix, matrix: Matrix, indices: Any, products: Any
) -> None:
    """Score the candidates exactly and write the best of each vector into the answer."""
    scores = np.empty(len(who), np.float32)
    for first in range(0, len(who), TILE):
        part = slice(first, first + TILE)
        np.einsum("nf,nf->n", matrix.rows(rows[part]), vectors[who[part]], out=scores[part])
    order = np.lexsort((rows, -scores, who))
    who, rows, scores = who[order], rows[order], scores[order]
    place = np.arange(len(who)) - np.searchsorted(who, who)
    good: BoolVector = place < indices.shape[1]
    indices[who[good], place[good]] = rows[good]
    products[who[good], place[good]] = scores[good]

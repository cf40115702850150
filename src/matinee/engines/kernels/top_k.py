"""The best rows for each vector, without building the table of all scores.

Scores of a tile of rows are made cheaply, with a known bound on their error; groups of them are reduced to their maxima,
and only what may still be among the best k is kept. The few that remain are scored exactly and put in order, so that
neither the batch nor the way a tile was multiplied has a say in the answer.
"""

from __future__ import annotations

import math
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

_GROUP = 16
"""Scores that share a maximum, at least; more where a tile is long."""
_ALIKE = 1.3
"""Scales of a tile are alike where the highest is at most so many times the lowest."""
_ROUNDING = 1e-5
"""What float32 may add to the error of a product, as a share of the two lengths."""

_Found = tuple[NDArray[Any], NDArray[Any], FloatVector]
"""Rows, vectors, and the highest that their products may be."""


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
    share = max(_GROUP, math.isqrt(n) // 4)
    return max(n // max(min(share, n // (2 * k)), 1), 1)


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
            mask = allowed[..., first:last].T if allowed.ndim == 2 else allowed[first:last, None]
            scores = np.where(mask, scores, -np.inf)
        off = (error * matrix.lengths[first:last].max()).astype(np.float32)
        rows, who, at_most = _tile(scores, off, k, best, everybody)
        best.keep(who, rows + first, at_most)
    return best.candidates()


def _tile(scores: FloatMatrix, off: FloatVector, k: int, best: _Best, active: NDArray[Any]) -> _Found:
    """Learn from the (n, P) scores of a tile, off by at most `off` (P,); return what may matter: rows, vectors, highest scores."""
    groups = _groups(len(scores), k)
    whole = len(scores) // groups * groups
    maxima = scores[:whole].reshape(-1, groups, len(active)).max(axis=0)
    best.learn(maxima - off, active)
    limit = best.limit[active] - off
    rows, who = _members(maxima >= limit, whole, len(scores))
    found = scores[rows, who]
    good = np.flatnonzero((found >= limit[who]) & (found > -np.inf))
    rows, who = rows[good], who[good]
    return rows, active[who], (found[good] + off[who]).astype(np.float32)


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


def _integers(
    vectors: FloatMatrix, matrix: Int8, k: int, allowed: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Find candidates from integer products with one digit of each vector, rows in falling order of their scale.

    Where scales within a tile are nearly alike, integers are compared as they are. Where no row that is left is long
    enough to matter to a vector, that vector is done.
    """
    search = matrix.by_scale
    largest = np.abs(vectors).max(axis=1).astype(np.float32)
    unit = np.where(largest > 1e-37, largest / 127, 1).astype(np.float32)
    digits = np.rint(vectors / unit[:, None]).astype(np.int8)
    lengths = np.linalg.norm(vectors, axis=1)
    error = (np.linalg.norm(vectors - digits * unit[:, None], axis=1) + _ROUNDING * lengths).astype(np.float32)
    best = _Best(k, len(vectors))
    active = np.arange(len(vectors))
    products = search.products(digits)
    for first in range(0, matrix.shape[0], TILE):
        open_still = lengths[active] * search.longest[first] >= best.limit[active]
        if open_still.mean() < 0.75:
            active = active[open_still]
            if not len(active):
                break
            products = search.products(digits[active])
        last = min(first + TILE, matrix.shape[0])
        whole_numbers = products(first, last)
        order, scale = search.order[first:last], search.scale[first:last]
        if allowed is not None:
            mask = allowed[np.ix_(active, order)].T if allowed.ndim == 2 else allowed[order, None]
            whole_numbers = np.where(mask, whole_numbers, _NEVER)
        find = _alike if scale[0] <= _ALIKE * scale[-1] else _unlike
        # The limit rises ever more slowly: after 1, 2, 4, 8 … tiles it is worth raising.
        learning = (first // TILE).bit_count() <= 1
        rows, who, at_most = find(
            whole_numbers,
            scale,
            matrix.lengths[order],
            unit[active],
            error[active],
            k,
            best,
            active,
            learning=learning,
        )
        best.keep(who, order[rows], at_most)
    return best.candidates()


def _alike(
    products: NDArray[np.int32],
    scale: FloatVector,
    lengths: FloatVector,
    unit: FloatVector,
    error: FloatVector,
    k: int,
    best: _Best,
    active: NDArray[Any],
    *,
    learning: bool,
) -> _Found:
    """Find what may matter among integers (n, P), worth `scale` (n,) times `unit` (P,) each, off by `error` times `lengths`.

    The integers are compared as they are, by the highest scale and the longest row of the tile.
    """
    high, low, longest = scale[0], scale[-1], lengths.max()
    groups = _groups(len(products), k)
    whole = len(products) // groups * groups
    maxima = products[:whole].reshape(-1, groups, len(active)).max(axis=0)
    if learning:
        reached = np.where(maxima >= 0, maxima * low, maxima * high) * unit - error * longest
        best.learn(np.where(maxima == _NEVER, -np.inf, reached).astype(np.float32), active)
    # An integer is worth at most itself times the highest scale, or the lowest where it is negative.
    wanted = (best.limit[active] - error * longest).astype(np.float64) / unit
    with np.errstate(divide="ignore", invalid="ignore"):
        # Rows of zeros are worth 0 whatever their integers; where 0 is wanted, all of them count.
        least = np.nan_to_num(np.where(wanted >= 0, wanted / high, wanted / low), nan=-np.inf) - 1
    least = np.clip(least, _NEVER + 1, -_NEVER).astype(np.int32)
    rows, who = _members(maxima >= least, whole, len(products))
    found = products[rows, who]
    good = np.flatnonzero(found >= least[who])
    rows, who, found = rows[good], who[good], found[good]
    return rows, active[who], (found * scale[rows] * unit[who] + error[who] * lengths[rows]).astype(np.float32)


def _unlike(
    products: NDArray[np.int32],
    scale: FloatVector,
    lengths: FloatVector,
    unit: FloatVector,
    error: FloatVector,
    k: int,
    best: _Best,
    active: NDArray[Any],
    *,
    learning: bool,  # noqa: ARG001 - the longest rows are always worth it
) -> _Found:
    """Do the same where scales differ much within the tile, as among the few longest rows, by way of scores."""
    scores = products.astype(np.float32)
    scores *= scale[:, None]
    scores *= unit
    scores[products == _NEVER] = -np.inf
    off = lengths[:, None] * error
    groups = _groups(len(products), k)
    whole = len(products) // groups * groups
    best.learn((scores[:whole] - off[:whole]).reshape(-1, groups, len(active)).max(axis=0), active)
    scores += off
    limit = best.limit[active]
    maxima = scores[:whole].reshape(-1, groups, len(active)).max(axis=0)
    rows, who = _members(maxima >= limit, whole, len(products))
    found = scores[rows, who]
    good = np.flatnonzero((found >= limit[who]) & (found > -np.inf))
    return rows[good], active[who[good]], found[good]


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

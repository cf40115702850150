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
"""Rows decoded at a time."""
_STEP = 1024
"""Rows of int8 multiplied at a time with many vectors: their products stay in the cache, and their memory in the process."""
BATCH = 256
"""Vectors scored at a time."""

_ALONE = 10
"""Up to so many vectors, each is quicker by itself with int8 rows: no order by scale and no tiles."""

_GROUP = 16
"""Scores that share a maximum, at least; more where a tile is long."""
_ALIKE = 1.5
"""Scales of a tile are alike where the highest is at most so many times the lowest."""
_ROUNDING = 1e-5
"""What float32 may add to the error of a product, as a share of the two lengths."""

_LEAST = np.finfo(np.float32).min
"""What every row that is allowed reaches."""

_Found = tuple[NDArray[Any], NDArray[Any], FloatVector]
"""Rows, vectors, and the highest that their products may be."""
_Candidates = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
"""Vectors, rows, and the highest that their products may be."""


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
        if isinstance(matrix, Int8):
            found = (_alone if len(batch) <= _ALONE else _integers)(batch, matrix, k, mine)
        else:
            found = _floats(batch, matrix, k, mine)
        _rank(*found, batch, matrix, indices[part], products[part])
    return indices, products


class _Best:
    """The k-th best score of each vector so far, and every row that may yet be among its best.

    Args:
        k: how many are wanted.
        n_vectors: for how many vectors.

    Attributes:
        limit: (P,) what k rows are known to reach.
    """

    def __init__(self, k: int, n_vectors: int) -> None:
        self._k = k
        self._values = np.full((k, n_vectors), -np.inf, np.float32)
        self.limit: FloatVector = self._values.min(axis=0)
        self._kept: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []

    def learn(self, reached: FloatMatrix, who: NDArray[Any]) -> None:
        """Take note of (n, len(who)) scores that as many different rows reach at least."""
        news = np.flatnonzero(reached.max(axis=0) > self.limit[who])
        if len(news):
            both = np.concatenate([self._values[:, who[news]], reached[:, news]])
            best = np.partition(both, len(both) - self._k, axis=0)[len(both) - self._k :]
            self._values[:, who[news]] = best
            self.limit[who[news]] = best.min(axis=0)

    def keep(self, who: NDArray[Any], rows: NDArray[Any], at_most: NDArray[Any]) -> None:
        """Keep rows (n,) of vectors `who` (n,), whose scores are at most so much."""
        self._kept.append((who, rows, at_most))

    def candidates(self) -> _Candidates:
        """Return all that may be among the best, now that every score was seen."""
        who, rows, at_most = (np.concatenate(part) for part in zip(*self._kept, strict=True))
        open_still = np.flatnonzero(at_most >= self.limit[who])
        return who[open_still], rows[open_still], at_most[open_still]


def _groups(n: int, k: int) -> int:
    """Return how many groups n scores are divided into; more than k, so that the k-th best of their maxima says something."""
    share = max(_GROUP, math.isqrt(n) // 4)
    return max(n // max(min(share, n // (2 * k)), 1), 1)


def _floats(vectors: FloatMatrix, matrix: Matrix, k: int, allowed: NDArray[np.bool_] | None) -> _Candidates:
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


def _one_digit(vectors: FloatMatrix) -> tuple[NDArray[np.int8], FloatVector, FloatVector]:
    """Write vectors (P, F) with one int8 digit a number.

    Returns:
        (P, F) digits, (P,) their units, and (P,) by how much a product may be off for a row of length 1.
    """
    largest = np.abs(vectors).max(axis=1, initial=0).astype(np.float32)
    unit = np.where(largest > 1e-37, largest / 127, 1).astype(np.float32)
    digits = np.rint(vectors / unit[:, None]).astype(np.int8)
    missed = np.linalg.norm(vectors - digits * unit[:, None], axis=1)
    return digits, unit, (missed + _ROUNDING * np.linalg.norm(vectors, axis=1)).astype(np.float32)


def _alone(vectors: FloatMatrix, matrix: Int8, k: int, allowed: NDArray[np.bool_] | None) -> _Candidates:
    """Find candidates of one vector after the other, from integer products with one digit of it.

    An integer that is raised by the most it may be off says, times its scale, what a row reaches at most. The best rows by
    that measure are scored; what the k-th of them reaches, every candidate may reach too.
    """
    found = []
    for number, (digits, unit, error) in enumerate(zip(*_one_digit(vectors), strict=True)):
        whole_numbers = matrix.dots.one(digits)
        whole_numbers += int(error / unit * matrix.dots.longest) + 1
        at_most = np.multiply(whole_numbers, matrix.scale, dtype=np.float32, casting="unsafe")
        if allowed is not None:
            at_most = np.where(allowed[number] if allowed.ndim == 2 else allowed, at_most, np.float32(-np.inf))
        reached = _reached(at_most, vectors[number : number + 1], matrix, k)
        rows = np.flatnonzero(at_most >= np.float32(max(reached / unit, _LEAST)))
        found.append((np.full(len(rows), number), rows, at_most[rows] * unit))
    who, rows, highest = (np.concatenate(part) for part in zip(*found, strict=True))
    return who, rows, highest


def _reached(at_most: FloatVector, vector: FloatMatrix, matrix: Matrix, k: int) -> np.float32:
    """Return what k rows reach, those that promise most in k groups of the (n,) rows; −inf where they are too few."""
    n_groups = _groups(len(at_most), k)
    if n_groups < k:
        return np.float32(-np.inf)
    groups = at_most[: len(at_most) // n_groups * n_groups].reshape(-1, n_groups)
    maxima = groups.max(axis=0)
    promising = np.argpartition(maxima, n_groups - k)[n_groups - k :]
    if maxima[promising].min() == -np.inf:
        return np.float32(-np.inf)
    rows = groups[:, promising].argmax(axis=0) * n_groups + promising
    return np.float32(_exact(np.zeros(k, np.intp), rows, vector, matrix).min())


def _integers(vectors: FloatMatrix, matrix: Int8, k: int, allowed: NDArray[np.bool_] | None) -> _Candidates:
    """Find candidates from integer products with one digit of each vector, rows in falling order of their scale.

    Where scales within a tile are nearly alike, integers are compared as they are. Where no row that is left is long
    enough to matter to a vector, that vector is done.
    """
    search = matrix.by_scale
    digits, unit, error = _one_digit(vectors)
    reach = np.linalg.norm(vectors, axis=1) + error
    slack = (error / unit * matrix.dots.longest).astype(np.int32) + np.int32(1)
    best = _Best(k, len(vectors))
    active = np.arange(len(vectors))
    products = search.products(digits)
    for first in range(0, matrix.shape[0], _STEP):
        last = min(first + _STEP, matrix.shape[0])
        open_still = reach[active] * search.longest[first] >= best.limit[active]
        if np.count_nonzero(open_still) < 0.75 * len(active):
            active = active[open_still]
            if not len(active):
                break
            products = search.products(digits[active])
        whole_numbers = products(first, last)
        order, scale = search.order[first:last], search.scale[first:last]
        mask = None
        if allowed is not None:
            mask = allowed[np.ix_(active, order)].T if allowed.ndim == 2 else allowed[order, None]
            whole_numbers = np.where(mask, whole_numbers, _NEVER)
        # The first tile sets the limit, which is best known from rows that were scored.
        if first and 0 < scale[0] <= _ALIKE * scale[-1]:
            # The limit rises ever more slowly: after 1, 2, 4, 8 … tiles it is worth raising.
            learning = (first // _STEP).bit_count() <= 1
            lengths = search.lengths[first:last]
            rows, who, at_most = _alike(
                whole_numbers, scale, lengths, unit[active], error[active], k, best, active, learning=learning
            )
        else:
            whole_numbers += slack[active]
            highest = np.multiply(whole_numbers, scale[:, None], dtype=np.float32, casting="unsafe")
            if mask is not None:
                highest = np.where(mask, highest, np.float32(-np.inf))
            rows, who, at_most = _unlike(highest, order, unit[active], vectors, matrix, k, best, active)
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
    least = np.clip(np.where(wanted >= 0, wanted / high, wanted / low) - 1, _NEVER + 1, -_NEVER).astype(np.int32)
    rows, who, found = _above(products, maxima, least)
    return rows, active[who], (found * scale[rows] * unit[who] + error[who] * lengths[rows]).astype(np.float32)


def _above(
    products: NDArray[Any], maxima: NDArray[Any], least: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return rows, vectors and values of products (n, P) that reach `least` (P,), by way of the maxima of their groups (n_groups, P)."""
    n_groups, n_vectors = maxima.shape
    whole = len(products) // n_groups * n_groups
    # Places in the flat arrays: pairs of indices cost several times as much to find and to follow.
    cells = np.flatnonzero(maxima >= least)
    members = products[:whole].reshape(-1, maxima.size).take(cells, axis=1)
    hits = np.flatnonzero(members >= least[cells % n_vectors])
    part, place = np.divmod(hits, max(len(cells), 1))
    group, who = np.divmod(cells[place], n_vectors)
    if whole == len(products):
        return part * n_groups + group, who, members.ravel()[hits]
    others, who_else = np.nonzero(products[whole:] >= least)
    return (
        np.concatenate([part * n_groups + group, others + whole]),
        np.concatenate([who, who_else]),
        np.concatenate([members.ravel()[hits], products[whole:][others, who_else]]),
    )


def _unlike(
    highest: FloatMatrix,
    order: NDArray[Any],
    unit: FloatVector,
    vectors: FloatMatrix,
    matrix: Int8,
    k: int,
    best: _Best,
    active: NDArray[Any],
) -> _Found:
    """Find what may matter where scales differ much within the tile, as among the few longest rows.

    Args:
        highest: (n, len(active)) what the products are at most, in units of `unit`; −inf for rows that are not allowed.
        order: (n,) which rows of the matrix these are.
        unit: (len(active),) of each vector.
        vectors: (P, F) all of the batch.
        matrix: the rows, of which those that promise most are scored: no bound says as much of the limit.
        k: how many rows are wanted.
        best: what is known, and learns.
        active: which vectors are still searched.
    """
    n_groups = _groups(len(highest), k)
    groups = highest[: len(highest) // n_groups * n_groups].reshape(-1, n_groups, len(active))
    maxima = groups.max(axis=0)
    some = min(k, n_groups)
    promising = np.argpartition(maxima, n_groups - some, axis=0)[n_groups - some :]
    rows = groups[:, promising, np.arange(len(active))].argmax(axis=0) * n_groups + promising
    reached = _exact(np.tile(active, some), order[rows.ravel()], vectors, matrix).reshape(some, -1)
    reached[np.take_along_axis(maxima, promising, axis=0) == -np.inf] = -np.inf
    best.learn(reached, active)
    least = np.maximum(best.limit[active] / unit, _LEAST).astype(np.float32)
    rows, who, found = _above(highest, maxima, least)
    return rows, active[who], found * unit[who]


_NEVER = -(2**31) + 1
"""Stands for the product of a row that is not allowed."""


def _rank(
    who: NDArray[Any],
    rows: NDArray[Any],
    at_most: NDArray[Any],
    vectors: FloatMatrix,
    matrix: Matrix,
    indices: Any,
    products: Any,
) -> None:
    """Score the candidates exactly and write the best of each vector into the answer.

    The k that promise most come first; of the others only those that may reach the last of these.
    """
    k = indices.shape[1]
    order = np.argsort(_falling(who, at_most))
    who, rows, at_most = who[order], rows[order], at_most[order]
    starts = np.searchsorted(who, np.arange(len(vectors) + 1))
    first = np.flatnonzero(np.arange(len(who)) - starts[who] < k)
    scores = _exact(who[first], rows[first], vectors, matrix)
    full = np.flatnonzero(np.diff(starts) > k)
    limit = np.full(len(vectors), -np.inf, np.float32)
    if len(full):
        taken = np.minimum(np.diff(starts), k)
        begins = np.cumsum(taken) - taken
        limit[full] = scores[begins[full, None] + np.arange(k)].min(axis=1)
    others = np.flatnonzero((np.arange(len(who)) - starts[who] >= k) & (at_most >= limit[who]))
    scores = np.concatenate([scores, _exact(who[others], rows[others], vectors, matrix)])
    open_still = np.concatenate([first, others])
    who, rows = who[open_still], rows[open_still]
    good = np.flatnonzero(scores >= limit[who])
    who, rows, scores = who[good], rows[good], scores[good]
    order = np.lexsort((rows, -scores, who))
    who, rows, scores = who[order], rows[order], scores[order]
    place = np.arange(len(who)) - np.searchsorted(who, who)
    best: BoolVector = place < k
    indices[who[best], place[best]] = rows[best]
    products[who[best], place[best]] = scores[best]


def _falling(who: NDArray[Any], values: NDArray[Any]) -> NDArray[np.int64]:
    """Return (n,) whole numbers whose order is that of the vectors, and for each of them that of falling float32 values."""
    bits = np.ascontiguousarray(values, np.float32).view(np.int32)
    # Bits of floats rise like the numbers, those of negative ones the other way round.
    rising = np.where(bits >= 0, bits, bits ^ np.int32(0x7FFFFFFF))
    return (who.astype(np.int64) << 33) - rising


def _exact(who: NDArray[Any], rows: NDArray[Any], vectors: FloatMatrix, matrix: Matrix) -> FloatVector:
    """Return (n,) products of vectors and decoded rows; what stands beside them has no say in any."""
    scores = np.empty(len(who), np.float32)
    for first in range(0, len(who), TILE):
        part = slice(first, first + TILE)
        np.einsum("nf,nf->n", matrix.rows(rows[part]), vectors[who[part]], out=scores[part])
    return scores

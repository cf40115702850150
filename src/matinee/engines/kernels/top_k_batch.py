"""Candidates among int8 rows for many vectors at once, rows in falling order of their scale.

Tiles of rows meet one digit of every vector in whole numbers. Scales within a tile are alike, so that its integers are
compared as they are; only the few that pass are turned into scores, with a bound on either side. Where no row that is
left is long enough to matter to a vector, that vector is done.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines.kernels.by_scale import GROUP, ByScale
from matinee.engines.kernels.candidates import Candidates
from matinee.engines.kernels.digits import one_digit
from matinee.engines.matrices.int8 import Int8
from matinee.types import FloatMatrix, FloatVector

_NEVER = -(2**31) + 1
"""Stands for the product of a row that is not allowed."""

_TINY = 1e-37
"""Stands for the scale of rows of zeros, whose products are 0 in any scale."""


def candidates(vectors: FloatMatrix, matrix: Int8, k: int, allowed: NDArray[np.bool_] | None) -> Candidates:
    """Find the rows that may be among the best k of each vector (P, F), of those that are allowed (n_rows,) or (P, n_rows)."""
    rows = matrix.by_scale
    digits, unit, error = one_digit(vectors)
    error *= unit
    # In float64, where squares of small numbers do not vanish.
    length = np.linalg.norm(vectors.astype(np.float64), axis=1).astype(np.float32)
    best = _Best(k, rows, unit, error, length + error)
    products = rows.products(digits)
    for tile, (first, last) in enumerate(rows.tiles):
        if first >= best.quarter_done:
            best.close(tile)
            if not len(best.active):
                break
            products = rows.products(digits[best.active])
        whole_numbers = products(first, last)
        if last > rows.n_rows:
            whole_numbers[rows.n_rows - first :] = _NEVER
        if allowed is not None:
            order = rows.order[first:last]
            mask = allowed[np.ix_(best.active, order)].T if allowed.ndim == 2 else allowed[order, None]
            whole_numbers = np.where(mask, whole_numbers, _NEVER)
        best.look(whole_numbers, tile)
        if tile + 1 == best.next_lesson:
            best.learn(tile + 1)
    best.learn(len(rows.tiles))
    return best.candidates()


class _Best:
    """What the best k of each vector reach at least, and every row that may yet be among them.

    Args:
        k: how many are wanted.
        rows: all rows, in their order by scale.
        unit: (P,) what an integer is worth, times the scale of its row.
        error: (P,) by how much a product may be off for a row of length 1.
        reach: (P,) how high a product may be for a row of length 1.

    Attributes:
        active: which vectors are still searched, the columns of the products.
        next_lesson: before which tile the limits are to be raised again.
        quarter_done: from which place on no row is long enough to matter to a quarter of the active vectors.
    """

    def __init__(self, k: int, rows: ByScale, unit: FloatVector, error: FloatVector, reach: FloatVector) -> None:
        self._rows, self._unit, self._error, self._reach = rows, unit, error, reach
        self._highest = np.full((len(unit), k), -np.inf, np.float32)
        self._limit: FloatVector = self._highest.min(axis=1)
        self._waiting: list[tuple[int, NDArray[Any], NDArray[np.int32]]] = []
        self._kept: list[tuple[NDArray[Any], NDArray[Any], FloatVector]] = []
        ends = np.array(rows.tiles, np.int64).reshape(-1, 2)
        self._firsts, self._longest = ends[:, 0], rows.longest[ends[:, 0]]
        # Rows of zeros have products of 0 in any scale.
        self._high, self._low = (np.maximum(rows.scale[at], _TINY) for at in (ends[:, 0], ends[:, 1] - 1))
        self._search_for(np.arange(len(unit)), 0)

    def _search_for(self, active: NDArray[Any], tile: int) -> None:
        """Work out for the vectors that are searched from a tile on how long that is, and what each tile asks."""
        self.active, self._tile = active, tile
        # Lengths fall; a vector is done where its reach times the length is below its limit, one of zeros never.
        needed = np.divide(self._limit, self._reach, out=np.zeros_like(self._limit), where=self._reach > 0)[active]
        done = np.sort(np.searchsorted(-self._rows.longest, -needed, side="right"))
        self.quarter_done = int(done[len(done) // 4]) if len(done) else 0
        # Limits rise ever more slowly: they are worth raising whenever three times as many rows were seen.
        self.next_lesson = max(int(np.searchsorted(self._firsts, 3 * self._firsts[tile : tile + 1].sum())), tile + 1)
        tiles = slice(tile, self.next_lesson)
        unit = self._unit[active].astype(np.float64)
        wanted = (self._limit[active] - self._error[active] * self._longest[tiles, None]) / unit
        # An integer is worth at most itself times the highest scale of its tile, or the lowest where it is negative.
        least = np.minimum(wanted / self._high[tiles, None], wanted / self._low[tiles, None]) - 1
        self._least = np.clip(least, _NEVER + 1, -_NEVER).astype(np.int32)

    def look(self, products: NDArray[np.int32], tile: int) -> None:
        """Set aside what may matter among the products (n, len(active)) of the rows of a tile."""
        groups = len(products) // GROUP
        # Row g + groups · j is member j of group g. Places in the flat arrays cost a part of what pairs of indices do.
        maxima = products.reshape(GROUP, groups, -1).max(axis=0)
        cells = (maxima >= self._least[tile - self._tile]).ravel().nonzero()[0]
        self._waiting.append((groups, cells, products.reshape(GROUP, -1).take(cells, axis=1)))

    def learn(self, next_tile: int) -> None:
        """Turn what was set aside into scores; raise the limits by them and keep what may matter."""
        if not self._waiting:
            return
        groups, cells, members = zip(*self._waiting, strict=True)
        self._waiting = []
        counts, n_vectors = [len(some) for some in cells], len(self.active)
        tile, cell = np.repeat(np.arange(len(counts)), counts), np.concatenate(cells)
        group = cell // n_vectors
        column = cell - group * n_vectors
        found = np.concatenate(members, axis=1)
        hits = (found >= self._least.take(tile * n_vectors + column)).ravel().nonzero()[0]
        member = hits // max(len(cell), 1)
        cell = hits - member * len(cell)
        who = self.active.take(column.take(cell))
        tile = tile.take(cell)
        place = self._firsts[self._tile :].take(tile) + group.take(cell) + np.array(groups).take(tile) * member
        scores = found.ravel().take(hits).astype(np.float32)
        scores *= self._rows.scale.take(place)
        scores *= self._unit.take(who)
        off = self._error.take(who) * self._rows.lengths.take(place)
        limit, at_most, at_least = self._limit.take(who), scores + off, scores - off
        good = (at_most >= limit).nonzero()[0]
        self._kept.append((who.take(good), place.take(good), at_most.take(good)))
        news = (at_least > limit).nonzero()[0]
        if len(news):
            self._raise(who.take(news), at_least.take(news))
        self._search_for(self.active, next_tile)

    def _raise(self, who: NDArray[Any], reached: FloatVector) -> None:
        """Take note of what as many more rows of vectors `who` (n,) reach at least."""
        order = np.argsort(who.astype(np.int16), kind="stable")
        who = who.take(order)
        counts = np.bincount(who, minlength=len(self._limit))
        most, k = int(counts.max()), self._highest.shape[1]
        both = np.full((len(self._limit), k + most), -np.inf, np.float32)
        both[:, :k] = self._highest
        both[who, k + np.arange(len(who)) - (np.cumsum(counts) - counts).take(who)] = reached.take(order)
        self._highest = np.partition(both, most, axis=1)[:, most:]
        self._limit = self._highest.min(axis=1)

    def close(self, tile: int) -> None:
        """Search on only for vectors to which some row from a tile on may matter."""
        self.learn(tile)
        reach = self._reach[self.active] * self._longest[tile]
        self._search_for(self.active[reach >= self._limit[self.active]], tile)

    def candidates(self) -> Candidates:
        """Return all that may be among the best, now that every score was seen."""
        who, place, at_most = (np.concatenate(part) for part in zip(*self._kept, strict=True))
        open_still = (at_most >= self._limit.take(who)).nonzero()[0]
        return who[open_still], self._rows.order[place[open_still]]

"""The best rows for each vector, without building the table of all scores.

A search makes scores cheaply, with a known bound on their error, and keeps only rows that may still be among the best k.
The few that remain are scored exactly and put in order here, so that neither the batch nor the way of searching has a
say in the answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines.kernels import top_k_alone, top_k_batch, top_k_floats
from matinee.engines.kernels.candidates import exact
from matinee.engines.matrices.int8 import Int8
from matinee.engines.matrices.matrix import TILE, Matrix
from matinee.types import FloatMatrix, FloatVector

BATCH = 256
"""Vectors searched for at a time."""

ALONE = 4
"""Up to so many vectors, each is quicker by itself with int8 rows: no order by scale and no tiles."""


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
        if isinstance(matrix, Int8) and len(batch) <= ALONE:
            for number, rows in enumerate(top_k_alone.candidates(batch, matrix, k, mine)):
                _rank_one(rows, batch[number], matrix, indices[first + number], products[first + number])
        else:
            found = (
                top_k_batch.candidates(batch, matrix, k, mine)
                if isinstance(matrix, Int8)
                else top_k_floats.candidates(batch, matrix, k, mine)
            )
            _rank(*found, batch, matrix, indices[part], products[part])
    return indices, products


def _rank_one(
    rows: NDArray[np.intp],
    vector: FloatVector,
    matrix: Matrix,
    indices: NDArray[np.int32],
    products: FloatVector,
) -> None:
    """Do what `_rank` does for a single vector, in fewer steps."""
    tiles = (rows[first : first + TILE] for first in range(0, max(len(rows), 1), TILE))
    scores = np.concatenate([np.einsum("nf,f->n", matrix.rows(tile), vector) for tile in tiles])
    best = np.lexsort((rows, -scores))[: len(indices)]
    indices[: len(best)] = rows[best]
    products[: len(best)] = scores[best]


def _rank(
    who: NDArray[Any], rows: NDArray[Any], vectors: FloatMatrix, matrix: Matrix, indices: Any, products: Any
) -> None:
    """Score the candidates exactly and write the best of each vector into the answer."""
    scores = exact(who, rows, vectors, matrix)
    scores += np.float32(0)  # −0 is 0 and ties with it
    keys = by_falling(who, scores)
    order = keys.argsort()
    keys = keys[order]
    if (keys[1:] == keys[:-1]).any():
        order = np.lexsort((rows, by_falling(who, scores)))
    who, rows, scores = who[order], rows[order], scores[order]
    place = np.arange(len(who)) - who.searchsorted(np.arange(len(vectors)))[who]
    best = (place < indices.shape[1]).nonzero()[0]
    indices[who[best], place[best]] = rows[best]
    products[who[best], place[best]] = scores[best]


def by_falling(who: NDArray[Any], values: FloatVector) -> NDArray[np.int64]:
    """Return (n,) whole numbers whose order is that of the vectors, and for each of them that of falling float32 values."""
    bits = values.view(np.int32)
    # Bits of floats rise like the numbers, those of negative ones the other way round.
    rising = np.where(bits >= 0, bits, bits ^ np.int32(0x7FFFFFFF))
    return (who.astype(np.int64) << 33) - rising

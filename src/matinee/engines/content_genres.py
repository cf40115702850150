"""Genre-aware weights: what tells films apart within a genre counts more for films of that genre.

For the films people like most, the likeness of two films in each block is correlated with how often the same people
like both. Where a block says more within a genre than it does on average, its weight grows there, and the other way
round: in documentaries the words may matter more, in horror films the director less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.types import FloatMatrix

_MOST = 600
_FEWEST = 20
_STEADY = 50.0
"""Films of a genre at which its own correlations count as much as everybody's."""
_FLOOR = 0.02
_LIMITS = (0.5, 2.0)


def most_liked(likes_UM: csr_array) -> NDArray[np.int64]:
    """Return the films with the most likes, at most 600, and only those with several."""
    count = np.bincount(likes_UM.indices, minlength=likes_UM.shape[1])
    order = np.argsort(-count, kind="stable")[:_MOST]
    return np.sort(order[count[order] >= 3])


def genre_weights(
    blocks: list[csr_array | FloatMatrix], genres: NDArray[np.bool_], likes_UM: csr_array, films: NDArray[np.int64]
) -> FloatMatrix:
    """Return (n_genres, n_blocks) factors between ½ and 2, 1 where nothing can be learnt.

    Args:
        blocks: for each block the (n, width) features of `films`, rows at length 1.
        genres: (n, n_genres) which of `films` has which genre.
        likes_UM: (n_users, n_movies) 1 where somebody likes a film.
        films: (n,) the films compared.
    """
    factors = np.ones((genres.shape[1], len(blocks)), np.float32)
    if len(films) < _FEWEST:
        return factors
    liked = csr_array(likes_UM[:, films], dtype=np.float32)
    together = (liked.T @ liked).toarray()
    root = np.sqrt(np.maximum(together.diagonal(), 1))
    together = together / root[:, None] / root
    for place, block in enumerate(blocks):
        product = block @ block.T
        alike = product.toarray() if isinstance(product, csr_array) else product
        overall = _told(alike, together, np.ones(len(films), np.bool_))
        for genre in range(genres.shape[1]):
            rows = genres[:, genre]
            share = rows.sum() / (rows.sum() + _STEADY)
            within = share * _told(alike, together, rows) + (1 - share) * overall
            factors[genre, place] = np.clip((within + _FLOOR) / (overall + _FLOOR), *_LIMITS)
    return factors


def _told(alike: FloatMatrix, together: FloatMatrix, rows: NDArray[np.bool_]) -> float:
    """Return the correlation, at least 0, of two likenesses over pairs of distinct films whose first is in `rows`."""
    apart = ~np.eye(len(rows), dtype=np.bool_)[rows]
    x, y = alike[rows][apart].astype(np.float64), together[rows][apart].astype(np.float64)
    if len(x) < 2 or x.std() < 1e-9 or y.std() < 1e-9:
        return 0.0
    return max(float(np.corrcoef(x, y)[0, 1]), 0.0)

"""Second-order EASE: pairs of films as further inputs, solved in closed form.

With F = [X Z], Z_u,ab = x_ua · x_ub for chosen pairs, Λ diagonal and P = (FᵀF + Λ)⁻¹, film j is regressed on every
feature that does not contain it. For S = {j} and the pairs with j,

    v = P[:, S] (P[S, S])⁻¹ e_j,    w_j = −v,    w_j[S] = 0,

which follows from the inverse of a partitioned matrix and replaces the iterations of Steck and Liang (RecSys 2021).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, hstack

from matinee.engines.linear import gram_blocks
from matinee.types import FloatMatrix, IntVector

Pairs = tuple[IntVector, IntVector]


def commonest_pairs(rows_UM: csr_array, most: int) -> Pairs:
    """Return the pairs of columns that most rows have in common, the commonest first, as two index vectors a < b.

    Pairs that nobody has do not count; equals at the limit go to lower columns.
    """
    counts, firsts, seconds = np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(0, np.int32)
    for first, block in gram_blocks(rows_UM):
        upper = np.triu(block, k=first + 1)
        i, j = np.nonzero(upper > (counts[-1] if len(counts) == most else 0))
        counts = np.concatenate([counts, upper[i, j]])
        firsts, seconds = np.append(firsts, i + first), np.append(seconds, j)
        order = np.lexsort((seconds, firsts, -counts))[:most]
        counts, firsts, seconds = counts[order], firsts[order], seconds[order]
    return firsts.astype(np.int32), seconds.astype(np.int32)


def with_pairs(rows: csr_array, pairs: Pairs) -> csr_array:
    """Return [X Z]: the rows, and beside them the product of the two entries of each pair, 0 unless both are above 0."""
    likes = rows.maximum(0)
    both = csr_array(likes[:, pairs[0]].multiply(likes[:, pairs[1]]))
    return csr_array(hstack([rows, both], format="csr"))


def solve_with_pairs(inverse: FloatMatrix, n: int, pairs: Pairs) -> FloatMatrix:
    """Return the weights (n + n_pairs, n) of every feature on every film.

    Args:
        inverse: (n + n_pairs, n + n_pairs) P, films first.
        n: number of films.
        pairs: which films each pair holds.
    """
    weights = -inverse[:, :n] / inverse.diagonal()[:n]
    np.fill_diagonal(weights, 0)
    if not len(pairs[0]):
        return weights
    holders = np.concatenate(pairs)
    features = n + np.tile(np.arange(len(pairs[0])), 2)
    order = np.argsort(holders, kind="stable")
    films, starts = np.unique(holders[order], return_index=True)
    for film, held in zip(films, np.split(features[order], starts[1:]), strict=True):
        own = np.concatenate([[film], held])
        wanted = np.zeros(len(own))
        wanted[0] = 1
        mixture = np.linalg.solve(inverse[np.ix_(own, own)].astype(np.float64), wanted)
        weights[:, film] = -(inverse[:, own] @ mixture.astype(np.float32))
        weights[own, film] = 0
    return weights

"""The people `vae` learns from: in an order of their own, and some set aside to see when to stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.types import FloatMatrix

TOP = 100
"""Length of the list that validation judges."""
MOST = 1_000
"""People set aside at most."""


@dataclass(frozen=True)
class HeldOut:
    """People who are not learnt from.

    Attributes:
        shown: (P, M) the likes the network may see.
        hidden: (P, M) the likes it should find, at least one a person.
    """

    shown: csr_array
    hidden: csr_array

    def ndcg(self, scores: FloatMatrix) -> float:
        """Return the mean NDCG@100 of the hidden likes among all movies not shown; ties go to the lower column."""
        ranked = scores.copy()
        ranked[self.shown.nonzero()] = -np.inf
        top = np.argsort(-ranked, axis=1, kind="stable")[:, :TOP]
        gain = 1 / np.log2(np.arange(2, TOP + 2))
        hits = np.take_along_axis(self.hidden.toarray() > 0, top, axis=1)
        best = np.concatenate([[0.0], np.cumsum(gain)])[np.minimum(np.diff(self.hidden.indptr), TOP)]
        return float(np.mean(hits @ gain[: top.shape[1]] / best))


def in_own_order(likes: csr_array, seed: int) -> csr_array:
    """Return the rows with a like, ordered by a hash of what is liked, each row's movies ascending.

    How people are numbered then has no say in batches or in who is set aside, and neither has chance: people whose
    hashes agree like the same.
    """
    likes = csr_array(likes[np.diff(likes.indptr) > 0])
    likes.sort_indices()
    words = np.random.default_rng(seed).integers(0, 2**63, likes.shape[1], dtype=np.uint64)
    hashes = np.add.reduceat(words[likes.indices], likes.indptr[:-1])
    return csr_array(likes[np.argsort(hashes, kind="stable")])


def hold_out(likes: csr_array, share: float, seed: int) -> tuple[csr_array, HeldOut | None]:
    """Set the first rows aside, and hide a fifth of their likes.

    Args:
        likes: (U, M) people in an order that says nothing about them, each with a like.
        share: of the people to set aside, rounded down, at most `MOST`.
        seed: of what is hidden.

    Returns:
        The other rows, and those set aside, None where there is nobody with two likes among them.
    """
    aside = min(int(share * likes.shape[0]), MOST)
    chosen = csr_array(likes[:aside])
    chosen = csr_array(chosen[np.diff(chosen.indptr) >= 2])
    if not chosen.shape[0]:
        return likes, None
    hidden = _hidden(chosen, np.random.default_rng(seed))
    return csr_array(likes[aside:]), HeldOut(_only(chosen, ~hidden), _only(chosen, hidden))


def _hidden(rows: csr_array, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Return (n_entries,) a fifth of each row at random, at least one entry."""
    lengths = np.diff(rows.indptr)
    people = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((generator.random(rows.nnz), people))
    rank = np.empty(rows.nnz, np.int64)
    rank[order] = np.arange(rows.nnz) - rows.indptr[people]
    hidden: NDArray[np.bool_] = rank < np.maximum(lengths // 5, 1)[people]
    return hidden


def _only(rows: csr_array, keep: NDArray[np.bool_]) -> csr_array:
    indptr = np.concatenate([[0], np.cumsum(keep)])[rows.indptr]
    return csr_array((rows.data[keep], rows.indices[keep], indptr), shape=rows.shape)

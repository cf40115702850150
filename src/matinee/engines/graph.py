"""Graph: RP3beta, a three-step random walk over people and films (Paudel, Christoffel, Newell, Bernstein, TiiS 2017).

From a liked film i to one of its likers u and on to a film j that u likes: with d_i likers and n_u likes,

    W_ij = Σ_u (1/d_i)^α (1/n_u)^α / d_j^β

where β holds popular films back. For each film j the strongest links to it are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from matinee.engines.linear import gram_blocks
from matinee.engines.linear_sparse import SparseItems, strongest_links
from matinee.errors import SettingsError
from matinee.types import FloatMatrix, Progress


@dataclass(frozen=True, kw_only=True)
class GraphConfig:
    """How the walk steps."""

    alpha: float = 0.6
    """Steps go to a neighbour with probability 1/degree to this power; 1 is a plain walk."""
    beta: float = 0.65
    """Films are held back by their number of likers to this power."""
    keep: int = 200
    """Links kept to a film."""
    min_rating: float = 3.5
    """Stars from which a rating is a like; ignored where people only watched."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.keep < 1:
            raise SettingsError(f"keep must be at least 1; got {self.keep}.")


class Graph(SparseItems):
    """Score movies by how often a short walk from a person's films ends at them."""

    name = "graph"
    config_class = GraphConfig
    config: GraphConfig

    def _links(self, rows_UM: csr_array, progress: Progress) -> csr_array:
        likes = np.diff(rows_UM.indptr)
        likers = np.maximum(np.bincount(rows_UM.indices, minlength=rows_UM.shape[1]), 1).astype(np.float64)
        rows_UM.data *= np.repeat(np.maximum(likes, 1) ** (-self.config.alpha / 2), likes).astype(np.float32)
        leave = (likers**-self.config.alpha).astype(np.float32)
        arrive = (likers**-self.config.beta).astype(np.float32)

        def walks() -> Iterator[tuple[int, FloatMatrix]]:
            for first, block in gram_blocks(rows_UM):
                yield first, block * arrive[first : first + len(block), None] * leave

        return strongest_links(walks(), self.config.keep, rows_UM.shape[1], progress, self.name)

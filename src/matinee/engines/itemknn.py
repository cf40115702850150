"""Item-kNN: films liked by the same people, by shrunk cosine (Sarwar et al., WWW 2001; asymmetric: Aiolli, RecSys 2013).

With c_ij people who like both and d_i who like i, the link from i to j is c_ij / (d_i^a · d_j^(1−a) + shrink). For
each film j the strongest links to it are kept. The classic baseline that better engines are measured against.
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
class ItemKnnConfig:
    """How films are compared."""

    keep: int = 40
    """Links kept to a film."""
    shrink: float = 30.0
    """Added to the denominator, in people: films few have in common are less alike."""
    asymmetry: float = 0.8
    """a: share of the normalisation that the liked film carries; 0.5 is the plain cosine; in [0, 1]."""
    min_rating: float = 3.5
    """Stars from which a rating is a like; ignored where people only watched."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if self.keep < 1 or self.shrink < 0 or not 0 <= self.asymmetry <= 1:
            raise SettingsError(
                f"keep must be at least 1, shrink at least 0 and asymmetry in [0, 1]; "
                f"got {self.keep}, {self.shrink} and {self.asymmetry}."
            )


class ItemKnn(SparseItems):
    """Score movies by their likeness to those a person liked."""

    name = "itemknn"
    config_class = ItemKnnConfig
    config: ItemKnnConfig

    def _links(self, rows_UM: csr_array, progress: Progress) -> csr_array:
        likers = np.maximum(np.bincount(rows_UM.indices, minlength=rows_UM.shape[1]), 1).astype(np.float32)
        leave, arrive = likers**self.config.asymmetry, likers ** (1 - self.config.asymmetry)

        def cosines() -> Iterator[tuple[int, FloatMatrix]]:
            for first, block in gram_blocks(rows_UM):
                scale = arrive[first : first + len(block), None] * leave + np.float32(self.config.shrink)
                yield first, (block / scale).astype(np.float32, copy=False)

        return strongest_links(cosines(), self.config.keep, rows_UM.shape[1], progress, self.name)

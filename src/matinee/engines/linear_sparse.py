"""Engines that keep, for every film, the few films that speak for it most, and score a profile by adding up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.engines.engine import Arrays, Engine
from matinee.engines.weights import interactions, liking
from matinee.types import FloatMatrix, FloatVector, IntVector, Profile, Profiles, Progress


class SparseItems(Engine):
    """Score movies by the links from those a person liked.

    Learns `indptr` (n_movies + 1,), `movies` and `weights`: what a like of movie i adds to the scores of
    `movies[indptr[i]:indptr[i + 1]]`. Movies nobody liked have no links and score 0.
    """

    def _fit(self, dataset: Dataset, progress: Progress) -> Arrays:
        liked = liking(dataset.values, explicit=dataset.explicit, min_rating=self.config.min_rating)
        progress(self.name, 0, dataset.n_movies)
        links = self._links(interactions(dataset.profiles(), liked), progress).T.tocsr()
        return {
            "indptr": links.indptr.astype(np.int64),
            "movies": links.indices.astype(np.int32),
            "weights": links.data.astype(np.float32),
            "explicit": np.array([dataset.explicit]),
        }

    @abstractmethod
    def _links(self, rows_UM: csr_array, progress: Progress) -> csr_array:
        """Return (n_movies, n_movies) links learnt from (n_users, n_movies) interactions; row j holds what speaks for j."""

    def _score(self, profiles: Profiles) -> FloatMatrix:
        scores: FloatMatrix = (interactions(profiles, self._entry_weights(profiles.values)) @ self.links()).toarray()
        return scores

    def links(self) -> csr_array:
        """Return the (n_movies, n_movies) links, row i holding what a like of i adds; its arrays are the engine's own and must not be changed."""
        # Once: scipy brings the two index arrays to one type by copying them.
        return self._once("links", self._linked)

    def _linked(self) -> csr_array:
        arrays = self.arrays
        shape = (self.n_movies, self.n_movies)
        return csr_array((arrays["weights"], arrays["movies"], arrays["indptr"]), shape=shape)

    def _entry_weights(self, values: FloatVector) -> FloatVector:
        return liking(values, explicit=bool(self.arrays["explicit"][0]), min_rating=self.config.min_rating)

    def _similar(self, movie: int) -> FloatVector:
        """Return the links that speak for the movie."""
        likeness = np.zeros(self.n_movies, np.float32)
        entries = np.flatnonzero(self.arrays["movies"] == movie)
        sources = np.searchsorted(self.arrays["indptr"], entries, side="right") - 1
        likeness[sources] = self.arrays["weights"][entries]
        return likeness

    def _contributions(self, profile: Profile, movies: IntVector) -> FloatMatrix:
        parts: FloatMatrix = self.links()[profile.movies].toarray()[:, movies].T
        return parts * self._entry_weights(profile.values)


def strongest_links(
    blocks: Iterable[tuple[int, FloatMatrix]], keep: int, n: int, progress: Progress, name: str
) -> csr_array:
    """Keep the strongest positive entries of each row, none on the diagonal.

    Args:
        blocks: consecutive (rows, n) blocks with the index of their first row.
        keep: how many a row at most; which of equals at the limit stay is not promised.
        n: number of rows and columns.
        progress: told after each block.
        name: stage that is reported.
    """
    columns, weights, lengths = [], [], []
    for first, block in blocks:
        rows = np.arange(len(block))
        block[rows, first + rows] = 0
        if keep < n:
            chosen = np.sort(np.argpartition(-block, keep - 1, axis=1)[:, :keep], axis=1)
        else:
            chosen = np.tile(np.arange(n), (len(block), 1))
        strength = np.take_along_axis(block, chosen, axis=1)
        positive = strength > 0
        columns.append(chosen[positive])
        weights.append(strength[positive])
        lengths.append(positive.sum(axis=1))
        progress(name, first + len(block), n)
    indptr = np.concatenate([[0], np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths]))])
    return csr_array(
        (
            np.concatenate([np.zeros(0, np.float32), *weights]),
            np.concatenate([np.zeros(0, np.int64), *columns]),
            indptr,
        ),
        shape=(n, n),
    )

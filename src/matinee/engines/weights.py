"""How much a rating counts as a sign of taste: the engines that learn from choices share this rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.types import FloatVector, IntVector, Profiles


def liking(values: FloatVector, *, explicit: bool, min_rating: float, dislike_weight: float = 0.0) -> FloatVector:
    """Return one interaction weight a rating.

    Args:
        values: (n,) stars, or 1.0 throughout where people only watched.
        explicit: whether values are stars; otherwise every entry weighs 1.
        min_rating: stars from which a rating is a like, which weighs 1.
        dislike_weight: weight of the ratings below it, usually 0.
    """
    if not explicit:
        return np.ones(len(values), np.float32)
    return np.where(values >= min_rating, 1.0, dislike_weight).astype(np.float32)


def interactions(profiles: Profiles, weights: FloatVector) -> csr_array:
    """Return the (n_profiles, n_movies) sparse matrix of the entries whose weight is not 0.

    Its arrays are its own: scipy changes matrices in place, and a profile's arrays belong to somebody else.
    """
    keep = weights != 0
    indptr = np.concatenate([[0], np.cumsum(keep)])[profiles.indptr]
    return csr_array((weights[keep], profiles.movies[keep], indptr), shape=(len(profiles), profiles.n_movies))


def among(profiles: Profiles, weights: FloatVector, places: IntVector, n: int) -> csr_array:
    """Return the (n_profiles, n) sparse matrix of the entries that have a weight and take part.

    Args:
        profiles: whose entries.
        weights: (n_entries,) one each; entries of weight 0 are left out.
        places: (n_movies,) the column of each movie, -1 for those that do not take part.
        n: number of columns.
    """
    columns = places[profiles.movies]
    keep = (weights != 0) & (columns >= 0)
    indptr = np.concatenate([[0], np.cumsum(keep)])[profiles.indptr]
    return csr_array((weights[keep], columns[keep], indptr), shape=(len(profiles), n))


def places_of(columns: IntVector, n_movies: int) -> IntVector:
    """Return (n_movies,) the place of each movie among `columns`, -1 for those that are not there."""
    places = np.full(n_movies, -1, np.int32)
    places[columns] = np.arange(len(columns), dtype=np.int32)
    return places


def sums_by(index: NDArray[Any], amounts: NDArray[Any], length: int) -> NDArray[np.float64]:
    """Return (length,) the sum of the amounts at each index."""
    return np.bincount(index, amounts, length).astype(np.float64, copy=False)

"""What accuracy does not see: reach, concentration, novelty, diversity, calibration and popularity bias.

Lists are (P, n) movie indices with -1 in empty places, as `topn.top_n` makes them. Figures of a list give one float64 a
user, NaN where the user cannot be scored (an empty list, no history, films nothing is known of); figures of a whole
system give one number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.errors import SettingsError, ShapeError
from matinee.evaluation.metrics import PerUser
from matinee.evaluation.topn import Lists
from matinee.types import Profiles

Counts = NDArray[np.int64]
"""(M,) how often each film occurs."""


def exposure(lists: Lists, n_movies: int) -> Counts:
    """Return (M,) in how many lists each film stands."""
    return np.bincount(lists[lists >= 0], minlength=n_movies)


def coverage(exposures: Counts) -> float:
    """Catalogue coverage: share of the films that stand in at least one list.

    Example:
        >>> coverage(exposure(np.array([[0, 1], [0, 2]], np.int32), 4))
        0.75
    """
    return float(np.count_nonzero(exposures) / len(exposures))


def gini(exposures: Counts) -> float:
    """Gini index of the exposures x, ascending: Σ_i (2i - M - 1) x_i / (M Σ x), films never shown included.

    0 when every film is shown equally often, (M - 1)/M when one film takes every place. NaN where nothing is shown.

    Example:
        >>> gini(np.array([3, 3, 3])), gini(np.array([0, 0, 0, 8]))
        (0.0, 0.75)
    """
    n = len(exposures)
    total = exposures.sum()
    if total == 0:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(exposures) / (n * total))


def shannon(exposures: Counts) -> float:
    """Entropy of the exposures in bits: -Σ q log2 q, q = x / Σ x; log2 M when every film is shown equally often.

    Example:
        >>> shannon(np.array([2, 2, 0]))
        1.0
    """
    shown = exposures[exposures > 0]
    if not len(shown):
        return float("nan")
    shares = shown / shown.sum()
    return float(-(shares @ np.log2(shares)))


def novelty(lists: Lists, popularity: Counts, n_users: int) -> PerUser:
    """Mean self-information of a list: mean of -log2 p(i), p(i) = share of the n training users who have film i.

    A film nobody has counts as if one user had it, so that the largest value is log2(n_users), not infinity.

    Args:
        lists: (P, n).
        popularity: (M,) training users of each film.
        n_users: training users in all.

    Example:
        >>> novelty(np.array([[0, 1]], np.int32), np.array([8, 2]), 8)  # (0 + 2) / 2
        array([1.])
    """
    return mean_over(lists, -np.log2(np.maximum(popularity, 1) / n_users))


def average_popularity(lists: Lists, popularity: Counts) -> PerUser:
    """ARP: mean number of training users of the films in a list (Yin et al. 2012); an average over places.

    Example:
        >>> average_popularity(np.array([[0, 1], [1, -1]], np.int32), np.array([8, 2]))
        array([5., 2.])
    """
    return mean_over(lists, popularity)


def percentiles(popularity: Counts) -> NDArray[np.float64]:
    """Return (M,) the share of films less popular than each, ties counted half: 0.5 for all where all are alike.

    Example:
        >>> percentiles(np.array([5, 1, 1, 9]))
        array([0.625, 0.25 , 0.25 , 0.875])
    """
    ordered = np.sort(popularity)
    below = np.searchsorted(ordered, popularity, side="left")
    upto = np.searchsorted(ordered, popularity, side="right")
    share: NDArray[np.float64] = (below + upto) / (2 * len(popularity))
    return share


def popularity_lift(lists: Lists, profiles: Profiles, popularity: Counts) -> PerUser:
    """Mean popularity percentile of a user's list minus that of their profile, in -1…1.

    Above 0: the list is more mainstream than the person. NaN for an empty list or profile.
    """
    place = percentiles(popularity)
    return mean_over(lists, place) - _rows_mean(_incidence(profiles), place)


def intra_list_diversity(lists: Lists, vectors: NDArray[Any]) -> PerUser:
    """Mean of 1 - cosine over all pairs of films in a list: 2 / (m(m - 1)) Σ_{i<j} (1 - cos(f_i, f_j)).

    Films whose vector is zero (nothing known) are left out of the pairs; NaN where fewer than two remain. In 0…1 for
    non-negative vectors such as genres, in 0…2 otherwise.

    Args:
        lists: (P, n).
        vectors: (M, F) genres or any other description of the films.

    Example:
        >>> genres = np.array([[1, 0], [1, 0], [0, 1]])
        >>> intra_list_diversity(np.array([[0, 1, 2]], np.int32), genres).round(4)  # pairs: 0, 1, 1
        array([0.6667])
    """
    wide = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(wide, axis=1)
    described = lengths > 0
    units = wide / np.where(described, lengths, 1)[:, None]
    shown = _shown(lists, len(wide))
    m = shown @ described.astype(np.float64)
    # |Σ f|² = m + 2 Σ_{i<j} cos(f_i, f_j): every pair at once, no pair formed.
    cosines = np.square(shown @ units).sum(axis=1) - m
    pairs_twice = m * (m - 1)
    return np.where(m >= 2, 1 - cosines / np.where(m >= 2, pairs_twice, 1), np.nan)


def calibration(lists: Lists, profiles: Profiles, genres: NDArray[Any], *, alpha: float = 0.01) -> PerUser:
    """Calibration C_KL = Σ_g p(g) ln(p(g) / q̃(g)) (Steck, RecSys 2018): 0 = the list has the genres of the person.

    p(g) and q(g) average p(g|i) = 1 / (genres of i) over the profile and over the list, every film weighing the same;
    q̃ = (1 - α) q + α p keeps the logarithm finite. Films without genres are left out; NaN where profile or list has none
    with. Natural logarithm, so the worst value is -ln α.

    Args:
        lists: (P, n).
        profiles: one history a list.
        genres: (M, G) bool or 0/1.
        alpha: between 0 and 1.

    Raises:
        SettingsError: if alpha is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise SettingsError(f"Alpha must lie between 0 and 1; got {alpha}.")
    table = np.asarray(genres, np.float64)
    sizes = table.sum(axis=1)
    given = table / np.where(sizes > 0, sizes, 1)[:, None]
    wanted = _shares(_incidence(profiles) @ given)
    shown = _shares(_shown(lists, len(table)) @ given)
    mixed = (1 - alpha) * shown + alpha * wanted
    # 0 ln 0 = 0; NaN rows (nobody to compare) stay NaN.
    ratio = np.divide(wanted, mixed, out=np.ones_like(wanted), where=wanted > 0)
    divergence: PerUser = (wanted * np.log(ratio)).sum(axis=1)
    return divergence


def mean_over(lists: Lists, attribute: NDArray[Any]) -> PerUser:
    """Return (P,) the mean of one number a film over each list's films; NaN for an empty list."""
    return _rows_mean(_shown(lists, len(attribute)), attribute)


def _shown(lists: Lists, n_movies: int) -> csr_array:
    """Return the lists as a (P, M) matrix of ones."""
    filled = lists >= 0
    movies = lists[filled]
    if len(movies) and movies.max() >= n_movies:
        raise ShapeError(f"The lists name film {movies.max()}; only {n_movies} films are described.")
    indptr = np.concatenate([[0], np.cumsum(filled.sum(axis=1))])
    return csr_array((np.ones(len(movies)), movies, indptr), shape=(len(lists), n_movies))


def _incidence(profiles: Profiles) -> csr_array:
    return csr_array(
        (np.ones(len(profiles.movies)), profiles.movies, profiles.indptr), shape=(len(profiles), profiles.n_movies)
    )


def _rows_mean(rows: csr_array, attribute: NDArray[Any]) -> PerUser:
    n = np.diff(rows.indptr)
    sums = rows @ np.asarray(attribute, np.float64)
    means: PerUser = np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0)
    return means


def _shares(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = amounts.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(amounts, totals, out=np.full_like(amounts, np.nan), where=totals > 0)
    return shares

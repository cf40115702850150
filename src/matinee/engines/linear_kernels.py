"""Compiled loops of `linear`; imported only while fitting, since importing numba costs memory and a second."""

from __future__ import annotations

from typing import Any

from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def add_gram_rows(
    first: int,
    last: int,
    indptr_M: NDArray[Any],
    users: NDArray[Any],
    weights_M: NDArray[Any],
    indptr_U: NDArray[Any],
    movies: NDArray[Any],
    weights_U: NDArray[Any],
    out: NDArray[Any],
) -> None:
    """Add rows `first:last` of XᵀX to `out`; a row stays in the processor's cache while its users are walked."""
    for i in range(first, last):
        row = out[i - first]
        for place in range(indptr_M[i], indptr_M[i + 1]):
            user, weight = users[place], weights_M[place]
            for other in range(indptr_U[user], indptr_U[user + 1]):
                row[movies[other]] += weight * weights_U[other]


@njit(cache=True, nogil=True)
def add_gram_upper(
    first: int,
    last: int,
    indptr_M: NDArray[Any],
    users: NDArray[Any],
    places: NDArray[Any],
    indptr_U: NDArray[Any],
    movies: NDArray[Any],
    weights: NDArray[Any],
    out: NDArray[Any],
) -> None:
    """Add the upper triangle of rows `first:last` of XᵀX to `out`, its diagonal included.

    Rows of X hold ascending `movies`; `places` says where in them each entry of a column stands, so that only what comes
    after it is walked: half the work of `add_gram_rows`.
    """
    for i in range(first, last):
        row = out[i]
        for entry in range(indptr_M[i], indptr_M[i + 1]):
            place = places[entry]
            weight = weights[place]
            for other in range(place, indptr_U[users[entry] + 1]):
                row[movies[other]] += weight * weights[other]

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

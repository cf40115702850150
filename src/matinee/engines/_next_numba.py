"""The counts behind `next`, compiled; imported by training only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from matinee.types import FloatMatrix, IntVector, LongVector


def lagged_counts(indptr: LongVector, movies: IntVector, n: int, decay: float, lags: int) -> FloatMatrix:
    """Return (n, n) C with C[i, j] = Σ decay^(lag - 1) over every i that came `lag` <= `lags` places before a j.

    Entries of `movies` that are negative are skipped but keep their place.
    """
    counts = np.zeros((n, n), np.float32)
    _lagged(indptr, movies, np.float32(decay), lags, counts)
    return counts


def recent_gram(indptr: LongVector, movies: IntVector, n: int, decay: float, lags: int) -> FloatMatrix:
    """Return (n, n) Σ x xᵀ over every moment of every history, x the decayed last `lags` films before that moment."""
    gram = np.zeros((n, n), np.float32)
    _recent(indptr, movies, np.float32(decay), lags, gram)
    both: FloatMatrix = gram + gram.T
    np.fill_diagonal(both, gram.diagonal())
    return both


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _lagged(indptr: Any, movies: Any, decay: Any, lags: Any, counts: Any) -> None:
    for user in range(len(indptr) - 1):
        first = indptr[user]
        for place in range(first + 1, indptr[user + 1]):
            target = movies[place]
            if target < 0:
                continue
            weight = np.float32(1)
            for lag in range(1, min(lags, place - first) + 1):
                source = movies[place - lag]
                if source >= 0:
                    counts[source, target] += weight
                weight *= decay


@njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _recent(indptr: Any, movies: Any, decay: Any, lags: Any, gram: Any) -> None:
    for user in range(len(indptr) - 1):
        first = indptr[user]
        for place in range(first + 1, indptr[user + 1]):
            most = min(lags, place - first)
            near = np.float32(1)
            for a in range(1, most + 1):
                one = movies[place - a]
                both = near * near
                for b in range(a, most + 1):
                    other = movies[place - b]
                    if one >= 0 and other >= 0:
                        # Each unordered pair once, in whichever triangle; `recent_gram` mirrors it.
                        gram[one, other] += both
                    both *= decay
                near *= decay

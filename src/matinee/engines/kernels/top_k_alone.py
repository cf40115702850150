"""Candidates among int8 rows for few vectors, one after the other.

Every row is met by one digit of the vector, in whole numbers and as the rows lie. Times its scale such an integer is off by
no more than the longest row may be: whatever comes as near as twice that to what k rows seem to reach is a candidate.
Where rows are of so unlike length that these are many, each row is off by no more than its own length allows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from matinee.engines.kernels.candidates import groups_of
from matinee.engines.kernels.digits import one_digit
from matinee.engines.matrices.int8 import Int8
from matinee.types import FloatMatrix, FloatVector

_MANY = 5
"""More than so many times k candidates are looked at more closely."""

_LEAST = np.finfo(np.float32).min
"""What every row that is allowed reaches."""


def candidates(
    vectors: FloatMatrix, matrix: Int8, k: int, allowed: NDArray[np.bool_] | None
) -> Iterator[NDArray[np.intp]]:
    """Yield for each vector (P, F) the rows that may be among its best k, of those that are allowed (n_rows,) or (P, n_rows)."""
    digits, unit, error, _ = one_digit(vectors)
    # Scores count in units of the vector: they are whole numbers times scales.
    error /= unit
    for number in range(len(vectors)):
        scores = matrix.dots.products(digits[number : number + 1])[:, 0].astype(np.float32)
        scores *= matrix.scale
        if allowed is not None:
            scores = np.where(allowed[number] if allowed.ndim == 2 else allowed, scores, np.float32(-np.inf))
        near = scores >= max(_reached(scores, k) - 2 * error[number] * matrix.longest, _LEAST)
        if np.count_nonzero(near) > _MANY * k:
            off = error[number] * matrix.lengths
            near = scores + off >= max(_reached(scores - off, k), _LEAST)
        yield near.nonzero()[0]


def _reached(scores: FloatVector, k: int) -> np.float32:
    """Return the k-th best of the maxima of groups of scores (n,): k rows reach it; −inf where they are too few."""
    n_groups = groups_of(len(scores), k)
    if n_groups < k:
        return np.float32(-np.inf)
    maxima = scores[: len(scores) // n_groups * n_groups].reshape(-1, n_groups).max(axis=0)
    maxima.partition(n_groups - k)
    return np.float32(maxima[n_groups - k])

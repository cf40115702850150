"""Candidates among int8 rows for few vectors, one after the other.

Every row is met by one digit of the vector, in whole numbers and as the rows lie. An integer that is lowered by the most it
may be off says, times its scale, what a row reaches at least; twice that higher, what it reaches at most. Whatever may
reach what k rows reach at least is a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from matinee.engines.kernels.candidates import groups_of
from matinee.engines.kernels.digits import one_digit
from matinee.engines.matrices.int8 import Int8
from matinee.types import FloatMatrix, FloatVector

_LEAST = np.finfo(np.float32).min
"""What every row that is allowed reaches."""


def candidates(
    vectors: FloatMatrix, matrix: Int8, k: int, allowed: NDArray[np.bool_] | None
) -> Iterator[NDArray[np.intp]]:
    """Yield for each vector (P, F) the rows that may be among its best k, of those that are allowed (n_rows,) or (P, n_rows)."""
    digits, _, error = one_digit(vectors)
    slack = (error * matrix.dots.longest).astype(np.int32) + np.int32(1)
    for number in range(len(vectors)):
        whole_numbers = matrix.dots.products(digits[number : number + 1])[:, 0]
        whole_numbers -= slack[number]
        # In units of the vector: whole numbers times scales.
        scores = whole_numbers.astype(np.float32)
        scores *= matrix.scale
        if allowed is not None:
            scores = np.where(allowed[number] if allowed.ndim == 2 else allowed, scores, np.float32(-np.inf))
        reached = _reached(scores, k)
        scores += matrix.scale * np.float32(2 * slack[number])
        yield (scores >= max(reached, _LEAST)).nonzero()[0]


def _reached(scores: FloatVector, k: int) -> np.float32:
    """Return the k-th best of the maxima of groups of scores (n,): k rows reach it; −inf where they are too few."""
    n_groups = groups_of(len(scores), k)
    if n_groups < k:
        return np.float32(-np.inf)
    maxima = scores[: len(scores) // n_groups * n_groups].reshape(-1, n_groups).max(axis=0)
    maxima.partition(n_groups - k)
    return np.float32(maxima[n_groups - k])

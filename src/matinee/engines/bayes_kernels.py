"""Compiled loops of `bayes_gibbs`; imported only while fitting. Every row is worked out alone and in one order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, inline="always")
def _normal(key: Any) -> Any:
    """Return one standard normal made of 64 scrambled bits (SplitMix64, Box and Muller)."""
    bits = (key ^ (key >> _30)) * _MIX_1
    bits = (bits ^ (bits >> _27)) * _MIX_2
    bits = bits ^ (bits >> _31)
    radius = (np.float32(bits >> _32) + np.float32(0.5)) * np.float32(2.0**-32)
    angle = np.float32(bits & _LOW) * np.float32(2.0**-32 * 2 * np.pi)
    return np.sqrt(np.float32(-2) * np.log(radius)) * np.cos(angle)


@njit(cache=True, nogil=True, fastmath=True)
def regress_span(
    first: int,
    last: int,
    indptr: NDArray[Any],
    others: NDArray[Any],
    targets: NDArray[Any],
    offsets: NDArray[Any],
    features: NDArray[Any],
    noise: NDArray[Any],
    row_keys: NDArray[Any],
    other_keys: NDArray[Any],
    weights: NDArray[Any],
    solved: NDArray[Any],
) -> None:
    """Solve (I + Σ f fᵀ) x = noise + Σ f (target − offset + e) with a fresh standard normal e an entry.

    Writes x to `solved` and W = I − (I + Σ f fᵀ)⁻¹ to `weights`, for rows `first:last`.
    """
    width = features.shape[1]
    lower = np.empty((width, width), np.float32)
    for row in range(first, last):
        right = solved[row]
        right[:] = noise[row]
        lower[:] = 0
        for entry in range(indptr[row], indptr[row + 1]):
            other = others[entry]
            feature = features[other]
            target = targets[entry] - offsets[other] + _normal(row_keys[row] + other_keys[other])
            for a in range(width):
                right[a] += target * feature[a]
                for b in range(a + 1):
                    lower[a, b] += feature[a] * feature[b]
        for a in range(width):
            lower[a, a] += np.float32(1)
        _invert(lower, weights[row])
        inverse = weights[row]
        for a in range(width):
            lower[0, a] = right[a]
        for a in range(width):
            total = np.float32(0)
            for b in range(width):
                total += inverse[a, b] * lower[0, b]
            right[a] = total
        for a in range(width):
            for b in range(width):
                inverse[a, b] = -inverse[a, b]
            inverse[a, a] += np.float32(1)


@njit(cache=True, nogil=True, fastmath=True)
def _invert(lower: NDArray[Any], inverse: NDArray[Any]) -> None:
    """Invert a positive definite matrix given its lower triangle, which is used up."""
    width = len(lower)
    for a in range(width):
        for b in range(a + 1):
            rest = lower[a, b]
            for k in range(b):
                rest -= lower[a, k] * lower[b, k]
            lower[a, b] = np.sqrt(max(rest, np.float32(1e-12))) if a == b else rest / lower[b, b]
    root = np.zeros((width, width), np.float32)
    for a in range(width):
        for k in range(a):
            for b in range(k + 1):
                root[a, b] -= lower[a, k] * root[k, b]
        root[a, a] = np.float32(1)
        for b in range(a + 1):
            root[a, b] /= lower[a, a]
    inverse[:] = 0
    for k in range(width):
        for a in range(k + 1):
            for b in range(a + 1):
                inverse[a, b] += root[k, a] * root[k, b]
    for a in range(width):
        for b in range(a):
            inverse[b, a] = inverse[a, b]


@njit(cache=True, nogil=True, fastmath=True)
def sum_span(
    first: int, last: int, indptr: NDArray[Any], others: NDArray[Any], vectors: NDArray[Any], sums: NDArray[Any]
) -> None:
    """Add up the vectors of each row's others, for rows `first:last`."""
    width = vectors.shape[1]
    for row in range(first, last):
        total = sums[row]
        total[:] = 0
        for entry in range(indptr[row], indptr[row + 1]):
            vector = vectors[others[entry]]
            for a in range(width):
                total[a] += vector[a]


@njit(cache=True, nogil=True, fastmath=True)
def weigh_span(first: int, last: int, weights: NDArray[Any], vectors: NDArray[Any], products: NDArray[Any]) -> None:
    """Multiply each row's own symmetric matrix by its vector, for rows `first:last`."""
    width = vectors.shape[1]
    for row in range(first, last):
        vector, product, weight = vectors[row], products[row], weights[row]
        for a in range(width):
            total = np.float32(0)
            for b in range(width):
                total += weight[a, b] * vector[b]
            product[a] = total


@njit(cache=True, nogil=True, fastmath=True)
def error_span(
    first: int,
    last: int,
    indptr: NDArray[Any],
    others: NDArray[Any],
    targets: NDArray[Any],
    mine: NDArray[Any],
    theirs: NDArray[Any],
    errors: NDArray[Any],
) -> None:
    """Add up each row's squared errors of mine_0 + theirs_0 + mine_1: · theirs_1:, for rows `first:last`."""
    width = mine.shape[1]
    for row in range(first, last):
        vector = mine[row]
        squares = 0.0
        for entry in range(indptr[row], indptr[row + 1]):
            other = theirs[others[entry]]
            error = targets[entry] - vector[0] - other[0]
            for a in range(1, width):
                error -= vector[a] * other[a]
            squares += error * error
        errors[row] = squares

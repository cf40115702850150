"""Float32 vectors written with int8 digits, so that they can be multiplied in whole numbers.

With two digits v ≈ s (254 a + b), a and b in −127…127 and s = max|v| / (127 · 254), which leaves an error of at most s/2 a
number, or 1.6e-5 of the largest: about 16 bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matinee.types import FloatMatrix, FloatVector

Int8Matrix = NDArray[np.int8]

BASE = 254
"""What the first digit counts in units of the second: the two ranges of 127 on either side meet without a gap."""

ROUNDING = 1e-5
"""What float32 may add to the error of a product, as a share of the two lengths."""

_SMALL = np.float32(1e-30)
"""The largest number of a vector, at least, that its unit is made for."""


def two_digits(vectors: FloatMatrix) -> tuple[Int8Matrix, FloatVector]:
    """Write vectors (P, F) with two int8 digits a number.

    Returns:
        (P, 2, F) int8 digits, the larger first, and (P,) the unit of the second, so that
        vectors ≈ unit · (BASE · digits[:, 0] + digits[:, 1]).
    """
    largest = np.abs(vectors).max(axis=1, initial=0).astype(np.float32)
    unit = largest / np.float32(127 * BASE)
    # A vector of zeros, or of numbers too small to divide by, has digits 0.
    steps = np.divide(vectors, unit[:, None], out=np.zeros(vectors.shape, np.float32), where=unit[:, None] > 1e-38)
    digits = np.empty((len(vectors), 2, vectors.shape[1]), np.int8)
    first = np.rint(steps / BASE)
    digits[:, 0] = first
    digits[:, 1] = np.rint(steps - BASE * first)
    return digits, unit


def one_digit(vectors: FloatMatrix) -> tuple[Int8Matrix, FloatVector, FloatVector]:
    """Write vectors (P, F) with one int8 digit a number.

    Returns:
        (P, F) digits, (P,) their units, and (P,) by how much a product may be off for a row of length 1, in units.
    """
    # What is smaller has fewer digits; it still has one.
    unit = np.maximum(np.abs(vectors).max(axis=1, initial=0), _SMALL) / np.float32(127)
    steps = vectors / unit[:, None]
    rounded = np.rint(steps)
    steps -= rounded
    # Rounding is a share of the length, which is at most 127 units a number.
    error = np.sqrt(np.einsum("pf,pf->p", steps, steps)) + np.float32(ROUNDING * 127 * vectors.shape[1] ** 0.5)
    return rounded.astype(np.int8), unit, error

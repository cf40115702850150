"""Random numbers that belong to a film, not to its place in the catalogue.

Engines that start from chance take them from here, so that the order of movies in a file changes nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matinee.types import FloatMatrix, LongVector

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def normal_by_id(ids: LongVector, width: int, seed: int) -> FloatMatrix:
    """Return (n, width) standard normal float32; a row depends on its id, its column and the seed alone."""
    counter = np.arange(2 * width, dtype=np.uint64) * _STEP
    keys = _mixed(ids.astype(np.uint64) * _STEP + np.uint64(seed % 2**63))
    bits = _mixed(keys[:, None] ^ _mixed(counter + _STEP))
    uniform = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    radius, angle = np.sqrt(-2 * np.log(uniform[:, :width])), 2 * np.pi * uniform[:, width:]
    normal: FloatMatrix = (radius * np.cos(angle)).astype(np.float32)
    return normal


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit words (the finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX[0]
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX[1]
    return bits ^ (bits >> np.uint64(31))

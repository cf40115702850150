"""Pick the best of one row of scores."""

from __future__ import annotations

import numpy as np

from matinee.types import BoolVector, FloatVector, IntVector


def best(scores: FloatVector, allowed: BoolVector, n: int) -> IntVector:
    """Return the indices of the `n` highest scores among the allowed, best first, ties by the lower index.

    Args:
        scores: (n_movies,) finite.
        allowed: (n_movies,) which may be returned.
        n: how many at most; fewer come back where fewer are allowed.
    """
    open_to = np.flatnonzero(allowed)
    if n <= 0 or not len(open_to):
        return np.empty(0, np.int32)
    values = scores[open_to]
    if len(open_to) > n:
        # Everything tied with the n-th best stays in, so that ties are cut by index and not by luck.
        keep = values >= np.partition(values, len(values) - n)[len(values) - n]
        open_to, values = open_to[keep], values[keep]
    # Indices ascend, so a stable order of the scores leaves ties by index.
    return open_to[np.argsort(-values, kind="stable")][:n].astype(np.int32)

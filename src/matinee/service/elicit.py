"""Which films to ask a newcomer about: well known, so that they have an opinion, and divisive, so that it tells us something.

After Rashid et al., "Getting to know you: learning new user preferences in recommender systems" (IUI 2002), whose
best cheap strategies multiply popularity by disagreement; genres are spread so that the answers cover more than one taste.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from matinee.service.films import Films
from matinee.types import FloatVector

POOL = 300
"""Candidates among which genres are spread."""
REPEATED = 0.8
"""What one more film of the same genre is worth."""


def telling(films: Films) -> FloatVector:
    """Return (n_movies,) float32: log of the number of ratings times their standard deviation; 0 without ratings."""
    count = films.learned("count").astype(np.float64)
    # The credible bounds shrink with the root of the count; undone, the spread of the stars themselves is left.
    spread = (films.learned("high") - films.learned("low")) * np.sqrt(count + 1.0)
    score: FloatVector = (np.log1p(count) * spread).astype(np.float32)
    return score


def to_rate(films: Films, score: FloatVector, exclude: Collection[int], n: int) -> list[int]:
    """Return up to `n` movie indices to ask about, best first, spread over genres.

    Args:
        films: the release.
        score: as `telling` returns it.
        exclude: movie indices that were rated or shown already.
        n: how many at most.
    """
    open_to = score > 0
    open_to[np.fromiter(exclude, np.int64, len(exclude))] = False
    pool = np.flatnonzero(open_to)
    pool = pool[np.argsort(-score[pool], kind="stable")][: max(POOL, n)]
    genres, worth = films.catalogue.genres[pool].astype(np.float64), score[pool].astype(np.float64)
    seen = np.zeros(genres.shape[1])
    per_film = np.maximum(genres.sum(axis=1), 1.0)
    chosen: list[int] = []
    for _ in range(min(n, len(pool))):
        best = int(np.argmax(worth * REPEATED ** (genres @ seen / per_film)))
        chosen.append(int(pool[best]))
        seen += genres[best]
        worth[best] = -np.inf
    return chosen

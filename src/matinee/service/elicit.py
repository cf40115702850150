"""Which films to ask a newcomer about, in the words of the service; the choice is made in `matinee.ranking.elicit`."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from matinee.ranking.elicit import divisive, over_genres
from matinee.service.films import Films
from matinee.types import FloatVector


def telling(films: Films) -> FloatVector:
    """Return (n_movies,) float32: log of the number of ratings times their standard deviation; 0 without ratings."""
    count = films.learned("count").astype(np.float64)
    # The credible bounds shrink with the root of the count; undone, the spread of the stars themselves is left.
    return divisive(count, (films.learned("high") - films.learned("low")) * np.sqrt(count + 1.0))


def to_rate(films: Films, score: FloatVector, exclude: Collection[int], n: int) -> list[int]:
    """Return up to `n` movie indices to ask about, best first, spread over genres.

    Args:
        films: the release.
        score: as `telling` returns it.
        exclude: movie indices that were rated or shown already.
        n: how many at most.
    """
    return over_genres(score, films.catalogue.genres, exclude, n)

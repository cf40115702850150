"""Without X: which films would leave a list, and which would come, if one rating were not there.

Nothing is estimated: the rating is taken out of the profile and the list is made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matinee.errors import UnknownIdError
from matinee.types import IntVector, Profile

Lister = Callable[[Profile, int], IntVector]
"""Returns up to n movie indices for a profile, best first."""


@dataclass(frozen=True)
class Without:
    """What one rating does to a list.

    Attributes:
        movie: the film whose rating was taken out.
        before: the list as it is.
        after: the list without the rating. The film itself is never in it.
        leaving: films of `before` that are not in `after`, in the order of `before`.
        coming: films of `after` that are not in `before`, in the order of `after`.
    """

    movie: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    leaving: tuple[int, ...]
    coming: tuple[int, ...]


def without(lists: Lister, profile: Profile, movie: int, n: int = 10) -> Without:
    """Take one rating out of a profile and compare the lists.

    A film without its rating counts as unseen and could be recommended; it is left out of `after`, because the person has
    seen it all the same.

    Args:
        lists: makes the list, such as one strategy of a recommender with the person's policy.
        profile: the person's history.
        movie: the film whose rating is to be taken out.
        n: length of the lists.

    Raises:
        UnknownIdError: if the profile does not hold the film.
    """
    before = tuple(int(film) for film in lists(profile, n))
    rest = lists(removed(profile, movie), n + 1)
    after = tuple(int(film) for film in rest if film != movie)[:n]
    return Without(
        movie,
        before,
        after,
        tuple(film for film in before if film not in set(after)),
        tuple(film for film in after if film not in set(before)),
    )


def removed(profile: Profile, movie: int) -> Profile:
    """Return the profile without one film.

    Raises:
        UnknownIdError: if the profile does not hold the film.
    """
    keep = profile.movies != movie
    if keep.all():
        raise UnknownIdError(f"The profile holds no rating of movie index {movie}.", hint="Name a film that was rated.")
    return Profile(profile.movies[keep], profile.values[keep], profile.times[keep])


def effects(lists: Lister, profile: Profile, movies: IntVector, n: int = 10) -> list[Without]:
    """Return `without` for several films, those that change the list most first, ties by the order given."""
    found = [without(lists, profile, int(movie), n) for movie in movies]
    order = np.argsort([-len(each.leaving) for each in found], kind="stable")
    return [found[place] for place in order]

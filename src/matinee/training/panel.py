"""Panels: people a release has not learned from, on whom it is compared with its compressed form.

Without people of one's own, the release's recipe is fitted anew on the training part of the temporal protocol, and both
forms of that refit are asked about what was rated later. With a data set of people the release never saw, the release
itself is judged: the first four fifths of each person's ratings are the profile, the rest is what must be found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from matinee.data import Catalogue, Dataset
from matinee.engines import Engine
from matinee.errors import DataError
from matinee.evaluation import Temporal
from matinee.evaluation.protocols.split import Part, likes
from matinee.releases import Manifest, Release
from matinee.training.gate import from_recipe
from matinee.types import BoolVector, IntVector, Profiles, Progress, silent

PROFILE_SHARE = 0.8
LIKES_FROM = 3.5
"""Stars from which a held-out rating must be found."""
MOST_PEOPLE = 20_000


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Engines in full precision and people they have not learned from.

    Attributes:
        engines: by name, in float32.
        catalogue: the films their columns stand for.
        scale: lowest and highest star; None where people only watched.
        profiles: (P) what each person has told.
        truth: (P, M) what must be found; every row has a film.
        allowed: (M,) films that may be listed.
        how: how people and films were chosen, in a sentence or two.
        counts: people, ratings in their profiles, films to find, films that may be listed.
    """

    engines: Mapping[str, Engine]
    catalogue: Catalogue
    scale: tuple[float, float] | None
    profiles: Profiles
    truth: csr_array
    allowed: BoolVector
    how: str
    counts: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.profiles)

    def part(self, rows: IntVector, how: str) -> Panel:
        """Return the panel with some of its people."""
        chosen = Profiles.stack([self.profiles[int(row)] for row in rows], self.profiles.n_movies)
        truth = csr_array(self.truth[rows])
        counts = count(chosen, truth, self.allowed)
        return replace(self, profiles=chosen, truth=truth, how=f"{self.how} {how}", counts=counts)


def refit(dataset: Dataset, manifest: Manifest, part: Part, progress: Progress = silent) -> Panel:
    """Fit a release's recipe on the training part of the temporal protocol.

    Args:
        dataset: what the release learned from, or what the home holds now.
        manifest: of the release.
        part: "validation" to choose a scheme on, "test" to make a claim.
        progress: told about the fits.

    Raises:
        DataError: if the data cannot be divided.
    """
    protocol = Temporal()
    split = protocol.split(dataset, part)
    hybrid = from_recipe(manifest, "refit").fit(split.train, progress)
    same = (
        "" if dataset.fingerprint == manifest.data.fingerprint else " The data have changed since the release was made."
    )
    return Panel(
        engines=hybrid.engines,
        catalogue=dataset.catalogue,
        scale=dataset.scale if dataset.explicit else None,
        profiles=split.profiles,
        truth=split.truth,
        allowed=split.allowed,
        how=(
            f"The release's recipe fitted anew on the training part of the temporal protocol ({part} part) of "
            f"{dataset.name}, fingerprint {dataset.fingerprint}. {' '.join(split.remarks)}{same}"
        ),
        counts=count(split.profiles, split.truth, split.allowed),
    )


def strangers(dataset: Dataset, release: Release) -> Panel:
    """Take the people of a data set that a release has not learned from, and the release as it is.

    Raises:
        DataError: if the release learned from exactly these ratings, or nobody can be judged.
    """
    if dataset.fingerprint == release.manifest.data.fingerprint:
        raise DataError(
            f"Release {release.version} learned from these very ratings ({dataset.name}).",
            hint="Give ratings of people it has not seen, or leave --held-out away.",
        )
    n_movies = len(release.catalogue)
    films = release.catalogue.ids.find(dataset.catalogue.ids.ids)
    known = films[dataset.movies] >= 0
    kept = dataset.select(known)
    lengths = np.diff(kept.indptr)
    place = np.arange(kept.n_ratings) - kept.indptr[:-1][kept.users]
    given = place < np.ceil(PROFILE_SHARE * lengths)[kept.users]
    hidden = ~given & likes(kept, LIKES_FROM)
    people = np.flatnonzero(np.bincount(kept.users[hidden], minlength=kept.n_users) > 0)
    if not len(people):
        raise DataError(
            f"Nobody in {dataset.name} can be judged: each needs a later like of a film that release {release.version} knows.",
            hint="Check that the data set uses the same movie ids.",
        )
    if len(people) > MOST_PEOPLE:
        people = np.sort(np.random.default_rng(0).choice(people, MOST_PEOPLE, replace=False))
    row = np.full(kept.n_users, -1, np.int64)
    row[people] = np.arange(len(people))
    chosen = given & (row[kept.users] >= 0)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept.users[chosen]], minlength=len(people)))])
    profiles = Profiles(
        indptr.astype(np.int64), films[kept.movies[chosen]], kept.values[chosen], kept.times[chosen], n_movies
    )
    found = hidden & (row[kept.users] >= 0)
    truth = csr_array(
        (np.ones(int(found.sum()), np.float32), (row[kept.users[found]], films[kept.movies[found]])),
        shape=(len(people), n_movies),
    )
    allowed = np.ones(n_movies, np.bool_)
    data = release.manifest.data
    return Panel(
        engines=release.engines,
        catalogue=release.catalogue,
        scale=data.scale if data.explicit else None,
        profiles=profiles,
        truth=truth,
        allowed=allowed,
        how=(
            f"The release itself, asked by people of {dataset.name} (fingerprint {dataset.fingerprint}) whose ratings it has not "
            f"learned from: the first {PROFILE_SHARE:.0%} of each person's ratings are the profile, likes among the rest "
            f"({LIKES_FROM:g} stars or more) must be found."
        ),
        counts=count(profiles, truth, allowed),
    )


def count(profiles: Profiles, truth: csr_array, allowed: BoolVector) -> dict[str, int]:
    """Return the counts a receipt names."""
    return {
        "people": len(profiles),
        "profile_ratings": len(profiles.movies),
        "films_to_find": int(truth.nnz),
        "candidate_films": int(allowed.sum()),
    }

"""The published leave-one-out files of Neural Collaborative Filtering (He et al., WWW 2017) with 99 negatives each.

Sampled metrics do not order recommenders as full rankings do (Krichene and Rendle, KDD 2020): this protocol is here to
compare with published tables, not to choose a model by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.data import Dataset
from matinee.errors import InputError
from matinee.evaluation.protocols.files import NcfFiles
from matinee.evaluation.protocols.split import (
    Part,
    RankingSplit,
    profiles_of,
    ranking_counts,
    training_part,
)
from matinee.types import BoolVector, IntVector


@dataclass(frozen=True, kw_only=True)
class NcfConfig:
    """Settings of the NCF protocol."""

    n_negatives: int = 99
    """Negatives drawn for each validation movie; the test negatives are those of the files."""

    seed: int = 0
    """Draws the validation movie of users whose times are unknown, and the validation negatives."""


class Ncf:
    """The protocol `ncf`.

    Args:
        files: the published files, from `read_ncf`; `files.dataset` is what to evaluate on.
        config: settings of the validation part.
    """

    name: ClassVar[str] = "ncf"
    measures: ClassVar[tuple[str, ...]] = ("hit_rate@10", "ndcg@10")
    ties: ClassVar[Literal["index", "pessimistic"]] = "pessimistic"

    def __init__(self, files: NcfFiles, config: NcfConfig | None = None) -> None:
        self.files = files
        self.config = config or NcfConfig()

    def definition(self) -> str:
        """Say what is trained on, hidden, ranked and measured."""
        return (
            "Leave one out with sampled negatives (He et al., WWW 2017). Every rating counts as one, whatever its stars. Of each user "
            "the movie named in the published test file is hidden; training sees all other ratings and the profile is the user's. The "
            "hidden movie is ranked among itself and the 99 movies the published file lists for that user; a tie counts against it. "
            f"For validation each user's next-latest rating (one drawn with seed {self.config.seed} where times are unknown) is hidden too and "
            f"ranked among {self.config.n_negatives} movies drawn from those the user never rated. Figures on sampled negatives are far higher than on the full "
            "catalogue and do not order recommenders alike; compare them only with others under this protocol."
        )

    def splits(self, dataset: Dataset, part: Part = "test") -> Iterator[RankingSplit]:
        """Yield the one split; see `EvaluationProtocol.splits`."""
        yield self.split(dataset, part)

    def split(self, dataset: Dataset, part: Part = "test") -> RankingSplit:
        """Divide the data set.

        Raises:
            InputError: if it is not the data set of the files.
        """
        files = self.files
        if dataset is not files.dataset and dataset.fingerprint != files.dataset.fingerprint:
            raise InputError(
                "The protocol ncf judges on the data set of its own files only.", hint="Pass files.dataset."
            )
        users = np.arange(dataset.n_users, dtype=np.int32)
        hidden = _at(dataset, files.held_out)
        keep, target, negatives = ~hidden, files.held_out, files.negatives
        if part == "validation":
            target = self._validation_movies(dataset, keep)
            negatives = self._negatives(dataset)
            keep = keep & ~_at(dataset, target)
        train = training_part(dataset, keep)
        profiles = profiles_of(train, users)
        truth = csr_array(
            (np.ones(len(users), np.float32), target, np.arange(len(users) + 1)), shape=(len(users), dataset.n_movies)
        )
        allowed = np.ones(dataset.n_movies, np.bool_)
        return RankingSplit(
            train=train,
            users=users,
            profiles=profiles,
            truth=truth,
            allowed=allowed,
            candidates=np.concatenate([target[:, None], negatives], axis=1),
            counts={
                "events": dataset.n_ratings,
                **ranking_counts(train, profiles, truth, allowed),
                "candidates_each": 1 + negatives.shape[1],
            },
        )

    def _validation_movies(self, dataset: Dataset, keep: BoolVector) -> IntVector:
        """Return each user's latest training movie, or one at random where a time is missing."""
        at = np.flatnonzero(keep)
        owner = dataset.users[at]
        times = self.files.times[at]
        unknown = np.bincount(owner[times == np.iinfo(np.int64).min], minlength=dataset.n_users) > 0
        key = np.where(unknown[owner], 0, times)
        chance = np.random.default_rng(self.config.seed).random(len(at))
        order = np.lexsort((chance, key, owner))
        last = np.flatnonzero(np.diff(owner[order], append=-1))
        movies: IntVector = dataset.movies[at[order[last]]]
        return movies

    def _negatives(self, dataset: Dataset) -> NDArray[np.int32]:
        """Draw distinct movies each user never rated: the lowest random keys of the row."""
        generator = np.random.default_rng(self.config.seed)
        drawn = np.empty((dataset.n_users, self.config.n_negatives), np.int32)
        step = max(1, 8_000_000 // dataset.n_movies)
        for start in range(0, dataset.n_users, step):
            stop = min(dataset.n_users, start + step)
            keys = generator.random((stop - start, dataset.n_movies), np.float32)
            rated = slice(int(dataset.indptr[start]), int(dataset.indptr[stop]))
            keys[dataset.users[rated] - start, dataset.movies[rated]] = np.inf
            drawn[start:stop] = np.argpartition(keys, self.config.n_negatives, axis=1)[:, : self.config.n_negatives]
        return drawn


def _at(dataset: Dataset, movies: IntVector) -> BoolVector:
    """Return (n_ratings,) which ratings are of the movie given for their user."""
    found: BoolVector = movies[dataset.users] == dataset.movies
    return found

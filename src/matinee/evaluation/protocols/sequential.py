"""Leave the last one out: which movie comes next, among all movies (Kang and McAuley 2018's files, full ranking)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from matinee.data import Dataset
from matinee.errors import DataError, SettingsError
from matinee.evaluation.protocols.split import (
    Part,
    RankingSplit,
    places_from_end,
    profiles_of,
    ranking_counts,
    rated_movies,
    require_people,
    training_part,
    truth_of,
)


@dataclass(frozen=True, kw_only=True)
class SequentialConfig:
    """Settings of the sequential protocol."""

    min_events: int = 3
    """Ratings a user needs to be scored: one to hide for test, one for validation, one to know them by."""

    def __post_init__(self) -> None:
        if self.min_events < 3:
            raise SettingsError(f"min_events must be 3 or more; got {self.min_events}.")


class Sequential:
    """The protocol `sequential`."""

    name: ClassVar[str] = "sequential"
    measures: ClassVar[tuple[str, ...]] = ("hit_rate@10", "ndcg@10", "mrr@10")
    ties: ClassVar[Literal["index", "pessimistic"]] = "pessimistic"

    def __init__(self, config: SequentialConfig | None = None) -> None:
        self.config = config or SequentialConfig()

    def definition(self) -> str:
        """Say what is trained on, hidden, ranked and measured."""
        return (
            "Leave the last one out, full ranking. "
            f"Of each user with at least {self.config.min_events} ratings the last is hidden, whatever its stars; training sees all other "
            "ratings, and the profile is all before it, oldest first. For validation the last is left out altogether and the "
            "second-last is hidden. Every movie of the data set that is not in the profile is ranked; a tie counts against the hidden "
            "movie. Other people's later ratings are in training: this measures order within a person, not a deployment."
        )

    def splits(self, dataset: Dataset, part: Part = "test") -> Iterator[RankingSplit]:
        """Yield the one split; see `EvaluationProtocol.splits`."""
        yield self.split(dataset, part)

    def split(self, dataset: Dataset, part: Part = "test") -> RankingSplit:
        """Divide the data set.

        Raises:
            DataError: if the order of the ratings is unknown or nobody can be scored.
        """
        if not dataset.ordered:
            raise DataError(
                f"The protocol sequential needs to know in which order people rated; {dataset.name} does not say.",
                hint="Use data with times, or the protocol strong.",
            )
        enough = np.diff(dataset.indptr) >= self.config.min_events
        users = np.flatnonzero(enough).astype(np.int32)
        require_people(len(users), self.name, dataset, f"{self.config.min_events} ratings")
        wanted = 0 if part == "test" else 1
        place = places_from_end(dataset)
        scored = enough[dataset.users]
        hidden = scored & (place == wanted)
        train = training_part(dataset, ~scored | (place > wanted))
        allowed = rated_movies(dataset)
        profiles = profiles_of(train, users)
        truth = truth_of(dataset, hidden, users)
        return RankingSplit(
            train=train,
            users=users,
            profiles=profiles,
            truth=truth,
            allowed=allowed,
            counts={"events": dataset.n_ratings, **ranking_counts(train, profiles, truth, allowed)},
        )

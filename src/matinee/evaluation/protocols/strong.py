"""Strong generalisation (Liang, Krishnan, Hoffman and Jebara, WWW 2018), bit for bit.

People never seen in training show four fifths of their likes; the other fifth must be found among all movies. With
seed 98765 and the whole of ML-20M this gives the very split of the published tables (136,677 users, 20,108 movies).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from matinee.data import Dataset
from matinee.errors import DataError, SettingsError
from matinee.evaluation.protocols.split import (
    Part,
    RankingSplit,
    likes,
    profiles_of,
    ranking_counts,
    require_people,
    require_share,
    training_part,
    truth_of,
)
from matinee.types import BoolVector, LongVector


@dataclass(frozen=True, kw_only=True)
class StrongConfig:
    """Settings of the strong-generalisation protocol; the defaults are the paper's."""

    held_out_users: int = 0
    """Users in each of the validation and test groups; 0 chooses 10,000 from 100,000 users on, 500 from 5,000 on, else a tenth."""

    above: float = 3.5
    """Stars a rating must exceed to count as a like; implicit data count throughout."""

    min_events: int = 5
    """Likes a user needs to take part, and to be scored after movies without training events are dropped."""

    hidden_share: float = 0.2
    """Share of a scored user's likes that is hidden, rounded down."""

    seed: int = 98765
    """Seed of numpy's legacy generator, for the order of users and, anew for each group, for what is hidden."""

    def __post_init__(self) -> None:
        require_share("hidden_share", self.hidden_share)
        if self.held_out_users < 0 or self.min_events < 1 or not 0 <= self.seed < 2**32:
            raise SettingsError(
                "held_out_users must be 0 or more, min_events 1 or more and the seed within 32 bits; "
                f"got {self.held_out_users}, {self.min_events}, {self.seed}."
            )


class Strong:
    """The protocol `strong`."""

    name: ClassVar[str] = "strong"
    measures: ClassVar[tuple[str, ...]] = ("truncated_recall@20", "truncated_recall@50", "ndcg@100")
    ties: ClassVar[Literal["index", "pessimistic"]] = "index"

    def __init__(self, config: StrongConfig | None = None) -> None:
        self.config = config or StrongConfig()

    def definition(self) -> str:
        """Say what is trained on, hidden, ranked and measured."""
        c = self.config
        return (
            "Strong generalisation (Liang et al., WWW 2018). "
            f"Ratings above {c.above:g} stars are likes, everything else is dropped; users with fewer than {c.min_events} "
            f"likes leave. Users are shuffled (legacy numpy seed {c.seed}); two groups, one for validation and one for test, "
            "are taken from the end, and training sees none of their likes, only those of the others as ones. Movies without a "
            f"training like cannot be recommended and are dropped from the groups. Of each scored user {c.hidden_share:.0%} of "
            f"the likes, drawn in the order of the file with the seed set anew, are hidden; users with fewer than "
            f"{c.min_events} are not scored. The rest is the profile. All movies with a training like that are not in the "
            "profile are ranked; ties go to the lower movie index. Recall@k is truncated: found / min(k, hidden)."
        )

    def splits(self, dataset: Dataset, part: Part = "test") -> Iterator[RankingSplit]:
        """Yield the one split; see `EvaluationProtocol.splits`."""
        yield self.split(dataset, part)

    def split(self, dataset: Dataset, part: Part = "test") -> RankingSplit:
        """Divide the data set.

        Raises:
            DataError: if too few users remain for the groups, or nobody can be scored.
        """
        c = self.config
        liked = likes(dataset, np.nextafter(c.above, np.inf))
        events = np.bincount(dataset.users[liked], minlength=dataset.n_users)
        members = np.flatnonzero(events >= c.min_events)
        groups = self._groups(dataset, members)
        train_users = np.zeros(dataset.n_users, np.bool_)
        train_users[groups["train"]] = True
        kept = liked & train_users[dataset.users]
        allowed = np.bincount(dataset.movies[kept], minlength=dataset.n_movies) > 0

        chosen = np.zeros(dataset.n_users, np.bool_)
        chosen[groups[part]] = True
        known = liked & chosen[dataset.users] & allowed[dataset.movies]
        hidden = self._draw(dataset, known)
        scored = np.flatnonzero(np.bincount(dataset.users[hidden], minlength=dataset.n_users)).astype(np.int32)
        require_people(len(scored), self.name, dataset, f"{c.min_events} ratings above {c.above:g} stars")

        train = _as_ones(training_part(dataset, kept))
        profiles = profiles_of(_as_ones(dataset.select(known & ~hidden)), scored)
        truth = truth_of(dataset, hidden, scored)
        counts = {
            "users": len(members),
            "events": int(events[members].sum()),
            "group_users": len(groups[part]),
            **ranking_counts(train, profiles, truth, allowed),
        }
        return RankingSplit(train=train, users=scored, profiles=profiles, truth=truth, allowed=allowed, counts=counts)

    def _groups(self, dataset: Dataset, members: LongVector) -> dict[str, LongVector]:
        by_id = members[np.argsort(dataset.user_ids.ids[members])]
        shuffled = by_id[np.random.RandomState(self.config.seed).permutation(len(by_id))]
        n = self.config.held_out_users or _default_group(len(members))
        if len(members) <= 2 * n or n < 1:
            raise DataError(
                f"{dataset.name} has {len(members):,} users for the protocol strong; two groups of {n:,} leave nobody to learn from.",
                hint="Choose a smaller --held-out-users.",
            )
        return {"train": shuffled[: -2 * n], "validation": shuffled[-2 * n : -n], "test": shuffled[-n:]}

    def _draw(self, dataset: Dataset, known: BoolVector) -> BoolVector:
        """Return (n_ratings,) which of the known likes are hidden: users by ascending id, events in file order."""
        at = np.flatnonzero(known)
        at = at[np.lexsort((dataset.rows[at], dataset.user_ids.ids[dataset.users[at]]))]
        hidden = np.zeros(dataset.n_ratings, np.bool_)
        generator = np.random.RandomState(self.config.seed)
        starts = np.flatnonzero(np.diff(dataset.users[at], prepend=-1))
        for events in np.split(at, starts[1:]):
            if len(events) >= self.config.min_events:
                size = int(self.config.hidden_share * len(events))
                hidden[events[generator.choice(len(events), size=size, replace=False)]] = True
        return hidden


def _default_group(n_users: int) -> int:
    if n_users >= 100_000:
        return 10_000
    return 500 if n_users >= 5_000 else n_users // 10


def _as_ones(dataset: Dataset) -> Dataset:
    return replace(dataset, values=np.ones(dataset.n_ratings, np.float32), explicit=False)

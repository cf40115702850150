"""The default: hide what happened later.

Where every rating has its time there is one cut for everybody, as on the day of a deployment; elsewhere, or where too few
people were active on both sides, each person's last ratings are hidden. The split says which of the two it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from matinee.data import Dataset
from matinee.errors import SettingsError
from matinee.evaluation.protocols.split import (
    Part,
    RankingSplit,
    likes,
    profiles_of,
    ranking_counts,
    rated_movies,
    require_people,
    require_share,
    training_part,
    truth_of,
)
from matinee.types import BoolVector, IntVector

_VIEW_AT = 20


@dataclass(frozen=True, kw_only=True)
class TemporalConfig:
    """Settings of the temporal protocol."""

    validation_from: float = 0.8
    """Quantile of the rating times at which the validation window begins."""

    test_from: float = 0.9
    """Quantile of the rating times at which the validation window ends and the test window begins."""

    likes_from: float = 4.0
    """Stars from which a rating counts as a like; implicit data count throughout."""

    min_likes: int = 5
    """Likes a user needs before the cut to be scored."""

    min_users: int = 50
    """Users a global cut must be able to score; below it each user's last ratings are hidden instead."""

    last_share: float = 0.2
    """Share of a user's ratings that is hidden where there is no global cut, at least one."""

    max_users: int = 20_000
    """Users scored at most, drawn with the seed."""

    seed: int = 0
    """Draws the scored users where there are too many, and what is hidden where the data have no order."""

    def __post_init__(self) -> None:
        require_share("validation_from", self.validation_from)
        require_share("test_from", self.test_from)
        require_share("last_share", self.last_share)
        if self.validation_from >= self.test_from or self.last_share > 0.4:
            raise SettingsError(
                "validation_from must lie below test_from, and last_share may not exceed 0.4; "
                f"got {self.validation_from}, {self.test_from}, {self.last_share}."
            )
        if min(self.min_likes, self.min_users, self.max_users) < 1:
            raise SettingsError(
                f"min_likes, min_users and max_users must be 1 or more; got {self.min_likes}, {self.min_users}, {self.max_users}."
            )


class Temporal:
    """The protocol `temporal`."""

    name: ClassVar[str] = "temporal"
    measures: ClassVar[tuple[str, ...]] = (
        *(f"{metric}@10" for metric in ("ndcg", "precision", "recall", "mrr", "map", "hit_rate")),
        *(f"over_20_seen/{metric}@{k}" for k in (10, 20, 50) for metric in ("precision", "recall")),
        *(f"{metric}@10" for metric in ("coverage", "gini", "novelty", "diversity", "calibration", "popularity_lift")),
    )
    ties: ClassVar[Literal["index", "pessimistic"]] = "index"

    def __init__(self, config: TemporalConfig | None = None) -> None:
        self.config = config or TemporalConfig()

    def definition(self) -> str:
        """Say what is trained on, hidden, ranked and measured."""
        c = self.config
        return (
            "One cut in time. "
            f"The validation window runs from the {c.validation_from:.0%} to the {c.test_from:.0%} quantile of all rating times, "
            "the test window from there on; training sees every rating before the window, and nothing at or after its start. "
            f"Scored are users with at least {c.min_likes} likes (ratings of {c.likes_from:g} stars or more; everything where "
            "there are no stars) before the window and a like inside it of a movie that was rated before; their profile is all they rated "
            f"before the window. Where times are unknown, or fewer than {c.min_users} users qualify, each user's last "
            f"{c.last_share:.0%} of ratings are hidden instead (for validation the {c.last_share:.0%} before those, which are then left out), "
            "and the result says so. All movies with a training rating that are not in the profile are ranked; ties go to the lower movie "
            "index. Hidden likes are what must be found; recall is found / hidden. The view over_20_seen repeats precision and recall "
            f"for users whose profile holds more than {_VIEW_AT} movies."
        )

    def splits(self, dataset: Dataset, part: Part = "test") -> Iterator[RankingSplit]:
        """Yield the one split; see `EvaluationProtocol.splits`."""
        yield self.split(dataset, part)

    def split(self, dataset: Dataset, part: Part = "test") -> RankingSplit:
        """Divide the data set.

        Raises:
            DataError: if nobody can be scored.
        """
        if not dataset.times_known or not dataset.n_ratings:
            return self._per_user(dataset, part, "not every rating has its time")
        start, stop = self._window(dataset, part)
        keep = dataset.times < start
        hidden = (dataset.times >= start) & (dataset.times < stop)
        users = self._scored(dataset, keep, hidden)
        if len(users) < self.config.min_users:
            return self._per_user(dataset, part, f"a global cut could score only {len(users)} users")
        remark = f"Global cut in time: training ends where the {part} window begins, at Unix second {start}."
        return self._build(dataset, keep, hidden, users, start, remark)

    def _window(self, dataset: Dataset, part: Part) -> tuple[int, int]:
        ordered = np.sort(dataset.times)
        validation, test = (
            int(ordered[int(share * len(ordered))]) for share in (self.config.validation_from, self.config.test_from)
        )
        return (validation, test) if part == "validation" else (test, int(ordered[-1]) + 1)

    def _per_user(self, dataset: Dataset, part: Part, why: str) -> RankingSplit:
        """Hide each user's last ratings, or ratings drawn at random where nobody knows the order."""
        c = self.config
        order = np.arange(dataset.n_ratings)
        how = "last"
        if not dataset.ordered:
            chance = np.random.default_rng(c.seed).random(dataset.n_ratings)
            order = np.lexsort((chance, dataset.users))
            how = "drawn at random, because the order is unknown too"
        lengths = np.diff(dataset.indptr)
        step = np.maximum(1, np.floor(c.last_share * lengths)).astype(np.int64)[dataset.users]
        from_end = np.empty(dataset.n_ratings, np.int64)
        from_end[order] = dataset.indptr[1:][dataset.users] - 1 - np.arange(dataset.n_ratings)
        first = 0 if part == "test" else 1
        hidden = (from_end >= first * step) & (from_end < (first + 1) * step)
        keep = from_end >= (first + 1) * step
        users = self._scored(dataset, keep, hidden)
        remark = (
            f"No global cut in time: {why}. Each user's {c.last_share:.0%} ({how}) is hidden instead, "
            "so training may hold other people's later ratings."
        )
        return self._build(dataset, keep, hidden, users, None, remark)

    def _scored(self, dataset: Dataset, keep: BoolVector, hidden: BoolVector) -> IntVector:
        """Return the users with enough likes before and one to find after."""
        liked = likes(dataset, self.config.likes_from)
        known = rated_movies(dataset.select(keep))
        before = np.bincount(dataset.users[keep & liked], minlength=dataset.n_users)
        after = np.bincount(dataset.users[hidden & liked & known[dataset.movies]], minlength=dataset.n_users)
        users = np.flatnonzero((before >= self.config.min_likes) & (after > 0))
        if len(users) > self.config.max_users:
            users = np.sort(np.random.default_rng(self.config.seed).choice(users, self.config.max_users, replace=False))
        return users.astype(np.int32)

    def _build(
        self, dataset: Dataset, keep: BoolVector, hidden: BoolVector, users: IntVector, cut: int | None, remark: str
    ) -> RankingSplit:
        c = self.config
        require_people(len(users), self.name, dataset, f"{c.min_likes} likes to learn from and a later one to find")
        train = training_part(dataset, keep, before=cut)
        allowed = rated_movies(train)
        truth = truth_of(dataset, hidden & likes(dataset, c.likes_from) & allowed[dataset.movies], users)
        profiles = profiles_of(train, users)
        return RankingSplit(
            train=train,
            users=users,
            profiles=profiles,
            truth=truth,
            allowed=allowed,
            cut=cut,
            views={"over_20_seen": profiles.lengths() > _VIEW_AT},
            counts={"events": dataset.n_ratings, **ranking_counts(train, profiles, truth, allowed)},
            remarks=(remark,),
        )

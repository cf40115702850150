"""Replay: ratings one after another as they came, each foretold before it is learnt (prequential evaluation).

The first part of the ratings trains. The rest is a stream in time order, cut into steps; within a step every like is
ranked for the profile its author had just before it, and only then does anybody learn the step. Four ways to live
through the stream are told apart on the very same events:

- *frozen*: model and profiles stay as they were at the start;
- *profiles*: the model stays, profiles are of the moment (what every engine does by itself);
- *learning*: the model also takes in each step, as far as it can without a new fit (absent where it takes in nothing);
- *refitting*: the model is fitted anew after every so many steps.

Gama, Sebastião, Rodrigues: "On evaluating stream learning algorithms" (Machine Learning, 2013).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np

from matinee.data import Dataset
from matinee.errors import DataError, SettingsError
from matinee.evaluation.intervals import Difference, paired_interval
from matinee.evaluation.metrics import PerUser
from matinee.evaluation.scorer import Scorer
from matinee.types import BoolVector, FloatMatrix, FloatVector, IntVector, LongVector, Profiles, Progress, silent

WAYS = ("frozen", "profiles", "learning", "refitting")


@runtime_checkable
class Learner(Scorer, Protocol):
    """A scorer that may learn without a new fit."""

    def learn(self, movies: IntVector, values: FloatVector, times: LongVector, before: Profiles | None = None) -> Self:
        """Return a scorer that also knows new ratings."""


@dataclass(frozen=True, kw_only=True)
class ReplayConfig:
    """How the stream is cut."""

    train_share: float = 0.5
    """Of all ratings, the oldest train; in (0, 1)."""
    step: int = 500
    """Ratings foretold before anybody learns them."""
    refit_every: int = 10
    """Steps between new fits, for the way *refitting*; 0 leaves it out."""
    min_rating: float = 3.5
    """Stars from which a rating is foretold; the others are learnt only. Ignored where people only watched."""
    cutoff: int = 10
    """Length of the list a hit must be in."""

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        if not 0 < self.train_share < 1:
            raise SettingsError(f"train_share must lie in (0, 1); got {self.train_share}.")
        if self.step < 1 or self.cutoff < 1 or self.refit_every < 0:
            raise SettingsError(
                f"step and cutoff must be at least 1, refit_every at least 0; got {self.step}, {self.cutoff} and {self.refit_every}."
            )


@dataclass(frozen=True)
class Lived:
    """What one way achieved; people are the unit, each standing for the mean of their events.

    Attributes:
        way: one of `WAYS`.
        hit_rate: (n_people,) share of events whose film stood in the list.
        ndcg: (n_people,) mean of 1 / log2(1 + rank) within the list, else 0: NDCG of an event with one right answer.
    """

    way: str
    hit_rate: PerUser
    ndcg: PerUser


@dataclass(frozen=True)
class Replay:
    """A replay's figures.

    Attributes:
        name: the engine's.
        config: how the stream was cut.
        n_train: ratings before the stream.
        n_stream: ratings in it.
        n_events: likes that were foretold.
        n_people: their authors.
        lived: a row for each way, in the order of `WAYS`.
    """

    name: str
    config: ReplayConfig
    n_train: int
    n_stream: int
    n_events: int
    n_people: int
    lived: tuple[Lived, ...]

    def __getitem__(self, way: str) -> Lived:
        return next(each for each in self.lived if each.way == way)

    def gain_over(self, way: str, other: str, *, confidence: float = 0.95, seed: int = 0) -> Difference:
        """Return the paired difference of NDCG between two ways, on the same events."""
        return paired_interval(self[way].ndcg, self[other].ndcg, confidence=confidence, seed=seed)


def replay(
    dataset: Dataset, make: Callable[[], Scorer], config: ReplayConfig | None = None, progress: Progress = silent
) -> Replay:
    """Live through a data set's ratings in time order.

    Args:
        dataset: with the time of every rating.
        make: returns a fresh scorer; one that is also a `Learner` may learn.
        config: how the stream is cut.
        progress: told about steps.

    Raises:
        DataError: if times are unknown, or no like can be foretold.
    """
    config = config or ReplayConfig()
    stream = _Stream.of(dataset, config)
    ways = [way for way in WAYS if way != "refitting" or config.refit_every]
    ranks: dict[str, list[IntVector]] = {way: [] for way in ways}
    start = _fitted(make, stream.until(0))
    models = dict.fromkeys(ways, start)
    for step, events in enumerate(stream.steps):
        progress(f"replay {start.name}", step, len(stream.steps))
        if config.refit_every and step and step % config.refit_every == 0:
            models["refitting"] = _fitted(make, stream.until(step))
        likes = events[stream.liked[events]]
        now, then = stream.before(likes), stream.at_start(likes)
        for way in ways:
            profiles = then if way == "frozen" else now
            ranks[way].append(_ranks(models[way].score(profiles), now, dataset.movies[likes]))
        learner = models["learning"]
        if isinstance(learner, Learner):
            columns = (dataset.movies[events], dataset.values[events], dataset.times[events])
            models["learning"] = learner.learn(*columns, stream.before(events))
    progress(f"replay {start.name}", len(stream.steps), len(stream.steps))
    if models["learning"] is start:
        ways.remove("learning")
    foretold = np.concatenate([events[stream.liked[events]] for events in stream.steps])
    if not len(foretold):
        raise DataError(f"No rating of {dataset.name} after the training part is a like; there is nothing to foretell.")
    return Replay(
        name=start.name,
        config=config,
        n_train=int(stream.trains.sum()),
        n_stream=int((~stream.trains).sum()),
        n_events=len(foretold),
        n_people=len(np.unique(dataset.users[foretold])),
        lived=tuple(_lived(way, np.concatenate(ranks[way]), dataset.users[foretold], config.cutoff) for way in ways),
    )


def _fitted(make: Callable[[], Scorer], dataset: Dataset) -> Scorer:
    scorer = make()
    scorer.fit(dataset, silent)
    return scorer


@dataclass(frozen=True)
class _Stream:
    """The order of things.

    Attributes:
        dataset: all ratings.
        trains: (n_ratings,) the training part.
        steps: rows of the data set, oldest first, a piece a step.
        liked: (n_ratings,) which ratings are foretold.
        rank: (n_ratings,) place of each rating in time.
    """

    dataset: Dataset
    trains: BoolVector
    steps: list[LongVector]
    liked: BoolVector
    rank: LongVector

    @classmethod
    def of(cls, dataset: Dataset, config: ReplayConfig) -> Self:
        if not dataset.times_known or not dataset.n_ratings:
            raise DataError(
                f"A replay needs the time of every rating; {dataset.name} lacks some.",
                hint="Use a data set with timestamps, such as MovieLens latest-small.",
            )
        order = np.argsort(dataset.times, kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        n_train = max(int(config.train_share * len(order)), 1)
        rest = order[n_train:]
        steps = [rest[first : first + config.step] for first in range(0, len(rest), config.step)]
        if not steps:
            raise DataError(f"{dataset.name} has too few ratings for a stream after its training part.")
        liked = dataset.values >= config.min_rating if dataset.explicit else np.ones(len(order), np.bool_)
        return cls(dataset, rank < n_train, steps, liked, rank)

    def until(self, step: int) -> Dataset:
        """Return the ratings before a step."""
        return self.dataset.select(self.rank < self.rank[self.steps[step][0]])

    def before(self, rows: LongVector) -> Profiles:
        """Return the profile of each rating's author just before it."""
        # Ratings of a person are sorted by time, ties as in the file: what stands before the row came before it.
        return self._profiles(self.dataset.indptr[self.dataset.users[rows]], rows)

    def at_start(self, rows: LongVector) -> Profiles:
        """Return the profile of each rating's author when the stream began."""
        first = self.dataset.indptr[self.dataset.users[rows]]
        trained = np.concatenate([[0], np.cumsum(self.trains)])
        n_known = trained[self.dataset.indptr[self.dataset.users[rows] + 1]] - trained[first]
        return self._profiles(first, first + n_known)

    def _profiles(self, first: LongVector, last: LongVector) -> Profiles:
        indptr = np.concatenate([[0], np.cumsum(last - first)])
        rows = np.arange(indptr[-1]) + np.repeat(first - indptr[:-1], last - first)
        data = self.dataset
        return Profiles(indptr, data.movies[rows], data.values[rows], data.times[rows], data.n_movies)


def _ranks(scores: FloatMatrix, seen: Profiles, movies: IntVector) -> IntVector:
    """Return (n,) the rank of each film, from 1, among those not in the profile of the moment; ties count against it."""
    scores = scores.copy()
    wanted = scores[np.arange(len(movies)), movies]
    scores[seen.rows(), seen.movies] = -np.inf
    ranks: IntVector = (scores >= wanted[:, None]).sum(axis=1).astype(np.int32)
    return ranks


def _lived(way: str, ranks: IntVector, users: IntVector, cutoff: int) -> Lived:
    _, person = np.unique(users, return_inverse=True)
    events = np.bincount(person)
    hits = ranks <= cutoff
    return Lived(way, np.bincount(person, hits) / events, np.bincount(person, hits / np.log2(1.0 + ranks)) / events)

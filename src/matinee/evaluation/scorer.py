"""What can be evaluated: anything that learns from a data set and then scores profiles, or lists movies for them."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from matinee.data import Dataset
from matinee.evaluation.topn import Lists
from matinee.types import FloatMatrix, Profiles, Progress


@runtime_checkable
class Scorer(Protocol):
    """Scores every movie for any profile.

    Two further attributes are read where they exist: `predicts_stars` (scores are stars, so the rating protocol
    applies) and `fitted_on` (fingerprint of the data the scorer says it learned from, checked against the split).
    """

    @property
    def name(self) -> str:
        """What the row in the report is called."""

    def fit(self, dataset: Dataset, progress: Progress) -> Any:
        """Learn from the training part of a split, forgetting everything learned before."""

    def score(self, profiles: Profiles) -> FloatMatrix:
        """Return (n_profiles, n_movies) finite float32, higher is better; movies of the profile included."""


@runtime_checkable
class ListRecommender(Protocol):
    """Gives finished lists and no scores; it must leave out what the viewer has seen by itself."""

    @property
    def name(self) -> str:
        """What the row in the report is called."""

    def fit(self, dataset: Dataset, progress: Progress) -> Any:
        """Learn from the training part of a split, forgetting everything learned before."""

    def recommend(self, profiles: Profiles, n: int) -> Lists:
        """Return (n_profiles, n) movie indices, best first, -1 where there are no more."""


Contestant = Scorer | ListRecommender


def settings_of(contestant: Contestant) -> dict[str, Any]:
    """Return the settings a contestant tells, as plain values; none where it has no `settings`."""
    tell = getattr(contestant, "settings", None)
    return dict(tell()) if callable(tell) else {}

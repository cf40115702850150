"""What `neural` is to guess of a person: likes among all movies, or stars less what is expected anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matinee.engines.neural_people import Histories
from matinee.types import BoolVector, FloatMatrix, FloatVector

MOVIE_DAMPING, PERSON_DAMPING = 5.0, 5.0
"""Ratings at the mean that every movie and every person starts with."""


@dataclass(frozen=True)
class Goal:
    """What one batch is to guess.

    Attributes:
        wanted: (B, M) float32 residual stars; zeros where likes are guessed.
        weights: (B, M) float32 how much a movie counts, 0 where nothing is known.
        closed: (B, M) movies that are read already.
    """

    wanted: FloatMatrix
    weights: FloatMatrix
    closed: BoolVector


@dataclass(frozen=True)
class Targets:
    """The rule of what is worth guessing.

    Attributes:
        stars: whether stars are guessed instead of likes.
        expected: (M,) float32 stars that a movie gets from everybody, damped; zeros where likes are guessed.
        floor: values from which a rating is a like.
        user_power: people weigh n^−user_power a rating.
    """

    stars: bool
    expected: FloatVector
    floor: float
    user_power: float

    def wanted(self, people: Histories) -> BoolVector:
        """Return (n,) which ratings are worth guessing."""
        return np.ones(len(people.values), np.bool_) if self.stars else people.values >= self.floor

    def levels(self, people: Histories) -> FloatVector:
        """Return (P,) how far above a movie's expected stars each person rates, damped; 0 where nobody knows."""
        above = np.bincount(people.people(), people.values - self.expected[people.movies], len(people))
        levels: FloatVector = (above / (people.lengths() + PERSON_DAMPING)).astype(np.float32)
        return levels if self.stars else np.zeros_like(levels)

    def dense(self, read: Histories, hidden: Histories) -> Goal:
        """Return the goal of one batch."""
        shape = (len(read), len(self.expected))
        goal = Goal(np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_))
        goal.closed[read.people(), read.movies] = True
        asked = hidden.only(self.wanted(hidden))
        at = (asked.people(), asked.movies)
        lengths = np.maximum(asked.lengths(), 1).astype(np.float32)
        goal.weights[at] = (lengths**-self.user_power)[asked.people()]
        if self.stars:
            goal.wanted[at] = asked.values - self.expected[asked.movies] - self.levels(read)[asked.people()]
        return goal


def damped_means(people: Histories, n_movies: int) -> NDArray[np.float32]:
    """Return (n_movies,) the mean stars of each movie, damped towards the mean of all."""
    mean = float(people.values.mean()) if len(people.values) else 0.0
    sums = np.bincount(people.movies, people.values - mean, n_movies)
    counts = np.bincount(people.movies, minlength=n_movies)
    means: NDArray[np.float32] = (mean + sums / (counts + MOVIE_DAMPING)).astype(np.float32)
    return means

"""What `bayes` keeps of its chain, and the random numbers it gives to people."""

from __future__ import annotations

import numpy as np

from matinee.data import Dataset
from matinee.engines.bayes_gibbs import State, whiten
from matinee.engines.bayes_rows import Pool, Rows
from matinee.engines.engine import Arrays
from matinee.types import LongVector


class Samples:
    """Kept draws, each in a basis where a person's factors are N(·, I) a priori."""

    def __init__(self, n_movies: int, n_samples: int, width: int) -> None:
        self.bias = np.empty((n_movies, n_samples), np.float32)
        self.features = np.empty((n_movies, n_samples, width), np.float32)
        self.pulls = np.empty((n_movies, n_samples, width), np.float32)
        self.start = np.empty((n_samples, width), np.float32)
        self.stranger = np.empty((n_samples, width), np.float32)
        self.stranger_precision = np.empty((n_samples, width, width), np.float32)
        self.noise = np.empty(n_samples, np.float32)

    def keep(self, place: int, state: State, people: Rows, pool: Pool) -> None:
        """Keep the films' side of a draw, and what is to be expected of somebody without a profile."""
        root = np.linalg.cholesky(state.people.precision)
        noise = 1 / np.sqrt(state.noise_precision)
        pulls = (state.people.pulls @ root).astype(np.float32)
        start = state.people.mean @ root
        self.bias[:, place] = state.films.vectors[:, 0]
        self.features[:, place] = noise * whiten(state.films.vectors, root, state.noise_precision)
        self.pulls[:, place] = pulls
        self.start[place] = start
        self.noise[place] = noise
        moved = (people.shrink() * pool.sums(people, pulls))[np.diff(people.indptr) > 0].astype(np.float64)
        count, width = max(len(moved), 1), len(start)
        typical = moved.sum(axis=0) / count
        spread = moved.T @ moved / count - np.outer(typical, typical)
        self.stranger[place] = start + typical
        self.stranger_precision[place] = np.linalg.inv(np.eye(width) + spread)

    def arrays(self) -> Arrays:
        """Return everything by name; samples and factors of a film lie side by side in one row."""
        return {
            "bias": self.bias,
            "features": self.features.reshape(len(self.features), -1),
            "pulls": self.pulls.reshape(len(self.pulls), -1),
            "start": self.start,
            "stranger": self.stranger,
            "stranger_precision": self.stranger_precision,
            "noise": self.noise,
        }


def both_sides(dataset: Dataset, mean: float) -> tuple[Rows, Rows]:
    """Return the ratings less `mean` by person and by film."""
    targets = (dataset.values - np.float32(mean)).astype(np.float32)
    by_movie = np.argsort(dataset.movies, kind="stable")
    ends = np.cumsum(np.bincount(dataset.movies, minlength=dataset.n_movies))
    people = Rows(dataset.indptr, dataset.movies, targets, content_keys(dataset))
    films = Rows(np.concatenate([[0], ends]), dataset.users[by_movie], targets[by_movie], dataset.catalogue.ids.ids)
    return people, films


def content_keys(dataset: Dataset) -> LongVector:
    """Return (n_users,) int64 distinct numbers that depend on what people rated, not on what they are called.

    Random numbers drawn by them make a fit independent of the numbering of people.
    """
    with np.errstate(over="ignore"):
        bits = dataset.catalogue.ids.ids[dataset.movies].view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        bits ^= dataset.values.view(np.uint32).astype(np.uint64) << np.uint64(31)
        bits = (bits ^ (bits >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        bits ^= bits >> np.uint64(32)
        totals = np.concatenate([[np.uint64(0)], np.cumsum(bits)])
        sums = totals[dataset.indptr[1:]] - totals[dataset.indptr[:-1]]
        # People with equal profiles are told apart by their place among themselves.
        order = np.argsort(sums, kind="stable")
        ordered = sums[order]
        starts = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]
        place = np.arange(len(ordered))
        rank = np.empty(len(ordered), np.uint64)
        rank[order] = place - np.maximum.accumulate(np.where(starts, place, 0))
        keys: LongVector = (sums + rank * np.uint64(0x94D049BB133111EB)).view(np.int64)
    return keys

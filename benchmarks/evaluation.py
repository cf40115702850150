"""How long a whole evaluation takes after training, at the size of MovieLens 1M: 6,040 people, 3,706 films, every metric.

    python benchmarks/evaluation.py [--data PATH] [--users 6040] [--movies 3706]

Without --data the ratings are made up. The contestant keeps a random item-item matrix, so that scoring costs what a linear
engine costs and fitting nothing; the budget for one contestant, with the leak checks and its intervals, is 10 seconds.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from matinee.data import Catalogue, Dataset, from_columns
from matinee.evaluation import Temporal, evaluate
from matinee.types import FloatMatrix, Profiles, Progress, silent

BUDGET = 10.0


class Dense:
    """A linear engine that has learned nothing."""

    name = "dense"

    def fit(self, dataset: Dataset, progress: Progress = silent) -> Self:  # noqa: ARG002 - nothing to report
        self.weights = np.random.default_rng(0).random((dataset.n_movies, dataset.n_movies), np.float32)
        return self

    def score(self, profiles: Profiles) -> FloatMatrix:
        return profiles.matrix(np.ones(len(profiles.movies), np.float32)) @ self.weights


def made_up(users: int, movies: int) -> Dataset:
    """Ratings in the number and with the long tails of MovieLens 1M."""
    rng = np.random.default_rng(0)
    lengths = np.minimum(20 + rng.exponential(145, users).astype(int), movies // 2)
    weight = np.log(1 / np.arange(1, movies + 1) ** 0.8)
    chosen = [np.argsort(-(weight + rng.gumbel(size=movies)))[:n] for n in lengths]
    genres = [[f"Genre {g}" for g in np.flatnonzero(row)] for row in rng.random((movies, 18)) < 0.1]
    catalogue = Catalogue.of(
        pl.DataFrame({"movie_id": np.arange(movies), "title": [f"Film {i}" for i in range(movies)], "genres": genres})
    )
    n = int(lengths.sum())
    return from_columns(
        name="made up",
        catalogue=catalogue,
        user_ids=np.repeat(np.arange(users), lengths),
        movie_ids=np.concatenate(chosen),
        values=rng.integers(1, 6, n).astype(np.float32),
        times=rng.integers(0, 2**30, n),
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path)
    options.add_argument("--users", type=int, default=6040)
    options.add_argument("--movies", type=int, default=3706)
    given = options.parse_args()
    if given.data is None:
        dataset = made_up(given.users, given.movies)
    else:
        from matinee.data.read import read_dataset

        dataset = read_dataset(given.data).dataset
    whole = []
    for contestants in ([], [Dense()]):
        begun = time.perf_counter()
        result = evaluate(dataset, Temporal(), contestants)
        fitting = sum(row.fit_seconds for row in result.rows)
        whole.append(time.perf_counter() - begun - fitting)
    counts = result.splits[0].counts
    print(
        f"{counts['scored_users']:,} people scored, {counts['candidate_movies']:,} films, {len(result.protocol.measures)} metrics"
    )
    print(f"scoring and ranking {result['dense'].score_seconds:.2f} s of it")
    print(f"baselines, split and checks {whole[0]:.2f} s; with one contestant {whole[1]:.2f} s (budget {BUDGET:.0f} s)")


if __name__ == "__main__":
    main()

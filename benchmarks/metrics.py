"""How long every metric takes on 6,040 users × 3,706 films (the size of MovieLens 1M), against a floor in the same run.

    python benchmarks/metrics.py [--users 6040] [--movies 3706] [--repeats 3]

The data are made up: films with a long-tailed popularity, histories of 165 films on average, a fifth of each hidden. The
floor is what nobody can avoid: `np.argpartition` alone, which finds the best hundred of every row and does not even sort
them. Every part is timed alone, best of the repeats; the budget for the sum is 10 seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from matinee.evaluation import beyond
from matinee.evaluation.intervals import estimate, paired_interval
from matinee.evaluation.metrics import RANKING, Hits
from matinee.evaluation.topn import ranks, top_n
from matinee.types import UNKNOWN_TIME, Profiles

BUDGET = 10.0
DEPTH = 100
CUTS = (10, 20, 50, 100)


def world(users: int, movies: int) -> tuple[Profiles, csr_array, np.ndarray]:
    """Return histories, hidden films and genres."""
    rng = np.random.default_rng(0)
    # The largest of popularity-weighted noise: a draw without replacement for every user at once.
    weight = np.log(1 / np.arange(1, movies + 1) ** 0.8).astype(np.float32)
    keys = weight + rng.gumbel(size=(users, movies)).astype(np.float32)
    lengths = np.minimum(20 + rng.exponential(145, users).astype(int), movies // 2)
    order = np.argsort(-keys, axis=1)
    owned = np.arange(movies) < lengths[:, None]
    hidden = owned & (np.arange(movies) < (lengths // 5)[:, None])
    kept = owned & ~hidden
    history = order[kept].astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    profiles = Profiles(indptr, history, np.ones(len(history), np.float32), np.full(len(history), UNKNOWN_TIME), movies)
    truth = csr_array((np.ones(hidden.sum()), (np.nonzero(hidden)[0], order[hidden])), shape=(users, movies))
    return profiles, truth, rng.random((movies, 18)) < 0.1


def seconds(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the best time and the last answer."""
    best, answer = float("inf"), None
    for _ in range(repeats):
        begun = time.perf_counter()
        answer = work()
        best = min(best, time.perf_counter() - begun)
    return best, answer


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--users", type=int, default=6040)
    options.add_argument("--movies", type=int, default=3706)
    options.add_argument("--repeats", type=int, default=3)
    chosen = options.parse_args()
    users, movies = chosen.users, chosen.movies
    profiles, truth, genres = world(users, movies)
    weights = np.random.default_rng(1).standard_normal((movies, movies), dtype=np.float32)
    popularity = np.bincount(profiles.movies, minlength=movies)
    spent: dict[str, float] = {}

    def timed(part: str, work: Callable[[], Any]) -> Any:
        spent[part], answer = seconds(work, chosen.repeats)
        return answer

    scores = timed("score: sparse history × item-item matrix", lambda: profiles.matrix() @ weights)
    floor, _ = seconds(lambda: np.argpartition(scores, movies - DEPTH, axis=1)[:, -DEPTH:], chosen.repeats)
    lists = timed(f"top {DEPTH} without seen films", lambda: top_n(scores, DEPTH, exclude=profiles))
    timed("rank of one film a user", lambda: ranks(scores, lists[:, -1], exclude=profiles))
    hits = timed("hits", lambda: Hits.of(lists, truth))
    values = {}
    for name, metric in RANKING.items():
        values[name] = timed(f"{name} @ {CUTS}", lambda metric=metric: [metric(hits, k) for k in CUTS])
    counts = timed("exposure", lambda: beyond.exposure(lists, movies))
    timed("coverage, Gini, entropy", lambda: (beyond.coverage(counts), beyond.gini(counts), beyond.shannon(counts)))
    timed("novelty", lambda: beyond.novelty(lists, popularity, users))
    timed("intra-list diversity", lambda: beyond.intra_list_diversity(lists, genres))
    timed("calibration", lambda: beyond.calibration(lists, profiles, genres))
    timed("popularity: mean", lambda: beyond.average_popularity(lists, popularity))
    timed("popularity: lift", lambda: beyond.popularity_lift(lists, profiles, popularity))
    timed("means and standard errors", lambda: [estimate(each) for some in values.values() for each in some])
    timed("one paired interval, 2,000 resamples", lambda: paired_interval(values["ndcg"][0], values["mrr"][0]))

    print(f"{users:,} users x {movies:,} films, lists of {DEPTH}, best of {chosen.repeats}")
    print(f"{'part':<52}{'seconds':>9}{'x floor':>9}")
    for part, value in spent.items():
        print(f"{part:<52}{value:>9.3f}{value / floor:>9.1f}")
    total = sum(spent.values())
    print(
        f"{'sum':<52}{total:>9.3f}{total / floor:>9.1f}   budget {BUDGET:.0f} s: {'kept' if total < BUDGET else 'MISSED'}"
    )
    print(f"{'floor: np.argpartition alone':<52}{floor:>9.3f}{1:>9.1f}")


if __name__ == "__main__":
    main()

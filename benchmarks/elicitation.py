"""How fast each way of asking gets to know a person: NDCG@10 after some answers, and after some questions.

    python benchmarks/elicitation.py --data ml-1m --people 300

People are taken out of the training whole. Half of each one's ratings, drawn by chance, are what they could tell us when
asked; a question about any other film gets no answer. The likes (4 stars or more) of the other half are looked for among
the films that were not theirs to tell, by the blend of ease, als and svd. Ways of asking: by chance; the best known first;
fame × disagreement (`divisive`); the expected information of `Questions`, which heeds the answers so far.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.data import Dataset, read_dataset
from matinee.evaluation.intervals import estimate, paired_interval
from matinee.evaluation.metrics import Hits, ndcg
from matinee.evaluation.topn import top_n
from matinee.ranking import Hybrid, HybridConfig
from matinee.ranking.elicit import Questions, divisive
from matinee.types import BoolVector, Profile, Profiles

ANSWERS = (1, 2, 3, 5, 8, 10)
ASKED = (5, 10, 20, 40, 60)
LIKED = 4.0
LEAST = 40
"""Ratings of a person who takes part, at least."""

Way = Callable[[Profile, BoolVector, int], int]


def main() -> None:
    """Read the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dataset = read_dataset(options.data).dataset
    rng = np.random.default_rng(options.seed)
    lengths = np.diff(dataset.indptr)
    people = np.sort(rng.choice(np.flatnonzero(lengths >= LEAST), options.people, replace=False))
    train = dataset.select(~np.isin(dataset.users, people))
    hybrid = Hybrid.unfitted(HybridConfig(cold_below=1)).fit(train)
    halves = [half(dataset, int(person), rng) for person in people]
    print(f"{dataset.name}: {len(people)} people, trained on {int((np.diff(train.indptr) > 0).sum()):,} others")
    told = {
        name: [interview(way, row, *one[:2]) for row, one in enumerate(halves)]
        for name, way in ways(train, hybrid).items()
    }
    for head, points, cut in (("answers", ANSWERS, by_answers), ("questions", ASKED, by_questions)):
        print(f"\nNDCG@10 (standard error) after so many {head}")
        print(f"{'':>12}" + "".join(f"{point:>16}" for point in points))
        found = {
            name: [
                measured(hybrid, [cut(one, point) for one in all_told], halves, dataset.n_movies) for point in points
            ]
            for name, all_told in told.items()
        }
        for name, columns in found.items():
            print(
                f"{name:>12}"
                + "".join(f"{estimate(v).mean:>9.4f} ({estimate(v).error:.4f})"[:16].rjust(16) for v in columns)
            )
        for name in ("popular", "divisive"):
            gaps = [paired_interval(a, b) for a, b in zip(found["information"], found[name], strict=True)]
            print(
                f"information − {name}: "
                + ", ".join(f"{gap.difference:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]" for gap in gaps)
            )
    shares = {name: np.mean([len([a for a in one[:40] if a]) for one in all_told]) for name, all_told in told.items()}
    print("\nanswers to the first 40 questions: " + ", ".join(f"{name} {share:.1f}" for name, share in shares.items()))


def half(dataset: Dataset, person: int, rng: np.random.Generator) -> tuple[dict[int, float], int, NDArray[np.int64]]:
    """Return what a person can tell, how many films there are, and the likes to be found."""
    rows = np.arange(dataset.indptr[person], dataset.indptr[person + 1])
    mixed = rng.permutation(rows)
    ours, theirs = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
    telling = dict(zip(dataset.movies[ours].tolist(), dataset.values[ours].tolist(), strict=True))
    return telling, dataset.n_movies, dataset.movies[theirs[dataset.values[theirs] >= LIKED]].astype(np.int64)


def ways(train: Dataset, hybrid: Hybrid) -> dict[str, Way]:
    """Return how to choose the next question, by name."""
    counts = np.bincount(train.movies, minlength=train.n_movies)
    questions = Questions.of(hybrid.engines, counts, int((np.diff(train.indptr) > 0).sum()))
    assert questions is not None
    sums = np.bincount(train.movies, train.values, train.n_movies)
    squares = np.bincount(train.movies, train.values.astype(np.float64) ** 2, train.n_movies)
    mean = sums / np.maximum(counts, 1)
    told_apart = divisive(counts, np.sqrt(np.maximum(squares / np.maximum(counts, 1) - mean**2, 0)))
    fame = counts.astype(np.float32)

    def first(score: NDArray[np.float32]) -> Way:
        return lambda _profile, allowed, _row: int(np.where(allowed, score, -1).argmax())

    def by_chance(_profile: Profile, allowed: BoolVector, row: int) -> int:
        noise = np.random.default_rng(row).random(len(allowed), np.float32)
        return int(np.where(allowed & (counts > 0), noise, -1).argmax())

    def informed(profile: Profile, allowed: BoolVector, _row: int) -> int:
        question = questions.ask(profile, allowed)
        assert question is not None
        return question.movie

    return {"random": by_chance, "popular": first(fame), "divisive": first(told_apart), "information": informed}


def interview(way: Way, row: int, telling: dict[int, float], n_movies: int) -> list[tuple[int, float] | None]:
    """Ask until there are enough answers and questions; each entry is an answer, or None where the film was not known."""
    allowed = np.ones(n_movies, np.bool_)
    asked: list[tuple[int, float] | None] = []
    answers: list[tuple[int, float]] = []
    profile = Profile.empty()
    while (len(answers) < max(ANSWERS) or len(asked) < max(ASKED)) and len(asked) < 2000:
        movie = way(profile, allowed, row)
        allowed[movie] = False
        answer = (movie, telling[movie]) if movie in telling else None
        asked.append(answer)
        if answer is not None:
            answers.append(answer)
            profile = Profile.of([each[0] for each in answers], [each[1] for each in answers])
    return asked


def by_answers(asked: list[tuple[int, float] | None], n: int) -> list[tuple[int, float]]:
    return [each for each in asked if each is not None][:n]


def by_questions(asked: list[tuple[int, float] | None], n: int) -> list[tuple[int, float]]:
    return [each for each in asked[:n] if each is not None]


def measured(
    hybrid: Hybrid,
    told: list[list[tuple[int, float]]],
    halves: list[tuple[dict[int, float], int, NDArray[np.int64]]],
    n_movies: int,
) -> NDArray[np.float64]:
    """Return NDCG@10 of each person with what they have told."""
    profiles = Profiles.stack([Profile.of([a[0] for a in one], [a[1] for a in one]) for one in told], n_movies)
    scores = hybrid.score(profiles)
    for row, (telling, _, _) in enumerate(halves):
        scores[row, list(telling)] = -np.inf
    rows = np.repeat(np.arange(len(halves)), [len(each[2]) for each in halves])
    found = np.concatenate([each[2] for each in halves])
    truth = csr_array((np.ones(len(found), np.float32), (rows, found)), shape=scores.shape)
    return ndcg(Hits.of(top_n(scores, 10), truth), 10)


if __name__ == "__main__":
    main()

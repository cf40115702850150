"""One personal list over 60,000 films: where the milliseconds go.

    python benchmarks/serving.py [--films 60000] [--ratings 20 150 500] [--n 50] [--rounds 400]

Asks for a diversified list with a sentence and a score taken apart for every film, as the site does, on one thread. The
engines are of the shape and size of trained ones with numbers drawn at random (nothing here measures quality): `ease` over
all films with 200 kept entries each, `als` of 64 and `svd` of 16 factors and `content` of 50 features, all in int8, and
`popular`, fitted on 4,000 drawn people. Sixteen people take turns, so that nothing kept from one request serves the next;
"first" is each person's first list in a warm process, most of whose films nobody was shown before.

Stages are timed where they happen, inside whole requests; "whole" is timed in requests between those, without a clock inside. Both are
wall-clock time. The two must agree, and the last line says by how much they do not.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from matinee.data import Catalogue, Dataset, from_columns
from matinee.engines import Arrays, Engine, create, engine_class
from matinee.engines.kernels import int8_dots
from matinee.engines.matrices import encode_into
from matinee.engines.memory import spare_collector
from matinee.ranking import Recommender, hybrid, recommender
from matinee.releases import Release, assemble
from matinee.types import Profile

GENRES = (
    "Action",
    "Adventure",
    "Animation",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Horror",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
KEPT = 200
PEOPLE = 16
BUDGET_MS = 5.0

REASONS, REST = "reasons and cards", "routing, checks, the rest"


def catalogue(n: int, draws: np.random.Generator) -> Catalogue:
    people = [f"Person {place}" for place in range(n // 4)]
    fame = 1 / (1 + np.arange(len(people)))
    lead = draws.choice(len(people), (n, 4), p=fame / fame.sum())
    return Catalogue.of(
        pl.DataFrame(
            {
                "movie_id": np.arange(1, n + 1),
                "title": [f"Film {place}" for place in range(n)],
                "year": draws.integers(1920, 2026, n).astype(np.int32),
                "runtime": draws.integers(60, 200, n).astype(np.int32),
                "genres": [sorted(set(draws.choice(GENRES, draws.integers(1, 4)).tolist())) for _ in range(n)],
                "directors": [[people[row[0]]] for row in lead],
                "cast": [sorted({people[place] for place in row[1:]}) for row in lead],
                "language": draws.choice(["en", "fr", "ja"], n),
            }
        )
    )


def crowd(films: Catalogue, draws: np.random.Generator, n_users: int = 4000, each: int = 60) -> Dataset:
    popularity = 1 / (10 + np.arange(len(films)))
    movies = draws.choice(len(films), (n_users, each), p=popularity / popularity.sum())
    users = np.repeat(np.arange(n_users), each)
    return from_columns(
        name="drawn",
        catalogue=films,
        user_ids=users,
        movie_ids=films.ids.ids[movies.ravel()],
        values=(draws.integers(1, 11, users.size) / 2).astype(np.float32),
        times=1_600_000_000 + draws.integers(0, 10**7, users.size),
    )


def strongest(n: int, draws: np.random.Generator) -> Arrays:
    """Return an item-item matrix in the encoding `sparse8` with evenly scattered entries."""
    gaps = draws.integers(1, 2 * n // KEPT, (n, KEPT))
    # No row may run past the last film; 255 is the farthest that a gap reaches.
    gaps = np.minimum(gaps, min(255, n // KEPT)).astype(np.uint8)
    return {
        "weights.gaps": gaps.ravel(),
        "weights.values": draws.integers(-127, 128, n * KEPT).astype(np.int8),
        "weights.starts": np.arange(n + 1, dtype=np.int64) * KEPT,
        "weights.scale": draws.random(n).astype(np.float32) / 127,
        "weights.columns": np.array([n]),
        "weights.encoding": np.frombuffer(b"sparse8", np.uint8),
    }


def release(n: int, seed: int = 0) -> Release:
    draws = np.random.default_rng(seed)
    films = catalogue(n, draws)
    data = crowd(films, draws)

    def factors(size: int) -> np.ndarray:
        return (draws.standard_normal((n, size)) / size).astype(np.float32)

    als, svd = factors(64), factors(16)
    explicit = np.array([True])
    made: dict[str, Arrays] = {
        "ease": {"columns": np.arange(n, dtype=np.int32), "explicit": explicit, **strongest(n, draws)},
        "als": {"factors": als, "gram": 0.3 * als.T @ als, "explicit": explicit},
        "svd": {
            "mean": np.array([3.5], np.float32),
            "bias": draws.normal(0, 0.3, n).astype(np.float32),
            "factors": svd,
            "count": draws.integers(0, 5000, n).astype(np.int32),
            "scale": np.array([0.5, 5.0], np.float32),
        },
    }
    engines: dict[str, Engine] = {"popular": create("popular").fit(data)}
    for name, settings in (("ease", {}), ("als", {"embedding_size": 64}), ("svd", {"embedding_size": 16})):
        arrays = made[name] if name == "ease" else encode_into(made[name], "factors", "int8")
        engines[name] = engine_class(name).restore(settings, arrays, n)
    content = create("content", {"model": "lsa"}).fit(data)
    content.arrays = encode_into(content.arrays, "vectors", "int8")
    engines["content"] = content
    weights = {"ease": 0.35, "als": 0.25, "svd": 0.1, "content": 0.2, "popular": 0.1}
    return assemble(data, engines, ranking={"weights": weights, "cold_below": 5})


def people(n_films: int, n_ratings: int, seed: int) -> Iterator[Profile]:
    """Yield people whose films lie among the better known quarter, as most ratings do."""
    draws = np.random.default_rng(seed)
    while True:
        movies = draws.choice(n_films // 4, n_ratings, replace=False).astype(np.int32)
        yield Profile.of(movies, (draws.integers(4, 11, n_ratings) / 2).tolist(), np.arange(n_ratings))


class Clock:
    """Times the stages of one recommender's requests where they happen."""

    def __init__(self, ask: Recommender) -> None:
        self.taken: dict[str, list[float]] = defaultdict(list)
        self._now: dict[str, float] = {}
        self._explained = 0.0
        self._watched: list[tuple[Any, str, Callable[..., Any], Callable[..., Any]]] = []
        for name, engine in ask.hybrid.engines.items():
            self._watch(engine, "score", f"engine {name}")
        self._watch(hybrid, "sanitise", "finite scores")
        self._watch(hybrid, "blend", "blend")
        self._watch(ask.filters, "allowed", "filter")
        self._watch(ask, "once", "once: each work")
        self._watch(recommender, "diversify", "diversify")
        self._watch(ask.explainer, "explain", "explain")

    def _watch(self, owner: Any, name: str, stage: str) -> None:
        work: Callable[..., Any] = getattr(owner, name)

        def watched(*given: Any, **named: Any) -> Any:
            started = time.perf_counter()
            found = work(*given, **named)
            self._explained = time.perf_counter()
            self._now[stage] = self._now.get(stage, 0.0) + self._explained - started
            return found

        self._watched.append((owner, name, work, watched))

    def request(self, work: Callable[[], object]) -> None:
        """Do one request; `explain` is the last stage with a name, and what follows it is `REASONS`."""
        self._now = {}
        for owner, name, _, watched in self._watched:
            setattr(owner, name, watched)
        started = time.perf_counter()
        work()
        ended = time.perf_counter()
        for owner, name, plain, _ in self._watched:
            setattr(owner, name, plain)
        self._now[REASONS] = ended - self._explained
        self._now[REST] = ended - started - sum(self._now.values())
        for stage, seconds in self._now.items():
            self.taken[stage].append(1000 * seconds)


def turns(work: Callable[[Profile], object], persons: list[Profile], rounds: int) -> list[float]:
    """Return the milliseconds of each of so many requests of people who take turns."""
    taken = []
    for turn in range(rounds):
        started = time.perf_counter()
        work(persons[turn % len(persons)])
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def row(name: str, taken: list[float]) -> str:
    return f"| {name} | {np.median(taken):.2f} | {np.quantile(taken, 0.99):.2f} |"


def report(made: Release, n_ratings: int, n: int, rounds: int) -> None:
    """Print the table of people with so many ratings."""
    ask = Recommender(made)
    n_films = len(made.catalogue)
    # As a server does before it is left alone with its visitors.
    warming = people(n_films, n_ratings, seed=1)
    turns(lambda person: ask.recommend(person, n), [next(warming) for _ in range(PEOPLE)], PEOPLE)
    ask.rehearse()
    spare_collector()
    drawn = people(n_films, n_ratings, seed=2)
    persons = [next(drawn) for _ in range(PEOPLE)]
    first = turns(lambda person: ask.recommend(person, n), persons, PEOPLE)
    clock, whole = Clock(ask), []
    for turn in range(rounds):
        # With and without a clock inside by turns, so that both meet the same other work on the machine.
        whole += turns(lambda person: ask.recommend(person, n), [persons[turn % PEOPLE]], 1)
        other = persons[(turn + PEOPLE // 2) % PEOPLE]
        clock.request(lambda: ask.recommend(other, n))  # noqa: B023 - called at once
    print(f"\n| {n_ratings} ratings, top {n} | median, ms | 99 %, ms |\n| --- | --- | --- |")
    for stage, taken in clock.taken.items():
        print(row(stage, taken))
    print(row("**whole**", whole))
    print(row("first list of a person", first))
    total = sum(float(np.median(taken)) for taken in clock.taken.values())
    gap = total / float(np.median(whole)) - 1
    verdict = "within" if np.median(whole) < BUDGET_MS else "ABOVE"
    print(
        f"\nStages add up to {total:.2f} ms, {gap:+.0%} of the whole, which is {verdict} the budget of {BUDGET_MS:g} ms."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=60_000)
    parser.add_argument("--ratings", type=int, nargs="+", default=[20, 150, 500])
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=400)
    options = parser.parse_args()
    with threadpool_limits(1):
        made = release(options.films)
        library = "without numkong" if int8_dots.NUMKONG is None else f"numkong {version('numkong')}"
        machine = platform.processor() or platform.machine()
        print(f"{options.films:,} films, {options.rounds} requests, one thread, {library}, {machine}")
        print(f"Load before: {os.getloadavg()[0]:.1f}")
        for n_ratings in options.ratings:
            report(made, n_ratings, options.n, options.rounds)
        print(f"\nLoad after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()

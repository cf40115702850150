"""Time policies and sliders for one profile on a made-up catalogue of 60,000 films.

    python benchmarks/filters.py

Prints the median and the 99th percentile of 300 calls in microseconds, of wall clock and of processor time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import polars as pl

from matinee.data import Catalogue
from matinee.ranking.filters import Filters
from matinee.ranking.policy import Policy
from matinee.ranking.taste import Slider, Taste, TasteIndex, reach_of
from matinee.types import Profile

FILMS, SEEN, HIDDEN, AVAILABLE, CALLS = 60_000, 500, 200, 3_000, 300


def made_up(rng: np.random.Generator) -> Catalogue:
    """Return films of two genres each, with a director, three actors, a year, a language, a length and an age."""
    return Catalogue.of(
        pl.DataFrame(
            {
                "movie_id": np.arange(FILMS),
                "title": [f"Film {number}" for number in range(FILMS)],
                "year": rng.integers(1920, 2024, FILMS),
                "genres": [[f"G{name}" for name in pair] for pair in rng.integers(0, 18, (FILMS, 2))],
                "directors": [[f"P{name}"] for name in rng.integers(0, 5_000, FILMS)],
                "cast": [[f"P{name}" for name in names] for names in rng.integers(0, 20_000, (FILMS, 3))],
                "language": rng.choice(["en", "de", "fr"], FILMS),
                "runtime": rng.integers(60, 200, FILMS),
                "age": rng.integers(0, 18, FILMS),
            }
        )
    )


def report(name: str, call: Callable[[], object]) -> None:
    """Print what one call takes."""
    call()
    wall, processor = [], []
    for _ in range(CALLS):
        started, used = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    median, worst, own = (1e6 * value for value in (np.median(wall), np.quantile(wall, 0.99), np.median(processor)))
    print(f"{name:<34} {median:>10,.0f} {worst:>10,.0f} {own:>14,.0f}")


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    catalogue = made_up(rng)
    filters, sliders = Filters(catalogue), TasteIndex(catalogue)
    seen = rng.choice(FILMS, SEEN, replace=False).astype(np.int32)
    profile = Profile.of(seen, np.full(SEEN, 4, np.float32))
    everything = Policy(
        hidden=frozenset(rng.choice(FILMS, HIDDEN, replace=False).tolist()),
        hidden_people=frozenset({"P1", "P2"}),
        hidden_genres=frozenset({"G3", "G4"}),
        max_age=16,
        max_runtime=150,
        min_year=1960,
        max_year=2020,
        languages=frozenset({"en", "de"}),
        available=frozenset(rng.choice(FILMS, AVAILABLE, replace=False).tolist()),
    )
    taste = Taste.of([*(Slider("genre", f"G{place}", 1) for place in range(8)), Slider("person", "P7", 2)])
    scores = rng.random(FILMS).astype(np.float32)
    anything = np.ones(FILMS, np.bool_)
    print(f"{'':<34} {'median µs':>10} {'p99 µs':>10} {'processor µs':>14}")
    report("allowed, default policy", lambda: filters.allowed(Policy(), profile))
    report("allowed, every kind of rule", lambda: filters.allowed(everything, profile))
    report("objections to one film", lambda: filters.objections(everything, profile, 5))
    report("reach of the scores", lambda: reach_of(scores, anything))
    report("boost of nine sliders", lambda: sliders.boost(taste, 0.5))


if __name__ == "__main__":
    main()

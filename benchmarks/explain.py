"""How long it takes to explain a list: every score taken apart, and the sentences of its cards.

    python benchmarks/explain.py --data ml-1m [--films 50] [--ratings 500]

Fits ease, als, svd, popular and content with their defaults, takes the first person with at least `--ratings` ratings,
cuts the profile to the latest of them, blends all five engines and explains the best films. Times are the best of many
calls after warm-up, of one thread, in milliseconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from matinee.data import read_dataset
from matinee.engines import create
from matinee.ranking import Hybrid, HybridConfig
from matinee.ranking.explain import Explainer
from matinee.ranking.named import NamedFilms
from matinee.ranking.reasons import because
from matinee.ranking.select import best
from matinee.types import Profile, Profiles

WEIGHTS = {"ease": 0.3, "als": 0.25, "svd": 0.15, "popular": 0.1, "content": 0.2}


def main() -> None:
    """Read the options, fit, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--films", type=int, default=50)
    parser.add_argument("--ratings", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=200)
    options = parser.parse_args()
    dataset = read_dataset(options.data).dataset
    engines = {name: create(name, {"model": "lsa"} if name == "content" else None) for name in WEIGHTS}
    for engine in engines.values():
        engine.fit(dataset)
    hybrid = Hybrid(engines, HybridConfig(weights=WEIGHTS), catalogue=dataset.catalogue)
    person = int(np.argmax(np.diff(dataset.indptr) >= options.ratings))
    whole = dataset.profiles()[person]
    last = slice(max(0, len(whole) - options.ratings), len(whole))
    profile = Profile(whole.movies[last], whole.values[last], whole.times[last])
    allowed = np.ones(dataset.n_movies, np.bool_)
    allowed[profile.movies] = False
    explainer, named = Explainer(hybrid, dataset.catalogue), NamedFilms(dataset.catalogue)
    batch = Profiles.stack([profile], dataset.n_movies)

    def timed(call: Callable[[], object]) -> float:
        taken = []
        for _ in range(options.repeats):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
        return 1000 * min(taken)

    print(f"{dataset.name}: {dataset.n_movies:,} films, {len(profile)} ratings, {options.films} films explained")
    print("| strategy | score and blend | explain | sentences |\n| --- | --- | --- | --- |")
    for strategy in ("hybrid", *WEIGHTS):
        blended = hybrid.explained(batch, strategy)
        movies = best(blended.scores[0], allowed, options.films)
        found = explainer.explain(profile, movies, blended)
        cells = [
            timed(lambda strategy=strategy: hybrid.explained(batch, strategy)),  # type: ignore[misc]
            timed(lambda movies=movies, blended=blended: explainer.explain(profile, movies, blended)),  # type: ignore[misc]
            timed(lambda found=found: [because(one, profile, named, explicit=dataset.explicit) for one in found]),  # type: ignore[misc]
        ]
        print(f"| {strategy} | {' | '.join(f'{cell:.2f}' for cell in cells)} |")


if __name__ == "__main__":
    main()

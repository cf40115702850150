"""One personal list over 60,000 films: where the milliseconds go.

    python benchmarks/serving.py [--films 60000] [--history 150] [--rounds 200]

The engines are of the shape and size of trained ones with numbers drawn at random (nothing here measures quality): `ease`
with 200 kept entries a film, `als` of 64 and `svd` of 16 factors and `content` of 50 features, all in int8, and `popular`. One thread.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import polars as pl

from matinee.data import Catalogue, Dataset, from_columns
from matinee.engines import Arrays, Engine, create, engine_class
from matinee.engines.matrices import encode_into
from matinee.ranking import Recommender
from matinee.releases import Release, assemble
from matinee.types import Profile, Profiles

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
        values=draws.integers(1, 11, users.size).astype(np.float32) / 2,
        times=1_600_000_000 + draws.integers(0, 10**7, users.size),
    )


def strongest(n: int, draws: np.random.Generator) -> Arrays:
    """Return an item-item matrix in the encoding `sparse8` with evenly scattered entries."""
    gaps = draws.integers(1, 2 * n // KEPT, (n, KEPT))
    gaps = np.minimum(gaps, 255).astype(np.uint8)
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


def timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return median and 99th percentile in milliseconds, after a warm-up."""
    for _ in range(10):
        work()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - started))
    return float(np.median(taken)), float(np.quantile(taken, 0.99))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=60_000)
    parser.add_argument("--history", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    recommender = Recommender(release(options.films))
    draws = np.random.default_rng(1)
    movies = draws.choice(options.films // 4, options.history, replace=False).astype(np.int32)
    profile = Profile.of(
        movies, draws.integers(4, 11, options.history).astype(np.float32) / 2, np.arange(options.history)
    )
    batch = Profiles.stack([profile], options.films)
    parts: dict[str, Callable[[], object]] = {
        **{
            f"engine {name}": lambda engine=engine: engine.score(batch)
            for name, engine in recommender.hybrid.engines.items()
        },
        "engines and blend": lambda: recommender.hybrid.explained(batch),
        "top 50, explained": lambda: recommender.recommend(profile, 50),
    }
    print(f"{options.films:,} films, {options.history} ratings, {options.rounds} rounds, milliseconds: median, 99 %")
    for name, work in parts.items():
        print(f"{name:28s}{timed(work, options.rounds)[0]:8.2f}{timed(work, options.rounds)[1]:8.2f}")


if __name__ == "__main__":
    main()

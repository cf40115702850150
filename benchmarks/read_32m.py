"""Read a ratings.csv in the shape of MovieLens 32M and print how long it took and how much memory.

    python benchmarks/read_32m.py                 # 32,000,204 lines, about 0.9 GB in a temporary folder
    python benchmarks/read_32m.py --rows 1000000

The file is made once per number of rows and kept: 200,948 users (fewer for fewer rows), 87,585 movies, sorted by user,
then movie, half stars, popularity falling off as a power law. It is read in a fresh process, so that the peak memory is
the reading's own. The floor, measured in the same run, is polars reading the same columns and doing nothing with them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

N_ROWS, N_USERS, N_MOVIES = 32_000_204, 200_948, 87_585
LARGEST_PROFILE = 33_332
CHUNK_ROWS = 2_000_000
STARS = np.arange(0.5, 5.1, 0.5)
STAR_SHARES = np.array([1.6, 3.1, 1.7, 6.5, 5.0, 19.6, 12.7, 26.3, 8.8, 14.7])

READ = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
from matinee.data import read_dataset
imported = time.perf_counter()
data = read_dataset(Path(sys.argv[1])).dataset
seconds = time.perf_counter() - imported
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps(dict(seconds=seconds, import_seconds=imported - start, peak_gb=peak, ratings=data.n_ratings,
                      users=data.n_users, movies=data.n_movies)))
"""
FLOOR = """
import json, resource, sys, time
from pathlib import Path
import polars as pl
start = time.perf_counter()
kinds = {"userId": pl.Int32, "movieId": pl.Int32, "rating": pl.Float32, "timestamp": pl.Int64}
frame = pl.read_csv(Path(sys.argv[1]) / "ratings.csv", schema=kinds)
seconds = time.perf_counter() - start
print(json.dumps(dict(seconds=seconds, peak_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, ratings=frame.height)))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=N_ROWS)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "matinee-read-32m")
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    folder = options.folder / str(options.rows)
    if not (folder / "ratings.csv").exists():
        start = time.perf_counter()
        generate(folder, options.rows)
        print(f"generated {options.rows:,} rows in {time.perf_counter() - start:.1f} s: {folder}")
    size = (folder / "ratings.csv").stat().st_size
    print(f"ratings.csv: {options.rows:,} rows, {size / 2**20:,.0f} MiB")
    for _ in range(options.repeat):
        show("polars read_csv (floor)", run(FLOOR, folder))
        show("matinee read_dataset", run(READ, folder))


def run(program: str, folder: Path) -> dict[str, float]:
    """Run one measurement in a process of its own."""
    done = subprocess.run([sys.executable, "-c", program, str(folder)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def show(name: str, result: dict[str, float]) -> None:
    rate = result["ratings"] / result["seconds"] / 1e6
    print(f"{name:26} {result['seconds']:6.2f} s   {rate:6.2f} M rows/s   peak {result['peak_gb']:.2f} GiB   {result}")


def generate(folder: Path, n_rows: int, seed: int = 0) -> None:
    """Write ratings.csv and movies.csv; ratings.csv appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    movie_ids = np.sort(rng.choice(292_757, N_MOVIES, replace=False) + 1)
    titles = pl.DataFrame({"movieId": movie_ids}).with_columns(
        title=pl.format("Film {}, The ({})", "movieId", pl.col("movieId") % 100 + 1920), genres=pl.lit("Comedy|Drama")
    )
    titles.write_csv(folder / "movies.csv")
    popularity = rng.permutation((np.arange(N_MOVIES) + 20.0) ** -1.15)
    cumulative = np.cumsum(popularity / popularity.sum())
    sizes = profile_sizes(n_rows, rng)
    partial = folder / "ratings.csv.part"
    with partial.open("wb") as file:
        file.write(b"userId,movieId,rating,timestamp\n")
        bounds = np.searchsorted(np.cumsum(sizes), np.arange(0, n_rows, CHUNK_ROWS))
        for first, last in zip(bounds, [*bounds[1:], len(sizes)], strict=True):
            chunk(first, sizes[first:last], movie_ids, cumulative, rng).write_csv(file, include_header=False)
    partial.rename(folder / "ratings.csv")


def profile_sizes(n_rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return how many films each user rated: at least 20, log-normal beyond, `n_rows` in all."""
    n_users = max(round(N_USERS * n_rows / N_ROWS), 1)
    wanted = np.minimum(20 + rng.lognormal(4.0, 1.35, n_users), LARGEST_PROFILE)
    ends = np.round(np.cumsum(wanted) * (n_rows / wanted.sum())).astype(np.int64)
    return np.diff(ends, prepend=0)


def chunk(
    first: int, sizes: np.ndarray, ids: np.ndarray, cumulative: np.ndarray, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the ratings of some users: distinct films each, in order of their ids."""
    n = int(sizes.sum())
    starts = np.cumsum(sizes) - sizes
    user = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(n) - starts[user]
    # One draw from each of `size` equal slices of probability is sorted already; ties are pushed up by one.
    drawn = np.searchsorted(cumulative, (place + rng.random(n)) / sizes[user])
    far = len(ids) + LARGEST_PROFILE
    movie = np.maximum.accumulate(user * far + drawn - place) - user * far + place
    movie = np.minimum(movie, len(ids) - sizes[user] + place)
    begun = rng.integers(820_000_000, 1_690_000_000, len(sizes))
    return pl.DataFrame(
        {
            "userId": user + first + 1,
            "movieId": ids[movie],
            "rating": rng.choice(STARS, n, p=STAR_SHARES / STAR_SHARES.sum()),
            "timestamp": begun[user] + rng.integers(0, 400_000, n),
        }
    )


if __name__ == "__main__":
    main()

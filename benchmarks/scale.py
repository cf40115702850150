"""How reading and training grow with the ratings: time and peak memory at 1, 4, 16 and 32 million.

    python benchmarks/scale.py [--sizes 1M,4M,16M,32M] [--engines read,popular,ease,als,svd] [--folder DIR]

Simulated ratings in the shape of MovieLens 32M are made once per size and kept in the folder. Every figure comes from a
process of its own, which reads the data and then fits one engine with its defaults (`als` with 64 factors): the seconds are
of the fit alone, compiling left out, the peak is that of the whole process, data included. Where a machine has other work,
the processor seconds, summed over cores, say more than the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from matinee.data import Dataset, read_dataset
from matinee.data.synthetic import SyntheticConfig, synthesize
from matinee.engines import create

SIZES = {"1M": 1_000_000, "4M": 4_000_000, "16M": 16_000_000, "32M": 32_000_204}
SETTINGS = {"als": {"embedding_size": 64}}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", default=",".join(SIZES))
    options.add_argument("--engines", default="read,popular,ease,als,svd")
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "matinee-scale")
    options.add_argument("--one", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.folder, asked.one)))
        return
    engines = asked.engines.split(",")
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for size in asked.sizes.split(","):
        folder = made(asked.folder, size)
        rows[size] = {}
        for engine in engines:
            load = os.getloadavg()[0]
            command = [sys.executable, __file__, "--folder", str(folder), "--one", engine]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            rows[size][engine] = json.loads(done.stdout.splitlines()[-1])
            show(size, engine, rows[size][engine], load)
    print(f"\n| ratings | people | films | {' | '.join(engines)} |")
    print(f"| {'--- | ' * (3 + len(engines))}".rstrip())
    for found in rows.values():
        first = next(iter(found.values()))
        cells = ["{seconds:.1f} s, {processor:.1f} cpu, {peak_gb:.2f} GB".format(**each) for each in found.values()]
        print(f"| {first['ratings']:,.0f} | {first['users']:,.0f} | {first['movies']:,.0f} | {' | '.join(cells)} |")


def made(folder: Path, size: str) -> Path:
    """Return the folder of the simulated data of a size, making it if it is not there."""
    path = folder / size
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        begun = time.perf_counter()
        synthesize(path, SyntheticConfig(ratings=SIZES[size]))
        print(f"{size}: simulated in {time.perf_counter() - begun:.1f} s")
    return path


def measure(folder: Path, engine: str) -> dict[str, float]:
    """Read, fit, and return the seconds of the fit (or of the reading) and this process' peak."""
    if engine != "read":
        create(engine, SETTINGS.get(engine)).fit(small())  # compiles
    begun, busy = time.perf_counter(), time.process_time()
    dataset = read_dataset(folder).dataset
    if engine != "read":
        begun, busy = time.perf_counter(), time.process_time()
        create(engine, SETTINGS.get(engine)).fit(dataset)
    seconds, processor = time.perf_counter() - begun, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    counts = {"ratings": dataset.n_ratings, "users": dataset.n_users, "movies": dataset.n_movies}
    return {"seconds": seconds, "processor": processor, "peak_gb": peak, **counts}


def small() -> Dataset:
    """Return a data set on which a fit takes no time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small"
        synthesize(path, SyntheticConfig(ratings=3_000, users=60, movies=600))
        return read_dataset(path).dataset


def show(size: str, engine: str, found: dict[str, float], load: float) -> None:
    line = "{seconds:8.1f} s {processor:8.1f} processor s   peak {peak_gb:6.2f} GB".format(**found)
    print(f"{size:>4} {engine:8} {line}   load {load:.1f}", flush=True)


if __name__ == "__main__":
    main()

"""Fit `ease` on many films and print time and peak memory beside what LAPACK alone takes for such a matrix.

    matinee data synthesize FOLDER --held-out 2000
    python benchmarks/large_items.py --data FOLDER --movies 20000 --floor
    python benchmarks/large_items.py --data FOLDER --movies 32000 --home HOME

The floor is LAPACK's potrf and potri, single precision and in place, on a matrix of the same size: what a Cholesky
factorisation and the inverse from it cost with nothing around them. Every measurement has a process of its own, so that
its peak is its own; the floor is taken before and after. With `--home` the fitted engine is saved as the live release of
that home, with `popular` beside it and no gate, and people from FOLDER-held-out are ranked if there are any.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

FLOOR = """
import json, resource, sys, time
import numpy as np
from scipy.linalg import lapack
n = int(sys.argv[1])
matrix = np.random.default_rng(0).random((n, n), np.float32)
matrix.flat[:: n + 1] += n
begun, busy = time.perf_counter(), time.process_time()
factor, wrong = lapack.spotrf(matrix.T, lower=True, clean=False, overwrite_a=True)
half = time.perf_counter()
inverse, wrong = lapack.spotri(factor, lower=True, overwrite_c=True)
ended = time.perf_counter()
busy = time.process_time() - busy
assert np.shares_memory(inverse, matrix) and not wrong
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
print(json.dumps(dict(potrf=half - begun, potri=ended - half, seconds=ended - begun, processor=busy, peak_gb=peak)))
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--movies", type=int, default=20_000, help="max_movies of the engine")
    options.add_argument("--floor", action="store_true", help="measure LAPACK at the same size before and after")
    options.add_argument("--home", type=Path, help="save the engine as the live release of this home")
    options.add_argument("--fit-only", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.fit_only:
        print(json.dumps(fit(asked.data, asked.movies, asked.home)))
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {asked.movies:,} films")
    floors = [floor(asked.movies)] if asked.floor else []
    command = [sys.executable, __file__, "--data", str(asked.data), "--movies", str(asked.movies), "--fit-only"]
    if asked.home is not None:
        command += ["--home", str(asked.home)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    floors += [floor(asked.movies)] if asked.floor else []
    for name, step in found["steps"].items():
        print("{:12} {seconds:8.1f} s {processor:8.1f} processor s   peak {peak_gb:6.2f} GB".format(name, **step))
    print(f"matrix {found['shape'][0]:,} × {found['shape'][1]:,}: {found['bytes'] / 1e9:.2f} GB")
    for unit in ("seconds", "processor") if floors else ():
        best = min(each[unit] for each in floors)
        shares = [found["steps"][step][unit] / best for step in ("inverting", "fit")]
        print(
            f"in {unit:9}: inverting {shares[0]:.2f} ×, the whole fit {shares[1]:.2f} × the floor of {best:.1f} (bar 2)"
        )
    print(f"load {os.getloadavg()[0]:.1f}")


def floor(n: int) -> dict[str, float]:
    """Return the seconds of LAPACK in a fresh process."""
    done = subprocess.run([sys.executable, "-c", FLOOR, str(n)], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    print(
        "LAPACK potrf {potrf:.1f} s + potri {potri:.1f} s, {processor:.1f} processor s, peak {peak_gb:.2f} GB".format(
            **found
        )
    )
    return found


def fit(path: Path, movies: int, home: Path | None) -> dict[str, object]:
    """Read, fit and perhaps save; return the seconds and the peak of this process at the end of each step."""
    from matinee.cli.console import progress_bars
    from matinee.data import read_dataset
    from matinee.engines.ease import COUNTING, INVERTING, Ease, EaseConfig
    from matinee.engines.popular import Popular

    steps: dict[str, dict[str, float]] = {}
    last: dict[str, tuple[float, float]] = {}

    def now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def note(name: str, begun: tuple[float, float], ended: tuple[float, float] | None = None) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        seconds, processor = np.subtract(now() if ended is None else ended, begun)
        steps[name] = {"seconds": float(seconds), "processor": float(processor), "peak_gb": peak}

    with progress_bars() as bars:

        def progress(stage: str, done: int, total: int) -> None:
            bars(stage, done, total)
            last[stage] = now()

        begun = now()
        dataset = read_dataset(path, progress=progress).dataset
        note("read", begun)
        begun = now()
        popular = Popular().fit(dataset, progress)
        note("popular", begun)
        begun = now()
        ease = Ease(EaseConfig(max_movies=movies)).fit(dataset, progress)
        note("fit", begun)
        note("counting", begun, last[COUNTING])
        note("inverting", last[COUNTING], last[INVERTING])
        weights = ease.arrays["weights"]
        if not np.isfinite(weights[:: max(1, movies // 100)]).all():
            raise SystemExit("The weights are not finite.")
        if home is not None:
            from matinee.ranking import HybridConfig
            from matinee.releases import Registry, assemble, save

            begun = now()
            blend = HybridConfig(weights={"ease": 1.0}).settings()
            release = assemble(dataset, {"popular": popular, "ease": ease}, ranking=blend)
            release = save(
                release, home / "releases", gate={"passed": True, "summary": "Not judged: made by a benchmark."}
            )
            Registry(home / "releases").promote(release.version, "made by a benchmark")
            note("save", begun)
    return {"steps": steps, "shape": weights.shape, "bytes": weights.nbytes}


if __name__ == "__main__":
    main()

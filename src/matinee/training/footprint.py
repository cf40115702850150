"""The footprint of a release: memory and time of a fresh process that opens it and answers.

`python -m matinee.training.footprint FOLDER PROFILES` prints one JSON object; `footprint` runs it so that nothing of the
calling process is counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from matinee.errors import EnvironmentFailure
from matinee.releases import load
from matinee.types import Profiles

ANSWERS = 200
_ROLLUP = Path("/proc/self/smaps_rollup")
_FIELDS = {"Rss": "resident", "Pss": "shared_fairly", "Pss_Anon": "anonymous", "Pss_File": "files"}
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")


def footprint(folder: Path, profiles: Profiles) -> dict[str, Any]:
    """Measure a release folder in a process of its own, with one thread.

    Args:
        folder: of the release.
        profiles: whom to answer, in its terms; at most `ANSWERS` of them, one at a time, ten films each.

    Returns:
        `before`, `opened` and `answered`: bytes of the process after its imports, after opening the release and after
        answering (`resident` memory; `anonymous` and `files` are its parts with shared pages counted in proportion, which
        add up to `shared_fairly`); None where the system does not tell. `median_ms` and `p99_ms` of an answer, and
        `median_processor_ms`, which other work on the machine hardly touches; `open_seconds`; `answers`; `torch`: whether it was imported; `load`: of the machine meanwhile.

    Raises:
        EnvironmentFailure: if the process fails.
    """
    chosen = profiles.slice(0, min(ANSWERS, len(profiles)))
    with tempfile.TemporaryDirectory() as scratch:
        asked = Path(scratch) / "profiles.npz"
        np.savez(asked, indptr=chosen.indptr, movies=chosen.movies, values=chosen.values, times=chosen.times)
        done = subprocess.run(  # noqa: S603 - our own module, and paths that nobody typed
            [sys.executable, "-m", "matinee.training.footprint", str(folder), str(asked)],
            env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise EnvironmentFailure(f"The process that measures {folder.name} failed: {last}")
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def main(folder: Path, asked: Path) -> None:
    """Open a release, answer, and print what it took."""
    from matinee.ranking import Recommender

    before = memory()
    started = time.perf_counter()
    recommender = Recommender(load(folder))
    open_seconds = time.perf_counter() - started
    opened = memory()
    with np.load(asked) as arrays:
        profiles = Profiles(**arrays, n_movies=len(recommender.catalogue))
    recommender.recommend(profiles[0], 10)  # the first answer of a process builds its indexes
    took, worked = [], []
    for row in range(len(profiles)):
        started, begun = time.perf_counter(), time.process_time()
        recommender.recommend(profiles[row], 10)
        took.append(time.perf_counter() - started)
        worked.append(time.process_time() - begun)
    median, p99 = (float(each) * 1e3 for each in np.quantile(took, [0.5, 0.99]))
    found = {
        "before": before,
        "opened": opened,
        "answered": memory(),
        "open_seconds": round(open_seconds, 3),
        "median_ms": round(median, 3),
        "p99_ms": round(p99, 3),
        "median_processor_ms": round(float(np.median(worked)) * 1e3, 3),
        "answers": len(took),
        "torch": "torch" in sys.modules,
        "load": round(os.getloadavg()[0], 2),
    }
    sys.stdout.write(json.dumps(found) + "\n")


def memory() -> dict[str, int] | None:
    """Return bytes of memory of this process; None where the system does not tell."""
    if not _ROLLUP.exists():
        return None
    found = {}
    for line in _ROLLUP.read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        if name in _FIELDS:
            found[_FIELDS[name]] = int(rest.split()[0]) * 1024
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

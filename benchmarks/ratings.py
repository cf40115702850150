"""How long `svd` fits to reach the RMSE of scikit-surprise's SVD, both on the same hold-out in the same run.

    python benchmarks/ratings.py --data ml-1m.zip [--peer-python /path/to/python] [--bayes]

A tenth of the ratings is hidden: the first tenth of `numpy.random.RandomState(42).permutation` over the rows of the file.
The peer runs with its defaults, and once more with 50 factors, 60 epochs and a regularisation of 0.06, which is close to its
best; it uses one core. Ours takes as many epochs, each count fitted from the start, as it needs to be at least as accurate.
Reading and predicting are not timed. The bar is ten times faster. `--peer-python` names an interpreter that has
scikit-surprise; without it, or without scikit-surprise there, only ours is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from matinee.data import Dataset, read_dataset
from matinee.engines import Engine
from matinee.engines.bayes import BayesianSvd
from matinee.engines.svd import Svd, SvdConfig

BAR = 10.0
PEERS = {"defaults": {}, "tuned": {"n_factors": 50, "n_epochs": 60, "reg_all": 0.06}}
PEER = """
import json, sys, time
try:
    from surprise import SVD, Dataset, Reader
except ImportError:
    sys.exit(3)
folder, settings, low, high = sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
reader = Reader(line_format="user item rating", sep=" ", rating_scale=(low, high))
train = Dataset.load_from_file(folder + "/train", reader).build_full_trainset()
model = SVD(random_state=0, **settings)
begun = time.perf_counter()
model.fit(train)
seconds = time.perf_counter() - begun
squares = [(model.predict(u, i).est - float(r)) ** 2 for u, i, r in map(str.split, open(folder + "/test"))]
print(json.dumps({"seconds": seconds, "rmse": (sum(squares) / len(squares)) ** 0.5}))
"""


def hold_out(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Return training and test ratings."""
    hidden = np.zeros(dataset.n_ratings, np.bool_)
    hidden[np.random.RandomState(42).permutation(dataset.n_ratings)[: dataset.n_ratings // 10]] = True
    place = np.empty(dataset.n_ratings, np.int64)
    place[np.argsort(dataset.rows, kind="stable")] = np.arange(dataset.n_ratings)
    return dataset.select(~hidden[place]), dataset.select(hidden[place])


def rmse(engine: Engine, train: Dataset, test: Dataset, step: int = 512) -> float:
    """Return the error of an engine on the test ratings."""
    squares = 0.0
    for first in range(0, train.n_users, step):
        last = min(first + step, train.n_users)
        mine = slice(int(test.indptr[first]), int(test.indptr[last]))
        scores = engine.score(train.profiles().slice(first, last))
        predicted = np.clip(scores[test.users[mine] - first, test.movies[mine]], *train.scale)
        squares += float(((predicted - test.values[mine]) ** 2).sum(dtype=np.float64))
    return float(np.sqrt(squares / test.n_ratings))


def run_peer(python: str, settings: dict[str, float], train: Dataset, test: Dataset) -> dict[str, float] | None:
    """Return the peer's seconds and RMSE; None where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("train", train), ("test", test)):
            rows = np.column_stack([part.users, part.movies, part.values])
            np.savetxt(Path(folder) / name, rows, fmt="%d %d %.1f")
        command = [python, "-c", PEER, folder, json.dumps(settings), *map(str, train.scale)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return None
    if done.returncode:
        raise SystemExit(f"The peer failed:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def ours(train: Dataset, test: Dataset, wanted: float | None) -> tuple[int, float, float]:
    """Return epochs, seconds and RMSE of the shortest fit that reaches `wanted`; of the default one for None."""
    default = SvdConfig()
    counts = range(1, 3 * default.epochs) if wanted is not None else [default.epochs]
    for epochs in counts:
        engine = Svd(SvdConfig(epochs=epochs))
        begun = time.perf_counter()
        engine.fit(train)
        seconds = time.perf_counter() - begun
        error = rmse(engine, train, test)
        if wanted is None or error <= wanted:
            break
    return epochs, seconds, error


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="ratings with stars, such as ml-1m.zip")
    options.add_argument("--peer-python", default=sys.executable, help="interpreter that has scikit-surprise")
    options.add_argument("--bayes", action="store_true", help="measure bayes with its defaults too: minutes")
    asked = options.parse_args()
    dataset = read_dataset(asked.data).dataset
    train, test = hold_out(dataset)
    print(
        f"{dataset.name}: {train.n_ratings:,} ratings to learn from, {test.n_ratings:,} hidden, {os.cpu_count()} cores"
    )
    ours(train, test, None)  # compiles
    for title, settings in PEERS.items():
        peer = run_peer(asked.peer_python, settings, train, test)
        if peer is None:
            print(f"scikit-surprise is not installed for {asked.peer_python}; no ratio.")
            break
        epochs, seconds, error = ours(train, test, peer["rmse"])
        ratio = peer["seconds"] / seconds
        reached = error <= peer["rmse"]
        print(f"surprise SVD, {title:8}  RMSE {peer['rmse']:.4f}  {peer['seconds']:7.2f} s")
        print(f"svd, {epochs:2} epochs           RMSE {error:.4f}  {seconds:7.2f} s   ", end="")
        print(f"{ratio:.1f} times faster (bar {BAR:.0f})" if reached else "does not reach it")
    epochs, seconds, error = ours(train, test, None)
    print(f"svd, its {epochs} epochs       RMSE {error:.4f}  {seconds:7.2f} s")
    if asked.bayes:
        begun = time.perf_counter()
        engine = BayesianSvd().fit(train)
        seconds = time.perf_counter() - begun
        print(f"bayes, defaults          RMSE {rmse(engine, train, test):.4f}  {seconds:7.2f} s")


if __name__ == "__main__":
    main()

"""Training times beside peers, at equal quality, in one run.

    python benchmarks/training.py --data ml-1m.zip --peer-python PYTHON
    matinee data synthesize FOLDER --ratings 20M --users 138000 --movies 27000
    python benchmarks/training.py --data FOLDER --peer-python PYTHON --watched --users 500 --engines als

`als` against `implicit`'s AlternatingLeastSquares, both with 64 factors and both given the training likes of the protocol
`strong`. The peer's weight and ridge were chosen on the validation part (`--choose 2,4,8:1,10,30,100` prints the grid); ours are the engine's
defaults, unless `--l2` says otherwise. The peer takes 15 iterations, its default; after each the test people are ranked from its film factors, folded
in exactly. Its time is that of the iterations up to its best NDCG@100, as it reports them itself, loading and set-up left
out; ours is a whole fit, with as many epochs as it takes to be at least as good. Both take turns, and the faster of the
turns counts. `--peer-python` names an interpreter that has implicit; without it only ours is timed.

`ease` and `next` are fitted with their defaults on all ratings; the bars are 5 s and 15 s on MovieLens 1M.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from matinee.data import Dataset, read_dataset
from matinee.engines import create
from matinee.engines.als import Als, AlsConfig
from matinee.engines.weights import interactions, liking
from matinee.evaluation.judge import judge_ranking
from matinee.evaluation.protocols.split import RankingSplit
from matinee.evaluation.protocols.strong import Strong, StrongConfig
from matinee.types import FloatMatrix, FloatVector, Profiles, Progress, silent

FACTORS, ITERATIONS = 64, 15
BARS = {"ease": 5.0, "next": 15.0}
PEER = """
import json, sys, time
import numpy as np
try:
    from implicit.als import AlternatingLeastSquares
except ImportError:
    sys.exit(3)
from scipy.sparse import csr_matrix
import threadpoolctl
threadpoolctl.threadpool_limits(1, "blas")
folder, settings, save = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3] == "save"
part = {name: np.load(f"{folder}/{name}.npy") for name in ("data", "indices", "indptr", "shape")}
likes = csr_matrix((part["data"], part["indices"], part["indptr"]), shape=tuple(part["shape"]))
seconds, processor, begun = [], [], time.process_time()
model = AlternatingLeastSquares(random_state=0, **settings)
def after(iteration, elapsed, loss=None):
    global begun
    seconds.append(elapsed)
    processor.append(time.process_time() - begun)
    if save:
        np.save(f"{folder}/films{iteration}.npy", model.item_factors)
    begun = time.process_time()
begun = time.process_time()
model.fit(likes, show_progress=False, callback=after)
print(json.dumps([seconds, processor]))
"""


@dataclass
class Folded:
    """The peer's film factors; people are solved exactly in its own loss."""

    films: FloatMatrix
    alpha: float
    ridge: float
    name: str = "implicit"

    def fit(self, dataset: Dataset, progress: Progress) -> None:
        raise NotImplementedError("the peer is fitted in its own process")

    def score(self, profiles: Profiles) -> FloatMatrix:
        films = self.films.astype(np.float64)
        shared = films.T @ films + self.ridge * np.eye(films.shape[1])
        people = np.zeros((len(profiles), films.shape[1]))
        for row in range(len(profiles)):
            liked = films[profiles[row].movies]
            people[row] = np.linalg.solve(shared + (self.alpha - 1) * liked.T @ liked, self.alpha * liked.sum(axis=0))
        return (people @ films.T).astype(np.float32)


class Contest:
    """One data set, divided once for everybody."""

    def __init__(self, dataset: Dataset, held_out: int, part: str, folder: Path, l2: float = AlsConfig.l2) -> None:
        self.l2 = l2
        self.strong = Strong(StrongConfig(held_out_users=held_out))
        self.split: RankingSplit = self.strong.split(dataset, part)  # type: ignore[arg-type]
        train = self.split.train
        weights: FloatVector = liking(train.values, explicit=train.explicit, min_rating=3.5)
        likes: csr_array = interactions(train.profiles(), weights)
        self.folder = folder
        for name in ("data", "indices", "indptr"):
            np.save(folder / f"{name}.npy", getattr(likes, name))
        np.save(folder / "shape.npy", np.array(likes.shape))
        print(f"{likes.nnz:,} likes of {likes.shape[1]:,} films; {len(self.split.users)} {part} people ranked")

    def ndcg(self, contestant: object) -> float:
        values = judge_ranking(contestant, self.split, self.strong, silent).values  # type: ignore[arg-type]
        return float(values["ndcg@100"].mean())

    def peer(self, python: str, alpha: float, ridge: float, *, save: bool) -> FloatMatrix | None:
        """Return (2, iterations) seconds and processor seconds of the peer; None where it is not installed."""
        settings = {"factors": FACTORS, "iterations": ITERATIONS, "alpha": alpha, "regularization": ridge}
        command = [python, "-c", PEER, str(self.folder), json.dumps(settings), "save" if save else "time"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 3:
            return None
        if done.returncode:
            raise SystemExit(f"The peer failed:\n{done.stderr}")
        return np.array(json.loads(done.stdout.splitlines()[-1]))

    def peer_quality(self, alpha: float, ridge: float) -> list[float]:
        """Return NDCG@100 after each iteration the peer saved."""
        films = [np.load(self.folder / f"films{iteration}.npy") for iteration in range(ITERATIONS)]
        return [self.ndcg(Folded(each, alpha, ridge)) for each in films]

    def ours(self, epochs: int) -> tuple[Als, float, float]:
        """Return the fitted engine, the seconds and the processor seconds."""
        engine = Als(AlsConfig(embedding_size=FACTORS, epochs=epochs, l2=self.l2))
        begun, busy = time.perf_counter(), time.process_time()
        engine.fit(self.split.train)
        return engine, time.perf_counter() - begun, time.process_time() - busy


def choose(contest: Contest, python: str, alphas: list[float], ridges: list[float]) -> None:
    """Print the peer's quality over a grid."""
    for alpha in alphas:
        for ridge in ridges:
            if contest.peer(python, alpha, ridge, save=True) is None:
                raise SystemExit(f"implicit is not installed for {python}.")
            quality = contest.peer_quality(alpha, ridge)
            best = int(np.argmax(quality))
            print(f"alpha {alpha:4.0f}  ridge {ridge:6.2f}  NDCG@100 {quality[best]:.4f} after {best + 1}", flush=True)


def compare(contest: Contest, python: str, alpha: float, ridge: float, turns: int) -> None:
    """Print both, and how much faster ours is at the quality of the peer."""
    Als(AlsConfig(embedding_size=FACTORS, epochs=1)).fit(contest.split.train)  # compiles
    if contest.peer(python, alpha, ridge, save=True) is None:
        print(f"implicit is not installed for {python}; no ratio.")
        engine, seconds, _ = contest.ours(AlsConfig().epochs)
        print(f"als, {AlsConfig().epochs} epochs  NDCG@100 {contest.ndcg(engine):.4f}  {seconds:.2f} s")
        return
    quality = contest.peer_quality(alpha, ridge)
    enough = int(np.argmax(quality)) + 1
    for epochs in range(1, 41):
        reached = contest.ndcg(contest.ours(epochs)[0])
        if reached >= quality[enough - 1]:
            break
    theirs, mine = [], []
    for _ in range(turns):
        taken = contest.peer(python, alpha, ridge, save=False)
        assert taken is not None
        theirs.append(taken[:, :enough].sum(axis=1))
        mine.append(contest.ours(epochs)[1:])
    peer, own = np.min(theirs, axis=0), np.min(mine, axis=0)
    row = "{:36} NDCG@100 {:.4f}  {:7.2f} s  {:7.2f} processor s  {:.3f} s a round"
    print(
        row.format(
            f"implicit, α {alpha:g}, ridge {ridge:g}, {enough} rounds", quality[enough - 1], *peer, peer[0] / enough
        )
    )
    print(row.format(f"als, {epochs} rounds", reached, *own, own[0] / epochs))
    if reached >= quality[enough - 1]:
        print(f"als is {peer[0] / own[0]:.1f} × as fast, {peer[1] / own[1]:.1f} × by processor seconds (bar 1, aim 2)")
    else:
        print("als does not reach the quality of the peer")


def alone(dataset: Dataset, names: list[str], turns: int) -> None:
    """Time whole fits with default settings."""
    for name in names:
        taken = []
        for _ in range(turns + 1):  # the first may compile
            begun, busy = time.perf_counter(), time.process_time()
            create(name).fit(dataset)
            taken.append((time.perf_counter() - begun, time.process_time() - busy))
        bar = f"  (bar {BARS[name]:g} s on MovieLens 1M)" if name in BARS else ""
        print("{:36} {:7.2f} s  {:7.2f} processor s".format(name, *np.min(taken[1:], axis=0)) + bar)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--peer-python", default=sys.executable, help="interpreter that has implicit")
    options.add_argument("--engines", default="als,ease,next", help="which to time")
    options.add_argument(
        "--users", type=int, default=500, help="people held out for validation, and as many for the test"
    )
    options.add_argument("--watched", action="store_true", help="forget the stars: every rating is a like")
    options.add_argument("--alpha", type=float, default=4.0, help="the peer's weight of a like")
    options.add_argument("--ridge", type=float, default=30.0, help="the peer's regularization")
    options.add_argument(
        "--l2", type=float, default=AlsConfig.l2, help="the ridge of als, chosen on the validation part too"
    )
    options.add_argument("--choose", metavar="A,…:R,…", help="print the peer's grid on the validation part and stop")
    options.add_argument("--turns", type=int, default=3)
    asked = options.parse_args()
    dataset = read_dataset(asked.data).dataset
    if asked.watched:
        dataset = replace(dataset, values=np.ones_like(dataset.values), explicit=False)
    print(f"{dataset.name}: {dataset.n_ratings:,} ratings, {dataset.n_users:,} people, {dataset.n_movies:,} films")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    names = asked.engines.split(",")
    with tempfile.TemporaryDirectory() as folder:
        if asked.choose:
            alphas, ridges = ([float(each) for each in part.split(",")] for part in asked.choose.split(":"))
            choose(Contest(dataset, asked.users, "validation", Path(folder)), asked.peer_python, alphas, ridges)
            return
        if "als" in names:
            contest = Contest(dataset, asked.users, "test", Path(folder), asked.l2)
            compare(contest, asked.peer_python, asked.alpha, asked.ridge, asked.turns)
    alone(dataset, [name for name in names if name != "als"], asked.turns)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()

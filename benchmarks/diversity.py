"""What the dial from relevance to discovery costs and gains: NDCG@10 beside diversity, calibration, coverage and novelty.

    python benchmarks/diversity.py --data ml-latest-small.zip --part validation --seek
    python benchmarks/diversity.py --data ml-latest-small.zip --part test [--png FILE]
    python benchmarks/diversity.py --speed

Protocol `temporal`, lists of ten from the hybrid with its default weights, films described by the engine `content`; the
metrics are those of `matinee.evaluation`. Settings and the default dial are chosen on the validation part (--seek tries
other settings too); the test part is printed once.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.data import read_dataset
from matinee.engines import create
from matinee.evaluation import beyond
from matinee.evaluation.intervals import paired_interval
from matinee.evaluation.metrics import Hits, ndcg
from matinee.evaluation.protocols import Temporal
from matinee.evaluation.protocols.split import RankingSplit
from matinee.ranking import Hybrid
from matinee.ranking.diversity import DEFAULT_DIAL, DiversityConfig, diversify
from matinee.ranking.features import MovieFeatures, fame_of, unit
from matinee.types import FloatMatrix, Profile

DEPTH = 10
DIALS = tuple(step / 10 for step in range(11))
FINE = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4)
TRIED = [
    DiversityConfig(redundancy=redundancy, calibration=calibration, damping=damping)
    for redundancy, calibration, damping in (
        (1, 0, 0), (0, 0.3, 0), (0, 0, 1), (0.5, 0.2, 0.5), (0.5, 0.3, 0.5), (0.5, 0.2, 1), (0.5, 0.3, 1), (0.7, 0.2, 1),
    )
]  # fmt: skip
Lists = NDArray[np.int32]


@dataclass(frozen=True)
class Bench:
    """A split, what the hybrid scores, and what the films are like."""

    split: RankingSplit
    scores: FloatMatrix
    features: MovieFeatures
    counts: NDArray[Any]

    def lists(self, dial: float, config: DiversityConfig) -> Lists:
        """Return (P, 10) lists at one dial; -1 in empty places."""
        found = np.full((len(self.split), DEPTH), -1, np.int32)
        for row in range(len(self.split)):
            profile = self.split.profiles[row]
            allowed = self.split.allowed.copy()
            allowed[profile.movies] = False
            movies = diversify(self.scores[row], allowed, DEPTH, dial, self.features, profile, config)
            found[row, : len(movies)] = movies
        return found

    def by_score(self, scores: FloatMatrix) -> Lists:
        """Return (P, 10) lists by other scores."""
        return Bench(self.split, scores, self.features, self.counts).lists(0.0, DiversityConfig())

    def measures(self, lists: Lists) -> dict[str, NDArray[np.float64]]:
        """Return one value a person for each measure that is a mean over people."""
        users = int((np.diff(self.split.train.indptr) > 0).sum())
        return {
            "ndcg": ndcg(Hits.of(lists, self.split.truth), DEPTH),
            "ild genres": beyond.intra_list_diversity(lists, self.features.genres),
            "ild content": beyond.intra_list_diversity(lists, self.features.vectors),
            "calibration": beyond.calibration(lists, self.split.profiles, self.features.genres),
            "novelty": beyond.novelty(lists, self.counts, users),
        }


def main() -> None:
    """Read the options and print the curve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--speed", action="store_true", help="time lists out of 60,000 made-up films instead")
    parser.add_argument("--part", choices=("validation", "test"), default="validation")
    parser.add_argument("--seek", action="store_true", help="try other settings than the default")
    parser.add_argument("--model", default="lsa", help="text model of the engine content")
    parser.add_argument("--cache", type=Path, help="folder for scores and vectors")
    parser.add_argument("--png", type=Path, help="draw the curve (extra `lab`)")
    options = parser.parse_args()
    if options.speed or options.data is None:
        speed()
        return
    dataset = read_dataset(options.data).dataset
    bench = prepared(Temporal().split(dataset, options.part), options.model, options.cache)
    print(f"{dataset.name}, {options.part}: {len(bench.split):,} people, {int(bench.split.allowed.sum()):,} films")
    print(*bench.split.remarks, sep="\n")
    plain = bench.lists(0.0, DiversityConfig())
    show_head()
    everything = bench.measures(plain)
    if options.seek:
        show("plain", bench, plain, everything)
        for config in TRIED:
            print(f"redundancy {config.redundancy:g}, calibration {config.calibration:g}, damping {config.damping:g}")
            for dial in FINE:
                show(f"{dial:g}", bench, bench.lists(dial, config), everything)
        return
    rng = np.random.default_rng(0)
    show("random", bench, bench.by_score(rng.random(bench.scores.shape, np.float32)), everything)
    popular = np.broadcast_to(bench.counts.astype(np.float32), bench.scores.shape)
    show("popular", bench, bench.by_score(popular), everything)
    curve = []
    for dial in sorted({*DIALS, DEFAULT_DIAL}):
        lists = bench.lists(dial, DiversityConfig())
        curve.append((dial, show(f"{dial:g}{' *' if dial == DEFAULT_DIAL else ''}", bench, lists, everything)))
    if options.png:
        draw(curve, f"{dataset.name}, temporal, {options.part}", options.png)


def prepared(split: RankingSplit, model: str, cache: Path | None) -> Bench:
    """Fit what is needed on the training part, or read it back."""
    mark = split.train.fingerprint
    kept = None if cache is None else cache / f"diversity-{mark}-{model}.npz"
    if kept is not None and kept.exists():
        with np.load(kept) as arrays:
            scores, vectors = arrays["scores"], arrays["vectors"]
    else:
        hybrid = Hybrid.unfitted().fit(split.train)
        people = split.profiles
        parts = [hybrid.score(people.slice(at, min(at + 256, len(people)))) for at in range(0, len(people), 256)]
        scores = np.concatenate(parts)
        vectors = create("content", {"model": model}).fit(split.train).matrix("vectors").dense()
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, scores=scores, vectors=vectors)
    counts = np.bincount(split.train.movies, minlength=split.train.n_movies)
    described = MovieFeatures.of(split.train.catalogue, {}, counts)
    return Bench(split, scores, MovieFeatures(vectors, described.genres, described.fame), counts)


def speed(n_movies: int = 60_000) -> None:
    """Print how long one list takes: the median and the fastest of 300 calls after warm-up."""
    rng = np.random.default_rng(0)
    vectors = unit(rng.standard_normal((n_movies, 50), np.float32))
    features = MovieFeatures(vectors, rng.random((n_movies, 19)) < 0.12, fame_of(rng.integers(0, 9999, n_movies)))
    scores, allowed = rng.random(n_movies, np.float32), rng.random(n_movies) < 0.95
    profile = Profile.of(rng.choice(n_movies, 80, replace=False), [4.0] * 80)
    for n in (10, 20, 50):
        seconds = []
        for _ in range(320):
            start = time.perf_counter()
            diversify(scores, allowed, n, DEFAULT_DIAL, features, profile)
            seconds.append(time.perf_counter() - start)
        print(
            f"best {n} of {n_movies:,}: median {np.median(seconds[20:]) * 1e3:.2f} ms, fastest {min(seconds) * 1e3:.2f} ms"
        )


def show_head() -> None:
    print(
        f"{'dial':>8} {'NDCG@10':>8} {'change':>7} {'95 % interval':>17} {'ILD genre':>9} {'ILD cont.':>9} "
        f"{'calibr.':>8} {'coverage':>8} {'novelty':>8}"
    )


def show(name: str, bench: Bench, lists: Lists, plain: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    """Print one row; the change of NDCG is relative to the plain ranking, its interval paired over people."""
    found = bench.measures(lists)
    means = {measure: float(np.nanmean(values)) for measure, values in found.items()}
    base = float(np.nanmean(plain["ndcg"]))
    gap = paired_interval(found["ndcg"], plain["ndcg"])
    means["change"] = means["ndcg"] / base - 1
    means["coverage"] = float(np.unique(lists[lists >= 0]).size / bench.split.allowed.sum())
    interval = f"{gap.low / base:+.1%} … {gap.high / base:+.1%}"
    print(
        f"{name:>8} {means['ndcg']:>8.4f} {means['change']:>+7.1%} {interval:>17} {means['ild genres']:>9.4f} "
        f"{means['ild content']:>9.4f} {means['calibration']:>8.4f} {means['coverage']:>8.4f} {means['novelty']:>8.3f}",
        flush=True,
    )
    return means


def draw(curve: list[tuple[float, dict[str, float]]], title: str, path: Path) -> None:
    """Draw every measure as a share of its value without the dial."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for measure, label in (
        ("ndcg", "NDCG@10"),
        ("ild content", "intra-list diversity"),
        ("calibration", "miscalibration (less is better)"),
        ("coverage", "catalogue coverage"),
        ("novelty", "novelty"),
    ):
        axes.plot([dial for dial, _ in curve], [row[measure] / curve[0][1][measure] for _, row in curve], label=label)
    axes.axvline(DEFAULT_DIAL, color="grey", linestyle=":", label="default")
    axes.set(xlabel="dial: relevance to discovery", ylabel="share of the plain ranking's", title=title, yscale="log")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()

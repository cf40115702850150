"""How far blends go on MovieLens 1M by two published protocols, with everything chosen on their validation people.

Beside that, how long blending itself takes for one profile.

    python benchmarks/blends.py strong --data ml-1m.zip --cache FOLDER [--without vae]
    python benchmarks/blends.py ncf --data ncf-ml-1m.zip --cache FOLDER
    python benchmarks/blends.py speed

Every member is fitted on the training part, its scores are brought to one scale by each of the three normalisations, and
the weights are searched in twentieths on the validation people (`matinee.training.simplex`). The normalisation that did
best there is measured once on the test people, beside every member alone. Scores of fitted members are kept in the cache
by what they depend on, since `vae` takes minutes; without torch, leave it out with --without.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.data import read_dataset
from matinee.engines import create
from matinee.evaluation.metrics import Hits, measure
from matinee.evaluation.protocols import Ncf, Strong, StrongConfig, read_ncf
from matinee.evaluation.protocols.split import RankingSplit
from matinee.evaluation.topn import ranks, top_n
from matinee.ranking.blend import NORMALISATIONS, Normalisation, blend, sanitise, scale_of
from matinee.training.simplex import Search, usual_starts
from matinee.types import FloatMatrix, Profile, Profiles


@dataclass(frozen=True)
class Member:
    """One engine with its settings; with several seeds the average of as many fits, each on one scale."""

    name: str
    engine: str
    settings: Mapping[str, Any]
    seeds: Sequence[int] = ()

    def variants(self) -> list[dict[str, Any]]:
        if not self.seeds:
            return [dict(self.settings)]
        return [{**self.settings, "seed": seed} for seed in self.seeds]


@dataclass(frozen=True)
class Contest:
    """Who takes part, what counts, and the bar."""

    members: tuple[Member, ...]
    measures: tuple[str, ...]
    bars: tuple[float, ...]

    @property
    def searched(self) -> str:
        """The measure weights are chosen by."""
        return next(name for name in self.measures if name.startswith("ndcg"))


CONTESTS = {
    "strong": Contest(
        members=(
            Member("vae", "vae", {}, (0, 1)),
            Member("ease", "ease", {}),
            Member("ease with pairs", "ease", {"pairs": 1000}),
            Member("als 512", "als", {"embedding_size": 512, "epochs": 5}, (0, 1)),
        ),
        measures=("truncated_recall@20", "truncated_recall@50", "ndcg@100"),
        bars=(0.0, 0.0, 0.443),
    ),
    "ncf": Contest(
        members=(
            Member("als 192", "als", {"embedding_size": 192, "epochs": 12, "l2": 0.007}, (0, 1)),
            Member("als 64", "als", {"embedding_size": 64}, (0, 1)),
            Member("ease", "ease", {"l2": 200.0, "user_power": 0.0}),
            Member("ease, users weighted", "ease", {"l2": 200.0}),
            Member("ease without dropout", "ease", {"l2": 1000.0, "dropout": 0.0, "user_power": 0.0}),
        ),
        measures=("hit_rate@10", "ndcg@10"),
        bars=(0.731, 0.451),
    ),
}


def splits_of(protocol: str, path: Path) -> dict[str, RankingSplit]:
    if protocol == "strong":
        rule = Strong(StrongConfig(held_out_users=500))
        dataset = read_dataset(path).dataset
        return {part: rule.split(dataset, part) for part in ("validation", "test")}
    files = read_ncf(path)
    published = Ncf(files)
    return {part: published.split(files.dataset, part) for part in ("validation", "test")}


class Scores:
    """Scores of fitted engines, kept in a folder by what they depend on."""

    def __init__(self, folder: Path, protocol: str, splits: Mapping[str, RankingSplit]) -> None:
        self.folder, self.protocol, self.splits = folder, protocol, splits
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, engine: str, settings: Mapping[str, Any]) -> dict[str, FloatMatrix]:
        """Return (P, M) scores for each part; one fit serves the parts that share their training data."""
        fitted: dict[str, Any] = {}
        found: dict[str, FloatMatrix] = {}
        for part, split in self.splits.items():
            path = self._path(part, engine, settings)
            if not path.exists():
                learned_from = split.train.fingerprint
                if learned_from not in fitted:
                    begun = time.perf_counter()
                    fitted[learned_from] = create(engine, settings).fit(split.train)
                    print(f"  fitted {engine} {dict(settings)} in {time.perf_counter() - begun:.1f} s", flush=True)
                unfinished = path.with_suffix(".unfinished.npy")
                np.save(unfinished, fitted[learned_from].score(split.profiles))
                unfinished.replace(path)
            found[part] = np.load(path)
        return found

    def _path(self, part: str, engine: str, settings: Mapping[str, Any]) -> Path:
        whole = create(engine, settings).settings()
        facts = [self.protocol, part, engine, whole, self.splits[part].train.fingerprint]
        name = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]
        return self.folder / f"{name}.npy"


def on_one_scale(scores: FloatMatrix, split: RankingSplit, rule: Normalisation) -> FloatMatrix:
    """Return normalised scores of all movies, or of a person's listed candidates."""
    scaled = scale_of(scores, split.profiles, rule).apply(scores)
    return scaled if split.candidates is None else np.take_along_axis(scaled, split.candidates.astype(np.int64), axis=1)


def judged(scores: FloatMatrix, split: RankingSplit, measures: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return each person's figures."""
    if split.candidates is not None:
        places = ranks(scores, np.zeros(len(scores), np.int32))
        return dict(measure(Hits.of_ranks(places, 10), list(measures)))
    lists = top_n(scores, 100, exclude=split.profiles, allowed=split.allowed)
    return dict(measure(Hits.of(lists, split.truth), list(measures)))


def speed(n_movies: int = 60_000, n_engines: int = 5, n_ratings: int = 100) -> None:
    """Time one profile through the checks for finite scores, the scales and the sum."""
    rng = np.random.default_rng(0)
    movies = rng.choice(n_movies, n_ratings, replace=False)
    seen = Profiles.stack([Profile.of(movies, np.full(n_ratings, 4.0))], n_movies)
    # Cubes of normal numbers: heavy tails, as linear engines have them.
    scores = {str(e): rng.standard_normal((1, n_movies), np.float32) ** 3 for e in range(n_engines)}
    weights = {name: np.ones(1, np.float32) for name in scores}
    for rule in NORMALISATIONS:
        taken = []
        for _ in range(300):
            begun = time.perf_counter()
            blend({name: sanitise(score)[0] for name, score in scores.items()}, weights, seen, rule)
            taken.append(1000 * (time.perf_counter() - begun))
        low, middle = np.percentile(taken, [5, 50])
        print(f"{rule}: {middle:.2f} ms, at best {low:.2f}: {n_engines} engines, {n_movies:,} films, one profile")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("protocol", choices=[*CONTESTS, "speed"])
    options.add_argument("--data", type=Path)
    options.add_argument("--cache", type=Path, help="folder for the scores of fitted members")
    options.add_argument("--without", action="append", default=[], help="a member to leave out; may be repeated")
    asked = options.parse_args()
    if asked.protocol == "speed":
        speed()
        return
    if asked.data is None or asked.cache is None:
        options.error(f"{asked.protocol} needs --data and --cache")
    contest = CONTESTS[asked.protocol]
    members = [member for member in contest.members if member.name not in asked.without]
    splits = splits_of(asked.protocol, asked.data)
    kept = Scores(asked.cache, asked.protocol, splits)
    raw = {member.name: [kept.of(member.engine, variant) for variant in member.variants()] for member in members}

    def scaled(part: str, rule: Normalisation) -> NDArray[np.float32]:
        """Return (E, P, C), seeds averaged."""
        return np.stack(
            [np.mean([on_one_scale(one[part], splits[part], rule) for one in raw[m.name]], axis=0) for m in members]
        ).astype(np.float32)

    chosen: dict[Normalisation, tuple[NDArray[np.float64], float, int]] = {}
    for rule in NORMALISATIONS:
        table = scaled("validation", rule)

        def value(shares: NDArray[np.float64], table: NDArray[np.float32] = table) -> float:
            blended = np.tensordot(shares.astype(np.float32), table, 1)
            return float(judged(blended, splits["validation"], [contest.searched])[contest.searched].mean())

        search = Search(value)
        shares = search.run(usual_starts(len(members)))
        chosen[rule] = shares, value(shares), len(search)
        words = ", ".join(f"{m.name} {share:.2f}" for m, share in zip(members, shares, strict=True) if share > 0)
        print(f"validation, {rule}: {contest.searched} {chosen[rule][1]:.4f} after {len(search)} points: {words}")
    rule = max(chosen, key=lambda name: chosen[name][1])
    report(contest, members, scaled("test", rule), chosen[rule][0], rule, splits["test"])


def report(
    contest: Contest,
    members: Sequence[Member],
    table: NDArray[np.float32],
    shares: NDArray[np.float64],
    rule: Normalisation,
    split: RankingSplit,
) -> None:
    """Print the test part as a table."""
    n = len(members)
    points = [*np.eye(n), np.full(n, 1 / n), shares]
    names = [*(member.name for member in members), "equal weights", "chosen weights"]
    figures = [judged(np.tensordot(point.astype(np.float32), table, 1), split, contest.measures) for point in points]
    print(f"\ntest, {len(split):,} people, normalisation {rule}; ± is the standard error over people\n")
    print(f"| | {' | '.join(contest.measures)} |\n| --- |{' --- |' * len(contest.measures)}")
    for name, found in zip(names, figures, strict=True):
        cells = [f"{found[key].mean():.4f} ± {found[key].std() / len(split) ** 0.5:.4f}" for key in contest.measures]
        print(f"| {name} | {' | '.join(cells)} |")
    key = contest.searched
    best = int(np.argmax([found[key].mean() for found in figures[:n]]))
    lead = figures[-1][key] - figures[best][key]
    print(f"\n{key}: {lead.mean():+.4f} ± {lead.std() / len(lead) ** 0.5:.4f} over {names[best]}, person by person")
    for key, bar in zip(contest.measures, contest.bars, strict=True):
        if bar:
            reached = figures[-1][key].mean()
            print(f"bar {key} {bar:.3f}: {'reached' if reached >= bar else 'missed'} with {reached:.5f}")


if __name__ == "__main__":
    main()

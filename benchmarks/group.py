"""What each way of picking films for a group gives its least satisfied member, on people whose later likes are hidden.

    python benchmarks/group.py --data ml-1m --part validation
    python benchmarks/group.py --data ml-1m --part test

Protocol `temporal`; every member's own likes are hidden and looked for in the one list the group gets. Groups of 2 to 5
are drawn at random, or alike: one person and others out of the 50 whose likes resemble theirs most. A film somebody in
the group has seen is no candidate, and nobody's truth; groups in which somebody then has nothing to find are drawn again.
NDCG is that of `matinee.evaluation`. Settings are chosen on the validation part; the test part is printed once.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from matinee.data import read_dataset
from matinee.evaluation.intervals import paired_interval
from matinee.evaluation.protocols import Temporal
from matinee.evaluation.protocols.split import RankingSplit
from matinee.ranking import Hybrid
from matinee.ranking.group_rules import RULES, Borda, PowerMean, Proportional, Rule, Values, WithoutMisery, worths_of
from matinee.types import FloatMatrix

SIZES = (2, 3, 4, 5)
KINDS = ("random", "alike")
NEAREST = 50

CANDIDATES: dict[str, Rule] = {
    "average": PowerMean(1.0),
    **{f"power mean {power:g}": PowerMean(power) for power in (0.5, 0.0, -0.5, -1.0, -2.0)},
    "least misery": PowerMean(-np.inf),
    **{f"without misery {place}": WithoutMisery(place) for place in (100, 200, 500, 1000)},
    "borda": Borda(),
    **{f"proportional {start:g}": Proportional(start) for start in (0.03, 0.1, 0.3, 1.0)},
}
"""What is tried on the validation part; the first is plain averaging."""


@dataclass(frozen=True)
class Group:
    """Rows of the split that watch together, and how they were drawn."""

    kind: str
    members: NDArray[np.int64]


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", choices=("validation", "test"), default="validation")
    parser.add_argument("--groups", type=int, default=500, help="groups of each size and kind")
    parser.add_argument("--rules", default="", help="compare only these with averaging, by name, separated by commas")
    parser.add_argument("--cache", type=Path, help="folder for the scores of the split")
    parser.add_argument("--depth", type=int, default=10, help="films in the list of a group")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dataset = read_dataset(options.data).dataset
    split = Temporal().split(dataset, options.part)
    scores = scores_of(split, options.cache)
    groups = drawn(split, options.groups, options.seed)
    rules: Mapping[str, Rule] = CANDIDATES if options.part == "validation" else RULES
    if options.rules:
        rules = {name: rules[name] for name in ["average", *options.rules.split(",")]}
    print(f"{dataset.name}, {options.part}: {len(split)} people, {len(groups)} groups, seed {options.seed}")
    print(*split.remarks, sep="\n")
    report(groups, measured(groups, split, scores, rules, options.depth), options.depth)


def scores_of(split: RankingSplit, cache: Path | None) -> FloatMatrix:
    """Return (P, M) scores of the hybrid with its default weights, fitted on the training part."""
    path = None if cache is None else cache / f"{split.train.fingerprint[:24]}.npy"
    if path is not None and path.exists():
        kept: FloatMatrix = np.load(path)
        return kept
    hybrid = Hybrid.unfitted().fit(split.train)
    parts = [hybrid.score(split.profiles.slice(at, min(at + 256, len(split)))) for at in range(0, len(split), 256)]
    scores = np.concatenate(parts)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, scores)
    return scores


def drawn(split: RankingSplit, n: int, seed: int) -> list[Group]:
    """Draw n groups of each size and kind in which everybody has something to find."""
    generator = np.random.default_rng(seed)
    profiles = split.profiles
    seen_by = profiles.matrix(np.ones(len(profiles.movies), np.float32)).tocsc()
    lengths = np.sqrt(np.maximum(profiles.lengths(), 1))
    groups = []
    for kind in KINDS:
        for size in SIZES:
            found = 0
            while found < n:
                first = int(generator.integers(len(split)))
                if kind == "random":
                    others = np.delete(np.arange(len(split)), first)
                else:
                    common = np.bincount(seen_by[:, profiles[first].movies].indices, minlength=len(split))
                    likeness = common / lengths
                    likeness[first] = -1
                    others = np.argsort(-likeness, kind="stable")[:NEAREST]
                members = np.concatenate([[first], generator.choice(others, size - 1, replace=False)])
                if all(len(one) for one in hidden_of(split.truth, members, candidates(split, members))):
                    groups.append(Group(kind, members))
                    found += 1
    return groups


def candidates(split: RankingSplit, members: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (M,) the films that nobody in the group has seen."""
    allowed = split.allowed.copy()
    for member in members:
        allowed[split.profiles[int(member)].movies] = False
    return allowed


def hidden_of(truth: csr_array, members: NDArray[np.int64], allowed: NDArray[np.bool_]) -> list[NDArray[np.int32]]:
    """Return the films each member is to find."""
    rows = [truth.indices[truth.indptr[member] : truth.indptr[member + 1]] for member in members]
    return [row[allowed[row]] for row in rows]


def measured(
    groups: list[Group], split: RankingSplit, scores: FloatMatrix, rules: Mapping[str, Rule], depth: int
) -> dict[str, Values]:
    """Return for each rule (n_groups, 2): the mean and the least NDCG of the members."""
    values = {name: np.empty((len(groups), 2)) for name in rules}
    for row, group in enumerate(groups):
        allowed = candidates(split, group.members)
        films = np.flatnonzero(allowed)
        hidden = hidden_of(split.truth, group.members, allowed)
        own = scores[np.ix_(group.members, films)]
        worths = worths_of(own)
        lists = {name: rule.choose(worths, depth) for name, rule in rules.items()}
        for name, chosen in lists.items():
            each = [ndcg(films[chosen], wanted, depth) for wanted in hidden]
            values[name][row] = np.mean(each), np.min(each)
    return values


def ndcg(chosen: NDArray[np.int64], wanted: NDArray[np.int32], depth: int) -> float:
    """Return NDCG@depth of one list for one person, as `matinee.evaluation.metrics.ndcg`."""
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    found = np.isin(chosen, wanted)
    return float(discounts[: len(chosen)][found].sum() / discounts[: min(depth, len(wanted))].sum())


def report(groups: list[Group], values: dict[str, Values], depth: int) -> None:
    """Print each rule beside plain averaging, with 95 % paired bootstrap intervals over groups."""
    everyone = np.ones(len(groups), np.bool_)
    views = {"all": everyone} | {kind: np.array([group.kind == kind for group in groups]) for kind in KINDS}
    views |= {f"{size} people": np.array([len(group.members) == size for group in groups]) for size in SIZES}
    base = values["average"]
    for view, mask in views.items():
        print(f"\n### {view}: {mask.sum()} groups\n")
        print(f"| rule | mean NDCG@{depth} | against averaging | least NDCG@{depth} | against averaging |")
        print("| --- | --- | --- | --- | --- |")
        for name, value in values.items():
            cells = [name]
            for column in (0, 1):
                own, other = value[mask, column], base[mask, column]
                gap = paired_interval(own, other)
                share = 100 / max(float(other.mean()), 1e-12)
                cells.append(f"{own.mean():.4f}")
                cells.append(f"{gap.difference * share:+.1f} % [{gap.low * share:+.1f}, {gap.high * share:+.1f}]")
            print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
